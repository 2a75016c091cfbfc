//! The authors' manual beside the lessons tells everything that there is, and each step of it works as it
//! stands.

#![expect(clippy::unwrap_used, clippy::panic, reason = "helpers of a test may fail it")]

use std::path::Path;
use std::process::{Command, Stdio};

use otrbot::lesson::{
    self,
    text::KNOWN_VARIABLES,
    vocabulary::{Condition, Deed, EventKind, Milestone, Need, Word},
};
use serde_json::Value;

use crate::authoring::support::{Folder, Said, shipped_file};

/// Settings to which the manual's part is added.
const SETTINGS: &str = "xmpp: { default_account: bot@localhost, accounts: { bot@localhost: { password: secret } } }\n\
                        lti: { enabled: false }\n";

/// Something between fences.
#[derive(Debug)]
struct Block {
    language: String,
    /// The sentence before it.
    before: String,
    text: String,
}

impl Block {
    /// The name of the file that is to be written.
    fn file(&self) -> Option<&str> {
        let (_, name) = self.before.rsplit_once("ave this as `")?;
        name.strip_suffix("`:")
    }
}

/// All that stands between fences, without the indentation of the list that it is in.
fn blocks() -> Vec<Block> {
    let manual = shipped_file("README.md");
    let mut blocks = Vec::new();
    let mut before = String::new();
    let mut lines = manual.lines();
    while let Some(line) = lines.next() {
        let Some((indent, language)) = line.split_once("```") else {
            match line.trim() {
                "" if before.ends_with(':') => {}
                "" => before.clear(),
                line => before = format!("{before} {line}"),
            }
            continue;
        };
        let text = lines.by_ref().take_while(|line| line.trim() != "```");
        let text = text.map(|line| format!("{}\n", line.strip_prefix(indent).unwrap_or(line)));
        let (language, text) = (language.to_owned(), text.collect());
        blocks.push(Block { language, before: std::mem::take(&mut before), text });
    }
    blocks
}

/// Runs a line as an author types it.
fn run(line: &str, folder: &Folder) -> Said {
    let program = Path::new(env!("CARGO_BIN_EXE_otrbot")).parent().unwrap();
    let output = Command::new("sh")
        .args(["-c", "PATH=\"$0:$PATH\"; eval \"$1\"", program.to_str().unwrap(), line])
        .current_dir(folder.path(""))
        .env_remove("OTRBOT_ENV")
        .stdin(Stdio::null())
        .output()
        .unwrap();
    let text = |bytes| String::from_utf8(bytes).unwrap();
    let (out, err) = (text(output.stdout), text(output.stderr));
    Said { code: output.status.code().unwrap(), out, err }
}

/// Does what the manual says, from an empty folder to its end.
fn follow() -> (Folder, usize) {
    let folder = Folder::new();
    let mut n_run = 0;
    for block in blocks() {
        if let Some(name) = block.file() {
            folder.write(name, &block.text);
        } else if block.before.contains("In the settings") {
            folder.write("settings.yaml", &format!("{SETTINGS}{}", block.text));
        } else if block.language == "sh" {
            for line in block.text.lines() {
                let said = run(line, &folder);
                assert_eq!(said.code, 0, "{line}\n{}\n{}", said.out, said.err);
                n_run += 1;
            }
        }
    }
    (folder, n_run)
}

/// The texts that look so in the manual, in which nothing is left out in the middle.
#[track_caller]
fn text_with(mark: &str) -> String {
    let mut found = blocks().into_iter().filter(|block| block.text.contains(mark));
    found.next().unwrap_or_else(|| panic!("{mark:?} is in no block")).text
}

#[test]
fn each_step_works_as_it_stands_and_so_does_each_example_of_the_help() {
    let (folder, n_run) = follow();

    assert!(n_run >= 15, "{n_run} commands");
    for file in ["greetings.svg", "messages.pot", "locales/nl_NL/LC_MESSAGES/otrbot.po"] {
        assert!(folder.path(file).is_file(), "{file}");
    }
    let warnings = folder.lesson(&["check", "--strict", "my-lessons/greetings"]);
    assert_eq!(warnings.code, 0, "{}", warnings.err);
    let mut n_examples = 0;
    for command in ["", "check", "graph", "play", "rubric", "schema"] {
        let help = run(&format!("otrbot lesson {command} --help"), &folder).out;
        let (_, examples) = help.split_once("Example").unwrap_or_else(|| panic!("{help}"));
        let examples = examples.lines().filter_map(|line| line.strip_prefix("  otrbot "));
        for example in examples {
            let said = run(&format!("otrbot {example}"), &folder);
            assert_eq!(said.code, 0, "{example}\n{}\n{}", said.out, said.err);
            n_examples += 1;
        }
    }
    assert!(n_examples >= 12, "{n_examples} examples");
}

