//! Texts in the reader's language: the catalogs that the program carries, and the language of the
//! texts that `tr!` gives, for the time of a rendering.
//!
//! The English text is the `msgid`, so English (`en_GB`) is always there and always complete. The
//! program carries the PO files of `locales/`; those of a folder go before them, text by text
//! ([`load`]). What a language lacks is English.
//!
//! A lesson looks its texts up in the catalog of its learner ([`Catalog::text`]). The program's own
//! texts use the macro `tr!`, which translates with the catalog of the innermost [`scope`] around
//! the (synchronous) rendering; outside of any scope it gives the English text.
//!
//! What is deliberately absent: a default language that can be changed while somebody renders, and
//! reading files after the start or SIGHUP.

use std::{
    borrow::Cow,
    cell::RefCell,
    fmt,
    path::{Path, PathBuf},
    sync::{Arc, Once},
};

use gettext::{
    Catalog, Catalogs, Shipped, locale,
    po::{Po, PoFault},
};

/// The catalogs that the program carries.
const SHIPPED: Shipped =
    Shipped { domain: "otrbot", po: include!(concat!(env!("OUT_DIR"), "/locales.rs")) };

/// The languages that the program carries, and those of a folder, whose texts go before.
///
/// What cannot be read is left out and told: one bad file does not cost the others.
pub fn load(folder: Option<&Path>) -> (Catalogs, Vec<Problem>) {
    let (catalogs, problems) = Catalogs::load(&SHIPPED, folder);
    (catalogs, problems.into_iter().map(Problem).collect())
}

/// Where the file of a language is, in its folder: `LC_MESSAGES/otrbot.po`.
pub fn catalog_file(folder: &Path, extension: &str) -> PathBuf {
    gettext::catalog_file(folder, SHIPPED.domain, extension)
}

/// The translation that the program carries for a locale, else for another country of its language:
/// its locale, and its texts.
///
/// # Errors
///
/// The faults of the file, which tests hold to be none.
pub fn shipped(locale: &str) -> Result<Option<(&'static str, Po)>, Vec<PoFault>> {
    let wanted = locale::gettext_name(locale);
    let same = SHIPPED.po.iter().find(|(name, _)| *name == wanted);
    let sibling = || SHIPPED.po.iter().find(|(name, _)| locale::is_same_language(name, &wanted));
    let Some((name, content)) = same.or_else(sibling) else { return Ok(None) };
    Po::parse(content.as_bytes()).map(|po| Some((*name, po)))
}

/// Why a language, or a text of it, could not be used, and what to do.
#[derive(Debug)]
pub struct Problem(gettext::Problem);

impl Problem {
    /// Whether the file is used all the same.
    pub fn is_doubt(&self) -> bool {
        self.0.is_doubt()
    }
}

impl fmt::Display for Problem {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        let Self(problem) = self;
        write!(f, "{problem}")?;
        if matches!(problem, gettext::Problem::Format { .. }) {
            f.write_str("; compile it again with `otrbot compile`")?;
        }
        Ok(())
    }
}

impl std::error::Error for Problem {}

/// Has `tr!` translate with the catalog of the innermost [`scope`], which does this by itself.
pub fn install() {
    static INSTALLED: Once = Once::new();
    INSTALLED.call_once(|| tr::set_translator!(Scoped));
}

/// Runs `render` with `tr!` translating by `catalog`, on this thread, until it returns.
///
/// Not for anything that awaits: another task could run in between on the same thread.
pub fn scope<T>(catalog: &Arc<Catalog>, render: impl FnOnce() -> T) -> T {
    enter(catalog, false, render)
}

/// As [`scope`], for what can say the language of a part: a text that is English for want of a
/// translation stands between [`FOREIGN_BEGINS`] and [`FOREIGN_ENDS`].
pub fn scope_marked<T>(catalog: &Arc<Catalog>, render: impl FnOnce() -> T) -> T {
    enter(catalog, true, render)
}

/// Before a text that is English for want of a translation. Unicode has no character here.
pub const FOREIGN_BEGINS: char = '\u{fdd0}';
/// Behind such a text.
pub const FOREIGN_ENDS: char = '\u{fdd1}';

/// What was said for a text of a catalog, with marks around it where the innermost scope has such and
/// the catalog has no translation.
pub fn mark(catalog: &Catalog, msgid: &str, said: String) -> String {
    let is_marking = CURRENT.with_borrow(|current| current.as_ref().is_some_and(|c| c.is_marking));
    if is_marking && catalog.translation(None, msgid).is_none() {
        return format!("{FOREIGN_BEGINS}{said}{FOREIGN_ENDS}");
    }
    said
}

fn enter<T>(catalog: &Arc<Catalog>, is_marking: bool, render: impl FnOnce() -> T) -> T {
    install();
    let new = Current { catalog: Arc::clone(catalog), is_marking };
    let before = CURRENT.with(|current| current.replace(Some(new)));
    let _restored_at_the_end = Restore(before);
    render()
}

/// What a scope has `tr!` do.
struct Current {
    catalog: Arc<Catalog>,
    /// Whether a text without translation is marked.
    is_marking: bool,
}

