//! `otrbot lesson play`: every shipped lesson is played to its end by a script.

#![expect(clippy::panic, reason = "helpers of a test may fail it")]

use crate::authoring::support::{Folder, Said, shipped_file};

const SECRET: &str = "/secret purple walrus ironing kettles";

/// Holds that these stand in the transcript, in this order.
#[track_caller]
fn assert_in_order(said: &Said, expected: &[&str]) {
    let mut rest = said.out.as_str();
    for wanted in expected {
        let Some((_, after)) = rest.split_once(wanted) else {
            panic!("{wanted:?} is not in:\n{rest}\n---\n{}\n{}", said.out, said.err)
        };
        rest = after;
    }
}

#[test]
fn basics_is_played_to_its_end() {
    let lines = ["hello", "help", "/otr on", SECRET, "/smp right", "/code", "/state", "/otr off"];

    let said = Folder::new().play(&["basics"], &lines);

    assert_eq!(said.code, 0, "{said:?}");
    assert_in_order(
        &said,
        &[
            "basics: Private conversations with OTR (en_GB)",
            "> hello",
            "* writes a message: waiting -> greeting",
            "bot [clear]: Hello! I am Marvin",
            "> /otr on",
            "program: private, not verified",
            "* OTR is on: greeting -> private -> fingerprint -> agreeing (drops what it was about to say",
            "bot [private]: Well done!",
            "page: the shared secret is accepted",
            "* types a shared secret into the page: agreeing -> comparing -> comparing_by_you",
            "* the secrets are the same: comparing_by_you -> verified -> handing_over",
            "page: the bot secret is right: passed",
            "handing_over -> passed",
            "bot [private]: Congratulations!",
            "-- state passed; Done; a shared secret is known",
            "* OTR is off: passed -> ended_properly",
            "bot [clear]: Good-bye",
            "-- the lesson has ended: passed",
        ],
    );
}

#[test]
fn the_learner_who_refuses_the_impostor_passes() {
    let lines = [
        "hello",
        "/otr on",
        SECRET,
        "/smp right",
        "/code",
        "/wait 25s",
        "Who are you?",
        "I will not tell you.",
        "/code",
        "/otr off",
    ];

    let said = Folder::new().play(&["impostor"], &lines);

    assert_eq!(said.code, 0, "{said:?}");
    assert_in_order(
        &said,
        &[
            "is verified",
            "page: the bot secret is not taken before the bot says so",
            "* after a while: handing_over -> taken_over (becomes the impostor)",
            "program: private, not verified",
            "bot [private]: I am afraid that I have lost my notes.",
            "> Who are you?",
            "* writes a message: impostor -> impostor_doubted",
            "* writes a message: impostor_doubted -> refused",
            "* OTR is on: refused -> explained_to_the_wise",
            "program: private, verified",
            "page: the bot secret is right: passed",
            "-- the lesson has ended: passed",
        ],
    );
}

#[test]
fn the_learner_who_tells_the_impostor_is_taught() {
    let lines = ["/otr on", SECRET, "/smp right", "/wait 25s", "/tell", "/wait 25s", "never!"];

    let said = Folder::new().play(&["impostor"], &lines);

    assert_in_order(
        &said,
        &[
            "* tells the bot secret in the chat: impostor -> told",
            "makes a new bot secret",
            "* OTR is on: told -> explained",
            "Stop, please!",
            "explained -> taken_over (becomes the impostor)",
            "impostor -> refused",
            "-- the input has ended before the lesson",
        ],
    );
}

#[test]
fn the_question_is_played_to_its_end() {
    let lines = [
        "hello",
        "/otr on",
        "/smp question What is the capital of France? = paris",
        "/smp question What is the capital of France? = Paris",
        SECRET,
        "/smp question Is it purple walrus ironing kettles?",
        // Whoever is at the other end has read that: it is spent.
        "/smp question What did we agree on?",
        "/secret lemon drizzle anchor potato",
        "/smp question What did we agree on?",
        "/code",
        "bye",
    ];

    let said = Folder::new().play(&["question"], &lines);

    assert_eq!(said.code, 0, "{said:?}");
    assert_in_order(
        &said,
        &[
            "* asks a question: bad_question",
            "* the bot's answer was wrong: bad_question",
            "* the bot's answer was right: bad_question -> bad_question_answered -> agreeing",
            "agreeing -> comparing",
            "* asks a question: comparing (cancels the comparison",
            "Stop! Your question contains the answer",
            "I do not know the answer yet.",
            "* asks a question: comparing (answers with the shared secret)",
            "* the secrets are the same: comparing -> verified -> handing_over",
            "page: the bot secret is right: passed",
            "-- the lesson has ended: passed",
        ],
    );
}

