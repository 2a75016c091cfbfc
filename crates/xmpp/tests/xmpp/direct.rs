//! Streams whose TLS begins with the first byte (XEP-0368).

use std::{path::Path, time::Duration};

use rustls::server::Acceptor;
use tokio::net::TcpListener;
use tokio_rustls::LazyConfigAcceptor;
use xmpp::{Component, ConfigError, Down, Pace, start, start_component};

use support::{
    client::{Client, account, account_at, brisk},
    prosody::{Options, Prosody, make_certificates},
};

use crate::scripted::{accept, address, listen, tls, until};

fn prosody() -> Prosody {
    Prosody::start_with(&[("bot", "pw")], Options { direct_tls: true, ..Options::default() })
}

/// `host:port` as the settings write it for direct TLS.
fn direct(address: &str) -> String {
    format!("xmpps://{address}")
}

#[tokio::test]
async fn a_named_server_is_reached_by_direct_tls() {
    let server = prosody();
    let mut account = account(&server, "bot", "pw");
    account.server = Some(direct(&server.direct_addr()));

    let mut bot = Client::start(account);
    let online = bot.online().await;

    assert_eq!(online.mechanism, "SCRAM-SHA-256");
    assert_eq!(online.negotiated.unwrap().version, "TLSv1.3");
}

#[tokio::test]
async fn a_certificate_of_another_authority_is_refused_with_direct_tls_too() {
    let (server, other) = (prosody(), Prosody::start(&[]));
    let place = direct(&server.direct_addr());

    let mut bot = Client::start(account_at(place.clone(), "bot", "pw", Some(other.ca_file())));
    let (why, retry_in) = bot.offline().await;

    assert!(matches!(&why, Down::Certificate { server, .. } if *server == place), "{why}");
    assert_eq!(retry_in, None);
}

#[tokio::test]
async fn the_handshake_names_protocol_and_domain_whatever_the_server_is_called() {
    let folder = tempfile::tempdir().unwrap();
    make_certificates(folder.path(), "xn--bcher-kva.example");
    let listener = TcpListener::bind("127.0.0.1:0").await.unwrap();
    let mut account = account_at(direct(&address(&listener)), "bot", "pw", None);
    account.jid = "bot@b\u{fc}cher.example".parse().unwrap();
    account.tls.ca_certs = Some(folder.path().join("ca.crt"));
    let _bot = Client::start(account);

    let hello = LazyConfigAcceptor::new(Acceptor::default(), accept(&listener).await).await;
    let hello = hello.unwrap();
    let (name, protocols) = {
        let said = hello.client_hello();
        let protocols: Vec<_> = said.alpn().unwrap().map(<[u8]>::to_vec).collect();
        (said.server_name().map(str::to_owned), protocols)
    };
    let mut stream = hello.into_stream(tls(folder.path(), &["xmpp-client"])).await.unwrap();
    let opening = until(&mut stream, "xml:lang='en'>").await;

    assert_eq!(name.as_deref(), Some("xn--bcher-kva.example"));
    assert_eq!(protocols, [b"xmpp-client"]);
    assert!(opening.contains("to='b\u{fc}cher.example'"), "{opening}");
    assert!(opening.contains("from='bot@b\u{fc}cher.example'"), "{opening}");
}

/// What is said of a server with this certificate and these protocols.
async fn shaken(folder: &Path, protocols: &[&str]) -> Down {
    let (listener, mut account) = listen().await;
    account.server = account.server.map(|server| direct(&server));
    account.tls.ca_certs = Some(folder.join("ca.crt"));
    let mut bot = Client::start(account);
    let acceptor = tokio_rustls::TlsAcceptor::from(tls(folder, protocols));
    let served = async {
        let stream = acceptor.accept(accept(&listener).await).await;
        std::future::pending::<()>().await;
        drop(stream);
    };
    tokio::select! {
        (why, _) = bot.offline() => why,
        () = served => panic!("served"),
    }
}

#[tokio::test]
async fn a_server_of_another_protocol_is_told_as_such() {
    let folder = tempfile::tempdir().unwrap();
    make_certificates(folder.path(), "localhost");

    let why = shaken(folder.path(), &["http/1.1"]).await;

    assert!(matches!(&why, Down::TlsFailed { .. }), "{why}");
    assert!(why.to_string().contains("ALPN xmpp-client"), "{why}");
}

#[tokio::test]
async fn a_certificate_for_another_name_is_told_with_both_names() {
    let folder = tempfile::tempdir().unwrap();
    make_certificates(folder.path(), "mail.example.org");

    let why = shaken(folder.path(), &[]).await;

    assert!(matches!(&why, Down::Certificate { .. }), "{why}");
    for part in ["mail.example.org", "the account's domain, localhost"] {
        assert!(why.to_string().contains(part), "{why}");
    }
}

#[tokio::test]
async fn a_port_of_the_other_kind_is_told_as_such() {
    let server = prosody();
    let mut wrong = account(&server, "bot", "pw");

    wrong.server = Some(direct(&server.c2s_addr()));
    let (why, retry_in) = Client::start(wrong.clone()).offline().await;
    assert!(matches!(&why, Down::TlsFailed { .. }), "{why}");
    assert!(why.to_string().contains("without xmpps://"), "{why}");
    assert!(retry_in.is_some());

    wrong.server = Some(server.direct_addr());
    let (why, retry_in) = Client::start(wrong).offline().await;
    assert!(matches!(&why, Down::TlsFailed { .. }), "{why}");
    assert!(why.to_string().contains(&direct(&server.direct_addr())), "{why}");
    assert!(retry_in.is_some());
}

#[tokio::test]
async fn a_handshake_that_never_ends_is_given_up_and_tried_again() {
    let (listener, mut account) = listen().await;
    account.server = account.server.map(|server| direct(&server));
    let pace = Pace { setup: Duration::from_millis(200), ..brisk() };
    let mut bot = Client::start_paced(account, pace);

    let _first = accept(&listener).await;
    let (why, retry_in) = bot.offline().await;

    assert_eq!(why, Down::Timeout("while securing the stream"));
    assert!(retry_in.is_some());
    let _second = accept(&listener).await;
}

#[tokio::test]
async fn direct_tls_where_there_is_no_tls_is_refused_at_once() {
    let mut account = account_at("xmpps://127.0.0.1:5223".to_owned(), "bot", "pw", None);
    account.tls.enabled = false;
    let error = start(account).unwrap_err();
    assert!(matches!(error, ConfigError::DirectTls { .. }), "{error}");

    let component = Component {
        jid: "bot@lessons.localhost".parse().unwrap(),
        resource: "otrbot".to_owned(),
        secret: "secret".to_owned().into(),
        server: "xmpps://127.0.0.1:5347".to_owned(),
    };
    let error = start_component(&component, Pace::default()).unwrap_err();
    assert!(matches!(error, ConfigError::DirectTls { .. }), "{error}");
}
