//! The learners of a course: who they are, how far, and what became of their grades.

use maud::{Markup, html};
use tr::tr;

use super::{
    Frame,
    clock::moment,
    layout::{address, fill, token},
};
use crate::{
    actors::lti::course::CourseView,
    session::Progress,
    store::{CourseRow, GradeState, Wanted},
};

/// The list, with what finds learners in it.
pub(super) fn roster(frame: &Frame, course: &CourseView) -> Markup {
    html! {
        section aria-labelledby="learners" {
            h2 id="learners" { (tr!("Learners")) }
            (search(frame, &course.wanted))
            p role="status" { (found(course)) }
            @if !course.rows.is_empty() { (table(frame, course)) }
            (pager(frame, course))
        }
    }
}

fn search(frame: &Frame, wanted: &Wanted) -> Markup {
    html! {
        form.search method="post" action="/course" role="search" {
            (token(frame))
            label for="search" { (tr!("Name, Jabber ID or assignment")) }
            div.entry {
                input type="search" id="search" name="search" value=(wanted.search) dir="auto"
                    maxlength="200" autocomplete="off" autocapitalize="none" spellcheck="false";
                button.quiet type="submit" { (tr!("Search")) }
            }
            div.choice {
                input type="checkbox" id="failed" name="failed" value="1" checked[wanted.failed_only];
                label for="failed" { (tr!("Only those whose grade was not accepted")) }
            }
        }
    }
}

fn found(course: &CourseView) -> String {
    let Wanted { search, failed_only, page, .. } = &course.wanted;
    if course.funnel.opened == 0 {
        return tr!("No learner has opened the exercise yet.");
    }
    if course.n_matching == 0 {
        return tr!("Nobody was found.");
    }
    let found = if search.trim().is_empty() && !failed_only {
        tr!("Learners: {n}.", n = course.n_matching)
    } else {
        tr!("Found: {n} of {all}.", n = course.n_matching, all = course.funnel.opened)
    };
    if course.n_pages() == 1 {
        return found;
    }
    let page = tr!("Page {n} of {all}.", n = page + 1, all = course.n_pages());
    format!("{found} {page}")
}

/// The roles stand there because a narrow window lays the table out as cards, and browsers forget
/// then that it is one.
fn table(frame: &Frame, course: &CourseView) -> Markup {
    let has_links = course.rows.iter().any(|row| row.link_title != first_link(course));
    let heads = [tr!("Learner"), tr!("Step"), tr!("Last activity"), tr!("Grade")];
    html! {
        table.roster role="table" aria-labelledby="learners" {
            thead role="rowgroup" {
                tr role="row" {
                    @for head in &heads { th role="columnheader" scope="col" { (head) } }
                }
            }
            tbody role="rowgroup" {
                @for row in &course.rows {
                    tr role="row" {
                        th role="rowheader" scope="row" { (who(row, has_links)) }
                        td role="cell" { (labelled(heads.get(1))) (step(row)) }
                        td role="cell" {
                            (labelled(heads.get(2)))
                            @if let Some(moment) = moment(row.active_at, &frame.clock) { (moment) }
                        }
                        td role="cell" { (labelled(heads.get(3))) (grade(frame, course, row)) }
                    }
                }
            }
        }
    }
}

/// What a narrow window shows before the value, where the head of the column is not to be seen.
fn labelled(head: Option<&String>) -> Markup {
    html! { @if let Some(head) = head { span.head aria-hidden="true" { (head) ": " } } }
}

fn first_link(course: &CourseView) -> Option<String> {
    course.rows.first().and_then(|row| row.link_title.clone())
}

fn who(row: &CourseRow, has_links: bool) -> Markup {
    html! {
        @match (&row.name, &row.jid) {
            (Some(name), Some(jid)) => { bdi { (name) } " " span.also { (address(jid)) } }
            (Some(name), None) => { bdi { (name) } }
            (None, Some(jid)) => { (address(jid)) }
            (None, None) => { span.also { (tr!("No Jabber ID yet")) } }
        }
        @if has_links {
            @if let Some(link) = &row.link_title { " " span.also { bdi { (link) } } }
        }
    }
}

fn step(row: &CourseRow) -> String {
    match row.progress {
        _ if row.jid.is_none() => tr!("Opened the exercise"),
        Progress::Invited => tr!("Gave a Jabber ID"),
        Progress::Talking => tr!("Talked to the bot"),
        Progress::Encrypted => tr!("Encrypted the conversation"),
        Progress::Verified => tr!("Recognised the bot"),
        Progress::Done => tr!("Finished the lesson"),
    }
}

fn grade(frame: &Frame, course: &CourseView, row: &CourseRow) -> Markup {
    let Some((score, state)) = &row.grade else {
        return html! { span.also { (tr!("None yet")) } };
    };
    let percent = format!("{:.0} %", score.clamp(0.0, 1.0) * 100.0);
    html! {
        span.score { bdi { (percent) } } " "
        @match state {
            GradeState::Recorded { at } => {
                span.state.recorded { (timed(&tr!("recorded at {time}", time = "{time}"), *at, frame)) }
            }
            GradeState::Due { attempts: 0, .. } => { span.state { (tr!("being sent")) } }
            GradeState::Due { next_at, .. } => {
                span.state { (timed(&tr!("not accepted yet, tried again at {time}", time = "{time}"), *next_at, frame)) }
            }
            GradeState::Failed { why } => {
                span.state.failed { (tr!("not accepted")) }
                " " span.why { bdi lang="en" { (why) } }
                form.row method="post" action="/course/resend" {
                    (token(frame))
                    (kept(&course.wanted, course.wanted.page))
                    input type="hidden" name="enrolment" value=(row.id.as_str());
                    button.quiet type="submit" {
                        (tr!("Send again"))
                        span.unseen { " " (row.name.as_ref().or(row.jid.as_ref()).map_or("", String::as_str)) }
                    }
                }
            }
        }
    }
}

fn timed(text: &str, at: i64, frame: &Frame) -> Markup {
    let moment = moment(at, &frame.clock).unwrap_or_default();
    fill(text, &[("{time}", &moment)])
}

/// What was searched for, for the next page.
pub(super) fn kept(wanted: &Wanted, page: usize) -> Markup {
    html! {
        @if !wanted.search.is_empty() {
            input type="hidden" name="search" value=(wanted.search);
        }
        @if wanted.failed_only { input type="hidden" name="failed" value="1"; }
        @if page > 0 { input type="hidden" name="page" value=(page); }
    }
}

fn pager(frame: &Frame, course: &CourseView) -> Markup {
    let (page, n_pages) = (course.wanted.page, course.n_pages());
    let turn = |to: usize, text: &str| {
        html! {
            form method="post" action="/course" {
                (token(frame))
                (kept(&course.wanted, to))
                button.quiet type="submit" { (text) }
            }
        }
    };
    html! {
        @if n_pages > 1 {
            nav.pager aria-label=(tr!("Pages of the list")) {
                @if page > 0 { (turn(page - 1, &tr!("Previous page"))) }
                @if page + 1 < n_pages { (turn(page + 1, &tr!("Next page"))) }
            }
        }
    }
}
