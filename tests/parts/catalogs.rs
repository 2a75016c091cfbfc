//! The tools for translators on files from the field, side by side with GNU gettext's.

#![expect(clippy::unwrap_used, clippy::panic, reason = "helpers of a test may fail it")]

use std::collections::{BTreeMap, BTreeSet};
use std::fs;
use std::path::{Path, PathBuf};
use std::process::Command;

use gettext::po::{Entry, Po, Source};
use gettext::{Catalogs, Shipped};
use otrbot::translations::merge::merge;
use proptest::prelude::*;
use tempfile::TempDir;

/// The header of a Dutch file.
const HEADER: &str = "msgid \"\"\nmsgstr \"\"\n\"Language: nl\\n\"\n\"MIME-Version: 1.0\\n\"\n\
    \"Content-Type: text/plain; charset=UTF-8\\n\"\n\"Content-Transfer-Encoding: 8bit\\n\"\n\
    \"Plural-Forms: nplurals=2; plural=(n != 1);\\n\"\n\n";

/// What a program says, on both channels, and the code it ends with.
struct Said {
    out: String,
    err: String,
    code: i32,
}

fn run(program: &str, arguments: &[&str], folder: &Path) -> Said {
    let mut command = Command::new(program);
    command.args(arguments).current_dir(folder).env("LC_ALL", "C").env_remove("OTRBOT_ENV");
    let output = command
        .output()
        .unwrap_or_else(|error| panic!("{program}: {error}; tests/setup.sh installs GNU gettext"));
    let [out, err] = [output.stdout, output.stderr].map(|said| String::from_utf8(said).unwrap());
    Said { out, err, code: output.status.code().unwrap() }
}

fn otrbot(arguments: &[&str], folder: &Path) -> Said {
    run(env!("CARGO_BIN_EXE_otrbot"), arguments, folder)
}

/// A folder with `locales/<locale>/LC_MESSAGES/otrbot.po` of each locale.
fn folder(files: &[(&str, &[u8])]) -> TempDir {
    let folder = TempDir::new().unwrap();
    for (locale, content) in files {
        let path = po(folder.path(), locale);
        fs::create_dir_all(path.parent().unwrap()).unwrap();
        fs::write(path, content).unwrap();
    }
    folder
}

fn po(folder: &Path, locale: &str) -> PathBuf {
    folder.join("locales").join(locale).join("LC_MESSAGES/otrbot.po")
}

#[test]
fn files_from_the_field_compile_to_what_msgfmt_makes_of_them() {
    let mac = format!("{HEADER}msgid \"a\"\nmsgstr \"b\"\n").replace('\n', "\r");
    for body in [
        mac.as_bytes().to_vec(),
        format!("{HEADER}msgid \"caf\\303\\251 \\x41\"\nmsgstr \"kroeg \\101\\t\"\n").into_bytes(),
        format!("{HEADER}msgid \"one \" \"two\"\nmsgstr \"een \" \"twee\"\n").into_bytes(),
        format!("{HEADER}#, fuzzy\n#| msgid \"\" \"Old\"\nmsgid \"New\"\nmsgstr \"Nieuw\"\n")
            .into_bytes(),
        format!("{HEADER}#~ msgid \"a\" \"b\"\n#~ msgstr \"c\"\r\nmsgid \"d\" msgstr \"e\"\r\n")
            .into_bytes(),
        HEADER
            .replace("UTF-8", "ISO-8859-15")
            .bytes()
            .chain(*b"# \xe9\nmsgid \"a\"\nmsgstr \"10 \xa4 \\351\"\n")
            .collect(),
        HEADER
            .replace("UTF-8", "CP1256")
            .bytes()
            .chain(*b"msgid \"a\"\nmsgstr \"\xc8\"\n")
            .collect(),
    ] {
        let folder = folder(&[("nl", &body)]);

        let said = otrbot(&["compile"], folder.path());

        let shown = String::from_utf8_lossy(&body);
        assert_eq!(said.code, 0, "{shown}\n{}", said.err);
        let theirs =
            run("msgfmt", &["-o", "theirs.mo", "locales/nl/LC_MESSAGES/otrbot.po"], folder.path());
        assert_eq!(theirs.code, 0, "{shown}\n{}", theirs.err);
        let [ours, theirs] = ["locales/nl/LC_MESSAGES/otrbot.mo", "theirs.mo"].map(|mo| {
            let said = run("msgunfmt", &["-o", "x.po", mo], folder.path());
            assert_eq!(said.code, 0, "{shown}\n{}", said.err);
            // The text is the same, whatever the charset is.
            run("msgconv", &["-t", "UTF-8", "x.po"], folder.path()).out
        });
        assert_eq!(ours, theirs, "{shown}");
    }
}

