//! Slips in settings that are no secrets.

use super::super::slips::Slip;

pub(super) const SLIPS: &[Slip<'_>] = &[
    (
        "  ca_certs: null",
        "  ca_certs: null\ntls:\n  ca_certs: null",
        &["x.yaml:9: the key `tls` is there twice, in line 7 before; keep one of the two"],
    ),
    (
        "  ca_certs: null",
        "ca_certs: null",
        &[
            "x.yaml:8: ca_certs: is not a setting; the keys here are default_locale, format_strings, lessons, locales_folder, log, lti, metrics, otr, retention, session, static_folder, store, tls, typing, xmpp",
        ],
    ),
    (
        "  ca_certs: null",
        "\tca_certs: null",
        &["x.yaml:8: the line is indented with a tab; indent it with blanks (the space bar) alone"],
    ),
    (
        "  ca_certs: null",
        "ca_certs",
        &[
            "x.yaml:8: the line has no key with a colon; write `key: value`, or, if it goes on with the text of the line above, indent it further than that",
        ],
    ),
    (
        "tls:",
        "tls: [",
        &[
            "x.yaml:7: the bracket [ that is opened here is not closed; write ] at its end, or, if this is a text, write it in quotation marks",
        ],
    ),
    (
        "tls:",
        "---\ntls:",
        &[
            "x.yaml:7: what stands here begins a second part, and a file has one; take out the line with --- or ...",
        ],
    ),
    (
        "tls:\n  ca_certs",
        "tls:\n   enabled: true\n  ca_certs",
        &[
            "x.yaml:9: the line is indented by 2 blanks, which fits no line above; indent it by no blanks as line 7, or by 3 blanks as line 8",
        ],
    ),
    (
        "speed: 20",
        "speed: \"20\"",
        &[
            "x.yaml:14: typing.speed: must be a whole number of characters a second from 1 to 10000; write 20",
        ],
    ),
    (
        "speed: 20",
        "speed: 20s",
        &[
            "x.yaml:14: typing.speed: must be a whole number of characters a second from 1 to 10000; write 20",
        ],
    ),
    (
        "speed: 20",
        "speed: 1_0",
        &[
            "x.yaml:14: typing.speed: must be a whole number of characters a second from 1 to 10000; write 10",
        ],
    ),
    (
        "speed: 20",
        "speed: fast",
        &["x.yaml:14: typing.speed: must be a whole number of characters a second from 1 to 10000"],
    ),
    (
        "speed: 20",
        "speed: [20]",
        &["x.yaml:14: typing.speed: must be a whole number of characters a second from 1 to 10000"],
    ),
    (
        "speed: 20",
        "speed: 20.5",
        &["x.yaml:14: typing.speed: must be a whole number of characters a second from 1 to 10000"],
    ),
    (
        "speed: 20",
        "speed: 100000000000000000000",
        &["x.yaml:14: typing.speed: must be a whole number of characters a second from 1 to 10000"],
    ),
    (
        "speed: 20",
        "speed: -1",
        &["x.yaml:14: typing.speed: must be a whole number of characters a second from 1 to 10000"],
    ),
    ("speed: 20", "speed: ", &[]),
    ("speed: 20", "speed: 20 # signs a second", &[]),
    (
        "scheduled: true",
        "scheduled: yes",
        &["x.yaml:15: typing.scheduled: is taken for true; write true"],
    ),
    (
        "scheduled: true",
        "scheduled: True",
        &["x.yaml:15: typing.scheduled: is taken for true; write true"],
    ),
    (
        "scheduled: true",
        "scheduled: on",
        &["x.yaml:15: typing.scheduled: is taken for true; write true"],
    ),
    (
        "scheduled: true",
        "scheduled: no",
        &["x.yaml:15: typing.scheduled: is taken for false; write false"],
    ),
    (
        "scheduled: true",
        "scheduled: \"true\"",
        &["x.yaml:15: typing.scheduled: is a text, but must be true or false"],
    ),
    (
        "scheduled: true",
        "scheduled: 1",
        &["x.yaml:15: typing.scheduled: is a whole number, but must be true or false"],
    ),
    (
        "scheduled: true",
        "scheduled: [true]",
        &["x.yaml:15: typing.scheduled: is a list, but must be true or false"],
    ),
    (
        "contact: Ms Smith",
        "contact: Room 4 #2",
        &[
            "x.yaml:17: lessons.contact: ends before the # in its line, which begins a comment; put the whole of it in quotation marks, or the comment in a line of its own",
        ],
    ),
    (
        "contact: Ms Smith",
        "contact: #helpdesk",
        &[
            "x.yaml:17: lessons.contact: is nothing, for what follows # is a comment; put the value in quotation marks",
        ],
    ),
    ("contact: Ms Smith", "contact: # nobody", &[]),
    (
        "contact: Ms Smith",
        "contact: Ms Smith: 4",
        &[
            "x.yaml:17: a colon with a blank after it stands within a text here, as if the text before it were a key; write the whole text in quotation marks",
        ],
    ),
    ("contact: Ms Smith", "contact: 404", &[]),
    (
        "contact: Ms Smith",
        "contact: yes",
        &[
            "x.yaml:17: lessons.contact: is `true` or `false`, but must be a text; put it in quotation marks",
        ],
    ),
    (
        "contact: Ms Smith",
        "contact: [Smith]",
        &["x.yaml:17: lessons.contact: is a list, but must be a text; put it in quotation marks"],
    ),
    (
        "bot_alias: Totem",
        "bot_alias: Totem #1",
        &[
            "x.yaml:19: format_strings.bot_alias: ends before the # in its line, which begins a comment; put the whole of it in quotation marks, or the comment in a line of its own",
        ],
    ),
    (
        "bot_alias: Totem",
        "bot_alias: yes",
        &[
            "x.yaml:19: format_strings.bot_alias: is `true` or `false`, but must be a text; put it in quotation marks",
        ],
    ),
    (
        "bot_alias: Totem",
        "bot_alias: ",
        &[
            "x.yaml:19: format_strings.bot_alias: is nothing, but must be a text; put it in quotation marks",
        ],
    ),
    (
        "bot_alias: Totem",
        "bot_alias: #1",
        &[
            "x.yaml:19: format_strings.bot_alias: is nothing, but must be a text; put it in quotation marks",
        ],
    ),
    ("bot_alias: Totem", "bot_alias: 1984", &[]),
    ("level: info", "level: off", &[]),
    ("level: info", "level: Off", &[]),
    (
        "level: info",
        "level: loud",
        &["x.yaml:21: log.level: must be error, warn, info, debug, trace or off"],
    ),
    ("level: info", "level: info # for now", &[]),
    ("default_locale: en_GB", "default_locale: no", &[]),
    ("default_locale: en_GB", "default_locale: # en_GB", &[]),
    (
        "default_locale: en_GB",
        "default_locale: #en_GB",
        &[
            "x.yaml:22: default_locale: is nothing, for what follows # is a comment; put the value in quotation marks",
        ],
    ),
    (
        "default_locale: en_GB",
        "default_locale: \"en_GB",
        &[
            "x.yaml:22: the quotation mark \" that is opened here is not closed; write \" at the end of the text",
        ],
    ),
    (
        "default_locale: en_GB",
        "- default_locale",
        &[
            "x.yaml:22: an item of a list (`- …`) stands here among the keys that begin in line 1; write it below the key that it belongs to, indented as the other items there",
        ],
    ),
    (
        "default_locale: en_GB",
        "default_locale",
        &[
            "x.yaml:22: the line has no key with a colon; write `key: value`, or, if it goes on with the text of the line above, indent it further than that",
        ],
    ),
    (
        "typing:",
        "typing: 5\ntyping2:",
        &[
            "x.yaml:13: typing: is a whole number, but must be a section with keys of its own",
            "x.yaml:14: typing2: is not a setting; did you mean typing?",
        ],
    ),
];
