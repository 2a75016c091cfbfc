//! The tools for translators: `otrbot extract`, `init`, `update` and `compile`.
//!
//! ```text
//! Rust sources, lessons --extract--> messages.pot --init--> locales/nl_NL/LC_MESSAGES/otrbot.po
//!                                                 --update--> the same, with the new texts
//!                                                                   --compile--> otrbot.mo
//! ```
//!
//! The files are those of GNU gettext, so that its tools, Poedit and the like can be used between.
//! The program carries the PO files of the repository and compiles them when it starts; MO files
//! are for deployments that bring languages or lessons of their own.

pub mod compile;
pub mod extract;
pub mod lessons;
pub mod merge;
mod remarks;
pub mod rust;

use std::{
    fmt, fs,
    io::Write as _,
    path::{Path, PathBuf},
};

use gettext::{
    SOURCE_LOCALE, locale, plural,
    po::{Po, PoFault, Source},
};

use crate::{cli, failure::Failure, files, i18n};

/// Largest PO or POT file, in bytes. All texts of the bot are some 150 kB.
const MAX_PO_BYTES: u64 = 8 << 20;

/// A text to translate, where it was found.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Message {
    /// The text.
    pub source: Source,
    /// `file:line`.
    pub reference: String,
    /// What the translator should know, a line each.
    pub comments: Vec<String>,
    /// Such as `rust-format`.
    pub flags: Vec<String>,
}

/// A place where a text cannot be taken.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Fault {
    file: String,
    line: usize,
    /// Column in characters, from 1; `None`: the whole line is meant.
    column: Option<u64>,
    what: String,
}

impl Fault {
    pub(crate) fn new(file: &str, line: usize, what: &str) -> Self {
        Self { file: file.to_owned(), line, column: None, what: what.to_owned() }
    }

    /// One of which the column is known.
    pub(crate) fn at(self, column: u64) -> Self {
        Self { column: Some(column), ..self }
    }
}

impl fmt::Display for Fault {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        let Self { file, line, column, what } = self;
        write!(f, "{file}:{line}:")?;
        if let Some(column) = column {
            write!(f, "{column}:")?;
        }
        write!(f, " {what}")
    }
}

/// `otrbot init`: begins a translation. What the program has already for the language stands in the new
/// file; what it has for the language as another country speaks it, is fuzzy.
///
/// # Errors
///
/// A [`Failure`]: the POT file cannot be read, the locale is not known, or is there already.
pub fn init(arguments: &cli::Init) -> Result<(), Failure> {
    let pot = read_po(&arguments.pot)?;
    let locale = locale_argument(&arguments.locale)?;
    let shipped = i18n::shipped(&locale).map_err(|faults| {
        Failure::Unknown(anyhow::anyhow!("built in: {locale}/otrbot.po:{}", list(&faults)))
    })?;
    let of_shipped = shipped.as_ref().and_then(|(_, po)| po.header_field("Plural-Forms"));
    let Some(plural_forms) =
        arguments.plural_forms.as_deref().or(of_shipped).or_else(|| plural::plural_forms(&locale))
    else {
        return Err(Failure::InvalidArgument(format!(
            "{locale}: the plural forms of this language are not known; give them with \
             --plural-forms \"nplurals=…; plural=…;\", as the GNU gettext manual explains"
        )));
    };
    plural::PluralRule::parse(plural_forms)
        .map_err(|error| Failure::InvalidArgument(format!("--plural-forms: {error}")))?;
    let path = i18n::catalog_file(&arguments.locales.join(&locale), "po");
    if path.exists() {
        return Err(Failure::InvalidArgument(format!(
            "{}: is there already; `otrbot update {} {locale}` brings it up to date",
            path.display(),
            arguments.pot.display()
        )));
    }
    let there = shipped.as_ref().map(|(from, po)| merge::Shipped { locale: from, po });
    let begun = merge::begin(&pot, &locale, plural_forms, there);
    write_file(&path, begun.to_string().as_bytes())?;
    let from = match &shipped {
        None => String::new(),
        Some((from, _)) if *from == locale => format!("; translations of the program's own {from}"),
        Some((from, _)) => format!("; taken from the program's {from} as fuzzy: look at each"),
    };
    say(&format!("{}: {}{from}", path.display(), Counts::of(&begun)));
    Ok(())
}

fn list(faults: &[PoFault]) -> String {
    faults.iter().map(ToString::to_string).collect::<Vec<_>>().join("\n")
}

/// `otrbot update`: brings translations up to date with a POT file. A file with faults is told with
/// all of them, and stays as it is; the others are brought up to date.
///
/// # Errors
///
/// A [`Failure`]: a file cannot be read or written, or is not there.
pub fn update(arguments: &cli::Update) -> Result<(), Failure> {
    let locales = locales(&arguments.locales, arguments.locale.as_deref())?;
    let pot = read_po(&arguments.pot);
    let mut failures = Vec::new();
    for locale in locales {
        let path = i18n::catalog_file(&arguments.locales.join(&locale), "po");
        // Faults of the translations are told, though the POT file may have faults as well.
        let updated = read_po(&path).and_then(|po| {
            let Ok(pot) = &pot else { return Ok(()) };
            let merged = merge::merge(pot, &po, locale == SOURCE_LOCALE);
            write_file(&path, merged.to_string().as_bytes())?;
            say(&format!("{}: {}", path.display(), Counts::of(&merged)));
            Ok(())
        });
        failures.extend(updated.err());
    }
    all_of(pot.err().into_iter().chain(failures).collect())
}

