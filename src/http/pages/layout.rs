//! What pages are made of: the document around them, steps, fields, buttons.

use std::sync::Arc;

use gettext::Catalog;
use maud::{DOCTYPE, Markup, html};
use tr::tr;

use super::{Frame, House, Step, Whose, foot::footer, foreign::marked, isolate::isolated};

use crate::{i18n, records::EnrolmentId};

/// What a document says of itself.
pub(super) struct Head<'a> {
    /// The page's heading, which is also its title.
    pub(super) heading: String,
    /// Where in the exercise it is.
    pub(super) step: Option<Step>,
    /// Where the page is asked for again by its token; `None`: it has no way of its own.
    pub(super) here: Option<&'static str>,
    /// Whether it is a learner's: it says whom they can turn to, and offers the languages.
    pub(super) is_learners: bool,
    /// Whether it comes back with something that will not do.
    pub(super) has_problem: bool,
    /// Which part of what the heading names stands on it; the title begins with it.
    pub(super) part: Option<String>,
    /// What it belongs to.
    pub(super) around: Around<'a>,
}

/// What a page belongs to.
#[derive(Clone, Copy)]
pub(super) enum Around<'a> {
    /// A launch.
    Launch(&'a Frame),
    /// No launch.
    House(&'a House),
}

impl<'a> Around<'a> {
    pub(super) fn house(self) -> &'a House {
        match self {
            Self::Launch(frame) => &frame.house,
            Self::House(house) => house,
        }
    }

    pub(super) fn frame(self) -> Option<&'a Frame> {
        match self {
            Self::Launch(frame) => Some(frame),
            Self::House(_) => None,
        }
    }
}

/// Renders in the reader's language.
pub(super) fn document<'a>(
    catalog: &Arc<Catalog>,
    make: impl FnOnce() -> (Head<'a>, Markup),
) -> Markup {
    i18n::scope_marked(catalog, || {
        let (head, content) = make();
        let dir = if catalog.is_rtl() { "rtl" } else { "ltr" };
        let title = title(&head);
        let whole = if head.has_problem { error_title(&title) } else { title.clone() };
        let (house, frame) = (head.around.house(), head.around.frame());
        let page = html! {
            (DOCTYPE)
            html lang=(catalog.language_tag()) dir=(dir) {
                head {
                    meta charset="utf-8";
                    meta name="viewport" content="width=device-width, initial-scale=1";
                    meta name="robots" content="noindex";
                    title data-plain=[head.has_problem.then_some(&title)] { (whole) }
                    link rel="icon" href="/static/otrbot.svg" type="image/svg+xml";
                    link rel="stylesheet" href="/static/otrbot.css";
                    @if let Some(path) = frame.and_then(|frame| frame.theme.as_deref()) {
                        link rel="stylesheet" href=(path);
                    }
                    @if let Some(url) = house.css_url.as_deref() {
                        link rel="stylesheet" href=(url);
                    }
                    script src="/static/otrbot.js" defer {}
                }
                body {
                    (header(head.around, head.step))
                    main {
                        h1 { (head.heading) }
                        (content)
                    }
                    (footer(&head))
                }
            }
        };
        let page = marked(&page);
        if catalog.is_rtl() { isolated(&page) } else { page }
    })
}

fn title(head: &Head<'_>) -> String {
    let mut title = match head.step {
        Some(step) => tr!(
            "Step {n} of {all}: {heading}",
            n = step.number(),
            all = Step::ALL.len(),
            heading = head.heading
        ),
        None => head.heading.clone(),
    };
    if let Some(part) = &head.part {
        title = format!("{part} – {title}");
    }
    format!("{title} – {}", head.around.house().project_name)
}

/// The title of a page that comes back with something that will not do.
fn error_title(title: &str) -> String {
    tr!("Error: {title}", title = title)
}

