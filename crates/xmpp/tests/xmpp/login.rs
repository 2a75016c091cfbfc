//! From nothing to a bound resource, and the ways in which that fails.

use std::time::Duration;

use xmpp::{ConfigError, Down, Event, TlsVersion, parse_cipher, start};

use support::{
    client::{Client, account, account_at},
    prosody::{Options, Prosody},
};

#[tokio::test]
async fn scram_over_a_checked_certificate() {
    let server = Prosody::start(&[("bot", "p\u{e4}ss=,word")]);

    let mut bot = Client::start(account(&server, "bot", "p\u{e4}ss=,word"));
    let online = bot.online().await;

    assert_eq!(online.jid, "bot@localhost/otrbot");
    assert_eq!(online.mechanism, "SCRAM-SHA-256");
    assert!(!online.resumed);
    assert_eq!(online.negotiated.unwrap().version, "TLSv1.3");
    assert!(bot.stop().await < Duration::from_secs(2));
}

#[tokio::test]
async fn a_wrong_password_is_refused_for_good() {
    let server = Prosody::start(&[("bot", "right")]);

    let mut bot = Client::start(account(&server, "bot", "mistyped"));
    let (why, retry_in) = bot.offline().await;

    assert!(
        matches!(&why, Down::AuthRefused { condition, .. } if condition == "not-authorized"),
        "{why}"
    );
    assert!(why.is_fatal());
    assert_eq!(retry_in, None);
    assert!(!format!("{why} {why:?}").contains("mistyped"));
    assert!(bot.stop().await < Duration::from_secs(1));
}

#[tokio::test]
async fn a_certificate_of_another_authority_is_refused_for_good() {
    let server = Prosody::start(&[("bot", "pw")]);
    let other = Prosody::start(&[]);

    let mut bot = Client::start(account_at(server.c2s_addr(), "bot", "pw", Some(other.ca_file())));
    let (why, retry_in) = bot.offline().await;

    assert!(matches!(&why, Down::Certificate { .. }), "{why}");
    assert_eq!(retry_in, None);
    assert!(!server.log().contains("Authenticated"));
}

#[tokio::test]
async fn an_unchecked_certificate_will_do_on_loopback() {
    let server = Prosody::start(&[("bot", "pw")]);

    let mut bot = Client::start(account_at(server.c2s_addr(), "bot", "pw", None));

    assert_eq!(bot.online().await.mechanism, "SCRAM-SHA-256");
}

#[tokio::test]
async fn versions_and_ciphers_are_those_configured() {
    let server = Prosody::start(&[("bot", "pw")]);
    let mut restricted = account(&server, "bot", "pw");
    let cipher = "ECDHE-ECDSA-CHACHA20-POLY1305";
    restricted.tls.cipher_suites = vec![parse_cipher(cipher).unwrap()];

    let mut bot = Client::start(restricted);
    let negotiated = bot.online().await.negotiated.unwrap();

    assert_eq!(negotiated.version, "TLSv1.2");
    assert_eq!(negotiated.cipher, "TLS_ECDHE_ECDSA_WITH_CHACHA20_POLY1305_SHA256");
}

#[tokio::test]
async fn a_server_with_older_tls_is_a_mismatch() {
    let options = Options { ssl: vec!["protocol = \"tlsv1_2\"".to_owned()], ..Options::default() };
    let server = Prosody::start_with(&[("bot", "pw")], options);
    let mut newer = account(&server, "bot", "pw");
    newer.tls.min_version = TlsVersion::V1_3;

    let mut bot = Client::start(newer);
    let (why, retry_in) = bot.offline().await;

    assert!(matches!(&why, Down::TlsMismatch { .. }), "{why}");
    assert_eq!(retry_in, None);
}

#[tokio::test]
async fn without_tls_scram_still_hides_the_password() {
    let server = Prosody::start(&[("bot", "pw")]);
    let mut open = account(&server, "bot", "pw");
    open.tls.enabled = false;
    open.allow_plain_text = true;

    let mut bot = Client::start(open);
    let online = bot.online().await;

    assert_eq!(online.mechanism, "SCRAM-SHA-256");
    assert_eq!(online.negotiated, None);
}

#[tokio::test]
async fn plain_only_when_asked_for() {
    let options = Options {
        global: "disable_sasl_mechanisms = { \"SCRAM-SHA-1\", \"SCRAM-SHA-256\" }".to_owned(),
        ..Options::default()
    };
    let server = Prosody::start_with(&[("bot", "pw")], options);
    let mut plain = account(&server, "bot", "pw");

    let mut bot = Client::start(plain.clone());
    let (why, retry_in) = bot.offline().await;
    assert!(matches!(&why, Down::NoMechanism { .. }), "{why}");
    assert!(why.to_string().contains("PLAIN"), "{why}");
    assert_eq!(retry_in, None);

    plain.allow_plain_text = true;
    let mut bot = Client::start(plain);
    assert_eq!(bot.online().await.mechanism, "PLAIN");
}

#[tokio::test]
async fn a_domain_that_the_server_lacks_is_fatal() {
    let server = Prosody::start(&[("bot", "pw")]);
    let mut elsewhere = account(&server, "bot", "pw");
    elsewhere.jid = "bot@example.org".parse().unwrap();
    elsewhere.tls.ca_certs = None;

    let mut bot = Client::start(elsewhere);
    let (why, retry_in) = bot.offline().await;

    assert_eq!(why, Down::HostUnknown { domain: "example.org".to_owned() });
    assert_eq!(retry_in, None);
}

#[tokio::test]
async fn accounts_that_can_never_work_are_refused_at_once() {
    let good = account_at("127.0.0.1:5222".to_owned(), "bot", "pw", None);

    let mut account = good.clone();
    account.jid = "localhost".parse().unwrap();
    assert!(matches!(start(account), Err(ConfigError::NoLocalPart { .. })));

    let mut account = good.clone();
    account.resource = String::new();
    assert!(matches!(start(account), Err(ConfigError::Resource { .. })));

    let mut account = good.clone();
    account.server = Some("127.0.0.1".to_owned());
    assert!(matches!(start(account), Err(ConfigError::Server { .. })));

    let mut account = good.clone();
    account.server = Some("192.0.2.1:5222".to_owned());
    assert!(matches!(start(account), Err(ConfigError::UncheckedServer { .. })));

    let mut account = good.clone();
    account.tls.ca_certs = Some("/nonexistent/ca.crt".into());
    let error = start(account).unwrap_err();
    assert!(error.to_string().contains("/nonexistent/ca.crt"), "{error}");

    let empty = tempfile::NamedTempFile::new().unwrap();
    let mut account = good;
    account.tls.ca_certs = Some(empty.path().to_owned());
    let error = start(account).unwrap_err();
    assert!(matches!(&error, ConfigError::NoCertificates { .. }));
    assert!(error.to_string().contains(&empty.path().display().to_string()));
}

#[tokio::test]
async fn stop_while_offline_ends_at_once() {
    let nobody = account_at("127.0.0.1:1".to_owned(), "bot", "pw", None);
    let mut bot = Client::start(nobody);
    let (why, retry_in) = bot.offline().await;
    assert!(matches!(why, Down::Unreachable { .. }), "{why}");
    assert!(retry_in.is_some());

    bot.send(support::client::message("a@b", "x"), Some(7)).await;
    loop {
        match bot.event().await.unwrap() {
            Event::Lost(tags) => {
                assert_eq!(tags, [7]);
                break;
            }
            Event::Offline { .. } => {}
            other => panic!("{other:?}"),
        }
    }
    assert!(bot.stop().await < Duration::from_secs(1));
}
