//! The comments of a message, by what stands behind their `#`.

use super::Entry;

/// What encloses the name of a file with blanks in it, in a reference.
pub(super) const ISOLATE: (char, char) = ('\u{2068}', '\u{2069}');

/// Among how many flags a flag is looked for that would stand there twice.
const MOST_COMPARED: usize = 100;

/// Adds a comment, without its `#`, to a message.
///
/// Flags stand behind `#,`, and behind `#=` as well (GNU gettext 1.0 manual, "Evolution of the PO
/// File Format": to be read alike, and written all behind `#,`). Those of several lines add up.
pub(super) fn comment(entry: &mut Entry, comment: &str) {
    let mut chars = comment.chars();
    match chars.next() {
        Some('.') => entry.extracted_comments.push(text(chars.as_str())),
        Some(':') => references(&mut entry.references, chars.as_str()),
        Some(',' | '=' | '!') => {
            for flag in flags(chars.as_str()) {
                // Looking through very many would take long.
                if entry.flags.len() > MOST_COMPARED || !entry.flags.contains(&flag) {
                    entry.flags.push(flag);
                }
            }
        }
        _ => entry.translator_comments.push(text(comment)),
    }
}

fn text(comment: &str) -> String {
    let text = comment.strip_prefix(' ').unwrap_or(comment);
    if text.trim().is_empty() { String::new() } else { text.to_owned() }
}

/// Flags are divided by commas and blanks; a range has one in it.
fn flags(text: &str) -> Vec<String> {
    let mut found = Vec::new();
    let words = text.split(|c: char| c == ',' || c.is_whitespace());
    let mut words = words.filter(|word| !word.is_empty());
    while let Some(word) = words.next() {
        let range = words.clone().next().filter(|_| word == "range:");
        found.push(match range {
            Some(range) => {
                words.next();
                format!("range: {range}")
            }
            None => word.to_owned(),
        });
    }
    found
}

/// Adds references, of which those with blanks stand in U+2068 and U+2069, or their files do. GNU
/// gettext breaks lines in them, too.
fn references(found: &mut Vec<String>, text: &str) {
    let (open, close) = ISOLATE;
    // One that is not closed on its line is kept with its mark, and goes on in the next.
    let begun = found.pop_if(|last| last.starts_with(open));
    let mut is_isolated = begun.is_some();
    let mut current = begun.map_or_else(String::new, |begun| begun.replacen(open, "", 1) + " ");
    for c in text.trim().chars() {
        if c == open {
            is_isolated = true;
        } else if c == close {
            is_isolated = false;
        } else if !c.is_whitespace() || is_isolated {
            current.push(c);
        } else if !current.is_empty() {
            found.push(std::mem::take(&mut current));
        }
    }
    if is_isolated {
        current.insert(0, open);
    }
    if !current.is_empty() {
        found.push(current);
    }
}
