//! Texts in the learner's language: one [`Catalog`] a language, shared, and no language of the
//! process.
//!
//! The English text is the `msgid`, so English (`en_GB`) is always there and always complete, with
//! no file. Other languages are read from `<folder>/<locale>/LC_MESSAGES/otrbot.mo`.
//!
//! A lesson looks its texts up in the catalog of its learner ([`Catalog::text`]). The program's own
//! texts use the macro `tr!`, which translates with the catalog of the innermost [`scope`] around
//! the (synchronous) rendering; outside of any scope it gives the English text.
//!
//! What is deliberately absent: a default language that can be changed while somebody renders, and
//! reading files after the start.

use std::{
    borrow::Cow,
    cell::RefCell,
    collections::BTreeMap,
    fmt,
    fs::File,
    io::{self, Read},
    path::{Path, PathBuf},
    sync::{Arc, Once},
};

/// Locale of the texts as they stand in the code and in the shipped lessons.
pub const SOURCE_LOCALE: &str = "en_GB";

/// Name of the catalog file of each language.
const CATALOG_FILE: &str = "otrbot.mo";

/// Longest locale name, in bytes: that of RFC 5646 for a tag without extensions.
const MAX_LOCALE_LEN: usize = 35;

/// Largest catalog file, in bytes. All texts of the bot are some 50 kB.
const MAX_CATALOG_BYTES: u64 = 8 << 20;

/// Languages written from right to left, by ISO 639 code.
const RTL_LANGUAGES: [&str; 13] =
    ["ar", "arc", "ckb", "dv", "fa", "he", "iw", "ks", "ps", "sd", "ug", "ur", "yi"];

/// Scripts written from right to left, by ISO 15924 code.
const RTL_SCRIPTS: [&str; 6] = ["adlm", "arab", "hebr", "nkoo", "syrc", "thaa"];

/// Why a folder of a language could not be used.
#[derive(Debug, thiserror::Error)]
#[non_exhaustive]
pub enum Problem {
    /// The folder of all languages cannot be read.
    #[error("{}: {source}", path.display())]
    Folder {
        /// The folder.
        path: PathBuf,
        /// What the system says.
        source: io::Error,
    },
    /// A folder is not named like a locale.
    #[error(
        "{}: the name is not a locale; allowed are 1 to 35 letters, digits, \"_\" and \"-\"",
        path.display()
    )]
    Name {
        /// The folder.
        path: PathBuf,
    },
    /// A catalog cannot be opened or is too large.
    #[error("{}: {source}", path.display())]
    File {
        /// The file.
        path: PathBuf,
        /// What the system says.
        source: io::Error,
    },
    /// A catalog is not a gettext MO file.
    #[error("{}: {source}; compile it again with `otrbot compile`", path.display())]
    Format {
        /// The file.
        path: PathBuf,
        /// What the parser says.
        source: gettext::Error,
    },
}

/// The texts of one language.
#[derive(Clone)]
pub struct Catalog {
    /// In gettext's spelling: `nl_NL`.
    locale: String,
    /// In BCP 47's spelling: `nl-NL`.
    language_tag: String,
    is_rtl: bool,
    texts: gettext::Catalog,
}

impl Catalog {
    /// The texts as they stand in the code: `en_GB`, every text its own translation.
    pub fn source() -> Self {
        Self::new(SOURCE_LOCALE, gettext::Catalog::empty())
    }

    /// Reads the content of a gettext MO file as the texts of `locale`.
    ///
    /// # Errors
    ///
    /// What the parser says of a file that is no MO file.
    pub fn parse(locale: &str, mo: impl Read) -> Result<Self, gettext::Error> {
        gettext::Catalog::parse(mo).map(|texts| Self::new(locale, texts))
    }

    fn new(locale: &str, texts: gettext::Catalog) -> Self {
        let language_tag = language_tag(locale);
        Self {
            locale: language_tag.replace('-', "_"),
            is_rtl: is_rtl(&language_tag),
            language_tag,
            texts,
        }
    }

