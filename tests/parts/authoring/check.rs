//! `otrbot lesson check`.

use crate::authoring::support::Folder;

const FAULTY: &str = "\
titel: Typo
start: a
states:
  a:
    enter:
      - say: Hello ${nobody}
    on:
      - when: otr_enabeld
        go: b
      - when: otr_enabled
        go: bb
  b:
    end: true
";

const SETTINGS: &str = "xmpp: { accounts: { bot@localhost: { password: secret } } }\n\
     lessons: { folder: mine }\nlti: { enabled: false }\n";

const TINY: &str = "title: Tiny\nstart: a\nstates:\n  a:\n    enter:\n      - say: Hello there.\n      \
     - say: Good day.\n      - say: Good-bye.\n    end: true\n";

const DUTCH: &str = "msgid \"\"\nmsgstr \"\"\n\"Content-Type: text/plain; charset=UTF-8\\n\"\n\
     \"Plural-Forms: nplurals=2; plural=(n != 1);\\n\"\n\n\
     msgid \"Tiny\"\nmsgstr \"Klein\"\n\n\
     #, fuzzy\nmsgid \"Hello there.\"\nmsgstr \"Hallo.\"\n\n\
     msgid \"Good day.\"\nmsgstr \"Goedendag ${bot_alias}.\"\n\n\
     msgid \"Good-bye.\"\nmsgstr \"\"\n";

#[test]
fn without_arguments_all_lessons_are_checked() {
    let said = Folder::new().lesson(&["check"]);

    assert_eq!(said.code, 0, "{said:?}");
    for name in ["basics", "impostor", "question"] {
        let line = said.out.lines().find(|line| line.starts_with(&format!("{name}: no faults: ")));
        let line = line.unwrap();
        assert!(line.contains(" states, ") && line.contains(" reactions, "), "{line}");
    }
}

#[test]
fn every_fault_has_file_line_and_column_and_the_nearest_word() {
    let folder = Folder::new();
    folder.write("course/faulty.yaml", FAULTY);

    let said = folder.lesson(&["check", "course/faulty.yaml"]);

    assert_eq!(said.code, 4, "{said:?}");
    for fault in [
        "course/faulty.yaml:1:1: unknown key `titel` (`title`?)",
        "course/faulty.yaml:1:1: `title` is missing",
        "course/faulty.yaml:6:14: unknown variable `${nobody}`",
        "course/faulty.yaml:8:15: unknown event `otr_enabeld` (`otr_enabled`?)",
        "course/faulty.yaml:11:13: there is no state `bb`",
    ] {
        assert!(said.err.lines().any(|line| line.starts_with(fault)), "{fault}\n{}", said.err);
    }
    assert!(said.err.contains("5 faults in 1 lesson"), "{}", said.err);
}

#[test]
fn what_is_probably_a_slip_is_a_warning_and_with_strict_a_fault() {
    let folder = Folder::new();
    let yaml = "title: T\nstart: a\ntopics: { help: help }\nstates:\n  a:\n    on:\n      \
                - when: otr_enabled\n        go: b\n      - when: otr_enabled\n        if: [has_page]\n        \
                go: b\n        do:\n          - say: '${bot-alias}'\n  b: { end: true }\n";
    folder.write("mine.yaml", yaml);

    let said = folder.lesson(&["check", "mine.yaml"]);
    let strict = folder.lesson(&["check", "--strict", "mine.yaml"]);

    assert_eq!((said.code, strict.code), (0, 4), "{said:?}\n{strict:?}");
    for warning in [
        "mine.yaml:1:8: warning: no topic is `urgent`",
        "mine.yaml:3:11: warning: no reaction is about the topic `help`",
        "mine.yaml:5:3: warning: the state `a` waits for the learner and has no `task`",
        "mine.yaml:9:9: warning: this reaction to `otr_enabled` is never taken in `a`: the one in \
         line 7",
        "mine.yaml:1:8: warning: the bot secret is never said",
        "mine.yaml:13:18: warning: `${bot-alias}` is no variable",
    ] {
        assert!(said.err.lines().any(|line| line.starts_with(warning)), "{warning}\n{}", said.err);
        assert!(strict.err.contains(warning), "{warning}\n{}", strict.err);
    }
    assert!(said.out.contains("mine: no faults: "), "{}", said.out);
    assert!(strict.err.contains("6 faults in 1 lesson"), "{}", strict.err);
}

#[test]
fn the_shipped_lessons_have_no_slips() {
    let said = Folder::new().lesson(&["check", "--strict"]);

    assert_eq!(said.code, 0, "{}", said.err);
    assert!(!said.err.contains(": warning: "), "{}", said.err);
}

