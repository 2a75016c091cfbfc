//! What the learner does on the page, and what it would show them.

use std::sync::Arc;

use gettext::Catalog;
use secrecy::SecretString;

use super::{Seen, Stage, Witness, showing::progress_word};

use crate::session::{BotSecretStanding, BotSecretVerdict, SecretVerdict, Strength, Whereabouts};

impl<W: Witness> Stage<W> {
    fn page(&mut self, what: impl Into<String>) {
        self.see(Seen::Page(what.into()));
    }

    fn can_use_page(&mut self) -> bool {
        if !self.has_page {
            self.cannot("there is no page in this play");
        }
        self.has_page && !self.is_over
    }

    /// Types a shared secret into the page; what came of it, where there is a page.
    pub(in crate::authoring) fn enter_secret(&mut self, text: &str) -> Option<SecretVerdict> {
        if !self.can_use_page() {
            return None;
        }
        let secret = SecretString::from(text);
        let strength = Strength::estimate(&secret);
        let (verdict, effects) =
            self.session.on_shared_secret(self.now, &mut self.rng, &secret, &strength);
        match &verdict {
            SecretVerdict::Accepted => {
                self.secret = Some(text.to_owned());
                self.page("the shared secret is accepted");
            }
            SecretVerdict::TooWeak { warning, advice } => {
                let why: Vec<&str> = std::iter::once(warning.as_str())
                    .chain(advice.iter().map(String::as_str))
                    .filter(|sentence| !sentence.is_empty())
                    .collect();
                self.page(format!("the shared secret is too weak. {}", why.join(" ")));
            }
            SecretVerdict::Told => self.page("the shared secret was told in the chat"),
            SecretVerdict::Unusable => self.page("that is no secret"),
        }
        self.take(effects);
        Some(verdict)
    }

    /// Types something into the page as the bot secret, or what the bot told last; what came of it.
    pub(in crate::authoring) fn enter_code(
        &mut self,
        text: Option<&str>,
    ) -> Option<BotSecretVerdict> {
        if !self.can_use_page() {
            return None;
        }
        let Some(typed) = text.map(str::to_owned).or_else(|| self.code.clone()) else {
            self.cannot("the bot has not said its secret yet; /code TEXT types something else");
            return None;
        };
        let typed = SecretString::from(typed);
        let (verdict, effects) = self.session.on_bot_secret(self.now, &mut self.rng, &typed);
        self.page(match verdict {
            BotSecretVerdict::Right => "the bot secret is right: passed",
            BotSecretVerdict::Wrong => "the bot secret is wrong",
            BotSecretVerdict::NotGivenYet => "the bot secret is not taken yet",
            BotSecretVerdict::TooSoon => "the bot secret is not taken before the bot says so",
        });
        self.take(effects);
        Some(verdict)
    }

    /// Whether the page waits for the bot to say that the bot secret can be typed in.
    pub(in crate::authoring) fn is_code_held(&self) -> bool {
        self.session.whereabouts().bot_secret == BotSecretStanding::Held
    }

    /// Whether a shared secret is kept.
    pub(in crate::authoring) fn has_secret(&self) -> bool {
        self.session.whereabouts().has_secret
    }

    /// Shows what the page would say, after the lesson as well.
    pub(in crate::authoring) fn show_page(&mut self) {
        if !self.has_page {
            self.cannot("there is no page in this play");
            return;
        }
        for line in lines(&self.session.whereabouts()) {
            self.page(line);
        }
        match self.contact.clone() {
            Some(contact) => self.page(format!("whom you can ask: {contact}")),
            None => self.page("nobody is named whom you can ask"),
        }
    }

    /// Shows what the page says in another way than before.
    pub(super) fn show_page_changes(&mut self) {
        let whereabouts = self.session.whereabouts();
        if !self.has_page || whereabouts == self.shown {
            return;
        }
        let before = lines(&std::mem::replace(&mut self.shown, whereabouts));
        for line in lines(&self.shown) {
            if !before.contains(&line) {
                self.see(Seen::PageNow(line));
            }
        }
    }

    /// Chooses another language on the page.
    pub(in crate::authoring) fn set_language(&mut self, catalog: Arc<Catalog>) {
        self.note(&format!("the learner has chosen {} on the page", catalog.locale()));
        let effects = self.session.set_language(self.now, &mut self.rng, catalog);
        self.take(effects);
    }
}

/// What a page shows of a session, a line each.
fn lines(whereabouts: &Whereabouts) -> Vec<String> {
    let secret = if whereabouts.has_secret { "a" } else { "no" };
    let bot_secret = match whereabouts.bot_secret {
        BotSecretStanding::NotGiven => "the bot has not given its secret",
        BotSecretStanding::Held => {
            "the bot has given its secret, and will say when it can be typed in"
        }
        BotSecretStanding::Given => "the bot has given its secret, which can be typed in here",
    };
    let fingerprint = whereabouts.fingerprint.as_ref();
    let fingerprint =
        fingerprint.map(|fingerprint| format!("the bot's fingerprint: {fingerprint}"));
    [
        format!("step: {}", progress_word(whereabouts.progress)),
        format!("{secret} shared secret is kept"),
        bot_secret.to_owned(),
    ]
    .into_iter()
    .chain(fingerprint)
    .collect()
}
