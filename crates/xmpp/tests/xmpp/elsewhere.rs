//! Servers that send the stream to another host (RFC 6120, section 4.9.3.19).

use std::{
    sync::{
        Arc,
        atomic::{AtomicUsize, Ordering},
    },
    time::Duration,
};

use tokio::{io::AsyncReadExt as _, net::TcpListener, time::timeout};
use tokio_rustls::TlsAcceptor;
use xmpp::{Account, Down, Pace};

use support::{
    client::{Client, account, brisk},
    prosody::{Options, Prosody, make_certificates},
};

use crate::scripted::{
    STARTTLS, accept, address, let_in, listen, open, see, starttls, tls, until, write,
};

/// A server that sends every stream there before it has said anything else; how often it did.
async fn sender(host: String) -> (String, Arc<AtomicUsize>) {
    let listener = TcpListener::bind("127.0.0.1:0").await.unwrap();
    let address = address(&listener);
    (address, send_all(listener, host))
}

fn send_all(listener: TcpListener, host: String) -> Arc<AtomicUsize> {
    let count = Arc::new(AtomicUsize::new(0));
    let counted = Arc::clone(&count);
    drop(tokio::spawn(async move {
        loop {
            let mut stream = accept(&listener).await;
            counted.fetch_add(1, Ordering::SeqCst);
            open(&mut stream, &see(&host)).await;
        }
    }));
    count
}

/// The account of a bot whose server is elsewhere than it was named.
fn named(server: &Prosody, address: String) -> Account {
    let mut account = account(server, "bot", "pw");
    account.server = Some(address);
    account
}

#[tokio::test]
async fn a_stream_that_is_sent_elsewhere_before_tls_goes_there() {
    let server = Prosody::start(&[("bot", "pw")]);
    let (first, count) = sender(server.c2s_addr()).await;
    let (second, _) = sender(first).await;

    let online = Client::start(named(&server, second)).online().await;

    assert_eq!(online.jid, "bot@localhost/otrbot");
    assert_eq!(online.negotiated.unwrap().version, "TLSv1.3");
    assert_eq!(count.load(Ordering::SeqCst), 1);
}

#[tokio::test]
async fn a_stream_that_is_sent_elsewhere_inside_tls_goes_there() {
    let server = Prosody::start(&[("bot", "pw")]);
    let (listener, _) = listen().await;
    let mut bot = Client::start(named(&server, address(&listener)));

    let mut stream = starttls(accept(&listener).await, &tls(server.folder(), &[])).await;
    open(&mut stream, &see(&server.c2s_addr())).await;

    assert_eq!(bot.online().await.mechanism, "SCRAM-SHA-256");
}

#[tokio::test]
async fn a_port_to_which_a_server_sends_may_begin_tls_either_way() {
    let options = Options { direct_tls: true, ..Options::default() };
    let server = Prosody::start_with(&[("bot", "pw")], options);

    let (first, _) = sender(server.direct_addr()).await;
    assert_eq!(Client::start(named(&server, first)).online().await.mechanism, "SCRAM-SHA-256");

    for place in [server.direct_addr(), server.c2s_addr()] {
        let (listener, _) = listen().await;
        let mut bot = Client::start(named(&server, format!("xmpps://{}", address(&listener))));
        let acceptor = TlsAcceptor::from(tls(server.folder(), &["xmpp-client"]));
        let mut stream = acceptor.accept(accept(&listener).await).await.unwrap();
        open(&mut stream, &see(&place)).await;
        assert_eq!(bot.online().await.mechanism, "SCRAM-SHA-256", "{place}");
    }
}

#[tokio::test]
async fn a_stream_that_is_sent_elsewhere_after_the_login_goes_there() {
    let server = Prosody::start(&[("bot", "pw")]);
    let (listener, _) = listen().await;
    let mut account = named(&server, address(&listener));
    account.allow_plain_text = true;
    let mut bot = Client::start(account);
    let mut stream = starttls(accept(&listener).await, &tls(server.folder(), &[])).await;
    let_in(&mut stream).await;
    assert_eq!(bot.online().await.mechanism, "PLAIN");

    write(&mut stream, &see(&server.c2s_addr())).await;

    let (why, retry_in) = bot.offline().await;
    assert_eq!(why, Down::SeeOtherHost { host: server.c2s_addr() });
    assert!(retry_in.is_some());
    let online = bot.online().await;
    assert_eq!(online.mechanism, "SCRAM-SHA-256");
    assert!(!online.resumed);
    // It went there at once, and did not ask again where it had been sent away.
    assert!(timeout(Duration::from_millis(100), accept(&listener)).await.is_err());
}

#[tokio::test]
async fn the_other_host_must_be_the_accounts_own_and_have_tls() {
    let server = Prosody::start(&[("bot", "pw")]);
    let stranger = tempfile::tempdir().unwrap();
    make_certificates(stranger.path(), "localhost");

    let (listener, _) = listen().await;
    let (first, _) = sender(address(&listener)).await;
    let mut bot = Client::start(named(&server, first));
    let stream = accept(&listener).await;
    let handshake = tokio::spawn(async move {
        let mut stream = stream;
        open(&mut stream, STARTTLS).await;
        until(&mut stream, "<starttls").await;
        write(&mut stream, "<proceed xmlns='urn:ietf:params:xml:ns:xmpp-tls'/>").await;
        TlsAcceptor::from(tls(stranger.path(), &[])).accept(stream).await.is_err()
    });
    let (why, _) = bot.offline().await;
    assert!(matches!(&why, Down::Certificate { .. }), "{why}");
    assert!(handshake.await.unwrap());

    let (listener, _) = listen().await;
    let (first, _) = sender(address(&listener)).await;
    let mut bot = Client::start(named(&server, first));
    let mut stream = accept(&listener).await;
    open(&mut stream, crate::scripted::SCRAM).await;
    assert!(matches!(bot.offline().await.0, Down::TlsNotOffered { .. }));
    let mut rest = String::new();
    stream.read_to_string(&mut rest).await.unwrap();
    assert_eq!(rest, "");
}

