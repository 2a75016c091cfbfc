//! Two pages for one address: the number on the page tells whose it is.
#![expect(clippy::unwrap_used, reason = "helpers of a test may fail it")]

use std::io::Write as _;
use std::process::{Command, Stdio};

use crate::e2e::program;
use support::learner::{GOOD_SECRET, bot_secret_in};
use support::stage::{ADA, BOT, PASSWORD, Stage};
use support::wait::PATIENCE;
use support::web::{Frame, Page};

/// The number on a page.
fn number(page: &Page) -> String {
    let (_, rest) = page.html.split_once("id=\"claim_number\"").unwrap();
    let (_, rest) = rest.split_once('>').unwrap();
    rest.split_once('<').unwrap().0.to_owned()
}

/// The page of somebody who says that they are Ada.
fn page_of(stage: &Stage, sourcedid: &str) -> Frame {
    let mut frame = Frame::launch(&stage.daemon.launch_url(), &stage.learner_launch(sourcedid));
    frame.go_to("enter_jid", "jid");
    frame.fill_in("jid", ADA);
    frame
}

/// Ada takes the lesson by `otrbot learner`, with the number of a page and this script; what she saw.
fn lesson(stage: &Stage, number: &str, script: &str) -> String {
    let password = stage.daemon.folder().join("ada.password");
    std::fs::write(&password, PASSWORD).unwrap();
    let mut learner = Command::new(program())
        .args(["learner", "--jid", ADA, "--bot", BOT, "--secret", GOOD_SECRET])
        .args(["--number", number, "--password-file"])
        .arg(&password)
        .arg("--server")
        .arg(stage.prosody.c2s_addr())
        .arg("--ca-certs")
        .arg(stage.prosody.ca_file())
        .stdin(Stdio::piped())
        .stdout(Stdio::piped())
        .spawn()
        .unwrap();
    learner.stdin.take().unwrap().write_all(script.as_bytes()).unwrap();
    let done = learner.wait_with_output().unwrap();
    let said = String::from_utf8(done.stdout).unwrap();
    assert!(done.status.success(), "{said}\n{}", stage.daemon.log());
    said
}

const WHOLE: &str = "hello\n/wait text I am Marvin\n/otr\n/wait private\n/pause 1\n/smp\n\
    /wait verified\n/wait secret\n/quit\n";

#[test]
fn of_two_pages_for_one_address_the_one_whose_number_is_written_gets_the_grade() {
    let stage = Stage::set(program());
    let mut eve = page_of(&stage, "eve");
    let mut ada = page_of(&stage, "ada");
    eve.go_to("ask_for_secret", "secret");
    eve.fill_in("secret", "a secret that only eve has typed");
    ada.go_to("ask_for_secret", "secret");
    ada.fill_in("secret", GOOD_SECRET);
    assert_ne!(number(eve.page()), number(ada.page()));

    let said = lesson(&stage, &number(ada.page()), WHOLE);

    assert!(said.contains("Thank you, that is the right number"), "{said}");
    let secret = bot_secret_in(&said).unwrap();
    ada.go_to("enter_bot_secret", "bot_secret");
    ada.fill_in("bot_secret", &secret);
    assert!(stage.outcomes.wait_for_grade("ada", PATIENCE).is_some(), "{}", stage.daemon.log());
    eve.go_to("enter_bot_secret", "bot_secret");
    let page = eve.fill_in("bot_secret", &secret);
    assert!(page.text().contains("has not given you a secret yet"), "{}", page.text());
    assert!(stage.outcomes.grades().iter().all(|grade| grade.sourcedid == "ada"));
}

#[test]
fn whom_the_settings_list_is_disturbed_by_nobody_and_may_show_a_page_of_their_own() {
    let stage = Stage::set_with(program(), |script| {
        script.whitelist.push(ADA.to_owned());
        script.default_secret = Some(GOOD_SECRET);
    });
    let mut eve = page_of(&stage, "eve");
    eve.go_to("ask_for_secret", "secret");
    eve.fill_in("secret", "a secret that only eve has typed");

    // Who has no page goes on without a number.
    let script = format!("/wait text Somebody has entered\n{WHOLE}");
    let said = lesson(&stage, "", &script.replacen("hello\n", "that was not me\n", 1));
    assert!(bot_secret_in(&said).is_some(), "{said}");
    eve.go_to("enter_bot_secret", "bot_secret");
    let text = eve.page().text();
    assert!(text.contains("has not heard from you yet"), "{text}");

    // And with one the lesson is that of the page.
    let mut ada = page_of(&stage, "ada");
    ada.go_to("ask_for_secret", "secret");
    ada.fill_in("secret", GOOD_SECRET);
    let said = lesson(&stage, &number(ada.page()), WHOLE);
    let secret = bot_secret_in(&said).unwrap();
    ada.go_to("enter_bot_secret", "bot_secret");
    ada.fill_in("bot_secret", &secret);
    assert!(stage.outcomes.wait_for_grade("ada", PATIENCE).is_some(), "{said}");
}
