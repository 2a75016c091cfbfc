//! The lines of a file, as the parser counts them.

use super::{Fault, Place, What};

/// The lines of a file, without what ends them.
#[derive(Clone, Debug)]
pub(super) struct Lines<'t> {
    lines: Vec<Line<'t>>,
}

/// A line, with the offsets in bytes of every [`STEP`]th character: some files are one long line.
#[derive(Clone, Debug)]
struct Line<'t> {
    text: &'t str,
    offsets: Vec<usize>,
}

/// Characters between two offsets that are kept.
const STEP: usize = 256;

impl<'t> Line<'t> {
    fn of(text: &'t str) -> Self {
        let offsets = text.char_indices().step_by(STEP).map(|(at, _)| at).collect();
        Self { text, offsets }
    }

    /// What follows so many characters.
    fn after(&self, n_chars: usize) -> &'t str {
        let Some(offset) = self.offsets.get(n_chars / STEP) else { return "" };
        let rest = self.text.get(*offset..).unwrap_or_default();
        let mut chars = rest.chars();
        match (n_chars % STEP).checked_sub(1) {
            Some(last) if chars.nth(last).is_none() => "",
            _ => chars.as_str(),
        }
    }
}

/// A blank that is none for YAML: what word processors and web pages write, and nobody sees.
pub(super) fn is_odd_blank(c: char) -> bool {
    (c.is_whitespace() && !matches!(c, ' ' | '\t' | '\n' | '\r'))
        || matches!(c, '\u{200b}' | '\u{2060}' | '\u{feff}')
}

impl<'t> Lines<'t> {
    pub(super) fn of(text: &'t str) -> Self {
        let mut lines = Vec::new();
        let mut rest = text;
        while let Some(at) = rest.find(['\n', '\r']) {
            let (line, after) = rest.split_at(at);
            lines.push(Line::of(line));
            rest = after.strip_prefix("\r\n").or_else(|| after.get(1..)).unwrap_or_default();
        }
        lines.push(Line::of(rest));
        Self { lines }
    }

