//! What teachers see in place of the exercise: their course at a glance, and the lesson.

use maud::{Markup, PreEscaped, html};
use tr::tr;

use super::{
    Frame, funnel,
    layout::{Around, Head, address, aside, document, fill, go, token},
    roster,
};
use crate::{
    actors::lti::{View, course::CourseView},
    drawing::previews::{Preview, Taught},
};

/// The course at a glance.
pub fn teacher(frame: &Frame, course: &CourseView, taught: Option<&Taught>) -> Markup {
    document(&frame.house.catalog, || {
        let bot = &frame.bot_alias;
        let (page, n_pages) = (course.wanted.page.saturating_add(1), course.n_pages());
        let part = (n_pages > 1).then(|| tr!("Page {n} of {all}", n = page, all = n_pages));
        let head = Head {
            heading: tr!("Private chat: the exercise for your learners"),
            step: None,
            here: Some("/course"),
            is_learners: false,
            has_problem: false,
            part,
            around: Around::Launch(frame),
        };
        let content = html! {
            @if let Some(title) = &course.view.enrolment.context_title {
                p.lead { bdi { (title) } }
            }
            (unknown_lesson(&course.view, taught))
            (sent_again(course))
            (refused(frame, course))
            @if course.funnel.opened > 0 {
                section aria-labelledby="glance" {
                    h2 id="glance" { (tr!("How far your learners are")) }
                    (funnel::funnel(&course.funnel, frame.house.catalog.is_rtl()))
                    @if course.funnel.is_of_several {
                        p.remark { (tr!("The course has more than one of these exercises. Whoever takes part in several counts once in each.")) }
                    }
                    (aside(frame, "/course", &tr!("Look again")))
                }
            }
            (roster::roster(frame, course))
            section aria-labelledby="what" {
                h2 id="what" { (tr!("What learners do")) }
                ul {
                    li { (fill(&tr!("They chat with {bot} ({jid}) in their own chat program, which must be able to do OTR.", bot = bot, jid = "{jid}"), &[("{jid}", &address(&frame.bot_jid))])) }
                    li { (tr!("They switch on encryption, compare fingerprints and recognise each other by a shared secret.")) }
                    li { (tr!("Each of them enters a code that only a finished lesson gives.")) }
                }
                (aside(frame, "/course/lesson", &tr!("Look at the lesson")))
            }
            section aria-labelledby="grades" {
                h2 id="grades" { (tr!("Grades")) }
                p { (tr!("Whoever finishes the lesson gets full marks, sent to the gradebook of your course by itself. What was not accepted yet is tried again for three days. Teachers are not graded.")) }
                @if let Some(taught) = taught { (credit(taught)) }
                @if course.funnel.is_of_several {
                    p.remark { (tr!("Other exercises of the course may have other lessons, with other rules for the grade. Open them in your course to see theirs.")) }
                }
            }
            section aria-labelledby="try" {
                h2 id="try" { (tr!("Try it yourself")) }
                p { (tr!("You can do the whole exercise as a learner would.")) }
                (go(frame, "/course/try", &tr!("Try the exercise")))
            }
        };
        (head, content)
    })
}

/// The assignment asks for a lesson that is not there, which is the teacher's to correct.
fn unknown_lesson(view: &View, taught: Option<&Taught>) -> Markup {
    let asked = view.enrolment.lesson.as_deref().zip(taught);
    let unknown = asked
        .and_then(|(asked, taught)| Some((asked, taught, taught.in_place_of_unknown.as_ref()?)));
    let code = |name: &str| html! { bdi dir="auto" { (name) } };
    html! {
        @if let Some((asked, taught, all)) = unknown {
            div.notice.warning {
                p {
                    (fill(
                        // i18n: {asked} and {given} are names of lessons, such as "basics".
                        &tr!("This exercise is to have the lesson “{asked}”, but there is no lesson of that name. Learners get “{given}” in its place.", asked = "{asked}", given = "{given}"),
                        &[("{asked}", &code(asked)), ("{given}", &code(&taught.name))],
                    ))
                }
                p { (tr!("There are these lessons:")) }
                ul { @for name in all { li { (code(name)) } } }
                p { (tr!("To change that, correct the custom parameter “lesson” of the exercise in your course, or ask whoever runs this tool for the lesson.")) }
            }
        }
    }
}