#[tokio::test]
async fn servers_that_send_to_each_other_are_left_at_once() {
    let server = Prosody::start(&[]);
    let one = TcpListener::bind("127.0.0.1:0").await.unwrap();
    let two = TcpListener::bind("127.0.0.1:0").await.unwrap();
    let (first, second) = (address(&one), address(&two));
    let counts = [send_all(one, second), send_all(two, first.clone())];
    let pace = Pace { retry: Duration::from_mins(1), ..brisk() };

    let mut bot = Client::start_paced(named(&server, first), pace);
    let (why, retry_in) = bot.offline().await;

    assert!(matches!(&why, Down::Redirect { .. }), "{why}");
    assert!(retry_in.is_some());
    assert_eq!(counts.map(|count| count.load(Ordering::SeqCst)), [1, 1]);
}

#[tokio::test]
async fn a_chain_of_servers_ends() {
    let server = Prosody::start(&[]);
    let listener = TcpListener::bind("0.0.0.0:0").await.unwrap();
    let port = listener.local_addr().unwrap().port();
    let count = Arc::new(AtomicUsize::new(0));
    let counted = Arc::clone(&count);
    drop(tokio::spawn(async move {
        loop {
            let mut stream = accept(&listener).await;
            let next = counted.fetch_add(1, Ordering::SeqCst) + 2;
            open(&mut stream, &see(&format!("127.0.0.{next}:{port}"))).await;
        }
    }));
    let pace = Pace { retry: Duration::from_mins(1), ..brisk() };

    let mut bot = Client::start_paced(named(&server, format!("127.0.0.1:{port}")), pace);
    let (why, _) = bot.offline().await;

    assert!(matches!(&why, Down::Redirect { .. }), "{why}");
    assert!(why.to_string().contains("too often"), "{why}");
    assert_eq!(count.load(Ordering::SeqCst), 6);
}

#[tokio::test]
async fn hosts_that_cannot_be_are_not_gone_to() {
    let server = Prosody::start(&[]);
    let long = format!("{}.example.org", "a.".repeat(95) + &"b".repeat(60));
    for (host, said) in [
        ("", "no host and port"),
        ("127.0.0.1:22", "one of other services"),
        ("localhost:25", "one of other services"),
        ("127.0.0.1:0", "no host and port"),
        ("http://127.0.0.1:8080/", "no host and port"),
        ("127.0.0.1:5222&#10;stolen", "no host and port"),
        // What is too long is not gone to where its beginning leads.
        (long.as_str(), "no host and port"),
    ] {
        let (first, _) = sender(host.to_owned()).await;
        let mut bot = Client::start(named(&server, first));
        let (why, retry_in) = bot.offline().await;
        assert!(matches!(&why, Down::Redirect { .. }), "{host}: {why}");
        assert!(why.to_string().contains(said), "{host}: {why}");
        assert!(!why.to_string().contains('\n'), "{why}");
        assert!(retry_in.is_some());
    }
}

#[tokio::test]
async fn without_tls_nobody_sends_the_stream_elsewhere() {
    let (first, _) = sender("127.0.0.1:5222".to_owned()).await;
    let (_, mut account) = listen().await;
    account.server = Some(first);
    account.tls.enabled = false;

    let (why, _) = Client::start(account).offline().await;

    assert!(matches!(&why, Down::Redirect { .. }), "{why}");
    assert!(why.to_string().contains("no TLS"), "{why}");
}

#[tokio::test]
async fn two_servers_that_let_in_and_send_to_each_other_make_no_storm() {
    let folder = tempfile::tempdir().unwrap();
    make_certificates(folder.path(), "localhost");
    let count = Arc::new(AtomicUsize::new(0));
    let one = TcpListener::bind("127.0.0.1:0").await.unwrap();
    let two = TcpListener::bind("127.0.0.1:0").await.unwrap();
    let (first, second) = (address(&one), address(&two));
    for (listener, other) in [(one, second), (two, first.clone())] {
        let (counted, tls) = (Arc::clone(&count), tls(folder.path(), &[]));
        drop(tokio::spawn(async move {
            loop {
                let mut stream = starttls(accept(&listener).await, &tls).await;
                let_in(&mut stream).await;
                counted.fetch_add(1, Ordering::SeqCst);
                write(&mut stream, &see(&other)).await;
            }
        }));
    }
    let (_, mut account) = listen().await;
    account.server = Some(first);
    account.allow_plain_text = true;
    account.tls.ca_certs = Some(folder.path().join("ca.crt"));
    // As many as there is time for, if streams that were up began to count anew.
    let pace = Pace { steady: Duration::ZERO, ..brisk() };
    let mut bot = Client::start_paced(account, pace);

    let mut pauses = Vec::new();
    for _ in 0..4 {
        let (why, retry_in) = bot.offline().await;
        assert!(matches!(&why, Down::SeeOtherHost { .. }), "{why}");
        pauses.push(retry_in.unwrap());
    }

    // 50, 100, 200 and 400 ms, a quarter more or less each.
    for (pause, expected) in pauses.iter().zip([50, 100, 200, 400]) {
        let (least, most) = (expected * 3 / 4, expected * 5 / 4);
        assert!((least..=most).contains(&pause.as_millis()), "{pauses:?}");
    }
    // A busy machine may have let one more pass.
    assert!((4..=5).contains(&count.load(Ordering::SeqCst)));
}
