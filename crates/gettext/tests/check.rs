//! Files as they come back from translators, side by side with `msgfmt --check` of GNU gettext 0.21:
//! what it refuses or warns of, is refused or doubted here, in words for people.

#![expect(clippy::unwrap_used, clippy::panic, reason = "helpers of a test may fail it")]

use std::{fs, path::Path, process::Command};

use gettext::{Compiled, po::Po};
use tempfile::TempDir;

/// A header with all that there can be.
const FIELDS: [(&str, &str); 9] = [
    ("Project-Id-Version", "otrbot"),
    ("PO-Revision-Date", "2026-01-01 00:00+0000"),
    ("Last-Translator", "A Person <person@example.org>"),
    ("Language-Team", "none"),
    ("Language", "nl"),
    ("MIME-Version", "1.0"),
    ("Content-Type", "text/plain; charset=UTF-8"),
    ("Content-Transfer-Encoding", "8bit"),
    ("Plural-Forms", "nplurals=2; plural=(n != 1);"),
];

const ONE: &str = "msgid \"a\"\nmsgstr \"b\"\n\n";
const PLURAL: &str =
    "msgid \"one\"\nmsgid_plural \"many\"\nmsgstr[0] \"een\"\nmsgstr[1] \"veel\"\n";

/// A file whose header has another value of a field, or lacks it.
fn with(field: &str, value: Option<&str>, body: &str) -> Vec<u8> {
    let fields =
        FIELDS.map(|(name, usual)| (name, if name == field { value } else { Some(usual) }));
    let fields = fields.iter().filter_map(|(name, value)| value.map(|value| (name, value)));
    let lines: String = fields
        .fold(String::new(), |lines, (name, value)| lines + &format!("\"{name}: {value}\\n\"\n"));
    format!("msgid \"\"\nmsgstr \"\"\n{lines}\n{body}").into_bytes()
}

fn whole(body: &str) -> Vec<u8> {
    with("", None, body)
}

/// What `msgfmt --check` says, and whether it refuses the file.
fn by_gnu(content: &[u8]) -> (bool, String) {
    let folder = TempDir::new().unwrap();
    let po = folder.path().join("x.po");
    fs::write(&po, content).unwrap();
    let arguments = [Path::new("--check"), Path::new("-o"), Path::new("/dev/null"), &po];
    let output = Command::new("msgfmt").args(arguments).env("LC_ALL", "C").output();
    let output = output
        .unwrap_or_else(|error| panic!("msgfmt: {error}; tests/setup.sh installs GNU gettext"));
    (!output.status.success(), String::from_utf8_lossy(&output.stderr).into_owned())
}

/// Faults and doubts.
fn by_us(content: &[u8]) -> (Vec<String>, Vec<String>) {
    let told =
        |told: Vec<gettext::po::PoFault>| told.iter().map(ToString::to_string).collect::<Vec<_>>();
    match Po::read(content) {
        Ok((po, warnings)) => {
            let compiled = Compiled::of_locale(&po, "nl");
            (told(compiled.faults), told([warnings, compiled.warnings, compiled.formal].concat()))
        }
        Err(faults) => (told(faults), Vec::new()),
    }
}

/// How a file is to be taken.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
enum Taken {
    Refused,
    Doubted,
}
use Taken::{Doubted, Refused};

