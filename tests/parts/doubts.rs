//! Settings that are understood and are likely not what was meant, and files of secrets that are not
//! as they should be: each is told with its line and what to write.

#![expect(clippy::unwrap_used, reason = "helpers of a test may fail it")]

use std::{fs, path::Path};

use otrbot::settings::{Settings, SettingsError};
use tempfile::TempDir;

/// Settings of a service for others, without a doubt.
const SERVICE: &str = "
xmpp:
  default_account: totem@jabber.school.nl
  accounts:
    totem@jabber.school.nl: { password: hunter2-hunter2 }
tls: { ca_certs: x.yaml }
lti:
  public_url: https://otrbot.school.nl
  consumers:
    moodle: { secret: 0123456789abcdef0123 }
";

fn load(folder: &Path, text: &str) -> Result<Settings, SettingsError> {
    let file = folder.join("x.yaml");
    fs::write(&file, text).unwrap();
    Settings::load(&file)
}

/// The doubts about a text, or its faults.
fn said(text: &str) -> (Vec<String>, Vec<String>) {
    let folder = TempDir::new().unwrap();
    match load(folder.path(), text) {
        Ok(settings) => (settings.doubts.iter().map(ToString::to_string).collect(), Vec::new()),
        Err(error) => (Vec::new(), error.to_string().lines().map(str::to_owned).collect()),
    }
}

#[track_caller]
fn doubt(text: &str, expected: &str) {
    let (doubts, faults) = said(text);
    assert!(doubts.iter().any(|doubt| doubt.contains(expected)), "{doubts:#?} {faults:#?}");
    assert!(!doubts.join("\n").contains("hunter2"), "{doubts:?}");
}

#[track_caller]
fn fault(text: &str, expected: &str) {
    let (doubts, faults) = said(text);
    assert!(faults.iter().any(|fault| fault.contains(expected)), "{faults:#?} {doubts:#?}");
}

#[test]
fn good_settings_and_those_for_trying_have_no_doubts() {
    assert_eq!(said(SERVICE), (Vec::new(), Vec::new()));
    let root = Path::new(env!("CARGO_MANIFEST_DIR"));
    for name in ["sample", "development"] {
        let text = fs::read_to_string(root.join(format!("settings/{name}.yaml"))).unwrap();
        let text = text.replace("/etc/ssl/certs/ca-certificates.crt", "sample.yaml");
        let file = root.join(format!("settings/{name}.yaml"));
        let settings = Settings::parse(&file, &text).unwrap();
        assert_eq!(settings.doubts, [], "{name}");
    }
}

#[test]
fn examples_that_were_left_as_they_came_are_told_with_their_lines() {
    for (from, to, expected) in [
        (
            "jabber.school.nl",
            "example.org",
            "x.yaml:5: xmpp.accounts.totem@example.org: is still totem@example.org",
        ),
        (
            "https://otrbot.school.nl",
            "https://otrbot.example.org",
            "x.yaml:8: lti.public_url: is still https://otrbot.example.org/",
        ),
        (
            "hunter2-hunter2 }",
            "h, server: \"jabber.example.com:5222\" }",
            "server: is still jabber.example.com",
        ),
        (
            "0123456789abcdef0123",
            "__lti_secret__",
            "x.yaml:10: lti.consumers.moodle.secret: is still a placeholder",
        ),
        ("hunter2-hunter2", "change me", "password: is still a placeholder"),
        ("moodle", "__consumer_key__", "lti.consumers.__consumer_key__: is still a placeholder"),
        (
            "0123 }",
            "0123, frame_ancestors: [\"https://canvas.example.org\"] }",
            "frame_ancestors: is still",
        ),
        (
            "  public_url",
            "  css_url: https://www.example.net/x.css\n  public_url",
            "x.yaml:8: lti.css_url: is still",
        ),
        (
            "tls:",
            "  whitelist: { ada@example.org: {} }\ntls:",
            "xmpp.whitelist.ada@example.org: is still",
        ),
    ] {
        doubt(&SERVICE.replace(from, to), expected);
    }
    let root = Path::new(env!("CARGO_MANIFEST_DIR"));
    let text = fs::read_to_string(root.join("packaging/settings.yaml")).unwrap();
    for part in ["xmpp-password", "pages-key", "lti-secret"] {
        assert!(text.contains(part));
    }
    let folder = TempDir::new().unwrap();
    for name in ["xmpp-password", "pages-key", "lti-secret"] {
        fs::write(folder.path().join(name), "0123456789abcdef0123456789abcdef\n").unwrap();
    }
    for name in ["lessons", "locales", "static"] {
        fs::create_dir(folder.path().join(name)).unwrap();
    }
    let settings = load(folder.path(), &text).unwrap();
    let keys: Vec<&str> = settings.doubts.iter().map(|doubt| doubt.key.as_str()).collect();
    assert_eq!(keys, ["xmpp.accounts.otrbot@example.org", "lti.public_url"]);
}

