//! Where the parts of the grade are earned that a lesson grants on the way.

use tr::tr;

use crate::{
    fsm::{Reaction, StateIx},
    lesson::{
        Lesson, Teaching,
        vocabulary::{EventKind, Milestone, Need},
    },
};

/// What has to be certain at a milestone, and the event that makes it so.
fn reached(milestone: Milestone) -> Option<(Need, EventKind)> {
    match milestone {
        Milestone::Talking => None,
        Milestone::Encrypted => Some((Need::Private, EventKind::OtrEnabled)),
        Milestone::Verified => Some((Need::Verified, EventKind::CorrectSecretReceived)),
    }
}

/// The milestones for which a lesson gives more than before, with what it gives, in percent.
fn parts(lesson: &Lesson) -> Vec<(Milestone, u8)> {
    let mut parts: Vec<(Milestone, u8)> = Vec::new();
    for part in lesson.parts_of_grade() {
        if parts.last().is_none_or(|(_, before)| part.1 > *before) {
            parts.push(*part);
        }
    }
    parts
}

/// All parts in a sentence, as the legend has it; `None`: the lesson grants none.
pub(super) fn all(lesson: &Lesson) -> Option<String> {
    let parts = parts(lesson).into_iter().map(|(milestone, percent)| {
        let part = format!("{percent}%");
        match milestone {
            // i18n: {part} is such as 40%.
            Milestone::Talking => tr!("{part} for talking to the bot", part = part),
            // i18n: {part} is such as 40%.
            Milestone::Encrypted => tr!("{part} for a private chat", part = part),
            // i18n: {part} is such as 40%. Verified: the bot was recognised by comparing secrets.
            Milestone::Verified => tr!("{part} for a verified chat", part = part),
        }
    });
    let parts: Vec<String> = parts.collect();
    let last = tr!("all of it when the bot secret is typed into the page");
    // i18n: {first} and {second} are parts of the grade, such as "40% for a private chat".
    let join = |list: String, item: &String| tr!("{first}, {second}", first = list, second = item);
    let first = parts.first()?.clone();
    let all = parts.iter().skip(1).chain([&last]).fold(first, join);
    // i18n: {list} is a list of parts of the grade, such as "40% for a private chat, all of it when …".
    Some(tr!("Grade: {list}.", list = all))
}

/// What is earned on coming into each state, in words; nothing in lessons that grant no parts.
pub(super) fn earned(lesson: &Lesson) -> Vec<Option<String>> {
    let graph = lesson.graph();
    let parts = parts(lesson);
    let mut earned: Vec<u8> = vec![0; graph.states().len()];
    if parts.is_empty() {
        return Vec::new();
    }
    let mut earn = |to: StateIx, percent: u8| {
        if let Some(earned) = earned.get_mut(to.number()) {
            *earned = percent.max(*earned);
        }
    };
    for (milestone, percent) in &parts {
        if *milestone == Milestone::Talking {
            earn(graph.start(), *percent);
        }
    }
    let need = |ix: usize| lesson.needs().get(ix).copied().unwrap_or(Need::Nothing);
    let mut take = |from: Need, reaction: &Reaction<Teaching>, is_anywhere: bool| {
        let Some(to) = reaction.target else { return };
        let event = reaction.trigger.event;
        if event == EventKind::BotSecretAccepted {
            earn(to, 100);
        }
        for (milestone, percent) in &parts {
            let Some((certain, by)) = reached(*milestone) else { continue };
            // What happens in any state comes from all of them: there the event alone tells.
            let is_climb = need(to.number()) >= certain && !is_anywhere;
            if from < certain && (event == by || is_climb) {
                earn(to, *percent);
            }
        }
    };
    for (ix, state) in graph.states().iter().enumerate() {
        for reaction in &state.reactions {
            take(need(ix), reaction, false);
        }
    }
    for reaction in graph.everywhere() {
        take(Need::Nothing, reaction, true);
    }
    let words = earned.into_iter().map(|percent| match percent {
        0 => None,
        100.. => Some(tr!("here all of the grade is earned")),
        percent => {
            let part = format!("{percent}%");
            // i18n: {part} is such as 40%.
            Some(tr!("here {part} of the grade is earned", part = part))
        }
    });
    words.collect()
}
