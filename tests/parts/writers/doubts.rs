//! Texts that YAML cuts, and words that it takes for others: told, and no fault.

use otrbot::lesson::{self, DoubtKind};

/// What is doubtful about how a lesson is written: line, column, sentence.
fn told(yaml: &str) -> Vec<String> {
    let doubts = lesson::parse(yaml).unwrap().doubts().into_iter();
    doubts
        .filter(|doubt| matches!(doubt.kind, DoubtKind::CutText | DoubtKind::Truth { .. }))
        .map(|doubt| {
            super::check_words(&doubt.kind.to_string());
            format!("{}:{}: {}", doubt.spot.line, doubt.spot.column, doubt.kind)
        })
        .collect()
}

const CUT: &str = "the text ends before this #, which begins a comment; if it belongs to the text, \
                   write the whole text in quotation marks, and else the comment in a line of its own";

#[test]
fn what_people_read_is_told_where_a_comment_cuts_it() {
    let yaml = "\
title: Lesson #1
start: a
topics:
  help: help, #hashtag
states:
  a:
    task: Find room # 4.
    enter:
      - say: See room #4
      - say:
          - One #1
          - A text that goes
            on #2
      - answer: C #
    on:
      - when: otr_enabled
        again:
          - - say: Again #3
        go: end
    hints:
      - after: 1m
        do:
          - say: Hint #1
  end:
    end: true
";
    let places = ["1:15", "4:15", "7:21", "9:23", "11:17", "13:16", "14:19", "18:26", "23:23"];
    let expected: Vec<String> = places.iter().map(|place| format!("{place}: {CUT}")).collect();
    assert_eq!(told(yaml), expected);
}

#[test]
fn comments_elsewhere_are_comments() {
    let yaml = "\
# A lesson.
title: \"Lesson #1\" # the first
start: a # here it begins
credit: # parts
  encrypted: 40% # not much
topics:
  help: 'help, #hashtag' # and more
urgent: [help] # always
states: # all
  a: # the first
    needs: nothing # as it is
    task: Find room#4.
    enter: # on coming in
      - hush # be quiet
      - say: > # a paragraph
          See room #4.
      - say: \"#1\"
    on:
      - when: message_received # by them
        about: help # of topics
        at_most_every: 30s # seconds
        hint: true # the next
      - when: otr_enabled
        if: [has_secret] # the page
        go: end # and out
      # in a line of its own
      - after: 1m # a minute
        go: end
  end:
    end: true # over
";
    assert_eq!(told(yaml), Vec::<String>::new());
}

#[test]
fn words_that_are_taken_for_true_are_told() {
    for (word, meant) in [("yes", true), ("True", true), ("on", true), ("Y", true)] {
        let yaml = format!("title: T\nstart: a\nstates:\n  a:\n    end: {word}\n");
        let expected = format!("5:10: `{word}` is taken for `{meant}`; write `{meant}`");
        assert_eq!(told(&yaml), [expected]);
    }
}

#[test]
fn keys_and_names_may_be_words_and_numbers_of_yaml() {
    let yaml = "title: T\nstart: 1\ntopics: { no: nope, 2: two }\nurgent: no\nstates:\n  1:\n    on:\n      \
                - when: message_received\n        about: [no, 2]\n        go: off\n  off: { task: Go., on: [{ after: 5s, \
                go: null-ish }] }\n  null-ish: { task: Go., on: [{ after: 5s, go: 0x10 }] }\n  0x10: { end: true }\n";
    let lesson = lesson::parse(yaml).unwrap();
    let names: Vec<&str> =
        lesson.graph().states().iter().map(|state| state.name.as_str()).collect();
    assert_eq!(names, ["1", "off", "null-ish", "0x10"]);
    assert_eq!(told(yaml), Vec::<String>::new());
}

#[test]
fn what_ships_has_nothing_of_the_kind() {
    for (name, yaml) in lesson::library::built_in().filter(|(_, yaml)| !lesson::is_shared(yaml)) {
        assert_eq!(told(yaml), Vec::<String>::new(), "{name}");
    }
}
