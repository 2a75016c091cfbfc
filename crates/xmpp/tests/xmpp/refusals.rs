//! Logins that fail: each tells what is the matter, and what helps.

use std::time::Duration;

use base64::{Engine as _, engine::general_purpose::STANDARD as BASE64};
use tokio::net::TcpStream;
use xmpp::Down;

use support::{
    client::{Client, account},
    prosody::{Options, Prosody, make_certificates},
};

use crate::scripted::{SCRAM, accept, listen, log_in, open, starttls, tls, until, write};

/// A bot without TLS that has just said how it wants to log in, and what it said.
async fn greeted(features: &str) -> (Client, TcpStream, String) {
    let (listener, mut account) = listen().await;
    account.tls.enabled = false;
    let bot = Client::start(account);
    let mut stream = accept(&listener).await;
    open(&mut stream, features).await;
    let auth = until(&mut stream, "</auth>").await;
    (bot, stream, auth)
}

/// The content of an element of SASL.
fn sasl(name: &str, content: &str) -> String {
    format!("<{name} xmlns='urn:ietf:params:xml:ns:xmpp-sasl'>{content}</{name}>")
}

/// A login by SCRAM in the clear against a server that answers the proof with this.
async fn scram(
    challenge: impl FnOnce(&str) -> String,
    answer: Option<&str>,
) -> (Down, Option<Duration>) {
    let (mut bot, mut stream, auth) = greeted(SCRAM).await;
    let data = auth.rsplit_once("</auth>").unwrap().0.rsplit_once('>').unwrap().1;
    let first = String::from_utf8(BASE64.decode(data).unwrap()).unwrap();
    let nonce = first.rsplit_once("r=").unwrap().1;
    write(&mut stream, &sasl("challenge", &BASE64.encode(challenge(nonce)))).await;
    if let Some(answer) = answer {
        until(&mut stream, "</response>").await;
        write(&mut stream, answer).await;
    }
    bot.offline().await
}

fn good(nonce: &str) -> String {
    format!("r={nonce}more,s=c2FsdA==,i=4096")
}

/// A login that the server refuses so.
async fn refused(failure: &str) -> (Down, Option<Duration>) {
    let (mut bot, mut stream, _) = greeted(SCRAM).await;
    write(&mut stream, &sasl("failure", failure)).await;
    bot.offline().await
}

#[tokio::test]
async fn a_server_that_does_not_know_the_password_is_found_out() {
    for (data, what) in
        [("v=AAAAAAAAAAAAAAAAAAAAAAAAAAA=", "signature is wrong"), ("", "signature is missing")]
    {
        let success = sasl("success", &BASE64.encode(data));
        let (why, retry_in) = scram(good, Some(&success)).await;
        assert!(matches!(why, Down::ServerNotGenuine { .. }), "{why}");
        assert!(why.to_string().contains(what), "{why}");
        assert_eq!(retry_in, None);
    }
    let (replayed, retry_in) = scram(|_| "r=other,s=c2FsdA==,i=4096".to_owned(), None).await;
    assert!(matches!(replayed, Down::ServerNotGenuine { .. }), "{replayed}");
    assert!(replayed.to_string().contains("nonce"), "{replayed}");
    assert_eq!(retry_in, None);
}

#[tokio::test]
async fn a_success_without_a_proof_is_found_out() {
    let (mut bot, mut stream, _) = greeted(SCRAM).await;
    write(&mut stream, &sasl("success", "")).await;

    assert!(matches!(bot.offline().await.0, Down::ServerNotGenuine { .. }));
}

#[tokio::test]
async fn too_few_and_too_many_rounds_are_told_with_what_helps() {
    let (few, retry_in) = scram(|nonce| format!("r={nonce}x,s=c2FsdA==,i=1000"), None).await;
    assert_eq!(few, Down::TooFewRounds { rounds: 1_000, least: 4_096 });
    assert_eq!(retry_in, None);
    for part in ["1000 rounds", "4096", "RFC 7677", "administrator", "set the password anew"] {
        assert!(few.to_string().contains(part), "{few}");
    }

    let (many, retry_in) = scram(|nonce| format!("r={nonce}x,s=c2FsdA==,i=50000000"), None).await;
    assert_eq!(many, Down::TooManyRounds { rounds: 50_000_000, most: 1_000_000 });
    assert_eq!(retry_in, None);
    assert!(many.to_string().contains("50000000 rounds"), "{many}");
}

#[tokio::test]
async fn passwords_that_a_real_server_keeps_with_few_rounds_are_told_as_such() {
    let options =
        Options { global: "authentication = \"internal_hashed\"".to_owned(), ..Options::default() };
    let server = Prosody::start_with(&[], options);
    server.add_derived_account("bot", 1_000);

    let mut bot = Client::start(account(&server, "bot", "pw"));
    let (why, retry_in) = bot.offline().await;

    assert_eq!(why, Down::TooFewRounds { rounds: 1_000, least: 4_096 });
    assert_eq!(retry_in, None);
}

#[tokio::test]
async fn challenges_that_cannot_be_read_are_told_and_tried_again() {
    for (challenge, what) in [
        ("s=c2FsdA==,i=4096", "no nonce"),
        ("r={nonce}x,i=4096", "no salt"),
        ("r={nonce}x,s=c2FsdA==", "no number of rounds"),
        ("r={nonce}x,s=c2FsdA==,i=many", "no number"),
        ("m=new,r={nonce}x,s=c2FsdA==,i=4096", "extension"),
    ] {
        let (why, retry_in) = scram(|nonce| challenge.replace("{nonce}", nonce), None).await;
        assert!(matches!(&why, Down::Broken(said) if said.contains(what)), "{challenge}: {why}");
        assert!(retry_in.is_some(), "{challenge}");
    }
}

