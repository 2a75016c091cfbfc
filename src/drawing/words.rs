//! A lesson's reactions in plain words, for people who never see the YAML; in the language of the
//! innermost [`scope`](crate::i18n::scope()).
//!
//! `tr!` holds a lock while it looks at its arguments: what calls it again has to be done before.

use std::{fmt::Display, time::Duration};

use gettext::po::split_key;
use tr::tr;

use crate::{
    fsm::Reaction,
    lesson::{
        Lesson, Teaching,
        vocabulary::{Action, Claim, Condition, Deed, EventKind, Need},
    },
};

/// What an event is in words; messages without what they are about.
pub fn event(event: EventKind) -> String {
    match event {
        EventKind::Entered => tr!("at once"),
        EventKind::Waited => tr!("after a while"),
        EventKind::LearnerArrived => tr!("the learner comes online"),
        EventKind::MessageReceived => tr!("writes a message"),
        EventKind::PlainMessageReceived => tr!("a message comes unencrypted"),
        EventKind::BotSecretTold => tr!("tells the bot secret in the chat"),
        EventKind::SharedSecretTold => tr!("tells the shared secret where others may hear it"),
        EventKind::OtrEnabled => tr!("OTR is on"),
        EventKind::OtrDisabled => tr!("OTR is off"),
        EventKind::OtrAlreadySetup => tr!("OTR is renewed"),
        EventKind::OtrTrouble => tr!("a message cannot be decrypted"),
        EventKind::SmpStarted => tr!("starts to compare secrets"),
        EventKind::SmpQuestionUsed => tr!("asks a question"),
        EventKind::SmpAborted => tr!("the comparison is cancelled"),
        EventKind::SecretReceived => tr!("types a shared secret into the page"),
        EventKind::UnsafeSecretReceived => tr!("types a weak secret into the page"),
        EventKind::CorrectSecretReceived => tr!("the secrets are the same"),
        EventKind::IncorrectSecretReceived => tr!("the secrets differ"),
        EventKind::CorrectAnswerReceived => tr!("the bot's answer was right"),
        EventKind::IncorrectAnswerReceived => tr!("the bot's answer was wrong"),
        EventKind::BotSecretAccepted => tr!("types the bot secret into the page"),
        EventKind::BotSecretRejected => tr!("types a wrong bot secret into the page"),
    }
}

/// What a condition asks, in words.
pub fn claim(claim: Claim) -> String {
    match (claim.condition, claim.holds) {
        (Condition::HasSecret, true) => tr!("a shared secret is known"),
        (Condition::HasSecret, false) => tr!("no shared secret is known"),
        (Condition::Private, true) => tr!("the chat is private"),
        (Condition::Private, false) => tr!("the chat is not private"),
        (Condition::Verified, true) => tr!("the bot is verified"),
        (Condition::Verified, false) => tr!("the bot is not verified"),
        (Condition::BotMayStartSmp, true) => tr!("the bot may start comparing"),
        (Condition::BotMayStartSmp, false) => tr!("the bot may not start comparing"),
        (Condition::BotSecretGiven, true) => tr!("the bot secret was said"),
        (Condition::BotSecretGiven, false) => tr!("the bot secret was not said"),
        (Condition::Passed, true) => tr!("already passed"),
        (Condition::Passed, false) => tr!("not passed yet"),
        (Condition::Speaking, true) => tr!("the bot is still talking"),
        (Condition::Speaking, false) => tr!("the bot has said all"),
        (Condition::QuestionTellsSecret, true) => tr!("the question gives the secret away"),
        (Condition::QuestionTellsSecret, false) => tr!("the question keeps the secret"),
        (Condition::HasPage, true) => tr!("there is a web page"),
        (Condition::HasPage, false) => tr!("there is no web page"),
        (Condition::KeepsKey, true) => tr!("the bot keeps its key"),
        (Condition::KeepsKey, false) => tr!("the bot has a new key each time"),
        (Condition::Returning, true) => tr!("the learner was here before"),
        (Condition::Returning, false) => tr!("the learner is here for the first time"),
        (Condition::HasContact, true) => tr!("there is somebody to turn to"),
        (Condition::HasContact, false) => tr!("nobody is named to turn to"),
        (Condition::Resting, true) => tr!("the learner is left in peace"),
        (Condition::Resting, false) => tr!("the learner is not left in peace"),
        (Condition::InTheClear, true) => tr!("it came unencrypted"),
        (Condition::InTheClear, false) => tr!("it came encrypted"),
        (Condition::Interrupted, true) => tr!("the bot was interrupted"),
        (Condition::Interrupted, false) => tr!("the bot was not interrupted"),
        (Condition::MismatchedOften, true) => tr!("the secrets have differed three times"),
        (Condition::MismatchedOften, false) => tr!("the secrets have not differed three times"),
    }
}

/// What a deed does, in words.
pub fn deed(deed: Deed) -> String {
    match deed {
        Deed::Hush => tr!("drops what it was about to say"),
        Deed::StartSmp => tr!("starts to compare secrets"),
        Deed::AnswerSmp => tr!("answers with the shared secret"),
        Deed::AbortSmp => tr!("cancels the comparison"),
        Deed::StartOtr => tr!("asks for OTR"),
        Deed::BecomeImpostor => tr!("becomes the impostor"),
        Deed::BecomeMyself => tr!("is itself again"),
        Deed::HoldBotSecret => tr!("the page does not take the bot secret yet"),
        Deed::AcceptBotSecret => tr!("the page takes the bot secret"),
        Deed::RenewBotSecret => tr!("makes a new bot secret"),
        Deed::BeginSmpNow => tr!("starts to compare secrets, as the learner wants it"),
        Deed::EndOtr => tr!("ends OTR"),
        Deed::TellTask => tr!("says what to do now"),
        Deed::Rest => tr!("leaves the learner in peace for a while"),
    }
}

