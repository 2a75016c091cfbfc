//! Tables in the documentation whose rows name tests: the tests are there.

use std::fs;
use std::path::Path;

/// The tests that `text` names, as file and function: `` `crates/otr/tests/otr/data.rs::a_claim` ``.
fn named_tests(text: &str) -> Vec<(&str, &str)> {
    let quoted = text.split('`').skip(1).step_by(2);
    quoted
        .filter_map(|name| name.split_once(".rs::"))
        .filter(|(file, _)| {
            ["tests/", "src/", "crates/"].iter().any(|start| file.starts_with(start))
        })
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
    let root = &Path::new(env!("CARGO_MANIFEST_DIR")).join("crates/otr");
    let docs = fs::read_to_string(root.join("src/lib.rs")).unwrap();
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

#[test]
fn every_budget_is_held_by_a_test_that_exists() {
    let root = Path::new(env!("CARGO_MANIFEST_DIR"));
    let docs = fs::read_to_string(root.join("docs/security.md")).unwrap();
    let (_, budgets) = docs.split_once("## Budgets").unwrap();
    let is_row = |line: &&str| line.starts_with("| ") && !line.starts_with("| who |");
    let rows: Vec<_> = budgets.lines().filter(is_row).collect();
    assert!(rows.len() >= 15, "only {} rows", rows.len());

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