#[test]
#[expect(clippy::too_many_lines, reason = "it is one table")]
fn what_msgfmt_says_of_broken_files_is_said_in_words_for_people() {
    let latin = [&whole("msgid \"a\"\nmsgstr \"")[..], b"\xe9\"\n"].concat();
    let marked = [b"\xef\xbb\xbf", &whole(ONE)[..]].concat();
    let utf16: Vec<u8> =
        String::from_utf8(whole(ONE)).unwrap().encode_utf16().flat_map(u16::to_le_bytes).collect();
    let fuzzy = [b"#, fuzzy\n", &whole(ONE)[..]].concat();
    let plural_forms = |value| with("Plural-Forms", value, PLURAL);
    let rule = "write \"Plural-Forms: nplurals=2; plural=(n != 1);\\n\" in it";
    let pot = [
        ("PO-Revision-Date", "YEAR-MO-DA HO:MI+ZONE"),
        ("Last-Translator", "FULL NAME <EMAIL@ADDRESS>"),
        ("Language-Team", "LANGUAGE <LL@li.org>"),
        ("Project-Id-Version", "PACKAGE VERSION"),
        ("Content-Transfer-Encoding", "ENCODING"),
    ];
    let mut files: Vec<(&str, Vec<u8>, Taken, &str)> = vec![
        ("nothing", vec![], Refused, "1: the file is empty"),
        ("blank lines", b"\n\n".to_vec(), Refused, "1: the file is empty"),
        ("no header", ONE.into(), Refused, "1: there is no header that names language, charset"),
        ("no header, plural", PLURAL.into(), Refused, "msgstr \"Language: nl\\nContent-Type:"),
        ("empty header", format!("msgid \"\"\nmsgstr \"\"\n\n{ONE}").into(), Refused, "no header"),
        ("no Plural-Forms", plural_forms(None), Refused, rule),
        ("no Plural-Forms, no plural", with("Plural-Forms", None, ONE), Doubted, rule),
        ("Plural-Forms empty", plural_forms(Some("")), Refused, rule),
        ("Plural-Forms in words", plural_forms(Some("two")), Refused, rule),
        (
            "Plural-Forms of a POT",
            plural_forms(Some("nplurals=INTEGER; plural=EXPRESSION;")),
            Refused,
            rule,
        ),
        ("half of Plural-Forms", plural_forms(Some("nplurals=2;")), Refused, rule),
        (
            "a formula that ends early",
            plural_forms(Some("nplurals=2; plural=(n != ;")),
            Refused,
            rule,
        ),
        (
            "a form that is not there",
            plural_forms(Some("nplurals=2; plural=n;")),
            Refused,
            "no form for n = 2",
        ),
        (
            "a division by zero",
            plural_forms(Some("nplurals=2; plural=n/n;")),
            Refused,
            "no form for n = 0",
        ),
        (
            "three forms",
            plural_forms(Some("nplurals=3; plural=(n==1 ? 0 : n==2 ? 1 : 2);")),
            Refused,
            "2 plural forms are given; the language has 3",
        ),
        (
            "one form",
            plural_forms(Some("nplurals=1; plural=0;")),
            Refused,
            "2 plural forms are given; the language has 1",
        ),
        (
            "a form that is never used",
            plural_forms(Some("nplurals=2; plural=0;")),
            Doubted,
            "Plural-Forms gives 1 forms",
        ),
        (
            "another's language",
            with("Language", Some("de"), ONE),
            Refused,
            "says Language: de, but the folder is that of nl",
        ),
        (
            "a language in words",
            with("Language", Some("Dutch"), ONE),
            Refused,
            "says Language: Dutch",
        ),
        ("no Language", with("Language", None, ONE), Doubted, "write \"Language: nl\\n\""),
        ("Language empty", with("Language", Some(""), ONE), Doubted, "write \"Language: nl\\n\""),
        ("no charset", with("Content-Type", Some("text/plain"), ONE), Doubted, "names no charset"),
        ("no Content-Type", with("Content-Type", None, ONE), Doubted, "names no charset"),
        (
            "the charset of a POT",
            with("Content-Type", Some("text/plain; charset=CHARSET"), ONE),
            Doubted,
            "names no charset",
        ),
        (
            "no charset, not ASCII",
            with("Content-Type", None, "msgid \"a\"\nmsgstr \"é\"\n"),
            Doubted,
            "names no charset",
        ),
        (
            "a charset that nobody knows",
            with("Content-Type", Some("text/plain; charset=foo"), ONE),
            Doubted,
            "charset of the header is not known",
        ),
        ("another encoding", latin, Refused, "14: the file is not UTF-8; save it in UTF-8"),
        ("a byte order mark", marked, Doubted, "1: the file begins with a byte order mark"),
        ("UTF-16", utf16, Refused, "1: the file is in UTF-16; save it in UTF-8"),
        ("a fuzzy header", fuzzy, Doubted, "the header is fuzzy"),
        (
            "a field without colon",
            with("Language-Team", Some("x\\n\"\n\"Mine too"), ONE),
            Doubted,
            "is no field",
        ),
        (
            "a field that stands twice",
            with("Language", Some("nl\\n\"\n\"Language: de"), ONE),
            Doubted,
            "Language stands more than once",
        ),
        (
            "two headers",
            whole(std::str::from_utf8(&whole(ONE)).unwrap()),
            Refused,
            "the message is there already, in line 1",
        ),
        (
            "a message twice",
            whole(&format!("{ONE}{ONE}")),
            Refused,
            "16: the message is there already, in line 13",
        ),
        (
            "a message twice, translated otherwise",
            whole(&format!("{ONE}msgid \"a\"\nmsgstr \"c\"\n")),
            Refused,
            "16: the message is there already",
        ),
        (
            "a line end that is missing",
            whole("msgid \"a\\n\"\nmsgstr \"b\"\n"),
            Refused,
            "13: either both texts or none end",
        ),
        (
            "a line end too many",
            whole("msgid \"a\"\nmsgstr \"b\\n\"\n"),
            Refused,
            "13: either both texts or none end",
        ),
        (
            "a line end at the beginning",
            whole("msgid \"\\na\"\nmsgstr \"b\"\n"),
            Refused,
            "13: either both texts or none begin",
        ),
        (
            "a line end in one form",
            whole("msgid \"a\\n\"\nmsgid_plural \"b\\n\"\nmsgstr[0] \"c\\n\"\nmsgstr[1] \"d\"\n"),
            Refused,
            "13: either both texts or none end",
        ),
        (
            "a variable that is missing",
            whole("#, sh-format\nmsgid \"a ${x}\"\nmsgstr \"b\"\n"),
            Refused,
            "14: ${x} is missing",
        ),
        (
            "a variable of another name",
            whole("#, sh-format\nmsgid \"a ${x}\"\nmsgstr \"b ${y}\"\n"),
            Refused,
            "14: ${y} is not in the English text",
        ),
        (
            "a dollar more",
            whole("#, sh-format\nmsgid \"a ${x}\"\nmsgstr \"$5 ${x}\"\n"),
            Doubted,
            "14: a $ begins no ${…}",
        ),
        (
            "a format of C",
            whole("#, c-format\nmsgid \"a %s\"\nmsgstr \"b %d\"\n"),
            Doubted,
            "14: nothing here looks at the flag c-format",
        ),
        (
            "a format of Python",
            whole("#, python-format\nmsgid \"a %(n)s\"\nmsgstr \"b\"\n"),
            Doubted,
            "the flag python-format",
        ),
        (
            "a placeholder of another name",
            whole("#, rust-format\nmsgid \"a {x}\"\nmsgstr \"b {y}\"\n"),
            Refused,
            "14: {y} is not in the English text",
        ),
        (
            "a brace that is open",
            whole("#, rust-format\nmsgid \"a {x}\"\nmsgstr \"{ {x}\"\n"),
            Doubted,
            "14: a { or } belongs to no placeholder",
        ),
        (
            "a form that is missing",
            whole("msgid \"one\"\nmsgid_plural \"many\"\nmsgstr[0] \"een\"\n"),
            Refused,
            "13: 1 plural forms are given; the language has 2",
        ),
        (
            "a form too many",
            whole(&format!("{PLURAL}msgstr[2] \"z\"\n")),
            Refused,
            "13: 3 plural forms are given",
        ),
        (
            "a form without translation",
            whole("msgid \"one\"\nmsgid_plural \"many\"\nmsgstr[0] \"een\"\nmsgstr[1] \"\"\n"),
            Doubted,
            "13: a plural form has no translation",
        ),
        (
            "a plural with one translation",
            whole("msgid \"one\"\nmsgid_plural \"many\"\nmsgstr \"een\"\n"),
            Refused,
            "15: the \"msgstr\" of a message with a plural needs its number",
        ),
        (
            "an escape that is none",
            whole("msgid \"a\"\nmsgstr \"b\\q\"\n"),
            Refused,
            "14: \\q has no meaning in a text",
        ),
        ("a quotation mark that is missing", whole("msgid \"a\"\nmsgstr \"b\n"), Refused, "14: "),
        (
            "a quotation mark in a text",
            whole("msgid \"a\"\nmsgstr \"b \"c\" d\"\n"),
            Refused,
            "14: a quotation mark in a text needs a \\",
        ),
        ("no msgstr", whole("msgid \"a\"\n"), Refused, "13: the message has no \"msgstr\""),
        (
            "no msgid",
            whole("msgstr \"a\"\n"),
            Refused,
            "13: \"msgstr\" does not follow a \"msgid\"",
        ),
        (
            "msgctxt alone",
            whole("msgctxt \"a\"\n"),
            Refused,
            "13: the last message has no \"msgid\"",
        ),
        ("a mark of a merge", whole(&format!("<<<<<<< HEAD\n{ONE}")), Refused, "13: "),
        ("a domain", whole(&format!("domain \"x\"\n{ONE}")), Doubted, "13: \"domain\" is left out"),
        ("a web page", b"<!DOCTYPE html><html></html>".to_vec(), Refused, "1: "),
        (
            "a lesson",
            b"title: x\nstart: y\n".to_vec(),
            Refused,
            "1: \"title\" is no keyword of a PO file",
        ),
        ("an MO file", b"\xde\x12\x04\x95\0\0\0\0".to_vec(), Refused, "1: "),
    ];
    files.extend(pot.map(|(name, value)| {
        (name, with(name, Some(value), ONE), Doubted, "still has the words of its template for")
    }));
    files.extend(
        [
            "Project-Id-Version",
            "PO-Revision-Date",
            "Last-Translator",
            "Language-Team",
            "MIME-Version",
            "Content-Transfer-Encoding",
        ]
        .map(|name| (name, with(name, None, ONE), Doubted, "1: the header lacks ")),
    );

    let mut wrong = Vec::new();
    for (name, content, taken, expected) in &files {
        let (faults, doubts) = by_us(content);
        let (is_refused, said) = by_gnu(content);
        let told = if *taken == Refused { &faults } else { &doubts };
        let is_right = told.iter().any(|told| told.contains(expected))
            && faults.is_empty() == (*taken == Doubted);
        // Nothing of what GNU gettext says is passed over.
        let is_silent = (is_refused || !said.is_empty()) && faults.is_empty() && doubts.is_empty();
        if !is_right || is_silent {
            wrong.push(format!("{name}: {expected}\n us: {faults:?} {doubts:?}\n GNU: {said}"));
        }
    }
    assert!(wrong.is_empty(), "{}", wrong.join("\n"));
    assert!(files.len() >= 60);
    let refused = files.iter().filter(|(_, content, ..)| by_gnu(content).0).count();
    assert!(refused >= 30, "{refused}");
}

