//! Outages, and how the stream comes back.

use std::time::Duration;

use xmpp::{Command, Down, Event, Pace};

use support::{
    client::{Client, account, body_of, brisk, message},
    prosody::{Options, Prosody},
};

use crate::proxy::Proxy;

#[tokio::test]
async fn a_server_that_is_not_there_yet_is_retried_with_growing_pauses() {
    let mut server = Prosody::start(&[]);
    let account = account(&server, "bot", "pw");
    server.add_account("bot", "pw");
    server.kill();
    let pace = Pace { retry: Duration::from_millis(100), ..brisk() };

    let mut bot = Client::start_paced(account, pace);
    let mut pauses = Vec::new();
    for _ in 0..4 {
        let (why, retry_in) = bot.offline().await;
        assert!(matches!(why, Down::Unreachable { .. }), "{why}");
        pauses.push(retry_in.unwrap());
    }
    server.start_again();

    // The jitter is less than the growth.
    assert!(pauses.is_sorted(), "{pauses:?}");
    assert!(pauses.iter().all(|&pause| pause <= pace.retry_most.mul_f64(1.25)), "{pauses:?}");
    bot.online().await;
}

#[tokio::test]
async fn a_crash_of_the_server_is_survived() {
    let mut server = Prosody::start(&[("bot", "pw"), ("alice", "pw")]);
    let mut bot = Client::start(account(&server, "bot", "pw"));
    bot.online().await;

    server.kill();
    let (why, retry_in) = bot.offline().await;
    assert_eq!(why, Down::Closed);
    assert!(retry_in.is_some());
    server.start_again();

    assert!(!bot.online().await.resumed);
    let mut alice = Client::start(account(&server, "alice", "pw"));
    alice.online().await;
    alice.say(&format!("bot@{}/otrbot", server.domain()), "hello again").await;
    assert_eq!(bot.body().await.1, "hello again");
}

#[tokio::test]
async fn a_shutdown_of_the_server_is_told_and_survived() {
    // With acknowledgements, Prosody cuts the line instead, for the stream to be resumed.
    let mut server = Prosody::start_with(&[("bot", "pw")], without_acks());
    let mut bot = Client::start(account(&server, "bot", "pw"));
    bot.online().await;

    server.stop();
    assert_eq!(bot.offline().await.0, Down::Shutdown);
    server.start_again();

    bot.online().await;
}

#[tokio::test]
async fn two_clients_of_one_resource_make_no_war() {
    let server = Prosody::start(&[("bot", "pw")]);
    let mut first = Client::start(account(&server, "bot", "pw"));
    first.online().await;

    let mut second = Client::start(account(&server, "bot", "pw"));
    second.online().await;

    let (why, retry_in) = first.offline().await;
    assert_eq!(why, Down::Conflict);
    assert!(retry_in.unwrap() >= Duration::from_secs(20), "{retry_in:?}");
    second.say("bot@localhost/otrbot", "to myself").await;
    assert_eq!(second.body().await.1, "to myself");
}

fn without_acks() -> Options {
    Options { without_acks: true, ..Options::default() }
}

#[tokio::test]
async fn a_line_that_swallows_everything_is_noticed_by_its_missing_pings() {
    notices_a_frozen_line(without_acks()).await;
}

#[tokio::test]
async fn a_line_that_swallows_everything_is_noticed_by_its_missing_acks() {
    notices_a_frozen_line(Options::default()).await;
}

async fn notices_a_frozen_line(options: Options) {
    let server = Prosody::start_with(&[("bot", "pw")], options);
    let proxy = Proxy::to(server.c2s_addr()).await;
    let mut through = account(&server, "bot", "pw");
    through.server = Some(proxy.address());
    let pace =
        Pace { keepalive: Duration::from_millis(300), answer: Duration::from_secs(4), ..brisk() };
    let mut bot = Client::start_paced(through, pace);
    bot.online().await;
    // Signs of life keep a silent stream up.
    tokio::time::sleep(Duration::from_secs(1)).await;
    bot.say("bot@localhost/otrbot", "still up").await;
    assert_eq!(bot.body().await.1, "still up");

    proxy.freeze();
    let (why, _) = bot.offline().await;

    assert!(matches!(why, Down::Timeout(_)), "{why}");
    proxy.thaw();
    bot.online().await;
}

