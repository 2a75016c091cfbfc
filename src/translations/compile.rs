//! `otrbot compile`: from PO files to MO files.

use std::path::Path;

use gettext::{Compiled, mo};

use super::{locales, read_po, say, write_file};

use crate::{cli, failure::Failure, i18n};

/// How many lines with a lack are named.
const NAMED: usize = 5;

/// `otrbot compile`: compiles the locale that is named, or all. A file with faults is told with
/// all of them, and not compiled; the others are.
///
/// # Errors
///
/// A [`Failure`] with every fault.
pub fn compile(arguments: &cli::Compile) -> Result<(), Failure> {
    let mut faults = Vec::new();
    for locale in locales(&arguments.locales, arguments.locale.as_deref())? {
        let folder = arguments.locales.join(&locale);
        match compile_file(&i18n::catalog_file(&folder, "po"), &i18n::catalog_file(&folder, "mo")) {
            Ok(()) => {}
            Err(Failure::BadSetting(told)) => faults.push(told),
            Err(failure) => return Err(failure),
        }
    }
    if faults.is_empty() { Ok(()) } else { Err(Failure::BadSetting(faults.join("\n"))) }
}

fn compile_file(po_path: &Path, mo_path: &Path) -> Result<(), Failure> {
    let compiled = Compiled::new(&read_po(po_path)?);
    let name = po_path.display();
    if !compiled.faults.is_empty() {
        let faults: Vec<String> =
            compiled.faults.iter().map(|fault| format!("{name}:{fault}")).collect();
        return Err(Failure::BadSetting(faults.join("\n")));
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
    for (what, lines) in [("fuzzy", &compiled.fuzzy), ("untranslated", &compiled.untranslated)] {
        for line in lines.iter().take(NAMED) {
            say(&format!("{name}:{line}: {what}; the English text is used"));
        }
        if lines.len() > NAMED {
            say(&format!("{name}: and {} more that are {what}", lines.len() - NAMED));
        }
    }
    Ok(())
}