#[test]
fn what_the_manual_shows_is_what_comes() {
    let folder = Folder::new();
    for block in blocks() {
        if let Some(name) = block.file() {
            folder.write(name, &block.text);
        }
    }
    let shown = text_with("> /otr on");
    let lines: Vec<&str> = shown.lines().filter_map(|line| line.strip_prefix("> ")).collect();

    let said = folder.play(&["my-lessons/greetings"], &lines);

    let mut rest = said.out.as_str();
    for line in shown.lines() {
        let what = line.split_once(' ').filter(|(time, _)| time.contains(':'));
        let what = what.map_or(line, |(_, what)| what).split('…').next().unwrap();
        let Some((_, after)) = rest.split_once(what) else { panic!("{what:?} is not in:\n{rest}") };
        rest = after;
    }

    let shown = text_with("start a secret conversation");
    let script = text_with("# The straight way").replace("start a private", "start a secret");
    folder.write("greetings.txt", &script);
    let said = folder.play(&["--script", "greetings.txt", "my-lessons/greetings"], &[]);
    assert_eq!(said.code, 4);
    assert!(said.err.contains(&shown), "{}\n{shown}", said.err);

    let lesson = text_with("title: Saying hello in private");
    folder.write("my-lessons/greetings.yaml", &lesson.replacen("otr_enabled", "otr_enabeld", 1));
    let shown = text_with("otr_enabeld");
    let said = folder.lesson(&["check", "my-lessons/greetings.yaml"]);
    let place = shown.split(": ").next().unwrap();
    assert!(said.err.lines().any(|line| line.starts_with(place) && line.contains("otr_enabeld")));
}

#[test]
fn what_has_to_be_quoted_holds_as_it_is_written() {
    let manual = shipped_file("README.md");
    let (_, table) = manual.split_once("| in a text | without quotation marks |").unwrap();
    let rows = table.lines().skip(1).take_while(|line| line.starts_with('|'));
    let written: Vec<&str> = rows
        .filter_map(|row| row.split(" | ").nth(2)?.strip_prefix('`')?.strip_suffix("` |"))
        .collect();
    let say = |written: &str| {
        let yaml = format!(
            "title: Title\nstart: a\nstates:\n  a:\n    end: true\n    enter:\n      - say: {written}\n"
        );
        lesson::parse(&yaml).unwrap().texts()[1].msgid.clone()
    };

    let said: Vec<String> = written.iter().map(|written| say(written)).collect();

    let texts = [
        "See room #4.",
        "Note: write nothing secret.",
        "\"Pidgin\" is a program.",
        "[no], never",
        "404",
    ];
    assert_eq!(said, texts);
    assert!(manual.contains("'It''s me.'"));
    assert_eq!(say("'It''s me.'"), "It's me.");
    let folded = text_with("A text that is longer");
    let folded = folded.strip_prefix("- say: ").unwrap().replace("\n    ", "\n          ");
    assert!(say(&folded).ends_with("such as # or \", means anything."));
}

#[test]
fn every_word_key_and_variable_is_explained() {
    fn words<W: Word>() -> impl Iterator<Item = String> {
        W::WORDS.iter().map(|(word, _)| (*word).to_owned())
    }
    let manual = shipped_file("README.md");
    let schema: Value = serde_json::from_str(&shipped_file("lesson.schema.json")).unwrap();
    let parts = ["State", "Reaction", "Hint", "TextAction"].map(|part| &schema["$defs"][part]);
    let keys = parts.into_iter().chain([&schema]).flat_map(|part| {
        part["properties"].as_object().unwrap().keys().cloned().collect::<Vec<_>>()
    });
    let words = words::<EventKind>()
        .chain(words::<Condition>())
        .chain(words::<Deed>())
        .chain(words::<Need>())
        .chain(words::<Milestone>())
        .chain(KNOWN_VARIABLES.map(str::to_owned))
        .chain(keys);
    for word in words {
        // A row of a table: the word, and a sentence on it.
        let row = manual.lines().find(|line| line.starts_with(&format!("| `{word}` |")));
        let told = row.and_then(|row| row.split('|').nth(2)).unwrap_or_default().trim();
        assert!(told.len() > 15 && told.ends_with('.'), "`{word}` is not explained: {told:?}");
    }
}

#[test]
fn every_command_and_flag_of_a_play_is_named() {
    let manual = shipped_file("README.md");
    let folder = Folder::new();

    let help = folder.play(&[], &["/help"]).out;
    let commands: Vec<&str> =
        help.lines().filter_map(|line| line.split_once(" -- /")?.1.split("  ").next()).collect();
    assert!(commands.len() >= 28, "{commands:?}");
    for command in commands {
        let words = command.replace("smp question TEXT = ANSWER", "smp question TEXT");
        assert!(manual.contains(&format!("`/{words}")), "/{command}");
    }
    let help = folder.lesson(&["play", "--help"]).out;
    let words = help.split_whitespace().filter(|word| word.starts_with("--"));
    let common = ["--settings", "--verbose...", "--quiet", "--help"];
    for flag in words.filter(|word| !common.contains(word)) {
        assert!(
            manual.contains(&format!("{flag} ")) || manual.contains(&format!("`{flag}`")),
            "{flag}"
        );
    }
}
