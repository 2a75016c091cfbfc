//! Odd files, side by side with GNU gettext 0.21: what it reads is read, what it refuses is refused.

#![expect(clippy::unwrap_used, clippy::panic, reason = "helpers of a test may fail it")]

use std::{
    collections::BTreeMap,
    fs,
    path::{Path, PathBuf},
    process::Command,
};

use gettext::{
    Compiled, mo,
    po::{Entry, FUZZY, Po, Source},
};
use proptest::prelude::*;
use tempfile::TempDir;

/// Files that are read otherwise than `msgfmt` and `msgunfmt` do, with the reason.
const OTHERWISE: [(&str, &str); 13] = [
    ("bom", "read, with a warning"),
    ("bom-comment", "read, with a warning"),
    ("flags-empty-line-below", "fuzzy in any line is fuzzy: nobody has looked at it"),
    ("flags-equals", "release 1.0 takes #= for flags"),
    ("flags-fuzzy-first-line", "fuzzy in any line is fuzzy"),
    ("header-missing-three-forms", "forms that no rule can choose from are left out"),
    ("hex-e9-obsolete", "refused as in a message that is in use"),
    ("line-end-last", "left out; `otrbot compile` refuses it"),
    ("line-end-last-of-plural", "left out; `otrbot compile` refuses it"),
    ("line-end-first", "left out; `otrbot compile` refuses it"),
    ("plural-one-form", "left out: `msgfmt --check` refuses it"),
    ("plural-second-empty", "left out: the learner would be told nothing"),
    ("plural-three-forms", "left out: `msgfmt --check` refuses it"),
];

type Messages = BTreeMap<(Option<String>, String), Vec<String>>;

fn odd(name: &str) -> PathBuf {
    Path::new(env!("CARGO_MANIFEST_DIR")).join("tests/odd").join(format!("{name}.po"))
}

/// The names of all odd files.
fn names() -> Vec<String> {
    let folder = Path::new(env!("CARGO_MANIFEST_DIR")).join("tests/odd");
    let files = folder.read_dir().unwrap().map(|file| file.unwrap().path());
    let mut names: Vec<String> =
        files.map(|path| path.file_stem().unwrap().to_str().unwrap().to_owned()).collect();
    names.sort();
    names
}

/// Runs a program of GNU gettext; what it says, where it fails.
fn gnu(program: &str, arguments: &[&Path]) -> Result<String, String> {
    let output = Command::new(program).args(arguments).env("LC_ALL", "C").output();
    let output = output
        .unwrap_or_else(|error| panic!("{program}: {error}; tests/setup.sh installs GNU gettext"));
    let said = String::from_utf8_lossy(&output.stderr).into_owned();
    if output.status.success() { Ok(said) } else { Err(said) }
}

fn messages(pairs: Vec<mo::Pair>) -> Messages {
    let pairs = pairs.into_iter().filter(|(source, _)| !source.is_header());
    let pairs = pairs.map(|(source, texts)| ((source.context, source.text), texts));
    pairs.collect()
}

/// What `msgfmt` makes of a file, read by us; its complaint where it, or `msgunfmt`, refuses.
fn by_gnu(po: &Path) -> Result<Messages, String> {
    let folder = TempDir::new().unwrap();
    let mo = folder.path().join("x.mo");
    gnu("msgfmt", &[Path::new("-o"), &mo, po])?;
    // A file without any message gives none.
    if !mo.exists() {
        return Ok(Messages::new());
    }
    gnu("msgunfmt", &[Path::new("-o"), &folder.path().join("x.po"), &mo])?;
    mo::read(&fs::read(mo).unwrap()).map(messages).map_err(|error| error.to_string())
}

fn by_us(po: &Path) -> Result<Messages, String> {
    let (po, _) = Po::read(&fs::read(po).unwrap()).map_err(|faults| {
        assert!(!faults.is_empty());
        faults.iter().map(ToString::to_string).collect::<Vec<_>>().join("\n")
    })?;
    Ok(messages(Compiled::new(&po).pairs))
}

