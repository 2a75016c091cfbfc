//! Files that libotr wrote and reads. It is Debian's; `key_file.c` makes a program of it. If that
//! cannot be built, the tests fail and say which packages to install.

use std::ffi::OsStr;
use std::fs;
use std::io::ErrorKind;
use std::path::{Path, PathBuf};
use std::process::Command;
use std::sync::OnceLock;

use otr::key_file::{Account, KeyFile};

use crate::keys::{Folder, keys};

const SOURCE: &str = concat!(env!("CARGO_MANIFEST_DIR"), "/tests/program/keys/key_file.c");

/// The compiled program; it is made once per run of the tests.
fn program() -> &'static Path {
    static PROGRAM: OnceLock<PathBuf> = OnceLock::new();
    PROGRAM.get_or_init(|| {
        let folder = Path::new(env!("CARGO_TARGET_TMPDIR"));
        let program = folder.join("libotr_key_file");
        // Another run of the tests may be using the program: it is replaced as a whole.
        let fresh = folder.join(format!("libotr_key_file.{}", std::process::id()));
        build(&fresh);
        fs::rename(&fresh, &program).unwrap();
        program
    })
}

fn build(program: &Path) {
    const ADVICE: &str = "the tests with libotr need a C compiler and libotr; on Debian: \
                          apt-get install gcc libc6-dev libotr5-dev libgcrypt20-dev";
    let output = Command::new("cc")
        .args(["-std=c99", "-Wall", "-Wextra", "-O1", SOURCE, "-o"])
        .arg(program)
        .args(["-lotr", "-lgcrypt"])
        .output();
    match output {
        Ok(output) if output.status.success() => {}
        Ok(output) => panic!("{ADVICE}\n{}", String::from_utf8_lossy(&output.stderr)),
        Err(error) if error.kind() == ErrorKind::NotFound => panic!("cc is missing: {ADVICE}"),
        Err(error) => panic!("cc: {error}"),
    }
}

fn libotr<S: AsRef<OsStr>>(command: &str, file: &Path, arguments: &[S]) -> String {
    let mut process = Command::new(program());
    let output = process.arg(command).arg(file).args(arguments).output().unwrap();
    assert!(output.status.success(), "{}", String::from_utf8_lossy(&output.stderr));
    String::from_utf8(output.stdout).unwrap()
}

/// An account as libotr sees it.
#[derive(Debug)]
struct Seen {
    fingerprint: String,
    signature: [u8; 40],
    name: String,
    protocol: String,
}

fn show(file: &Path) -> Vec<Seen> {
    let lines = libotr::<&str>("show", file, &[]);
    let seen = lines.lines().map(|line| {
        let words: Vec<&str> = line.split(' ').collect();
        let [fingerprint, signature, name, protocol] = words.try_into().unwrap();
        Seen {
            fingerprint: fingerprint.to_owned(),
            signature: bytes(signature).try_into().unwrap(),
            name: String::from_utf8(bytes(name)).unwrap(),
            protocol: String::from_utf8(bytes(protocol)).unwrap(),
        }
    });
    seen.collect()
}

fn bytes(hex: &str) -> Vec<u8> {
    let pairs = hex.as_bytes().chunks(2).map(|pair| str::from_utf8(pair).unwrap());
    pairs.map(|pair| u8::from_str_radix(pair, 16).unwrap()).collect()
}

/// An account that libotr holds: fingerprint, name, protocol.
pub(super) type Held = (String, String, String);

/// What libotr holds after reading the file, whether it liked it or not.
pub(super) fn held(file: &Path) -> Vec<Held> {
    let lines = libotr::<&str>("held", file, &[]);
    let held = lines.lines().map(|line| {
        let words: Vec<&str> = line.split(' ').collect();
        let [fingerprint, name, protocol] = words.try_into().unwrap();
        let text = |word: &str| {
            String::from_utf8_lossy(&bytes(word.strip_prefix('=').unwrap())).into_owned()
        };
        (fingerprint.to_owned(), text(name), text(protocol))
    });
    held.collect()
}

/// Checks that libotr and we see the same accounts, and that what libotr signed with the secret
/// halves verifies under the public halves that we read.
#[track_caller]
fn assert_agreed(file: &Path) -> KeyFile {
    let ours = KeyFile::parse(&fs::read(file).unwrap()).unwrap();
    let theirs = show(file);
    assert_eq!(theirs.len(), ours.accounts().len());
    let message: [u8; 32] = core::array::from_fn(|ix| u8::try_from(ix).unwrap());
    for seen in theirs {
        let key = ours.find(&seen.name, &seen.protocol).map(Account::key);
        let public = key.unwrap_or_else(|| panic!("{seen:?} is not there")).public_key();
        assert_eq!(public.fingerprint().to_hex(), seen.fingerprint);
        assert!(public.verify(&message, &seen.signature));
    }
    ours
}

/// Names that are written in each of the forms.
const NAMES: [(&str, &str); 4] = [
    ("ada@example.org/Pidgin", "prpl-jabber"),
    ("ada", "a b"),
    ("it's \"J\u{fc}rgen\"\\\r\n", "3.0"),
    ("\u{e0}\u{1}", "xmpp"),
];

#[test]
fn what_libotr_writes_we_read_and_write_alike() {
    let folder = Folder::new();
    let file = folder.file("keys");
    for (name, protocol) in NAMES {
        libotr("generate", &file, &[name, protocol]);
    }

    let read = assert_agreed(&file);

    assert_eq!(read.accounts().len(), NAMES.len());
    let theirs = fs::read(&file).unwrap();
    let (theirs, ours) = (theirs.split(|&byte| byte == b'\n'), read.to_text());
    let ours = ours.split('\n').map(str::as_bytes);
    assert_eq!(theirs.clone().count(), ours.clone().count());
    // One x in some hundred is a text by chance, and libgcrypt then writes it as one.
    let is_text = |line: &[u8]| line.starts_with(b"  (x ") && !line.starts_with(b"  (x #");
    for (theirs, ours) in theirs.zip(ours).filter(|(theirs, _)| !is_text(theirs)) {
        assert_eq!(theirs, ours);
    }
}

#[test]
fn what_we_write_libotr_reads_and_adds_to() {
    let folder = Folder::new();
    let file = folder.file("keys");
    let other = folder.file("other");
    libotr("generate", &other, &["grace@example.org", "prpl-jabber"]);

    for (name, protocol) in NAMES.iter().filter(|(_, protocol)| *protocol != "prpl-jabber") {
        keys(&["generate", "--account", name, "--protocol", protocol]).to(&file).succeeds();
    }
    keys(&["generate", "--account", "ada@example.org"]).to(&file).succeeds();
    keys(&["import"]).arg(&other).to(&file).succeeds();

    assert_eq!(assert_agreed(&file).accounts().len(), 5);
    libotr("generate", &file, &["alan", "xmpp"]);
    assert_eq!(assert_agreed(&file).accounts().len(), 6);
}
