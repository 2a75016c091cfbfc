//! The lesson, as somebody takes it, and then whoever watches.

use std::path::Path;
use std::sync::atomic::Ordering;
use std::time::Duration;

use support::learner::GOOD_SECRET;
use support::profanity;
use support::wait::INTERRUPTED;
use support::web;

use crate::narrator::{self, Narrator, say};
use crate::site::Person;
use crate::stage::{BOT, PASSWORD, Stage};

/// Who is in the course: the learner whom the demo plays, whoever watches, and their teacher.
const PEOPLE: &[Person] =
    &[Person::learner("ada", "Ada"), Person::learner("you", "You"), Person::teacher()];

/// Characters a second that the bot types: as fast as one may still read along.
const SPEED: u32 = 200;

/// The whole demo.
pub(crate) fn run() {
    say("Starting an XMPP server, the bot and the LMS of the demo on loopback ...");
    let stage = Stage::start(PEOPLE, Some(SPEED));
    lesson(&stage);

    let grade = stage.grade("ada");
    assert!(grade.score >= 1.0, "the LMS has got less than full marks: {grade:?}");
    let shown = web::get(&format!("{}/grade/1/ada", stage.lms)).html;
    say(&format!("\nThe LMS has the grade, and shows it: {shown}"));

    narrator::step("her teacher opens the same assignment");
    narrator::course(stage.open("teacher").page());

    if std::env::var_os("DEMO_ONCE").is_some_and(|it| !it.is_empty() && it != "0") {
        say("\nThe lesson has run through.");
        return;
    }
    let home = tempfile::tempdir().expect("a folder for your profanity");
    invite(&stage, home.path());
    while !INTERRUPTED.load(Ordering::Relaxed) {
        std::thread::sleep(Duration::from_millis(100));
    }
}

/// `ada` takes the lesson.
fn lesson(stage: &Stage) {
    let mut narrator = Narrator::default();
    narrator::step("ada opens the assignment in the LMS");
    let mut ada = stage.sit_down("ada");
    narrator::page(&ada);

    narrator::step("she gives her Jabber ID, and the bot invites her");
    narrator::typed("ada@localhost");
    ada.give_jid();
    narrator::page(&ada);
    ada.meet_the_bot();
    narrator.chat(&ada);

    narrator::step("she switches OTR on (/otr start)");
    ada.go_private();
    narrator.chat(&ada);

    narrator::step("she agrees on a secret with the bot, on the page");
    narrator::typed_unseen("a secret that is easy to guess");
    ada.give_secret("password");
    narrator::page(&ada);
    narrator::typed_unseen("a better one");
    ada.give_secret(GOOD_SECRET);
    narrator::page(&ada);
    narrator.chat(&ada);

    narrator::step("she verifies the bot with it (/otr secret ...)");
    ada.verify(GOOD_SECRET, "Authentication successful");
    let secret = ada.read_bot_secret();
    narrator.chat(&ada);

    narrator::step("she copies the bot's secret from the chat to the page");
    narrator::typed_unseen("the bot secret");
    ada.give_bot_secret(&secret);
    narrator::page(&ada);
    narrator.chat(&ada);

    narrator::step("she ends the private conversation (/otr end)");
    ada.end_privacy();
    narrator.chat(&ada);
}

/// Tells how to take the lesson oneself.
fn invite(stage: &Stage, home: &Path) {
    let Stage { lms, prosody, daemon, .. } = stage;
    let command = profanity::prepare(home, "you@localhost", PASSWORD, prosody.port());
    say(&format!(
        "\nNow you. All of this runs until Ctrl-C.\n\n\
         1. The assignment, in a browser:   {lms}/assignment/1/you\n   \
            the same as your teacher:       {lms}/assignment/1/teacher\n   \
            the course with all its grades: {lms}/\n\
         2. Your Jabber ID:                 you@localhost\n\
         3. Your client, in a terminal:     {command}\n   \
            then /otr gen, /sub allow {BOT}, /msg {BOT}, hello, /otr start {BOT},\n   \
            and when the bot asks for it: /otr secret \"the secret of the page\"\n   \
            (another client: server 127.0.0.1, port {port}, password {PASSWORD},\n   \
            authority {ca})\n\n\
         Metrics: {metrics}/metrics   Settings: {settings}",
        port = prosody.port(),
        ca = prosody.ca_file().display(),
        metrics = daemon.metrics_url(),
        settings = daemon.settings().display(),
    ));
}