fn header(around: Around<'_>, current: Option<Step>) -> Markup {
    let house = around.house();
    html! {
        header {
            @if house.is_trial {
                p.banner role="note" {
                    (tr!("Test mode: launches are not verified, so anybody can open these pages."))
                }
            }
            p.brand {
                img src="/static/otrbot.svg" alt="" width="28" height="28";
                span { (house.project_name) }
            }
            @if let Some(frame) = around.frame() {
                (whose(&frame.whose))
                (claim(frame))
            }
            @if let (Some(current), Some(frame)) = (current, around.frame()) {
                nav aria-label=(tr!("Steps of the exercise")) {
                    ol.steps {
                        @for step in Step::ALL {
                            @let now = (step == current).then_some("step");
                            li.past[step < current].now[step == current] aria-current=[now] {
                                span.number aria-hidden="true" { (step.number()) }
                                span.name {
                                    (name(step, frame))
                                    @if step < current {
                                        span.unseen { " " (tr!("(done)")) }
                                    }
                                }
                            }
                        }
                    }
                    p.count {
                        (tr!("Step {n} of {all}", n = current.number(), all = Step::ALL.len()))
                    }
                }
            }
        }
    }
}

/// The person, the assignment and the course, as far as they are known.
fn whose(whose: &Whose) -> Markup {
    let person = whose.person.as_ref().map(|person| {
        fill(
            &tr!("For {person}", person = "{person}"),
            &[("{person}", &html! { bdi { (person) } })],
        )
    });
    let places = [&whose.assignment, &whose.course].into_iter().flatten();
    let places = places.map(|place| html! { bdi { (place) } });
    let parts: Vec<Markup> = person.into_iter().chain(places).collect();
    html! {
        @if !parts.is_empty() {
            p.whose {
                @for (ix, part) in parts.iter().enumerate() {
                    @if ix > 0 { " · " }
                    (part)
                }
            }
        }
    }
}

/// The number that tells the bot in the chat whose page this is.
fn claim(frame: &Frame) -> Markup {
    html! {
        @if let Some(number) = &frame.whose.claim_number {
            p.claim {
                (fill(
                    &tr!("Your number: {number}. Write it to {bot} in the chat if {bot} asks for it, or speaks of another exercise.", number = "{number}", bot = frame.bot_alias),
                    &[("{number}", &html! { strong id="claim_number" dir="ltr" { (number) } })],
                ))
            }
        }
    }
}

/// What a step is called.
pub(super) fn name(step: Step, frame: &Frame) -> String {
    match step {
        Step::Jid => tr!("Your Jabber ID"),
        Step::Meet => tr!("Meet {bot}", bot = frame.bot_alias),
        Step::Secret => tr!("Shared secret"),
        Step::BotSecret => tr!("Bot secret"),
    }
}

/// A text whose placeholders stand for markup. One that a translation lost stays away.
pub(super) fn fill(text: &str, parts: &[(&str, &Markup)]) -> Markup {
    let next = parts
        .iter()
        .filter_map(|(place, part)| text.split_once(place).map(|split| (split, *part)))
        .min_by_key(|((before, _), _)| before.len());
    let Some(((before, after), part)) = next else { return html! { (text) } };
    html! { (before) (part) (fill(after, parts)) }
}

/// A Jabber ID inside a sentence.
pub(super) fn address(jid: &str) -> Markup {
    html! { bdi.address dir="ltr" { (jid) } }
}

/// By what an event is found in the log.
pub(super) fn reference_line(reference: &str) -> Markup {
    html! {
        @if !reference.is_empty() {
            p.remark {
                (fill(
                    &tr!("If you ask for help, give this number: {reference}", reference = "{reference}"),
                    &[("{reference}", &address(reference))],
                ))
            }
        }
    }
}

/// By what the events of an enrolment are found in the log.
pub fn reference(enrolment: &EnrolmentId) -> String {
    enrolment.as_str().chars().take(8).collect()
}

/// The hidden fields that every form carries: the token, and the language for where that fails.
pub(super) fn token(frame: &Frame) -> Markup {
    html! {
        input type="hidden" name="token" value=(frame.token);
        input type="hidden" name="locale" value=(frame.house.catalog.language_tag());
        @if frame.is_alone { (alone()) }
    }
}

/// The hidden field of pages in a window of their own.
pub(super) fn alone() -> Markup {
    html! { input type="hidden" name="alone" value="1"; }
}

/// A button that leads on to another page.
pub(super) fn go(frame: &Frame, action: &str, text: &str) -> Markup {
    html! {
        form.go method="post" action=(action) {
            (token(frame))
            button.main type="submit" { (text) }
        }
    }
}

