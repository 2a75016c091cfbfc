//! Whether whoever is in danger is answered.

use super::{Doubt, Kind, View};
use crate::lesson::claims::{facts, follows};
use crate::lesson::vocabulary::{EventKind, TopicIx};

pub(super) fn check(view: &mut View<'_>) {
    let n_urgent = view.lesson.n_urgent;
    if n_urgent == 0 {
        view.found.insert(Doubt { spot: view.top(), kind: Kind::NothingUrgent });
    }
    let raw = view.raw;
    for (ix, (name, _)) in raw.topics.iter().enumerate().take(n_urgent) {
        let rooms = view.rooms.iter().filter(|room| !room.state.is_end);
        let lacking = rooms.filter(|room| {
            let certain = facts(EventKind::MessageReceived, room.need);
            !room.standing.iter().any(|standing| {
                let trigger = &standing.reaction.trigger;
                trigger.event == EventKind::MessageReceived
                    && trigger.topics.contains(&TopicIx(ix))
                    && trigger.conditions.iter().all(|claim| follows(*claim, &certain))
            })
        });
        let states: Vec<String> = lacking.map(|room| room.state.name.clone()).collect();
        if !states.is_empty() {
            let kind = Kind::Unanswered { topic: name.value.clone(), states };
            view.doubt(name.place, kind);
        }
    }
}
