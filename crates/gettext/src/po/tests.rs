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
fn every_fault_is_told_with_its_line_and_what_to_write() {
    let stray = "put it into them, or # before it";
    for (content, expected) in [
        (
            "\nmsgid \"a\\\nb\"\nmsgstr \"c\\\n\\\nd\\q\"",
            "6: \\q has no meaning in a text; write \\\\ where a backslash is meant",
        ),
        ("msgid \"a\"\nmsgstr \"b", "2: a text has no quotation mark at its end"),
        (
            "msgid \"a\"\nmsgstr \"b\\q\"\n",
            "2: \\q has no meaning in a text; write \\\\ where a backslash is meant",
        ),
        ("msgid \"a\"\nmsgstr \"b\"c\"\n", "2: a quotation mark in a text needs a \\ before it"),
        (
            "msgid \"a\"\n\nmsgid \"b\"\nmsgstr \"\"",
            "1: the message has no \"msgstr\"; write one, empty where there is no translation",
        ),
        ("msgstr \"a\"", "1: \"msgstr\" does not follow a \"msgid\""),
        ("\"a\"", "1: a text in quotation marks does not follow a keyword such as msgstr"),
        ("msgid \"a\"\nmsgstr[0] \"\"", "2: \"msgstr[0]\" does not follow a \"msgid_plural\""),
        ("hello", "1: \"hello\" is no keyword of a PO file; put # before a comment"),
        (
            "#| hello \"a\"",
            "1: \"hello\" is no keyword of a previous text; after #| stand msgctxt, msgid and \
             msgid_plural",
        ),
        (
            "msgid \"a\"\nmsgid_plural \"b\"\nmsgstr[1] \"\"",
            "3: \"msgstr[1]\" is out of order; they are numbered from 0, in their order",
        ),
        (
            "msgid \"a\"\nmsgid_plural \"b\"\nmsgstr \"\"",
            "3: the \"msgstr\" of a message with a plural needs its number: \"msgstr[0]\"",
        ),
        ("msgctxt \"a\"\n", "1: the last message has no \"msgid\"; write it, or take the rest out"),
        (
            "msgctxt \"a\"\n# b\nmsgid \"\"\nmsgstr \"\"",
            "1: a comment stands between \"msgctxt\" and \"msgid\"; put it above the message",
        ),
        (
            "msgid \"a\"\n# b\nmsgstr \"\"",
            "1: the message has no \"msgstr\" before the next comment; comments stand above a \
             message, not in it",
        ),
        (
            "#| msgid \"a\"\n# b\nmsgid \"\"\nmsgstr \"\"",
            "2: a comment stands below a previous text; put it above the lines with #|",
        ),
        (
            "#~ msgid \"a\"\nmsgstr \"\"",
            "2: a part of the message is obsolete; begin all of its lines with #~, or none",
        ),
        ("msgid \"a\" msgstr", "1: \"msgstr\" has no text in quotation marks after it"),
        (
            "msgid \"a\"\nmsgstr \"\"\n;",
            &format!("3: \";\" stands outside of quotation marks; {stray}"),
        ),
        (
            "msgid \"\"\nmsgstr \"Content-Type: text/plain; charset=x\\n\"\n# é\nmsgid \"é\" \
             msgstr \"\\xe9\"",
            "4: bytes given by numbers (\\ooo, \\xhh) are no letters in the charset of the file; \
             write the letters themselves",
        ),
        (
            "msgid \"a\"\nmsgstr \"\"\n\nmsgid \"a\"\nmsgstr \"\"",
            "4: the message is there already, in line 1; take one of them out",
        ),
        (
            "msgid \"a\" msgstr \"\" msgid \"a\" msgstr \"\"",
            "1: the message is there already, in line 1; take one of them out",
        ),
    ] {
        let faults = Po::parse(content.as_bytes()).unwrap_err();
        assert!(faults.iter().any(|f| f.to_string() == expected), "{content}\n{faults:?}");
    }
}

#[test]
fn what_is_not_in_the_charset_is_told_with_its_line() {
    for (content, expected) in [
        (
            &b"msgid \"a\"\nmsgstr \"\xff\"\n"[..],
            "2: the file is not UTF-8; save it in UTF-8, or name its charset in the header",
        ),
        (
            b"msgid \"\"\nmsgstr \"Content-Type: text/plain; charset=EUC-JP\\n\"\nmsgid \"\xff\"",
            "3: the line is not in the charset that the header names; save the file in UTF-8 and \
             write charset=UTF-8 there",
        ),
        (
            b"msgid \"\"\nmsgstr \"Content-Type: text/plain; charset=ASCII\\n\"\nmsgid \"\xc3\xa9\"",
            "3: the header says ASCII, but this is not; write charset=UTF-8 there",
        ),
        (
            b"msgid \"\"\nmsgstr \"Content-Type: text/plain; charset=CP850\\n\"\nmsgid \"\xe9\"",
            "3: the charset that the header names is not known; save the file in UTF-8 and write \
             charset=UTF-8 there",
        ),
        (b"\xff\xfem\0s\0g\0", "1: the file is in UTF-16; save it in UTF-8"),
        (b"m\0s\0g\0", "1: the file is in UTF-16; save it in UTF-8"),
    ] {
        assert_eq!(Po::parse(content).unwrap_err()[0].to_string(), expected);
    }
}

