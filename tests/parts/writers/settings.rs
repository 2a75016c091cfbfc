//! Slips in settings. A secret is never repeated.

mod others;

use std::path::Path;

use otrbot::settings::{Settings, SettingsError};

use super::slips::{Slip, check_slips};

const RIGHT: &str = "\
xmpp:
  default_account: totem@localhost
  accounts:
    totem@localhost:
      password: hunter2
      server: \"127.0.0.1:5222\"
tls:
  ca_certs: null
lti:
  consumers:
    key:
      secret: lti-secret
typing:
  speed: 20
  scheduled: true
lessons:
  contact: Ms Smith
format_strings:
  bot_alias: Totem
log:
  level: info
default_locale: en_GB
";

pub(super) fn told(yaml: &str) -> Vec<String> {
    let told: Vec<String> = match Settings::parse(Path::new("x.yaml"), yaml) {
        Ok(settings) => settings.doubts.iter().map(ToString::to_string).collect(),
        Err(SettingsError::Faults { problems, .. }) => {
            problems.iter().map(ToString::to_string).collect()
        }
        Err(other) => vec![other.to_string()],
    };
    for line in &told {
        assert!(!line.contains("hunter2") && !line.contains("lti-secret"), "a secret: {line}");
    }
    told
}

const SLIPS: &[Slip<'_>] = &[
    (
        "password: hunter2",
        "password: #hunter2",
        &[
            "x.yaml:5: xmpp.accounts.totem@localhost.password: is nothing, for what follows # is a comment; put the value in quotation marks",
        ],
    ),
    (
        "password: hunter2",
        "password: # hunter2",
        &[
            "x.yaml:5: xmpp.accounts.totem@localhost.password: is nothing, for what follows # is a comment; put the value in quotation marks",
        ],
    ),
    (
        "password: hunter2",
        "password: hunter2 #x",
        &[
            "x.yaml:5: xmpp.accounts.totem@localhost.password: ends before the # in its line, which begins a comment; put the whole of it in quotation marks, or the comment in a line of its own",
        ],
    ),
    (
        "password: hunter2",
        "password: hunter2 # of the bot",
        &[
            "x.yaml:5: xmpp.accounts.totem@localhost.password: ends before the # in its line, which begins a comment; put the whole of it in quotation marks, or the comment in a line of its own",
        ],
    ),
    (
        "password: hunter2",
        "password: null",
        &[
            "x.yaml:5: xmpp.accounts.totem@localhost.password: is nothing, for ~ and null stand for it; put the value in quotation marks, or leave the key out",
        ],
    ),
    (
        "password: hunter2",
        "password: ~",
        &[
            "x.yaml:5: xmpp.accounts.totem@localhost.password: is nothing, for ~ and null stand for it; put the value in quotation marks, or leave the key out",
        ],
    ),
    (
        "password: hunter2",
        "password: ",
        &[
            "x.yaml:5: xmpp.accounts.totem@localhost.password: is nothing; write a value in quotation marks, or leave the key out",
        ],
    ),
    (
        "password: hunter2",
        "password: \"hunter2",
        &[
            "x.yaml:5: the quotation mark \" that is opened here is not closed: the text runs on into line 6; write \" at the end of the text",
        ],
    ),
    (
        "password: hunter2",
        "password: 'hunter2",
        &[
            "x.yaml:5: the quotation mark ' that is opened here is not closed; write ' at the end of the text",
        ],
    ),
    (
        "password: hunter2",
        "password: \"hunter2\" x",
        &[
            "x.yaml:5: the quotation mark \" closes before this place, and more follows; write the whole text in quotation marks, and \\\" for each \" within it",
        ],
    ),
    (
        "password: hunter2",
        "password: @hunter2",
        &["x.yaml:5: a text that begins with @ stands in quotation marks; write \"@…\""],
    ),
    (
        "password: hunter2",
        "password: `hunter2",
        &["x.yaml:5: a text that begins with ` stands in quotation marks; write \"`…\""],
    ),
    (
        "password: hunter2",
        "password: %hunter2",
        &["x.yaml:5: a text that begins with % stands in quotation marks; write \"%…\""],
    ),
    (
        "password: hunter2",
        "password: *hunter2",
        &["x.yaml:5: a text that begins with * stands in quotation marks; write \"*…\""],
    ),
    (
        "password: hunter2",
        "password: *hunter2 x",
        &["x.yaml:5: a text that begins with * stands in quotation marks; write \"*…\""],
    ),
    (
        "password: hunter2",
        "password: &hunter2",
        &[
            "x.yaml:5: a text that begins with & stands in quotation marks; write \"&…\"",
            "x.yaml:5: xmpp.accounts.totem@localhost.password: is nothing; write a value in quotation marks, or leave the key out",
        ],
    ),
    (
        "password: hunter2",
        "password: &hunter2 x",
        &["x.yaml:5: a text that begins with & stands in quotation marks; write \"&…\""],
    ),
    (
        "password: hunter2",
        "password: !hunter2",
        &[
            "x.yaml:5: a text that begins with ! stands in quotation marks; write \"!…\"",
            "x.yaml:5: xmpp.accounts.totem@localhost.password: is empty",
        ],
    ),
    (
        "password: hunter2",
        "password: !hunter2 x",
        &["x.yaml:5: a text that begins with ! stands in quotation marks; write \"!…\""],
    ),
    (
        "password: hunter2",
        "password: |hunter2",
        &["x.yaml:5: a text that begins with | stands in quotation marks; write \"|…\""],
    ),
    (
        "password: hunter2",
        "password: >hunter2",
        &["x.yaml:5: a text that begins with > stands in quotation marks; write \">…\""],
    ),
    (
        "password: hunter2",
        "password: [hunter2",
        &[
            "x.yaml:5: the bracket [ that is opened here is not closed; write ] at its end, or, if this is a text, write it in quotation marks",
        ],
    ),
    (
        "password: hunter2",
        "password: [hunter2]",
        &[
            "x.yaml:5: xmpp.accounts.totem@localhost.password: is a list, but must be a text; put it in quotation marks",
        ],
    ),
    (
        "password: hunter2",
        "password: {hunter2",
        &[
            "x.yaml:5: the bracket { that is opened here is not closed; write } at its end, or, if this is a text, write it in quotation marks",
        ],
    ),
    (
        "password: hunter2",
        "password: {hunter2: x}",
        &[
            "x.yaml:5: xmpp.accounts.totem@localhost.password: is a section, but must be a text; put it in quotation marks",
        ],
    ),
    ("password: hunter2", "password: hunter2]", &[]),
    (
        "password: hunter2",
        "password: }hunter2",
        &[
            "x.yaml:5: the bracket } closes nothing; take it out, or, if this is a text, write it in quotation marks",
        ],
    ),
    (
        "password: hunter2",
        "password: hunter2: x",
        &[
            "x.yaml:5: a colon with a blank after it stands within a text here, as if the text before it were a key; write the whole text in quotation marks",
        ],
    ),
    (
        "password: hunter2",
        "password: - hunter2",
        &[
            "x.yaml:5: a list cannot begin in the line of its key; write each of its items in a line of its own below, or, if this is a text, write it in quotation marks",
        ],
    ),
    (
        "password: hunter2",
        "password: ? hunter2",
        &["x.yaml:5: a text that begins with ? stands in quotation marks; write \"?…\""],
    ),
    (
        "password: hunter2",
        "password: yes",
        &[
            "x.yaml:5: xmpp.accounts.totem@localhost.password: is `true` or `false`, but must be a text; put it in quotation marks",
        ],
    ),
    (
        "password: hunter2",
        "password: true",
        &[
            "x.yaml:5: xmpp.accounts.totem@localhost.password: is `true` or `false`, but must be a text; put it in quotation marks",
        ],
    ),
    ("password: hunter2", "password: 12345", &[]),
    ("password: hunter2", "password: 007", &[]),
    ("password: hunter2", "password: 1e3", &[]),
    (
        "password: hunter2",
        "password: “hunter2”",
        &[
            "x.yaml:5: xmpp.accounts.totem@localhost.password: begins or ends with a typographic quotation mark, which is a part of it; write \" or ' if quotation marks are meant",
        ],
    ),
    (
        "password: hunter2",
        "password: \"hunter2\\q\"",
        &[
            "x.yaml:5: a backslash within \" \" stands before a sign that it does not go with; write \\\\ for a backslash, or write the text in ' '",
        ],
    ),
    (
        "password: hunter2",
        "password: hunter2 #x\n        more",
        &[
            "x.yaml:5: the text ends here, for what follows # after a blank is a comment, and goes on below; write the whole text in quotation marks",
        ],
    ),
    (
        "password: hunter2",
        "password: 'hunter2'x",
        &[
            "x.yaml:5: the quotation mark ' closes before this place, and more follows; write the whole text in quotation marks, and '' for each ' within it",
        ],
    ),
    (
        "password: hunter2",
        "password: hunter2\n      hunter2",
        &[
            "x.yaml:6: the line has no key with a colon; write `key: value`, or, if it goes on with the text of the line above, indent it further than that",
        ],
    ),
    (
        "password: hunter2",
        "password: hunter2\n        key: hunter2",
        &[
            "x.yaml:6: the line is indented further than line 5, which has its value already; indent it by 6 blanks as line 5, or write the text of line 5 in quotation marks if it goes on here",
        ],
    ),
    (
        "password: hunter2",
        "password: hunter2\n      password: hunter2",
        &["x.yaml:6: the key `password` is there twice, in line 5 before; keep one of the two"],
    ),
    (
        "password: hunter2",
        "\tpassword: hunter2",
        &["x.yaml:5: the line is indented with a tab; indent it with blanks (the space bar) alone"],
    ),
    (
        "password: hunter2",
        " password: hunter2",
        &[
            "x.yaml:6: the line is indented by 6 blanks, which fits no line above; indent it by 4 blanks as line 4, or by 7 blanks as line 5",
        ],
    ),
    (
        "password: hunter2",
        "password hunter2",
        &[
            "x.yaml:5: the line has no key with a colon; write `key: value`, or, if it goes on with the text of the line above, indent it further than that",
        ],
    ),
    (
        "password: hunter2",
        "password:hunter2",
        &["x.yaml:5: a blank is missing after the colon here; write `key: value`"],
    ),
    (
        "password: hunter2",
        "password：hunter2",
        &["x.yaml:5: a blank is missing after the colon here; write `key: value`"],
    ),
    (
        "password: hunter2",
        "password: hunter2\u{7}",
        &["x.yaml:5: a control character (U+0007) stands here, which nobody sees; take it out"],
    ),
    (
        "password: hunter2",
        "hunter2",
        &[
            "x.yaml:5: the line has no key with a colon; write `key: value`, or, if it goes on with the text of the line above, indent it further than that",
        ],
    ),
    (
        "password: hunter2",
        "password: null\n      password_file: x.yaml",
        &[
            "x.yaml:6: xmpp.accounts.totem@localhost.password_file: names the file x.yaml, which is not there",
        ],
    ),
    (
        "secret: lti-secret",
        "secret: #hunter2",
        &[
            "x.yaml:12: lti.consumers.key.secret: is nothing, for what follows # is a comment; put the value in quotation marks",
            "x.yaml:12: lti.consumers.key.secret: is missing: give the shared secret of this consumer",
        ],
    ),
    (
        "secret: lti-secret",
        "secret: hunter2 #x",
        &[
            "x.yaml:12: lti.consumers.key.secret: ends before the # in its line, which begins a comment; put the whole of it in quotation marks, or the comment in a line of its own",
        ],
    ),
    (
        "secret: lti-secret",
        "secret: null",
        &[
            "x.yaml:12: lti.consumers.key.secret: is nothing, for ~ and null stand for it; put the value in quotation marks, or leave the key out",
            "x.yaml:12: lti.consumers.key.secret: is missing: give the shared secret of this consumer",
        ],
    ),
    (
        "secret: lti-secret",
        "secret: lti-secret\n      previous_secret: #hunter2",
        &[
            "x.yaml:13: lti.consumers.key.previous_secret: is nothing, for what follows # is a comment; put the value in quotation marks",
        ],
    ),
    ("secret: lti-secret", "secret: lti-secret\n      previous_secret: null", &[]),
    ("secret: lti-secret", "secret: lti-secret\n      previous_secret:", &[]),
    (
        "tls:",
        "otr:\n  default_secret: #hunter2\ntls:",
        &[
            "x.yaml:8: otr.default_secret: is nothing, for what follows # is a comment; put the value in quotation marks",
        ],
    ),
    ("tls:", "otr:\n  default_secret: null\ntls:", &[]),
];

#[test]
fn every_slip_is_told_in_the_words_of_writers_and_without_secrets() {
    check_slips(RIGHT, &[SLIPS, others::SLIPS].concat(), told);
}
