//! `otrbot compile`: from PO files to MO files.

use std::path::Path;

use gettext::{Compiled, mo};

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
        failures.extend(compile_file(&po, &mo).err());
    }
    all_of(failures)
}

fn compile_file(po_path: &Path, mo_path: &Path) -> Result<(), Failure> {
    let compiled = Compiled::new(&read_po(po_path)?);
    let name = po_path.display();
    for warning in &compiled.warnings {
        warn(&format!("{name}:{warning}"));
    }
    if !compiled.faults.is_empty() {
        return Err(faulty(po_path, &compiled.faults));
    }
    let bytes = mo::write(&compiled.pairs)
        .map_err(|error| Failure::BadSetting(format!("{name}: {error}")))?;
    write_file(mo_path, &bytes)?;
    say(&format!(
        "{}: {} translated, {} fuzzy, {} untranslated",
        mo_path.display(),
        compiled.n_translated,
        compiled.fuzzy.len(),
        compiled.untranslated.len()
    ));
    for (what, to_do, lines) in [
        ("fuzzy", "check the translation and take \"fuzzy\" away", &compiled.fuzzy),
        ("untranslated", "translate it", &compiled.untranslated),
    ] {
        for line in lines.iter().take(NAMED) {
            warn(&format!("{name}:{line}: {what}; the English text is used; {to_do}"));
        }
        if lines.len() > NAMED {
            warn(&format!("{name}: and {} more that are {what}", lines.len() - NAMED));
        }
    }
    Ok(())
}
