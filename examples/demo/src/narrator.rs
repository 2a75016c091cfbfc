//! Prints the lesson as it goes: what the pages say, and what is said in the chat.

use std::time::Duration;

use support::learner::Learner;

/// Columns of the text.
const WIDTH: usize = 96;

/// The bot as profanity names it before what it says.
const BOT_RESOURCE: &str = "totem@localhost/otrbot:";

/// How long the bot must be silent to have finished.
const PAUSE: Duration = Duration::from_millis(1200);

/// What was printed so far.
#[derive(Debug, Default)]
pub(crate) struct Narrator {
    n_lines: usize,
}

impl Narrator {
    /// Waits until the bot has finished, then prints what is new in the chat.
    pub(crate) fn chat(&mut self, learner: &Learner) {
        learner.wait_for_silence(PAUSE);
        let lines = learner.chat().transcript();
        for line in lines.iter().skip(self.n_lines) {
            // The mark before a line: `~` is private, `-` is not, `!` is profanity's own word.
            let (mark, text) = line.split_once(' ').unwrap_or(("", line));
            let kind = match mark {
                "~" => "[chat, private] ",
                "!" => "[profanity] ",
                _ => "[chat] ",
            };
            paragraph(kind, &text.replacen("me:", "ada:", 1).replacen(BOT_RESOURCE, "bot:", 1));
        }
        self.n_lines = lines.len();
    }
}

/// Heads a step.
pub(crate) fn step(text: &str) {
    say(&format!("\n== {text}"));
}

/// Prints what a page says.
pub(crate) fn page(learner: &Learner) {
    let page = learner.page();
    say(&format!("[page {}]", page.url.path()));
    for line in page.main_lines() {
        paragraph("    | ", &line);
    }
}

/// Prints what the learner did on a page.
pub(crate) fn typed(text: &str) {
    paragraph("[page] ada types: ", text);
}

/// Prints a line.
#[expect(clippy::print_stdout, reason = "the demo talks to a person")]
pub(crate) fn say(text: &str) {
    println!("{text}");
}

/// Prints a text in lines of some width, those after the first indented.
fn paragraph(head: &str, text: &str) {
    let mut line = head.to_owned();
    for word in text.split_whitespace() {
        if line.len() + word.len() >= WIDTH && line.trim_end().len() > 6 {
            say(line.trim_end());
            "      ".clone_into(&mut line);
        }
        line.push_str(word);
        line.push(' ');
    }
    say(line.trim_end());
}
