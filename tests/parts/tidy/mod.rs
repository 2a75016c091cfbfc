//! What the compiler does not check: who may import whom, and the manners of the files.
//!
//! The layers are those of the map in `src/lib.rs`. A fault is one line: file, line, what is wrong.

#![expect(clippy::unwrap_used, reason = "helpers of a test may fail it")]

mod jids;
mod layers;
mod links;
mod manifests;
mod paths;
mod pictures;
mod tables;

use std::fs;
use std::path::{Path, PathBuf};

/// The most lines that a file of Rust may have.
const MAX_LINES: usize = 600;

/// Words that no file may hold, in pieces so that this file holds none of them.
fn banned() -> Vec<(String, &'static str)> {
    vec![
        (["TO", "DO"].concat(), "an open end: write an issue, or nothing"),
        (["FIX", "ME"].concat(), "an open end: write an issue, or nothing"),
        (["#[ign", "ore"].concat(), "a test that is not run"),
        (["/wo", "rk/"].concat(), "a path of one machine"),
        (["/ro", "ot/"].concat(), "a path of one machine"),
        (["crates", ".io/"].concat(), "the host of a package registry"),
        (["pypi", ".org"].concat(), "the host of a package registry"),
        (["npmjs", ".org"].concat(), "the host of a package registry"),
        (["deb.debian", ".org"].concat(), "the host of a package registry"),
    ]
}

/// The faults of a file of Rust, named from the root of the repository.
fn faults_of_rust(name: &str, text: &str) -> Vec<String> {
    let mut faults = faults_of_any(name, text);
    let n_lines = text.lines().count();
    if n_lines > MAX_LINES {
        faults.push(format!("{name}: {n_lines} lines, {MAX_LINES} are allowed"));
    }
    // Lints of the module may come before its doc. Unit tests in a file of their own need none.
    let is_test = name.ends_with("tests.rs") && name.contains("src/");
    if !is_test && !text.lines().take(10).any(|line| line.starts_with("//!")) {
        faults.push(format!("{name}:1: the module is not documented"));
    }
    if !is_test {
        faults.extend(layers::faults(name, text));
        faults.extend(jids::faults(name, text));
    }
    faults
}

fn faults_of_any(name: &str, text: &str) -> Vec<String> {
    let banned = banned();
    let mut faults = Vec::new();
    for (ix, line) in text.lines().enumerate() {
        for (_, why) in banned.iter().filter(|(word, _)| line.contains(word)) {
            faults.push(format!("{name}:{}: {why}", ix + 1));
        }
    }
    faults
}

/// All files under `path`, which may be a file itself; not what builds leave, as the fuzzers' does.
fn files(path: &Path, found: &mut Vec<PathBuf>) {
    if path.ends_with("target") {
        return;
    }
    if path.is_dir() {
        for entry in fs::read_dir(path).unwrap() {
            files(&entry.unwrap().path(), found);
        }
    } else if path.exists() {
        found.push(path.to_owned());
    }
}

#[test]
fn the_repository_is_tidy() {
    let root = Path::new(env!("CARGO_MANIFEST_DIR"));
    let mut found = Vec::new();
    for part in [
        "src",
        "crates",
        "tests",
        "benches",
        "examples",
        "settings",
        "locales",
        "static",
        "packaging",
        "docs",
        ".ci",
        "README.md",
        "Makefile",
        "Cargo.toml",
        "build.rs",
        "Containerfile",
    ] {
        files(&root.join(part), &mut found);
    }

    let mut faults = Vec::new();
    let mut n_rust = 0;
    for path in found {
        // Pictures and compiled catalogues are not text.
        let Ok(text) = fs::read_to_string(&path) else { continue };
        let name = path.strip_prefix(root).unwrap().to_str().unwrap().to_owned();
        if path.extension().is_some_and(|extension| extension == "rs") {
            n_rust += 1;
            faults.extend(faults_of_rust(&name, &text));
        } else {
            faults.extend(faults_of_any(&name, &text));
        }
    }

    assert!(n_rust > 20, "only {n_rust} files of Rust were found");
    assert!(faults.is_empty(), "{} faults:\n{}", faults.len(), faults.join("\n"));
}

/// Checks that a file has just this fault.
#[track_caller]
fn check(name: &str, text: &str, expected: &str) {
    assert_eq!(faults_of_rust(name, text), [expected.to_owned()]);
}

#[test]
fn bad_manners_are_found() {
    check("tests/x.rs", "fn a() {}\n", "tests/x.rs:1: the module is not documented");
    check(
        "src/fsm.rs",
        &format!("//! A.\n{}", "\n".repeat(MAX_LINES)),
        "src/fsm.rs: 601 lines, 600 are allowed",
    );
    for (word, why) in banned() {
        check("tests/x.rs", &format!("//! X.\n// {word}\n"), &format!("tests/x.rs:2: {why}"));
    }
}
