//! The JSON Schema of lessons.

#![expect(clippy::unwrap_used, reason = "helpers of a test may fail it")]

use std::io::Write as _;
use std::process::{Command, Stdio};

use serde_json::{Value, json};

use crate::authoring::support::{Folder, shipped, shipped_file};

/// Debian's Python has Debian's jsonschema; another one that stands before it in the path may not.
const PYTHON: &str = "/usr/bin/python3";

/// The faults that an independent validator finds in each lesson; the schema itself has none.
fn faults(lessons: &[Value]) -> Vec<Vec<String>> {
    let schema: Value = serde_json::from_str(&shipped_file("lesson.schema.json")).unwrap();
    let script = concat!(env!("CARGO_MANIFEST_DIR"), "/tests/parts/authoring/validate.py");
    let mut python = Command::new(PYTHON)
        .arg(script)
        .stdin(Stdio::piped())
        .stdout(Stdio::piped())
        .spawn()
        .unwrap();
    let given = json!({ "schema": schema, "lessons": lessons }).to_string();
    python.stdin.take().unwrap().write_all(given.as_bytes()).unwrap();
    let output = python.wait_with_output().unwrap();
    assert!(output.status.success(), "is Debian's package python3-jsonschema there?");
    serde_json::from_slice(&output.stdout).unwrap()
}

fn lesson(name: &str) -> Value {
    serde_saphyr::from_str(&shipped_file(&format!("{name}.yaml"))).unwrap()
}

#[test]
fn the_committed_schema_is_what_the_program_writes() {
    let folder = Folder::new();

    let said = folder.lesson(&["schema", "-o", "schema.json"]);

    assert_eq!(said.code, 0, "{said:?}");
    let written = std::fs::read_to_string(folder.path("schema.json")).unwrap();
    let hint = "settings/lessons/lesson.schema.json is old: run `otrbot lesson schema -o` on it";
    assert_eq!(written, shipped_file("lesson.schema.json"), "{hint}");
    assert_eq!(folder.lesson(&["schema"]).out, written);
}

#[test]
fn shipped_lessons_are_valid_and_name_the_schema_for_editors() {
    let names: Vec<_> = shipped().into_iter().map(|(name, _)| name).collect();
    let lessons: Vec<_> = names.iter().map(|name| lesson(name)).collect();
    let faults = faults(&lessons);
    assert_eq!(faults.len(), names.len());
    for (name, faults) in names.iter().zip(faults) {
        assert!(faults.is_empty(), "{name}: {faults:#?}");
        let first = shipped_file(&format!("{name}.yaml")).lines().next().unwrap().to_owned();
        assert_eq!(first, "# yaml-language-server: $schema=lesson.schema.json", "{name}");
    }
}

#[test]
fn what_the_reader_refuses_is_not_valid() {
    let good = lesson("basics");
    let changes = [
        ("/title", json!(7)),
        ("/start", json!(["waiting"])),
        ("/states/waiting/needs", json!("secret")),
        ("/states/waiting/neds", json!("private")),
        ("/states/greeting/on/0/when", json!("otr_enabeld")),
        ("/states/greeting/on/0/go", Value::Null),
        ("/states/greeting/on", Value::Null),
        ("/states/greeting/on/0/after", json!("5s")),
        ("/states/greeting/on/0/at_most_every", json!("5 minutes")),
        ("/states/greeting/on/0/if", json!(["not funny"])),
        ("/states/greeting/on/0/do", json!(["dance"])),
        ("/states/greeting/enter/0/say", json!("")),
        ("/states/greeting/hints/0/after", json!(45)),
        ("/anywhere/0/when", json!("waited")),
    ];
    let mut lessons = vec![good.clone()];
    for (place, wrong) in &changes {
        let mut bad = good.clone();
        let (parent, key) = place.rsplit_once('/').unwrap();
        bad.pointer_mut(parent).unwrap()[key] = wrong.clone();
        lessons.push(bad);
    }

    let faults = faults(&lessons);

    assert!(faults[0].is_empty(), "{:?}", faults[0]);
    assert_eq!(faults.len(), changes.len() + 1);
    for ((place, _), faults) in changes.iter().zip(&faults[1..]) {
        assert!(!faults.is_empty(), "{place}");
    }
}
