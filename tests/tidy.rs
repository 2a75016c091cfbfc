//! What the compiler does not check: who may import whom, and the manners of the files.
//!
//! The layers are those of the table in `src/lib.rs`. A fault is one line: file, line, what is
//! wrong.

#![expect(clippy::unwrap_used, reason = "helpers of a test may fail it")]

use std::fs;
use std::path::{Path, PathBuf};

/// The most lines that a file of Rust may have.
const MAX_LINES: usize = 600;

/// What the code of a module must not name. A module is a folder or a file of `src`.
const LAYERS: &[(&str, &[&str])] = &[
    (
        "otr",
        &[
            "crate::",
            "otrbot::",
            "actix",
            "actix_web",
            "tokio",
            "std::net",
            "std::fs",
            "std::env",
            "Instant::now",
            "SystemTime::now",
            "OsRng",
            "SysRng",
            "getrandom",
            "log",
            "serde",
        ],
    ),
    (
        "fsm",
        &[
            "crate::", "otrbot::", "actix", "tokio", "serde", "log", "std::fs", "std::net",
            "std::env",
        ],
    ),
    (
        "lesson",
        &[
            "crate::otr",
            "crate::session",
            "crate::actors",
            "crate::http",
            "crate::store",
            "crate::xmpp",
            "crate::lti",
            "actix",
            "actix_web",
            "tokio",
        ],
    ),
    (
        "session",
        &[
            "crate::actors",
            "crate::store",
            "crate::http",
            "crate::xmpp",
            "crate::lti",
            "actix",
            "actix_web",
            "tokio",
            "Instant::now",
            "SystemTime::now",
            "OsRng",
            "SysRng",
            "getrandom",
        ],
    ),
    ("store", &["crate::actors", "crate::http", "crate::xmpp", "actix", "actix_web"]),
    ("lti", &["crate::actors", "crate::http", "crate::xmpp", "crate::otr", "actix", "actix_web"]),
    (
        "xmpp",
        &[
            "crate::actors",
            "crate::http",
            "crate::session",
            "crate::otr",
            "crate::lesson",
            "actix",
            "actix_web",
        ],
    ),
    ("actors", &["crate::http"]),
    ("http", &["crate::otr", "crate::store", "crate::lesson", "crate::xmpp"]),
    (
        "settings",
        &[
            "crate::actors",
            "crate::http",
            "crate::session",
            "crate::xmpp",
            "crate::otr",
            "actix",
            "tokio",
        ],
    ),
    (
        "keys",
        &[
            "crate::actors",
            "crate::http",
            "crate::session",
            "crate::xmpp",
            "crate::lti",
            "crate::store",
            "actix",
            "tokio",
        ],
    ),
    ("metrics", &["crate::actors", "crate::http", "crate::xmpp", "crate::otr", "crate::lti"]),
    (
        "telemetry",
        &[
            "crate::actors",
            "crate::http",
            "crate::session",
            "crate::xmpp",
            "crate::otr",
            "crate::lti",
        ],
    ),
    (
        "i18n",
        &[
            "crate::actors",
            "crate::http",
            "crate::session",
            "crate::xmpp",
            "crate::otr",
            "actix",
            "tokio",
        ],
    ),
];

/// The modules that may end the process and listen for signals.
const COMPOSERS: &[&str] = &["main", "cli", "daemon", "learner"];

/// What only [`COMPOSERS`] may name.
const ENDINGS: &[&str] = &["process::exit", "tokio::signal", "System::current"];

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
    let is_test = name.ends_with("tests.rs") && name.starts_with("src/");
    if !is_test && !text.lines().take(10).any(|line| line.starts_with("//!")) {
        faults.push(format!("{name}:1: the module is not documented"));
    }
    if let Some(path) = name.strip_prefix("src/") {
        let module = path.split(['/', '.']).next().unwrap_or_default();
        let layer = LAYERS.iter().find(|(layer, _)| *layer == module);
        let mut forbidden: Vec<&str> = layer.map(|(_, words)| words.to_vec()).unwrap_or_default();
        if !COMPOSERS.contains(&module) {
            forbidden.extend(ENDINGS);
        }
        if !is_test {
            faults.extend(faults_of_layer(name, module, &forbidden, text));
        }
    }
    faults
}

/// Where the code of a module names what it must not; comments and unit tests may.
fn faults_of_layer(name: &str, module: &str, forbidden: &[&str], text: &str) -> Vec<String> {
    let mut faults = Vec::new();
    for (ix, line) in text.lines().enumerate() {
        if line.trim() == "#[cfg(test)]" {
            break;
        }
        let code = match line.trim_start() {
            comment if comment.starts_with("//") => continue,
            code => code.split(" // ").next().unwrap_or_default(),
        };
        for word in forbidden.iter().filter(|word| names(code, word)) {
            faults.push(format!("{name}:{}: {module} must not name {word}", ix + 1));
        }
    }
    faults
}