    /// The locale in gettext's spelling, such as `nl_NL`.
    pub fn locale(&self) -> &str {
        &self.locale
    }

    /// The locale as a BCP 47 tag, such as `nl-NL`, for the `lang` of HTML and XML.
    pub fn language_tag(&self) -> &str {
        &self.language_tag
    }

    /// Whether the language is written from right to left.
    pub fn is_rtl(&self) -> bool {
        self.is_rtl
    }

    /// The translation of a text, or the text itself where there is none.
    pub fn text(&self, msgid: &str) -> String {
        self.lookup(msgid, None).to_owned()
    }

    /// The form of a text for `n` things, or one of the two given where there is no translation.
    pub fn plural(&self, singular: &str, plural: &str, n: u64) -> String {
        self.texts.ngettext(singular, plural, n).to_owned()
    }

    /// The empty `msgid` is the header of the file, and an empty translation is none.
    fn lookup<'a>(&'a self, msgid: &'a str, context: Option<&'a str>) -> &'a str {
        let found = match (msgid, context) {
            ("", _) => "",
            (_, Some(context)) => self.texts.pgettext(context, msgid),
            (_, None) => self.texts.gettext(msgid),
        };
        if found.is_empty() { msgid } else { found }
    }
}

impl fmt::Debug for Catalog {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.debug_struct("Catalog").field("locale", &self.locale).finish_non_exhaustive()
    }
}

/// The catalogs of all languages.
#[derive(Clone, Debug)]
pub struct Catalogs {
    /// By language tag in lower case.
    by_tag: BTreeMap<String, Arc<Catalog>>,
    default: Arc<Catalog>,
}

impl Default for Catalogs {
    fn default() -> Self {
        let source = Arc::new(Catalog::source());
        let by_tag = BTreeMap::from([(key(source.language_tag()), Arc::clone(&source))]);
        Self { by_tag, default: source }
    }
}

impl Catalogs {
    /// Reads the catalogs of all languages in a folder; `None`: English alone.
    ///
    /// What cannot be read is left out and told: one bad file does not cost the others.
    pub fn load(folder: Option<&Path>) -> (Self, Vec<Problem>) {
        let mut catalogs = Self::default();
        let mut problems = Vec::new();
        let Some(folder) = folder else { return (catalogs, problems) };
        let mut languages = match subfolders(folder) {
            Ok(languages) => languages,
            Err(source) => {
                problems.push(Problem::Folder { path: folder.to_owned(), source });
                return (catalogs, problems);
            }
        };
        languages.sort();
        for path in languages {
            match read_language(&path) {
                Ok(Some(catalog)) => catalogs.insert(catalog),
                // A language that is being translated has no compiled file yet.
                Ok(None) => {}
                Err(problem) => problems.push(problem),
            }
        }
        (catalogs, problems)
    }

    /// Adds the texts of a language, in the place of those it had.
    pub fn insert(&mut self, catalog: Catalog) {
        let catalog = Arc::new(catalog);
        if key(catalog.language_tag()) == key(self.default.language_tag()) {
            self.default = Arc::clone(&catalog);
        }
        self.by_tag.insert(key(catalog.language_tag()), catalog);
    }

    /// Names the language of those whose own is not there. Gives `false`, and changes nothing,
    /// where there are no texts of that language.
    #[must_use]
    pub fn set_default(&mut self, locale: &str) -> bool {
        let Some(catalog) = self.nearest(locale) else { return false };
        self.default = catalog;
        true
    }

    /// The catalog for a locale in gettext's or BCP 47's spelling, whoever wrote it: the same
    /// locale, else the same language, else the default.
    pub fn find(&self, locale: &str) -> Arc<Catalog> {
        self.nearest(locale).unwrap_or_else(|| Arc::clone(&self.default))
    }

    /// All catalogs, in the order of their tags.
    pub fn iter(&self) -> impl Iterator<Item = &Arc<Catalog>> {
        self.by_tag.values()
    }