/// Which parts of the grade the lesson gives, and for what.
fn credit(taught: &Taught) -> Markup {
    let [talking, encrypted, verified] = taught.credit;
    let parts = [
        (tr!("Talked to the bot"), talking),
        (tr!("Encrypted the conversation"), encrypted),
        (tr!("Recognised the bot"), verified),
    ];
    let parts: Vec<_> = parts.into_iter().filter_map(|(step, part)| Some((step, part?))).collect();
    html! {
        @if parts.is_empty() {
            p { (tr!("Before the end of the lesson there is no grade.")) }
        } @else {
            p { (tr!("This lesson gives a part of the grade on the way. Each part is sent as soon as it is reached, in the place of the one before:")) }
            ul.credit {
                @for (step, part) in parts.into_iter().chain([(tr!("Finished the lesson"), 100)]) {
                    li { bdi { (step) } ": " bdi { (part) " %" } }
                }
            }
        }
    }
}

fn sent_again(course: &CourseView) -> Markup {
    html! {
        @match course.n_sent_again {
            None => {}
            Some(0) => div.notice role="status" data-focus tabindex="-1" {
                p { (tr!("There was no grade to be sent again: it is on its way, or recorded.")) }
            },
            Some(n) => div.good role="status" data-focus tabindex="-1" {
                p { (tr!("Grades that are being sent again: {n}.", n = n)) }
            },
        }
    }
}

fn refused(frame: &Frame, course: &CourseView) -> Markup {
    let n = course.funnel.failed;
    html! {
        @if n > 0 {
            div.notice.warning {
                p { (tr!("Grades that your course did not accept: {n}. The reasons stand in the list below. Once they are mended, send the grades again.", n = n)) }
                form.row method="post" action="/course/resend" {
                    (token(frame))
                    button.quiet type="submit" { (tr!("Send all of them again")) }
                }
            }
        }
    }
}

/// The lesson as a graph.
pub fn lesson(frame: &Frame, view: &View, preview: &Preview, taught: Option<&Taught>) -> Markup {
    document(&frame.house.catalog, || {
        let head = Head {
            heading: tr!("The lesson"),
            step: None,
            here: Some("/course/lesson"),
            is_learners: false,
            has_problem: false,
            part: None,
            around: Around::Launch(frame),
        };
        let content = html! {
            link rel="stylesheet" href="/static/lesson.css";
            p.lead { bdi { (preview.title) } }
            (unknown_lesson(view, taught))
            p.drawn { (tr!("Boxes are the states of the conversation, and arrows show what leads from one to the next. The bot says what stands in the boxes.")) }
            div.drawn {
                (legend())
                div.choice {
                    input type="checkbox" id="whole";
                    label for="whole" { (tr!("Show the whole lesson at once")) }
                }
                div.graph role="region" aria-label=(tr!("The lesson")) tabindex="0" dir="ltr" {
                    (PreEscaped(&preview.svg))
                }
            }
            @if let Some(taught) = taught {
                section aria-labelledby="grades" {
                    h2 id="grades" { (tr!("Grades")) }
                    (credit(taught))
                }
            }
            section aria-labelledby="words" {
                h2 id="words" { (tr!("The lesson in words")) }
                ol.states {
                    @for state in &preview.states { li { (state) } }
                }
            }
            (aside(frame, "/course", &tr!("Back to your learners")))
        };
        (head, content)
    })
}

/// What the signs in the drawing stand for.
fn legend() -> Markup {
    let signs = [
        (html! {}, tr!("in the clear: others can read along")),
        (html! { path.full d="M8 1a7 7 0 0 0 0 14z" {} }, tr!("private: encrypted with OTR")),
        (
            html! { circle.full cx="8" cy="8" r="7" {} },
            tr!("verified: private, and it is sure with whom"),
        ),
    ];
    html! {
        ul.legend {
            @for (filled, words) in signs {
                li {
                    svg.sign viewBox="0 0 16 16" aria-hidden="true" focusable="false" {
                        circle cx="8" cy="8" r="7" stroke-width="2" {}
                        (filled)
                    }
                    (words)
                }
            }
        }
        p.remark {
            (tr!("Round corners: start. Double border: end. Arrows: what the learner does, or what happens; dashed: in any state. Lines with •: what is done without going elsewhere."))
        }
    }
}
