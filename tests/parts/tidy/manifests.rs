//! The manifests: no package has a dependency that it does not use.

use std::collections::BTreeSet;
use std::fs;
use std::path::{Path, PathBuf};

use super::{files, paths::paths};

/// Dependencies that are there without being named, and what for.
const UNNAMED: [(&str, &str, &str); 4] = [
    ("", "actix_rt", "`actix::test` names it"),
    ("tests/support", "cipher", "features of tests"),
    ("tests/support", "crypto_common", "features of tests"),
    ("tests/support", "num_traits", "features of tests"),
];

/// The names in a table of a manifest, as code names them.
fn dependencies(manifest: &str, table: &str) -> Vec<String> {
    let lines = manifest.lines().skip_while(|line| *line != format!("[{table}]")).skip(1);
    lines
        .take_while(|line| !line.starts_with('['))
        .filter_map(|line| line.split(['.', ' ', '=']).next())
        .filter(|name| !name.is_empty() && !name.starts_with('#'))
        .map(|name| name.replace('-', "_"))
        .collect()
}

/// The crates that the files of Rust under these folders name.
fn named(folders: &[PathBuf]) -> BTreeSet<String> {
    let mut found = Vec::new();
    for folder in folders {
        files(folder, &mut found);
    }
    let mut named = BTreeSet::new();
    for file in found.iter().filter(|file| file.extension().is_some_and(|kind| kind == "rs")) {
        // What is compiled for unit tests alone counts, too.
        let text = fs::read_to_string(file).unwrap().replace("#[cfg(test)]", "");
        for path in paths(&[], &text).unwrap() {
            named.extend(path.path.first().cloned());
        }
    }
    named
}

/// The packages of a lock file with their versions.
fn locked(lock: &str) -> BTreeSet<(String, String)> {
    let value = |line: &str| line.split('"').nth(1).unwrap_or_default().to_owned();
    let pairs = lock.lines().zip(lock.lines().skip(1));
    pairs
        .filter(|(line, _)| line.starts_with("name = "))
        .map(|(name, version)| (value(name), value(version)))
        .collect()
}

#[test]
fn constant_time_is_checked_with_the_versions_that_are_used() {
    let root = Path::new(env!("CARGO_MANIFEST_DIR"));
    let lock = |file: &str| locked(&fs::read_to_string(root.join(file)).unwrap());
    let (ours, checked) = (lock("Cargo.lock"), lock("crates/otr/ct/Cargo.lock"));
    let names: BTreeSet<_> = ours.iter().map(|(name, _)| name).collect();
    let differ: Vec<_> = checked
        .iter()
        .filter(|package| names.contains(&package.0) && !ours.contains(package))
        .collect();

    assert!(ours.len() > 100 && checked.len() > 20);
    assert!(differ.is_empty(), "crates/otr/ct/Cargo.lock: bring to the versions here: {differ:?}");
}

#[test]
fn every_dependency_is_used() {
    let root = Path::new(env!("CARGO_MANIFEST_DIR"));
    let mut packages =
        vec![root.to_owned(), root.join("tests/support"), root.join("examples/demo")];
    packages.extend(fs::read_dir(root.join("crates")).unwrap().map(|entry| entry.unwrap().path()));
    let mut faults = Vec::new();
    for package in &packages {
        let manifest = fs::read_to_string(package.join("Cargo.toml")).unwrap();
        let name = package.strip_prefix(root).unwrap().display().to_string();
        let source = named(&[package.join("src")]);
        let all = named(
            &["src", "tests", "benches", "examples", "fuzz/src"].map(|folder| package.join(folder)),
        );
        let normal = dependencies(&manifest, "dependencies");
        let of_tests = dependencies(&manifest, "dev-dependencies");
        assert!(!normal.is_empty(), "{name}");
        let unused = |names: &[String], used: &BTreeSet<String>, table: &str| {
            let is_unused = |dependency: &&String| {
                let known = UNNAMED
                    .iter()
                    .any(|(package, named, _)| *package == name && named == *dependency);
                !used.contains(*dependency) && !known
            };
            let unused = names.iter().filter(is_unused);
            unused
                .map(|dependency| format!("{name}: {dependency} of [{table}]"))
                .collect::<Vec<_>>()
        };
        faults.extend(unused(&normal, &source, "dependencies"));
        faults.extend(unused(&of_tests, &all, "dev-dependencies"));
    }
    assert!(faults.is_empty(), "unused:\n{}", faults.join("\n"));
}