#[test]
fn all_catalogs_with_faults_are_told_and_the_others_are_compiled() {
    let good = format!(
        "{HEADER}#, fuzzy\nmsgid \"a\"\nmsgstr \"b\"\n\nmsgid \"c\"\nmsgstr \"d\\0e\"\n\n\
         msgid \"f\"\nmsgstr \"\"\n\nmsgid \"g\"\nmsgid_plural \"h\"\nmsgstr[0] \"i\"\nmsgstr[1] \"\"\n"
    );
    let folder = folder(&[
        ("de", b"msgid \"a\"\nmsgstr \"\\q\"\n\nmsgid \"a\"\nmsgstr \"\"\n"),
        ("fr", b"msgid \"a\"\n"),
        ("nl", good.as_bytes()),
    ]);

    let said = otrbot(&["compile"], folder.path());

    assert_eq!(said.code, 4, "{}", said.err);
    for told in [
        "locales/de/LC_MESSAGES/otrbot.po:2: \\q has no meaning in a text; write \\\\ where",
        "locales/de/LC_MESSAGES/otrbot.po:4: the message is there already, in line 1; take",
        "locales/fr/LC_MESSAGES/otrbot.po:1: the message has no \"msgstr\"; write one",
        "locales/nl/LC_MESSAGES/otrbot.po:10: fuzzy; the English text is used; check",
        "locales/nl/LC_MESSAGES/otrbot.po:14: a text has a NUL in it",
        "locales/nl/LC_MESSAGES/otrbot.po:16: untranslated; the English text is used; translate",
        "locales/nl/LC_MESSAGES/otrbot.po:19: a plural form has no translation; the English",
    ] {
        assert!(said.err.contains(told), "{told}\n{}", said.err);
    }
    assert!(said.out.contains("nl/LC_MESSAGES/otrbot.mo: 1 translated, 1 fuzzy, 2 untranslated"));
    assert!(!po(folder.path(), "de").with_extension("mo").exists());
    let mo = run("msgunfmt", &["locales/nl/LC_MESSAGES/otrbot.mo"], folder.path()).out;
    assert!(mo.ends_with("msgid \"c\"\nmsgstr \"d\"\n"), "{mo}");
}

#[test]
fn all_catalogs_with_faults_are_told_and_the_others_are_brought_up_to_date() {
    let (faulty, good) = (&b"msgid \"a\"\nmsgstr \"\\q\"\n"[..], HEADER.as_bytes());
    let folder = folder(&[("de", faulty), ("fr", b"hello\n"), ("nl", good)]);
    let pot = folder.path().join("messages.pot");
    fs::write(&pot, format!("{HEADER}domain \"x\"\nmsgid \"a\"\nmsgstr \"\"\n")).unwrap();

    let said = otrbot(&["update", "messages.pot"], folder.path());

    assert_eq!(said.code, 4, "{}", said.err);
    for told in [
        "messages.pot:9: \"domain\" is left out",
        "locales/de/LC_MESSAGES/otrbot.po:2: \\q has no meaning",
        "locales/fr/LC_MESSAGES/otrbot.po:1: \"hello\" is no keyword",
    ] {
        assert!(said.err.contains(told), "{told}\n{}", said.err);
    }
    assert_eq!(fs::read(po(folder.path(), "de")).unwrap(), faulty, "it stays as it is");
    let updated = fs::read_to_string(po(folder.path(), "nl")).unwrap();
    assert_eq!(updated, format!("{HEADER}msgid \"a\"\nmsgstr \"\"\n"));

    fs::write(&pot, "msgid \"a\"\n").unwrap();
    let said = otrbot(&["update", "messages.pot"], folder.path());
    assert_eq!(said.code, 4);
    assert!(said.err.contains("messages.pot:1: "), "{}", said.err);
    assert_eq!(said.err.lines().count(), 3, "{}", said.err);
    assert_eq!(fs::read_to_string(po(folder.path(), "nl")).unwrap(), updated);
}