#[test]
fn what_works_and_is_hardly_meant_is_told() {
    for (from, to, expected) in [
        (
            "0123456789abcdef0123",
            "short",
            "lti.consumers.moodle.secret: has fewer than 16 characters",
        ),
        (
            "0123 }",
            "0123 }\n    canvas: { secret: 0123456789abcdef0123 }",
            "lti.consumers.moodle.secret: is the secret of canvas as well",
        ),
        ("moodle:", "\" moodle\":", "begins or ends with a blank"),
        ("https://otrbot", "http://otrbot", "lti.public_url: is not https"),
        (
            "  public_url",
            "  css_url: http://school.nl/x.css\n  public_url",
            "lti.css_url: is not https",
        ),
        (
            "https://otrbot.school.nl",
            "null",
            "x.yaml:8: lti.public_url: is empty, and is taken as http://127.0.0.1:5000/",
        ),
        ("https://otrbot.school.nl", "\"https://otrbot.school.nl \"", "has blanks around it"),
        (
            "hunter2-hunter2",
            "\"hunter2 \"",
            "x.yaml:5: xmpp.accounts.totem@jabber.school.nl.password: begins or ends with a blank",
        ),
        ("tls:", "  whitelist: { totem@jabber.school.nl: {} }\ntls:", "the bot itself"),
        (
            "tls:",
            "  component: { jid: bot@l.school.nl, secret: 0123456789abcdef }\ntls:",
            "x.yaml:3: xmpp.default_account: names totem@jabber.school.nl, and xmpp.component goes before it",
        ),
        (
            "tls:",
            "session: { warning_timeout: 1, session_timeout: 2 }\ntls:",
            "session.warning_timeout: is 1 s",
        ),
        ("tls:", "typing: { speed: 1 }\ntls:", "typing.speed: is 1 characters a second"),
        (
            "tls:",
            "format_strings: { bot_titel: x }\ntls:",
            "x.yaml:6: format_strings.bot_titel: is none of the program's names; did you mean bot_title?",
        ),
        ("tls:", "format_strings: { \"a b\": x }\ntls:", "cannot be used in a text"),
    ] {
        doubt(&SERVICE.replace(from, to), expected);
    }
}

#[test]
fn a_public_url_that_none_is_says_what_to_write() {
    for (url, expected) in [
        ("\"\"", "it is empty"),
        ("otrbot.school.nl", "write https://otrbot.school.nl"),
        ("\"https://otrbot school.nl\"", "it has blanks in it"),
        ("ftp://otrbot.school.nl", "ftp:// is for another kind of address"),
        ("https://ada:hunter2@otrbot.school.nl", "it has a name or a password before @"),
        ("\"https://otrbot.school.nl/#top\"", "it has a part after #"),
        ("\"https://\"", "its host or its port is none"),
        ("https:/otrbot.school.nl", "write https://otrbot.school.nl"),
        ("https://::1:5000", "an IPv6 address stands in brackets"),
    ] {
        let text = SERVICE.replace("https://otrbot.school.nl", url);
        fault(
            &text,
            "x.yaml:8: lti.public_url: must be a URL that begins with https:// or http://; ",
        );
        fault(&text, expected);
        assert!(!said(&text).1.join("\n").contains("hunter2"));
    }
}

