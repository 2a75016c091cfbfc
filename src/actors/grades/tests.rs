use super::*;
use crate::records::{Accepts, EnrolmentId};

fn attempt(store: &Store, attempts: i64, said: Option<&str>) -> Attempt {
    Attempt {
        store: store.clone(),
        consumers: Consumers::default(),
        courier: Courier::new(true, None).unwrap(),
        plan: RetryPlan::default(),
        n_failures: 0,
        grade: GradeDue {
            id: GradeId::from_text("0123456789abcdef0123456789abcdef".to_owned()),
            consumer_key: "key".to_owned(),
            outcome_url: "https://lms.example/".to_owned(),
            sourcedid: "cell".to_owned(),
            score: 1.0,
            achieved_at: 0,
            queued_at: 1_000,
            version: 1,
            accepts: Accepts::default(),
            attempts,
            said: said.map(str::to_owned),
            enrolment: EnrolmentId::from_text("0123456789abcdef0123456789abcdef"),
        },
    }
}

/// The words that are kept, and whether the grade is given up.
fn words(ended: Ended) -> (String, bool) {
    match ended {
        Ended::Recorded => (String::new(), false),
        Ended::Again { why, .. } => (why.for_teacher("cell"), false),
        Ended::Failed { why } => (why.for_teacher("cell"), true),
    }
}

#[actix::test]
async fn five_answers_that_leave_it_open_end_it_and_no_time_out_counts() {
    let unclear = || Outcome::Unclear {
        looks: answer::Looks::Good,
        retry_after: None,
        why: Why::from("status 204").unclear(),
    };
    let time_out = || Outcome::Busy {
        retry_after: None,
        why: Why::from("the platform did not answer in time").unclear(),
    };
    let away =
        || Outcome::Busy { retry_after: None, why: Why::from("the platform cannot be reached") };
    let folder = tempfile::tempdir().unwrap();
    let url = format!("sqlite://{}/grades.db", folder.path().display());
    let store = Store::open(&url).await.unwrap();
    let mut said = None;
    for (n, (outcome, expected, ends)) in [
        (time_out(), "unclear: the platform did not answer in time", false),
        (time_out(), "unclear: the platform did not answer in time", false),
        (time_out(), "unclear: the platform did not answer in time", false),
        (time_out(), "unclear: the platform did not answer in time", false),
        (time_out(), "unclear: the platform did not answer in time", false),
        (unclear(), "unclear (1): status 204", false),
        (unclear(), "unclear (2): status 204", false),
        (away(), "unclear (2): the platform cannot be reached", false),
        (time_out(), "unclear (2): the platform did not answer in time", false),
        (unclear(), "unclear (3): status 204", false),
        (unclear(), "unclear (4): status 204", false),
        (unclear(), "unclear: status 204", true),
    ]
    .into_iter()
    .enumerate()
    {
        let attempts = i64::try_from(n).unwrap();
        let ended = attempt(&store, attempts, said.as_deref()).weigh(outcome, None, 4_000);
        let (words, is_over) = words(ended);
        assert_eq!((words.as_str(), is_over), (expected, ends), "attempt {n}");
        said = Some(words);
    }
    // As it was written before answers were counted.
    let old = attempt(&store, 9, Some("unclear: the platform did not answer in time"));
    assert!(!words(old.weigh(unclear(), None, 4_000)).1);
}

#[test]
fn pauses_grow_are_spread_and_respect_the_platform() {
    let plan = RetryPlan::default();
    let seconds = |attempts, asked: Option<u64>, chance| {
        plan.pause(attempts, asked.map(Duration::from_secs), Duration::MAX, chance)
    };

    assert_eq!((seconds(0, None, 0), seconds(0, None, 255)), (4, 6));
    assert_eq!((seconds(4, None, 0), seconds(4, None, 255)), (2_880, 4_320));
    assert_eq!(seconds(1_000_000, None, 0), 8_640);
    assert_eq!(seconds(0, Some(120), 255), 120);
    assert_eq!(seconds(4, Some(120), 0), 2_880);
    let most = Duration::from_secs(100);
    assert_eq!([0, 255].map(|chance| plan.pause(4, None, most, chance)), [80, 120]);
}