#[test]
fn a_text_that_no_po_file_can_have_is_told_with_its_line() {
    let folder = TempDir::new().unwrap();
    let lesson = "title: Hi\nstart: a\nstates:\n  a:\n    end: true\n    enter:\n      \
        - say: \"x\\x04y\"\n";
    fs::create_dir(folder.path().join("lessons")).unwrap();
    fs::write(folder.path().join("lessons/hi.yaml"), lesson).unwrap();

    let said = otrbot(&["extract", "--lessons", "lessons", "-o", "x.pot"], folder.path());

    assert_eq!(said.code, 4, "{}", said.err);
    assert!(
        said.err.contains("lessons/hi.yaml:7:14: the text has a NUL or U+0004"),
        "{}",
        said.err
    );
    assert!(!folder.path().join("x.pot").exists());
}

#[test]
fn a_catalog_of_the_field_serves_a_deployment() {
    let latin1 = HEADER.replace("UTF-8", "ISO-8859-1");
    let body = b"msgid \"Good\" \" morning\"\nmsgstr \"Goede\\155orgen \xe9\"\n";
    let folder = folder(&[("nl", &[latin1.as_bytes(), body].concat())]);
    let shipped = Shipped { domain: "otrbot", po: &[] };

    let (catalogs, problems) = Catalogs::load(&shipped, Some(&folder.path().join("locales")));

    assert!(problems.is_empty(), "{problems:?}");
    assert_eq!(catalogs.find("nl").text("Good morning"), "Goedemorgen é");
}

/// Both updates of a file: ours, and that of `msgmerge --previous`.
fn both(pot: &str, old: &str) -> (Po, Po) {
    let folder = TempDir::new().unwrap();
    let [pot, old] = [("new.pot", pot), ("old.po", old)].map(|(name, content)| {
        fs::write(folder.path().join(name), content).unwrap();
        Po::parse(content.as_bytes()).unwrap()
    });
    let arguments = ["--quiet", "--previous", "--force-po", "old.po", "new.pot"];
    let theirs = run("msgmerge", &arguments, folder.path());
    assert_eq!(theirs.code, 0, "{}", theirs.err);
    let ours = merge(&pot, &old, false).to_string();
    fs::write(folder.path().join("ours.po"), &ours).unwrap();
    let said = run("msgfmt", &["-o", "x.mo", "ours.po"], folder.path());
    assert_eq!(said.code, 0, "{}\n{ours}", said.err);
    (Po::parse(ours.as_bytes()).unwrap(), Po::parse(theirs.out.as_bytes()).unwrap())
}

fn by_source(po: &Po) -> BTreeMap<Source, &Entry> {
    po.messages().map(|entry| (entry.source.clone(), entry)).collect()
}

