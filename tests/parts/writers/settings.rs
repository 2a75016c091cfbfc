//! Slips in settings. A secret is never repeated.

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
        Err(SettingsError::Faults { problems }) => {
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
    ("password: hunter2", "password: #hunter2", &[]),
    ("password: hunter2", "password: # hunter2", &[]),
    ("password: hunter2", "password: hunter2 #x", &[]),
    ("password: hunter2", "password: hunter2 # of the bot", &[]),
    ("password: hunter2", "password: null", &[]),
    ("password: hunter2", "password: ~", &[]),
    ("password: hunter2", "password: ", &[]),
    ("password: hunter2", "password: \"hunter2", &[]),
    ("password: hunter2", "password: 'hunter2", &[]),
    ("password: hunter2", "password: \"hunter2\" x", &[]),
    ("password: hunter2", "password: @hunter2", &[]),
    ("password: hunter2", "password: `hunter2", &[]),
    ("password: hunter2", "password: %hunter2", &[]),
    ("password: hunter2", "password: *hunter2", &[]),
    ("password: hunter2", "password: *hunter2 x", &[]),
    ("password: hunter2", "password: &hunter2", &[]),
    ("password: hunter2", "password: &hunter2 x", &[]),
    ("password: hunter2", "password: !hunter2", &[]),
    ("password: hunter2", "password: !hunter2 x", &[]),
    ("password: hunter2", "password: |hunter2", &[]),
    ("password: hunter2", "password: >hunter2", &[]),
    ("password: hunter2", "password: [hunter2", &[]),
    ("password: hunter2", "password: [hunter2]", &[]),
    ("password: hunter2", "password: {hunter2", &[]),
    ("password: hunter2", "password: {hunter2: x}", &[]),
    ("password: hunter2", "password: hunter2]", &[]),
    ("password: hunter2", "password: }hunter2", &[]),
    ("password: hunter2", "password: hunter2: x", &[]),
    ("password: hunter2", "password: - hunter2", &[]),
    ("password: hunter2", "password: ? hunter2", &[]),
    ("password: hunter2", "password: yes", &[]),
    ("password: hunter2", "password: true", &[]),
    ("password: hunter2", "password: 12345", &[]),
    ("password: hunter2", "password: 007", &[]),
    ("password: hunter2", "password: 1e3", &[]),
    ("password: hunter2", "password: “hunter2”", &[]),
    ("password: hunter2", "password: \"hunter2\\q\"", &[]),
    ("password: hunter2", "password: hunter2 #x\n        more", &[]),
    ("password: hunter2", "password: 'hunter2'x", &[]),
    ("password: hunter2", "password: hunter2\n      hunter2", &[]),
    ("password: hunter2", "password: hunter2\n        key: hunter2", &[]),
    ("password: hunter2", "password: hunter2\n      password: hunter2", &[]),
    ("password: hunter2", "\tpassword: hunter2", &[]),
    ("password: hunter2", " password: hunter2", &[]),
    ("password: hunter2", "password hunter2", &[]),
    ("password: hunter2", "password:hunter2", &[]),
    ("password: hunter2", "password：hunter2", &[]),
    ("password: hunter2", "password: hunter2\u{7}", &[]),
    ("password: hunter2", "hunter2", &[]),
    ("password: hunter2", "password: null\n      password_file: x.yaml", &[]),
    ("secret: lti-secret", "secret: #hunter2", &[]),
    ("secret: lti-secret", "secret: hunter2 #x", &[]),
    ("secret: lti-secret", "secret: null", &[]),
    ("secret: lti-secret", "secret: lti-secret\n      previous_secret: #hunter2", &[]),
    ("secret: lti-secret", "secret: lti-secret\n      previous_secret: null", &[]),
    ("secret: lti-secret", "secret: lti-secret\n      previous_secret:", &[]),
    ("tls:", "otr:\n  default_secret: #hunter2\ntls:", &[]),
    ("tls:", "otr:\n  default_secret: null\ntls:", &[]),
    ("  ca_certs: null", "  ca_certs: null\ntls:\n  ca_certs: null", &[]),
    ("  ca_certs: null", "ca_certs: null", &[]),
    ("  ca_certs: null", "\tca_certs: null", &[]),
    ("  ca_certs: null", "ca_certs", &[]),
    ("tls:", "tls: [", &[]),
    ("tls:", "---\ntls:", &[]),
    ("tls:\n  ca_certs", "tls:\n   enabled: true\n  ca_certs", &[]),
    ("speed: 20", "speed: \"20\"", &[]),
    ("speed: 20", "speed: 20s", &[]),
    ("speed: 20", "speed: 1_0", &[]),
    ("speed: 20", "speed: fast", &[]),
    ("speed: 20", "speed: [20]", &[]),
    ("speed: 20", "speed: 20.5", &[]),
    ("speed: 20", "speed: 100000000000000000000", &[]),
    ("speed: 20", "speed: -1", &[]),
    ("speed: 20", "speed: ", &[]),
    ("speed: 20", "speed: 20 # signs a second", &[]),
    ("scheduled: true", "scheduled: yes", &[]),
    ("scheduled: true", "scheduled: True", &[]),
    ("scheduled: true", "scheduled: on", &[]),
    ("scheduled: true", "scheduled: no", &[]),
    ("scheduled: true", "scheduled: \"true\"", &[]),
    ("scheduled: true", "scheduled: 1", &[]),
    ("scheduled: true", "scheduled: [true]", &[]),
    ("contact: Ms Smith", "contact: Room 4 #2", &[]),
    ("contact: Ms Smith", "contact: #helpdesk", &[]),
    ("contact: Ms Smith", "contact: # nobody", &[]),
    ("contact: Ms Smith", "contact: Ms Smith: 4", &[]),
    ("contact: Ms Smith", "contact: 404", &[]),
    ("contact: Ms Smith", "contact: yes", &[]),
    ("contact: Ms Smith", "contact: [Smith]", &[]),
    ("bot_alias: Totem", "bot_alias: Totem #1", &[]),
    ("bot_alias: Totem", "bot_alias: yes", &[]),
    ("bot_alias: Totem", "bot_alias: ", &[]),
    ("bot_alias: Totem", "bot_alias: #1", &[]),
    ("bot_alias: Totem", "bot_alias: 1984", &[]),
    ("level: info", "level: off", &[]),
    ("level: info", "level: Off", &[]),
    ("level: info", "level: loud", &[]),
    ("level: info", "level: info # for now", &[]),
    ("default_locale: en_GB", "default_locale: no", &[]),
    ("default_locale: en_GB", "default_locale: # en_GB", &[]),
    ("default_locale: en_GB", "default_locale: #en_GB", &[]),
    ("default_locale: en_GB", "default_locale: \"en_GB", &[]),
    ("default_locale: en_GB", "- default_locale", &[]),
    ("default_locale: en_GB", "default_locale", &[]),
    ("typing:", "typing: 5\ntyping2:", &[]),
];

#[test]
fn every_slip_is_told_in_the_words_of_writers_and_without_secrets() {
    check_slips(RIGHT, SLIPS, told);
}
