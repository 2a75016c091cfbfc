use super::*;
use proptest::prelude::*;

/// Something of all that a file may hold.
const WHOLE: &str = r#"# Dutch for otrbot.
# Somebody, 2026.
msgid ""
msgstr ""
"Content-Type: text/plain; charset=UTF-8\n"
"Plural-Forms: nplurals=2; plural=(n != 1);\n"

# seen by the translator
#. what it is
#: src/a.rs:1 src/b.rs:22
#, rust-format
msgctxt "door"
msgid "Open {x}"
msgstr "Doe {x} open"

#, fuzzy, rust-format
#| msgid "A file"
#| msgid_plural "{n} file"
msgid "One file"
msgid_plural "{n} files"
msgstr[0] "Een bestand"
msgstr[1] "{n} bestanden"

msgid "Tab\t\"quoted\"\n"
msgstr ""

# kept
#~| msgid "Byebye"
#~ msgid "Bye"
#~ msgstr "Tot ziens"
"#;

#[test]
fn everything_in_a_file_is_kept() {
    let po = Po::parse(WHOLE.as_bytes()).unwrap();

    assert_eq!(po.to_string(), WHOLE);
    assert_eq!(po.messages().count(), 3);
    let lines: Vec<usize> = po.entries.iter().map(|entry| entry.line).collect();
    assert_eq!(lines, [3, 13, 19, 24, 29]);
    assert_eq!(po.header_field("plural-forms"), Some("nplurals=2; plural=(n != 1);"));
    assert!(po.obsolete().next().unwrap().previous.is_some());
}

#[test]
fn long_texts_are_folded_at_blanks() {
    let long = "word ".repeat(40);
    let entry = Entry {
        source: Source { text: long.clone(), ..Source::default() },
        translations: vec![format!("first\n{long}\nlast")],
        ..Entry::default()
    };

    let written = entry.to_string();

    assert!(written.lines().all(|line| line.chars().count() <= 79), "{written}");
    assert!(written.starts_with("msgid \"\"\n\"word word"), "{written}");
    let read = Po::parse(written.as_bytes()).unwrap();
    assert_eq!(read.entries[0].source, entry.source);
    assert_eq!(read.entries[0].translations, entry.translations);
}

#[test]
fn every_fault_is_told_with_its_line() {
    for (content, expected) in [
        ("msgid \"a\"\nmsgstr \"b", "2: a text has no quotation mark at its end"),
        ("msgid \"a\"\nmsgstr \"b\\q\"\n", "2: \\q has no meaning in a text"),
        ("msgid \"a\"\nmsgstr \"b\"c\"\n", "2: a quotation mark in a text needs a \\ before it"),
        ("msgid \"a\"\n\nmsgid \"b\"\nmsgstr \"\"", "1: the message has no \"msgstr\""),
        ("msgstr \"a\"", "1: \"msgstr\" does not follow a \"msgid\""),
        ("\"a\"", "1: a text in quotation marks does not follow a keyword"),
        ("msgid \"a\"\nmsgstr[0] \"\"", "2: \"msgstr[0]\" does not follow a \"msgid_plural\""),
        ("hello", "1: \"hello\" is no keyword of a PO file"),
        ("#| hello \"a\"", "1: \"hello\" is no keyword of a previous text"),
        ("msgid \"a\"\nmsgid_plural \"b\"\nmsgstr[1] \"\"", "3: \"msgstr[1]\" is out of order"),
        ("msgctxt \"a\"\n", "1: the last message has no \"msgid\""),
        (
            "msgid \"\"\nmsgstr \"Content-Type: text/plain; charset=latin1\\n\"",
            "1: the charset is latin1; save the file in UTF-8",
        ),
        (
            "msgid \"a\"\nmsgstr \"\"\n\nmsgid \"a\"\nmsgstr \"\"",
            "4: the message is there already, in line 1",
        ),
    ] {
        let faults = Po::parse(content.as_bytes()).unwrap_err();
        assert!(faults.iter().any(|f| f.to_string() == expected), "{content}\n{faults:?}");
    }
    let faults = Po::parse(b"msgid \"a\"\nmsgstr \"\xff\"\n").unwrap_err();
    assert_eq!(faults[0].to_string(), "2: the file is not UTF-8");
}

#[test]
fn files_of_other_systems_are_read() {
    let po = Po::parse("\u{feff}msgid \"a\"\r\nmsgstr \"b\"\r\n".as_bytes()).unwrap();

    assert_eq!(po.entries[0].translations, ["b"]);
}

fn texts() -> impl Strategy<Value = String> {
    // No NUL and no EOT, which MO files have between texts.
    "[^\u{0}\u{4}]{0,200}"
}

fn entries() -> impl Strategy<Value = Entry> {
    let source = (proptest::option::of(texts()), texts(), proptest::option::of(texts()));
    (source, texts(), any::<(bool, bool)>()).prop_map(|(source, translation, (fuzzy, obsolete))| {
        let (context, text, plural) = source;
        let n = if plural.is_some() { 3 } else { 1 };
        Entry {
            flags: if fuzzy { vec![FUZZY.to_owned()] } else { vec![] },
            previous: fuzzy.then(|| Source { text: text.clone(), ..Source::default() }),
            references: if obsolete {
                vec![]
            } else {
                vec!["a b.rs:1".to_owned(), "c:2".to_owned()]
            },
            source: Source { context, text: format!("x{text}"), plural },
            translations: vec![translation; n],
            is_obsolete: obsolete,
            ..Entry::default()
        }
    })
}

proptest! {
    #[test]
    fn what_is_written_is_read(entry in entries()) {
        let po = Po { entries: vec![entry], ..Po::default() };
        let mut read = Po::parse(po.to_string().as_bytes()).unwrap();
        read.entries[0].line = 0;
        prop_assert_eq!(read, po);
    }

    #[test]
    fn any_text_is_read_or_refused(text in "([#~|.:, msgidctxtr_plural0-9\\[\\]\"\\\\\n]|\\PC){0,200}") {
        drop(Po::parse(text.as_bytes()));
    }

    #[test]
    fn any_bytes_are_read_or_refused(bytes: Vec<u8>) {
        drop(Po::parse(&bytes));
    }
}
