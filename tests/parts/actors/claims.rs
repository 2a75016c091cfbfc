//! Whose an address is that several claim.

use std::time::Duration;

use jid::Jid;
use otrbot::{
    actors::{
        Incoming, Outgoing,
        registry::{Dismiss, Enrol, KnownLearner, LetGo, Observe, Restore},
    },
    records::Progress,
    session::{SecretVerdict, Whereabouts},
};

use crate::actors::{
    anna::{self, ANNA, GREETING, QUESTION, does, give_secret, has, id, number, says},
    stage::{Stage, TIMEOUT, bare},
    words,
};

fn enrol(name: &str) -> Enrol {
    anna::enrol(None, name)
}

async fn claim(stage: &Stage, name: &str) {
    stage.registry.send(enrol(name)).await.unwrap().unwrap();
}

async fn page(stage: &Stage, name: &str) -> Option<Whereabouts> {
    anna::page(stage, name, false).await
}

async fn list(stage: &Stage) {
    let listed = KnownLearner {
        jid: bare(ANNA),
        enrolment: None,
        is_proven: false,
        is_contested: false,
        person: None,
        locale: None,
        lesson: None,
        title: None,
        consumer: None,
        progress: Progress::Invited,
        kept: None,
        was_open: false,
    };
    stage.registry.send(Restore { learners: vec![listed] }).await.unwrap();
    stage.news().await;
}

#[actix::test]
async fn where_two_claims_meet_the_number_tells_whose_the_address_is() {
    let stage = Stage::paused();
    claim(&stage, "eve").await;
    claim(&stage, "anna").await;
    stage.news().await;

    let asked = says(&stage, "hello").await;
    assert!(has(&asked, QUESTION) && !has(&asked, GREETING), "{asked:?}");
    let asked = says(&stage, "what number?").await;
    assert!(has(&asked, QUESTION), "{asked:?}");
    let begun = says(&stage, &number("anna")).await;

    assert!(
        has(&begun, "Thank you, that is the right number") && has(&begun, GREETING),
        "{begun:?}"
    );
    assert_eq!(page(&stage, "anna").await.unwrap().progress, Progress::Talking);
    let eve = page(&stage, "eve").await.unwrap();
    assert_eq!((eve.progress, eve.fingerprint, eve.has_secret), (Progress::Invited, None, false));
    assert_eq!(stage.proven().await, [id("anna")]);
    assert_eq!(stage.saved().await, [(bare(ANNA), Progress::Talking)]);
}

#[actix::test]
async fn a_single_claim_is_asked_for_no_number() {
    let stage = Stage::paused();
    claim(&stage, "anna").await;
    stage.news().await;

    let told = says(&stage, "hello").await;

    assert!(has(&told, GREETING) && !has(&told, QUESTION), "{told:?}");
}

#[actix::test]
async fn a_page_tells_the_same_whatever_others_claim() {
    let alone = Stage::paused();
    claim(&alone, "eve").await;
    let crowded = Stage::with(crate::actors::stage::Options {
        is_here: true,
        ..crate::actors::stage::Options::default()
    });
    list(&crowded).await;
    claim(&crowded, "anna").await;
    says(&crowded, "hello").await;
    says(&crowded, "hello again").await;
    give_secret(&crowded, "anna").await;
    claim(&crowded, "eve").await;

    for (ours, theirs) in [(&alone, &crowded)] {
        assert_eq!(page(ours, "eve").await, page(theirs, "eve").await);
        assert_eq!(give_secret(ours, "eve").await, give_secret(theirs, "eve").await);
        let [one, other] = [page(ours, "eve").await.unwrap(), page(theirs, "eve").await.unwrap()];
        assert_eq!(
            (one.progress, one.has_secret, one.fingerprint.is_some()),
            (other.progress, other.has_secret, other.fingerprint.is_some())
        );
        assert!(one.has_secret && one.fingerprint.is_some());
    }
    // Each has a session of their own, and so another key.
    let fingerprint = async |name| page(&crowded, name).await.unwrap().fingerprint;
    assert_ne!(fingerprint("eve").await, fingerprint("anna").await);
    tokio::time::sleep(TIMEOUT + Duration::from_secs(1)).await;
    assert_eq!(page(&alone, "eve").await, None);
    assert_eq!(page(&crowded, "eve").await, None);
}

#[actix::test]
async fn another_claim_changes_nothing_for_a_lesson_under_way_but_for_a_question() {
    let stage = Stage::paused();
    claim(&stage, "anna").await;
    says(&stage, "hello").await;
    give_secret(&stage, "anna").await;
    let before = page(&stage, "anna").await;

    claim(&stage, "eve").await;
    assert_eq!(give_secret(&stage, "eve").await, SecretVerdict::Accepted);

    assert_eq!(page(&stage, "anna").await, before);
    assert!(!words(&stage.news().await).iter().any(|text| text.contains(QUESTION)));
    let told = says(&stage, "Thunderbird").await;
    assert!(has(&told, QUESTION) && told.len() > 1, "the lesson goes on: {told:?}");
    assert!(!has(&says(&stage, "never mind").await, QUESTION));
    assert_eq!(page(&stage, "anna").await.unwrap().fingerprint, before.unwrap().fingerprint);
    // Whoever was first without a number gives way to who has one.
    let begun = says(&stage, &number("eve")).await;
    assert!(has(&begun, "Thank you") && has(&begun, GREETING), "{begun:?}");
    assert_eq!(page(&stage, "anna").await, None);
    assert!(page(&stage, "eve").await.unwrap().has_secret);
}