impl Current {
    fn said<'a>(&self, context: Option<&str>, msgid: &str, said: &str) -> Cow<'a, str> {
        if self.is_marking && self.catalog.translation(context, msgid).is_none() {
            return Cow::Owned(format!("{FOREIGN_BEGINS}{said}{FOREIGN_ENDS}"));
        }
        Cow::Owned(said.to_owned())
    }
}

thread_local! {
    /// What the innermost scope has `tr!` do.
    static CURRENT: RefCell<Option<Current>> = const { RefCell::new(None) };
}

/// Gives the outer scope its catalog back, also while a panic unwinds.
struct Restore(Option<Current>);

impl Drop for Restore {
    fn drop(&mut self) {
        let before = self.0.take();
        CURRENT.with(|current| current.replace(before));
    }
}

/// What `tr!` asks: the catalog of the innermost scope.
struct Scoped;

impl tr::Translator for Scoped {
    fn translate<'a>(&'a self, string: &'a str, context: Option<&'a str>) -> Cow<'a, str> {
        CURRENT.with_borrow(|current| match current {
            Some(current) => current.said(context, string, current.catalog.lookup(context, string)),
            None => Cow::Borrowed(string),
        })
    }

    fn ntranslate<'a>(
        &'a self,
        n: u64,
        singular: &'a str,
        plural: &'a str,
        context: Option<&'a str>,
    ) -> Cow<'a, str> {
        CURRENT.with_borrow(|current| match current {
            Some(current) => {
                let said = current.catalog.lookup_plural(context, singular, plural, n);
                current.said(context, singular, said)
            }
            None => Cow::Borrowed(if n == 1 { singular } else { plural }),
        })
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    const DUTCH: &str = "msgid \"\"\nmsgstr \"Content-Type: text/plain; charset=UTF-8\\n\"\n\
        \"Plural-Forms: nplurals=2; plural=(n != 1);\\n\"\n\n\
        msgid \"Good morning\"\nmsgstr \"Goedemorgen\"\n\n\
        msgctxt \"door\"\nmsgid \"Open\"\nmsgstr \"Doe open\"\n\n\
        msgid \"one\"\nmsgid_plural \"many\"\nmsgstr[0] \"een\"\nmsgstr[1] \"veel\"\n";

    fn dutch() -> Arc<Catalog> {
        let (catalog, faults) = Catalog::parse_po("nl_NL", "nl.po", DUTCH.as_bytes()).unwrap();
        assert!(faults.is_empty());
        Arc::new(catalog)
    }

    #[test]
    fn a_broken_mo_file_is_told_with_what_to_do() {
        let folder = tempfile::tempdir().unwrap();
        let file = catalog_file(&folder.path().join("nl_NL"), "mo");
        std::fs::create_dir_all(file.parent().unwrap()).unwrap();
        std::fs::write(&file, "no catalog").unwrap();

        let (_, problems) = load(Some(folder.path()));

        let told: Vec<_> = problems.iter().map(ToString::to_string).collect();
        let expected =
            format!("{}: it is no MO file; compile it again with `otrbot compile`", file.display());
        assert_eq!(told, [expected]);
    }

    #[test]
    fn tr_speaks_the_language_of_the_innermost_scope() {
        let (english, dutch) = (Arc::new(Catalog::source()), dutch());
        let greet = || tr::tr!("Good morning");
        let count = |n: u64| tr::tr!("one" | "many" % n);
        let open = || (tr::tr!("door" => "Open"), tr::tr!("Open"));

        assert_eq!((greet(), count(1)), ("Good morning".to_owned(), "one".to_owned()));
        scope(&dutch, || {
            assert_eq!((greet(), count(2)), ("Goedemorgen".to_owned(), "veel".to_owned()));
            assert_eq!(open(), ("Doe open".to_owned(), "Open".to_owned()));
            scope(&english, || assert_eq!(greet(), "Good morning"));
            assert_eq!(greet(), "Goedemorgen");
        });
        assert_eq!(greet(), "Good morning");
    }

    #[test]
    fn a_text_without_translation_is_marked_where_that_can_be_said() {
        let (english, dutch) = (Arc::new(Catalog::source()), dutch());
        let said =
            || (tr::tr!("Good morning"), tr::tr!("Good night {n}", n = 1), tr::tr!("a" | "b" % 2));
        let [first, second, third] =
            ["Good night 1", "b", "x"].map(|text| format!("{FOREIGN_BEGINS}{text}{FOREIGN_ENDS}"));

        scope_marked(&dutch, || {
            assert_eq!(said(), ("Goedemorgen".to_owned(), first, second));
            assert_eq!(tr::tr!("one" | "many" % 2), "veel");
            assert_eq!(mark(&dutch, "Good night", "x".to_owned()), third);
            assert_eq!(mark(&dutch, "Good morning", "x".to_owned()), "x");
            let plain = ("Goedemorgen".to_owned(), "Good night 1".to_owned(), "b".to_owned());
            scope(&dutch, || assert_eq!(said(), plain));
        });
        // English lacks nothing.
        scope_marked(&english, || assert_eq!(said().1, "Good night 1"));
    }

    #[test]
    fn a_panic_inside_a_scope_does_not_leak_its_language() {
        let dutch = dutch();

        let result = std::panic::catch_unwind(|| scope(&dutch, || panic!("in the middle")));

        assert!(result.is_err());
        assert_eq!(tr::tr!("Good morning"), "Good morning");
    }
}
