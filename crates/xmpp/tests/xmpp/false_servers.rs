//! Servers that lie, and what they get for it.

use std::time::Duration;

use base64::{Engine as _, engine::general_purpose::STANDARD as BASE64};
use jid::BareJid;
use tokio::{
    io::{AsyncReadExt as _, AsyncWriteExt as _},
    net::{TcpListener, TcpStream},
};
use xmpp::{Account, Component, Down, Pace};

use support::client::{Client, account_at, brisk};

const OPENING: &str = "<?xml version='1.0'?><stream:stream xmlns='jabber:client' \
    xmlns:stream='http://etherx.jabber.org/streams' id='1' from='localhost' version='1.0'>";
const SCRAM: &str = "<stream:features><mechanisms xmlns='urn:ietf:params:xml:ns:xmpp-sasl'>\
    <mechanism>SCRAM-SHA-1</mechanism></mechanisms></stream:features>";

/// The next client of a server under the test's control.
async fn accept(listener: &TcpListener) -> TcpStream {
    listener.accept().await.unwrap().0
}

async fn listen() -> (TcpListener, Account) {
    let listener = TcpListener::bind("127.0.0.1:0").await.unwrap();
    let address = listener.local_addr().unwrap().to_string();
    let account = account_at(address, "bot", "pw", None);
    (listener, account)
}

async fn until(stream: &mut TcpStream, mark: &str) -> String {
    let mut read = String::new();
    let mut bytes = [0; 4_096];
    while !read.contains(mark) {
        let length = stream.read(&mut bytes).await.unwrap();
        assert!(length > 0, "closed before {mark}: {read}");
        read.push_str(&String::from_utf8_lossy(&bytes[..length]));
    }
    read
}

/// Answers the opening of a stream with these features.
async fn open(stream: &mut TcpStream, features: &str) {
    until(stream, "version='1.0' xml:lang='en'>").await;
    stream.write_all(format!("{OPENING}{features}").as_bytes()).await.unwrap();
}

#[tokio::test]
async fn a_server_without_tls_gets_no_login() {
    let (listener, account) = listen().await;
    let mut bot = Client::start(account);

    let mut stream = accept(&listener).await;
    open(&mut stream, SCRAM).await;

    let (why, retry_in) = bot.offline().await;
    assert!(matches!(why, Down::TlsNotOffered { .. }), "{why}");
    assert_eq!(retry_in, None);
    let mut rest = String::new();
    stream.read_to_string(&mut rest).await.unwrap();
    assert_eq!(rest, "");
}

#[tokio::test]
async fn data_before_the_handshake_is_not_taken_for_secured() {
    let (listener, account) = listen().await;
    let mut bot = Client::start(account);

    let mut stream = accept(&listener).await;
    open(
        &mut stream,
        "<stream:features><starttls xmlns='urn:ietf:params:xml:ns:xmpp-tls'/></stream:features>",
    )
    .await;
    until(&mut stream, "<starttls").await;
    stream
        .write_all(b"<proceed xmlns='urn:ietf:params:xml:ns:xmpp-tls'/><message/>")
        .await
        .unwrap();

    assert!(matches!(bot.offline().await.0, Down::Broken(_)));
}

/// A login by SCRAM in the clear against a server that answers the proof with `success`.
async fn scram(challenge: impl FnOnce(&str) -> String, success: Option<&str>) -> Down {
    let (listener, mut account) = listen().await;
    account.tls.enabled = false;
    let mut bot = Client::start(account);
    let mut stream = accept(&listener).await;
    open(&mut stream, SCRAM).await;
    let auth = until(&mut stream, "</auth>").await;
    let data = auth.rsplit_once("</auth>").unwrap().0.rsplit_once('>').unwrap().1;
    let first = String::from_utf8(BASE64.decode(data).unwrap()).unwrap();
    let nonce = first.rsplit_once("r=").unwrap().1;
    let challenge = BASE64.encode(challenge(nonce));
    let answer =
        format!("<challenge xmlns='urn:ietf:params:xml:ns:xmpp-sasl'>{challenge}</challenge>");
    stream.write_all(answer.as_bytes()).await.unwrap();
    if let Some(success) = success {
        until(&mut stream, "</response>").await;
        let success = BASE64.encode(success);
        let answer =
            format!("<success xmlns='urn:ietf:params:xml:ns:xmpp-sasl'>{success}</success>");
        stream.write_all(answer.as_bytes()).await.unwrap();
    }
    let (why, retry_in) = bot.offline().await;
    assert_eq!(retry_in, None);
    why
}

