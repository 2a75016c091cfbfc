//! Files that are too large, too deep, empty or in another encoding; and one form of places in all
//! commands.

use otrbot::lesson;

use crate::authoring::support::Folder;

const TINY: &str =
    "title: Tiny\nstart: a\nstates:\n  a:\n    enter:\n      - say: Hello.\n    end: true\n";

const SETTINGS: &str = "xmpp: { default_account: bot@localhost, accounts: { bot@localhost: { password: secret, server: '127.0.0.1:5222' } } }\n\
     lessons: { folder: mine }\nlti: { enabled: false }\ntls: { ca_certs: null }\n";

fn told(yaml: &str) -> String {
    let errors = lesson::parse(yaml).unwrap_err();
    errors.0.iter().for_each(|error| super::check_words(&error.to_string()));
    errors.to_string()
}

#[test]
fn a_file_with_nothing_in_it_is_told() {
    for yaml in ["", "\n\n", "# a comment\n", "---\n", "~\n"] {
        let place = if yaml.starts_with("---") { "1:4" } else { "1:1" };
        assert_eq!(
            told(yaml),
            format!("{place}: the file is empty; a lesson has `title`, `start` and `states`")
        );
    }
}

#[test]
fn a_file_that_has_no_keys_is_told() {
    for (yaml, expected) in [
        ("Hello\n", "1:1: expected keys and values, found a text; write `key: value`"),
        (
            "title:Hello\n",
            "1:1: expected keys and values, found a text; a blank is missing after the colon: write `title: Hello`",
        ),
        (
            "- title: Hello\n",
            "1:1: expected keys and values, found a list; write them without `- ` in front",
        ),
        ("404\n", "1:1: expected keys and values, found a number; write `key: value`"),
    ] {
        assert_eq!(told(yaml), expected);
    }
}

#[test]
fn what_is_too_much_is_told() {
    let deep = format!("title: {}\n", "[".repeat(200));
    assert!(told(&deep).contains("stand within each other more than 60 deep"), "{}", told(&deep));
    let deep: String = (0..200).map(|n| format!("{}a:\n", " ".repeat(n))).collect();
    assert!(told(&deep).contains("stand within each other more than 60 deep"), "{}", told(&deep));
    let many = format!("title: [{}]\n", "1,".repeat(200_000));
    assert!(told(&many).contains("holds more than the 100000 values"), "{}", told(&many));
    let large = "#".repeat((1 << 20) + 1);
    assert_eq!(told(&large), "1:1: the file is larger than the 1 MiB that are allowed");
    // Each line repeats the one before ten times.
    let bomb: String = (1..9)
        .map(|n| format!("a{n}: &a{n} [{}]\n", vec![format!("*a{}", n - 1); 10].join(", ")))
        .collect();
    let bomb = format!("a0: &a0 x\n{bomb}");
    assert!(told(&bomb).contains("holds more than the 100000 values"), "{}", told(&bomb));
    let text = "x".repeat(500_000);
    let bomb = format!("a: &a {text}\nb: [{}]\n", vec!["*a"; 1000].join(", "));
    assert!(told(&bomb).contains("far more text than it seems"), "{}", told(&bomb));
    let deeper: String = (1..40).map(|n| format!("a{n}: &a{n} [[[*a{}]]]\n", n - 1)).collect();
    let deeper = format!("a0: &a0 [x]\n{deeper}");
    assert!(told(&deeper).contains("more than 60 deep"), "{}", told(&deeper));
}

#[test]
fn what_is_named_can_be_repeated() {
    let yaml = "title: T\nstart: a\nstates:\n  a: &a\n    enter: &said\n      - say: Hello.\n    leave: *said\n    \
                on: [{ after: 5s, go: b }]\n  b:\n    <<: *a\n    on: [{ after: 5s, go: c }]\n  c: { end: true }\n";
    let lesson = lesson::parse(yaml).unwrap();
    assert_eq!(lesson.graph().states()[1].enter.len(), 1);
    assert_eq!(lesson.graph().states()[1].reactions.len(), 1);
}

/// What each command says of a faulty lesson.
fn commands(file: &str) -> [Vec<&str>; 4] {
    [vec!["check", file], vec!["play", file], vec!["graph", file], vec!["rubric", file]]
}

