//! Values of another kind than is wanted, and lists and keys that are none.

use super::super::slips::Slip;

pub(super) const SLIPS: &[Slip<'_>] = &[
    (
        "say: Hello.",
        "say: 404",
        &["10:14: expected a text, found a number; write it in quotation marks: `\"404\"`"],
    ),
    (
        "say: Hello.",
        "say: yes",
        &[
            "10:14: expected a text, found `true` or `false`; write it in quotation marks: `\"yes\"`",
        ],
    ),
    (
        "say: Hello.",
        "say: No",
        &["10:14: expected a text, found `true` or `false`; write it in quotation marks: `\"No\"`"],
    ),
    (
        "say: Hello.",
        "say: true",
        &[
            "10:14: expected a text, found `true` or `false`; write it in quotation marks: `\"true\"`",
        ],
    ),
    (
        "say: Hello.",
        "say: ~",
        &["10:14: expected a text, found nothing; if a text is meant, write `\"~\"`"],
    ),
    (
        "say: Hello.",
        "say: null",
        &["10:14: expected a text, found nothing; if a text is meant, write `\"null\"`"],
    ),
    (
        "say: Hello.",
        "say: ",
        &["10:9: expected a text, found nothing; write the text after it, in the same line"],
    ),
    (
        "say: Hello.",
        "say: #4",
        &[
            "10:9: expected a text, found nothing; what follows # is a comment; write the text in quotation marks",
        ],
    ),
    (
        "say: Hello.",
        "say: # greet",
        &[
            "10:9: expected a text, found nothing; what follows # is a comment; write the text in quotation marks",
        ],
    ),
    (
        "say: Hello.",
        "say: 1e3",
        &["10:14: expected a text, found a number; write it in quotation marks: `\"1e3\"`"],
    ),
    (
        "say: Hello.",
        "say: 0x10",
        &["10:14: expected a text, found a number; write it in quotation marks: `\"0x10\"`"],
    ),
    (
        "say: Hello.",
        "say: 1_000",
        &["10:14: expected a text, found a number; write it in quotation marks: `\"1_000\"`"],
    ),
    (
        "say: Hello.",
        "say: .5",
        &["10:14: expected a text, found a number; write it in quotation marks: `\".5\"`"],
    ),
    (
        "say: Hello.",
        "say: {a: b}",
        &[
            "10:14: expected a text, found keys and values; a text that holds a colon and a blank, or begins with {, stands in quotation marks",
        ],
    ),
    (
        "say: Hello.",
        "say: See room #4\n          or room 5",
        &[
            "10:23: the text ends here, for what follows # after a blank is a comment, and goes on below; write the whole text in quotation marks",
        ],
    ),
    (
        "task: Say hello.",
        "task: [Say hello.]",
        &[
            "8:11: expected a text, found a list; a text that begins with [ or - stands in quotation marks",
        ],
    ),
    (
        "task: Say hello.",
        "task: Say: hello.",
        &[
            "8:14: a colon with a blank after it stands within a text here, as if the text before it were a key; write the whole text in quotation marks",
        ],
    ),
    (
        "- say: Hello.",
        "- say Hello.",
        &[
            "10:9: unknown action `say Hello.`, expected one of: hush, start_smp, answer_smp, abort_smp, start_otr, become_impostor, become_myself, hold_bot_secret, accept_bot_secret, renew_bot_secret, begin_smp_now, end_otr, tell_task, rest",
        ],
    ),
    (
        "- say: Hello.",
        "- say:Hello.",
        &[
            "10:9: unknown action `say:Hello.`, expected one of: hush, start_smp, answer_smp, abort_smp, start_otr, become_impostor, become_myself, hold_bot_secret, accept_bot_secret, renew_bot_secret, begin_smp_now, end_otr, tell_task, rest",
        ],
    ),
    (
        "- say: Hello.",
        "-say: Hello.",
        &["10:7: expected a list, found keys and values; write `- ` in front of each item"],
    ),
    (
        "- say: Hello.",
        "- { say: Hello, you }",
        &[
            "10:23: a key without a value stands after a comma within { } here; if it belongs to the text before it, write the whole of that in quotation marks",
        ],
    ),
    (
        "- say: Hello.",
        "- { say: Hi ${bot_alias} }",
        &[
            "10:20: this cannot stand within brackets so; write a comma between two values, and a text that holds any of , : [ ] { } in quotation marks",
        ],
    ),
    (
        "- say: Hello.",
        "- 404",
        &["10:9: expected keys and values, found a number; write `key: value`"],
    ),
    (
        "- say: Hello.",
        "- {say: Hello.",
        &[
            "12:7: the line is indented by 6 blanks, which fits no line above; indent it by 4 blanks as line 11",
        ],
    ),
    (
        "- say: Hello.",
        "say: Hello.",
        &["10:7: expected a list, found keys and values; write `- ` in front of each item"],
    ),
    (
        "- say: Hello.",
        "- say: Hello.\n        say: You.",
        &["11:9: the key `say` is there twice, in line 10 before; keep one of the two"],
    ),
    (
        "    on:",
        "   on:",
        &[
            "11:4: the line is indented by 3 blanks, which fits no line above; indent it by 2 blanks as line 7, or by 4 blanks as line 9",
        ],
    ),
    (
        "    on:",
        "     on:",
        &[
            "11:6: the line is indented by 5 blanks, which fits no line above; indent it by 4 blanks as line 9, or by 6 blanks as line 10",
        ],
    ),
    (
        "    on:",
        "\ton:",
        &["11:1: the line is indented with a tab; indent it with blanks (the space bar) alone"],
    ),
    (
        "    on:",
        "  \u{a0} on:",
        &[
            "21:5: the line is indented by 4 blanks, which fits no line above; indent it by 2 blanks as line 11, or by 6 blanks as line 19",
        ],
    ),
    (
        "        about: help",
        "       about: help",
        &[
            "13:8: the line is indented by 7 blanks, which fits no line above; indent it by 6 blanks as line 12, or by 8 blanks as line 12",
        ],
    ),
    (
        "        about: help",
        "         about: help",
        &[
            "13:10: the line is indented further than line 12, which has its value already; indent it by 8 blanks as line 12, or write the text of line 12 in quotation marks if it goes on here",
        ],
    ),
    (
        "  done:\n",
        " done:\n",
        &[
            "25:2: the line is indented by 1 blank, which fits no line above; indent it by no blanks as line 6, or by 2 blanks as line 7",
        ],
    ),
    (
        "start: hello",
        "  start: hello",
        &[
            "2:3: the line is indented further than line 1, which has its value already; indent it by no blanks as line 1, or write the text of line 1 in quotation marks if it goes on here",
        ],
    ),
    (
        "      - say: Hello.",
        "   - say: Hello.",
        &[
            "10:4: the line is indented by 3 blanks, which fits no line above; indent it by 2 blanks as line 7, or by 4 blanks as line 9",
        ],
    ),
    (
        "        go: done\n      - after",
        "        go: done\n       - after",
        &[
            "19:8: the line is indented by 7 blanks, which fits no line above; indent it by 6 blanks as line 16, or by 8 blanks as line 18",
        ],
    ),
    (
        "        about: help",
        "\tabout: help",
        &["13:1: the line is indented with a tab; indent it with blanks (the space bar) alone"],
    ),
    (
        "    hints:",
        "    -hints:",
        &[
            "21:5: unknown key `-hints` (`hints`?), expected one of: needs, end, task, enter, leave, on, hints",
        ],
    ),
    (
        "start: hello",
        "start hello",
        &[
            "2:1: the line has no key with a colon; write `key: value`, or, if it goes on with the text of the line above, indent it further than that",
        ],
    ),
    (
        "start: hello",
        "start:hello",
        &["2:1: a blank is missing after the colon here; write `key: value`"],
    ),
    (
        "start: hello",
        "start：hello",
        &["2:1: a blank is missing after the colon here; write `key: value`"],
    ),
    (
        "start: hello",
        "start:\u{a0}hello",
        &["2:1: a blank is missing after the colon here; write `key: value`"],
    ),
    (
        "start: hello",
        "start",
        &[
            "2:1: the line has no key with a colon; write `key: value`, or, if it goes on with the text of the line above, indent it further than that",
        ],
    ),
    (
        "start: hello",
        ": hello",
        &["1:1: `start` is missing", "2:1: a colon stands here without a key; write `key: value`"],
    ),
    (
        "start: hello",
        "[start]: hello",
        &[
            "1:1: `start` is missing",
            "2:1: brackets stand here in the place of a key; if this is a text, write it in quotation marks",
        ],
    ),
    (
        "start: hello",
        "start:",
        &["2:1: expected a text, found nothing; write the text after it, in the same line"],
    ),
    (
        "start: hello",
        "start: ~",
        &["2:8: expected a text, found nothing; if a text is meant, write `\"~\"`"],
    ),
    (
        "task: Say hello.",
        "task: Say hello.\n    task: Say it.",
        &["9:5: the key `task` is there twice, in line 8 before; keep one of the two"],
    ),
    (
        "  done:\n",
        "  hello:\n    end: true\n  done:\n",
        &["25:3: the key `hello` is there twice, in line 7 before; keep one of the two"],
    ),
    (
        "topics:",
        "title: Again\ntopics:",
        &["3:1: the key `title` is there twice, in line 1 before; keep one of the two"],
    ),
    (
        "topics:",
        "---\ntopics:",
        &[
            "3:1: what stands here begins a second part, and a file has one; take out the line with --- or ...",
        ],
    ),
    (
        "topics:",
        "...\ntopics:",
        &[
            "4:1: what stands here begins a second part, and a file has one; take out the line with --- or ...",
        ],
    ),
    (
        "topics:",
        "%topics:",
        &["3:1: a text that begins with % stands in quotation marks; write \"%…\""],
    ),
    (
        "say: Look up.",
        "say: Look\u{7} up.",
        &["24:22: a control character (U+0007) stands here, which nobody sees; take it out"],
    ),
    (
        "if: [has_secret]",
        "if: [has_secret",
        &[
            "17:13: the bracket [ that is opened here is not closed; write ] at its end, or, if this is a text, write it in quotation marks",
        ],
    ),
    (
        "if: [has_secret]",
        "if: [has_secret}",
        &[
            "17:13: the bracket [ that is opened here is closed by }; write ] there, or, if this is a text, write it in quotation marks",
        ],
    ),
    (
        "if: [has_secret]",
        "if: has_secret",
        &[
            "17:13: expected a list, found a text; write `- has_secret` in a line of its own below the key",
        ],
    ),
    (
        "if: [has_secret]",
        "if: has_secret]",
        &[
            "17:13: expected a list, found a text; write `- has_secret]` in a line of its own below the key",
        ],
    ),
    (
        "if: [has_secret]",
        "if: {has_secret}",
        &["17:13: expected a list, found keys and values; write `- ` in front of each item"],
    ),
    (
        "if: [has_secret]",
        "if:",
        &[
            "17:9: expected a list, found nothing; write its items below the key, each with `- ` in front, or leave it out",
        ],
    ),
    (
        "if: [has_secret]",
        "if: [has_secret, [not verified]",
        &[
            "17:13: the bracket [ that is opened here is not closed; write ] at its end, or, if this is a text, write it in quotation marks",
        ],
    ),
    (
        "if: [has_secret]",
        "if: [has_secret not: verified: x]",
        &[
            "17:38: this cannot stand within brackets so; write a comma between two values, and a text that holds any of , : [ ] { } in quotation marks",
        ],
    ),
    (
        "end: true",
        "end: \"true\"",
        &["26:10: expected `true` or `false`, found a text; write `true`"],
    ),
    ("end: true", "end: 1", &["26:10: expected `true` or `false`, found a number; write `true`"]),
    (
        "end: true",
        "end: maybe",
        &["26:10: expected `true` or `false`, found a text; write `true` or `false`"],
    ),
    (
        "end: true",
        "end:",
        &["26:5: expected `true` or `false`, found nothing; write `true` or `false`"],
    ),
    (
        "end: true",
        "end: [true]",
        &["26:10: expected `true` or `false`, found a list; write `true` or `false`"],
    ),
    (
        "end: true",
        "end: \"no\"",
        &["26:10: expected `true` or `false`, found a text; write `false`"],
    ),
    ("after: 5m", "after: 45", &["19:16: `45` is no time; write `45s`"]),
    ("after: 5m", "after: 1:30", &["19:16: `1:30` is no time; write `90s`"]),
    ("after: 5m", "after: 5 minutes", &["19:16: `5 minutes` is no time; write `5m`"]),
    ("after: 5m", "after: 5 m", &["19:16: `5 m` is no time; write `5m`"]),
    (
        "after: 5m",
        "after: soon",
        &[
            "19:16: `soon` is no time; a time is a number and `s`, `m` or `h`, such as `90s`, and at most a day",
        ],
    ),
    (
        "after: 5m",
        "after: 1e3",
        &[
            "19:16: `1e3` is no time; a time is a number and `s`, `m` or `h`, such as `90s`, and at most a day",
        ],
    ),
    (
        "after: 5m",
        "after: ",
        &["19:9: expected a text, found nothing; write the text after it, in the same line"],
    ),
    ("after: 5m", "after: 1.5m", &["19:16: `1.5m` is no time; write `90s`"]),
    ("after: 5m", "after: \"45\"", &["19:16: `45` is no time; write `45s`"]),
    (
        "after: 5m",
        "after: [5m]",
        &[
            "19:16: expected a text, found a list; a text that begins with [ or - stands in quotation marks",
        ],
    ),
    (
        "after: 5m",
        "after: 0",
        &[
            "19:16: `0` is no time; a time is a number and `s`, `m` or `h`, such as `90s`, and at most a day",
        ],
    ),
    (
        "after: 5m",
        "after: -5s",
        &[
            "19:16: `-5s` is no time; a time is a number and `s`, `m` or `h`, such as `90s`, and at most a day",
        ],
    ),
    (
        "start: hello",
        "start: hello\ncredit: { encrypted: 60 }",
        &["3:22: `60` is no part of a grade; write `60%`"],
    ),
    (
        "start: hello",
        "start: hello\ncredit: { encrypted: 0.6 }",
        &["3:22: `0.6` is no part of a grade; write `60%`"],
    ),
    (
        "start: hello",
        "start: hello\ncredit: { encrypted: half }",
        &[
            "3:22: `half` is no part of a grade; that is a whole number from 1 to 99 and `%`, such as `40%`",
        ],
    ),
    (
        "start: hello",
        "start: hello\ncredit: { encrypted: 60 % }",
        &["3:22: `60 %` is no part of a grade; write `60%`"],
    ),
    (
        "start: hello",
        "start: hello\ncredit: 60%",
        &["3:9: expected keys and values, found a text; write `key: value`"],
    ),
    (
        "start: hello",
        "start: hello\ncredit: { encrypted: }",
        &["3:11: expected a text, found nothing; write the text after it, in the same line"],
    ),
    (
        "enter:\n      - say: Hello.",
        "enter: hush",
        &["9:12: expected a list, found a text; write `- hush` in a line of its own below the key"],
    ),
    (
        "enter:\n      - say: Hello.",
        "enter: 404",
        &[
            "9:12: expected a list, found a number; write `- 404` in a line of its own below the key",
        ],
    ),
    (
        "enter:\n      - say: Hello.",
        "enter:\n      say: Hello.",
        &["10:7: expected a list, found keys and values; write `- ` in front of each item"],
    ),
    (
        "enter:\n      - say: Hello.",
        "enter: *hello",
        &[
            "9:12: a text that begins with * stands in quotation marks; write \"*…\"",
            "9:12: expected a list, found a text; write `- *` in a line of its own below the key",
        ],
    ),
    (
        "hello:\n    task",
        "hello:\n    - task",
        &[
            "9:5: a line without `- ` stands here among the items of the list that begins in line 8; write `- ` in front of it, or indent it as the lines that it belongs to",
        ],
    ),
    (
        "  done:\n    end: true",
        "  done: end",
        &["25:9: expected keys and values, found a text; write `key: value`"],
    ),
    (
        "  done:\n    end: true",
        "  done: end:true",
        &[
            "25:9: expected keys and values, found a text; a blank is missing after the colon: write `end: true`",
        ],
    ),
    (
        "title: Tiny",
        "title: 2026",
        &["1:8: expected a text, found a number; write it in quotation marks: `\"2026\"`"],
    ),
    (
        "help: help, how",
        "help:",
        &["4:3: expected a text, found nothing; write the text after it, in the same line"],
    ),
    (
        "help: help, how",
        "help: [help, how]",
        &[
            "4:9: expected a text, found a list; a text that begins with [ or - stands in quotation marks",
        ],
    ),
    (
        "urgent: [help]",
        "urgent: [help",
        &[
            "5:9: the bracket [ that is opened here is not closed; write ] at its end, or, if this is a text, write it in quotation marks",
        ],
    ),
    (
        "when: otr_enabled",
        "when: on",
        &[
            "16:15: unknown event `on`, expected one of: entered, learner_arrived, message_received, plain_message_received, bot_secret_told, shared_secret_told, otr_enabled, otr_disabled, otr_already_setup, otr_trouble, smp_started, smp_question_used, smp_aborted, secret_received, unsafe_secret_received, correct_secret_received, incorrect_secret_received, correct_answer_received, incorrect_answer_received, bot_secret_accepted, bot_secret_rejected",
        ],
    ),
];