/// A button that leads aside or back.
pub(super) fn aside(frame: &Frame, action: &str, text: &str) -> Markup {
    html! {
        form.aside method="post" action=(action) {
            (token(frame))
            button.quiet type="submit" { (text) }
        }
    }
}

/// A button that asks for a page which would be skipped otherwise.
pub(super) fn again(frame: &Frame, action: &str, text: &str) -> Markup {
    html! {
        form.aside method="post" action=(action) {
            (token(frame))
            button.quiet type="submit" name="again" value="1" { (text) }
        }
    }
}

/// A button that has the chat go on with this exercise.
pub(super) fn go_on_here(frame: &Frame, action: &str) -> Markup {
    html! {
        form.go method="post" action=(action) {
            (token(frame))
            button.main type="submit" name="goes_on" value="1" { (tr!("Go on with this exercise")) }
        }
    }
}

/// What is the matter with what was typed: a sentence, and what to do.
pub(super) struct Problem {
    pub(super) what: String,
    pub(super) advice: Vec<String>,
    /// Whether it is over as soon as the learner has come farther in the chat.
    pub(super) passes: bool,
}

/// Above the form: what is the matter, with a link to the field. It takes the focus.
pub(super) fn problem_summary(field: &str, problem: Option<&Problem>) -> Markup {
    html! {
        @if let Some(problem) = problem {
            div.problem role="alert" tabindex="-1" autofocus data-focus data-passes[problem.passes] {
                h2 { (tr!("Please look at this again")) }
                p { a href={ "#" (field) } { (problem.what) } }
                @if !problem.advice.is_empty() {
                    ul {
                        @for advice in &problem.advice {
                            li { (advice) }
                        }
                    }
                }
            }
        }
    }
}

/// A field with its label and hint.
pub(super) struct Field<'a> {
    /// Name and id.
    pub(super) name: &'static str,
    pub(super) kind: FieldKind,
    pub(super) label: String,
    pub(super) hint: String,
    pub(super) value: &'a str,
    pub(super) problem: Option<&'a Problem>,
}

/// What is typed into a field.
#[derive(Clone, Copy, PartialEq, Eq)]
pub(super) enum FieldKind {
    /// A Jabber ID.
    Address,
    /// A secret that is not shown while it is typed.
    Hidden,
    /// Upper-case letters in groups.
    Code,
}

/// A form with one field.
pub(super) fn ask(frame: &Frame, action: &str, field: &Field<'_>, button: &str) -> Markup {
    let id = field.name;
    let described_by = match field.problem {
        Some(_) => format!("{id}-hint {id}-problem"),
        None => format!("{id}-hint"),
    };
    let (kind, complete, longest) = match field.kind {
        FieldKind::Address => ("text", "impp", 3_071),
        FieldKind::Hidden => ("password", "off", 1_024),
        // Whoever copies takes whole lines along.
        FieldKind::Code => ("text", "off", 1_024),
    };
    let mode = (field.kind == FieldKind::Address).then_some("email");
    let capitals = if field.kind == FieldKind::Code { "characters" } else { "none" };
    let invalid = field.problem.map(|_| "true");
    let example = (field.kind == FieldKind::Code).then_some("XXXX-XXXX-XXXX-XXXX");
    html! {
        form.ask method="post" action=(action) novalidate {
            (token(frame))
            label for=(id) { (field.label) }
            p.hint id={ (id) "-hint" } { (field.hint) }
            @if let Some(problem) = field.problem {
                p.wrong id={ (id) "-problem" } { (problem.what) }
            }
            div.entry {
                input.code[field.kind == FieldKind::Code] type=(kind) id=(id) name=(id)
                    value=(field.value) dir="ltr" autocomplete=(complete) autocapitalize=(capitals)
                    autocorrect="off" spellcheck="false" maxlength=(longest) inputmode=[mode]
                    placeholder=[example]
                    aria-describedby=(described_by) aria-invalid=[invalid] aria-required="true";
                @if field.kind == FieldKind::Hidden {
                    button.quiet type="button" hidden aria-controls=(id)
                        data-show=(tr!("Show the secret")) data-hide=(tr!("Hide the secret")) {
                        (tr!("Show the secret"))
                    }
                }
            }
            button.main type="submit" { (button) }
        }
    }
}
