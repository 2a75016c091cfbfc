//! One person with several assignments: the chat follows the one that was opened last.

use std::{sync::Arc, time::Duration};

use otrbot::{
    actors::{
        Incoming, Received,
        registry::{Dismiss, Enrol, KnownLearner, Observe, Restore},
    },
    records::{Person, Progress},
    session::{SecretVerdict, Snapshot},
};

use crate::actors::{
    anna::{
        self, ANNA, GREETING, QUESTION, does, give_secret, has, here, id, number, page, says, told,
    },
    resume::snapshot,
    stage::{Stage, bare},
};

const PAUSED: &str = "This one waits where it is";
const WHICH: &str = "You have more than one exercise with me. This is the one that you opened last";
const GOES_ON: &str = "We go on with the exercise";

/// Longer than a session waits for a silent learner.
const LONG: Duration = Duration::from_mins(25);

/// An assignment of a person; its name says which.
fn enrol(person: &str, name: &str) -> Enrol {
    anna::enrol(Person::of("course", person), name)
}

/// The same after a restart: it stands there, or has yet to begin.
fn known(person: &str, name: &str, kept: Option<Arc<Snapshot>>) -> KnownLearner {
    KnownLearner {
        jid: bare(ANNA),
        enrolment: Some(id(name)),
        locale: None,
        lesson: None,
        title: None,
        consumer: Some("course".to_owned()),
        is_proven: false,
        is_contested: false,
        person: Person::of("course", person),
        progress: if kept.is_some() { Progress::Talking } else { Progress::Invited },
        was_open: kept.is_some(),
        kept,
    }
}

async fn claim(stage: &Stage, name: &str) {
    stage.registry.send(enrol("anna", name)).await.unwrap().unwrap();
}

#[actix::test]
async fn the_chat_follows_the_assignment_that_was_opened_last_and_says_so() {
    let stage = Stage::paused();
    claim(&stage, "first").await;
    says(&stage, "hello").await;
    says(&stage, "Thunderbird").await;
    let before = page(&stage, "first", false).await.unwrap();

    claim(&stage, "second").await;
    let said = told(&stage).await;

    assert!(has(&said, PAUSED) && has(&said, WHICH) && has(&said, GREETING), "{said:?}");
    assert!(!has(&said, QUESTION), "{said:?}");
    let first = page(&stage, "first", false).await.unwrap();
    assert!(first.is_elsewhere);
    assert_eq!((first.progress, first.fingerprint), (before.progress, None));
    let second = page(&stage, "second", false).await.unwrap();
    assert_eq!((second.progress, second.is_elsewhere), (Progress::Talking, false));

    // Back again: it goes on where it was.
    page(&stage, "first", true).await;
    let said = told(&stage).await;
    assert!(has(&said, PAUSED) && has(&said, GOES_ON), "{said:?}");
    assert!(!has(&said, GREETING) && !has(&said, "I was interrupted"), "{said:?}");
    assert!(page(&stage, "second", false).await.unwrap().is_elsewhere);
    // To look at a page once more changes nothing.
    page(&stage, "first", true).await;
    page(&stage, "second", false).await;
    assert_eq!(told(&stage).await, [""; 0]);
    let observed = stage.registry.send(Observe).await.unwrap();
    assert_eq!((observed.n_learners, observed.n_sessions), (2, 1));
}

#[actix::test]
async fn what_was_reached_at_the_last_moment_is_kept_with_the_assignment_that_waits() {
    let stage = Stage::paused();
    claim(&stage, "first").await;
    says(&stage, "hello").await;
    let n_kept = stage.kept().await.len();

    // It is still being answered when the other one is opened.
    does(&stage, Incoming::Chat("Thunderbird".into())).await;
    claim(&stage, "second").await;
    told(&stage).await;

    let kept = stage.kept().await;
    assert!(kept[n_kept..].iter().all(|(_, kept)| kept.is_some()), "nothing is given up");
    page(&stage, "first", true).await;
    assert!(has(&told(&stage).await, GOES_ON));
}

#[actix::test]
async fn a_finished_assignment_takes_no_place_and_is_none_that_is_returned_to() {
    let stage = Stage::paused();
    claim(&stage, "second").await;
    says(&stage, "hello").await;

    let finished = Enrol { is_finished: true, invites: false, ..enrol("anna", "first") };
    stage.registry.send(finished).await.unwrap().unwrap();
    page(&stage, "first", true).await;

    assert_eq!(told(&stage).await, [""; 0]);
    assert!(!page(&stage, "second", false).await.unwrap().is_elsewhere);
    // When the other one is over, it can be practised.
    let gone = Dismiss { jid: bare(ANNA), enrolment: id("second") };
    stage.registry.send(gone).await.unwrap();
    told(&stage).await;
    assert!(has(&says(&stage, "hello").await, GREETING));
}

