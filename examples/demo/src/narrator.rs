//! Prints the lesson as it goes: what the pages say, and what is said in the chat. Secrets are
//! dots, as on the page where they are typed.

use std::time::Duration;

use support::learner::{GOOD_SECRET, Learner, bot_secret_in};
use support::web::Page;

/// Columns of the text.
const WIDTH: usize = 96;

/// The bot as profanity names it before what it says.
const BOT_RESOURCE: &str = "totem@localhost/otrbot:";

/// How long the bot must be silent to have finished.
pub(crate) const PAUSE: Duration = Duration::from_millis(1200);

/// What stands in the place of a secret.
const DOTS: &str = "\u{2022}\u{2022}\u{2022}\u{2022}\u{2022}\u{2022}\u{2022}\u{2022}";

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

/// Prints what the teacher's page says of the learners: how far all are, and each of them.
pub(crate) fn course(page: &Page) {
    say(&format!("[page {}]", page.url.path()));
    let (glance, list) = page.html.split_once("<form class=\"search\"").unwrap_or((&page.html, ""));
    let (_, list) = list.split_once("<tbody").unwrap_or_default();
    let (list, _) = list.split_once("</tbody>").unwrap_or((list, ""));
    for part in [glance, &format!("<h1 {list}")] {
        let part = Page { html: part.to_owned(), ..page.clone() };
        for line in part.main_lines() {
            paragraph("    | ", &line);
        }
    }
}

/// Prints what the learner did on a page.
pub(crate) fn typed(text: &str) {
    paragraph("[page] ada types: ", text);
}

/// Prints that the learner typed something that nobody is to read.
pub(crate) fn typed_unseen(what: &str) {
    paragraph("[page] ada types ", &format!("{what}: {DOTS}"));
}

/// Prints a line.
#[expect(clippy::print_stdout, reason = "the demo talks to a person")]
pub(crate) fn say(text: &str) {
    println!("{}", without_secrets(text));
}

/// Has panics tell no secrets, either: they may show the whole screen of the chat.
pub(crate) fn hide_in_panics() {
    std::panic::set_hook(Box::new(|panic| {
        #[expect(clippy::print_stderr, reason = "the demo talks to a person")]
        {
            eprintln!("{}", without_secrets(&panic.to_string()));
        }
    }));
}

/// Prints a text in lines of some width, those after the first indented.
fn paragraph(head: &str, text: &str) {
    let mut line = head.to_owned();
    for word in without_secrets(text).split_whitespace() {
        if line.chars().count() + word.chars().count() >= WIDTH && line.trim_end().len() > 6 {
            say(line.trim_end());
            "      ".clone_into(&mut line);
        }
        line.push_str(word);
        line.push(' ');
    }
    say(line.trim_end());
}

/// A text with dots for the shared secret of the lesson, and for all that looks like a bot secret.
fn without_secrets(text: &str) -> String {
    let mut text = text.replace(GOOD_SECRET, DOTS);
    while let Some(secret) = bot_secret_in(&text) {
        text = text.replace(&secret, DOTS);
    }
    text
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn secrets_are_dots() {
        let told = format!("ABCD-EFGH-IJKL-MNOP, {GOOD_SECRET} and XXXX-XXXX-XXXX-XXXX-Y.");

        assert_eq!(without_secrets(&told), format!("{DOTS}, {DOTS} and XXXX-XXXX-XXXX-XXXX-Y."));
        assert_eq!(without_secrets("nothing here"), "nothing here");
    }
}
