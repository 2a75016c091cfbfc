//! What learners are to have and is not there: states that their lessons have no more.

use std::collections::BTreeMap;

use crate::actors::registry::{KnownLearner, factory::SessionFactory};

/// Most lines about that in the log.
const MOST_TOLD: usize = 20;

/// Tells in the log of learners whose state is gone.
pub(super) fn tell(factory: &SessionFactory, learners: &[KnownLearner]) {
    let gone = states(factory, learners);
    for ((lesson, state), n) in gone.iter().take(MOST_TOLD) {
        let (learners, stand) = if *n == 1 { ("learner", "stands") } else { ("learners", "stand") };
        log::warn!(
            "lesson {lesson}: {n} {learners} {stand} in the state {state:?}, which is not in it any \
             more: they begin again at its start. `moved` in a lesson says where learners go on whose \
             state was renamed or taken out"
        );
    }
    if gone.len() > MOST_TOLD {
        let n = gone.len().saturating_sub(MOST_TOLD);
        log::warn!("lessons: learners stand in {n} more states that are not there any more");
    }
}

/// How many stand where, by lesson and state.
fn states(
    factory: &SessionFactory,
    learners: &[KnownLearner],
) -> BTreeMap<(String, String), usize> {
    let mut gone: BTreeMap<_, usize> = BTreeMap::new();
    for learner in learners {
        let name = factory.name_of(learner.lesson.as_deref());
        let lesson = factory.lessons.find(&name);
        let state = lesson.zip(learner.kept.as_ref());
        if let Some(state) = state.as_ref().and_then(|(lesson, kept)| kept.gone_from(lesson)) {
            let n = gone.entry((name, state)).or_default();
            *n = n.saturating_add(1);
        }
    }
    gone
}
