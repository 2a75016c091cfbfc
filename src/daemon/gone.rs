//! What learners are to have and is not there: states that their lessons have no more, and lessons that
//! the settings name for them.

use std::collections::BTreeMap;

use crate::{
    actors::registry::{KnownLearner, factory::SessionFactory},
    lesson::Library,
    settings::Settings,
};

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

/// Lessons that `xmpp.whitelist` names and that are not there, a sentence for each.
pub(super) fn unknown_lessons(settings: &Settings, lessons: &Library) -> Vec<String> {
    let mut unknown: BTreeMap<&str, usize> = BTreeMap::new();
    for listed in settings.xmpp.whitelist.values() {
        if let Some(name) = listed.lesson.as_deref().filter(|name| lessons.resolve(name).is_none())
        {
            let n = unknown.entry(name).or_default();
            *n = n.saturating_add(1);
        }
    }
    let there = lessons.iter().map(|(name, _)| name).collect::<Vec<_>>().join(", ");
    let (file, default) = (settings.file.display(), &settings.lessons.default);
    let told = |(name, n): (&str, usize)| {
        format!(
            "{file}: xmpp.whitelist: the lesson {name:?} of {n} of them is not there, and {default:?} \
             is taught in its place; there are: {there}"
        )
    };
    unknown.into_iter().map(told).collect()
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

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_lesson_of_the_whitelist_that_is_not_there_is_told_once() {
        let folder = tempfile::tempdir().unwrap();
        let file = folder.path().join("settings.yaml");
        let yaml = "xmpp:\n  accounts: { bot@localhost: { password: secret } }\n  default_account: bot@localhost\n  \
             whitelist:\n    a@localhost: { lesson: advanced }\n    b@localhost: { lesson: advanced }\n    \
             c@localhost: { lesson: Basics.yaml }\n    d@localhost: {}\nlti: { enabled: false }\n";
        std::fs::write(&file, yaml).unwrap();
        let settings = Settings::load(&file).unwrap();
        let (lessons, _) = Library::load(None, &[]);

        let told = unknown_lessons(&settings, &lessons);

        let [told] = told.as_slice() else { panic!("{told:?}") };
        assert!(told.contains("the lesson \"advanced\" of 2 of them is not there"), "{told}");
        assert!(told.contains("\"basics\" is taught in its place"), "{told}");
        assert!(told.ends_with("there are: basics, impostor, question"), "{told}");
    }
}
