//! Whatever a learner does, and in whatever order.

#![expect(clippy::indexing_slicing, reason = "helpers of a test may fail it")]

use std::collections::BTreeSet;

use otr::{Event, Version};
use otrbot::session::{Effect, Excess, Farewell, Typing};
use proptest::prelude::*;

use crate::bot::support::{Class, SECRET, config, find_secret, secs};

/// Something that a learner can do, or that can happen to them.
#[derive(Clone, Debug)]
enum Deed {
    Say(&'static str),
    Inject(String),
    StartOtr,
    EndOtr,
    ChangeKey,
    Use(&'static str),
    StartSmp(&'static str, Option<&'static str>),
    AnswerSmp(&'static str),
    AbortSmp,
    EnterSecret(&'static str),
    EnterBotSecret(bool),
    Wait(u64),
    GoOffline(&'static str, bool),
    ComeOnline(&'static str),
    SendTooMuch(Excess),
}

fn client() -> impl Strategy<Value = &'static str> {
    prop_oneof![Just("phone"), Just("desk")]
}

fn secret() -> impl Strategy<Value = &'static str> {
    prop_oneof![3 => Just(SECRET), 1 => Just("something else entirely, 42"), 1 => Just("1234")]
}

fn deed() -> impl Strategy<Value = Deed> {
    let words = ["hello", "help", "bye", "what?", "pidgin", "again", "", "\u{202e}\u{200b}"];
    let bodies = ["?OTRv23?", "?OTR Error: x", "?OTR:AAMD.", "?OTR|1|2,00001,00002,x,", "?OTR"];
    prop_oneof![
        4 => prop::sample::select(words.to_vec()).prop_map(Deed::Say),
        1 => prop::sample::select(bodies.to_vec()).prop_map(|body| Deed::Inject(body.to_owned())),
        1 => any::<String>().prop_map(Deed::Inject),
        5 => Just(Deed::StartOtr),
        1 => Just(Deed::EndOtr),
        1 => Just(Deed::ChangeKey),
        2 => client().prop_map(Deed::Use),
        4 => (secret(), prop::option::weighted(0.2, Just("who?")))
            .prop_map(|(secret, question)| Deed::StartSmp(secret, question)),
        1 => secret().prop_map(Deed::AnswerSmp),
        1 => Just(Deed::AbortSmp),
        4 => secret().prop_map(Deed::EnterSecret),
        1 => any::<bool>().prop_map(Deed::EnterBotSecret),
        3 => (0_u64..100).prop_map(Deed::Wait),
        1 => (100_u64..2_000).prop_map(Deed::Wait),
        1 => (client(), any::<bool>()).prop_map(|(name, is_last)| Deed::GoOffline(name, is_last)),
        2 => client().prop_map(Deed::ComeOnline),
        1 => prop_oneof![Just(Excess::Messages), Just(Excess::Length)].prop_map(Deed::SendTooMuch),
    ]
}

/// A class with what is remembered of it.
struct Watched {
    class: Class,
    /// Number of the key in each program of the learner.
    keys: [u32; 2],
    using: usize,
    n_keys: u32,
    /// The keys that SMP has verified.
    verified: BTreeSet<u32>,
    bot_secret: Option<String>,
}

impl Watched {
    fn act(&mut self, deed: Deed) {
        let class = &mut self.class;
        match deed {
            Deed::Say(text) => class.try_say(text),
            Deed::Inject(body) => class.inject(&body),
            Deed::StartOtr => class.try_start_otr(),
            Deed::EndOtr => class.end_otr(),
            Deed::ChangeKey => {
                class.change_key();
                self.n_keys += 1;
                self.keys[self.using] = self.n_keys;
            }
            Deed::Use(name) => {
                class.use_client(name);
                self.using = usize::from(name == "desk");
            }
            Deed::StartSmp(secret, question) => class.try_start_smp(secret, question),
            Deed::AnswerSmp(secret) => class.try_answer_smp(secret),
            Deed::AbortSmp => class.try_abort_smp(),
            Deed::EnterSecret(secret) => drop(class.enter_secret(secret)),
            Deed::EnterBotSecret(is_right) => {
                let typed = self.bot_secret.clone().filter(|_| is_right);
                class.enter_bot_secret(typed.as_deref().unwrap_or("ABCD-EFGH-IJKL-MNOP"));
            }
            Deed::Wait(time) => class.wait(secs(time)),
            Deed::GoOffline(name, is_last) => class.go_offline(name, is_last),
            Deed::ComeOnline(name) => class.come_online(name),
            Deed::SendTooMuch(excess) => class.send_too_much(excess),
        }
    }

    /// Checks what came of the last deed.
    fn check(&mut self, since: usize, was_wait: bool) -> Result<(), TestCaseError> {
        let key = self.keys[self.using];
        if self.class.events().contains(&Event::SmpSucceeded) {
            self.verified.insert(key);
        }
        for (text, encrypted) in self.class.heard() {
            if let Some(secret) = find_secret(&text) {
                prop_assert!(encrypted, "in the clear: {text}");
                prop_assert!(self.verified.contains(&key), "unverified: {text}");
                self.bot_secret = Some(secret);
            }
            prop_assert!(!text.contains("${"), "{text}");
        }
        let mut n_sent = 0;
        for effect in &self.class.effects[since..] {
            if let Effect::Send { body, otr, .. } = effect {
                n_sent += 1;
                prop_assert!(find_secret(body).is_none(), "on the wire: {body}");
                prop_assert_eq!(*otr, body.starts_with("?OTR"));
            }
        }
        prop_assert!(n_sent <= if was_wait { 200 } else { 60 }, "{n_sent} sends");
        Ok(())
    }
}

proptest! {
    #![proptest_config(ProptestConfig { cases: 64, ..ProptestConfig::default() })]

    #[test]
    fn whatever_a_learner_does_the_session_keeps_its_promises(
        deeds in prop::collection::vec(deed(), 1..40),
        scheduled in any::<bool>(),
        may_start_smp in any::<bool>(),
        closes in any::<bool>(),
    ) {
        let mut config = config(Version::V3);
        config.typing = Typing { scheduled, chars_per_second: 20 };
        config.may_start_smp = may_start_smp;
        let mut class = Class::new(config);
        class.use_client("phone");
        let mut watched = Watched {
            class,
            keys: [0, 1],
            using: 0,
            n_keys: 1,
            verified: BTreeSet::new(),
            bot_secret: None,
        };
        for deed in deeds {
            let since = watched.class.effects.len();
            let was_wait = matches!(deed, Deed::Wait(_));
            watched.act(deed);
            watched.check(since, was_wait)?;
        }
        let since = watched.class.effects.len();
        if closes {
            watched.class.close(Farewell::Shutdown);
        }
        // Who was in trouble, or wanted to stop, is left in peace for a while before.
        watched.class.wait(secs(1_801 + 600));
        watched.check(since, true)?;
        prop_assert!(watched.class.ended().is_some(), "a session without end");
        prop_assert!(watched.class.session.next_tick().is_none());
    }
}