#[test]
fn hints_and_timeouts_come_when_time_passes_and_nothing_is_waited_for() {
    let said = Folder::new().play(&[], &["hi", "/wait 50s", "/wait 90s", "/wait 1h"]);

    assert_eq!(said.code, 0, "{said:?}");
    assert_in_order(
        &said,
        &[
            "> /wait 50s",
            "Which chat program do you use?",
            "> /wait 90s",
            "Profanity and mcabber: type /otr start",
            "> /wait 1h",
            "Are you still there?",
            "-- the lesson has ended: not passed",
            "Your session has expired",
        ],
    );
}

#[test]
fn wrong_and_cancelled_comparisons_and_weak_secrets_are_played() {
    let lines = [
        "/arrive",
        "/smp right",
        "/otr on",
        "/secret love",
        SECRET,
        "/smp wrong",
        "/code ABCD",
        "/otr refresh",
        "/plain not for you",
        "/client",
        "/otr on",
    ];

    let said = Folder::new().play(&["basics"], &lines);

    assert_in_order(
        &said,
        &[
            "* the learner comes online: waiting -> greeting",
            "-- there is no shared secret yet",
            "page: the shared secret is too weak.",
            "* types a weak secret into the page",
            "* the secrets differ: comparing_by_you",
            "program: the answers differ",
            "page: the bot secret is not taken yet",
            "* OTR is renewed: comparing_by_you",
            "* a message comes unencrypted",
            "-- the learner goes on with another program",
            "comparing_by_you -> private_again -> comparing -> comparing_by_you",
        ],
    );
}

#[test]
fn another_program_is_a_second_one_beside_the_first() {
    let lines = [
        "/otr on",
        "/client phone",
        "hello there",
        "/otr on",
        "help",
        "/client 1",
        "hello again",
        "/client",
        "/client two words",
    ];

    let said = Folder::new().play(&["basics"], &lines[..8]);

    assert_eq!(said.code, 0, "{said:?}");
    assert_in_order(
        &said,
        &[
            "program: private, not verified",
            "-- the learner goes on with another program, phone; it has another key, and OTR is off",
            "* a message comes unencrypted",
            // Both are there: the one is told where the answer went.
            "bot [clear] to phone: We have a private conversation in another",
            "bot [private] to 1: Careful!",
            "program phone: private, not verified",
            "bot [private] to phone: ",
            "-- the learner goes on with program 1",
            // It still takes its conversation for private, and the bot has gone on with the other.
            "> hello again",
            "another program, 3",
        ],
    );
    assert_eq!(Folder::new().play(&["basics"], &lines[8..]).code, 2);
}

#[test]
fn what_the_bot_has_to_say_waits_while_the_learner_is_away() {
    let lines = ["/otr on", "/away", "hello", "/wait 5m", "/back", "/back", "/page"];

    let said = Folder::new().play(&["basics"], &lines);

    // Somebody who is away cannot write, nor come back twice.
    assert_eq!(said.code, 4, "{said:?}");
    assert_in_order(
        &said,
        &[
            "-- the learner is offline",
            "-- the learner is away; /back comes back",
            "> /wait 5m",
            "-- the learner is online again",
            "program: private, with fresh keys",
            "-- the learner is not away",
        ],
    );
    let away =
        said.out.split("is offline").nth(1).unwrap().split("is online again").next().unwrap();
    assert!(!away.contains("bot ["), "{away}");
}

#[test]
fn the_page_and_its_languages_are_played() {
    let folder = Folder::new();
    let po = "msgid \"\"\nmsgstr \"Content-Type: text/plain; charset=UTF-8\\n\"\n\n\
              msgid \"Bye.\"\nmsgstr \"Adiau.\"\n";
    folder.write("lang/eo/LC_MESSAGES/otrbot.po", po);
    let yaml = "title: T\nstart: a\ncredit: { talking: 10%, encrypted: 40% }\nstates:\n  a:\n    on:\n      \
                - when: otr_enabled\n        go: b\n  b:\n    on:\n      - when: message_received\n        \
                go: c\n  c: { end: true, enter: [{ say: Bye. }] }\n";
    folder.write("t.yaml", yaml);
    let arguments = ["--locales", "lang", "--contact", "Ann", "t.yaml"];
    let lines = [
        "/page",
        "hi",
        "/otr on",
        "/secret purple walrus ironing kettles",
        "/page",
        "/language eo",
        "bye",
    ];

    let said = folder.play(&arguments, &lines);

    assert_eq!(said.code, 0, "{said:?}");
    assert_in_order(
        &said,
        &[
            "page: step: invited",
            "page: no shared secret is kept",
            "page: the bot has not given its secret",
            "page: the bot's fingerprint: ",
            "page: whom you can ask: Ann",
            "-- step: talking; the grade so far: 10%",
            "-- step: encrypted; the grade so far: 40%",
            "page: step: encrypted",
            "page: a shared secret is kept",
            "-- the learner has chosen eo on the page",
            "bot [private]: Adiau.",
        ],
    );
    let said = folder.play(&["--no-page", "t.yaml"], &["/page", "/secret x", "/code x"]);
    assert_eq!(said.out.matches("-- there is no page in this play").count(), 3, "{}", said.out);
}

