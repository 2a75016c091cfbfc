//! What pages are made of: the document around them, steps, fields, buttons.

use std::sync::Arc;

use maud::{DOCTYPE, Markup, html};
use tr::tr;
use url::Url;

use super::{Frame, Step};
use crate::i18n::{self, Catalog};

/// What a document says of itself.
pub(super) struct Head<'a> {
    /// The page's heading, which is also its title.
    pub(super) heading: String,
    /// Where in the exercise it is.
    pub(super) step: Option<Step>,
    /// Where the page is asked for again by its token; `None`: it has no way of its own.
    pub(super) here: Option<&'static str>,
    /// Whether it comes back with something that will not do.
    pub(super) has_problem: bool,
    /// The page of a launch; `None`: one outside of launches.
    pub(super) frame: Option<&'a Frame>,
}

/// Renders in the reader's language.
pub(super) fn document<'a>(
    catalog: &Arc<Catalog>,
    make: impl FnOnce() -> (Head<'a>, Markup),
) -> Markup {
    i18n::scope(catalog, || {
        let (head, content) = make();
        let dir = if catalog.is_rtl() { "rtl" } else { "ltr" };
        let title = title(&head);
        html! {
            (DOCTYPE)
            html lang=(catalog.language_tag()) dir=(dir) {
                head {
                    meta charset="utf-8";
                    meta name="viewport" content="width=device-width, initial-scale=1";
                    meta name="robots" content="noindex";
                    title { (title) }
                    link rel="icon" href="/static/otrbot.svg" type="image/svg+xml";
                    link rel="stylesheet" href="/static/otrbot.css";
                    @if let Some(path) = head.frame.and_then(|frame| frame.theme.as_deref()) {
                        link rel="stylesheet" href=(path);
                    }
                    @if let Some(url) = head.frame.and_then(|frame| frame.css_url.as_deref()) {
                        link rel="stylesheet" href=(url);
                    }
                    script src="/static/otrbot.js" defer {}
                }
                body {
                    @if let Some(frame) = head.frame {
                        @if frame.is_trial {
                            p.banner role="note" {
                                (tr!("Test mode: launches are not verified, so anybody can open these pages."))
                            }
                        }
                        (header(frame, head.step))
                    }
                    main {
                        h1 { (head.heading) }
                        (content)
                    }
                    @if let Some(frame) = head.frame {
                        (footer(frame, head.here))
                    }
                }
            }
        }
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
    if head.has_problem {
        title = tr!("Error: {title}", title = title);
    }
    match head.frame {
        Some(frame) => format!("{title} – {}", frame.project_name),
        None => title,
    }
}

fn header(frame: &Frame, current: Option<Step>) -> Markup {
    html! {
        header {
            p.brand {
                img src="/static/otrbot.svg" alt="" width="28" height="28";
                span { (frame.project_name) }
            }
            @if let Some(current) = current {
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

fn footer(frame: &Frame, here: Option<&str>) -> Markup {
    let back = frame.return_url.as_deref().and_then(web_address);
    let here = here.filter(|_| frame.is_framed);
    html! {
        @if back.is_some() || here.is_some() {
            footer {
                @if let Some(back) = back {
                    a href=(back) { (tr!("Back to the course")) }
                }
                @if let Some(here) = here {
                    form method="post" action=(here) target="_blank" rel="noopener" {
                        (token(frame))
                        button.link type="submit" { (tr!("Open in a new window")) }
                    }
                }
            }
        }
    }
}

/// An address that is safe to link.
fn web_address(url: &str) -> Option<String> {
    let url = Url::parse(url).ok()?;
    matches!(url.scheme(), "http" | "https").then(|| url.into())
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
                    &tr!("For whoever helps you, the number of this event: {reference}", reference = "{reference}"),
                    &[("{reference}", &address(reference))],
                ))
            }
        }
    }
}

/// The hidden field that every form carries.
pub(super) fn token(frame: &Frame) -> Markup {
    html! { input type="hidden" name="token" value=(frame.token); }
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

/// What is the matter with what was typed: a sentence, and what to do.
pub(super) struct Problem {
    pub(super) what: String,
    pub(super) advice: Vec<String>,
}

/// Above the form: what is the matter, with a link to the field. It takes the focus.
pub(super) fn problem_summary(field: &str, problem: Option<&Problem>) -> Markup {
    html! {
        @if let Some(problem) = problem {
            div.problem role="alert" tabindex="-1" autofocus data-focus {
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
        FieldKind::Code => ("text", "off", 64),
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
                    button.quiet type="button" hidden aria-controls=(id) aria-pressed="false"
                        data-show=(tr!("Show")) data-hide=(tr!("Hide")) { (tr!("Show")) }
                }
            }
            button.main type="submit" { (button) }
        }
    }
}
