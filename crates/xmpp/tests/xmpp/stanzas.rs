//! The stream while it is up: messages, hostile stanzas, the goodbye.

use std::time::Duration;

use xmpp::{Event, Pace, Rejection};
use xmpp_parsers::presence::Type;

use support::{
    client::{Client, Stranger, account, brisk, message},
    prosody::{Options, Prosody},
};

#[tokio::test]
async fn messages_go_both_ways() {
    let server = Prosody::start(&[("bot", "pw"), ("alice", "pw2")]);
    let mut bot = Client::start(account(&server, "bot", "pw"));
    let mut alice = Client::start(account(&server, "alice", "pw2"));
    bot.online().await;
    alice.online().await;
    bot.available().await;
    alice.available().await;

    alice.say("bot@localhost/otrbot", "a < b & \u{1f600}\u{0}\u{1b}[1m").await;
    let (from, body) = bot.body().await;
    assert_eq!(from.to_string(), "alice@localhost/otrbot");
    assert_eq!(body, "a < b & \u{1f600}[1m");

    bot.say(&from.to_string(), "hello").await;
    assert_eq!(alice.body().await.1, "hello");
}

#[tokio::test]
async fn tags_tell_what_the_network_took() {
    let options = Options { without_acks: true, ..Options::default() };
    tags_come_back(options).await;
}

#[tokio::test]
async fn tags_tell_what_the_server_has() {
    tags_come_back(Options::default()).await;
}

async fn tags_come_back(options: Options) {
    let server = Prosody::start_with(&[("bot", "pw")], options);
    let mut bot = Client::start(account(&server, "bot", "pw"));
    bot.online().await;

    for tag in 1..=100 {
        bot.send(message("bot@localhost", "x"), Some(tag)).await;
    }
    // Larger than any server takes: it must not end the stream.
    bot.send(message("bot@localhost", &"x".repeat(300_000)), Some(101)).await;

    let (mut acked, mut unsendable) = (Vec::new(), Vec::new());
    while acked.len() + unsendable.len() < 101 {
        match bot.event().await.unwrap() {
            Event::Acked(tag) => acked.push(tag),
            Event::Unsendable(tag) => unsendable.push(tag),
            Event::Offline { why, .. } => panic!("down: {why}"),
            _ => {}
        }
    }
    assert_eq!(acked, (1..=100).collect::<Vec<_>>());
    assert_eq!(unsendable, [101]);
}

#[tokio::test]
async fn nothing_that_a_stranger_sends_ends_the_stream() {
    let server = Prosody::start(&[("bot", "pw"), ("mallory", "pw")]);
    let mut bot = Client::start(account(&server, "bot", "pw"));
    bot.online().await;
    let mut mallory = Stranger::log_in(&server, "mallory", "pw").await;
    let nested = |levels: usize| format!("{}{}", "<x>".repeat(levels), "</x>".repeat(levels));

    for (stanza, expected) in [
        (format!("<message to='bot@localhost/otrbot' id='{}'/>", "i".repeat(9_000)), None),
        (format!("<message to='bot@localhost/otrbot'><{}/></message>", "n".repeat(9_000)), None),
        (
            format!("<message to='bot@localhost/otrbot' id='{}'/>", "i".repeat(100_000)),
            Some(Rejection::TokenTooLong { limit: 65_536 }),
        ),
        (
            format!("<message to='bot@localhost/otrbot'>{}</message>", nested(4_000)),
            Some(Rejection::TooDeep { limit: 32 }),
        ),
        (
            format!("<message to='bot@localhost/otrbot'>{}</message>", nested(10_000)),
            Some(Rejection::TooDeep { limit: 32 }),
        ),
        (
            format!("<message to='bot@localhost/otrbot'>{}</message>", "<y/>".repeat(9_000)),
            Some(Rejection::TooManyNodes { limit: 2_000 }),
        ),
        (
            "<message to='bot@localhost/otrbot'><xml:foo/></message>".to_owned(),
            Some(Rejection::Malformed),
        ),
        (
            "<message to='bot@localhost/otrbot' type='bogus'/>".to_owned(),
            Some(Rejection::Invalid("")),
        ),
    ] {
        mallory.write(&stanza).await;
        let start = stanza.chars().take(80).collect::<String>();
        let rejected = loop {
            match bot.event().await.unwrap() {
                Event::Rejected { from, why } => {
                    assert_eq!(from.unwrap().to_string(), "mallory@localhost/raw", "{start}");
                    break Some(why);
                }
                Event::Stanza(_) => break None,
                Event::Offline { why, .. } => panic!("{start} ended the stream: {why}"),
                _ => {}
            }
        };
        match (rejected, expected) {
            (Some(Rejection::Invalid(_)), Some(Rejection::Invalid(_))) => {}
            (rejected, expected) => assert_eq!(rejected, expected, "{start}"),
        }
    }

    mallory.write("<message to='bot@localhost/otrbot'><body>still there?</body></message>").await;
    assert_eq!(bot.body().await.1, "still there?");
}