#[tokio::test]
async fn a_server_that_does_not_know_the_password_is_found_out() {
    let good = |nonce: &str| format!("r={nonce}more,s=c2FsdA==,i=4096");

    for success in ["v=AAAAAAAAAAAAAAAAAAAAAAAAAAA=", ""] {
        let why = scram(good, Some(success)).await;
        assert!(matches!(why, Down::ServerNotGenuine { .. }), "{why}");
    }
    let replayed = scram(|_| "r=other,s=c2FsdA==,i=4096".to_owned(), None).await;
    assert!(matches!(replayed, Down::ServerNotGenuine { .. }), "{replayed}");
    let weak = scram(|nonce| format!("r={nonce}more,s=c2FsdA==,i=1"), None).await;
    assert!(matches!(weak, Down::ServerNotGenuine { .. }), "{weak}");
}

#[tokio::test]
async fn a_success_without_a_proof_is_found_out() {
    let (listener, mut account) = listen().await;
    account.tls.enabled = false;
    let mut bot = Client::start(account);
    let mut stream = accept(&listener).await;
    open(&mut stream, SCRAM).await;
    until(&mut stream, "</auth>").await;
    stream.write_all(b"<success xmlns='urn:ietf:params:xml:ns:xmpp-sasl'/>").await.unwrap();

    assert!(matches!(bot.offline().await.0, Down::ServerNotGenuine { .. }));
}

#[tokio::test]
async fn a_silent_server_is_given_up_and_tried_again() {
    let (listener, account) = listen().await;
    let pace = Pace { setup: Duration::from_millis(200), ..brisk() };
    let mut bot = Client::start_paced(account, pace);

    let _first = accept(&listener).await;
    let (why, retry_in) = bot.offline().await;

    assert!(matches!(why, Down::Timeout(_)), "{why}");
    assert!(retry_in.is_some());
    let _second = accept(&listener).await;
}

#[tokio::test]
async fn what_is_no_xmpp_is_told() {
    let (listener, account) = listen().await;
    let mut bot = Client::start(account);
    let mut stream = accept(&listener).await;
    stream.write_all(b"HTTP/1.1 400 Bad Request\r\n\r\n").await.unwrap();

    assert!(matches!(bot.offline().await.0, Down::Broken(_)));
}

#[tokio::test]
async fn a_stream_that_the_server_closes_is_closed_from_both_sides() {
    let (listener, account) = listen().await;
    let mut bot = Client::component(&Component {
        jid: BareJid::new("bot@lessons.localhost").unwrap(),
        resource: "otrbot".to_owned(),
        secret: "secret".to_owned().into(),
        server: account.server.unwrap(),
    });
    let mut stream = accept(&listener).await;
    until(&mut stream, "<stream:stream").await;
    let opening = "<?xml version='1.0'?><stream:stream xmlns='jabber:component:accept' \
        xmlns:stream='http://etherx.jabber.org/streams' id='1' from='lessons.localhost'>";
    stream.write_all(opening.as_bytes()).await.unwrap();
    until(&mut stream, "</handshake>").await;
    stream.write_all(b"<handshake/>").await.unwrap();
    bot.online().await;

    stream.write_all(b"</stream:stream>").await.unwrap();

    let mut rest = String::new();
    stream.read_to_string(&mut rest).await.unwrap();
    assert!(rest.ends_with("</stream:stream>"), "{rest}");
    assert_eq!(bot.offline().await.0, Down::Closed);
}
