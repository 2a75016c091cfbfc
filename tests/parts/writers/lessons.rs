//! Slips in lessons.

use otrbot::lesson;

use super::slips::{Slip, check_slips};

const RIGHT: &str = "\
title: Tiny
start: hello
topics:
  help: help, how
urgent: [help]
states:
  hello:
    task: Say hello.
    enter:
      - say: Hello.
    on:
      - when: message_received
        about: help
        do:
          - say: Here I am.
      - when: otr_enabled
        if: [has_secret]
        go: done
      - after: 5m
        go: done
    hints:
      - after: 1m
        do:
          - say: Look up.
  done:
    end: true
";

fn told(yaml: &str) -> Vec<String> {
    let faults = lesson::parse(yaml).err().into_iter().flat_map(|errors| errors.0);
    faults.map(|error| error.to_string()).collect()
}

const SLIPS: &[Slip<'_>] = &[
    ("say: Hello.", "say: \"Hello.", &[]),
    ("say: Hello.", "say: 'Hello.", &[]),
    ("say: Hello.\n    on:", "say: \"Hello.\n    on: \"x\"", &[]),
    ("title: Tiny", "title: \"Tiny", &[]),
    ("title: Tiny", "title: \"Tiny\n# \"", &[]),
    ("say: Hello.", "say: \"Hello\" she said.", &[]),
    ("say: Hello.", "say: 'It's me.'", &[]),
    ("say: Hello.", "say: \"A \\q.\"", &[]),
    ("about: help", "about: [\"help, more]", &[]),
    ("say: Hello.", "say: @you", &[]),
    ("say: Hello.", "say: `code`", &[]),
    ("say: Hello.", "say: %50", &[]),
    ("say: Hello.", "say: *Hello*", &[]),
    ("say: Hello.", "say: *Hello* you", &[]),
    ("say: Hello.", "say: &hello there", &[]),
    ("say: Hello.", "say: & hello", &[]),
    ("say: Hello.", "say: !important thing", &[]),
    ("say: Hello.", "say: |hello", &[]),
    ("say: Hello.", "say: > hello", &[]),
    ("say: Hello.", "say: ? who", &[]),
    ("say: Hello.", "say: - hello", &[]),
    ("say: Hello.", "say: , hello", &[]),
    ("say: Hello.", "say: ] hello", &[]),
    ("say: Hello.", "say: } hello", &[]),
    ("say: Hello.", "say: [Hello", &[]),
    ("say: Hello.", "say: [Hello] you", &[]),
    ("say: Hello.", "say: {bot_alias}, hello", &[]),
    ("say: Hello.", "say: {bot_alias", &[]),
    ("say: Hello.", "say: Note: this", &[]),
    ("say: Hello.", "say: “Note: this”", &[]),
    ("say: Hello.", "say: Hello: \n", &[]),
    ("say: Hello.", "say: 404", &[]),
    ("say: Hello.", "say: yes", &[]),
    ("say: Hello.", "say: No", &[]),
    ("say: Hello.", "say: true", &[]),
    ("say: Hello.", "say: ~", &[]),
    ("say: Hello.", "say: null", &[]),
    ("say: Hello.", "say: ", &[]),
    ("say: Hello.", "say: #4", &[]),
    ("say: Hello.", "say: # greet", &[]),
    ("say: Hello.", "say: 1e3", &[]),
    ("say: Hello.", "say: 0x10", &[]),
    ("say: Hello.", "say: 1_000", &[]),
    ("say: Hello.", "say: .5", &[]),
    ("say: Hello.", "say: {a: b}", &[]),
    ("say: Hello.", "say: See room #4\n          or room 5", &[]),
    ("task: Say hello.", "task: [Say hello.]", &[]),
    ("task: Say hello.", "task: Say: hello.", &[]),
    ("- say: Hello.", "- say Hello.", &[]),
    ("- say: Hello.", "- say:Hello.", &[]),
    ("- say: Hello.", "-say: Hello.", &[]),
    ("- say: Hello.", "- { say: Hello, you }", &[]),
    ("- say: Hello.", "- { say: Hi ${bot_alias} }", &[]),
    ("- say: Hello.", "- 404", &[]),
    ("- say: Hello.", "- {say: Hello.", &[]),
    ("- say: Hello.", "say: Hello.", &[]),
    ("- say: Hello.", "- say: Hello.\n        say: You.", &[]),
    ("    on:", "   on:", &[]),
    ("    on:", "     on:", &[]),
    ("    on:", "\ton:", &[]),
    ("    on:", "  \u{a0} on:", &[]),
    ("        about: help", "       about: help", &[]),
    ("        about: help", "         about: help", &[]),
    ("  done:\n", " done:\n", &[]),
    ("start: hello", "  start: hello", &[]),
    ("      - say: Hello.", "   - say: Hello.", &[]),
    ("        go: done\n      - after", "        go: done\n       - after", &[]),
    ("        about: help", "\tabout: help", &[]),
    ("    hints:", "    -hints:", &[]),
    ("start: hello", "start hello", &[]),
    ("start: hello", "start:hello", &[]),
    ("start: hello", "start：hello", &[]),
    ("start: hello", "start:\u{a0}hello", &[]),
    ("start: hello", "start", &[]),
    ("start: hello", ": hello", &[]),
    ("start: hello", "[start]: hello", &[]),
    ("start: hello", "start:", &[]),
    ("start: hello", "start: ~", &[]),
    ("task: Say hello.", "task: Say hello.\n    task: Say it.", &[]),
    ("  done:\n", "  hello:\n    end: true\n  done:\n", &[]),
    ("topics:", "title: Again\ntopics:", &[]),
    ("topics:", "---\ntopics:", &[]),
    ("topics:", "...\ntopics:", &[]),
    ("topics:", "%topics:", &[]),
    ("say: Look up.", "say: Look\u{7} up.", &[]),
    ("if: [has_secret]", "if: [has_secret", &[]),
    ("if: [has_secret]", "if: [has_secret}", &[]),
    ("if: [has_secret]", "if: has_secret", &[]),
    ("if: [has_secret]", "if: has_secret]", &[]),
    ("if: [has_secret]", "if: {has_secret}", &[]),
    ("if: [has_secret]", "if:", &[]),
    ("if: [has_secret]", "if: [has_secret, [not verified]", &[]),
    ("if: [has_secret]", "if: [has_secret not: verified: x]", &[]),
    ("end: true", "end: \"true\"", &[]),
    ("end: true", "end: 1", &[]),
    ("end: true", "end: maybe", &[]),
    ("end: true", "end:", &[]),
    ("end: true", "end: [true]", &[]),
    ("end: true", "end: \"no\"", &[]),
    ("after: 5m", "after: 45", &[]),
    ("after: 5m", "after: 1:30", &[]),
    ("after: 5m", "after: 5 minutes", &[]),
    ("after: 5m", "after: 5 m", &[]),
    ("after: 5m", "after: soon", &[]),
    ("after: 5m", "after: 1e3", &[]),
    ("after: 5m", "after: ", &[]),
    ("after: 5m", "after: 1.5m", &[]),
    ("after: 5m", "after: \"45\"", &[]),
    ("after: 5m", "after: [5m]", &[]),
    ("after: 5m", "after: 0", &[]),
    ("after: 5m", "after: -5s", &[]),
    ("start: hello", "start: hello\ncredit: { encrypted: 60 }", &[]),
    ("start: hello", "start: hello\ncredit: { encrypted: 0.6 }", &[]),
    ("start: hello", "start: hello\ncredit: { encrypted: half }", &[]),
    ("start: hello", "start: hello\ncredit: { encrypted: 60 % }", &[]),
    ("start: hello", "start: hello\ncredit: 60%", &[]),
    ("start: hello", "start: hello\ncredit: { encrypted: }", &[]),
    ("enter:\n      - say: Hello.", "enter: hush", &[]),
    ("enter:\n      - say: Hello.", "enter: 404", &[]),
    ("enter:\n      - say: Hello.", "enter:\n      say: Hello.", &[]),
    ("enter:\n      - say: Hello.", "enter: *hello", &[]),
    ("hello:\n    task", "hello:\n    - task", &[]),
    ("  done:\n    end: true", "  done: end", &[]),
    ("  done:\n    end: true", "  done: end:true", &[]),
    ("title: Tiny", "title: 2026", &[]),
    ("help: help, how", "help:", &[]),
    ("help: help, how", "help: [help, how]", &[]),
    ("urgent: [help]", "urgent: [help", &[]),
    ("when: otr_enabled", "when: on", &[]),
];

#[test]
fn every_slip_is_told_in_the_words_of_writers() {
    check_slips(RIGHT, SLIPS, told);
}
