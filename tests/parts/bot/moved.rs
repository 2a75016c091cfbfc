//! Lessons that were changed while learners stood in them: the process has ended, and another one goes
//! on from what was kept, with another version of the lesson.

#![expect(clippy::unwrap_used, reason = "helpers of a test may fail it")]

use std::sync::Arc;

use gettext::{Catalog, Catalogs};
use otr::Version;
use otrbot::{
    lesson::Library,
    records::Progress,
    session::{
        BotSecretStanding, BotSecretVerdict, Effect, Note, SessionConfig, listening::AllEars,
    },
};

use crate::bot::support::{Class, SECRET, config, config_of, secs};

/// What is said where a session goes on as if nothing had changed.
const AS_BEFORE: [&str; 2] = ["where we were", "where we are"];

/// What a learner is told whose lesson has changed.
const CHANGED: &str = "the lesson has changed";

/// Three states in the clear and one in private, and what goes on from them.
const FIRST: &str = "\
title: Walking
start: hello
states:
  hello:
    task: Say something.
    enter:
      - say: Welcome to the walk.
    on:
      - when: message_received
        go: waiting
  waiting:
    task: Start a private conversation.
    enter:
      - say: We wait here.
    on:
      - when: otr_enabled
        go: whispering
      - when: message_received
        do:
          - say: Still waiting.
    hints:
      - { after: 10s, do: [say: First hint.] }
      - { after: 20s, do: [say: Second hint.] }
      - { after: 30s, do: [say: Third hint.] }
  whispering:
    needs: private
    task: Say good-bye.
    enter:
      - say: We whisper here.
    on:
      - when: otr_disabled
        go: waiting
      - when: message_received
        go: end
  end:
    end: true
";

/// A version of the lesson, as a file of this name.
fn version(name: &str, yaml: &str) -> SessionConfig {
    let folder = tempfile::tempdir().unwrap();
    std::fs::write(folder.path().join(format!("{name}.yaml")), yaml).unwrap();
    let (library, problems) = Library::load(Some(folder.path()), &[]);
    assert!(problems.is_empty(), "{problems:?}");
    SessionConfig {
        lesson: library.find(name).unwrap(),
        ears: AllEars::of(&library, &Catalogs::default()).find(name).unwrap(),
        catalog: Arc::new(Catalog::source()),
        ..config(Version::V3)
    }
}

/// The first version with these words in the place of others.
fn changed(changes: &[(&str, &str)]) -> SessionConfig {
    let yaml = changes.iter().fold(FIRST.to_owned(), |yaml, (old, new)| {
        assert!(yaml.contains(old), "{old}");
        yaml.replace(old, new)
    });
    version("walking", &yaml)
}

/// A class that stands in `waiting`.
fn waiting() -> Class {
    let mut class = Class::new(version("walking", FIRST));
    class.say("hello");
    assert_eq!(class.session.state(), Some("waiting"));
    class.forget();
    class
}

/// A class that stands in `whispering`.
fn whispering() -> Class {
    let mut class = waiting();
    class.start_otr();
    assert_eq!(class.session.state(), Some("whispering"));
    class.forget();
    class
}

/// The bot is killed, and comes back with another version of the lesson.
fn change(class: &mut Class, config: SessionConfig) {
    class.keep();
    class.config = config;
    class.kill_bot();
    class.forget();
}

/// What the learner is told when they are seen again, which is no lie.
fn told(class: &mut Class) -> String {
    class.arrive();
    let told = class.told();
    assert!(!AS_BEFORE.iter().any(|lie| told.contains(lie)), "{told}");
    told
}

