//! What the difficult learners write: words of the lesson's own topics, in their language.

use gettext::Catalog;

use crate::{
    lesson::{Lesson, Topic, messages::TOPIC_CONTEXT, vocabulary::TopicIx},
    session::listening::items,
};

/// The sentences of a topic that a person could write, in a language. Those with open ends or gaps are
/// left out.
pub(super) fn phrases(topic: &Topic, catalog: &Catalog) -> Vec<String> {
    let shared = catalog.lookup(Some(TOPIC_CONTEXT), &topic.name);
    let words = if shared == topic.name { catalog.text(&topic.words) } else { shared.to_owned() };
    let sayable = items(&words).filter(|item| {
        !item.starts_with('-')
            && !item.contains(['*', '…'])
            && !item.contains("..")
            && item.contains(char::is_alphanumeric)
    });
    sayable.map(|item| item.replace(['=', '[', ']'], "")).collect()
}

/// Whether a language has words of its own for a topic.
pub(super) fn is_translated(topic: &Topic, catalog: &Catalog) -> bool {
    catalog.lookup(Some(TOPIC_CONTEXT), &topic.name) != topic.name
        || catalog.text(&topic.words) != topic.words
}

/// The topic of this name.
pub(super) fn topic<'l>(lesson: &'l Lesson, name: &str) -> Option<(TopicIx, &'l Topic)> {
    let ix = lesson.topics().iter().position(|topic| topic.name == name)?;
    Some((TopicIx(ix), lesson.topics().get(ix)?))
}

/// The topics that go before all others.
pub(super) fn urgent(lesson: &Lesson) -> impl Iterator<Item = &Topic> {
    let topics = lesson.topics().iter().enumerate();
    topics.filter(|(ix, _)| lesson.is_urgent(TopicIx(*ix))).map(|(_, topic)| topic)
}

/// How somebody says something in a language: by the words of the topic of that name, else in English.
pub(super) fn say(lesson: &Lesson, catalog: &Catalog, name: &str, english: &str) -> String {
    let phrases = topic(lesson, name).map(|(_, topic)| phrases(topic, catalog));
    phrases.and_then(|phrases| phrases.into_iter().next()).unwrap_or_else(|| english.to_owned())
}

/// What people ask at any time: the names of topics, and what stands for them in other lessons.
pub(super) const QUESTIONS: [(&str, &str); 21] = [
    ("human", "Can I talk to a human being?"),
    ("who_are_you", "Who are you?"),
    ("legal", "Is this legal?"),
    ("why", "Why?"),
    ("logs", "Do you keep logs?"),
    ("who_reads", "Who can read this?"),
    ("what_is_otr", "What is OTR?"),
    ("what_is_fingerprint", "What is a fingerprint?"),
    ("what_is_smp", "What is SMP?"),
    ("what_is_end_to_end", "What is end-to-end?"),
    ("confused", "I do not understand."),
    ("again", "again"),
    ("done", "done"),
    ("you_begin", "You begin."),
    ("annoyed", "This is boring."),
    ("off_topic", "Tell me a joke."),
    ("greeting", "Hello!"),
    ("okay", "ok"),
    ("thanks", "Thank you!"),
    ("bye", "bye"),
    ("afraid", "I am afraid."),
];

/// Programs, and what is none that could be used.
pub(super) const PROGRAMS: [(&str, &str); 13] = [
    ("pidgin", "Pidgin"),
    ("adium", "Adium"),
    ("psi", "Psi+"),
    ("profanity", "Profanity"),
    ("mcabber", "mcabber"),
    ("coyim", "CoyIM"),
    ("thunderbird", "Thunderbird"),
    ("bitlbee", "BitlBee"),
    ("irssi", "irssi"),
    ("weechat", "WeeChat"),
    ("omemo", "Gajim"),
    ("other_network", "WhatsApp"),
    ("telephone", "SMS"),
];

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn sentences_are_those_that_a_person_could_write() {
        let words = "follow*, =threat, afraid .. him, -no danger, ?, [no], in danger";
        let topic = Topic { name: "danger".into(), words: words.into() };
        assert_eq!(phrases(&topic, &Catalog::source()), ["threat", "no", "in danger"]);
    }
}
