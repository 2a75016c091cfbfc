//! A picture in the language of Graphviz.

use std::fmt::Write as _;

use super::{Picture, Role, StateBox};
use crate::{drawing::words, lesson::vocabulary::Need};

/// Writes a picture down.
pub fn dot(picture: &Picture) -> String {
    let mut dot = String::new();
    // Writing to a `String` does not fail.
    write(picture, &mut dot).unwrap_or_default();
    dot
}

fn write(picture: &Picture, dot: &mut String) -> std::fmt::Result {
    writeln!(dot, "digraph {} {{", quoted(&picture.name))?;
    let head: Vec<String> = picture.head().map(escaped).collect();
    let head = head.join("\\n");
    writeln!(dot, "  label=\"{head}\"; labelloc=t; fontname=\"sans-serif\";")?;
    writeln!(dot, "  node [shape=box, style=filled, fontname=\"sans-serif\", fontsize=11];")?;
    writeln!(dot, "  edge [fontname=\"sans-serif\", fontsize=10];")?;
    for state in &picture.boxes {
        let look = match (state.role, state.need) {
            (Role::Anywhere, _) => "style=\"dashed\"",
            (_, Need::Nothing) => "style=\"filled,dashed\", fillcolor=\"#fff6d6\"",
            (_, Need::Private) => "fillcolor=\"#dcebfb\"",
            (_, Need::Verified) => "fillcolor=\"#d9f2dc\", penwidth=3",
        };
        let shape = if state.role == Role::End { ", peripheries=2" } else { "" };
        let text =
            label(state).iter().fold(String::new(), |text, line| text + &escaped(line) + "\\l");
        writeln!(dot, "  {} [label=\"{text}\", {look}{shape}];", quoted(&state.name))?;
    }
    for arrow in &picture.arrows {
        let [from, to] = [arrow.from, arrow.to].map(|ix| quoted(picture.name_of(ix)));
        let causes: Vec<String> = arrow.causes.iter().map(|cause| escaped(cause)).collect();
        let style = if arrow.is_shared { ", style=dashed" } else { "" };
        writeln!(dot, "  {from} -> {to} [label=\"{}\"{style}];", causes.join("\\nor "))?;
    }
    writeln!(dot, "}}")
}

/// The lines of a box.
pub(super) fn label(state: &StateBox) -> Vec<String> {
    let role = match state.role {
        Role::Start => " (start)",
        Role::End => " (end)",
        Role::Middle | Role::Anywhere => "",
    };
    let need = match state.role {
        Role::Anywhere => String::new(),
        Role::Start | Role::Middle | Role::End => format!(" – {}", words::need(state.need)),
    };
    let mut lines = vec![format!("{}{role}{need}", state.name)];
    lines.extend(state.quotation.clone());
    lines.extend(state.listed().map(|line| format!("• {line}")));
    lines
}

fn quoted(text: &str) -> String {
    format!("\"{}\"", escaped(text))
}

/// Within quotation marks: a backslash would begin an escape.
fn escaped(text: &str) -> String {
    let text: Vec<&str> = text.split_whitespace().collect();
    text.join(" ").replace('\\', "\\\\").replace('"', "\\\"")
}
