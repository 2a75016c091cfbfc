//! A lesson's reactions in plain words, for people who never see the YAML.

use std::time::Duration;

use crate::{
    fsm::Reaction,
    lesson::{
        Lesson, Teaching,
        vocabulary::{Action, Claim, Condition, Deed, EventKind, Need},
    },
};

/// What an event is in words; messages without what they are about.
pub fn event(event: EventKind) -> &'static str {
    match event {
        EventKind::Entered => "at once",
        EventKind::Waited => "after a while",
        EventKind::LearnerArrived => "the learner comes online",
        EventKind::MessageReceived => "writes a message",
        EventKind::PlainMessageReceived => "a message comes unencrypted",
        EventKind::BotSecretTold => "tells the bot secret in the chat",
        EventKind::OtrEnabled => "OTR is on",
        EventKind::OtrDisabled => "OTR is off",
        EventKind::OtrAlreadySetup => "OTR is renewed",
        EventKind::OtrTrouble => "a message cannot be decrypted",
        EventKind::SmpStarted => "starts to compare secrets",
        EventKind::SmpQuestionUsed => "asks a question",
        EventKind::SmpAborted => "the comparison is cancelled",
        EventKind::SecretReceived => "types a shared secret into the page",
        EventKind::UnsafeSecretReceived => "types a weak secret into the page",
        EventKind::CorrectSecretReceived => "the secrets are the same",
        EventKind::IncorrectSecretReceived => "the secrets differ",
        EventKind::CorrectAnswerReceived => "the bot's answer was right",
        EventKind::IncorrectAnswerReceived => "the bot's answer was wrong",
        EventKind::BotSecretAccepted => "types the bot secret into the page",
        EventKind::BotSecretRejected => "types a wrong bot secret into the page",
    }
}

/// What a condition asks, in words.
pub fn claim(claim: Claim) -> &'static str {
    match (claim.condition, claim.holds) {
        (Condition::HasSecret, true) => "a shared secret is known",
        (Condition::HasSecret, false) => "no shared secret is known",
        (Condition::Private, true) => "the chat is private",
        (Condition::Private, false) => "the chat is not private",
        (Condition::Verified, true) => "verified",
        (Condition::Verified, false) => "not verified",
        (Condition::BotMayStartSmp, true) => "the bot may start comparing",
        (Condition::BotMayStartSmp, false) => "the bot may not start comparing",
        (Condition::BotSecretGiven, true) => "the bot secret was said",
        (Condition::BotSecretGiven, false) => "the bot secret was not said",
        (Condition::Passed, true) => "already passed",
        (Condition::Passed, false) => "not passed yet",
        (Condition::Speaking, true) => "the bot is still talking",
        (Condition::Speaking, false) => "the bot has said all",
        (Condition::QuestionTellsSecret, true) => "the question gives the secret away",
        (Condition::QuestionTellsSecret, false) => "the question keeps the secret",
    }
}

/// What a deed does, in words.
pub fn deed(deed: Deed) -> &'static str {
    match deed {
        Deed::Hush => "drops what it was about to say",
        Deed::StartSmp => "starts to compare secrets",
        Deed::AnswerSmp => "answers with the shared secret",
        Deed::AbortSmp => "cancels the comparison",
        Deed::StartOtr => "asks for OTR",
        Deed::BecomeImpostor => "becomes the impostor",
        Deed::BecomeMyself => "is itself again",
        Deed::HoldBotSecret => "the page does not take the bot secret yet",
        Deed::AcceptBotSecret => "the page takes the bot secret",
        Deed::RenewBotSecret => "makes a new bot secret",
    }
}

/// What is certain, in a word or two.
pub fn need(need: Need) -> &'static str {
    match need {
        Need::Nothing => "in the clear",
        Need::Private => "private",
        Need::Verified => "verified",
    }
}

/// A time as people say it: `90 seconds`, `2 minutes`.
pub fn time(time: Duration) -> String {
    let secs = time.as_secs();
    let (n, unit) = match secs {
        s if s >= 3600 && s.is_multiple_of(3600) => (s / 3600, "hour"),
        s if s >= 60 && s.is_multiple_of(60) => (s / 60, "minute"),
        s => (s, "second"),
    };
    format!("{n} {unit}{}", if n == 1 { "" } else { "s" })
}

