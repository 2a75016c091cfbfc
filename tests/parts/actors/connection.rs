//! The actor of the stream, with the stream's task played by the test.

use std::{sync::Arc, time::Duration};

use actix::{Actor as _, Addr};
use jid::{FullJid, Jid};
use xmpp::{Command, Down, Event};

use otrbot::{
    actors::{
        Deliver, Outgoing,
        xmpp::{Disconnect, Parts, XmppConnection},
    },
    metrics::Metrics,
    session::Meaning,
};
use tokio::sync::{mpsc, oneshot};
use xmpp_parsers::{
    message::{Lang, Message},
    presence::Type,
    stanza::Stanza,
};

use crate::actors::stage::{Stage, bare};

/// The ends that the task of the stream has.
struct Task {
    connection: Addr<XmppConnection>,
    commands: mpsc::Receiver<Command>,
    events: mpsc::Sender<Event>,
    failed: oneshot::Receiver<Down>,
    metrics: Arc<Metrics>,
    stage: Stage,
}

impl Task {
    /// A connection that is logged in.
    async fn online(is_component: bool) -> Self {
        let stage = Stage::new();
        let metrics = Arc::new(Metrics::new());
        let (commands, taken) = mpsc::channel(1_024);
        let (events, told) = mpsc::channel(256);
        let (on_failure, failed) = oneshot::channel();
        let connection = XmppConnection::new(Parts {
            own: bare("bot@lessons.example.org"),
            alias: "Marvin".to_owned(),
            title: "OTR Bot".to_owned(),
            avatar: None,
            is_component,
            commands,
            events: told,
            to_registry: stage.registry.clone().recipient(),
            on_failure,
            metrics: Arc::clone(&metrics),
        })
        .start();
        let jid = FullJid::new("bot@lessons.example.org/otrbot").unwrap();
        let mechanism = "XEP-0114".to_owned();
        let online = Event::Online { jid, resumed: false, negotiated: None, mechanism };
        events.send(online).await.unwrap();
        let task = Self { connection, commands: taken, events, failed, metrics, stage };
        task.until(|metrics| metrics.online.get() == 1).await;
        task
    }

    async fn until(&self, is_so: impl Fn(&Metrics) -> bool) {
        let waited = tokio::time::timeout(Duration::from_secs(20), async {
            while !is_so(&self.metrics) {
                tokio::time::sleep(Duration::from_millis(2)).await;
            }
        });
        waited.await.unwrap();
    }

    /// A stanza comes, and is worked through.
    async fn comes(&self, xml: &str) {
        let n_before = self.metrics.stanzas_in.get();
        let stanza = xso::from_bytes(xml.as_bytes()).unwrap();
        self.events.send(Event::Stanza(Box::new(stanza))).await.unwrap();
        self.until(|metrics| metrics.stanzas_in.get() > n_before).await;
    }

    async fn deliver(&self, to: &str, what: Outgoing) {
        let to = Jid::new(to).unwrap();
        self.connection.send(Deliver { to, what }).await.unwrap();
    }
}

#[actix::test]
async fn a_task_that_ends_by_itself_leaves_no_daemon_that_looks_alive() {
    let Task { events, failed, metrics, connection: _connection, .. } = Task::online(false).await;

    // As when it panics.
    drop(events);

    assert!(failed.await.is_err(), "whoever waits for a reason learns that there is none");
    assert_eq!(metrics.online.get(), 0);
}

#[actix::test]
async fn a_stream_is_read_slowly_while_much_waits_for_the_sessions() {
    let task = Task::online(false).await;
    for _ in 0..2_000 {
        task.metrics.meters.session.sent();
    }
    for number in 0..100 {
        let message = Message::chat(Jid::from(bare("bot@lessons.example.org")))
            .with_body(Lang::new(), format!("message {number}"));
        task.events.send(Event::Stanza(Box::new(Stanza::Message(message)))).await.unwrap();
    }
    tokio::time::sleep(Duration::from_millis(200)).await;
    let n_slow = task.metrics.stanzas_in.get();
    assert!((1..60).contains(&n_slow), "{n_slow}");

    for _ in 0..2_000 {
        drop(task.metrics.meters.session.taken());
    }

    task.until(|metrics| metrics.stanzas_in.get() == 100).await;
}