    fn nearest(&self, locale: &str) -> Option<Arc<Catalog>> {
        if !is_locale(locale) {
            return None;
        }
        let wanted = key(locale);
        let mut prefix = wanted.as_str();
        loop {
            if let Some(catalog) = self.by_tag.get(prefix) {
                return Some(Arc::clone(catalog));
            }
            let Some((shorter, _)) = prefix.rsplit_once('-') else { break };
            prefix = shorter;
        }
        let language = prefix;
        self.by_tag
            .iter()
            .find(|(tag, _)| tag.split('-').next() == Some(language))
            .map(|(_, catalog)| Arc::clone(catalog))
    }
}

/// Whether a text can name a locale: 1 to 35 of `A-Z a-z 0-9 _ -`.
pub fn is_locale(name: &str) -> bool {
    (1..=MAX_LOCALE_LEN).contains(&name.len())
        && name.bytes().all(|byte| byte.is_ascii_alphanumeric() || matches!(byte, b'_' | b'-'))
}

/// Has `tr!` translate with the catalog of the innermost [`scope`], which does this by itself.
pub fn install() {
    static INSTALLED: Once = Once::new();
    INSTALLED.call_once(|| tr::set_translator!(Scoped));
}

/// Runs `render` with `tr!` translating by `catalog`, on this thread, until it returns.
///
/// Not for anything that awaits: another task could run in between on the same thread.
pub fn scope<T>(catalog: &Arc<Catalog>, render: impl FnOnce() -> T) -> T {
    install();
    let before = CURRENT.with(|current| current.replace(Some(Arc::clone(catalog))));
    let _restored_at_the_end = Restore(before);
    render()
}

thread_local! {
    /// The catalog of the innermost scope.
    static CURRENT: RefCell<Option<Arc<Catalog>>> = const { RefCell::new(None) };
}

/// Gives the outer scope its catalog back, also while a panic unwinds.
struct Restore(Option<Arc<Catalog>>);

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
            Some(catalog) => Cow::Owned(catalog.lookup(string, context).to_owned()),
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
        CURRENT.with_borrow(|current| match (current, context) {
            (Some(catalog), Some(context)) => {
                Cow::Owned(catalog.texts.npgettext(context, singular, plural, n).to_owned())
            }
            (Some(catalog), None) => Cow::Owned(catalog.plural(singular, plural, n)),
            (None, _) => Cow::Borrowed(if n == 1 { singular } else { plural }),
        })
    }
}

fn subfolders(folder: &Path) -> io::Result<Vec<PathBuf>> {
    let mut found = Vec::new();
    for entry in folder.read_dir()? {
        let path = entry?.path();
        if path.is_dir() {
            found.push(path);
        }
    }
    Ok(found)
}

/// The catalog of the language whose folder this is; `None` where it has no compiled file.
fn read_language(folder: &Path) -> Result<Option<Catalog>, Problem> {
    let Some(locale) = folder.file_name().and_then(|name| name.to_str()).filter(|n| is_locale(n))
    else {
        return Err(Problem::Name { path: folder.to_owned() });
    };
    let path = folder.join("LC_MESSAGES").join(CATALOG_FILE);
    let file = match File::open(&path) {
        Ok(file) => file,
        Err(error) if error.kind() == io::ErrorKind::NotFound => return Ok(None),
        Err(source) => return Err(Problem::File { path, source }),
    };
    match file.metadata() {
        Ok(metadata) if metadata.len() > MAX_CATALOG_BYTES => {
            let source = io::Error::new(io::ErrorKind::FileTooLarge, "larger than 8 MiB");
            return Err(Problem::File { path, source });
        }
        Ok(_) => {}
        Err(source) => return Err(Problem::File { path, source }),
    }
    match Catalog::parse(locale, file.take(MAX_CATALOG_BYTES)) {
        Ok(catalog) => Ok(Some(catalog)),
        Err(source) => Err(Problem::Format { path, source }),
    }
}

