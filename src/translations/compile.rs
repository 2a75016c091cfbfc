//! `otrbot compile`: from PO files to MO files.

use std::{collections::HashSet, path::Path};

use gettext::{
    Compiled, mo,
    po::{Entry, Po},
};

use super::{all_of, faulty, locales, read_po, say, warn, write_file};

use crate::{cli, failure::Failure, i18n};

/// How many messages with the same lack are named.
const NAMED: usize = 20;

/// `otrbot compile`: compiles the locale that is named, or all. A file with faults is told with
/// all of them, and not compiled; the others are.
///
/// # Errors
///
/// A [`Failure`] with every fault.
pub fn compile(arguments: &cli::Compile) -> Result<(), Failure> {
    let mut failures = Vec::new();
    for locale in locales(&arguments.locales, arguments.locale.as_deref())? {
        let folder = arguments.locales.join(&locale);
        let [po, mo] = ["po", "mo"].map(|kind| i18n::catalog_file(&folder, kind));
        failures.extend(compile_file(&locale, &po, &mo).err());
    }
    all_of(failures)
}

fn compile_file(locale: &str, po_path: &Path, mo_path: &Path) -> Result<(), Failure> {
    let po = read_po(po_path)?;
    let compiled = Compiled::of_locale(&po, locale);
    let name = po_path.display();
    for warning in compiled.warnings.iter().chain(&compiled.formal) {
        warn(&format!("{name}:{warning}"));
    }
    if !compiled.faults.is_empty() {
        return Err(faulty(po_path, &compiled.faults));
    }
    let bytes = mo::write(&compiled.pairs)
        .map_err(|error| Failure::BadSetting(format!("{name}: {error}")))?;
    write_file(mo_path, &bytes)?;
    let carried = Carried::of(locale);
    let (carried_fuzzy, fuzzy) = carried.part(&po, &compiled.fuzzy);
    let (carried_untranslated, untranslated) = carried.part(&po, &compiled.untranslated);
    let n_carried = carried_fuzzy.len() + carried_untranslated.len();
    let of_program = match n_carried {
        0 => String::new(),
        n => format!("; for {n} of them, the program has a translation of its own"),
    };
    say(&format!(
        "{}: {} translated, {} fuzzy, {} untranslated{of_program}",
        mo_path.display(),
        compiled.n_translated,
        compiled.fuzzy.len(),
        compiled.untranslated.len()
    ));
    let look = "check the translation and take \"fuzzy\" away";
    for (what, instead, to_do, lines) in [
        ("fuzzy", "the English text", look, fuzzy),
        ("fuzzy", "the program's own translation", look, carried_fuzzy),
        ("untranslated", "the English text", "translate it", untranslated),
    ] {
        for line in lines.iter().take(NAMED) {
            warn(&format!("{name}:{line}: {what}; {instead} is used; {to_do}"));
        }
        if lines.len() > NAMED {
            warn(&format!("{name}: and {} more that are {what}", lines.len() - NAMED));
        }
    }
    Ok(())
}

/// The keys of the texts that the program has a translation for, in this country or another one, which
/// is used where a file has none.
struct Carried(HashSet<String>);

impl Carried {
    fn of(locale: &str) -> Self {
        let shipped = i18n::shipped(locale).ok().flatten();
        let is_usable = |entry: &&Entry| entry.is_filled() && !entry.is_fuzzy();
        let keys = shipped.iter().flat_map(|(_, po)| po.messages().filter(is_usable));
        Self(keys.map(|entry| entry.source.key()).collect())
    }

    /// Lines of messages that the program has a translation for, and of those that it has none for.
    fn part(&self, po: &Po, lines: &[usize]) -> (Vec<usize>, Vec<usize>) {
        let carried: HashSet<usize> = po
            .messages()
            .filter(|entry| self.0.contains(&entry.source.key()))
            .map(|entry| entry.line)
            .collect();
        lines.iter().partition(|line| carried.contains(line))
    }
}