#[tokio::test]
async fn a_line_that_swallows_everything_does_not_hinder_the_goodbye() {
    let server = Prosody::start(&[("bot", "pw")]);
    let proxy = Proxy::to(server.c2s_addr()).await;
    let mut through = account(&server, "bot", "pw");
    through.server = Some(proxy.address());
    let mut bot = Client::start(through);
    bot.online().await;

    proxy.freeze();

    assert!(bot.stop().await < Duration::from_secs(4));
}

#[tokio::test]
async fn a_reset_line_is_taken_up_again() {
    let server = Prosody::start(&[("bot", "pw")]);
    let proxy = Proxy::to(server.c2s_addr()).await;
    let mut through = account(&server, "bot", "pw");
    through.server = Some(proxy.address());
    let mut bot = Client::start(through);
    bot.online().await;

    proxy.cut();

    assert_eq!(bot.offline().await.0, Down::Closed);
    assert!(bot.online().await.resumed);
    bot.send(message("bot@localhost/otrbot", "x"), None).await;
    assert_eq!(bot.body().await.1, "x");
}

#[tokio::test]
async fn nothing_is_lost_or_doubled_when_the_line_breaks_under_load() {
    const MESSAGES: u64 = 300;
    let server = Prosody::start(&[("bot", "pw"), ("alice", "pw")]);
    let proxy = Proxy::to(server.c2s_addr()).await;
    let mut through = account(&server, "bot", "pw");
    through.server = Some(proxy.address());
    let mut bot = Client::start(through);
    let mut alice = Client::start(account(&server, "alice", "pw"));
    bot.online().await;
    alice.online().await;

    let (to_alice, to_bot) = (bot.commands.clone(), alice.commands.clone());
    let sends = tokio::spawn(async move {
        for n in 1..=MESSAGES {
            for (commands, to) in
                [(&to_alice, "alice@localhost/otrbot"), (&to_bot, "bot@localhost/otrbot")]
            {
                let stanza = Box::new(message(to, &n.to_string()).into());
                commands.send(Command::Send { stanza, tag: Some(n) }).await.unwrap();
            }
            if n % 100 == 50 {
                proxy.cut();
            }
            tokio::time::sleep(Duration::from_millis(2)).await;
        }
        proxy
    });

    let (mut got, mut acked, mut resumptions) = (0, 0, 0);
    while got < MESSAGES || acked < MESSAGES {
        match bot.event().await.unwrap() {
            Event::Acked(tag) => {
                acked += 1;
                assert_eq!(tag, acked);
            }
            Event::Stanza(stanza) => {
                got += 1;
                assert_eq!(body_of(&stanza), got.to_string());
            }
            Event::Online { resumed, .. } => {
                assert!(resumed);
                resumptions += 1;
            }
            Event::Lost(tags) => panic!("lost {tags:?}"),
            _ => {}
        }
    }
    assert!(resumptions >= 1);
    for n in 1..=MESSAGES {
        assert_eq!(alice.body().await.1, n.to_string());
    }
    drop(sends.await.unwrap());
}

#[tokio::test]
async fn what_a_crashed_server_has_not_acknowledged_is_told_as_lost() {
    let mut server = Prosody::start(&[("bot", "pw")]);
    let mut bot = Client::start(account(&server, "bot", "pw"));
    bot.online().await;

    server.kill();
    assert_eq!(bot.offline().await.0, Down::Closed);
    // The stream may yet be resumed: these wait.
    bot.send(message("bot@localhost", "x"), Some(1)).await;
    bot.send(message("bot@localhost", "x"), Some(2)).await;
    server.start_again();

    loop {
        match bot.event().await.unwrap() {
            Event::Lost(tags) => {
                assert_eq!(tags, [1, 2]);
                break;
            }
            Event::Offline { .. } => {}
            other => panic!("{other:?}"),
        }
    }
    assert!(!bot.online().await.resumed);
}

