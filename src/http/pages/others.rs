//! Pages outside of the exercise.

use std::sync::Arc;

use maud::{Markup, html};
use tr::tr;

use super::{
    ProblemKind,
    layout::{Head, document, reference_line},
};
use crate::i18n::Catalog;

/// Says why there is no page, and what to do.
pub fn problem(catalog: &Arc<Catalog>, kind: ProblemKind, reference: &str) -> Markup {
    document(catalog, || {
        let (heading, why, what) = match kind {
            ProblemKind::NoLaunch => (
                tr!("Open the exercise from your course"),
                tr!("This page was opened without your course saying who you are."),
                tr!("Go to the assignment in your course and open it there."),
            ),
            ProblemKind::NotTrusted => (
                tr!("Your course could not open the exercise"),
                tr!(
                    "The course and this exercise are not connected correctly, so it is not certain who you are."
                ),
                tr!("Tell your teacher, with the number below."),
            ),
            ProblemKind::OutOfDate => (
                tr!("Open the exercise once more"),
                tr!("This page was opened some time ago, or it was loaded again."),
                tr!(
                    "Go to the assignment in your course and open it anew. What you have done is kept. If this does not help, tell your teacher that the clocks of the two servers may differ."
                ),
            ),
            ProblemKind::Expired => (
                tr!("Open the exercise once more"),
                tr!("This page was open for a long time and is not valid any more."),
                tr!(
                    "Go to the assignment in your course and open it anew. What you have done is kept."
                ),
            ),
            ProblemKind::NotFound => (
                tr!("There is no such page"),
                tr!("The address does not belong to a page of this exercise."),
                tr!("Go to the assignment in your course and open it there."),
            ),
            ProblemKind::Malformed => (
                tr!("This did not arrive as it should"),
                tr!(
                    "What was sent here is not something that a course or a page of this exercise sends."
                ),
                tr!(
                    "Go to the assignment in your course and open it anew. If this does not help, tell your teacher, with the number below."
                ),
            ),
            ProblemKind::Unavailable => (
                tr!("The exercise does not work at the moment"),
                tr!("A part of it does not answer."),
                tr!(
                    "Try again in some minutes. What you have done is kept. If it goes on like this, tell your teacher, with the number below."
                ),
            ),
        };
        let head = Head { heading, step: None, here: None, has_problem: false, frame: None };
        let content = html! {
            p.lead { (why) }
            p { (what) }
            (reference_line(reference))
        };
        (head, content)
    })
}

/// Says that the tool is up.
pub fn hello_world(catalog: &Arc<Catalog>, bot_title: &str) -> Markup {
    document(catalog, || {
        let heading = tr!("Hello, world!");
        let head = Head { heading, step: None, here: None, has_problem: false, frame: None };
        let content = html! {
            p.lead { (tr!("{tool} is running. Learners open the exercise from their course.", tool = bot_title)) }
        };
        (head, content)
    })
}
