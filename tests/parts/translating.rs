//! The translators' manual, step by step as it stands: what a translator types, and what comes of it.

#![expect(clippy::unwrap_used, reason = "helpers of a test may fail it")]

use std::collections::BTreeMap;
use std::fs;
use std::path::{Path, PathBuf};
use std::process::Command;

use gettext::po::{Entry, Po};
use tempfile::TempDir;

const MANUAL: &str = include_str!("../../docs/translating.md");
const AUTHORS: &str = include_str!("../../settings/lessons/README.md");

/// What a command says, on both channels, and the code it ends with.
struct Said {
    text: String,
    code: i32,
}

/// Runs lines of a manual in a folder.
fn sh(folder: &Path, lines: &str) -> Said {
    let program = Path::new(env!("CARGO_BIN_EXE_otrbot"));
    let programs = program.parent().unwrap().display();
    let output = Command::new("sh")
        .args(["-euc", &format!("PATH='{programs}':$PATH; exec 2>&1\n{lines}")])
        .current_dir(folder)
        .env("LC_ALL", "C")
        .env_remove("OTRBOT_ENV")
        .output()
        .unwrap();
    let text = String::from_utf8(output.stdout).unwrap();
    Said { text, code: output.status.code().unwrap() }
}

#[track_caller]
fn good(folder: &Path, lines: &str) -> String {
    let said = sh(folder, lines);
    assert_eq!(said.code, 0, "{lines}\n{}", said.text);
    said.text
}

/// The commands of a manual, a block each, without what is indented around them.
fn blocks(manual: &str) -> Vec<String> {
    let mut found = Vec::new();
    let mut rest = manual;
    while let Some((_, after)) = rest.split_once("```sh\n") {
        let (block, tail) = after.split_once("```").unwrap();
        found.push(block.lines().map(|line| line.trim().to_owned() + "\n").collect());
        rest = tail;
    }
    found
}

fn po(folder: &Path, locale: &str) -> PathBuf {
    folder.join("locales").join(locale).join("LC_MESSAGES/otrbot.po")
}

fn read(path: &Path) -> Po {
    Po::parse(&fs::read(path).unwrap()).unwrap()
}

fn count(po: &Po, is: impl Fn(&Entry) -> bool) -> usize {
    po.messages().filter(|entry| is(entry)).count()
}

fn is_translated(entry: &Entry) -> bool {
    entry.is_filled() && !entry.is_fuzzy()
}

/// A copy of a lesson with another title, in a folder.
fn greetings(folder: &Path) {
    let lessons = folder.join("my-lessons");
    fs::create_dir_all(&lessons).unwrap();
    let yaml = include_str!("../../settings/lessons/question.yaml");
    let yaml = yaml.replacen("title: A good question", "title: Greetings anew", 1);
    assert!(yaml.contains("Greetings anew"));
    fs::write(lessons.join("greetings.yaml"), yaml).unwrap();
}

/// Has every text translated by itself in brackets, as an editor of PO files would write it.
fn translate(path: &Path) {
    let mut po = read(path);
    for entry in po.entries.iter_mut().filter(|entry| !entry.source.is_header()) {
        let plural = entry.source.plural.as_ref().unwrap_or(&entry.source.text);
        let (text, n) = (format!("[{}", entry.source.text), entry.translations.len());
        entry.translations = vec![format!("[{plural}"); n];
        if n == 1 {
            entry.translations = vec![text];
        }
        entry.flags.retain(|flag| flag != "fuzzy");
    }
    fs::write(path, po.to_string()).unwrap();
}

#[test]
fn the_manual_leads_from_an_empty_folder_to_a_language_in_use() {
    let folder = TempDir::new().unwrap();
    let folder = folder.path();
    let blocks = blocks(MANUAL);
    let [extract, init, compile, again, lesson] = blocks.as_slice() else {
        panic!("{} blocks", blocks.len());
    };

    good(folder, extract);
    let said = good(folder, init);
    assert!(said.contains("0 translated, 0 fuzzy"), "{said}");
    translate(&po(folder, "pt_BR"));
    let said = good(folder, compile);
    // Nothing is said of texts that are there.
    assert_eq!(said.lines().count(), 1, "{said}");
    assert!(said.contains(" 0 fuzzy, 0 untranslated\n"), "{said}");
    let said = good(folder, "otrbot lesson check -v --locales locales question");
    assert!(!said.contains("is in no file"), "{said}");
    assert!(said.contains("pt_BR: all "), "{said}");
    let said = good(folder, "msgfmt --check -o /dev/null locales/pt_BR/LC_MESSAGES/otrbot.po");
    assert_eq!(said, "");

    let before = fs::read_to_string(po(folder, "pt_BR")).unwrap();
    good(folder, again);
    assert_eq!(fs::read_to_string(po(folder, "pt_BR")).unwrap(), before, "nothing has changed");

    greetings(folder);
    let said = good(folder, lesson);
    assert!(said.contains("; translations of the program's own nl_NL"), "{said}");
    assert!(said.contains("otrbot.po:18: untranslated; the English text is used"), "{said}");
    assert!(said.contains("otrbot.po:18: has no translation: Greetings anew"), "{said}");
    let pot = read(&folder.join("messages.pot"));
    let is_own = |entry: &Entry| {
        entry.references.iter().all(|place| place.starts_with("my-lessons/greetings.yaml:"))
    };
    assert_eq!(count(&pot, |entry| !is_own(entry)), 0);
    let dutch = read(&po(folder, "nl_NL"));
    assert_eq!(count(&dutch, |entry| !is_translated(entry)), 1, "its title alone is new");
}