#[actix::test]
async fn a_proven_claim_is_not_disturbed_by_others() {
    let stage = Stage::paused();
    claim(&stage, "eve").await;
    claim(&stage, "anna").await;
    says(&stage, "hello").await;
    says(&stage, &number("anna")).await;
    let before = page(&stage, "anna").await;

    for name in ["mallory", "trudy", "eve"] {
        claim(&stage, name).await;
        give_secret(&stage, name).await;
    }
    let told = says(&stage, "what next").await;

    assert!(!has(&told, QUESTION), "{told:?}");
    assert_eq!(page(&stage, "anna").await, before);
    let dismissed = Dismiss { jid: bare(ANNA), enrolment: id("mallory") };
    stage.registry.send(dismissed).await.unwrap();
    assert_eq!(stage.news().await, []);
    // The person may have two pages, and shows the other one. Nobody has asked for a number, so that it
    // is to be written twice: somebody else may have told them to write it.
    let warned = says(&stage, &number("eve")).await;
    assert!(has(&warned, "number of another page"), "{warned:?}");
    assert_eq!(page(&stage, "anna").await, before);
    let begun = says(&stage, &number("eve")).await;
    assert!(has(&begun, "Thank you"), "{begun:?}");
}

#[actix::test]
async fn whom_the_settings_list_goes_on_without_a_number_and_is_nobody_elses() {
    let stage = Stage::paused();
    list(&stage).await;
    claim(&stage, "eve").await;
    give_secret(&stage, "eve").await;
    stage.news().await;

    let asked = says(&stage, "hello").await;
    assert!(has(&asked, QUESTION) && !has(&asked, GREETING), "{asked:?}");
    let begun = says(&stage, "that was not me").await;

    assert!(has(&begun, GREETING) && !has(&begun, QUESTION), "{begun:?}");
    let eve = page(&stage, "eve").await.unwrap();
    assert_eq!(eve.progress, Progress::Invited);
    assert_eq!(stage.saved().await, [], "no page is told how far they are");
}

#[actix::test]
async fn whom_the_settings_list_may_show_their_page_and_is_listed_still_afterwards() {
    let stage = Stage::paused();
    list(&stage).await;
    claim(&stage, "anna").await;
    does(&stage, Incoming::Available).await;
    let asked = stage.news().await;
    assert_eq!(words(&asked).len(), 1, "{asked:?}");

    let begun = says(&stage, &format!(" {} ", number("anna"))).await;

    assert!(has(&begun, GREETING), "{begun:?}");
    assert_eq!(page(&stage, "anna").await.unwrap().progress, Progress::Talking);
    let dismissed = Dismiss { jid: bare(ANNA), enrolment: id("anna") };
    stage.registry.send(dismissed).await.unwrap();
    stage.news().await;
    assert!(has(&says(&stage, "hello").await, GREETING));
    assert_eq!(stage.registry.send(Observe).await.unwrap().n_learners, 1);
}

#[actix::test]
async fn wrong_numbers_are_told_and_guesses_are_few() {
    let stage = Stage::paused();
    claim(&stage, "eve").await;
    claim(&stage, "anna").await;
    says(&stage, "hello").await;

    let mut told = Vec::new();
    for guess in 0..9 {
        told.extend(says(&stage, &format!("{}", 100_000 + guess)).await);
    }

    let n_wrong = told.iter().filter(|text| text.contains("None of my pages")).count();
    assert_eq!(n_wrong, 5, "{told:?}");
    assert!(told[5].contains("wait a minute"), "{told:?}");
}

#[actix::test]
async fn who_is_forgotten_leaves_no_claim_and_no_porter_behind() {
    let stage = Stage::paused();
    claim(&stage, "eve").await;
    claim(&stage, "anna").await;
    says(&stage, "hello").await;

    let all = LetGo { jid: bare(ANNA), enrolment: None };
    stage.registry.send(all).await.unwrap();

    let parted = (Jid::new(ANNA).unwrap(), true);
    let told = stage.news().await;
    let told: Vec<_> = told
        .into_iter()
        .map(|(to, what)| (to, matches!(what, Outgoing::Part { .. })))
        .filter(|(_, is_part)| *is_part)
        .collect();
    assert!(told.contains(&parted), "{told:?}");
    let observed = stage.registry.send(Observe).await.unwrap();
    assert_eq!((observed.n_learners, observed.n_sessions), (0, 0));
}

#[actix::test]
async fn a_crowd_of_claims_is_bounded_and_leaves_the_owner_their_lesson() {
    let stage = Stage::paused();
    claim(&stage, "anna").await;
    says(&stage, "hello").await;
    let before = page(&stage, "anna").await;

    let mut n_refused = 0;
    for n in 0..1_100 {
        let refused = stage.registry.send(enrol(&format!("eve {n}"))).await.unwrap();
        n_refused += usize::from(refused.is_err());
    }
    stage.news().await;

    assert_eq!(n_refused, 101, "1,000 claims of an address, and no more");
    assert_eq!(page(&stage, "anna").await, before);
    // Who is there already is not refused.
    claim(&stage, "anna").await;
}