/// What catalogs are kept by: the tag in lower case with hyphens.
fn key(locale: &str) -> String {
    locale.replace('_', "-").to_ascii_lowercase()
}

/// A locale in BCP 47's spelling and case: `NL_nl` gives `nl-NL`, `zh_hant_TW` gives `zh-Hant-TW`.
fn language_tag(locale: &str) -> String {
    let mut tag = String::with_capacity(locale.len());
    for (part_ix, part) in locale.split(['_', '-']).filter(|part| !part.is_empty()).enumerate() {
        if part_ix > 0 {
            tag.push('-');
        }
        match (part_ix, part.len()) {
            (1.., 2) => tag.push_str(&part.to_ascii_uppercase()),
            (1.., 4) => {
                let (first, rest) = part.split_at_checked(1).unwrap_or((part, ""));
                tag.push_str(&first.to_ascii_uppercase());
                tag.push_str(&rest.to_ascii_lowercase());
            }
            _ => tag.push_str(&part.to_ascii_lowercase()),
        }
    }
    tag
}

fn is_rtl(language_tag: &str) -> bool {
    let lower = language_tag.to_ascii_lowercase();
    let mut parts = lower.split('-');
    let language = parts.next().unwrap_or_default();
    match parts.next().filter(|part| part.len() == 4) {
        Some(script) => RTL_SCRIPTS.contains(&script),
        None => RTL_LANGUAGES.contains(&language),
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    /// The bytes of an MO file with these pairs, which must be sorted by `msgid`.
    fn mo(pairs: &[(&str, &str)]) -> Vec<u8> {
        let u32_of = |n: usize| u32::try_from(n).unwrap().to_le_bytes();
        let mut tables = [Vec::new(), Vec::new()];
        let mut strings = Vec::new();
        let start = 28 + 16 * pairs.len();
        for (id, text) in pairs {
            for (table, string) in tables.iter_mut().zip([id, text]) {
                table.extend(u32_of(string.len()));
                table.extend(u32_of(start + strings.len()));
                strings.extend(string.bytes().chain([0]));
            }
        }
        let mut file = 0x9504_12de_u32.to_le_bytes().to_vec();
        let words = [0, pairs.len(), 28, 28 + 8 * pairs.len(), 0, start];
        file.extend(words.into_iter().flat_map(u32_of));
        file.extend(tables.concat());
        file.extend(strings);
        file
    }

    fn dutch() -> Vec<u8> {
        let header = "Content-Type: text/plain; charset=UTF-8\n\
                      Plural-Forms: nplurals=2; plural=n != 1;\n";
        mo(&[("", header), ("Good morning", "Goedemorgen"), ("one\0many", "een\0veel")])
    }

    fn dutch_catalog() -> Catalog {
        Catalog::parse("nl_NL", &*dutch()).unwrap()
    }

    #[test]
    fn english_needs_no_file_and_is_complete() {
        let (catalogs, problems) = Catalogs::load(None);

        let english = catalogs.find("en_GB");

        assert!(problems.is_empty());
        assert_eq!(english.locale(), "en_GB");
        assert_eq!(english.language_tag(), "en-GB");
        assert_eq!(english.text("Good morning"), "Good morning");
        assert_eq!(english.plural("one", "many", 2), "many");
        assert_eq!(english.text(""), "");
    }

    #[test]
    fn a_folder_is_read_and_its_faults_are_told_without_costing_the_rest() {
        let folder = tempfile::tempdir().unwrap();
        for (locale, content) in
            [("nl_NL", Some(dutch())), ("de", Some(b"no catalog at all".to_vec())), ("fr", None)]
        {
            let messages = folder.path().join(locale).join("LC_MESSAGES");
            std::fs::create_dir_all(&messages).unwrap();
            if let Some(content) = content {
                std::fs::write(messages.join(CATALOG_FILE), content).unwrap();
            }
        }
        std::fs::create_dir(folder.path().join("no locale")).unwrap();
        std::fs::write(folder.path().join("README"), "a file").unwrap();

        let (catalogs, problems) = Catalogs::load(Some(folder.path()));

        assert_eq!(catalogs.iter().map(|c| c.locale()).collect::<Vec<_>>(), ["en_GB", "nl_NL"]);
        assert_eq!(catalogs.find("nl_NL").text("Good morning"), "Goedemorgen");
        let problems: Vec<String> = problems.iter().map(ToString::to_string).collect();
        assert_eq!(problems.len(), 2, "{problems:?}");
        assert!(problems[0].contains("de/LC_MESSAGES/otrbot.mo: "), "{problems:?}");
        assert!(problems[1].contains("the name is not a locale"), "{problems:?}");
    }

    #[test]
    fn a_folder_that_is_not_there_is_told() {
        let (catalogs, problems) = Catalogs::load(Some(Path::new("there/is/no/such/folder")));

        assert_eq!(catalogs.find("nl").locale(), "en_GB");
        assert!(matches!(problems[..], [Problem::Folder { .. }]));
    }

    #[test]
    fn the_nearest_locale_is_found() {
        let mut catalogs = Catalogs::default();
        catalogs.insert(dutch_catalog());
        catalogs.insert(Catalog::parse("pt", &*dutch()).unwrap());
        for (asked, given) in [
            ("nl_NL", "nl_NL"),
            ("nl-nl", "nl_NL"),
            ("nl", "nl_NL"),
            ("nl-BE", "nl_NL"),
            ("nl-Latn-BE", "nl_NL"),
            ("pt_BR", "pt"),
            ("en-US", "en_GB"),
            ("sw", "en_GB"),
            ("", "en_GB"),
            ("nl/../nl", "en_GB"),
            ("nl\n", "en_GB"),
            (&"n".repeat(36), "en_GB"),
        ] {
            assert_eq!(catalogs.find(asked).locale(), given, "{asked:?}");
        }
    }

    #[test]
    fn the_default_can_be_another_language() {
        let mut catalogs = Catalogs::default();
        catalogs.insert(dutch_catalog());

        assert!(!catalogs.set_default("fr"));
        assert!(catalogs.set_default("nl"));

        assert_eq!(catalogs.find("fr").locale(), "nl_NL");
        assert_eq!(catalogs.find("en").locale(), "en_GB");
    }

    #[test]
    fn tags_and_directions_follow_bcp_47() {
        for (locale, tag, rtl) in [
            ("NL_nl", "nl-NL", false),
            ("zh_hant_tw", "zh-Hant-TW", false),
            ("ar", "ar", true),
            ("fa_IR", "fa-IR", true),
            ("az_arab", "az-Arab", true),
            ("ks_Deva", "ks-Deva", false),
            ("es-419", "es-419", false),
        ] {
            let catalog = Catalog::new(locale, gettext::Catalog::empty());
            assert_eq!((catalog.language_tag(), catalog.is_rtl()), (tag, rtl));
        }
    }

    #[test]
    fn tr_speaks_the_language_of_the_innermost_scope() {
        let (english, dutch) = (Arc::new(Catalog::source()), Arc::new(dutch_catalog()));
        let greet = || tr::tr!("Good morning");
        let count = |n: u64| tr::tr!("one" | "many" % n);

        assert_eq!((greet(), count(1)), ("Good morning".to_owned(), "one".to_owned()));
        scope(&dutch, || {
            assert_eq!((greet(), count(2)), ("Goedemorgen".to_owned(), "veel".to_owned()));
            scope(&english, || assert_eq!(greet(), "Good morning"));
            assert_eq!(greet(), "Goedemorgen");
        });
        assert_eq!(greet(), "Good morning");
    }

    #[test]
    fn a_panic_inside_a_scope_does_not_leak_its_language() {
        let dutch = Arc::new(dutch_catalog());

        let result = std::panic::catch_unwind(|| scope(&dutch, || panic!("in the middle")));

        assert!(result.is_err());
        assert_eq!(tr::tr!("Good morning"), "Good morning");
    }
}