#[test]
fn what_gnu_reads_is_read_alike_and_what_it_refuses_is_refused() {
    let mut wrong = Vec::new();
    for name in names() {
        let (gnu, us) = (by_gnu(&odd(&name)), by_us(&odd(&name)));
        let is_alike = match (&gnu, &us) {
            (Ok(gnu), Ok(us)) => gnu == us,
            (Err(_), Err(_)) => true,
            _ => false,
        };
        if is_alike == OTHERWISE.iter().any(|(other, _)| *other == name) {
            wrong.push(format!("{name}:\n GNU {gnu:?}\n us  {us:?}"));
        }
    }
    assert!(wrong.is_empty(), "{}", wrong.join("\n"));
}

#[test]
fn what_is_read_otherwise_is_told_and_never_taken_for_translated() {
    for (name, told) in [
        ("bom", "1: the file begins with a byte order mark"),
        ("plural-one-form", "6: 1 plural forms are given; the language has 2"),
        ("plural-three-forms", "6: 3 plural forms are given; the language has 2"),
        ("plural-second-empty", "6: a plural form has no translation"),
        ("line-end-last", "6: either both texts or none end with a line end (\\n)"),
        ("line-end-first", "6: either both texts or none begin with a line end (\\n)"),
        ("line-end-last-of-plural", "6: either the text and its plural end with a line end (\\n)"),
        ("header-missing-three-forms", "1: 3 plural forms are given; the language has 2"),
    ] {
        let (po, mut warnings) = Po::read(&fs::read(odd(name)).unwrap()).unwrap();
        let compiled = Compiled::new(&po);
        warnings.extend(compiled.faults.into_iter().chain(compiled.warnings));
        let warnings: Vec<String> = warnings.iter().map(ToString::to_string).collect();
        assert!(warnings.iter().any(|warning| warning.starts_with(told)), "{name}: {warnings:?}");
        assert_eq!(compiled.n_translated, 0, "{name}");
    }
    for name in ["flags-equals", "flags-fuzzy-first-line", "flags-empty-line-below"] {
        let po = Po::parse(&fs::read(odd(name)).unwrap()).unwrap();
        assert_eq!(Compiled::new(&po).fuzzy, [po.entries[1].line], "{name}");
    }
}

#[test]
fn every_odd_file_that_is_read_is_written_as_gnu_reads_it() {
    let folder = TempDir::new().unwrap();
    for name in names() {
        let Ok(po) = Po::parse(&fs::read(odd(&name)).unwrap()) else { continue };
        let path = folder.path().join("x.po");
        fs::write(&path, po.to_string()).unwrap();
        // What GNU gettext takes, and we leave out, stays as it is.
        if !OTHERWISE.iter().any(|(other, _)| *other == name) {
            assert_eq!(by_gnu(&path), by_us(&path), "{name}");
        }
        let again = Po::parse(po.to_string().as_bytes()).unwrap();
        assert_eq!(again.to_string(), po.to_string(), "{name}");
    }
}