#[test]
fn files_of_secrets_are_one_line_of_text() {
    let folder = TempDir::new().unwrap();
    let text = SERVICE.replace("password: hunter2-hunter2", "password_file: pw");
    let told = |content: &[u8]| {
        fs::write(folder.path().join("pw"), content).unwrap();
        match load(folder.path(), &text) {
            Ok(settings) => {
                let account = settings.xmpp.accounts.into_values().next().unwrap();
                let password =
                    secrecy::ExposeSecret::expose_secret(&account.password.unwrap()).to_owned();
                let doubts: Vec<String> = settings.doubts.iter().map(ToString::to_string).collect();
                format!("{password:?} {}", doubts.join("\n"))
            }
            Err(error) => error.to_string(),
        }
    };

    for fine in [&b"hunter2"[..], b"hunter2\n", b"hunter2\r\n", b"\xef\xbb\xbfhunter2\n"] {
        assert_eq!(told(fine), "\"hunter2\" ");
    }
    assert!(told(b"hunter2 \n").contains("begins or ends with a blank"));
    for (content, expected) in [
        (&b"one\ntwo\n"[..], "holds several lines"),
        (b"", "is empty"),
        (b" \n", "is empty"),
        (
            b"caf\xe9\n",
            "is not in UTF-8: byte 4, in line 1, is 0xE9, as in Windows-1252 or Latin-1; save it as UTF-8",
        ),
        (b"\xff\xfeh\0\n\0", "is in UTF-16; save it as UTF-8"),
    ] {
        let said = told(content);
        assert!(
            said.contains("x.yaml:5: xmpp.accounts.totem@jabber.school.nl.password_file: names "),
            "{said}"
        );
        assert!(said.contains(expected), "{said}");
    }
}

#[test]
fn settings_in_another_encoding_are_no_absent_ones() {
    let folder = TempDir::new().unwrap();
    let file = folder.path().join("x.yaml");
    fs::write(&file, b"a: 1\nb: caf\xe9\n").unwrap();

    let error = Settings::load(&file).unwrap_err();
    let folder_error = Settings::load(folder.path()).unwrap_err();

    assert!(matches!(error, SettingsError::Faults { .. }), "{error}");
    let expected = "x.yaml:2: is not in UTF-8: byte 12, in line 2, is 0xE9";
    assert!(error.to_string().contains(expected), "{error}");
    assert!(
        folder_error.to_string().contains("is a folder, not a file; name the file in it"),
        "{folder_error}"
    );
}

#[test]
fn one_fault_hides_no_other() {
    let text = SERVICE.replace("https://otrbot.school.nl", "ftp://otrbot.school.nl");
    let text = format!("{text}default_locale: tlh\nstore: sqlite:///not/there/x.db\n");
    let folder = tempfile::tempdir().unwrap();
    fs::write(folder.path().join("s.yaml"), text).unwrap();

    let said = std::process::Command::new(env!("CARGO_BIN_EXE_otrbot"))
        .args(["--settings", "s.yaml", "check"])
        .current_dir(folder.path())
        .output()
        .unwrap();

    let told = String::from_utf8(said.stderr).unwrap();
    assert_eq!(said.status.code(), Some(4), "{told}");
    for part in ["lti.public_url: must be a URL", "default_locale: there are no texts", "store: "] {
        assert_eq!(told.matches(part).count(), 1, "{part}: {told}");
    }
}