#[tokio::test]
async fn requests_that_cannot_be_read_are_answered() {
    let server = Prosody::start(&[("bot", "pw"), ("mallory", "pw")]);
    let mut bot = Client::start(account(&server, "bot", "pw"));
    bot.online().await;
    let mut mallory = Stranger::log_in(&server, "mallory", "pw").await;

    let deep = format!("{}{}", "<x>".repeat(99), "</x>".repeat(99));
    mallory
        .write(&format!(
            "<iq to='bot@localhost/otrbot' type='get' id='deep'><q xmlns='u'>{deep}</q></iq>"
        ))
        .await;

    let answer = mallory.until("</iq>").await;
    assert!(answer.contains("id='deep'") || answer.contains("id=\"deep\""), "{answer}");
    assert!(answer.contains("bad-request"), "{answer}");
}

#[tokio::test]
async fn the_goodbye_is_said() {
    let server = Prosody::start(&[("bot", "pw"), ("alice", "pw")]);
    let mut bot = Client::start(account(&server, "bot", "pw"));
    let mut alice = Client::start(account(&server, "alice", "pw"));
    bot.online().await;
    alice.online().await;
    alice.available().await;
    // Directed presence: whoever got it is told of the end.
    let mut hello = xmpp_parsers::presence::Presence::new(Type::None);
    hello.to = Some("alice@localhost/otrbot".parse().unwrap());
    bot.send(hello, None).await;
    assert_eq!(alice.presence("bot@localhost/otrbot").await, Type::None);

    assert!(bot.stop().await < Duration::from_secs(2));

    assert_eq!(alice.presence("bot@localhost/otrbot").await, Type::Unavailable);
}

#[tokio::test]
async fn answers_do_not_starve_under_a_flood() {
    const MESSAGES: usize = 1_000;
    let server = Prosody::start(&[("bot", "pw"), ("mallory", "pw")]);
    let mut bot = Client::start(account(&server, "bot", "pw"));
    bot.online().await;
    let mut mallory = Stranger::log_in(&server, "mallory", "pw").await;

    let flood: String = (0..MESSAGES)
        .map(|n| {
            format!(
                "<message to='bot@localhost/otrbot' type='chat'><body>{n} {}</body></message>",
                "x".repeat(300)
            )
        })
        .collect();
    mallory.write(&flood).await;
    for n in 0..MESSAGES {
        let (from, body) = bot.body().await;
        assert!(body.starts_with(&format!("{n} ")), "{n}: {body}");
        bot.say(&from.to_string(), &format!("echo {n};")).await;
    }

    for n in 0..MESSAGES {
        mallory.until(&format!("echo {n};")).await;
    }
}

#[tokio::test]
async fn a_slow_owner_loses_nothing() {
    const MESSAGES: usize = 3_000;
    let server = Prosody::start(&[("bot", "pw"), ("mallory", "pw")]);
    let pace =
        Pace { keepalive: Duration::from_millis(100), answer: Duration::from_secs(3), ..brisk() };
    let mut bot = Client::start_paced(account(&server, "bot", "pw"), pace);
    bot.online().await;
    let mut mallory = Stranger::log_in(&server, "mallory", "pw").await;
    let flood: String = (0..MESSAGES)
        .map(|n| {
            format!("<message to='bot@localhost/otrbot' type='chat'><body>{n}</body></message>")
        })
        .collect();
    mallory.write(&flood).await;

    // Long enough for the signs of life to be missed, if they were asked for.
    tokio::time::sleep(Duration::from_secs(4)).await;

    for n in 0..MESSAGES {
        assert_eq!(bot.body().await.1, n.to_string());
    }
}