#[actix::test]
async fn a_component_says_good_bye_in_words_before_it_goes_offline_for_a_crowd() {
    let mut task = Task::online(true).await;
    let mut n_guests = 0;
    for number in 0..25_000 {
        task.deliver(&format!("guest{number}@example.org"), Outgoing::AcceptSubscription).await;
        while let Ok(Command::Send { tag, .. }) = task.commands.try_recv() {
            task.events.send(Event::Acked(tag.unwrap())).await.unwrap();
            n_guests += 1;
        }
    }
    let words = |body: &str| Outgoing::Chat {
        body: body.to_owned(),
        otr: false,
        meaning: Meaning::Nothing,
    };
    for number in 0..2_000 {
        task.deliver(&format!("guest{number}@example.org/x"), words("Good-bye")).await;
    }
    assert!(n_guests >= 25_000, "{n_guests}");

    let stopping = task.connection.send(Disconnect);
    let reading = async {
        let (mut n_words, mut n_gone) = (0, 0);
        while let Some(command) = task.commands.recv().await {
            match command {
                Command::Send { stanza, .. } => match *stanza {
                    Stanza::Message(_) => {
                        assert_eq!(n_gone, 0, "words come first");
                        n_words += 1;
                    }
                    Stanza::Presence(presence) if presence.type_ == Type::Unavailable => {
                        n_gone += 1;
                    }
                    Stanza::Presence(_) | Stanza::Iq(_) => {}
                },
                Command::Stop => {
                    task.events.send(Event::Stopped).await.unwrap();
                    break;
                }
            }
        }
        drop(task.events);
        (n_words, n_gone)
    };
    let (stopped, counts) = tokio::join!(stopping, reading);

    assert!(stopped.is_ok());
    assert_eq!(counts, (2_000, 25_000));
}

#[actix::test]
async fn what_a_reply_quotes_and_a_reaction_are_no_words_of_the_learner() {
    let task = Task::online(false).await;
    let said = async |body: &str, payloads: &str| {
        let body = body.replace('>', "&gt;");
        let xml = format!(
            "<message xmlns='jabber:client' from='zoe@example.org/x' type='chat'><body>{body}</body>{payloads}</message>"
        );
        task.comes(&xml).await;
    };
    let fallback = |what: &str, range: &str| {
        format!(
            "<fallback xmlns='urn:xmpp:fallback:0' for='urn:xmpp:{what}:0'><body {range}/></fallback>"
        )
    };
    let texts = async |n: usize| {
        let all = task.stage.delivered_until(|all| count_chats(all) >= n).await;
        // Whatever comes besides has time to come.
        tokio::time::sleep(Duration::from_millis(300)).await;
        assert_eq!(count_chats(&task.stage.delivered().await), n, "{all:?}");
        all.into_iter().filter_map(|(_, what)| body_of(what)).collect::<Vec<String>>()
    };
    task.stage.enrol("zoe@example.org").await.unwrap();

    // A reaction does not even begin the lesson.
    said("> hello\n\u{1f44d}", &fallback("reactions", "")).await;
    texts(0).await;
    said("hello", "").await;
    task.stage.delivered_until(|all| count_chats(all) > 0).await;
    tokio::time::sleep(Duration::from_millis(500)).await;
    let greeted = count_chats(&task.stage.delivered().await);

    said("who are you?", "").await;
    let answers = task.stage.delivered_until(|all| count_chats(all) > greeted).await;
    tokio::time::sleep(Duration::from_millis(300)).await;
    let after = count_chats(&task.stage.delivered().await);
    let answer = answers.into_iter().filter_map(|(_, what)| body_of(what)).nth(greeted).unwrap();
    // The quotation holds what would be answered first, and is no quotation by its signs.
    let quoted = "I want to die. ";
    let range = format!("start='0' end='{}'", quoted.chars().count());
    said(&format!("{quoted}who are you?"), &fallback("reply", &range)).await;
    let all = task.stage.delivered_until(|all| count_chats(all) > after).await;
    let said_again = all.into_iter().filter_map(|(_, what)| body_of(what)).nth(after).unwrap();
    assert!(answer.contains("Marvin") && said_again.contains("Marvin"), "{answer}\n{said_again}");
}

fn body_of(what: Outgoing) -> Option<String> {
    match what {
        Outgoing::Chat { body, .. } => Some(body),
        Outgoing::Composing(_)
        | Outgoing::Receipt(_)
        | Outgoing::Invite
        | Outgoing::AcceptSubscription
        | Outgoing::EndSubscription
        | Outgoing::Present
        | Outgoing::Show { .. }
        | Outgoing::Part { .. }
        | Outgoing::Leave { .. } => None,
    }
}

fn count_chats(all: &[(Jid, Outgoing)]) -> usize {
    all.iter().filter(|(_, what)| matches!(what, Outgoing::Chat { .. })).count()
}
