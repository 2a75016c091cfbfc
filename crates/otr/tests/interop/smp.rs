//! The Socialist Millionaires' Protocol.

use otr::error::SmpError;
use otr::event::Event;
use serde_json::{Value, json};

use crate::pair::Pair;
use crate::peer::Setting;
use crate::with_every_peer;

with_every_peer! {
    we_ask_and_the_secrets_are_equal
    we_ask_a_question
    we_ask_and_the_secrets_differ
    they_ask_and_the_secrets_are_equal
    they_ask_a_question
    they_ask_and_the_secrets_differ
    we_give_up
    they_give_up
    they_give_up_what_they_asked
    both_ask_at_once
    they_begin_anew_while_we_are_asked
    a_refresh_ends_the_run
    smp_in_pieces
    smp_between_texts
}

/// We ask, and the peer has been asked.
fn ask(pair: &mut Pair, secret: &str, question: Option<&str>) {
    let outputs = pair.ours.smp_start(pair.now, &mut pair.rng, secret.as_bytes(), question);
    pair.take_in(outputs.unwrap());
    pair.deliver();
    let asked = json!({"event": "smp_request", "question": question});
    assert_eq!(pair.their_events(), [asked]);
    assert_eq!(pair.our_events(), []);
}

/// The peer asks, and we have been asked.
fn they_ask(pair: &mut Pair, secret: &str, question: Option<&str>) {
    pair.command(&json!({"cmd": "smp", "secret": secret, "question": question}));
    let question = question.map(str::to_owned);
    assert_eq!(pair.our_events(), [Event::SmpAsked { question }]);
    assert_eq!(pair.their_events(), Vec::<Value>::new());
}

fn answer(pair: &mut Pair, secret: &str) {
    let outputs = pair.ours.smp_answer(pair.now, &mut pair.rng, secret.as_bytes());
    pair.take_in(outputs.unwrap());
    pair.deliver();
}

fn they_answer(pair: &mut Pair, secret: &str) {
    pair.command(&json!({"cmd": "smp_answer", "secret": secret}));
}

fn assert_result(pair: &mut Pair, ok: bool) {
    assert_eq!(pair.our_events(), [if ok { Event::SmpSucceeded } else { Event::SmpFailed }]);
    assert_eq!(pair.their_events(), [json!({"event": "smp_result", "ok": ok})]);
}

/// A run works, whoever asks.
fn assert_next_run_works(pair: &mut Pair) {
    ask(pair, "next", None);
    they_answer(pair, "next");
    assert_result(pair, true);
    they_ask(pair, "next", None);
    answer(pair, "next");
    assert_result(pair, true);
}

fn we_ask_and_the_secrets_are_equal(setting: Setting) {
    let mut pair = Pair::private(setting);

    ask(&mut pair, "Grüße 🦀", None);
    they_answer(&mut pair, "Grüße 🦀");

    assert_result(&mut pair, true);
    assert_next_run_works(&mut pair);
}

fn we_ask_a_question(setting: Setting) {
    let mut pair = Pair::private(setting);

    ask(&mut pair, "rex", Some("Wie heißt mein Hund?"));
    they_answer(&mut pair, "rex");

    assert_result(&mut pair, true);
}

fn we_ask_and_the_secrets_differ(setting: Setting) {
    let mut pair = Pair::private(setting);

    ask(&mut pair, "rex", None);
    they_answer(&mut pair, "Rex");

    if setting.completes_failed_smp() {
        assert_result(&mut pair, false);
    } else {
        assert_eq!(pair.our_events(), [Event::SmpAborted]);
        assert_eq!(pair.their_events(), [json!({"event": "smp_result", "ok": false})]);
    }
    assert_next_run_works(&mut pair);
}

fn they_ask_and_the_secrets_are_equal(setting: Setting) {
    let mut pair = Pair::private(setting);

    they_ask(&mut pair, "Grüße 🦀", None);
    answer(&mut pair, "Grüße 🦀");

    assert_result(&mut pair, true);
    assert_next_run_works(&mut pair);
}