#[test]
fn an_update_gives_what_msgmerge_gives() {
    for (pot, old) in [
        ("msgid \"Hello\"\nmsgstr \"\"\n", "# mine\nmsgid \"Hello\"\nmsgstr \"Hallo\"\n"),
        (
            "msgid \"Hello, dear learner!\"\nmsgstr \"\"\n",
            "# mine\nmsgid \"Hello, learner!\"\nmsgstr \"Hallo!\"\n",
        ),
        (
            "msgid \"Hello, my dear learner!\"\nmsgstr \"\"\n",
            "#, fuzzy\n#| msgid \"Hello, learner!\"\nmsgid \"Hello, dear learner!\"\nmsgstr \"Hallo!\"\n",
        ),
        (
            "msgid \"Hello, my dear learner!\"\nmsgstr \"\"\n",
            "#, fuzzy\nmsgid \"Hello, dear learner!\"\nmsgstr \"Hallo!\"\n",
        ),
        (
            "#. new\nmsgid \"Something\"\nmsgstr \"\"\n",
            "# mine\n#, fuzzy\n#~| msgid \"Some\"\n#~ msgid \"Something\"\n#~ msgstr \"Iets\"\n",
        ),
        (
            "msgctxt \"door\"\nmsgid \"Open it\"\nmsgstr \"\"\n",
            "msgid \"Open it\"\nmsgstr \"Open!\"\n",
        ),
        (
            "msgctxt \"door\"\nmsgid \"Open it\"\nmsgstr \"\"\n",
            "msgctxt \"window\"\nmsgid \"Open it\"\nmsgstr \"Open!\"\n",
        ),
        (
            "msgid \"Open it\"\nmsgstr \"\"\n",
            "msgctxt \"door\"\nmsgid \"Open it\"\nmsgstr \"Open!\"\n",
        ),
        (
            "msgid \"One\"\nmsgid_plural \"Many\"\nmsgstr[0] \"\"\nmsgstr[1] \"\"\n",
            "msgid \"One\"\nmsgstr \"Een\"\n",
        ),
        (
            "msgid \"One\"\nmsgstr \"\"\n",
            "msgid \"One\"\nmsgid_plural \"Many\"\nmsgstr[0] \"Een\"\nmsgstr[1] \"Veel\"\n",
        ),
        (
            "msgid \"One\"\nmsgid_plural \"Many of them\"\nmsgstr[0] \"\"\nmsgstr[1] \"\"\n",
            "msgid \"One\"\nmsgid_plural \"Many\"\nmsgstr[0] \"Een\"\nmsgstr[1] \"Veel\"\n",
        ),
        (
            "msgid \"One\"\nmsgid_plural \"Many\"\nmsgstr[0] \"\"\nmsgstr[1] \"\"\n",
            "msgid \"One\"\nmsgid_plural \"Many\"\nmsgstr[0] \"Een\"\nmsgstr[1] \"\"\n",
        ),
        ("msgid \"Hello\"\nmsgstr \"\"\n", "#| msgid \"Old\"\nmsgid \"Hello\"\nmsgstr \"Hallo\"\n"),
        (
            "msgid \"Hello\"\nmsgstr \"\"\n",
            "#, fuzzy\n#| msgctxt \"k\"\n#| msgid \"Old\"\nmsgid \"Hello\"\nmsgstr \"Hallo\"\n",
        ),
        (
            "msgid \"Hello\"\nmsgstr \"\"\n",
            "#, fuzzy\n#| msgid \"Old\"\nmsgid \"Hello\"\nmsgstr \"\"\n",
        ),
        ("# of the program\nmsgid \"Hello\"\nmsgstr \"\"\n", ""),
        (
            "# of the program\nmsgid \"Hello\"\nmsgstr \"\"\n",
            "# mine\nmsgid \"Hello\"\nmsgstr \"x\"\n",
        ),
        (
            "msgid \"Hello\"\nmsgstr \"\"\n",
            "# gone\n#. e\n#: k:1\n#, fuzzy\n#| msgid \"Some\"\nmsgid \"Something\"\nmsgstr \"Iets\"\n",
        ),
    ] {
        let (ours, theirs) = both(&format!("{HEADER}{pot}"), &format!("{HEADER}{old}"));
        assert_eq!(ours.to_string(), theirs.to_string());
    }
}

#[test]
fn forms_of_another_count_are_never_taken_for_translated() {
    let pot =
        format!("{HEADER}msgid \"One\"\nmsgid_plural \"Many\"\nmsgstr[0] \"\"\nmsgstr[1] \"\"\n");
    for (forms, expected) in [
        ("msgstr[0] \"a\"\n", vec!["a", ""]),
        ("msgstr[0] \"a\"\nmsgstr[1] \"b\"\nmsgstr[2] \"c\"\n", vec!["a", "b", "c"]),
    ] {
        let old = format!("{HEADER}msgid \"One\"\nmsgid_plural \"Many\"\n{forms}");

        let (ours, _) = both(&pot, &old);

        let entry = ours.messages().next().unwrap();
        assert_eq!(entry.translations, expected);
        assert!(entry.is_fuzzy() && entry.previous.is_none());
        let folder = folder(&[("nl", ours.to_string().as_bytes())]);
        let said = otrbot(&["compile"], folder.path());
        assert_eq!(said.code, 0, "{}", said.err);
        assert!(said.out.contains(" 0 translated, 1 fuzzy"), "{}", said.out);
    }
}

#[test]
fn no_comment_of_a_translator_is_lost() {
    let pot = format!("{HEADER}msgid \"Hello, learner!\"\nmsgstr \"\"\n");
    let old = format!(
        "# of the file\n{HEADER}# 1\nmsgid \"Hello, learner!\"\nmsgstr \"\"\n\n# 2\n\
         msgid \"Hello, learners!\"\nmsgstr \"Hallo\"\n\n# 3\nmsgid \"gone\"\nmsgstr \"\"\n\n\
         # 4\n#~ msgid \"long gone\"\n#~ msgstr \"weg\"\n\n# 5 \\ \n"
    );
    let folder = folder(&[("nl", old.as_bytes())]);
    fs::write(folder.path().join("messages.pot"), pot).unwrap();

    for _again in 0..2 {
        assert_eq!(otrbot(&["update", "messages.pot"], folder.path()).code, 0);

        let updated = fs::read_to_string(po(folder.path(), "nl")).unwrap();
        let comments: Vec<&str> = updated.lines().filter(|line| line.starts_with("# ")).collect();
        assert_eq!(comments, ["# of the file", "# 1", "# 2", "# 3", "# 4", "# 5 \\ "], "{updated}");
    }
}

