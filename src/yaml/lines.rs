//! The lines of a file, as the parser counts them.

use super::{Fault, Place, What};

/// The lines of a file, without what ends them.
#[derive(Clone, Debug)]
pub(super) struct Lines<'t> {
    lines: Vec<&'t str>,
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
            lines.push(line);
            rest = after.strip_prefix("\r\n").or_else(|| after.get(1..)).unwrap_or_default();
        }
        lines.push(rest);
        Self { lines }
    }

    /// A line, from 1; of one that is not there: an empty one.
    pub(super) fn line(&self, line: u64) -> &'t str {
        let ix = usize::try_from(line).ok().and_then(|line| line.checked_sub(1));
        ix.and_then(|ix| self.lines.get(ix)).copied().unwrap_or_default()
    }

    /// The character at a place; `None` at the end of a line.
    pub(super) fn sign(&self, place: Place) -> Option<char> {
        let column = usize::try_from(place.column).ok()?;
        self.line(place.line).chars().nth(column.checked_sub(1)?)
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
            let skipped = usize::try_from(place.column.saturating_sub(1)).unwrap_or(usize::MAX);
            let rest = self.line(place.line).chars().skip(skipped);
            let found = rest.enumerate().find(|(_, c)| !matches!(c, ' ' | '\t'));
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
        let skipped = usize::try_from(from.column.checked_sub(1)?).ok()?;
        let line = self.line(from.line);
        let mut rest =
            line.chars().skip(skipped).enumerate().skip_while(|(_, c)| matches!(c, ' ' | '\t'));
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
        let at = |(line_ix, line): (usize, &&str)| {
            let (column_ix, sign) = line.chars().enumerate().find(|(_, c)| is_control(*c))?;
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
