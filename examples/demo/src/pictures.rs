//! The pictures of README.md, taken while a class has the lesson: so they show what there is.

use std::fs;
use std::path::Path;
use std::process::{Command, Output};

use support::learner::{GOOD_SECRET, Learner};

use crate::camera::{Camera, Window};
use crate::narrator::{PAUSE, say};
use crate::site::Person;
use crate::stage::{Stage, program};
use crate::terminal;

/// The class.
const PEOPLE: &[Person] = &[
    Person::teacher(),
    Person::learner("ada", "Ada"),
    Person::learner("bram", "Bram"),
    Person::learner("chidi", "Chidi"),
    Person::learner("dina", "Dina"),
    Person::learner("farid", "Farid").reading("ar"),
    Person::learner("elif", "Elif"),
    Person::learner("ines", "Inés"),
];

/// A telephone.
const PHONE: Window = Window { width: 390, height: 909, scale: 1.5 };

/// A window on a desk.
const DESK: Window = Window { width: 1000, height: 1300, scale: 1.0 };

/// The last of the learners who are in the picture of the course.
const LAST_IN_SIGHT: &str = "table.roster tbody tr:nth-child(4)";

/// The page of what a terminal shows: as large as that.
const TERMINAL: Window = Window { width: 900, height: 900, scale: 1.2 };

/// Columns and rows of the terminal of the chat.
const CHAT: (u16, u16) = (88, 40);

/// What a learner asks in the picture of the chat.
const QUESTION: &str = "what is a fingerprint?";

/// The states of the lesson that the picture of its drawing shows, from the first one on.
const STATES: [&str; 4] = ["greeting", "private", "private_from_the_start", "fingerprint"];

/// Takes all pictures, and puts them into a folder.
pub(crate) fn take(folder: &Path) {
    say("Starting an XMPP server, the bot, the LMS of the demo and Chromium on loopback ...");
    let stage = Stage::start(PEOPLE, None);
    let camera = Camera::new(folder);
    draw_lesson(folder, &camera);

    say("A class takes the lesson ...");
    stage.open("ines");
    let mut elif = stage.open("elif");
    elif.go_to("enter_jid", "jid");
    elif.fill_in("jid", "elif@localhost");
    let dina = talking(stage.sit_down("dina"));
    let chidi = private(stage.sit_down("chidi"));
    chidi.chat().command(QUESTION);
    chidi.wait_for_silence(PAUSE);
    let (columns, rows) = CHAT;
    shoot_terminal(&camera, "chat.png", &chidi.chat().picture(columns, rows));
    let farid = agreed(&stage, "farid");
    page_of(&stage, &camera, "farid", "learner-ar.png");
    let bram = agreed(&stage, "bram");
    bram.verify(GOOD_SECRET, "Authentication successful");
    let mut ada = agreed(&stage, "ada");
    page_of(&stage, &camera, "ada", "learner.png");
    ada.verify(GOOD_SECRET, "Authentication successful");
    let secret = ada.read_bot_secret();
    ada.give_bot_secret(&secret);
    stage.grade("ada");

    camera.open(&stage.launch_page("teacher"), DESK, "table.roster");
    camera.shoot("teacher.png", DESK, Some(LAST_IN_SIGHT));
    show_status(&stage, &camera);
    // All of them are there until the end.
    drop((ada, bram, chidi, dina, farid));
}

/// A learner who has met the bot.
fn talking(mut learner: Learner) -> Learner {
    learner.give_jid();
    learner.meet_the_bot();
    learner.wait_for_silence(PAUSE);
    learner
}

/// A learner who has a private conversation with the bot.
fn private(learner: Learner) -> Learner {
    let learner = talking(learner);
    learner.go_private();
    learner.wait_for_silence(PAUSE);
    learner
}

/// A learner who has a private conversation with the bot, and a secret in common.
fn agreed(stage: &Stage, person: &str) -> Learner {
    let mut learner = private(stage.sit_down(person));
    learner.give_secret(GOOD_SECRET);
    learner.wait_for_silence(PAUSE);
    learner
}

/// The page that a learner sees who opens the exercise now, on a telephone.
fn page_of(stage: &Stage, camera: &Camera, person: &str, name: &str) {
    camera.open(&stage.launch_page(person), PHONE, "#bot_secret");
    camera.shoot(name, PHONE, None);
}

/// The drawing of the lesson, and a picture of where it begins.
fn draw_lesson(folder: &Path, camera: &Camera) {
    let drawing = folder.join("lesson.svg");
    let output = run(&["lesson", "graph", "basics", "--format", "svg"]);
    fs::write(&drawing, &output).expect("the drawing can be written");
    say(&drawing.display().to_string());
    let margins = "<!doctype html><meta charset=\"utf-8\"><style>body { margin: 0 }</style>";
    let whole = Window { width: 1600, height: 1200, scale: 1.0 };
    camera.open_markup(&format!("{margins}{output}"), whole, "svg .state");
    let around = camera.measure(&format!(
        "const boxes = {STATES:?}.map((name) =>
            document.querySelector(`[data-state=\"${{name}}\"] rect`).getBoundingClientRect());
         const left = Math.min(...boxes.map((box) => box.left)) - 24;
         const top = Math.min(...boxes.map((box) => box.top)) - 40;
         return [left, top, Math.max(...boxes.map((box) => box.right)) + 24 - left,
            Math.max(...boxes.map((box) => box.bottom)) + 24 - top];"
    ));
    camera.shoot_part("lesson.png", around);
}

/// What an operator sees.
fn show_status(stage: &Stage, camera: &Camera) {
    let settings = stage.daemon.settings();
    let settings = settings.to_str().expect("a path of a temporary file");
    let output = run(&["--settings", settings, "status"]);
    shoot_terminal(camera, "status.png", &format!("$ otrbot status\n{output}"));
}

fn shoot_terminal(camera: &Camera, name: &str, text: &str) {
    camera.open_markup(&terminal::page(text), TERMINAL, "pre");
    let around = camera.measure(
        "const { width, height } = document.querySelector('pre').getBoundingClientRect();
         return [0, 0, width, height];",
    );
    camera.shoot_part(name, around);
}

/// What the bot's program prints.
fn run(arguments: &[&str]) -> String {
    let output = Command::new(program()).args(arguments).output();
    let Output { status, stdout, stderr } = output.expect("the bot's program can be run");
    let stderr = String::from_utf8_lossy(&stderr);
    assert!(status.success(), "otrbot {arguments:?}: {status}\n{stderr}");
    String::from_utf8_lossy(&stdout).into_owned()
}
