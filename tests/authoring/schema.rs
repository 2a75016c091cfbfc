//! The JSON Schema of lessons.

#![expect(clippy::unwrap_used, reason = "helpers of a test may fail it")]

use serde_json::{Value, json};

use crate::support::{Folder, shipped, shipped_file};

fn validator() -> jsonschema::Validator {
    let schema: Value = serde_json::from_str(&shipped_file("lesson.schema.json")).unwrap();
    assert!(jsonschema::meta::is_valid(&schema));
    jsonschema::validator_for(&schema).unwrap()
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
    let validator = validator();
    for (name, _) in shipped() {
        let faults: Vec<String> =
            validator.iter_errors(&lesson(&name)).map(|error| error.to_string()).collect();
        assert!(faults.is_empty(), "{name}: {faults:#?}");
        let first = shipped_file(&format!("{name}.yaml")).lines().next().unwrap().to_owned();
        assert_eq!(first, "# yaml-language-server: $schema=lesson.schema.json", "{name}");
    }
}

#[test]
fn what_the_reader_refuses_is_not_valid() {
    let validator = validator();
    let good = lesson("basics");
    assert!(validator.is_valid(&good));
    for (place, wrong) in [
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
    ] {
        let mut bad = good.clone();
        let (parent, key) = place.rsplit_once('/').unwrap();
        bad.pointer_mut(parent).unwrap()[key] = wrong;
        assert!(!validator.is_valid(&bad), "{place}");
    }
}