#[tokio::test]
async fn refusals_of_a_login_say_what_is_the_matter() {
    for (failure, said) in [
        ("<not-authorized/><text>No such user.</text>", "(not-authorized: No such user.)"),
        ("<not-authorized/>", "the password is wrong, or there is no such account"),
        ("<account-disabled/><text>Term is over.</text>", "(account-disabled: Term is over.)"),
        ("<account-disabled/>", "the account is disabled"),
        ("<credentials-expired/>", "the password has expired"),
        ("<invalid-authzid/>", "under its own address"),
        ("<malformed-request/>", "cannot read the login"),
        ("<x xmlns='urn:example'/>", "(x)"),
        ("", "(no reason given)"),
    ] {
        let (why, retry_in) = refused(failure).await;
        let text = why.to_string();
        assert!(matches!(why, Down::AuthRefused { .. }), "{failure}: {text}");
        assert!(text.starts_with("the server refused the account or its password"), "{text}");
        assert!(text.contains(said), "{failure}: {text}");
        assert_eq!(retry_in, None, "{failure}");
    }
}

#[tokio::test]
async fn a_login_that_the_server_cannot_check_now_is_tried_again() {
    let down = "<temporary-auth-failure/><text>The database is away.</text>";
    for (failure, said) in [(down, "The database is away."), ("<aborted/>", "(aborted)")] {
        let (why, retry_in) = refused(failure).await;
        assert!(matches!(why, Down::AuthUnavailable { .. }), "{why}");
        assert!(why.to_string().contains(said), "{why}");
        assert!(retry_in.is_some());
    }
}

#[tokio::test]
async fn a_mechanism_that_was_offered_and_is_not_taken_is_named() {
    for (failure, said) in [
        ("<encryption-required/>", "tls.enabled: true"),
        ("<mechanism-too-weak/>", "a stronger login"),
        ("<invalid-mechanism/>", "SCRAM-SHA-1, and refused it"),
    ] {
        let (why, retry_in) = refused(failure).await;
        assert!(matches!(why, Down::NoMechanism { .. }), "{why}");
        assert!(why.to_string().contains(said), "{why}");
        assert_eq!(retry_in, None);
    }
}

#[tokio::test]
async fn errors_that_scram_names_are_told_apart() {
    for (error, said) in [
        ("channel-bindings-dont-match", "something between them opens TLS"),
        ("unknown-user", "there is no such account"),
        ("invalid-proof", "the password is wrong"),
        ("odd\u{202e}error", "(odd error)"),
    ] {
        let success = sasl("success", &BASE64.encode(format!("e={error}")));
        let (why, retry_in) = scram(good, Some(&success)).await;
        assert!(matches!(why, Down::AuthRefused { .. }), "{why}");
        assert!(why.to_string().contains(said), "{why}");
        assert_eq!(retry_in, None);
    }
}

#[tokio::test]
async fn a_refused_login_that_was_bound_to_tls_names_what_may_open_it() {
    let folder = tempfile::tempdir().unwrap();
    make_certificates(folder.path(), "localhost");
    let (listener, mut account) = listen().await;
    account.tls.ca_certs = Some(folder.path().join("ca.crt"));
    let mut bot = Client::start(account);
    let mut stream = starttls(accept(&listener).await, &tls(folder.path(), &[])).await;
    let features = "<stream:features><mechanisms xmlns='urn:ietf:params:xml:ns:xmpp-sasl'>\
        <mechanism>SCRAM-SHA-256-PLUS</mechanism></mechanisms>\
        <sasl-channel-binding xmlns='urn:xmpp:sasl-cb:0'><channel-binding type='tls-exporter'/>\
        </sasl-channel-binding></stream:features>";
    open(&mut stream, features).await;
    let auth = until(&mut stream, "</auth>").await;
    write(&mut stream, &sasl("failure", "<not-authorized/>")).await;

    let (why, retry_in) = bot.offline().await;

    assert!(auth.contains("SCRAM-SHA-256-PLUS"), "{auth}");
    assert!(matches!(why, Down::AuthRefused { .. }), "{why}");
    assert!(
        why.to_string().contains("something between the bot and the server opens TLS"),
        "{why}"
    );
    assert_eq!(retry_in, None);
}

#[tokio::test]
async fn a_resource_that_cannot_be_bound_is_told_with_its_reason() {
    let folder = tempfile::tempdir().unwrap();
    make_certificates(folder.path(), "localhost");
    let (listener, mut account) = listen().await;
    account.allow_plain_text = true;
    account.tls.ca_certs = Some(folder.path().join("ca.crt"));
    let mut bot = Client::start(account);
    let mut stream = starttls(accept(&listener).await, &tls(folder.path(), &[])).await;
    log_in(&mut stream).await;
    until(&mut stream, "</iq>").await;
    let error = "<iq type='error' id='bind'><error type='wait'>\
        <resource-constraint xmlns='urn:ietf:params:xml:ns:xmpp-stanzas'/>\
        <text xmlns='urn:ietf:params:xml:ns:xmpp-stanzas' xml:lang='en'>Ten are enough.</text>\
        </error></iq>";
    write(&mut stream, error).await;

    let (why, retry_in) = bot.offline().await;

    let text = why.to_string();
    assert!(text.contains("resource-constraint (Ten are enough.)"), "{text}");
    assert!(text.contains("as many sessions as the server allows"), "{text}");
    assert!(retry_in.is_some());
}