#[test]
fn two_messages_on_a_line_are_two() {
    let pot = format!("{HEADER}msgid \"a\"\nmsgstr \"\"\n");
    let old = format!("{HEADER}msgid \"a\" msgstr \"b\" msgid \"something\" msgstr \"iets\"\n");

    let (ours, theirs) = both(&pot, &old);

    assert_eq!(ours.to_string(), theirs.to_string());
    assert_eq!(ours.obsolete().count(), 1);
}

/// Texts that are alike, or the same in another context or with another plural.
fn messages() -> impl Strategy<Value = Vec<Entry>> {
    let text = "(Open|Close) the (door|window)( now| slowly)?[.!]";
    let source = (proptest::option::of("[xy]"), text, proptest::option::of("(All|Some) doors"));
    let entry = (source, "[a-z]{0,3}", "[a-z]{0,3}", "[a-z]{0,2}", any::<(bool, bool)>());
    let entry = entry.prop_map(|((context, text, plural), one, other, comment, marks)| {
        let is_fuzzy = marks.0 && !one.is_empty();
        Entry {
            translator_comments: if comment.is_empty() { vec![] } else { vec![comment] },
            flags: if is_fuzzy { vec!["fuzzy".to_owned()] } else { vec![] },
            is_obsolete: marks.1 && !one.is_empty(),
            translations: if plural.is_some() { vec![one, other] } else { vec![one] },
            source: Source { context, text, plural },
            ..Entry::default()
        }
    });
    proptest::collection::vec(entry, 0..8).prop_map(|mut entries| {
        let mut seen = BTreeSet::new();
        entries.retain(|entry| seen.insert(entry.source.key()));
        entries
    })
}

fn file(entries: Vec<Entry>) -> String {
    format!("{HEADER}{}", Po { entries, ..Po::default() })
}

proptest! {
    #![proptest_config(ProptestConfig {
        cases: 64, failure_persistence: None, ..ProptestConfig::default()
    })]

    #[test]
    fn what_msgmerge_leaves_open_is_left_open(new in messages(), old in messages()) {
        let comments: BTreeSet<String> =
            old.iter().flat_map(|entry| entry.translator_comments.clone()).collect();
        let template = new.into_iter().map(|entry| Entry {
            translator_comments: vec![],
            flags: vec![],
            is_obsolete: false,
            translations: vec![String::new(); entry.translations.len()],
            ..entry
        });
        let (ours, theirs) = both(&file(template.collect()), &file(old));

        let (ours_by, theirs_by) = (by_source(&ours), by_source(&theirs));
        prop_assert!(ours_by.keys().eq(theirs_by.keys()));
        for (source, theirs) in theirs_by {
            let ours = ours_by[&source];
            let is_translated = |entry: &Entry| entry.is_filled() && !entry.is_fuzzy();
            prop_assert_eq!(is_translated(ours), is_translated(theirs), "{}\n{}", ours, theirs);
            if is_translated(theirs) {
                prop_assert_eq!(&ours.translations, &theirs.translations);
            }
        }
        let kept = ours.entries.iter().flat_map(|entry| entry.translator_comments.clone());
        prop_assert_eq!(kept.collect::<BTreeSet<_>>(), comments);
    }
}

#[test]
fn what_is_no_file_is_written_to_and_stays_what_it_is() {
    use std::os::unix::fs::FileTypeExt as _;

    let folder = TempDir::new().unwrap();
    let pipe = folder.path().join("pipe");
    assert!(Command::new("mkfifo").arg(&pipe).status().unwrap().success());
    let read = {
        let pipe = pipe.clone();
        std::thread::spawn(move || fs::read_to_string(pipe).unwrap())
    };

    let said = otrbot(&["extract", "--only", "basics", "-o", "pipe"], folder.path());

    assert_eq!(said.code, 0, "{}", said.err);
    assert!(read.join().unwrap().contains("msgid"));
    assert!(fs::metadata(&pipe).unwrap().file_type().is_fifo());
}
