//! Stanzas of strangers and learners, and messages of OTR.

use std::sync::Arc;

use otr::{Conversation, InstanceTag, Output, Policy, SigningKey};
use otrbot::{
    actors::{
        Incoming, Outgoing,
        registry::{Enrol, EnterSecret, Observe},
    },
    records::EnrolmentId,
    session::Strength,
};
use rand_chacha::ChaCha20Rng;
use rand_core::SeedableRng as _;
use secrecy::SecretString;

use crate::stage::{Options, Stage, bare};
use crate::{alone, held};

const ANNA: &str = "anna@example.org";
const HERE: &str = "anna@example.org/desk";

/// How many messages the bot has sent to Anna.
async fn n_answers(stage: &Stage) -> usize {
    let told = stage.news().await;
    told.iter().filter(|(_, what)| matches!(what, Outgoing::Chat { .. })).count()
}

async fn says(stage: &Stage, body: &str) {
    stage.receives(HERE, Incoming::Chat(body.to_owned())).await;
}

/// Anna's own end of a conversation, and what it sends to begin one.
struct Peer {
    otr: Conversation,
    rng: ChaCha20Rng,
}

impl Peer {
    fn new(seed: u64) -> Self {
        let mut rng = ChaCha20Rng::seed_from_u64(seed);
        let key = Arc::new(SigningKey::generate(&mut rng));
        let instance = InstanceTag::random(&mut rng);
        Self { otr: Conversation::new(key, instance, Policy::default()), rng }
    }

    fn takes(&mut self, body: &str) -> Vec<String> {
        let now = std::time::Instant::now();
        sent(self.otr.receive(now, &mut self.rng, body))
    }
}

fn sent(outputs: Vec<Output>) -> Vec<String> {
    let sent = outputs.into_iter().filter_map(|output| match output {
        Output::Send(body) => Some(body),
        Output::Event(_) => None,
    });
    sent.collect()
}

/// Lets Anna and the bot go on until neither has anything to say.
async fn go_private(stage: &Stage) -> Peer {
    let mut peer = Peer::new(7);
    let mut bodies = sent(peer.otr.start(std::time::Instant::now(), &mut peer.rng));
    while !bodies.is_empty() {
        for body in &bodies {
            says(stage, body).await;
        }
        let told = stage.news().await;
        let heard = told.into_iter().filter_map(|(_, what)| {
            if let Outgoing::Chat { body, .. } = what { Some(body) } else { None }
        });
        bodies = heard.flat_map(|body| peer.takes(&body)).collect();
    }
    assert!(peer.otr.is_private());
    peer
}

#[actix::test]
async fn ten_thousand_messages_of_a_stranger_are_one_answer_and_no_session() {
    let _alone = alone().await;
    let stage =
        Stage::with(Options { refuse_strangers: true, is_here: true, ..Options::default() });
    tokio::time::pause();
    let before = held();
    for n in 0..10_000 {
        let what = match n % 4 {
            0 => Incoming::Available,
            1 => Incoming::SubscriptionAsked,
            2 => Incoming::TooLong,
            _ => Incoming::Chat("?OTRv23?".to_owned()),
        };
        stage.receives("eve@example.org/x", what).await;
    }

    assert_eq!(n_answers(&stage).await, 1);
    assert_eq!(stage.registry.send(Observe).await.unwrap().n_sessions, 0);
    assert!(held().saturating_sub(before) < 256 * 1024, "{} bytes", held() - before);
}

#[actix::test]
async fn ten_thousand_commits_of_a_learner_are_few_exponentiations() {
    let _alone = alone().await;
    let stage = Stage::paused();
    stage.enrol(ANNA).await.unwrap();
    says(&stage, "hello").await;
    n_answers(&stage).await;

    for seed in 0..10_000 {
        // Each from another instance, so that none is a repetition.
        let body = if seed < 100 {
            let mut peer = Peer::new(seed);
            peer.takes("?OTRv3?").remove(0)
        } else {
            "?OTRv23?".to_owned()
        };
        says(&stage, &body).await;
    }

    let n = n_answers(&stage).await;
    assert!(n <= 64, "{n} answers, each of a key exchange");
}