#[test]
fn the_circumstances_are_those_that_conditions_ask_about() {
    let folder = Folder::new();
    let conditions = [
        ("has_page", "--no-page", false),
        ("has_contact", "--contact=Ann", true),
        ("keeps_key", "--keep-key", true),
        ("returning", "--returning", true),
        ("bot_may_start_smp", "--may-start-smp", true),
        ("has_secret", "--secret=purple", true),
    ];
    for (condition, flag, holds) in conditions {
        let yaml = format!(
            "title: T\nstart: a\nstates:\n  a:\n    end: true\n    on:\n      - when: entered\n        \
             if: [{condition}]\n        do: [{{ say: It holds. }}]\n"
        );
        folder.write("t.yaml", &yaml);

        let [with, without] = [&[flag, "t.yaml"][..], &["t.yaml"]].map(|a| folder.play(a, &["hi"]));

        assert_eq!(with.out.contains("It holds."), holds, "{condition}: {}", with.out);
        assert_eq!(without.out.contains("It holds."), !holds, "{condition}: {}", without.out);
    }
}

#[test]
fn the_bot_begins_to_compare_where_it_may() {
    let lines = ["/otr on", SECRET, "/smp right", "/code"];

    let said = Folder::new().play(&["--may-start-smp", "basics"], &lines);

    assert_in_order(&said, &["program: asks for the secret; /smp right", "-> handing_over"]);
}

#[test]
fn what_a_lesson_does_not_handle_is_shown() {
    let folder = Folder::new();
    let yaml = "title: T\nstart: a\nstates:\n  a:\n    on:\n      - when: otr_enabled\n        \
                go: b\n  b: { end: true }\n";
    folder.write("t.yaml", yaml);

    let said = folder.play(&["t.yaml"], &["hello", "/otr on", "more", "", "# note"]);

    assert_eq!(said.code, 4);
    assert_in_order(
        &said,
        &[
            "* writes a message: not handled in a",
            "a -> b",
            "-- what is left of the script is not played: 1 lines",
        ],
    );
}

#[test]
fn a_script_with_an_unknown_command_is_refused_with_its_line() {
    let folder = Folder::new();
    folder.write("script.txt", "# my script\nhello\n/secrt x\n");

    let said = folder.play(&["--script", "script.txt"], &[]);

    assert_eq!(said.code, 2);
    assert!(said.err.contains("script.txt:3: unknown command /secrt x (/secret?)"), "{}", said.err);
    assert_eq!(folder.play(&[], &["/dance"]).code, 2);
    assert_eq!(folder.play(&["--script", "none.txt"], &[]).code, 5);
}

#[test]
fn a_faulty_lesson_is_not_played() {
    let folder = Folder::new();
    folder.write("bad.yaml", &shipped_file("basics.yaml").replace("start: waiting", "start: x"));

    let said = folder.play(&["bad.yaml"], &["hello"]);

    assert_eq!(said.code, 4);
    assert!(said.err.contains("the lesson starts in `x`"), "{}", said.err);
}

#[test]
fn a_lesson_is_played_in_the_learners_language() {
    let folder = Folder::new();
    let po = "msgid \"\"\nmsgstr \"Content-Type: text/plain; charset=UTF-8\\n\"\n\n\
              msgid \"Hello there.\"\nmsgstr \"Saluton.\"\n";
    folder.write("lang/eo/LC_MESSAGES/otrbot.po", po);
    let yaml = "title: T\nstart: a\nstates:\n  a: { end: true, enter: [{ say: Hello there. }] }\n";
    folder.write("t.yaml", yaml);

    let said = folder.play(&["--locales", "lang", "--locale", "eo", "t.yaml"], &["hi"]);
    assert_in_order(&said, &["t: T (eo)", "bot [clear]: Saluton."]);
    let said = folder.play(&["--locales", "lang", "--locale", "xx", "t.yaml"], &["hi"]);
    assert_eq!(said.code, 2, "{said:?}");
    assert!(said.err.contains("--locale xx: there are no texts in this language"), "{}", said.err);
}
