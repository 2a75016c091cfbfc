//! Launches that ask for a lesson that is not there: the administrator reads of each in the log, once.
//! The teacher reads of it on the page of the course.

use std::{
    collections::BTreeSet,
    sync::{Mutex, PoisonError},
};

use actix_web::{HttpRequest, web};
use log::warn;

use super::Site;
use crate::{actors::lti::View, drawing::previews::Taught};

/// Most names that are told of. A platform that asks for more makes them up.
const MOST_TOLD: usize = 200;

/// Most lessons whose names stand in a line of the log.
const MOST_NAMED: usize = 20;

/// The platforms, and the names of lessons that they have asked for, of which was told.
#[derive(Debug, Default)]
pub(super) struct Asked(Mutex<BTreeSet<(String, String)>>);

/// What is to be told of a name.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
enum News {
    /// It is told.
    New,
    /// It is told, and no other after it.
    Last,
    /// Nothing.
    Known,
}

impl Asked {
    fn note(&self, platform: &str, lesson: &str) -> News {
        let mut told = self.0.lock().unwrap_or_else(PoisonError::into_inner);
        if told.len() >= MOST_TOLD || !told.insert((platform.to_owned(), lesson.to_owned())) {
            return News::Known;
        }
        if told.len() == MOST_TOLD { News::Last } else { News::New }
    }

    /// The lesson is there by now, so that it is told of again when it is gone.
    fn forget(&self, platform: &str, lesson: &str) {
        let mut told = self.0.lock().unwrap_or_else(PoisonError::into_inner);
        told.remove(&(platform.to_owned(), lesson.to_owned()));
    }
}

impl Site {
    /// What learners of an enrolment are taught.
    pub(super) fn taught(&self, request: &HttpRequest, view: &View) -> Option<Taught> {
        let catalog = self.reader(request).catalog(view.enrolment.locale.as_deref());
        self.config.previews.taught(view.enrolment.lesson.as_deref(), &catalog)
    }

    /// Tells the administrator of a launch that asks for a lesson that is not there.
    pub(super) fn note_lesson(&self, request: &HttpRequest, view: &View) {
        let Some(asked) = &view.enrolment.lesson else { return };
        let Some(noted) = request.app_data::<web::Data<Asked>>() else { return };
        let platform = &view.enrolment.consumer_key;
        let Some(taught) = self.taught(request, view) else { return };
        let Some(all) = &taught.in_place_of_unknown else {
            return noted.forget(platform, asked);
        };
        let news = noted.note(platform, asked);
        if news == News::Known {
            return;
        }
        let mut there = all.iter().take(MOST_NAMED).cloned().collect::<Vec<_>>().join(", ");
        if all.len() > MOST_NAMED {
            there.push_str(", …");
        }
        let (id, given) = (&view.enrolment.id, &taught.name);
        warn!(
            "enrolment.id":% = id;
            "enrolment {id}: its launch asks for the lesson {asked:?}, by the parameter `lesson` or \
             `custom_lesson`, and there is none of that name; its learners get {given:?} in its \
             place. There are: {there}. Correct the parameter in the LMS, or put the lesson into \
             lessons.folder and reload (platform {platform:?}; this is said once for each name)"
        );
        if news == News::Last {
            warn!(
                "launches have asked for {MOST_TOLD} lessons that are not there; others are not told of"
            );
        }
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn each_name_is_told_once_for_a_platform_and_not_without_end() {
        let asked = Asked::default();
        assert_eq!(asked.note("a", "advanced"), News::New);
        assert_eq!(asked.note("a", "advanced"), News::Known);
        assert_eq!(asked.note("b", "advanced"), News::New);
        asked.forget("a", "advanced");
        assert_eq!(asked.note("a", "advanced"), News::New);

        let told: Vec<News> =
            (0..1_000).map(|n| asked.note("a", &format!("made up {n}"))).collect();
        assert_eq!(told.iter().filter(|news| **news == News::New).count(), MOST_TOLD - 3);
        assert_eq!(told.iter().filter(|news| **news == News::Last).count(), 1);
    }
}