#[test]
fn who_stood_in_a_state_that_was_renamed_goes_on_in_that_and_is_told() {
    let mut class = waiting();
    let second = changed(&[
        ("waiting", "pausing"),
        ("start: hello", "start: hello\nmoved:\n  waiting: pausing"),
    ]);
    change(&mut class, second);

    assert_eq!(class.session.state(), Some("pausing"), "the page and the metrics know it");
    assert_eq!(class.session.whereabouts().progress, Progress::Talking);
    let told = told(&mut class);
    assert!(told.contains(CHANGED) && told.contains("We wait here."), "{told}");
    assert!(
        !told.contains("Welcome") && !told.contains("private conversation has ended"),
        "{told}"
    );
    let notes = class.notes();
    assert!(notes.contains(&Note::LessonChanged) && notes.contains(&Note::Resumed), "{notes:?}");

    class.arrive();
    class.say("what now?");
    let told = class.told();
    assert!(!told.contains(CHANGED) && told.contains("Still pausing."), "once: {told}");
    // From here on nothing has changed.
    class.kill_bot();
    class.forget();
    class.arrive();
    assert!(class.told().contains("we go on where we were"));
}

#[test]
fn old_names_lead_over_other_old_names_and_several_to_one_state() {
    for moved in [
        "moved:\n  standing: pausing\n  waiting: standing",
        "moved:\n  waiting: pausing\n  sitting: pausing\n  lying: sitting",
    ] {
        let mut class = waiting();
        let start = format!("start: hello\n{moved}");
        change(
            &mut class,
            changed(&[
                ("waiting:", "pausing:"),
                ("go: waiting", "go: pausing"),
                ("start: hello", &start),
            ]),
        );

        let told = told(&mut class);
        assert!(told.contains(CHANGED) && told.contains("We wait here."), "{told}");
        assert_eq!(class.session.state(), Some("pausing"));
    }
}

#[test]
fn without_a_word_of_the_author_the_lesson_begins_again_and_that_is_told() {
    let mut class = waiting();
    change(&mut class, changed(&[("waiting", "pausing")]));

    let told = told(&mut class);
    assert!(told.contains(CHANGED) && told.contains("begin again from the start"), "{told}");
    assert!(told.contains("Welcome to the walk."), "{told}");
    assert_eq!(class.session.state(), Some("hello"));
    class.say("hello again");
    assert_eq!(class.session.state(), Some("pausing"));
    assert!(!class.told().contains(CHANGED));
}

#[test]
fn who_writes_before_they_are_seen_is_told_before_they_are_answered() {
    let mut class = waiting();
    change(&mut class, changed(&[("waiting", "pausing")]));

    class.say("are you there?");

    let told = class.told();
    let place = |words: &str| told.find(words).unwrap_or_else(|| panic!("{words} in {told}"));
    assert!(place(CHANGED) < place("Welcome to the walk."), "{told}");
    assert!(place("Welcome to the walk.") < place("We wait here."), "{told}");
}

#[test]
fn what_needs_a_private_chat_is_not_entered_and_not_said_in_the_clear() {
    let renamed = [
        ("whispering", "murmuring"),
        ("start: hello", "start: hello\nmoved:\n  whispering: murmuring"),
    ];
    let mut class = whispering();
    change(&mut class, changed(&renamed));

    let told = told(&mut class);
    assert!(told.contains(CHANGED) && told.contains("private conversation has ended"), "{told}");
    assert!(told.contains("We wait here.") && !told.contains("We whisper here."), "{told}");
    assert_eq!(class.session.state(), Some("waiting"));
    // The learner's program opens it anew, and the lesson goes on.
    class.end_otr();
    class.start_otr();
    assert_eq!(class.session.state(), Some("murmuring"));
    assert!(class.told().contains("We whisper here."));
}