#[tokio::test]
async fn a_server_that_limits_the_rate_does_not_cut_the_stream_off() {
    const LEARNERS: u64 = 50;
    let options = Options {
        // Prosody's defaults.
        global: "limits = { c2s = { rate = \"10kb/s\" }; s2sin = { rate = \"30kb/s\" } }"
            .to_owned(),
        modules: vec!["limits".to_owned()],
        ..Options::default()
    };
    let mut server = Prosody::start_with(&[("bot", "pw")], options);
    for n in 0..LEARNERS {
        server.add_account(&format!("learner{n}"), "pw");
    }
    // Much shorter than what the server takes to read it all.
    let pace =
        Pace { keepalive: Duration::from_millis(500), answer: Duration::from_secs(1), ..brisk() };
    let mut bot = Client::start_paced(account(&server, "bot", "pw"), pace);
    bot.online().await;

    for tag in 1..=LEARNERS {
        let greeting = "Hello! ".repeat(170);
        bot.send(message(&format!("learner{}@localhost", tag - 1), &greeting), Some(tag)).await;
    }

    let mut acked = 0;
    while acked < LEARNERS {
        match bot.event().await.unwrap() {
            Event::Acked(tag) => {
                acked += 1;
                assert_eq!(tag, acked);
            }
            Event::Offline { why, .. } => panic!("cut off after {acked}: {why}"),
            Event::Lost(tags) => panic!("lost {tags:?}"),
            _ => {}
        }
    }
    server.stop();
}

#[tokio::test]
async fn who_was_silent_for_longer_than_an_answer_may_take_can_still_speak() {
    let server = Prosody::start(&[("bot", "pw"), ("alice", "pw")]);
    let pace =
        Pace { answer: Duration::from_millis(200), keepalive: Duration::from_secs(20), ..brisk() };
    let mut bot = Client::start_paced(account(&server, "bot", "pw"), pace);
    let mut alice = Client::start(account(&server, "alice", "pw"));
    bot.online().await;
    alice.online().await;
    for n in 1..=12 {
        tokio::time::sleep(2 * pace.answer).await;
        bot.say("alice@localhost/otrbot", &n.to_string()).await;
        assert_eq!(alice.body().await.1, n.to_string());
    }
    bot.commands.send(Command::Stop).await.unwrap();
    while let Some(event) = bot.event().await {
        assert!(!matches!(event, Event::Offline { .. }), "{event:?}");
    }
}

#[tokio::test]
async fn a_server_that_stood_still_is_gone_on_with() {
    const MESSAGES: u64 = 4_000;
    let options =
        Options { global: "smacks_max_queue_size = 100000".to_owned(), ..Options::default() };
    let server = Prosody::start_with(&[("bot", "pw"), ("alice", "pw")], options);
    // Signs of life are asked for in the meantime.
    let pace = Pace { keepalive: Duration::from_millis(700), ..brisk() };
    let mut bot = Client::start_paced(account(&server, "bot", "pw"), pace);
    let mut alice = Client::start(account(&server, "alice", "pw"));
    bot.online().await;
    alice.online().await;
    let commands = bot.commands.clone();
    let sends = tokio::spawn(async move {
        let text = "x".repeat(1_500);
        for n in 1..=MESSAGES {
            let stanza = Box::new(message("alice@localhost/otrbot", &text).into());
            commands.send(Command::Send { stanza, tag: Some(n) }).await.unwrap();
        }
    });
    tokio::spawn(async move { while alice.event().await.is_some() {} });
    let mut acked = 0;
    while acked < MESSAGES {
        let event = tokio::time::timeout(Duration::from_mins(1), bot.event()).await;
        match event.expect("it stands still").unwrap() {
            Event::Acked(tag) => {
                acked += 1;
                assert_eq!(tag, acked);
                if acked == 50 {
                    signal(server.pid(), "-STOP");
                    tokio::time::sleep(Duration::from_secs(3)).await;
                    signal(server.pid(), "-CONT");
                }
            }
            Event::Offline { why, .. } => panic!("after {acked}: {why}"),
            _ => {}
        }
    }
    sends.await.unwrap();
}

fn signal(pid: u32, signal: &str) {
    let sent = std::process::Command::new("kill").args([signal, &pid.to_string()]).status();
    assert!(sent.unwrap().success());
}