#[test]
fn another_encoding_is_a_fault_with_its_line_in_all_commands() {
    let folder = Folder::new();
    folder.write("x/a.yaml", TINY);
    let bytes = TINY.replace("Hello.", "Caf\u{1}.").replace('\u{1}', "~").into_bytes();
    let bytes: Vec<u8> = bytes.into_iter().map(|b| if b == b'~' { 0xe9 } else { b }).collect();
    std::fs::write(folder.path("x/latin.yaml"), &bytes).unwrap();
    let utf16: Vec<u8> = TINY.encode_utf16().flat_map(u16::to_le_bytes).collect();
    std::fs::write(folder.path("x/wide.yaml"), &utf16).unwrap();
    folder.write("x/based.yaml", "extends: latin\ntitle: B\n");

    for command in commands("x/latin.yaml") {
        let said = folder.lesson(&command);
        assert_eq!(said.code, 4, "{said:?}");
        let expected = "x/latin.yaml:6: is not in UTF-8: byte 62, in line 6, is 0xE9, as in Windows-1252 \
                        or Latin-1; save it as UTF-8";
        assert!(said.err.contains(expected), "{said:?}");
    }
    for command in commands("x/wide.yaml") {
        let said = folder.lesson(&command);
        assert_eq!(said.code, 4, "{said:?}");
        assert!(said.err.contains("x/wide.yaml:1: is in UTF-16; save it as UTF-8"), "{said:?}");
    }
    for command in commands("x/none.yaml") {
        let said = folder.lesson(&command);
        assert_eq!(said.code, 5, "{said:?}");
        assert!(said.err.contains("x/none.yaml: is not there"), "{said:?}");
    }
    let said = folder.lesson(&["check", "x/based.yaml"]);
    assert_eq!(said.code, 4, "{said:?}");
    assert!(said.err.contains("latin.yaml:6: is not in UTF-8"), "{said:?}");
}

#[test]
fn places_have_one_form_in_all_commands() {
    let folder = Folder::new();
    folder.write("settings/s.yaml", SETTINGS);
    folder.write("settings/mine/a.yaml", &TINY.replace("say: Hello.", "say: \"Hello."));
    let expected = "a.yaml:6:14: the quotation mark \" that is opened here is not closed; write \" at the \
                    end of the text";

    for command in commands("settings/mine/a.yaml") {
        let said = folder.lesson(&command);
        assert_eq!(said.code, 4, "{said:?}");
        assert!(said.err.contains(&format!("settings/mine/{expected}")), "{said:?}");
    }
    for (command, arguments) in [
        ("check", vec!["--settings", "settings/s.yaml"]),
        ("run", vec!["--settings", "settings/s.yaml"]),
        (
            "extract",
            vec![
                "--lessons",
                "settings/mine",
                "--output",
                "x.pot",
                "--settings",
                "settings/s.yaml",
            ],
        ),
    ] {
        let said = folder.run(command, &arguments, "");
        assert_eq!(said.code, 4, "{command}: {said:?}");
        assert!(said.err.contains(&format!("mine/{expected}")), "{command}: {said:?}");
        super::check_words(&said.err.replace(&format!("{}", folder.path("").display()), ""));
    }
}

#[test]
fn a_fault_in_what_is_included_is_told_in_that_file() {
    let folder = Folder::new();
    folder.write("settings/s.yaml", SETTINGS);
    folder.write("settings/mine/ours.yaml", "topics:\n  help: [help\nparts: {}\n");
    folder.write("settings/mine/a.yaml", &format!("includes: ours\n{TINY}"));

    for (command, arguments) in [
        ("lesson", vec!["check", "settings/mine/a.yaml"]),
        ("check", vec!["--settings", "settings/s.yaml"]),
    ] {
        let said = folder.run(command, &arguments, "");
        assert_eq!(said.code, 4, "{said:?}");
        let line = said.err.lines().find(|line| line.contains("ours.yaml:2:9: the bracket ["));
        let line = line.unwrap_or_else(|| panic!("{said:?}"));
        assert!(line.contains("mine/ours.yaml:2:9: ") && line.contains("(needed by "), "{line}");
    }
}