/// A number of things: `1 state`, `2 states`.
pub fn counted(n: usize, thing: &str) -> String {
    format!("{n} {thing}{}", if n == 1 { "" } else { "s" })
}

/// What a reaction waits for. `topics` stand for the one of the trigger.
pub fn cause(reaction: &Reaction<Teaching>, topics: &[&str]) -> String {
    let trigger = &reaction.trigger;
    let mut said = match reaction.after {
        Some(after) => format!("after {}", time(after)),
        None => event(trigger.event).to_owned(),
    };
    if !topics.is_empty() {
        said.push_str(" about ");
        said.push_str(&topics.join(", "));
    }
    let claims: Vec<&str> = trigger.conditions.iter().copied().map(claim).collect();
    if !claims.is_empty() {
        said.push_str(", if ");
        said.push_str(&claims.join(" and "));
    }
    said
}

/// The name of the topic that a reaction waits for.
pub fn topic<'l>(lesson: &'l Lesson, reaction: &Reaction<Teaching>) -> Option<&'l str> {
    let topic = lesson.topics().get(reaction.trigger.topic?.0)?;
    Some(topic.name.as_str())
}

/// What a reaction does, besides going elsewhere; empty: nothing.
pub fn effect(reaction: &Reaction<Teaching>) -> String {
    let mut done: Vec<String> = deeds(&reaction.actions);
    let n_said = n_said(&reaction.actions);
    if n_said > 0 {
        done.push(format!("says {}", counted(n_said, "line")));
    }
    if reaction.gives_hint {
        done.push("gives a hint".to_owned());
    }
    if let (Some(pause), false) = (reaction.at_most_every, done.is_empty()) {
        done.push(format!("at most every {}", time(pause)));
    }
    done.join(", ")
}

/// The deeds among some actions, in words.
pub fn deeds(actions: &[Action]) -> Vec<String> {
    let deeds = actions.iter().filter_map(|action| match action {
        Action::Do(done) => Some(deed(*done).to_owned()),
        Action::Answer(answer) => Some(format!("answers “{}”", shorten(answer, 30))),
        Action::Say(_) => None,
    });
    deeds.collect()
}

/// The texts among some actions.
pub fn texts(actions: &[Action]) -> impl Iterator<Item = &str> {
    actions.iter().filter_map(|action| match action {
        Action::Say(text) => Some(text.as_str()),
        Action::Answer(_) | Action::Do(_) => None,
    })
}

fn n_said(actions: &[Action]) -> usize {
    texts(actions).count()
}

/// The beginning of a text, on one line; `…` stands for the rest.
pub fn shorten(text: &str, max_chars: usize) -> String {
    let text: Vec<&str> = text.split_whitespace().collect();
    let text = text.join(" ");
    if text.chars().count() <= max_chars {
        return text;
    }
    let cut: String = text.chars().take(max_chars).collect();
    let cut = cut.rsplit_once(' ').map_or(cut.as_str(), |(whole_words, _)| whole_words);
    format!("{}…", cut.trim_end_matches([',', '.', ';', ':']))
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::lesson::vocabulary::Word as _;

    #[test]
    fn every_event_condition_and_deed_has_words_of_its_own() {
        fn check(mut words: Vec<&str>) {
            let n = words.len();
            words.sort_unstable();
            words.dedup();
            assert_eq!(words.len(), n, "{words:?}");
        }
        check(EventKind::WORDS.iter().map(|(_, value)| event(*value)).collect());
        check(Deed::WORDS.iter().map(|(_, value)| deed(*value)).collect());
        let claims = Condition::WORDS.iter().flat_map(|(_, condition)| {
            [true, false].map(|holds| claim(Claim { condition: *condition, holds }))
        });
        check(claims.collect());
    }

    #[test]
    fn times_and_texts_are_short() {
        for (secs, said) in
            [(1, "1 second"), (90, "90 seconds"), (120, "2 minutes"), (3600, "1 hour")]
        {
            assert_eq!(time(Duration::from_secs(secs)), said);
        }
        assert_eq!(shorten("one  two\nthree", 40), "one two three");
        assert_eq!(shorten("one two, three", 9), "one two…");
    }
}