#[test]
fn who_was_in_the_clear_and_is_moved_to_where_privacy_is_needed_hears_of_no_loss() {
    let into_private =
        [("waiting", "pausing"), ("start: hello", "start: hello\nmoved:\n  waiting: whispering")];
    let now_private = [
        ("  waiting:\n", "  waiting:\n    needs: private\n"),
        ("go: waiting", "go: hello"),
        (
            "      - when: otr_enabled\n        go: whispering\n      - when: message_received\n        do:",
            "      - when: otr_disabled\n        go: hello\n      - when: message_received\n        if: [passed]\n        go: whispering\n      - when: message_received\n        do:",
        ),
        (
            "    on:\n      - when: message_received\n        go: hello",
            "    on:\n      - when: otr_enabled\n        go: waiting",
        ),
    ];
    for (second, then) in [(&into_private[..], "pausing"), (&now_private, "hello")] {
        let mut class = waiting();
        change(&mut class, changed(second));

        let told = told(&mut class);
        assert!(told.contains(CHANGED) && !told.contains("has ended"), "{told}");
        assert!(!told.contains("We whisper here."), "{told}");
        assert_eq!(class.session.state(), Some(then));
    }
}

#[test]
fn a_private_chat_that_was_lost_is_told_of_where_the_new_place_needs_none() {
    let mut class = whispering();
    let second = "start: hello\nmoved:\n  whispering: hello";
    change(&mut class, changed(&[("whispering", "murmuring"), ("start: hello", second)]));

    let told = told(&mut class);
    assert!(told.contains(CHANGED) && told.contains("private conversation has ended"), "{told}");
    assert!(told.contains("Welcome to the walk."), "{told}");
    assert_eq!(class.session.state(), Some("hello"));
}

#[test]
fn who_is_not_there_between_two_interruptions_is_told_after_the_second() {
    for changes in [
        &[("waiting", "pausing")][..],
        &[("waiting", "pausing"), ("start: hello", "start: hello\nmoved:\n  waiting: pausing")],
    ] {
        let mut class = waiting();
        change(&mut class, changed(changes));
        class.wait(secs(60));
        class.kill_bot();
        class.forget();

        let told = told(&mut class);
        assert!(told.contains(CHANGED), "{told}");
    }
    // And where the change was taken back meanwhile, there was none.
    let mut class = waiting();
    change(&mut class, changed(&[("waiting", "pausing")]));
    change(&mut class, version("walking", FIRST));
    class.arrive();
    let told = class.told();
    assert!(told.contains("we go on where we were") && !told.contains(CHANGED), "{told}");
    assert_eq!(class.session.state(), Some("waiting"));
}

#[test]
fn a_lesson_is_known_by_its_name_or_by_its_title() {
    let strolling = changed(&[("title: Walking", "title: Strolling")]);
    for second in [strolling, version("walks", FIRST)] {
        let mut class = waiting();
        change(&mut class, second);

        class.arrive();
        let told = class.told();
        assert!(told.contains("we go on where we were"), "{told}");
        assert_eq!(class.session.state(), Some("waiting"));
    }
}