#[actix::test]
async fn ten_thousand_steps_of_smp_are_few_answers() {
    let _alone = alone().await;
    let stage = Stage::paused();
    stage.enrol(ANNA).await.unwrap();
    let secret = SecretString::from("purple walrus ironing kettles");
    let strength = Strength::estimate(&secret);
    let enrolment = crate::stage::enrolment_of(ANNA);
    let give = EnterSecret { jid: bare(ANNA), enrolment, secret, strength };
    stage.registry.send(give).await.unwrap().unwrap();
    let mut peer = go_private(&stage).await;
    tokio::time::sleep(std::time::Duration::from_mins(1)).await;
    n_answers(&stage).await;

    for _ in 0..200 {
        let now = std::time::Instant::now();
        let mut bodies =
            peer.otr.smp_start(now, &mut peer.rng, b"a guess", None).unwrap_or_default();
        bodies.extend(peer.otr.smp_abort(now, &mut peer.rng).unwrap_or_default());
        for body in sent(bodies) {
            says(&stage, &body).await;
        }
    }

    let n = n_answers(&stage).await;
    assert!(n <= 64, "{n} answers, each of a step of SMP");
}

#[actix::test]
async fn what_waits_for_a_session_that_does_not_keep_up_is_bounded() {
    let _alone = alone().await;
    let stage = Stage::with(Options::default());
    stage.enrol(ANNA).await.unwrap();
    says(&stage, "hello").await;
    let before = held();
    let (sender, wait) = std::sync::mpsc::channel::<()>();
    stage.arbiter.spawn_fn(move || assert!(wait.recv().is_err()));

    for n in 0..2_000 {
        says(&stage, &format!("{n} {}", "x".repeat(16_000))).await;
    }

    let grown = held().saturating_sub(before);
    drop(sender);
    assert!(grown < 4 * 1024 * 1024, "{grown} bytes");
}

#[actix::test]
async fn a_claim_of_an_address_costs_a_session_and_no_more() {
    let _alone = alone().await;
    let stage = Stage::paused();
    let claim = async |n: usize| {
        let enrolment = EnrolmentId::from_text(format!("{n}"));
        let enrol = Enrol {
            jid: bare(ANNA),
            enrolment: enrolment.clone(),
            is_proven: false,
            is_contested: false,
            invites: true,
            person: None,
            is_finished: false,
            locale: None,
            lesson: None,
            title: None,
            consumer: "course".to_owned(),
            was_met: false,
        };
        stage.registry.send(enrol).await.unwrap().unwrap();
        let secret = SecretString::from("purple walrus ironing kettles");
        let strength = Strength::estimate(&secret);
        let give = EnterSecret { jid: bare(ANNA), enrolment, secret, strength };
        stage.registry.send(give).await.unwrap().unwrap();
    };
    for n in 0..64 {
        claim(n).await;
    }
    stage.news().await;
    let before = held();
    for n in 64..320 {
        claim(n).await;
    }
    stage.news().await;

    let observed = stage.registry.send(Observe).await.unwrap();
    assert!(observed.n_sessions <= 320, "{observed:?}");
    let each = held().saturating_sub(before) / 256;
    assert!(each < 48 * 1024, "{each} bytes for each claim");
}

#[actix::test]
async fn a_learner_on_the_whitelist_costs_little_and_a_session_not_much() {
    let _alone = alone().await;
    let stage = Stage::paused();
    for n in 0..100 {
        stage.enrol(&format!("warm{n}@example.org")).await.unwrap();
    }
    stage.news().await;
    let before = held();
    for n in 0..1_000 {
        stage.enrol(&format!("learner{n}@example.org")).await.unwrap();
    }
    stage.news().await;
    let each = held().saturating_sub(before) / 1_000;
    assert!(each < 2_048, "{each} bytes for a learner");

    let before = held();
    for n in 0..100 {
        let from = format!("learner{n}@example.org/x");
        stage.receives(&from, Incoming::Chat("hello".to_owned())).await;
    }
    stage.news().await;
    let each = held().saturating_sub(before) / 100;
    assert!(each < 48 * 1024, "{each} bytes for a session");
}

#[actix::test]
async fn pieces_of_messages_that_never_end_are_held_within_bounds() {
    let _alone = alone().await;
    let stage = Stage::paused();
    stage.enrol(ANNA).await.unwrap();
    says(&stage, "hello").await;
    stage.news().await;
    let before = held();

    for instance in 0..2_000_u32 {
        let piece = "x".repeat(50_000);
        says(&stage, &format!("?OTR|{:08x}|00000000,1,9,{piece},", 0x100 + instance)).await;
        tokio::time::sleep(std::time::Duration::from_secs(3)).await;
    }
    stage.news().await;

    let grown = held().saturating_sub(before);
    assert!(grown < 2 * 1024 * 1024, "{grown} bytes");
}