#[test]
fn files_of_other_systems_are_read() {
    let po = Po::parse("\u{feff}msgid \"a\"\r\nmsgstr \"b\"\r\n".as_bytes()).unwrap();

    assert_eq!(po.entries[0].translations, ["b"]);
}

#[test]
fn other_charsets_are_read_and_written_as_utf_8() {
    let content = b"# Fran\xe7ois\nmsgid \"\"\nmsgstr \"\"\n\
        \"Content-Type: text/plain; charset=ISO-8859-15\\n\"\n\nmsgid \"a\"\nmsgstr \"10 \xa4 \\351\"\n";

    let (po, warnings) = Po::read(content).unwrap();

    assert!(warnings.is_empty(), "{warnings:?}");
    assert_eq!(
        po.to_string(),
        "# François\nmsgid \"\"\nmsgstr \"Content-Type: text/plain; charset=UTF-8\\n\"\n\n\
         msgid \"a\"\nmsgstr \"10 € é\"\n"
    );
}

#[test]
fn what_is_left_out_is_warned_of_with_its_line() {
    for (content, expected) in [
        (&b"\xef\xbb\xbfmsgid \"a\" msgstr \"\""[..], "1: the file begins with a byte order mark"),
        (b"\n\ndomain \"x\"\n", "3: \"domain\" is left out"),
        (b"msgid \"a\"\nmsgstr \"b\\0c\"", "2: a text has a NUL in it"),
        (b"msgid \"a\"\nmsgstr \"b\0c\"", "2: a text has a NUL in it"),
        (b"# a\rmsgid \"a\"\rmsgstr \"b\"\r", "1: the line ends in CR alone"),
        (b"\n# a\rmsgid \"a\"\r\nmsgid \"b\" msgstr \"\"", "2: the line ends in CR alone"),
        (b"# a \\\n# b\nmsgid \"a\"\nmsgstr \"\"", "1: the comment ends in \\, so that the next"),
        (b"# \xe9\nmsgid \"a\" msgstr \"\"", "1: a letter of the comment is not in the charset"),
        ("msgid \"a\" msgstr \"é\"".as_bytes(), "1: the header names no charset"),
        (
            b"msgid \"\"\nmsgstr \"Content-Type: text/plain; charset=x\\n\"",
            "1: the charset of the header is not known",
        ),
    ] {
        let (_, warnings) = Po::read(content).unwrap();
        let warnings: Vec<String> = warnings.iter().map(ToString::to_string).collect();
        assert!(warnings.iter().any(|warning| warning.starts_with(expected)), "{warnings:?}");
    }
    assert!(Po::read(WHOLE.as_bytes()).unwrap().1.is_empty());
}

#[test]
fn flags_are_read_in_every_spelling_and_written_in_one() {
    for (lines, expected) in [
        ("#,fuzzy,c-format", "#, fuzzy, c-format"),
        ("#, c-format fuzzy", "#, fuzzy, c-format"),
        ("#, fuzzy\n#, c-format, fuzzy\n#,", "#, fuzzy, c-format"),
        ("#,\tno-wrap,range: 0..10,fuzzy", "#, fuzzy, no-wrap, range: 0..10"),
        ("#= x-checked, fuzzy\n#, c-format", "#, fuzzy, x-checked, c-format"),
        ("#=fuzzy", "#, fuzzy"),
    ] {
        let po = Po::parse(format!("{lines}\nmsgid \"a\"\nmsgstr \"b\"\n").as_bytes()).unwrap();
        assert_eq!(po.entries[0].is_fuzzy(), expected.contains("fuzzy"), "{lines}");
        assert_eq!(po.to_string(), format!("{expected}\nmsgid \"a\"\nmsgstr \"b\"\n"));
    }
}

#[test]
fn comments_and_places_are_kept_as_they_are() {
    let content = "#\n# a\n# C:\\ \n#  two blanks \n# # twice\n#. b\n#.\n#: a.rs:1 \u{2068}b c.rs\u{2069}:2\n\
        #: \u{2068}b c\u{2069}\nmsgid \"a\"\nmsgstr \"\"\n\n# the last\n";

    let po = Po::parse(content.as_bytes()).unwrap();

    assert_eq!(po.entries[0].references, ["a.rs:1", "b c.rs:2", "b c"]);
    let expected = content.replace("\n#: \u{2068}b c\u{2069}", " \u{2068}b c\u{2069}");
    assert_eq!(po.to_string(), expected);
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
