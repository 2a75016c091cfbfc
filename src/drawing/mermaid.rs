//! A picture in the language of Mermaid.

use std::fmt::Write as _;

use super::{Picture, Role, dot::label};
use crate::lesson::vocabulary::Need;

/// Writes a picture down, as a flowchart.
pub fn mermaid(picture: &Picture) -> String {
    let mut text = String::new();
    // Writing to a `String` does not fail.
    write(picture, &mut text).unwrap_or_default();
    text
}

fn write(picture: &Picture, text: &mut String) -> std::fmt::Result {
    // JSON is YAML, and knows how to quote.
    writeln!(text, "---\ntitle: {}\n---", serde_json::Value::from(picture.title.as_str()))?;
    writeln!(text, "flowchart TD")?;
    if let Some(credit) = &picture.credit {
        writeln!(text, "  grade[\"{}\"]:::anywhere", escaped(credit))?;
    }
    for (ix, state) in picture.boxes.iter().enumerate() {
        let lines: Vec<String> = label(state).iter().map(|line| escaped(line)).collect();
        let lines = lines.join("<br>");
        let (open, close) = match state.role {
            Role::Start => ("([", "])"),
            Role::End => ("[[", "]]"),
            Role::Middle | Role::Anywhere => ("[", "]"),
        };
        let class = match (state.role, state.need) {
            (Role::Anywhere, _) => "anywhere",
            (_, Need::Nothing) => "clear",
            (_, Need::Private) => "private_",
            (_, Need::Verified) => "verified",
        };
        writeln!(text, "  s{ix}{open}\"{lines}\"{close}:::{class}")?;
    }
    for arrow in &picture.arrows {
        let causes: Vec<String> = arrow.causes.iter().map(|cause| escaped(cause)).collect();
        let line = if arrow.is_shared { "-.->" } else { "-->" };
        let (from, to) = (arrow.from, arrow.to);
        writeln!(text, "  s{from} {line}|\"{}\"| s{to}", causes.join("<br>or "))?;
    }
    writeln!(text, "  classDef clear fill:#fff6d6,stroke:#7a6410,stroke-dasharray:5 3,color:#222")?;
    writeln!(text, "  classDef private_ fill:#dcebfb,stroke:#1d4e89,color:#222")?;
    writeln!(text, "  classDef verified fill:#d9f2dc,stroke:#1c6b2a,stroke-width:3px,color:#222")?;
    writeln!(text, "  classDef anywhere fill:#fff,stroke:#555,stroke-dasharray:2 3,color:#222")
}

/// Within quotation marks. Mermaid knows character references, and takes the rest for HTML and
/// Markdown.
fn escaped(text: &str) -> String {
    let mut safe = String::with_capacity(text.len());
    for c in text.split_whitespace().collect::<Vec<_>>().join(" ").chars() {
        match c {
            '"' | '#' | '&' | '<' | '>' | '`' | '|' | '\\' | '*' | '_' | ';' => {
                let code = u32::from(c);
                write!(safe, "#{code};").unwrap_or_default();
            }
            c => safe.push(c),
        }
    }
    safe
}
