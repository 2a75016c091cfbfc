//! A terminal as a page: its text, with the colours that escape sequences give it.

use maud::{DOCTYPE, Markup, PreEscaped, html};

const STYLE: &str = "
    body { margin: 0; background: #1d2129; color: #d8dce3; }
    pre { display: inline-block; margin: 0; padding: 14px 18px; max-width: 88ch;
        box-sizing: content-box; font: 14px/1.35 'DejaVu Sans Mono', monospace;
        white-space: pre-wrap; }
    span { padding-block: 2px; }";

/// The sixteen colours with names, as many terminals have them.
const NAMED: [&str; 16] = [
    "#1d2129", "#e0697a", "#8fc27a", "#e3c078", "#3465a4", "#c58ad6", "#5fbcc6", "#d8dce3",
    "#7b8494", "#f08a98", "#a9d796", "#f0d394", "#93c0f5", "#d9a8e6", "#85d3db", "#ffffff",
];

/// Where the cube of 216 colours begins, and the levels of grey behind it.
const CUBE: u8 = 16;
const GREYS: u8 = 232;

/// Levels of red, green and blue in the cube of 216 colours.
const LEVELS: [u8; 6] = [0, 95, 135, 175, 215, 255];

/// How text is shown: SGR of ECMA-48.
#[derive(Clone, Debug, Default, PartialEq)]
struct Look {
    is_bold: bool,
    is_reversed: bool,
    ink: Option<String>,
    paper: Option<String>,
}

/// A page with what a terminal of 88 columns shows. Blank lines at its end are left out.
pub(crate) fn page(text: &str) -> String {
    let markup = html! {
        (DOCTYPE)
        html lang="en" {
            head { meta charset="utf-8"; style { (PreEscaped(STYLE)) } }
            body { pre { (coloured(text.trim_end())) } }
        }
    };
    markup.into_string()
}

/// Text with escape sequences as markup. Those that do not change the look are left out.
fn coloured(text: &str) -> Markup {
    let mut look = Look::default();
    let mut pieces = text.split("\u{1b}[");
    let mut spans = vec![(look.clone(), pieces.next().unwrap_or_default())];
    for piece in pieces {
        let end = piece.find(|sign: char| sign.is_ascii_alphabetic()).unwrap_or(piece.len());
        let (sequence, rest) = piece.split_at(end);
        if rest.starts_with('m') {
            let numbers = sequence.split(';').map(|number| number.parse().unwrap_or(0));
            look = look.changed(&numbers.collect::<Vec<u8>>());
        }
        spans.push((look.clone(), rest.get(1..).unwrap_or_default()));
    }
    html! {
        @for (look, text) in spans.iter().filter(|(_, text)| !text.is_empty()) {
            @if *look == Look::default() { (text) } @else { span style=(look.style()) { (text) } }
        }
    }
}

impl Look {
    /// The look after a sequence of numbers.
    fn changed(mut self, mut numbers: &[u8]) -> Self {
        loop {
            numbers = match *numbers {
                [] => return self,
                [38, 5, colour, ref rest @ ..] => {
                    self.ink = Some(indexed(colour));
                    rest
                }
                [48, 5, colour, ref rest @ ..] => {
                    self.paper = Some(indexed(colour));
                    rest
                }
                [number, ref rest @ ..] => {
                    self.change(number);
                    rest
                }
            };
        }
    }

    fn change(&mut self, number: u8) {
        match number {
            0 => *self = Self::default(),
            1 => self.is_bold = true,
            22 => self.is_bold = false,
            7 => self.is_reversed = true,
            27 => self.is_reversed = false,
            30..=37 => self.ink = Some(indexed(number - 30)),
            39 => self.ink = None,
            40..=47 => self.paper = Some(indexed(number - 40)),
            49 => self.paper = None,
            90..=97 => self.ink = Some(indexed(number - 90 + 8)),
            100..=107 => self.paper = Some(indexed(number - 100 + 8)),
            _ => {}
        }
    }

    fn style(&self) -> String {
        let ink = self.ink.as_deref().unwrap_or("#d8dce3");
        let paper = self.paper.as_deref().unwrap_or("#1d2129");
        let (ink, paper) = if self.is_reversed { (paper, ink) } else { (ink, paper) };
        let weight = if self.is_bold { ";font-weight:bold" } else { "" };
        format!("color:{ink};background:{paper}{weight}")
    }
}

/// A colour of the table of 256.
fn indexed(colour: u8) -> String {
    if let Some(named) = NAMED.get(usize::from(colour)) {
        return (*named).to_owned();
    }
    let level = |n: u8| LEVELS.get(usize::from(n)).copied().unwrap_or_default();
    let [red, green, blue] = if colour >= GREYS {
        [8 + 10 * (colour - GREYS); 3]
    } else {
        let n = colour - CUBE;
        [level(n / 36), level(n / 6 % 6), level(n % 6)]
    };
    format!("#{red:02x}{green:02x}{blue:02x}")
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn escape_sequences_become_colours() {
        let check = |text: &str, expected: &str| assert_eq!(coloured(text).into_string(), expected);

        check("a < b", "a &lt; b");
        check(
            "a\u{1b}[1mb\u{1b}[0mc",
            "a<span style=\"color:#d8dce3;background:#1d2129;font-weight:bold\">b</span>c",
        );
        check(
            "\u{1b}[31mb\u{1b}[39mc",
            "<span style=\"color:#e0697a;background:#1d2129\">b</span>c",
        );
        check(
            "\u{1b}[38;5;196;48;5;232mb",
            "<span style=\"color:#ff0000;background:#080808\">b</span>",
        );
        check("\u{1b}[7mb\u{1b}[mc", "<span style=\"color:#1d2129;background:#d8dce3\">b</span>c");
        check("a\u{1b}[Kb\u{1b}[", "ab");
    }
}