#[actix::test]
async fn the_number_of_the_other_page_leads_there_at_once() {
    let stage = Stage::paused();
    claim(&stage, "first").await;
    claim(&stage, "second").await;
    says(&stage, "hello").await;

    let said = says(&stage, &number("first")).await;

    assert!(!has(&said, "number of another page"), "nobody can be misled: {said:?}");
    assert!(page(&stage, "second", false).await.unwrap().is_elsewhere);
    assert!(has(&said, GREETING), "{said:?}");
    page(&stage, "second", true).await;
    assert!(has(&told(&stage).await, GOES_ON), "it waits");
}

#[actix::test]
async fn whoever_acts_on_a_page_goes_on_in_its_assignment() {
    let stage = Stage::paused();
    claim(&stage, "first").await;
    says(&stage, "hello").await;
    claim(&stage, "second").await;
    told(&stage).await;

    assert_eq!(give_secret(&stage, "first").await, SecretVerdict::Accepted);

    assert!(has(&told(&stage).await, GOES_ON));
    let first = page(&stage, "first", false).await.unwrap();
    assert!(first.has_secret && !first.is_elsewhere);
    assert!(!page(&stage, "second", false).await.unwrap().has_secret);
}

#[actix::test]
async fn another_person_is_asked_for_the_number_and_takes_all_assignments_over() {
    let stage = Stage::paused();
    claim(&stage, "first").await;
    claim(&stage, "second").await;
    says(&stage, "hello").await;

    stage.registry.send(enrol("eve", "hers")).await.unwrap().unwrap();
    assert!(!page(&stage, "second", true).await.unwrap().is_elsewhere);
    assert!(has(&says(&stage, "and now?").await, QUESTION));
    let said = says(&stage, &number("hers")).await;

    assert!(has(&said, GREETING), "{said:?}");
    assert_eq!(page(&stage, "first", false).await, None);
    assert_eq!(page(&stage, "second", false).await, None);
    assert_eq!(page(&stage, "hers", false).await.unwrap().progress, Progress::Talking);
}

#[actix::test]
async fn who_has_shown_the_address_in_one_assignment_has_in_all() {
    let stage = Stage::paused();
    claim(&stage, "first").await;
    stage.registry.send(enrol("eve", "hers")).await.unwrap().unwrap();
    assert!(has(&says(&stage, "hello").await, QUESTION));
    says(&stage, &number("first")).await;

    let second = Enrol { is_proven: true, is_contested: true, ..enrol("anna", "second") };
    stage.registry.send(second).await.unwrap().unwrap();
    let said = told(&stage).await;

    assert!(has(&said, GREETING) && !has(&said, QUESTION), "{said:?}");
    assert!(!has(&says(&stage, "hello").await, QUESTION));
    page(&stage, "first", true).await;
    told(&stage).await;
    assert!(!has(&says(&stage, "hello").await, QUESTION));
}

#[actix::test]
async fn after_a_restart_the_chat_goes_on_with_the_one_that_was_opened_last() {
    let stage = Stage::paused();
    let learners = vec![
        known("anna", "first", Some(snapshot("greeting", ""))),
        known("anna", "second", Some(snapshot("greeting", ""))),
    ];
    stage.registry.send(Restore { learners }).await.unwrap();

    let said = says(&stage, "hello").await;

    assert!(has(&said, GOES_ON), "{said:?}");
    assert!(page(&stage, "first", false).await.unwrap().is_elsewhere);
    assert!(!page(&stage, "second", false).await.unwrap().is_elsewhere);
}

#[actix::test]
async fn one_person_takes_no_more_than_a_few_places_at_an_address() {
    let stage = Stage::paused();
    for n in 0..100 {
        claim(&stage, &format!("assignment {n}")).await;
    }

    let observed = stage.registry.send(Observe).await.unwrap();

    assert_eq!(observed.n_learners, 16);
    assert!(page(&stage, "assignment 99", false).await.is_some());
    assert!(page(&stage, "assignment 0", false).await.is_none());
}

/// The first one waits, as the second one was opened; the learner is online.
async fn one_waits(stage: &Stage) {
    claim(stage, "first").await;
    does(stage, Incoming::Available).await;
    says(stage, "hello").await;
    says(stage, "Thunderbird").await;
    claim(stage, "second").await;
    assert!(has(&told(stage).await, PAUSED));
}

#[actix::test]
async fn one_that_waits_goes_on_when_it_is_opened_after_the_other_has_ended() {
    let stage = Stage::paused();
    one_waits(&stage).await;
    tokio::time::sleep(LONG).await;
    told(&stage).await;
    assert_eq!(page(&stage, "second", false).await, None, "it has ended");

    page(&stage, "first", true).await;

    assert!(has(&told(&stage).await, GOES_ON));
    assert_eq!(stage.opened().await, [id("second"), id("first")]);
}

#[actix::test]
async fn a_third_one_begins_when_it_is_opened_after_the_second_has_ended() {
    let stage = Stage::paused();
    one_waits(&stage).await;
    tokio::time::sleep(LONG).await;
    told(&stage).await;

    claim(&stage, "third").await;

    let said = told(&stage).await;
    assert!(has(&said, GREETING) && has(&said, WHICH), "{said:?}");
    assert!(page(&stage, "first", false).await.unwrap().is_elsewhere, "it waits still");
}