fn they_ask_a_question(setting: Setting) {
    let mut pair = Pair::private(setting);

    they_ask(&mut pair, "rex", Some("Wie heißt mein Hund?"));
    answer(&mut pair, "rex");

    assert_result(&mut pair, true);
}

fn they_ask_and_the_secrets_differ(setting: Setting) {
    let mut pair = Pair::private(setting);

    they_ask(&mut pair, "rex", Some("Wie heißt mein Hund?"));
    answer(&mut pair, "Rex");

    assert_result(&mut pair, false);
    assert_next_run_works(&mut pair);
}

fn we_give_up(setting: Setting) {
    let mut pair = Pair::private(setting);
    ask(&mut pair, "rex", None);

    let outputs = pair.ours.smp_abort(pair.now, &mut pair.rng).unwrap();
    pair.take_in(outputs);
    pair.deliver();

    assert_eq!(pair.our_events(), [Event::SmpAborted]);
    assert_eq!(pair.their_events(), [json!({"event": "smp_aborted"})]);
    assert_next_run_works(&mut pair);
}

fn they_give_up(setting: Setting) {
    let mut pair = Pair::private(setting);
    ask(&mut pair, "rex", Some("pet?"));

    pair.command(&json!({"cmd": "smp_abort"}));

    assert_eq!(pair.our_events(), [Event::SmpAborted]);
    pair.forget_events();
    assert_next_run_works(&mut pair);
}

fn they_give_up_what_they_asked(setting: Setting) {
    let mut pair = Pair::private(setting);
    they_ask(&mut pair, "rex", None);

    pair.command(&json!({"cmd": "smp_abort"}));

    assert_eq!(pair.our_events(), [Event::SmpAborted]);
    let late = pair.ours.smp_answer(pair.now, &mut pair.rng, b"rex");
    assert_eq!(late, Err(SmpError::NotAsked));
    pair.forget_events();
    assert_next_run_works(&mut pair);
}

fn both_ask_at_once(setting: Setting) {
    let mut pair = Pair::private(setting);

    // Both first messages are under way before either arrives: neither run can go on.
    let outputs = pair.ours.smp_start(pair.now, &mut pair.rng, b"rex", None).unwrap();
    pair.take_in(outputs);
    pair.command(&json!({"cmd": "smp", "secret": "rex", "question": null}));

    let results = pair
        .our_events()
        .into_iter()
        .filter(|event| matches!(event, Event::SmpSucceeded | Event::SmpFailed));
    assert_eq!(results.count(), 0);
    pair.forget_events();
    assert_next_run_works(&mut pair);
}

fn they_begin_anew_while_we_are_asked(setting: Setting) {
    let mut pair = Pair::private(setting);
    they_ask(&mut pair, "rex", Some("pet?"));

    // Some abort the first run before they begin the next, some only begin it.
    pair.command(&json!({"cmd": "smp_abort"}));
    pair.forget_events();
    they_ask(&mut pair, "blue", Some("colour?"));
    answer(&mut pair, "blue");

    assert_result(&mut pair, true);
}

fn a_refresh_ends_the_run(setting: Setting) {
    let mut pair = Pair::private(setting);
    they_ask(&mut pair, "rex", None);

    pair.start();

    assert_eq!(pair.our_events().first(), Some(&Event::SmpAborted));
    let late = pair.ours.smp_answer(pair.now, &mut pair.rng, b"rex");
    assert_eq!(late, Err(SmpError::NotAsked));
    pair.command(&json!({"cmd": "smp_abort"}));
    pair.forget_events();
    assert_next_run_works(&mut pair);
}

fn smp_in_pieces(setting: Setting) {
    let mut pair = Pair::private(setting);
    pair.ours.set_fragment_bytes(Some(150));
    pair.command(&json!({"cmd": "mtu", "bytes": 150}));

    ask(&mut pair, "rex", Some("pet?"));
    they_answer(&mut pair, "rex");

    assert_result(&mut pair, true);
}

fn smp_between_texts(setting: Setting) {
    let mut pair = Pair::private(setting);

    ask(&mut pair, "rex", None);
    pair.assert_talks();
    they_answer(&mut pair, "rex");

    assert_result(&mut pair, true);
    pair.assert_talks();
}
