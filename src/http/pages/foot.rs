//! The foot of a page: whom a learner can turn to, the languages, the ways back.

use maud::{Markup, html};
use tr::tr;
use url::Url;

use super::{
    Frame, House, Step,
    layout::{Head, alone, fill, token},
};

pub(super) fn footer(head: &Head<'_>) -> Markup {
    let (house, frame, is_learners) = (head.around.house(), head.around.frame(), head.is_learners);
    html! {
        @if is_learners { (contact(house)) }
        @if let (Some(frame), Some(here), true) = (frame, head.here, is_learners) {
            (languages(frame, here, head.step))
        }
        (ways(head))
    }
}

/// Whom somebody in trouble can turn to. Nobody would notice by what they write here or in the chat.
fn contact(house: &House) -> Markup {
    html! {
        aside.contact id="contact" aria-labelledby="contact-who" {
            p {
                strong id="contact-who" { (tr!("Are you in trouble, or in danger?")) }
                " "
                (tr!("Nobody reads along, neither here nor in the chat: the bot is a program. In danger, the local emergency services or somebody you trust come first. If somebody may be watching this device, use another one."))
            }
            @if let Some(contact) = &house.contact {
                p {
                    (fill(
                        &tr!("Contact: {contact}", contact = "{contact}"),
                        &[("{contact}", &html! { bdi dir=(direction(contact)) { (contact) } })],
                    ))
                }
            }
        }
    }
}

/// The direction of a text of the operator's: numbers and signs alone have none.
fn direction(text: &str) -> &'static str {
    let is_of_rtl = |character| matches!(character, '\u{590}'..='\u{8ff}' | '\u{fb1d}'..='\u{fdff}' | '\u{fe70}'..='\u{fefc}');
    if text.contains(is_of_rtl) { "auto" } else { "ltr" }
}

/// The languages that there are, each in its own words: the same page in that one.
fn languages(frame: &Frame, here: &str, step: Option<Step>) -> Markup {
    let current = frame.house.catalog.language_tag();
    html! {
        @if frame.languages.len() > 1 {
            nav.languages aria-label=(tr!("Language")) {
                form method="post" action=(here) {
                    (token(frame))
                    @if let Some(name) = stays_by(here, step) {
                        input type="hidden" name=(name) value="1";
                    }
                    @for language in &frame.languages {
                        @let is_current = (language.tag == current).then_some("true");
                        button.link type="submit" name="language" value=(language.tag)
                            lang=(language.tag) dir=(language.direction)
                            aria-current=[is_current] {
                            (language.name)
                        }
                    }
                }
            }
        }
    }
}

/// The name of the field that keeps a page from being passed over for the next one, or for the one
/// before: its address is that of another page, too.
fn stays_by(here: &str, step: Option<Step>) -> Option<&'static str> {
    match (here, step) {
        ("/enter_jid", None) => Some("start"),
        ("/ask_for_secret", _) => Some("again"),
        _ => None,
    }
}

/// The ways back, and out of the frame of the course.
fn ways(head: &Head<'_>) -> Markup {
    let around = head.around;
    let back = around.house().return_url.as_deref().and_then(web_address);
    let here = head.here.zip(around.frame());
    // A teacher who tries the exercise has no other way back.
    let learners =
        here.filter(|(here, frame)| frame.whose.is_teacher && !here.starts_with("/course"));
    let here = here.filter(|(_, frame)| frame.is_framed);
    html! {
        @if back.is_some() || here.is_some() || learners.is_some() {
            footer {
                @if let Some((_, frame)) = learners {
                    form method="post" action="/course" {
                        (token(frame))
                        button.link type="submit" { (tr!("Back to your learners")) }
                    }
                }
                @if let Some(back) = back {
                    a href=(back) { (tr!("Back to the course")) }
                }
                @if let Some((here, frame)) = here {
                    form method="post" action=(here) target="_blank" rel="noopener" {
                        (token(frame))
                        (alone())
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