#[test]
fn the_authors_manual_leads_to_a_translated_lesson() {
    let folder = TempDir::new().unwrap();
    greetings(folder.path());
    let (_, step) = AUTHORS.split_once("8. **Translate.**").unwrap();
    let said = good(folder.path(), &blocks(step)[0]);
    assert!(said.contains("nl_NL: 1 of "), "{said}");
    translate(&po(folder.path(), "nl_NL"));
    let said = good(
        folder.path(),
        "echo hello | otrbot lesson play --locales locales --locale nl_NL my-lessons/greetings.yaml",
    );
    assert!(said.contains("bot [clear]: ["), "{said}");
}

#[test]
fn a_language_begins_with_what_the_program_has_of_it() {
    let folder = TempDir::new().unwrap();
    let folder = folder.path();
    good(folder, "otrbot extract -o messages.pot");
    for locale in ["nl_NL", "ar", "nl-nl"] {
        if locale == "nl-nl" {
            fs::remove_dir_all(folder.join("locales")).unwrap();
        }
        good(folder, &format!("otrbot init messages.pot {locale}"));
        let begun = read(&po(folder, &locale.replace("nl-nl", "nl_NL")));
        let own = format!("locales/{}/LC_MESSAGES/otrbot.po", locale.replace("nl-nl", "nl_NL"));
        let own = read(&Path::new(env!("CARGO_MANIFEST_DIR")).join(own));
        let by_key = |po: &Po| -> BTreeMap<String, Vec<String>> {
            let translated = po.messages().filter(|entry| is_translated(entry));
            translated.map(|entry| (entry.source.key(), entry.translations.clone())).collect()
        };
        let (own, begun) = (by_key(&own), by_key(&begun));
        let asked = read(&folder.join("messages.pot"));
        let n_own = count(&asked, |entry| own.contains_key(&entry.source.key()));
        assert_eq!(begun.len(), n_own, "{locale}");
        assert!(begun.iter().all(|(key, texts)| own.get(key) == Some(texts)), "{locale}");
    }

    // What another country says is looked at first, and said meanwhile.
    let said = good(folder, "otrbot init messages.pot fr_CA");
    assert!(said.contains("taken from the program's fr_FR as fuzzy: look at each"), "{said}");
    let begun = read(&po(folder, "fr_CA"));
    assert_eq!(count(&begun, is_translated), 0);
    assert!(count(&begun, Entry::is_fuzzy) > 1000);
    let said =
        good(folder, "echo hello | otrbot lesson play --locales locales --locale fr_CA basics");
    assert!(said.contains("Bonjour"), "{said}");

    let said = sh(folder, "otrbot init messages.pot tlh");
    assert_eq!(said.code, 2, "{}", said.text);
    good(folder, "otrbot init messages.pot pt_BR");
    assert_eq!(count(&read(&po(folder, "pt_BR")), Entry::is_begun), 0);
}