#[test]
fn mo_files_of_both_byte_orders_without_hash_table_and_with_parts_of_the_system_are_read() {
    let folder = TempDir::new().unwrap();
    let [po, mo] = ["x.po", "x.mo"].map(|name| folder.path().join(name));
    fs::write(
        &po,
        "msgid \"\"\nmsgstr \"Content-Type: text/plain; charset=KOI8-R\\n\"\n\n#, c-format\n\
         msgid \"%<PRIu64> a\"\nmsgid_plural \"%<PRIu64> as\"\nmsgstr[0] \"%<PRIu64> \\360\"\n\
         msgstr[1] \"%Id <I> %<PRIuMAX>\"\n\nmsgctxt \"c\"\nmsgid \"b\"\nmsgstr \"\\321\"\n",
    )
    .unwrap();
    for options in [
        &["--endianness=big"][..],
        &["--endianness=little"],
        &["--no-hash", "--alignment=8"],
        &["--no-hash", "--endianness=big"],
    ] {
        let mut arguments: Vec<&Path> = options.iter().map(Path::new).collect();
        arguments.extend([Path::new("-o"), &mo, &po]);
        gnu("msgfmt", &arguments).unwrap();

        let read = messages(mo::read(&fs::read(&mo).unwrap()).unwrap());

        let expected = [
            ((Some("c"), "b"), vec!["я"]),
            ((None, "%<PRIu64> a"), vec!["%<PRIu64> П", "%Id <I> %<PRIuMAX>"]),
        ];
        let expected: Messages = expected
            .into_iter()
            .map(|((context, text), texts)| {
                let texts = texts.into_iter().map(str::to_owned).collect();
                ((context.map(str::to_owned), text.to_owned()), texts)
            })
            .collect();
        assert_eq!(read, expected, "{options:?}");
    }
}

/// Texts with all that has a meaning in PO files, and letters of many scripts; without placeholders.
fn text() -> impl Strategy<Value = String> {
    let part = prop_oneof![
        "[ -#%-z|~]{0,30}",
        "[\\\\\"nx07#~|%]{0,8}",
        "[\u{7}-\u{d}\u{1b}\u{7f}]{0,3}",
        "[à-ÿа-яا-ي\u{200c}一-十ａ-ｚ\u{85}\u{2028}\u{feff}\u{fffd}😀]{0,20}",
        "([a-z]{1,9} ){0,30}",
    ];
    proptest::collection::vec(part, 0..4).prop_map(|parts| parts.concat())
}

/// A comment, or a part of one: any line that does not begin as another kind of comment.
fn line() -> impl Strategy<Value = String> {
    "[ -~à-ÿ一-十]{0,100}".prop_map(|line| line.trim_matches([' ', '\\']).to_owned())
}

fn entry() -> impl Strategy<Value = Entry> {
    let source = (proptest::option::of(text()), text(), proptest::option::of(text()));
    let texts = (text(), text());
    let comments = (
        proptest::collection::vec(line(), 0..3),
        proptest::collection::vec(line(), 0..3),
        proptest::collection::vec("[a-z]{1,30}( [a-z]{1,3})?\\.rs:[1-9]{1,4}", 0..9),
    );
    (source, texts, comments, any::<(bool, bool, bool)>()).prop_map(
        |((context, text, plural), (one, other), comments, (is_fuzzy, is_obsolete, is_filled))| {
            // GNU gettext takes "fuzzy" away from what is not translated, and leaves out what is
            // obsolete as well.
            let is_filled = is_filled || is_obsolete;
            let is_fuzzy = is_fuzzy && is_filled;
            let texts = if plural.is_some() { vec![one, other] } else { vec![one] };
            // Either all texts begin or end with a line end, or none.
            let (text, plural) = (format!("{text}."), plural.map(|plural| format!("p{plural}.")));
            let translations =
                texts.into_iter().map(|t| if is_filled { format!("t{t}.") } else { String::new() });
            Entry {
                translator_comments: comments.0,
                extracted_comments: comments.1,
                references: if is_obsolete { vec![] } else { comments.2 },
                flags: if is_fuzzy { vec![FUZZY.to_owned()] } else { vec![] },
                previous: is_fuzzy.then(|| Source {
                    context: context.clone(),
                    text: format!("p{text}"),
                    plural: plural.clone(),
                }),
                source: Source { context, text, plural },
                translations: translations.collect(),
                is_obsolete,
                ..Entry::default()
            }
        },
    )
}

