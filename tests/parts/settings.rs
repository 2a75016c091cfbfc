//! The settings: the commented sample is valid and complete, and every fault is named in one
//! sentence with its line and key.

use std::path::Path;

use otrbot::settings::{Settings, SettingsError};

/// The smallest settings that are whole.
const LEAST: &str = "
xmpp:
  default_account: totem@localhost
  accounts:
    totem@localhost: { password: hunter2, server: \"127.0.0.1:5222\" }
tls: { ca_certs: null }
lti: { consumers: { key: { secret: lti-secret } } }
";

fn faults(text: &str) -> Vec<String> {
    match Settings::parse(Path::new("settings/x.yaml"), text) {
        Ok(_) => Vec::new(),
        Err(SettingsError::Faults { problems, .. }) => {
            problems.iter().map(ToString::to_string).collect()
        }
        Err(other) => vec![other.to_string()],
    }
}

/// Checks that `text`, appended to the smallest settings, is refused with these words.
#[track_caller]
fn check(text: &str, expected: &str) {
    let found = faults(text);
    assert!(found.iter().any(|fault| fault.contains(expected)), "{expected:?} not in {found:#?}");
    assert!(!found.join("\n").contains("hunter2"), "a secret is in {found:?}");
}

#[test]
fn the_smallest_settings_are_enough() {
    assert_eq!(faults(LEAST), Vec::<String>::new());
}

#[test]
fn the_sample_is_valid() {
    let root = Path::new(env!("CARGO_MANIFEST_DIR"));
    let text = std::fs::read_to_string(root.join("settings/sample.yaml")).unwrap();
    // The authorities of the system are not on every machine that runs tests.
    let text = text.replace("/etc/ssl/certs/ca-certificates.crt", "sample.yaml");

    let settings = Settings::parse(&root.join("settings/sample.yaml"), &text).unwrap();

    assert_eq!(settings.default_locale, "en_GB");
    assert!(settings.store.ends_with("settings/otrbot.db"), "{}", settings.store);
    assert_eq!(settings.xmpp.whitelist.len(), 1);
    assert_eq!(settings.static_folder, None);
}

#[test]
fn an_unknown_key_is_named_with_its_line_and_the_nearest_known_one() {
    check(
        &format!("{LEAST}\ntyping:\n  sped: 3\n"),
        "settings/x.yaml:10: typing.sped: is not a setting; did you mean speed?",
    );
    check(&format!("{LEAST}\nnonsense: 1\n"), "nonsense: is not a setting; the keys here are");
}

#[test]
fn a_contact_is_one_line_that_is_trimmed_and_not_too_long() {
    for (contact, expected) in [
        ("\"a\\nb\"", "x.yaml:9: lessons.contact: must be one line without control characters"),
        ("\"a\\u0007\"", "lessons.contact: must be one line"),
        (&"x".repeat(301), "lessons.contact: is longer than 300 characters"),
        ("[a]", "lessons.contact: is a list, but must be a text"),
    ] {
        check(&format!("{LEAST}\nlessons: {{ contact: {contact} }}\n"), expected);
    }
    check(
        &LEAST.replace("secret: lti-secret", "secret: s, contact: \"a\\tb\""),
        "lti.consumers.key.contact: must be one line",
    );
}

#[test]
fn the_contact_of_a_consumer_goes_before_that_of_the_lessons() {
    let contacts = |of_all: &str, own: &str| {
        let text = LEAST.replace("secret: lti-secret", &format!("secret: s, contact: {own}"));
        let text = format!("{text}\nlessons: {{ contact: {of_all} }}\n");
        Settings::parse(Path::new("settings/x.yaml"), &text).unwrap().contacts()
    };

    let both = contacts("\"  help desk, +31 20 123 456 \"", "the dean");

    assert_eq!(both.of(Some("key")), Some("the dean"));
    assert_eq!(both.of(None), Some("help desk, +31 20 123 456"));
    assert_eq!(contacts(&"ä".repeat(300), "null").of(Some("key")).unwrap().chars().count(), 300);
    assert_eq!(contacts("null", "\" \"").of(Some("key")), None);
}

#[test]
fn all_faults_are_reported_at_once() {
    let text = format!(
        "{LEAST}
session: {{ warning_timeout: 10, session_timeout: 5 }}
typing: {{ scheduled: maybe, speed: -3 }}
metrics: {{ bind: nowhere }}
store: mysql://x
log: {{ level: loud, colours: pink }}
"
    );

    let found = faults(&text);

    assert_eq!(found.len(), 7, "{found:#?}");
}

#[test]
fn a_server_is_host_and_port_and_says_how_tls_begins() {
    let named = |server: &str| LEAST.replace("127.0.0.1:5222", server);
    for server in [
        "localhost:5222",
        "[::1]:5222",
        "xmpps://127.0.0.1:5223",
        "xmpps://localhost:443",
        "xmpps://[::1]:5223",
        "XMPPS://localhost:5223/",
    ] {
        let text = named(server);
        assert_eq!(faults(&text), Vec::<String>::new(), "{server}");
        let settings = Settings::parse(Path::new("settings/x.yaml"), &text).unwrap();
        let account = settings.xmpp.accounts.values().next().unwrap();
        assert_eq!(account.server.as_deref(), Some(server));
    }
    for server in [
        "127.0.0.1",
        "127.0.0.1:0",
        "127.0.0.1:+1",
        "127.0.0.1:5222/",
        "two words:5222",
        "xmpps://127.0.0.1",
        "xmpp://127.0.0.1:5222",
        "tls://127.0.0.1:5223",
        "https://127.0.0.1:5223",
        "xmpps://bot@127.0.0.1:5223",
    ] {
        check(&named(server), "xmpps://host:port for TLS from the first byte");
    }
    check(&named("xmpps://jabber.example.org:5223"), "is not a loopback address");
    check(
        &named("xmpps://127.0.0.1:5223").replace("ca_certs: null", "enabled: false"),
        "is TLS from the first byte, and tls.enabled is false",
    );
    let component = "  component: { jid: bot@lessons.localhost, secret: s, \
        server: \"xmpps://127.0.0.1:5347\" }\n";
    check(
        &LEAST.replace("tls: {", &format!("{component}tls: {{")),
        "a component's stream has no TLS",
    );
}

#[test]
fn what_is_not_allowed_is_said_with_what_is() {
    check(
        &LEAST.replace("totem@localhost\n", "other@localhost\n"),
        "xmpp.default_account: is not among xmpp.accounts",
    );
    check(
        &LEAST.replace("127.0.0.1:5222", "jabber.example.org:5222"),
        "is not a loopback address, and tls.ca_certs is null",
    );
    check(
        &LEAST.replace("ca_certs: null", "ca_certs: null, allow_ssl_fallback: true"),
        "tls.allow_ssl_fallback: must be false",
    );
    check(
        &LEAST.replace("ca_certs: null", "ca_certs: null, version: TLSv1.1"),
        "must be TLSv1.2 or TLSv1.3",
    );
    check(
        &LEAST.replace("consumers:", "bind: \"0.0.0.0:5000\", authenticate: false, consumers:"),
        "lti.authenticate: may be false only where",
    );
    check(&LEAST.replace("{ secret: lti-secret }", "{}"), "lti.consumers.key.secret: is missing");
    for (consumer, expected) in [
        ("secret: s, previous_secret_file: not-there", "not-there, which is not there"),
        ("secret: s, frame_ancestors: [\"lms.example\"]", "lti.consumers.key.frame_ancestors"),
        ("secret: s, frame_ancestors: [\"https://a.example/b\"]", "frame_ancestors"),
        ("secret: s, frame_ancestors: [\"https://*\"]", "frame_ancestors"),
        ("secret: s, frame_ancestors: [\"https://a; script-src *\"]", "frame_ancestors"),
        ("secret: s, frame_ancestors: https://a.example/", "frame_ancestors"),
    ] {
        check(&LEAST.replace("secret: lti-secret", consumer), expected);
    }
    for limit in ["enrolments_per_platform: 0", "enrolments: 5"] {
        let section = format!("lti: {{ limits: {{ {limit} }}, consumers");
        check(&LEAST.replace("lti: { consumers", &section), "lti.limits.");
    }
    for limits in [
        "per_person: 0",
        "in_total: -1",
        "in_total: many",
        "per_week: 3",
        "per_platform: 0",
        "per_platform: 10_000_001",
    ] {
        let section = format!("lti: {{ invitations: {{ {limits} }}, consumers");
        check(&LEAST.replace("lti: { consumers", &section), "lti.invitations.");
    }
    check(&LEAST.replace("password: hunter2", "password: [hunter2]"), "must be a text");
    check(
        &LEAST.replace("password: hunter2", "password_file: not-there"),
        "names the file settings/not-there, which is not there",
    );
    for key in ["static_folder", "locales_folder"] {
        let expected = format!("{key}: names settings/not-there, which is not there");
        check(&format!("{LEAST}\n{key}: not-there\n"), &expected);
    }
    check("xmpp:\n  - 1\n", "xmpp: is a list, but must be a section");
}

#[test]
fn what_is_only_not_there_is_a_missing_dependency() {
    let text = LEAST.replace("{ secret: lti-secret }", "{ secret_file: not-there }");

    let error = Settings::parse(Path::new("settings/x.yaml"), &text).unwrap_err();

    assert!(error.is_missing_dependency(), "{error}");
}

#[test]
fn text_that_is_no_yaml_is_refused_without_quoting_it() {
    check(
        "xmpp: [hunter2\n  foo: {",
        "settings/x.yaml:1: the bracket [ that is opened here is not closed",
    );
    check(
        &format!("{LEAST}{LEAST}"),
        "settings/x.yaml:9: the key `xmpp` is there twice, in line 2 before",
    );
}

#[test]
fn a_file_that_is_not_there_says_what_to_do() {
    let error = Settings::load(Path::new("not/there.yaml")).unwrap_err();

    assert!(error.to_string().contains("copy settings/sample.yaml"), "{error}");
}

#[test]
fn an_address_is_read_as_people_paste_it_and_told_where_that_needed_mending() {
    let text = LEAST
        .replace("totem@localhost: {", "\"xmpp:Totem@localhost?message\": {")
        .replace("tls:", "  whitelist: { \"ada@localhost,\": {}, Ben@Localhost.: {} }\ntls:");
    let settings = Settings::parse(Path::new("settings/x.yaml"), &text).unwrap();

    assert_eq!(settings.xmpp.accounts.keys().next().unwrap().as_str(), "totem@localhost");
    let listed: Vec<&str> = settings.xmpp.whitelist.keys().map(|jid| jid.as_str()).collect();
    assert_eq!(listed, ["ada@localhost", "ben@localhost"]);
    let doubts: Vec<String> = settings.doubts.iter().map(ToString::to_string).collect();
    assert_eq!(
        doubts,
        [
            "settings/x.yaml:4: xmpp.accounts: has \"xmpp:Totem@localhost?message\", which is taken for totem@localhost; write it so",
            "settings/x.yaml:6: xmpp.whitelist: has \"ada@localhost,\", which is taken for ada@localhost; write it so",
        ]
    );
    let clean = Settings::parse(Path::new("settings/x.yaml"), LEAST).unwrap();
    assert_eq!(clean.doubts, []);
}

#[test]
fn what_is_no_address_or_one_twice_is_a_fault() {
    let listed = |name: &str| LEAST.replace("tls:", &format!("  whitelist: {{ {name} }}\ntls:"));
    check(&listed("localhost: {}"), "xmpp.whitelist: has \"localhost\", which has no @");
    check(&listed("a@b@c: {}"), "which is not a Jabber ID such as name@host");
    check(&listed("ada b@c: {}"), "holds other words, too");
    check(&listed("ada@c: {}, Ada@C.: {}"), "xmpp.whitelist: has ada@c twice");
    check(
        &LEAST.replace(
            "tls:",
            "    Totem@localhost.: { password: x, server: \"127.0.0.1:1\" }\ntls:",
        ),
        "xmpp.accounts: has totem@localhost twice",
    );
}
