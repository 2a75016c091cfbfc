//! A learner who takes the lesson: profanity for the chat, the frame in the LMS for the pages.

use std::time::Duration;

use crate::oauth::Pairs;
use crate::profanity::Profanity;
use crate::wait::{PATIENCE, poll};
use crate::web::{Frame, Page};

/// A shared secret that nobody guesses.
pub const GOOD_SECRET: &str = "the teapot sings to 14 purple anchors";

/// One learner, step by step.
#[derive(Debug)]
pub struct Learner {
    chat: Profanity,
    frame: Frame,
    bot: String,
}

impl Learner {
    /// Opens the assignment with a signed launch.
    pub fn open(chat: Profanity, bot: &str, launch_url: &str, params: &Pairs) -> Self {
        Self::in_frame(chat, bot, Frame::launch(launch_url, params))
    }

    /// Goes on in a frame in which the assignment was opened.
    pub fn in_frame(chat: Profanity, bot: &str, frame: Frame) -> Self {
        Self { chat, frame, bot: bot.to_owned() }
    }

    /// Opens another assignment, or the same one again, with another signed launch.
    pub fn open_another(&mut self, launch_url: &str, params: &Pairs) -> &Page {
        self.frame = Frame::launch(launch_url, params);
        self.frame.page()
    }

    /// The chat.
    pub fn chat(&self) -> &Profanity {
        &self.chat
    }

    /// The page in the frame.
    pub fn page(&self) -> &Page {
        self.frame.page()
    }

    /// The frame.
    pub fn frame(&mut self) -> &mut Frame {
        &mut self.frame
    }

    /// Takes the lesson from the field for the Jabber ID to the bot secret in the chat, without a
    /// detour.
    pub fn learn(&mut self) -> String {
        self.give_jid();
        self.meet_the_bot();
        self.go_private();
        self.give_secret(GOOD_SECRET);
        self.verify(GOOD_SECRET, "Authentication successful");
        self.read_bot_secret()
    }

    /// Types the Jabber ID into the page.
    pub fn give_jid(&mut self) -> &Page {
        let jid = self.chat.jid().to_owned();
        self.frame.go_to("enter_jid", "jid");
        self.frame.fill_in("jid", &jid)
    }

    /// Accepts the bot's invitation, asks for its presence, says hello and waits for the greeting.
    pub fn meet_the_bot(&self) {
        self.chat.befriend(&self.bot);
        self.chat.command("hello");
        self.wait_for_the_bot(1);
    }

    /// Switches OTR on.
    pub fn go_private(&self) {
        self.chat.command(&format!("/otr start {}", self.bot));
        self.chat.wait_for("OTR session started");
    }

    /// Types a shared secret into the page.
    pub fn give_secret(&mut self, secret: &str) -> &Page {
        self.frame.go_to("ask_for_secret", "secret");
        self.frame.fill_in("secret", secret)
    }

    /// Begins SMP with a secret and waits for `outcome`, in profanity's words.
    pub fn verify(&self, secret: &str, outcome: &str) {
        self.chat.command(&format!("/otr secret \"{secret}\""));
        self.chat.wait_for(outcome);
    }

    /// Reads the bot secret in the chat.
    pub fn read_bot_secret(&self) -> String {
        self.chat.find("the bot secret", |line| bot_secret_in(&self.said(line)?))
    }

    /// Types the bot secret into the page.
    pub fn give_bot_secret(&mut self, secret: &str) -> &Page {
        self.frame.go_to("enter_bot_secret", "bot_secret");
        self.frame.fill_in("bot_secret", secret)
    }

    /// Ends the private conversation.
    pub fn end_privacy(&self) {
        self.chat.command("/otr end");
        self.chat.wait_for("OTR session ended");
    }

    /// What the bot said so far, message by message.
    pub fn bot_said(&self) -> Vec<String> {
        self.chat.transcript().iter().filter_map(|line| self.said(line)).collect()
    }

    /// Waits until the bot has said at least `n` messages.
    pub fn wait_for_the_bot(&self, n: usize) {
        let said = poll(PATIENCE, || (self.bot_said().len() >= n).then_some(()));
        assert!(said.is_some(), "the bot did not say {n} messages:\n{}", self.chat.screen());
    }

    /// Waits until the bot has been silent for `pause`.
    pub fn wait_for_silence(&self, pause: Duration) {
        let mut last = self.bot_said().len();
        while poll(pause, || (self.bot_said().len() > last).then_some(())).is_some() {
            last = self.bot_said().len();
        }
    }

    /// The text of a line of the transcript, if it is the bot's: `- totem@localhost/x: text`.
    fn said(&self, line: &str) -> Option<String> {
        let line = line.trim_start_matches(['-', '~', ' ']);
        let rest = line.strip_prefix(self.bot.as_str())?;
        let (who, text) = rest.split_once(": ")?;
        (who.is_empty() || who.starts_with('/')).then(|| text.to_owned())
    }
}

/// Four groups of four upper-case letters, as the bot gives them.
pub fn bot_secret_in(text: &str) -> Option<String> {
    let words = text.split(|c: char| !c.is_ascii_alphanumeric() && c != '-');
    let is_secret = |word: &&str| {
        let groups: Vec<&str> = word.split('-').collect();
        let is_group =
            |group: &&str| group.len() == 4 && group.bytes().all(|b| b.is_ascii_uppercase());
        groups.len() == 4 && groups.iter().all(is_group)
    };
    words.map(|word| word.trim_matches('-')).find(|word| is_secret(word)).map(str::to_owned)
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_bot_secret_is_found_among_words() {
        let found = bot_secret_in("Here it is: ABCD-EFGH-IJKL-MNOP. Copy it.");

        assert_eq!(found.as_deref(), Some("ABCD-EFGH-IJKL-MNOP"));
        assert_eq!(bot_secret_in("ABCD-EFGH-IJKL and ABCD-EFGH-IJKL-MNO1"), None);
    }
}
