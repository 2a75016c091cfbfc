//! What a learner pastes from one program into the other, and a secret with blanks in a program that
//! is typed to: the real daemon, the real profanity.

use std::process::Command;
use std::time::Duration;

use crate::e2e::program;
use support::stage::{ADA, Stage};

const SECRET: &str = "purple walrus ironing kettles";

#[test]
fn what_is_pasted_is_understood_and_blanks_in_a_secret_are_explained() {
    let stage = Stage::set(program());
    let mut learner = stage.learner(ADA, &stage.learner_launch("of-ada"));
    learner.frame().go_to("enter_jid", "jid");
    learner.frame().fill_in("jid", "\u{200e}(XMPP:Ada@localhost?message),");
    assert!(!learner.page().has_field("jid"), "{}", learner.page().html);
    assert!(learner.page().text().contains(ADA), "{}", learner.page().text());
    learner.meet_the_bot();
    learner.go_private();

    // The page says how the secret is typed, and so does the bot, who knows the program.
    let page = learner.give_secret(SECRET).text();
    assert!(
        page.contains("Your secret has spaces in it") && page.contains("/otr secret"),
        "{page}"
    );
    let quoted = "as in /otr secret \"SECRET\", with our secret in the place of SECRET";
    assert!(learner.chat().shows(quoted, Duration::from_secs(20)), "{}", learner.chat().screen());

    // Without quotation marks, profanity does not even try.
    learner.chat().command(&format!("/otr secret {SECRET}"));
    learner.chat().wait_for("Invalid usage");
    learner.wait_for_silence(Duration::from_secs(1));
    let before = learner.bot_said().len();
    learner.chat().command("/otr secret purple");
    learner.chat().wait_for("Authentication failed");
    learner.wait_for_the_bot(before + 2);
    let said = learner.bot_said();
    assert!(said[before].contains("If our secret has blanks in it,"), "{:?}", &said[before..]);
    assert!(said[before].contains(quoted), "{:?}", &said[before..]);

    learner.verify(SECRET, "Authentication successful");
    let secret = learner.read_bot_secret();
    let line = learner.chat().screen();
    let line = line.lines().find(|line| line.contains(&secret)).unwrap().to_owned();
    assert!(line.len() > secret.len() + 10, "no line of a chat: {line}");
    let page = learner.give_bot_secret(&line).clone();
    assert!(!page.has_field("bot_secret"), "the line was refused: {line}\n{}", page.html);

    let forget = |jid: &str| {
        let output = Command::new(program())
            .arg("--settings")
            .arg(stage.daemon.settings())
            .args(["forget", "--even-unsent", jid])
            .output()
            .unwrap();
        let told = [output.stdout, output.stderr].concat();
        (output.status.success(), String::from_utf8(told).unwrap())
    };
    let (is_done, told) = forget("ada@localhost, ben@localhost");
    assert!(!is_done && told.contains("holds more than one address: give one"), "{told}");
    let (is_done, told) = forget("<xmpp:Ada@localhost?message>");
    assert!(is_done && told.starts_with("ada@localhost: erased"), "{told}");
}