#[test]
fn lessons_are_taken_alone_by_name_and_by_file() {
    let folder = TempDir::new().unwrap();
    let folder = folder.path();
    greetings(folder);
    // A neighbour with faults is no fault of a lesson.
    fs::write(folder.join("my-lessons/other.yaml"), b"title: caf\xe9\n").unwrap();
    let places = |lines: &str| {
        good(folder, lines);
        let pot = read(&folder.join("x.pot"));
        let places = pot.messages().flat_map(|entry| entry.references.clone());
        let files = places.map(|place| place.rsplit_once(':').unwrap().0.to_owned());
        files.collect::<std::collections::BTreeSet<_>>().into_iter().collect::<Vec<_>>().join(" ")
    };
    for (only, expected) in [
        ("--only my-lessons/greetings.yaml", "my-lessons/greetings.yaml"),
        ("--only question", "settings/lessons/question.yaml"),
        ("--only common", "settings/lessons/common.yaml"),
        (
            "--only question --only impostor",
            "settings/lessons/impostor.yaml settings/lessons/question.yaml",
        ),
    ] {
        assert_eq!(places(&format!("otrbot extract {only} -o x.pot")), expected, "{only}");
    }
    for (only, code, expected) in [
        (
            "nobody",
            2,
            "--only nobody: there is no lesson of this name; write one of basics, common",
        ),
        ("my-lessons/nobody.yaml", 5, "my-lessons/nobody.yaml: is not there"),
        ("my-lessons/other.yaml", 4, "my-lessons/other.yaml:1: is not in UTF-8: byte 11"),
    ] {
        let said = sh(folder, &format!("otrbot extract --only {only} -o y.pot"));
        assert_eq!(said.code, code, "{}", said.text);
        assert!(said.text.contains(expected), "{}", said.text);
        assert!(!folder.join("y.pot").exists());
    }
    let help = good(folder, "otrbot extract --help");
    let help = help.split_whitespace().collect::<Vec<_>>().join(" ");
    assert!(
        help.contains("--only <LESSON>") && help.contains("may be given several times"),
        "{help}"
    );
}

#[test]
fn every_placeholder_of_program_and_lessons_is_explained() {
    let folder = TempDir::new().unwrap();
    let pot = folder.path().join("messages.pot");
    let root = Path::new(env!("CARGO_MANIFEST_DIR"));
    let said = good(root, &format!("otrbot extract -o {}", pot.display()));
    assert_eq!(said.lines().count(), 1, "{said}");
    let mut n = 0;
    for entry in read(&pot).messages() {
        let is_own = entry.references.iter().any(|place| place.contains(".rs:"));
        let texts = [Some(&entry.source.text), entry.source.plural.as_ref()];
        for text in texts.into_iter().flatten() {
            for name in gettext::placeholders::placeholders(text).into_keys() {
                if is_own || name.starts_with('$') {
                    let explained = entry.extracted_comments.iter().any(|c| c.contains(&name));
                    assert!(explained, "{name} of {text:?} is not explained");
                    n += 1;
                }
            }
        }
    }
    assert!(n > 150, "{n}");

    // A placeholder that nobody explains is told, with its place.
    let sources = folder.path().join("src");
    fs::create_dir(&sources).unwrap();
    fs::write(sources.join("a.rs"), "fn a() {\n    tr!(\"Hi {whom}\", whom = 1)\n}\n").unwrap();
    let said = good(folder.path(), "otrbot extract --sources src -o x.pot");
    assert!(said.contains("src/a.rs:2: translators are not told what {whom} stands for"), "{said}");
}

#[test]
fn a_context_that_is_added_does_not_cost_the_translation() {
    let folder = TempDir::new().unwrap();
    let header =
        "msgid \"\"\nmsgstr \"Language: nl\\nPlural-Forms: nplurals=2; plural=(n != 1);\\n\"\n\n";
    let po = po(folder.path(), "nl");
    fs::create_dir_all(po.parent().unwrap()).unwrap();
    fs::write(&po, format!("{header}msgid \"Open\"\nmsgstr \"Doe open\"\n")).unwrap();
    let pot = format!(
        "{header}msgctxt \"door\"\nmsgid \"Open\"\nmsgstr \"\"\n\nmsgid \"Open\"\nmsgstr \"\"\n"
    );
    fs::write(folder.path().join("x.pot"), pot).unwrap();

    good(folder.path(), "otrbot update x.pot");

    let updated = fs::read_to_string(po).unwrap();
    let door =
        "#, fuzzy\n#| msgid \"Open\"\nmsgctxt \"door\"\nmsgid \"Open\"\nmsgstr \"Doe open\"\n";
    assert!(updated.contains(door), "{updated}");
    assert!(updated.contains("\n\nmsgid \"Open\"\nmsgstr \"Doe open\"\n"), "{updated}");
}