/// Catalogs with a header, the obsolete messages last, as GNU gettext writes them.
fn catalog() -> impl Strategy<Value = Po> {
    proptest::collection::vec(entry(), 0..12).prop_map(|mut entries| {
        for (ix, entry) in entries.iter_mut().enumerate() {
            entry.source.text.insert_str(0, &format!("{ix}"));
            entry.references.sort();
            entry.references.dedup();
        }
        entries.sort_by_key(|entry| entry.is_obsolete);
        let header = "Project-Id-Version: x\nPO-Revision-Date: 2026-01-01 00:00+0000\n\
            Last-Translator: x\nLanguage-Team: x\nLanguage: nl\nMIME-Version: 1.0\n\
            Content-Type: text/plain; charset=UTF-8\nContent-Transfer-Encoding: 8bit\n\
            Plural-Forms: nplurals=2; plural=(n != 1);\n";
        let header = Entry { translations: vec![header.to_owned()], ..Entry::default() };
        Po { entries: [vec![header], entries].concat(), ..Po::default() }
    })
}

fn without_lines(mut po: Po) -> Po {
    for entry in &mut po.entries {
        entry.line = 0;
    }
    po
}

proptest! {
    #![proptest_config(ProptestConfig {
        cases: 32, failure_persistence: None, ..ProptestConfig::default()
    })]

    #[test]
    fn what_we_write_gnu_reads_and_what_gnu_writes_we_read(po in catalog()) {
        let folder = TempDir::new().unwrap();
        let [ours, theirs, mo] = ["a.po", "b.po", "c.mo"].map(|name| folder.path().join(name));
        fs::write(&ours, po.to_string()).unwrap();
        let read = |path: &Path| without_lines(Po::parse(&fs::read(path).unwrap()).unwrap());
        prop_assert_eq!(&read(&ours), &po);

        for options in [&[][..], &["--no-wrap"], &["--escape"], &["--indent"], &["--width=20"]] {
            let mut arguments: Vec<&Path> = options.iter().map(Path::new).collect();
            arguments.extend([Path::new("--force-po"), Path::new("-o"), &theirs, &ours]);
            gnu("msgcat", &arguments).map_err(TestCaseError::fail)?;
            prop_assert_eq!(&read(&theirs), &po, "{:?}", options);
        }

        gnu("msgfmt", &[Path::new("-o"), &mo, &ours])
            .map_err(TestCaseError::fail)?;
        let compiled = messages(Compiled::new(&po).pairs);
        let theirs_read = mo::read(&fs::read(&mo).unwrap()).unwrap();
        prop_assert_eq!(&messages(theirs_read), &compiled);

        fs::write(&mo, mo::write(&Compiled::new(&po).pairs).unwrap()).unwrap();
        gnu("msgunfmt", &[Path::new("--force-po"), Path::new("-o"), &theirs, &mo]).map_err(TestCaseError::fail)?;
        prop_assert_eq!(&by_us(&theirs).unwrap(), &compiled);
    }
}

/// A line of a file, or a part of one, in no order.
fn piece() -> impl Strategy<Value = &'static str> {
    let whole = prop_oneof![
        Just("msgid \"a\" \"b\"\nmsgstr \"c\"\n"),
        Just("msgctxt \"k\" msgid \"b\"\nmsgstr \"c\"\n\n"),
        Just("msgid \"d\"\nmsgid_plural \"e\"\nmsgstr[0] \"f\"\nmsgstr[1] \"g\"\n"),
        Just("#~ msgid \"e\"\n#~ msgstr \"f\"\n"),
        Just("#| msgid \"o\"\n#| msgid_plural \"p\"\n"),
        Just("#~| msgctxt \"k\"\n#~| msgid \"o\"\n"),
    ];
    let lines = prop_oneof![
        Just("msgid \"f\"\n"),
        Just("msgid \"\"\n"),
        Just("msgid_plural \"g\"\n"),
        Just("msgctxt \"k\"\n"),
        Just("msgstr \"h\"\n"),
        Just("msgstr[0] \"h\"\n"),
        Just("msgstr[1] \"i\"\n"),
        Just("\"more\"\n"),
        Just("# c\n"),
        Just("#. e\n"),
        Just("#, c-format\n"),
        Just("#| msgid \"o\"\n"),
        Just("#| \"more\"\n"),
        Just("#~ \"more\"\n"),
        Just("#~ msgstr \"more\"\n"),
        Just("#~| msgid \"o\"\n"),
    ];
    let parts = prop_oneof![
        Just("\n"),
        Just("\r\n"),
        Just("\r"),
        Just(" "),
        Just("\\\n"),
        Just("\\"),
        Just("\""),
        Just("\"x\""),
        Just("\\0"),
        Just("\\x4"),
        Just("#"),
        Just("#~ "),
        Just("#| "),
        Just("# "),
        Just("é"),
        Just("7"),
        Just("["),
        Just("msgid"),
        Just("msgstr"),
        Just("domain"),
    ];
    prop_oneof![4 => whole, 2 => lines, 1 => parts]
}