#[test]
fn a_round_that_never_ends_is_a_fault_also_through_another_lesson() {
    let folder = Folder::new();
    let yaml = "title: T\nstart: a\nstates:\n  a:\n    on:\n      - when: entered\n        go: b\n  b:\n    \
                on:\n      - when: entered\n        go: a\n      - when: otr_enabled\n        go: end\n  end: { \
                end: true }\n";
    folder.write("round.yaml", yaml);
    let base = yaml.replace("entered\n        go: b", "smp_aborted\n        go: b");
    folder.write("base.yaml", &base);
    let more = "title: More\nextends: base\nparts:\n  back:\n    - when: entered\n      go: a\nstates:\n  a:\n    \
                on:\n      - when: entered\n        go: b\n  b:\n    on:\n      - use: back\n      - when: \
                otr_enabled\n        go: end\n";
    folder.write("more.yaml", more);

    for (file, place) in [("round.yaml", "6:9"), ("more.yaml", "5:7")] {
        let said = folder.lesson(&["check", file]);

        assert_eq!(said.code, 4, "{said:?}");
        let fault = format!(
            "{file}:{place}: these states lead on to each other by `entered` without end: `a`, \
             `b`, `a`; let one of them wait"
        );
        assert!(said.err.lines().any(|line| line.starts_with(&fault)), "{fault}\n{}", said.err);
    }
    assert_eq!(folder.lesson(&["check", "base.yaml"]).code, 0);
}

#[test]
fn files_that_are_not_read_and_titles_that_are_there_twice_are_warnings() {
    let folder = Folder::new();
    folder.write("here/settings.yaml", SETTINGS);
    folder.write("here/mine/tiny.yaml", TINY);
    folder.write("here/mine/twin.yaml", &TINY.replace("title: Tiny", "title: 'tiny '"));
    folder.write("here/mine/again.yaml", "extends: basics\n");
    folder.write("here/mine/other.yml", TINY);
    folder.write("here/mine/.hidden.yaml", "title: [");
    folder.write("here/mine/._tiny.yaml", "\u{1}");
    folder.write("here/mine/loud.YAML", TINY);
    folder.write("here/mine/more/deep.yaml", TINY);
    folder.write("here/mine/tiny (copy).yaml", &TINY.replace("title: Tiny", "title: Copy"));

    let said = folder.lesson(&["check", "--settings", "here/settings.yaml"]);
    let settings = folder.run("check", &["--settings", "here/settings.yaml"], "");

    assert_eq!(said.code, 0, "{said:?}");
    for (file, told) in [
        ("other.yml", "this file is not read: "),
        ("loud.YAML", "this file is not read: "),
        (".hidden.yaml", "this file is not read, as its name begins with a dot"),
        ("._tiny.yaml", "this file is not read, as its name begins with a dot"),
        ("more", "the lessons in this folder are not read"),
        ("tiny (copy).yaml", "the name of the lesson, `tiny (copy)`, has other signs"),
    ] {
        let lines = [&said.err, &settings.err].map(|err| {
            let line = err.lines().find(|line| line.contains(&format!("mine/{file}: ")));
            line.unwrap_or_else(|| panic!("{file}\n{err}")).to_owned()
        });
        assert!(lines.iter().all(|line| line.contains(told)), "{told}\n{lines:?}");
        assert!(lines[0].contains(": warning: "), "{lines:?}");
    }
    for twice in [
        "mine/twin.yaml:1:8: warning: the lesson `tiny` has the title \"tiny\", too",
        "mine/again.yaml:1:1: warning: the lesson `basics` has the title",
    ] {
        assert!(said.err.contains(twice), "{twice}\n{}", said.err);
    }
    assert!(settings.err.contains("the lesson `tiny` has the title"), "{}", settings.err);
    let strict = folder.lesson(&["check", "--strict", "--settings", "here/settings.yaml"]);
    assert_eq!(strict.code, 4, "{strict:?}");
    let alone = folder.lesson(&["check", "here/mine/other.yml"]);
    assert!(alone.code == 0 && alone.err.contains("other.yml: warning: this file is not read"));
}

#[test]
fn a_file_that_lessons_include_is_checked_by_itself() {
    let folder = Folder::new();
    let yaml = "topics:\n  help: help; how\nparts:\n  hello:\n    - say: I am $bot_alias.\n    - say:\n        - \
                Well.\n        - '{bot_alias}'\n";
    folder.write("shared.yaml", yaml);

    let said = folder.lesson(&["check", "shared.yaml"]);

    assert_eq!(said.code, 0, "{said:?}");
    for warning in [
        "shared.yaml:2:9: warning: the words of the topic `help` hold `;`",
        "shared.yaml:5:12: warning: `$bot_alias` is no variable",
        "shared.yaml:8:11: warning: `{bot_alias}` is no variable",
    ] {
        assert!(said.err.lines().any(|line| line.starts_with(warning)), "{warning}\n{}", said.err);
    }
}