    /// A line, from 1; of one that is not there: an empty one.
    pub(super) fn line(&self, line: u64) -> &'t str {
        self.find(line).map(|line| line.text).unwrap_or_default()
    }

    fn find(&self, line: u64) -> Option<&Line<'t>> {
        self.lines.get(usize::try_from(line).ok()?.checked_sub(1)?)
    }

    /// What stands in a line from a place on.
    fn from(&self, place: Place) -> &'t str {
        let n_chars = usize::try_from(place.column.saturating_sub(1)).unwrap_or(usize::MAX);
        self.find(place.line).map(|line| line.after(n_chars)).unwrap_or_default()
    }

    /// The character at a place; `None` at the end of a line.
    pub(super) fn sign(&self, place: Place) -> Option<char> {
        self.from(place).chars().next().filter(|_| place.column > 0)
    }

    /// What stands in the file from a place on, by lines.
    pub(super) fn rest(&self, place: Place) -> impl Iterator<Item = &'t str> {
        let n_before = usize::try_from(place.line).unwrap_or(usize::MAX);
        let below = self.lines.iter().skip(n_before).map(|line| line.text);
        [self.from(place)].into_iter().chain(below)
    }

    /// How many blanks a line begins with.
    pub(super) fn indent(&self, line: u64) -> usize {
        let line = self.line(line);
        line.len() - line.trim_start_matches(' ').len()
    }

    /// Whether a line says nothing.
    pub(super) fn is_empty(&self, line: u64) -> bool {
        let line = self.line(line).trim_start();
        line.is_empty() || line.starts_with('#')
    }

    /// The line before this one that says something.
    pub(super) fn before(&self, line: u64) -> Option<u64> {
        (1..line).rev().find(|line| !self.is_empty(*line))
    }

    /// Where something begins at or after a place: blanks, ends of lines and comments are passed over.
    pub(super) fn next_sign(&self, from: Place) -> Option<Place> {
        let last = u64::try_from(self.lines.len()).unwrap_or(u64::MAX);
        let mut place = from;
        while place.line <= last {
            let found =
                self.from(place).chars().enumerate().find(|(_, c)| !matches!(c, ' ' | '\t'));
            if let Some((n_blanks, c)) = found
                && c != '#'
            {
                let n_blanks = u64::try_from(n_blanks).unwrap_or(u64::MAX);
                return Some(Place { column: place.column.saturating_add(n_blanks), ..place });
            }
            place = Place { line: place.line.saturating_add(1), column: 1 };
        }
        None
    }

    /// Where a comment begins, if one follows in the line after this place; and whether a blank
    /// follows its `#`, as it does in comments.
    pub(super) fn comment(&self, from: Place) -> Option<(Place, bool)> {
        let rest = self.from(from).chars().enumerate();
        let mut rest = rest.skip_while(|(_, c)| matches!(c, ' ' | '\t'));
        let (n_blanks, c) = rest.next()?;
        let column = from.column.saturating_add(u64::try_from(n_blanks).ok()?);
        let is_spaced = rest.next().is_none_or(|(_, c)| matches!(c, ' ' | '\t' | '#' | '-' | '='));
        (c == '#').then_some((Place { column, ..from }, is_spaced))
    }

    /// Where an item of a list begins that says nothing, and the comment after its dash.
    pub(super) fn empty_item(&self, line: u64) -> (Place, Option<(Place, bool)>) {
        let dashes = |c: &char| matches!(c, ' ' | '-');
        let n_before = self.line(line).chars().take_while(dashes).count();
        let number = |n: usize| u64::try_from(n).unwrap_or(u64::MAX).saturating_add(1);
        let place = Place { line, column: number(self.indent(line)) };
        (place, self.comment(Place { line, column: number(n_before) }))
    }

    /// The first control character that no file may hold.
    pub(super) fn control(&self) -> Option<Fault> {
        let is_control = |c: char| c.is_control() && !matches!(c, '\t' | '\u{85}');
        let at = |(line_ix, line): (usize, &Line<'_>)| {
            let (column_ix, sign) = line.text.chars().enumerate().find(|(_, c)| is_control(*c))?;
            let from_one = |ix: usize| u64::try_from(ix).unwrap_or(u64::MAX).saturating_add(1);
            let place = Place { line: from_one(line_ix), column: from_one(column_ix) };
            Some(Fault { place, what: What::Control(sign) })
        };
        self.lines.iter().enumerate().find_map(at)
    }

    /// Where a line is indented with a sign that is no blank.
    pub(super) fn odd_indent(&self, line: u64) -> Option<Fault> {
        let (ix, sign) = self.line(line).chars().enumerate().find(|(_, c)| *c != ' ')?;
        let column = u64::try_from(ix).unwrap_or(u64::MAX).saturating_add(1);
        let place = Place { line, column };
        // A line of blanks alone says nothing.
        let says = self.line(line).chars().any(|c| !c.is_whitespace() && !is_odd_blank(c));
        match sign {
            '\t' if says => Some(Fault { place, what: What::TabIndent }),
            _ if says && is_odd_blank(sign) => Some(Fault { place, what: What::OddBlank(sign) }),
            _ => None,
        }
    }
}

/// Whether a line, without its indentation, begins as one with a key does: `key: …` or `- key: …`.
pub(super) fn begins_key(line: &str) -> bool {
    let line = line.trim_start().trim_start_matches("- ").trim_start();
    let Some((key, after)) = line.split_once(':') else { return false };
    let is_word = |c: char| c.is_alphanumeric() || matches!(c, '_' | '-' | '.' | '@');
    !key.is_empty()
        && key.chars().all(is_word)
        && (after.is_empty() || after.starts_with([' ', '\t']))
}