proptest! {
    #![proptest_config(ProptestConfig {
        cases: 100, failure_persistence: None, ..ProptestConfig::default()
    })]

    #[test]
    fn any_order_of_lines_is_read_or_refused_as_by_gnu(
        pieces in proptest::collection::vec(piece(), 0..8),
    ) {
        let header = "msgid \"\"\nmsgstr \"Content-Type: text/plain; charset=UTF-8\\n\"\n\n";
        let folder = TempDir::new().unwrap();
        let path = folder.path().join("x.po");
        fs::write(&path, format!("{header}{}", pieces.concat())).unwrap();

        let (mut gnu, us) = (by_gnu(&path), by_us(&path));
        // What has too few forms, or too many, is left out.
        if let (Ok(gnu), Ok(po)) = (&mut gnu, Po::parse(&fs::read(&path).unwrap())) {
            for Entry { source, translations, .. } in &po.entries {
                if source.plural.is_some() && translations.len() != 2 {
                    gnu.remove(&(source.context.clone(), source.text.clone()));
                }
            }
        }

        let is_alike = if gnu.is_ok() { gnu == us } else { us.is_err() };
        prop_assert!(is_alike, "GNU {gnu:?}\nus  {us:?}");
    }
}

/// Words with blanks and line ends between them.
fn prose() -> impl Strategy<Value = String> {
    "(([A-Za-zà-ÿа-я]{1,12}|[ا-ي]{1,9}|[ا-ي]\u{200c}[ا-ي]{1,5}|[A-Za-z]{1,8}[,.:;!?]) |\n|[a-z]{60,99} ){0,40}"
}

proptest! {
    #![proptest_config(ProptestConfig {
        cases: 32, failure_persistence: None, ..ProptestConfig::default()
    })]

    #[test]
    fn what_we_write_is_as_msgcat_writes_it(
        po in catalog(),
        texts in proptest::collection::vec(prose(), 24),
    ) {
        let mut po = po;
        let mut texts = texts.into_iter();
        for (ix, entry) in po.entries.iter_mut().enumerate().skip(1) {
            entry.source.context = None;
            entry.source.text = format!("{ix}{}", texts.next().unwrap());
            entry.source.plural = None;
            entry.previous = None;
            entry.translations = vec![texts.next().unwrap() + "z."];
            // Release 0.21 breaks a name with blanks in it.
            entry.references.retain(|reference| !reference.contains(' '));
        }
        let folder = TempDir::new().unwrap();
        let [ours, theirs] = ["a.po", "b.po"].map(|name| folder.path().join(name));
        fs::write(&ours, po.to_string()).unwrap();
        gnu("msgcat", &[Path::new("--force-po"), Path::new("-o"), &theirs, &ours]).unwrap();
        prop_assert_eq!(po.to_string(), fs::read_to_string(theirs).unwrap());
    }
}
