//! Servers that lie, and what they get for it.

use std::time::Duration;

use jid::BareJid;
use tokio::io::{AsyncReadExt as _, AsyncWriteExt as _};
use xmpp::{Component, Down, Pace};

use support::client::{Client, brisk};

use crate::scripted::{SCRAM, STARTTLS, accept, listen, open, until};

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
    open(&mut stream, STARTTLS).await;
    until(&mut stream, "<starttls").await;
    stream
        .write_all(b"<proceed xmlns='urn:ietf:params:xml:ns:xmpp-tls'/><message/>")
        .await
        .unwrap();

    assert!(matches!(bot.offline().await.0, Down::Broken(_)));
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
