//! How wide texts are, without asking a font: as wide as in the widest of those that a browser may
//! take (`DejaVu Sans`), so that no text is wider than its place.

use unicode_width::UnicodeWidthChar as _;

use crate::drawing::words::split;

/// Width of a text in a font of this size.
pub(super) fn width(text: &str, size: f64) -> f64 {
    text.chars().map(ems).sum::<f64>() * size
}

/// Width of a character, as part of the font's size.
fn ems(c: char) -> f64 {
    match c {
        'i' | 'j' | 'l' | '|' | '\'' | '.' | ',' | ':' | ';' | ' ' => 0.34,
        'f' | 't' | 'r' | '(' | ')' | '[' | ']' | '-' | '!' | '/' | '\\' => 0.43,
        'm' | 'M' | 'w' | 'W' | '@' | '%' | '—' | '…' => 1.0,
        'a'..='z' | '0'..='9' | '_' | '"' => 0.64,
        'A'..='Z' | '#' | '$' | '&' => 0.76,
        _ => match c.width() {
            Some(0) => 0.0,
            Some(2) => 1.05,
            Some(_) | None => 0.8,
        },
    }
}

/// Breaks a text into lines that are no wider than `max`; words that are wider are cut.
pub(super) fn wrap(text: &str, size: f64, max: f64) -> Vec<String> {
    let mut lines = Vec::new();
    let mut line = String::new();
    for word in split(text) {
        for (ix, piece) in pieces(word, size, max).into_iter().enumerate() {
            let blank = if line.is_empty() || ix > 0 { "" } else { " " };
            let longer = format!("{line}{blank}{piece}");
            if line.is_empty() || width(&longer, size) <= max {
                line = longer;
            } else {
                lines.push(std::mem::replace(&mut line, piece));
            }
        }
    }
    if !line.is_empty() {
        lines.push(line);
    }
    lines
}

fn pieces(word: &str, size: f64, max: f64) -> Vec<String> {
    let mut pieces = vec![String::new()];
    for c in word.chars() {
        if let Some(piece) = pieces.last_mut() {
            if piece.is_empty() || width(piece, size) + ems(c) * size <= max {
                piece.push(c);
            } else {
                pieces.push(c.to_string());
            }
        }
    }
    pieces
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn no_line_is_wider_than_allowed_and_nothing_is_lost() {
        let long = "Donaudampfschifffahrtsgesellschaftskapitän ".repeat(3) + "und 私はボットです。";
        for text in ["", "a", "one two three four five six", &long] {
            let lines = wrap(text, 12.0, 120.0);
            assert!(lines.iter().all(|line| width(line, 12.0) <= 120.0), "{lines:?}");
            let without_blanks = |text: &str| text.split_whitespace().collect::<String>();
            assert_eq!(without_blanks(&lines.concat()), without_blanks(text));
        }
    }
}
