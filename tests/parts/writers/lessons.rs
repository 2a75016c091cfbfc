//! Slips in lessons.

mod kinds;

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
    (
        "say: Hello.",
        "say: \"Hello.",
        &[
            "10:14: the quotation mark \" that is opened here is not closed; write \" at the end of the text",
        ],
    ),
    (
        "say: Hello.",
        "say: 'Hello.",
        &[
            "10:14: the quotation mark ' that is opened here is not closed; write ' at the end of the text",
        ],
    ),
    (
        "say: Hello.\n    on:",
        "say: \"Hello.\n    on: \"x\"",
        &[
            "10:14: the quotation mark \" that is opened here is not closed: the text runs on into line 11; write \" at the end of the text",
        ],
    ),
    (
        "title: Tiny",
        "title: \"Tiny",
        &[
            "1:8: the quotation mark \" that is opened here is not closed; write \" at the end of the text",
        ],
    ),
    ("title: Tiny", "title: \"Tiny\n# \"", &[]),
    (
        "say: Hello.",
        "say: \"Hello\" she said.",
        &[
            "10:22: the quotation mark \" closes before this place, and more follows; write the whole text in quotation marks, and \\\" for each \" within it",
        ],
    ),
    (
        "say: Hello.",
        "say: 'It's me.'",
        &[
            "10:18: the quotation mark ' closes before this place, and more follows; write the whole text in quotation marks, and '' for each ' within it",
        ],
    ),
    (
        "say: Hello.",
        "say: \"A \\q.\"",
        &[
            "10:14: a backslash within \" \" stands before a sign that it does not go with; write \\\\ for a backslash, or write the text in ' '",
        ],
    ),
    (
        "about: help",
        "about: [\"help, more]",
        &[
            "13:17: the quotation mark \" that is opened here is not closed; write \" at the end of the text",
        ],
    ),
    (
        "say: Hello.",
        "say: @you",
        &["10:14: a text that begins with @ stands in quotation marks; write \"@…\""],
    ),
    (
        "say: Hello.",
        "say: `code`",
        &["10:14: a text that begins with ` stands in quotation marks; write \"`…\""],
    ),
    (
        "say: Hello.",
        "say: %50",
        &["10:14: a text that begins with % stands in quotation marks; write \"%…\""],
    ),
    (
        "say: Hello.",
        "say: *Hello*",
        &["10:14: a text that begins with * stands in quotation marks; write \"*…\""],
    ),
    (
        "say: Hello.",
        "say: *Hello* you",
        &["10:14: a text that begins with * stands in quotation marks; write \"*…\""],
    ),
    (
        "say: Hello.",
        "say: &hello there",
        &["10:14: a text that begins with & stands in quotation marks; write \"&…\""],
    ),
    (
        "say: Hello.",
        "say: & hello",
        &["10:14: a text that begins with & stands in quotation marks; write \"&…\""],
    ),
    (
        "say: Hello.",
        "say: !important thing",
        &["10:14: a text that begins with ! stands in quotation marks; write \"!…\""],
    ),
    (
        "say: Hello.",
        "say: |hello",
        &["10:14: a text that begins with | stands in quotation marks; write \"|…\""],
    ),
    (
        "say: Hello.",
        "say: > hello",
        &["10:14: a text that begins with > stands in quotation marks; write \">…\""],
    ),
    (
        "say: Hello.",
        "say: ? who",
        &["10:14: a text that begins with ? stands in quotation marks; write \"?…\""],
    ),
    (
        "say: Hello.",
        "say: - hello",
        &[
            "10:14: a list cannot begin in the line of its key; write each of its items in a line of its own below, or, if this is a text, write it in quotation marks",
        ],
    ),
    (
        "say: Hello.",
        "say: , hello",
        &["10:14: a text that begins with , stands in quotation marks; write \",…\""],
    ),
    (
        "say: Hello.",
        "say: ] hello",
        &[
            "10:14: the bracket ] closes nothing; take it out, or, if this is a text, write it in quotation marks",
        ],
    ),
    (
        "say: Hello.",
        "say: } hello",
        &[
            "10:14: the bracket } closes nothing; take it out, or, if this is a text, write it in quotation marks",
        ],
    ),
    (
        "say: Hello.",
        "say: [Hello",
        &[
            "10:14: the bracket [ that is opened here is not closed; write ] at its end, or, if this is a text, write it in quotation marks",
        ],
    ),
    (
        "say: Hello.",
        "say: [Hello] you",
        &[
            "10:14: more follows after the ] that closes this [; if this is a text, write the whole of it in quotation marks",
        ],
    ),
    (
        "say: Hello.",
        "say: {bot_alias}, hello",
        &[
            "10:14: more follows after the } that closes this {; if this is a text, write the whole of it in quotation marks",
        ],
    ),
    (
        "say: Hello.",
        "say: {bot_alias",
        &[
            "10:14: the bracket { that is opened here is not closed; write } at its end, or, if this is a text, write it in quotation marks",
        ],
    ),
    (
        "say: Hello.",
        "say: Note: this",
        &[
            "10:18: a colon with a blank after it stands within a text here, as if the text before it were a key; write the whole text in quotation marks",
        ],
    ),
    (
        "say: Hello.",
        "say: “Note: this”",
        &[
            "10:19: a colon with a blank after it stands within a text here, as if the text before it were a key; write the whole text in quotation marks",
        ],
    ),
    (
        "say: Hello.",
        "say: Hello: \n",
        &[
            "10:19: a colon with a blank after it stands within a text here, as if the text before it were a key; write the whole text in quotation marks",
        ],
    ),
];

#[test]
fn every_slip_is_told_in_the_words_of_writers() {
    check_slips(RIGHT, &[SLIPS, kinds::SLIPS].concat(), told);
}
