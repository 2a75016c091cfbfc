//! The learners of a course: who they are, how far, and what became of their grades.

use maud::{Markup, html};
use tr::tr;

use super::{
    Frame,
    clock::moment,
    layout::{address, aside, fill, reference, reference_line, token},
    outcome,
};
use crate::{
    actors::lti::course::CourseView,
    records::{CourseRow, GradeState, Progress, Standing, Wanted},
};

/// Where the list is asked for; the browser goes to it, and not to the top of the page.
const LIST: &str = "/course#found";

/// The list, with what finds learners in it.
pub(super) fn roster(frame: &Frame, course: &CourseView) -> Markup {
    html! {
        section aria-labelledby="learners" {
            h2 id="learners" { (tr!("Learners")) }
            @if course.funnel.opened > 0 { (search(frame, &course.wanted)) }
            // Whoever has asked for something finds it here, and not at the top of the page.
            p id="found" role="status" data-focus[is_asked(course)] tabindex="-1" { (found(course)) }
            @if course.funnel.opened == 0 { (aside(frame, "/course", &tr!("Look again"))) }
            @if !course.rows.is_empty() { (table(frame, course)) }
            (pager(frame, course))
            @if !course.rows.is_empty() { (take_along(frame, course)) }
        }
    }
}

/// Whether the list is not the one that the page begins with. What was sent again is told elsewhere.
fn is_asked(course: &CourseView) -> bool {
    let Wanted { search, failed_only, standing, by_name, page, .. } = &course.wanted;
    let is_asked =
        !search.is_empty() || *failed_only || standing.is_some() || *by_name || *page > 0;
    is_asked && course.n_sent_again.is_none()
}

fn search(frame: &Frame, wanted: &Wanted) -> Markup {
    html! {
        form.search method="post" action=(LIST) role="search" {
            (token(frame))
            div.fields {
                div.field {
                    label for="search" { (tr!("Name, Jabber ID or assignment")) }
                    input type="search" id="search" name="search" value=(wanted.search) dir="auto"
                        maxlength="200" autocomplete="off" autocapitalize="none" spellcheck="false";
                }
                div.field {
                    label for="standing" { (tr!("Step")) }
                    select id="standing" name="standing" {
                        option value="" { (tr!("All steps")) }
                        @for standing in Standing::ALL {
                            option value=(standing.word()) selected[wanted.standing == Some(standing)] {
                                (step(standing))
                            }
                        }
                    }
                }
                div.field {
                    label for="order" { (tr!("Order")) }
                    select id="order" name="order" {
                        option value="" { (tr!("Last activity first")) }
                        option value="name" selected[wanted.by_name] { (tr!("By name")) }
                    }
                }
            }
            div.choice {
                input type="checkbox" id="failed" name="failed" value="1" checked[wanted.failed_only];
                label for="failed" { (tr!("Only those whose grade was not accepted or not confirmed")) }
            }
            button.quiet type="submit" { (tr!("Search")) }
        }
    }
}

/// Takes the list along, as it was searched for.
fn take_along(frame: &Frame, course: &CourseView) -> Markup {
    html! {
        form.aside method="post" action="/course/table" {
            (token(frame))
            (kept(&course.wanted, 0))
            button.quiet type="submit" { (tr!("Download this list as a table (CSV)")) }
        }
    }
}

fn found(course: &CourseView) -> String {
    let Wanted { search, failed_only, standing, page, .. } = &course.wanted;
    if course.funnel.opened == 0 {
        return tr!("No learner has opened the exercise yet.");
    }
    if course.n_matching == 0 {
        return tr!("Nobody was found.");
    }
    let found = if search.trim().is_empty() && !failed_only && standing.is_none() {
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
    let has_links = course.funnel.is_of_several;
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
                        td role="cell" { (labelled(heads.get(1))) (step(row.standing())) }
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

pub(super) fn step(standing: Standing) -> String {
    match standing {
        Standing::Opened => tr!("Opened the exercise"),
        Standing::At(Progress::Invited) => tr!("Gave a Jabber ID"),
        Standing::At(Progress::Talking) => tr!("Talked to the bot"),
        Standing::At(Progress::Encrypted) => tr!("Encrypted the conversation"),
        Standing::At(Progress::Verified) => tr!("Recognised the bot"),
        Standing::At(Progress::Done) => tr!("Finished the lesson"),
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
            GradeState::Due { next_at, why, .. } => {
                span.state { (timed(&tr!("not confirmed yet, tried again at {time}", time = "{time}"), *next_at, frame)) }
                @if let Some(why) = why { " " (reason(why)) }
            }
            GradeState::Failed { why } => {
                span.state.failed {
                    @if lti::answer::is_unclear(why) { (tr!("sent, not confirmed")) }
                    @else { (tr!("not accepted")) }
                }
                " " (reason(why))
                (reference_line(&reference(&row.id)))
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

/// Why an attempt came to nothing: in plain words where we know, and as the platform said it.
fn reason(why: &str) -> Markup {
    html! {
        @if let Some(plain) = outcome::plain(why) { span.why { (plain) } }
        @else { span.why { bdi lang="en" { (why) } } }
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
        @if wanted.by_name { input type="hidden" name="order" value="name"; }
        @if let Some(standing) = wanted.standing {
            input type="hidden" name="standing" value=(standing.word());
        }
        @if page > 0 { input type="hidden" name="page" value=(page); }
    }
}

fn pager(frame: &Frame, course: &CourseView) -> Markup {
    let (page, n_pages) = (course.wanted.page, course.n_pages());
    let turn = |to: usize, text: &str| {
        html! {
            form method="post" action=(LIST) {
                (token(frame))
                (kept(&course.wanted, to))
                button.quiet type="submit" { (text) }
            }
        }
    };
    html! {
        @if n_pages > 1 {
            nav.pager aria-label=(tr!("Pages of the list")) {
                @if page > 1 { (turn(0, &tr!("First page"))) }
                @if page > 0 { (turn(page - 1, &tr!("Previous page"))) }
                @if page + 1 < n_pages { (turn(page + 1, &tr!("Next page"))) }
                @if page + 2 < n_pages { (turn(n_pages - 1, &tr!("Last page"))) }
            }
        }
    }
}
