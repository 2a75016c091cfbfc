//! Pages for teachers, and those outside of the exercise.

use std::sync::Arc;

use maud::{Markup, html};
use tr::tr;

use super::{
    Frame, ProblemKind,
    layout::{Head, address, document, fill, go, reference_line},
};
use crate::i18n::Catalog;

/// What a teacher sees instead of the exercise.
pub fn teacher(frame: &Frame) -> Markup {
    document(&frame.catalog, || {
        let bot = &frame.bot_alias;
        let head = Head {
            heading: tr!("Private chat: the exercise for your learners"),
            step: None,
            here: None,
            has_problem: false,
            frame: Some(frame),
        };
        let content = html! {
            p.lead {
                (tr!("Your course is connected. Your learners see the exercise here; you see this page, as your course says that you teach it."))
            }
            section aria-labelledby="what" {
                h2 id="what" { (tr!("What learners do")) }
                ul {
                    li { (fill(&tr!("They chat with {bot} ({jid}) in their own chat program, which must be able to do OTR.", bot = bot, jid = "{jid}"), &[("{jid}", &address(&frame.bot_jid))])) }
                    li { (tr!("They switch on encryption, compare fingerprints and recognise each other by a shared secret.")) }
                    li { (tr!("Each of them enters a code that only a finished lesson gives.")) }
                }
            }
            section aria-labelledby="grades" {
                h2 id="grades" { (tr!("Grades")) }
                p { (tr!("Whoever finishes the lesson gets full marks, sent to the gradebook of your course by itself. What was not accepted yet is tried again for three days. Teachers are not graded.")) }
            }
            section aria-labelledby="try" {
                h2 id="try" { (tr!("Try it yourself")) }
                p { (tr!("You can do the whole exercise as a learner would.")) }
                (go(frame, "/enter_jid", &tr!("Try the exercise")))
            }
        };
        (head, content)
    })
}

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
