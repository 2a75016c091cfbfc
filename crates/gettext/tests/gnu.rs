//! Odd files, side by side with GNU gettext 0.21: what it reads is read, what it refuses is refused.

#![expect(clippy::unwrap_used, clippy::panic, reason = "helpers of a test may fail it")]

use std::{
    collections::BTreeMap,
    fs,
    path::{Path, PathBuf},
    process::Command,
};

use gettext::{Compiled, mo, po::Po};
use tempfile::TempDir;

/// Files that are read otherwise than `msgfmt` and `msgunfmt` do, with the reason.
const OTHERWISE: &[(&str, &str)] = &[];

type Messages = BTreeMap<(Option<String>, String), Vec<String>>;

fn odd(name: &str) -> PathBuf {
    Path::new(env!("CARGO_MANIFEST_DIR")).join("tests/odd").join(format!("{name}.po"))
}

/// The names of all odd files.
fn names() -> Vec<String> {
    let folder = Path::new(env!("CARGO_MANIFEST_DIR")).join("tests/odd");
    let files = folder.read_dir().unwrap().map(|file| file.unwrap().path());
    let mut names: Vec<String> =
        files.map(|path| path.file_stem().unwrap().to_str().unwrap().to_owned()).collect();
    names.sort();
    names
}

/// Runs a program of GNU gettext; what it says, where it fails.
fn gnu(program: &str, arguments: &[&Path]) -> Result<String, String> {
    let output = Command::new(program).args(arguments).env("LC_ALL", "C").output();
    let output = output
        .unwrap_or_else(|error| panic!("{program}: {error}; tests/setup.sh installs GNU gettext"));
    let said = String::from_utf8_lossy(&output.stderr).into_owned();
    if output.status.success() { Ok(said) } else { Err(said) }
}

fn messages(pairs: Vec<mo::Pair>) -> Messages {
    let pairs = pairs.into_iter().filter(|(source, _)| !source.is_header());
    let pairs = pairs.map(|(source, texts)| ((source.context, source.text), texts));
    pairs.collect()
}

/// What `msgfmt` makes of a file, read by us; its complaint where it, or `msgunfmt`, refuses.
fn by_gnu(po: &Path) -> Result<Messages, String> {
    let folder = TempDir::new().unwrap();
    let mo = folder.path().join("x.mo");
    gnu("msgfmt", &[Path::new("-o"), &mo, po])?;
    // A file without any message gives none.
    if !mo.exists() {
        return Ok(Messages::new());
    }
    gnu("msgunfmt", &[Path::new("-o"), &folder.path().join("x.po"), &mo])?;
    mo::read(&fs::read(mo).unwrap()).map(messages).map_err(|error| error.to_string())
}

fn by_us(po: &Path) -> Result<Messages, String> {
    let (po, _) = Po::read(&fs::read(po).unwrap()).map_err(|faults| {
        assert!(!faults.is_empty());
        faults.iter().map(|fault| format!("{fault}\n")).collect::<String>()
    })?;
    Ok(messages(Compiled::new(&po).pairs))
}

#[test]
fn what_gnu_reads_is_read_alike_and_what_it_refuses_is_refused() {
    let mut wrong = String::new();
    for name in names() {
        let (gnu, us) = (by_gnu(&odd(&name)), by_us(&odd(&name)));
        let is_alike = match (&gnu, &us) {
            (Ok(gnu), Ok(us)) => gnu == us,
            (Err(_), Err(_)) => true,
            _ => false,
        };
        if is_alike == OTHERWISE.iter().any(|(other, _)| *other == name) {
            wrong.push_str(&format!("{name}:\n GNU {gnu:?}\n us  {us:?}\n"));
        }
    }
    assert!(wrong.is_empty(), "{wrong}");
}