#[actix::test]
async fn one_that_waits_keeps_its_place_whoever_comes_online() {
    let stage = Stage::paused();
    one_waits(&stage).await;
    for _ in 0..2 {
        tokio::time::sleep(LONG).await;
        told(&stage).await;
        // The program of somebody who is not there says "away".
        does(&stage, Incoming::Available).await;
        assert_eq!(told(&stage).await, [""; 0]);
    }

    let said = says(&stage, "hello again").await;

    assert!(has(&said, GOES_ON) && !has(&said, GREETING), "{said:?}");
}

#[actix::test]
async fn one_that_is_finished_does_not_wait() {
    let stage = Stage::paused();
    let finished = Enrol { is_finished: true, ..enrol("anna", "first") };
    stage.registry.send(finished).await.unwrap().unwrap();
    does(&stage, Incoming::Available).await;
    says(&stage, "hello").await;
    says(&stage, "Thunderbird").await;
    claim(&stage, "second").await;
    let said = told(&stage).await;
    assert!(has(&said, "This one is finished") && !has(&said, PAUSED), "{said:?}");
    assert_eq!(page(&stage, "first", false).await, None);

    tokio::time::sleep(LONG).await;
    told(&stage).await;
    does(&stage, Incoming::Available).await;

    assert!(!has(&told(&stage).await, GOES_ON));
    let observed = stage.registry.send(Observe).await.unwrap();
    assert_eq!((observed.n_learners, observed.n_sessions), (0, 0));
}

#[actix::test]
async fn whoever_acts_on_the_page_of_a_finished_one_has_one_conversation_too() {
    let stage = Stage::paused();
    claim(&stage, "second").await;
    says(&stage, "hello").await;
    let finished = Enrol { is_finished: true, ..enrol("anna", "first") };
    stage.registry.send(finished).await.unwrap().unwrap();

    assert_eq!(give_secret(&stage, "first").await, SecretVerdict::Accepted);

    told(&stage).await;
    assert_eq!(stage.registry.send(Observe).await.unwrap().n_sessions, 1);
    assert!(page(&stage, "second", false).await.unwrap().is_elsewhere);
}

#[actix::test]
async fn the_one_that_waits_says_so_before_the_next_one_speaks() {
    let stage = Stage::paused();
    claim(&stage, "first").await;
    does(&stage, Incoming::Available).await;
    says(&stage, "hello").await;
    // It still computes when another one is opened, and then it again.
    does(&stage, Incoming::Chat("?OTRv3?".into())).await;
    claim(&stage, "second").await;
    page(&stage, "first", true).await;
    tokio::time::sleep(Duration::from_secs(5)).await;

    let said = told(&stage).await;

    let goes_on = said.iter().rposition(|text| text.contains(GOES_ON));
    let waits = said.iter().rposition(|text| text.contains(PAUSED));
    assert!(goes_on > waits && waits.is_some(), "{said:#?}");
}

#[actix::test]
async fn a_number_that_leads_nowhere_makes_nobody_deaf() {
    let stage = Stage::paused();
    claim(&stage, "first").await;
    claim(&stage, "second").await;
    says(&stage, "hello").await;
    let (from, what) = (here(), Incoming::Chat(number("first")));
    stage.registry.do_send(Received { from, what });
    stage.registry.do_send(Dismiss { jid: bare(ANNA), enrolment: id("first") });
    told(&stage).await;

    assert_ne!(says(&stage, "help").await, [""; 0]);
}

#[actix::test]
async fn finished_ones_push_none_out_that_waits() {
    let stage = Stage::paused();
    one_waits(&stage).await;
    for n in 0..20 {
        let finished = Enrol { is_finished: true, ..enrol("anna", &format!("done {n}")) };
        stage.registry.send(finished).await.unwrap().unwrap();
    }

    assert!(page(&stage, "first", false).await.is_some());
    assert_eq!(stage.registry.send(Observe).await.unwrap().n_learners, 16);
}

#[actix::test]
async fn one_person_fills_no_address_after_a_restart_either() {
    let stage = Stage::paused();
    let learners = (0..1_000).map(|n| known("eve", &format!("hers {n}"), None));
    stage.registry.send(Restore { learners: learners.collect() }).await.unwrap();

    claim(&stage, "first").await;

    assert_eq!(stage.registry.send(Observe).await.unwrap().n_learners, 17);
}

#[actix::test]
async fn an_assignment_is_called_by_its_own_name_as_far_as_that_can_be_said() {
    let stage = Stage::paused();
    claim(&stage, "first").await;
    says(&stage, "hello").await;
    let title = format!("Week 3:\n\u{7}?OTRv2? ${{bot_alias}} {}", "long ".repeat(40));
    let second = Enrol { title: Some(title), ..enrol("anna", "second") };
    stage.registry.send(second).await.unwrap().unwrap();

    let said = told(&stage).await;

    let which = said.iter().find(|text| text.contains(WHICH)).unwrap();
    assert!(which.contains("“Week 3: OTRv2? $ {bot_alias} long long"), "{which}");
    assert!(which.len() < 350 && !which.contains(['\n', '\u{7}']), "{which}");
}