/// Several failures as one, of the kind of the first.
fn all_of(mut failures: Vec<Failure>) -> Result<(), Failure> {
    if failures.len() < 2 {
        return failures.pop().map_or(Ok(()), Err);
    }
    let told: Vec<String> = failures.iter().map(ToString::to_string).collect();
    let told = told.join("\n");
    Err(match failures.first() {
        Some(Failure::MissingDependency(_)) => Failure::MissingDependency(told),
        Some(Failure::Unknown(_)) => Failure::Unknown(anyhow::anyhow!(told)),
        _ => Failure::BadSetting(told),
    })
}

/// How far a translation is.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq)]
pub struct Counts {
    /// Texts with a translation that can be used.
    pub translated: usize,
    /// Translations that were made for another text.
    pub fuzzy: usize,
    /// Texts without translation.
    pub untranslated: usize,
    /// Translations of texts that are no longer there.
    pub obsolete: usize,
}

impl Counts {
    /// Counts the messages of a file.
    pub fn of(po: &Po) -> Self {
        let mut counts = Self { obsolete: po.obsolete().count(), ..Self::default() };
        for entry in po.messages() {
            if entry.is_fuzzy() && entry.is_begun() {
                counts.fuzzy += 1;
            } else if entry.is_filled() {
                counts.translated += 1;
            } else {
                counts.untranslated += 1;
            }
        }
        counts
    }
}

impl fmt::Display for Counts {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        let Self { translated, fuzzy, untranslated, obsolete } = self;
        let all = translated + fuzzy + untranslated;
        write!(
            f,
            "{all} texts: {translated} translated, {fuzzy} fuzzy, {untranslated} untranslated; \
             {obsolete} obsolete"
        )
    }
}

/// The locale of an argument, or all of a folder that have a PO file.
fn locales(folder: &Path, named: Option<&str>) -> Result<Vec<String>, Failure> {
    if let Some(named) = named {
        let locale = locale_argument(named)?;
        let path = i18n::catalog_file(&folder.join(&locale), "po");
        if path.exists() {
            return Ok(vec![locale]);
        }
        return Err(Failure::MissingDependency(format!(
            "{}: is not there; `otrbot init` begins a translation",
            path.display()
        )));
    }
    let mut found = Vec::new();
    let unreadable = |error| unreadable(folder, &error);
    for entry in folder.read_dir().map_err(unreadable)? {
        let path = entry.map_err(unreadable)?.path();
        if let Some(name) = path.file_name().and_then(|name| name.to_str())
            && i18n::catalog_file(&path, "po").exists()
        {
            found.push(name.to_owned());
        }
    }
    if found.is_empty() {
        return Err(Failure::MissingDependency(format!(
            "{}: there are no translations; `otrbot init` begins one",
            folder.display()
        )));
    }
    found.sort();
    Ok(found)
}

fn locale_argument(locale: &str) -> Result<String, Failure> {
    if locale::is_locale(locale) {
        return Ok(locale::gettext_name(locale));
    }
    Err(Failure::InvalidArgument(format!(
        "{locale:?} is not a locale; give a language and perhaps a country, such as nl_NL"
    )))
}

/// Reads a PO or POT file; every fault of it is told, and what is left out is warned of.
pub(crate) fn read_po(path: &Path) -> Result<Po, Failure> {
    let content = files::read_bytes(path, MAX_PO_BYTES)
        .map_err(|error| Failure::MissingDependency(format!("{}: {error}", path.display())))?;
    let (po, warnings) = Po::read(&content).map_err(|faults| faulty(path, &faults))?;
    for warning in warnings {
        warn(&format!("{}:{warning}", path.display()));
    }
    Ok(po)
}

/// A file with faults: each with its line.
fn faulty(path: &Path, faults: &[PoFault]) -> Failure {
    let faults: Vec<String> =
        faults.iter().map(|fault| format!("{}:{fault}", path.display())).collect();
    Failure::BadSetting(faults.join("\n"))
}

fn unreadable(path: &Path, error: &std::io::Error) -> Failure {
    Failure::MissingDependency(format!("{}: {error}", path.display()))
}

/// Writes a file as a whole or not at all; what is there and no file, such as `/dev/null`, is written to
/// and stays what it is.
pub(crate) fn write_file(path: &Path, content: &[u8]) -> Result<(), Failure> {
    let failed = |error: std::io::Error| {
        Failure::Unknown(anyhow::anyhow!("cannot write {}: {error}", path.display()))
    };
    if let Some(folder) = path.parent().filter(|folder| !folder.as_os_str().is_empty()) {
        fs::create_dir_all(folder).map_err(failed)?;
    }
    if fs::metadata(path).is_ok_and(|known| !known.is_file()) {
        return fs::write(path, content).map_err(failed);
    }
    let mut new = path.as_os_str().to_owned();
    new.push(".new");
    let new = PathBuf::from(new);
    fs::write(&new, content).and_then(|()| fs::rename(&new, path)).map_err(failed)
}

/// A warning for the person at the terminal: `file:line: what, what to do`.
pub(crate) fn warn(line: &str) {
    drop(writeln!(std::io::stderr(), "{line}"));
}

/// A line for the person at the terminal. A closed pipe is no fault.
pub(crate) fn say(line: &str) {
    drop(writeln!(std::io::stdout(), "{line}"));
}