#[test]
fn nothing_is_said_of_files_that_are_right() {
    for body in [
        ONE,
        PLURAL,
        "",
        "#, fuzzy\nmsgid \"a\"\nmsgstr \"b\"\n",
        "#~ msgid \"a\"\n#~ msgstr \"b\"\n",
        "#, no-c-format\nmsgid \"10% a\"\nmsgstr \"10% b\"\n",
        "#, sh-format\nmsgid \"a ${x}\"\nmsgstr \"${x} b\"\n",
        "#, rust-format\nmsgid \"{x} {{a}}\"\nmsgstr \"{{a}} {x}\"\n",
    ] {
        let content = whole(body);
        assert_eq!(by_us(&content), (vec![], vec![]), "{body}");
        assert_eq!(by_gnu(&content), (false, String::new()), "{body}");
    }
}

#[test]
fn whatever_msgfmt_check_refuses_among_odd_files_is_refused_or_doubted() {
    let folder = Path::new(env!("CARGO_MANIFEST_DIR")).join("tests/odd");
    let mut silent = Vec::new();
    for file in folder.read_dir().unwrap() {
        let path = file.unwrap().path();
        let content = fs::read(&path).unwrap();
        let (is_refused, said) = by_gnu(&content);
        if is_refused && by_us(&content) == (vec![], vec![]) {
            silent.push(format!("{}: {said}", path.display()));
        }
    }
    assert!(silent.is_empty(), "{}", silent.join("\n"));
}