#[test]
fn ways_in_and_out_are_checked() {
    let folder = Folder::new();
    folder.write("ways.yaml", "title: T\nstart: a\nstates:\n  a: {}\n  b: { end: true }\n");

    let said = folder.lesson(&["check", "ways.yaml"]);

    assert_eq!(said.code, 4);
    assert!(said.err.contains("ways.yaml:4:3: no way leads from `a`"), "{}", said.err);
    assert!(said.err.contains("ways.yaml:5:3: no way leads from the start to `b`"), "{}", said.err);
}

#[test]
fn a_fault_of_the_extended_lesson_is_told_with_its_file() {
    let folder = Folder::new();
    folder.write("mine/base.yaml", &FAULTY.replace("titel", "title"));
    folder.write("mine/more.yaml", "title: More\nextends: base\n");

    let said = folder.lesson(&["check", "mine/more.yaml"]);

    assert_eq!(said.code, 4);
    assert!(said.err.contains("mine/base.yaml:8:15: unknown event"), "{}", said.err);
    assert!(said.err.contains("(needed by mine/more.yaml)"), "{}", said.err);
}

#[test]
fn what_is_not_there_is_told_with_what_is() {
    let folder = Folder::new();

    let said = folder.lesson(&["check", "basic"]);
    assert_eq!(said.code, 2);
    assert!(said.err.contains("\"basic\" (`basics`?)"), "{}", said.err);
    let said = folder.lesson(&["check", "no/such.yaml"]);
    assert_eq!(said.code, 5);
    assert!(said.err.contains("no/such.yaml: "), "{}", said.err);
}

#[test]
fn a_lesson_of_the_settings_is_known_by_its_name() {
    let folder = Folder::new();
    folder.write("here/settings.yaml", SETTINGS);
    folder.write("here/mine/tiny.yaml", TINY);

    let said = folder.lesson(&["check", "--settings", "here/settings.yaml", "tiny"]);

    assert_eq!(said.code, 0, "{said:?}");
    assert!(said.out.contains("tiny: no faults: 1 state, 0 reactions, 4 texts"), "{}", said.out);
}

#[test]
fn the_check_of_the_settings_tells_missing_translations_in_short() {
    let folder = Folder::new();
    folder.write("here/settings.yaml", SETTINGS);
    folder.write("here/mine/tiny.yaml", TINY);
    folder.write("here/locales/nl_NL/LC_MESSAGES/otrbot.po", DUTCH);
    folder.write("here/locales/pt_BR/LC_MESSAGES/otrbot.po", &DUTCH.replace("nl_NL", "pt_BR"));

    let said = folder.run("check", &["--settings", "here/settings.yaml"], "");

    let line = "otrbot: warning: lesson tiny: nl_NL: 3 of 4 texts are not translated (1 fuzzy and 1 \
                faulty of them)";
    assert!(said.err.contains(line), "{}", said.err);
    assert!(said.err.contains("otrbot: warning: otrbot: pt_BR: "), "{}", said.err);
    let said = folder.lesson(&["check", "--settings", "here/settings.yaml", "tiny"]);
    assert!(said.out.contains("nl_NL: 3 of 4 texts"), "{}", said.out);
}

#[test]
fn missing_fuzzy_and_faulty_translations_are_warnings_with_their_places() {
    let folder = Folder::new();
    folder.write("tiny.yaml", TINY);
    folder.write("lang/nl_NL/LC_MESSAGES/otrbot.po", DUTCH);

    let said = folder.lesson(&["check", "--locales", "lang", "tiny.yaml"]);

    assert_eq!(said.code, 0, "{said:?}");
    let line = "nl_NL: 3 of 4 texts are not translated (1 fuzzy and 1 faulty of them)";
    assert!(said.out.contains(line), "{}", said.out);
    for missing in [
        "lang/nl_NL/LC_MESSAGES/otrbot.po:10: has a fuzzy translation: Hello there.",
        "has a faulty translation: Good day.",
        "has no translation: Good-bye.",
    ] {
        assert!(said.out.contains(missing), "{missing}\n{}", said.out);
    }
}

#[test]
fn long_lists_of_missing_translations_are_cut_unless_all_are_wanted() {
    let folder = Folder::new();
    folder.write("lang/tlh/LC_MESSAGES/otrbot.po", DUTCH);

    let short = folder.lesson(&["check", "--locales", "lang", "question"]).out;
    let all = folder.lesson(&["check", "-v", "--locales", "lang", "question"]).out;

    let listed = |out: &str| out.lines().filter(|line| line.starts_with("    ")).count();
    assert!(short.contains("more; -v shows all") && !all.contains("-v shows all"), "{short}");
    assert!(listed(&all) > listed(&short));
    assert!(all.contains("built in: question.yaml:"), "{all}");
}