#[test]
fn what_was_kept_without_the_name_of_the_lesson_is_read_on() {
    let mut class = waiting();
    let kept = class.session.snapshot().unwrap().to_text().to_string();
    assert!(kept.contains(r#""name":"walking""#), "{kept}");
    let old = kept.replace(r#""name":"walking","#, "");
    assert!(!old.contains("\"name\""), "{old}");

    class.config = changed(&[
        ("waiting", "pausing"),
        ("start: hello", "start: hello\nmoved: { waiting: pausing }"),
    ]);
    class.resume_from(&old);
    let told = told(&mut class);
    assert!(told.contains(CHANGED), "{told}");
    assert_eq!(class.session.state(), Some("pausing"));
}

#[test]
fn a_lesson_that_is_gone_is_told_of_and_what_was_reached_still_counts() {
    for (first, second, then) in [
        ("basics", "question", BotSecretVerdict::Right),
        ("impostor", "basics", BotSecretVerdict::Right),
    ] {
        let mut class = Class::private_with(config_of(first, Version::V3));
        class.enter_secret(SECRET);
        class.start_smp(SECRET);
        let secret = class.bot_secret().unwrap();
        change(&mut class, config_of(second, Version::V3));

        let told = told(&mut class);
        assert!(told.contains("lesson has changed") && told.contains("another one now"), "{told}");
        assert!(told.contains("I am Marvin"), "it begins: {told}");
        // Nothing in the new lesson would have the page take it that does not yet.
        assert_eq!(class.session.whereabouts().bot_secret, BotSecretStanding::Given);
        assert_eq!(class.enter_bot_secret(&secret), then, "{first}");
        assert_eq!(class.session.whereabouts().progress, Progress::Done);
    }
}

#[test]
fn what_was_earned_stays_when_the_state_is_gone() {
    let mut class = Class::verified();
    let secret = class.bot_secret().unwrap();
    let kept = class.session.snapshot().unwrap().to_text().to_string();
    let (before, rest) = kept.split_once(r#""state":""#).unwrap();
    let (_, after) = rest.split_once('"').unwrap();

    class.resume_from(&format!(r#"{before}"state":"no_more"{after}"#));
    class.forget();

    assert_eq!(class.session.whereabouts().progress, Progress::Verified);
    let told = told(&mut class);
    assert!(
        told.contains("still counts") && told.contains("private conversation has ended"),
        "{told}"
    );
    assert_eq!(class.enter_bot_secret(&secret), BotSecretVerdict::Right);
    let whole = Effect::Progress { progress: Progress::Done, credit: Some(1.0) };
    let is_whole = class.effects.contains(&whole);
    assert!(is_whole, "all of the grade is earned");
}

#[test]
fn a_state_with_fewer_hints_than_were_given_goes_on() {
    let mut class = waiting();
    class.wait(secs(100));
    assert!(class.told().contains("Third hint."));
    change(
        &mut class,
        changed(&[
            ("      - { after: 20s, do: [say: Second hint.] }\n", ""),
            ("      - { after: 30s, do: [say: Third hint.] }\n", ""),
        ]),
    );

    class.arrive();
    class.wait(secs(100));
    let told = class.told();
    assert!(told.contains("we go on where we were"), "{told}");
    class.say("what?");
    assert!(class.told().contains("Still waiting."));
}

#[test]
fn who_is_left_in_peace_is_told_of_the_change_and_no_more() {
    let resting = ("          - say: Still waiting.\n", "          - rest\n");
    let mut class = Class::new(changed(&[resting]));
    class.say("hello");
    class.say("leave me alone");
    class.forget();
    change(
        &mut class,
        changed(&[
            ("waiting", "pausing"),
            ("start: hello", "start: hello\nmoved: { waiting: pausing }"),
        ]),
    );

    let told = told(&mut class);
    assert!(told.contains(CHANGED) && !told.contains("We wait here."), "{told}");
    class.say("I am back");
    assert_eq!(class.session.state(), Some("pausing"));
    assert!(class.told().contains("Still pausing."));
}

#[test]
fn a_lesson_that_extends_another_has_what_that_says_of_old_names() {
    let base = FIRST.replace("waiting", "pausing").replace(
        "start: hello",
        "start: hello\nmoved: { waiting: pausing, resting: end, hello: pausing }",
    );
    let folder = tempfile::tempdir().unwrap();
    let own = "extends: base\ntitle: Walking\nmoved: { strolling: hello }\n";
    // The base has faults of its own, of which the other file is not told.
    std::fs::write(folder.path().join("base.yaml"), base).unwrap();
    std::fs::write(folder.path().join("walking.yaml"), own).unwrap();
    let (library, problems) = Library::load(Some(folder.path()), &[]);
    assert!(
        problems.iter().all(|problem| problem.to_string().contains("base.yaml")),
        "{problems:?}"
    );
    assert_eq!(problems.len(), 2, "{problems:?}");

    let lesson = library.find("walking").unwrap();
    let name = |old: &str| Some(lesson.graph().state(lesson.moved(old)?)?.name.clone());
    assert_eq!(name("waiting").as_deref(), Some("pausing"));
    assert_eq!(name("strolling").as_deref(), Some("hello"));
    assert_eq!((name("resting"), name("hello")), (None, None));
}