#[test]
fn compile_and_check_tell_faults_with_their_line_and_doubts_apart() {
    let folder = TempDir::new().unwrap();
    let folder = folder.path();
    let write = |locale: &str, content: &str| {
        let path = po(folder, locale);
        fs::create_dir_all(path.parent().unwrap()).unwrap();
        fs::write(path, content).unwrap();
    };
    let header =
        "msgid \"\"\nmsgstr \"Language: de\\nContent-Type: text/plain; charset=UTF-8\\n\"\n\n";
    write("nl_NL", &format!("{header}msgid \"a\"\nmsgstr \"b\"\n"));
    write("fr_FR", "");
    write("de_DE", &format!("\u{feff}{header}msgid \"a\"\nmsgstr \"ü\"\n"));
    let faults = [
        "locales/nl_NL/LC_MESSAGES/otrbot.po:1: the header says Language: de, but the folder is that \
         of nl_NL; move the file",
        "locales/fr_FR/LC_MESSAGES/otrbot.po:1: the file is empty",
    ];
    let doubts = [
        "locales/de_DE/LC_MESSAGES/otrbot.po:1: the file begins with a byte order mark",
        "locales/de_DE/LC_MESSAGES/otrbot.po:1: the header has no Plural-Forms; write \"Plural-Forms: \
         nplurals=2; plural=(n != 1);\\n\"",
        "locales/de_DE/LC_MESSAGES/otrbot.po:1: the header lacks Project-Id-Version, ",
    ];

    let said = sh(folder, "otrbot compile");
    assert_eq!(said.code, 4, "{}", said.text);
    for told in faults.iter().chain(&doubts) {
        assert!(said.text.contains(told), "{told}\n{}", said.text);
    }
    assert!(po(folder, "de_DE").with_extension("mo").exists());
    assert!(!po(folder, "nl_NL").with_extension("mo").exists());

    fs::remove_file(po(folder, "de_DE").with_extension("mo")).unwrap();
    let settings = "xmpp:\n  accounts:\n    bot@chat.example: { password: secret }\n  \
        default_account: bot@chat.example\nlti: { enabled: false }\nlocales_folder: locales\n";
    fs::write(folder.join("settings.yaml"), settings).unwrap();
    let said = sh(folder, "otrbot --settings settings.yaml check");
    assert_eq!(said.code, 4, "{}", said.text);
    for told in faults {
        let line = said.text.lines().find(|line| line.contains(told));
        let line = line.unwrap_or_else(|| panic!("{told}\n{}", said.text));
        assert!(!line.contains("warning"), "{line}");
    }
    for told in doubts {
        let line = said.text.lines().find(|line| line.contains(told));
        let line = line.unwrap_or_else(|| panic!("{told}\n{}", said.text));
        assert!(line.contains("otrbot: warning: "), "{line}");
    }

    // Doubts alone are no fault.
    for locale in ["nl_NL", "fr_FR"] {
        fs::remove_file(po(folder, locale)).unwrap();
    }
    let said = sh(folder, "otrbot --settings settings.yaml check");
    assert_eq!(said.code, 0, "{}", said.text);
}

#[test]
fn a_text_of_two_meanings_is_translated_for_each() {
    let folder = TempDir::new().unwrap();
    let folder = folder.path();
    let lesson = "title: Two\nstart: a\nstates:\n  a:\n    on:\n      - when: message_received\n        \
        do:\n          - say: Right.\n            context: correct\n          - say: Right.\n            \
        context: not left\n          - say: Right.\n        go: end\n  end:\n    end: true\n";
    fs::write(folder.join("two.yaml"), lesson).unwrap();
    good(folder, "otrbot extract --only two.yaml -o x.pot && otrbot init x.pot pt_BR");
    let path = po(folder, "pt_BR");
    let mut begun = read(&path);
    let right = |entry: &&mut Entry| entry.source.text == "Right.";
    for entry in begun.entries.iter_mut().filter(right) {
        let text = match entry.source.context.as_deref() {
            Some("correct") => "Certo.",
            Some("not left") => "Direita.",
            _ => "Pois.",
        };
        entry.translations = vec![text.to_owned()];
    }
    fs::write(&path, begun.to_string()).unwrap();

    let said = good(
        folder,
        "otrbot lesson check -v --locales locales two.yaml; \
         echo hello | otrbot lesson play --locales locales --locale pt_BR two.yaml; \
         echo hello | otrbot lesson play two.yaml",
    );

    assert!(said.contains("pt_BR: 1 of 4 texts is not translated"), "{said}");
    let spoken = said.lines().filter_map(|line| line.split_once("bot [clear]: "));
    let spoken: Vec<&str> = spoken.map(|(_, words)| words).collect();
    assert_eq!(spoken, ["Certo.", "Direita.", "Pois.", "Right.", "Right.", "Right."], "{said}");
    for (old, new, expected) in [
        ("context: correct", "context: topic", "two.yaml:9:22: the `context` of a text cannot be"),
        (
            "say: Right.\n            context: correct",
            "say: \"R\\x04.\"",
            "two.yaml:8:18: the text has a NUL",
        ),
    ] {
        fs::write(folder.join("two.yaml"), lesson.replacen(old, new, 1)).unwrap();
        let said = sh(folder, "otrbot lesson check two.yaml");
        assert!(said.code == 4 && said.text.contains(expected), "{expected}\n{}", said.text);
    }
}