/// Whether `code` has `word` as a path or a part of one, not as a piece of a longer name.
fn names(code: &str, word: &str) -> bool {
    let in_name = |c: char| c.is_alphanumeric() || c == '_';
    code.match_indices(word).any(|(at, _)| {
        let (start, rest) = code.split_at(at);
        let before = start.chars().next_back();
        let after = rest.split_at(word.len()).1.chars().next();
        let starts = !before.is_some_and(|c| in_name(c) || c == '.');
        let ends = word.ends_with(':') || !after.is_some_and(in_name);
        // A crate is named by its path or its import, a variable of the same name is not it.
        let is_crate = word.contains(':')
            || after == Some(':')
            || code.starts_with("use ")
            || code.starts_with("extern crate ")
            || word.chars().any(char::is_uppercase);
        starts && ends && is_crate
    })
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

/// All files under `path`, which may be a file itself.
fn files(path: &Path, found: &mut Vec<PathBuf>) {
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
fn a_breach_of_the_layers_is_found() {
    check(
        "src/otr/secret.rs",
        "//! Keys.\nuse super::wire;\n/// See crate::session.\nuse crate::session;\n",
        "src/otr/secret.rs:4: otr must not name crate::",
    );
    check(
        "src/otr/dh.rs",
        "//! D-H.\nlog::info!(\"x\");\n",
        "src/otr/dh.rs:2: otr must not name log",
    );
    check(
        "src/xmpp/mod.rs",
        "//! X.\nuse actix::Actor;\n#[cfg(test)]\nmod tests { use crate::otr; }\n",
        "src/xmpp/mod.rs:2: xmpp must not name actix",
    );
    check(
        "src/session/mod.rs",
        "//! S.\nlet now = std::time::Instant::now();\n",
        "src/session/mod.rs:2: session must not name Instant::now",
    );
    check(
        "src/store/mod.rs",
        "//! S.\nstd::process::exit(1);\n",
        "src/store/mod.rs:2: store must not name process::exit",
    );
    assert_eq!(
        faults_of_rust("src/otr/a.rs", "//! A.\nuse crate_x::catalog::b; // crate::\n"),
        [""; 0]
    );
}

#[test]
fn bad_manners_are_found() {
    check("tests/x.rs", "fn a() {}\n", "tests/x.rs:1: the module is not documented");
    check(
        "src/a.rs",
        &format!("//! A.\n{}", "\n".repeat(MAX_LINES)),
        "src/a.rs: 601 lines, 600 are allowed",
    );
    for (word, why) in banned() {
        check("tests/x.rs", &format!("//! X.\n// {word}\n"), &format!("tests/x.rs:2: {why}"));
    }
}

/// The tests that `text` names, as file and function: `` `tests/otr/data.rs::a_claim` ``.
fn named_tests(text: &str) -> Vec<(&str, &str)> {
    let quoted = text.split('`').skip(1).step_by(2);
    quoted
        .filter_map(|name| name.split_once(".rs::"))
        .filter(|(file, _)| file.starts_with("tests/") || file.starts_with("src/"))
        .collect()
}

/// Whether a file has a test of that name.
fn has_test(text: &str, name: &str) -> bool {
    let function = format!("fn {name}(");
    let is_test = |line: &&str| {
        line.strip_prefix("#[").is_some_and(|line| line.contains("test]") || line.contains("test("))
    };
    let mut before = [""; 3];
    text.lines().any(|line| {
        let line = line.trim();
        let line = line.strip_prefix("async ").unwrap_or(line);
        let found = line.starts_with(&function) && before.iter().any(is_test);
        before.rotate_left(1);
        before[2] = line;
        found
    })
}

#[test]
fn every_fault_in_the_list_has_a_test_that_exists() {
    let root = Path::new(env!("CARGO_MANIFEST_DIR"));
    let docs = fs::read_to_string(root.join("src/otr/mod.rs")).unwrap();
    let (_, list) = docs.split_once("//! # Faults of other implementations").unwrap();
    let is_row = |line: &&str| line.starts_with("//! | ") && !line.starts_with("//! | Fault |");
    let rows: Vec<_> = list.lines().filter(is_row).collect();
    assert!(rows.len() >= 60, "only {} rows", rows.len());

    check_rows(root, rows);
}

#[test]
fn everything_that_the_reference_has_is_shown_by_a_test_that_exists() {
    let root = Path::new(env!("CARGO_MANIFEST_DIR"));
    let docs = fs::read_to_string(root.join("src/reference.rs")).unwrap();
    let is_row = |line: &&str| line.starts_with("//! | ") && !line.starts_with("//! | There |");
    let rows: Vec<_> = docs.lines().filter(is_row).collect();
    assert!(rows.len() >= 70, "only {} rows", rows.len());

    check_rows(root, rows);
}

/// Each row of a table names tests that exist.
fn check_rows(root: &Path, rows: Vec<&str>) {
    let mut faults = Vec::new();
    for row in rows {
        let tests = named_tests(row);
        if tests.is_empty() && !row.contains("does not apply") {
            faults.push(format!("no test: {row}"));
        }
        for (file, name) in tests {
            let text = fs::read_to_string(root.join(format!("{file}.rs"))).unwrap_or_default();
            if !has_test(&text, name) {
                faults.push(format!("{file}.rs has no test {name}"));
            }
        }
    }
    assert!(faults.is_empty(), "{}", faults.join("\n"));
}

#[test]
fn a_test_that_is_not_there_is_missed() {
    let row = "//! | a | b | `tests/a.rs::one`, `src/b/c.rs::two` and [`other::three`] |";
    assert_eq!(named_tests(row), [("tests/a", "one"), ("src/b/c", "two")]);

    assert!(has_test("#[test]\nfn one() {\n", "one"));
    assert!(has_test("#[tokio::test]\nasync fn one() {\n", "one"));
    assert!(has_test("    #[test]\n    #[expect(x)]\n    fn one(a in 0..1) {\n", "one"));
    assert!(!has_test("#[test]\nfn one_more() {\n", "one"));
    assert!(!has_test("// #[test]\nfn one() {\n", "one"));
}