/// What is certain, in a word or two.
pub fn need(need: Need) -> String {
    match need {
        Need::Nothing => tr!("in the clear"),
        Need::Private => tr!("private"),
        Need::Verified => tr!("verified"),
    }
}

/// A time as people say it: `90 seconds`, `2 minutes`.
pub fn time(time: Duration) -> String {
    let secs = time.as_secs();
    if secs >= 3600 && secs.is_multiple_of(3600) {
        tr!("{n} hour" | "{n} hours" % secs / 3600)
    } else if secs >= 60 && secs.is_multiple_of(60) {
        tr!("{n} minute" | "{n} minutes" % secs / 60)
    } else {
        tr!("{n} second" | "{n} seconds" % secs)
    }
}

/// Several things of which each holds, as a list.
pub fn list<T: Display>(things: impl IntoIterator<Item = T>) -> String {
    joined(things, |first, second| tr!("{first}, {second}", first = first, second = second))
}

/// Several things of which any holds.
pub fn any_of<T: Display>(things: impl IntoIterator<Item = T>) -> String {
    joined(things, |first, second| tr!("{first} or {second}", first = first, second = second))
}

/// Several things of which each stands for itself.
pub fn series<T: Display>(things: impl IntoIterator<Item = T>) -> String {
    joined(things, |first, second| tr!("{first}; {second}", first = first, second = second))
}

fn joined<T: Display>(
    things: impl IntoIterator<Item = T>,
    join: impl Fn(&str, &str) -> String,
) -> String {
    let things = things.into_iter().map(|thing| thing.to_string());
    things.reduce(|first, second| join(&first, &second)).unwrap_or_default()
}

/// That the bot says some lines.
pub fn says(n_lines: usize) -> String {
    tr!("says {n} line" | "says {n} lines" % n_lines)
}

/// A number of things: `1 state`, `2 states`.
pub fn counted(n: usize, thing: &str) -> String {
    format!("{n} {thing}{}", if n == 1 { "" } else { "s" })
}

/// What a reaction waits for. `topics` stand for the one of the trigger.
pub fn cause(reaction: &Reaction<Teaching>, topics: &[&str]) -> String {
    let trigger = &reaction.trigger;
    let time = reaction.after.map(time);
    let mut said = match time {
        Some(time) => tr!("after {time}", time = time),
        None => event(trigger.event),
    };
    if !topics.is_empty() {
        let topics = list(topics);
        // i18n: {event} is such as "writes a message"; the topics are names from the lesson.
        said = tr!("{event} about {topics}", event = said, topics = topics);
    }
    let claims = joined(trigger.conditions.iter().copied().map(claim), |first, second| {
        tr!("{first} and {second}", first = first, second = second)
    });
    if !claims.is_empty() {
        // i18n: {event} is such as "OTR is on", {condition} such as "the chat is private".
        said = tr!("{event}, if {condition}", event = said, condition = claims);
    }
    said
}

/// The names of the topics that a reaction waits for.
pub fn topics<'l>(lesson: &'l Lesson, reaction: &Reaction<Teaching>) -> Vec<&'l str> {
    let topics = reaction.trigger.topics.iter().filter_map(|ix| lesson.topics().get(ix.0));
    topics.map(|topic| topic.name.as_str()).collect()
}

/// What a reaction does, besides going elsewhere; empty: nothing.
pub fn effect(reaction: &Reaction<Teaching>) -> String {
    let mut done: Vec<String> = deeds(&reaction.actions);
    let n_said = n_said(&reaction.actions);
    if n_said > 0 {
        done.push(says(n_said));
    }
    if reaction.gives_hint {
        done.push(tr!("gives a hint"));
    }
    if let (Some(pause), false) = (reaction.at_most_every, done.is_empty()) {
        let time = time(pause);
        done.push(tr!("at most every {time}", time = time));
    }
    list(done)
}

/// The deeds among some actions, in words.
pub fn deeds(actions: &[Action]) -> Vec<String> {
    let deeds = actions.iter().filter_map(|action| match action {
        Action::Do(done) => Some(deed(*done)),
        Action::Answer(answer) => {
            Some(tr!("answers “{text}”", text = shorten(split_key(answer).1, 30)))
        }
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

/// The pieces of a text between which it may be broken.
pub fn split(text: &str) -> impl Iterator<Item = &str> {
    // Blanks that do not break keep the signs of French where they are.
    let is_blank = |c: char| c.is_whitespace() && !matches!(c, '\u{a0}' | '\u{202f}');
    text.split(is_blank).filter(|piece| !piece.is_empty())
}

/// The beginning of a text, on one line; `…` stands for the rest.
pub fn shorten(text: &str, max_chars: usize) -> String {
    let text: Vec<&str> = split(text).collect();
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
        fn check(mut words: Vec<String>) {
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
        assert_eq!(shorten("un deux\u{a0}! trois", 10), "un deux\u{a0}!…");
    }
}
