//! Where a slip began at which the parser stopped, and what was probably meant.

#![expect(
    clippy::wildcard_enum_match_arm,
    reason = "the parser has a hundred kinds of errors and events, and a new one is none of these"
)]

use granit_parser::{ErrorKind, ScalarStyle, ScanError, Scanner, StrInput, TokenType};

use super::{
    Fault, Place, What,
    build::{options, place, swallowed},
    lines::{Lines, begins_key, is_odd_blank},
};

/// What is known of the text before the place where the parser stopped.
#[derive(Default)]
struct Before {
    /// Brackets that are open there, the outermost first.
    open: Vec<(char, Place)>,
    /// The bracket that was closed last, where it was opened, and its end.
    closed: Option<(char, Place, Place)>,
    /// Where the last thing that was understood ends.
    end: Option<Place>,
    /// Texts in quotation marks that go over several lines.
    quoted: Vec<(Place, Place)>,
    /// The line of the last colon after a key.
    colon: Option<u64>,
    /// Lists and keys that are open: whether it is a list, and where the first of them begins.
    groups: Vec<(bool, Place)>,
}

impl Before {
    fn of(text: &str, stop: Place) -> Self {
        let mut before = Self::default();
        // What is no token with an extent of its own comes with the place of what is read next.
        let mut pending = None;
        for token in Scanner::with_options(StrInput::new(text), options()) {
            let Ok(token) = token else { break };
            let (span, kind) = token.into_parts();
            let (start, end) = (place(span.start), place(span.end));
            if start >= stop {
                break;
            }
            match &kind {
                TokenType::FlowSequenceStart => before.open.push(('[', start)),
                TokenType::FlowMappingStart if !span.is_empty() => before.open.push(('{', start)),
                TokenType::FlowSequenceEnd => before.close(end),
                TokenType::FlowMappingEnd if !span.is_empty() => before.close(end),
                TokenType::Scalar(ScalarStyle::SingleQuoted | ScalarStyle::DoubleQuoted, _)
                    if end.line > start.line =>
                {
                    before.quoted.push((start, end));
                }
                TokenType::Value => before.colon = Some(start.line),
                TokenType::BlockSequenceStart => pending = Some(true),
                TokenType::BlockMappingStart => pending = Some(false),
                TokenType::BlockEnd => drop(before.groups.pop()),
                _ => {}
            }
            if let Some(is_list) = pending.take() {
                before.groups.push((is_list, start));
            }
            // The parser gives a colon no width.
            let width = u64::from(matches!(kind, TokenType::Value));
            before.end = Some(Place { column: end.column.saturating_add(width), ..end });
        }
        before
    }

    fn close(&mut self, end: Place) {
        if let Some((sign, start)) = self.open.pop() {
            self.closed = Some((sign, start, end));
        }
    }
}

/// The fault behind an error of the parser.
pub(super) fn diagnose(text: &str, lines: &Lines<'_>, error: &ScanError) -> Fault {
    let stop = place(*error.marker());
    let before = Before::of(text, stop);
    let slip = Slip { lines, stop, kind: error.kind(), before };
    slip.quote()
        .or_else(|| slip.indentation())
        .or_else(|| slip.brackets())
        .unwrap_or_else(|| slip.rest())
}

struct Slip<'a, 't> {
    lines: &'a Lines<'t>,
    stop: Place,
    kind: &'a ErrorKind,
    before: Before,
}

impl Slip<'_, '_> {
    fn here(&self, what: What) -> Fault {
        Fault { place: self.stop, what }
    }

    /// What was being read when the parser stopped: where it begins, and its first sign.
    fn reading(&self) -> Option<(Place, char)> {
        let at = self.lines.next_sign(self.before.end.unwrap_or(Place::TOP))?;
        Some((at, self.lines.sign(at)?))
    }

    /// Quotation marks: they are told where they were opened.
    fn quote(&self) -> Option<Fault> {
        let mark_at = |at: Place| self.lines.sign(at).filter(|sign| matches!(sign, '"' | '\''));
        let unclosed = |at: Place, shown| {
            mark_at(at).map(|mark| Fault { place: at, what: What::UnclosedQuote { mark, shown } })
        };
        match self.kind {
            ErrorKind::UnclosedQuotedScalar | ErrorKind::DocumentIndicatorInQuotedScalar => {
                return unclosed(self.stop, None);
            }
            _ => {}
        }
        for (start, end) in &self.before.quoted {
            if let Some(line) = swallowed(self.lines, *start, *end) {
                return unclosed(*start, Some(line));
            }
        }
        let (at, mark) = self.reading().filter(|(_, sign)| matches!(sign, '"' | '\''))?;
        match self.kind {
            ErrorKind::InvalidTrailingSingleQuotedScalar
            | ErrorKind::InvalidTrailingDoubleQuotedScalar => {
                if at.line < self.stop.line {
                    return unclosed(at, Some(self.stop.line));
                }
                Some(self.here(What::AfterQuote { mark }))
            }
            ErrorKind::InvalidQuotedScalarIndent | ErrorKind::InvalidIndentation => {
                unclosed(at, Some(self.stop.line))
            }
            ErrorKind::UnknownQuotedScalarEscape
            | ErrorKind::InvalidQuotedScalarHexEscape
            | ErrorKind::InvalidLowSurrogateHexEscape
            | ErrorKind::InvalidLowSurrogate
            | ErrorKind::MissingLowSurrogate
            | ErrorKind::UnpairedLowSurrogate
            | ErrorKind::InvalidUnicodeEscape => Some(Fault { place: at, what: What::Escape }),
            _ => None,
        }
    }

    /// Tabs, and signs that look like blanks, in front of lines.
    fn indentation(&self) -> Option<Fault> {
        let line = self.stop.line;
        // A parser that meets a tab in a line may stop in the line before.
        let after = (line.saturating_add(1)..).take(3).find(|line| !self.lines.is_empty(*line));
        let tab_ahead =
            matches!(self.kind, ErrorKind::TabInPlainScalar | ErrorKind::TabAtBlockScalarStart);
        let lines = [Some(line), after.filter(|_| tab_ahead), self.lines.before(line)];
        if let Some(fault) =
            lines.into_iter().flatten().find_map(|line| self.lines.odd_indent(line))
        {
            return Some(fault);
        }
        match self.kind {
            ErrorKind::TabInIndentation
            | ErrorKind::TabInBlockIndentation
            | ErrorKind::TabNotAllowed
            | ErrorKind::TabInPlainScalar
            | ErrorKind::TabAtBlockScalarStart
            | ErrorKind::InvalidBlockEntryWhitespace
            | ErrorKind::InvalidMappingValueWhitespace => {
                let line = self.lines.line(self.stop.line);
                let ix = line.chars().position(|c| c == '\t');
                let column =
                    ix.and_then(|ix| u64::try_from(ix).ok()).map_or(self.stop.column, |ix| ix + 1);
                Some(Fault { place: Place { column, ..self.stop }, what: What::Tab })
            }
            _ => None,
        }
    }

    fn brackets(&self) -> Option<Fault> {
        match self.kind {
            ErrorKind::MismatchedFlowCollectionEnd { open, close } => {
                return Some(self.here(What::WrongBracket { open: *open, close: *close }));
            }
            ErrorKind::MisplacedFlowCollectionEnd => {
                let close = self.lines.sign(self.stop)?;
                return Some(self.here(What::StrayBracket(close)));
            }
            ErrorKind::UnclosedFlowCollection { open } => {
                let (open, at) = self.before.open.first().copied().unwrap_or((*open, self.stop));
                return Some(Fault { place: at, what: What::UnclosedBracket { open } });
            }
            ErrorKind::RecursionLimitExceeded => return None,
            _ => {}
        }
        if let Some((open, at)) = self.before.open.first().copied() {
            // What looks like a line of its own was to be one.
            let runs_on = (at.line.saturating_add(1)..=self.stop.line).any(|line| {
                let text = self.lines.line(line);
                let is_item = text.trim_start().starts_with("- ");
                is_item || (begins_key(text) && self.lines.indent(line) <= self.key_column(at))
            });
            if runs_on || !self.is_closed_later(open) {
                return Some(Fault { place: at, what: What::UnclosedBracket { open } });
            }
            return Some(self.here(What::InBrackets));
        }
        let (open, start, end) = self.before.closed?;
        let is_after = self.before.end == Some(end) && end.line == self.stop.line;
        is_after.then_some(Fault { place: start, what: What::AfterBracket { open } })
    }

    /// Whether the file has what closes such a bracket at the place or behind it.
    fn is_closed_later(&self, open: char) -> bool {
        let close = if open == '[' { ']' } else { '}' };
        self.lines.rest(self.stop).any(|line| line.contains(close))
    }

    /// How far the key of a line is indented, `- ` in front of it included.
    fn key_column(&self, at: Place) -> usize {
        let line = self.lines.line(at.line);
        line.len() - line.trim_start_matches([' ', '-']).len()
    }

    fn rest(&self) -> Fault {
        let sign = self.lines.sign(self.stop);
        match self.kind {
            ErrorKind::RecursionLimitExceeded => self.here(What::TooDeep),
            ErrorKind::CommentInterceptedScalar | ErrorKind::CommentNotSeparated => {
                self.here(What::CutText)
            }
            ErrorKind::BomInsideDocument => self.here(What::OddBlank('\u{feff}')),
            ErrorKind::UnexpectedCharacter { character } => self.here(What::BeginsWith(*character)),
            ErrorKind::MissingAnchorOrAliasName
            | ErrorKind::InvalidBlockScalarHeader
            | ErrorKind::ZeroBlockScalarIndent
            | ErrorKind::PlainScalarStartsWithDashFlowIndicator => self.begins_with(),
            ErrorKind::MappingKeyNotAllowed if sign == Some('?') => self.begins_with(),
            ErrorKind::BlockSequenceEntryNotAllowed
                if self.before.colon == Some(self.stop.line) =>
            {
                self.here(What::ListInLine)
            }
            ErrorKind::InvalidBlockScalarIndent => self.here(What::Paragraph),
            ErrorKind::InvalidSimpleKey => self.here(What::LongKey),
            ErrorKind::SimpleKeyExpected => self.no_colon(),
            ErrorKind::MappingValueNotAllowed => self.colon(),
            ErrorKind::ExpectedDocumentStart
            | ErrorKind::MissingDirectiveName
            | ErrorKind::InvalidDirectiveName
            | ErrorKind::InvalidDirectiveTerminator
            | ErrorKind::MissingYamlVersion
            | ErrorKind::YamlVersionTooLong
            | ErrorKind::MissingYamlVersionSeparator
            | ErrorKind::UnsupportedYamlMajorVersion
            | ErrorKind::DuplicateVersionDirective
            | ErrorKind::MissingDocumentEndBeforeDirective
            | ErrorKind::DirectiveByteLimitExceeded { .. } => self.percent(),
            ErrorKind::InvalidDocumentEnd => self.here(What::Second),
            kind if is_of_tags(kind) => Fault {
                place: self.reading().map_or(self.stop, |(at, _)| at),
                what: What::BeginsWith('!'),
            },
            _ => self.structure(),
        }
    }

    fn begins_with(&self) -> Fault {
        let (place, sign) = self.reading().unwrap_or((self.stop, '\u{fffd}'));
        match self.lines.sign(self.stop).unwrap_or(sign) {
            stop @ ('@' | '`' | '%' | '*' | '&' | '!' | '|' | '>' | '?' | '-') => {
                self.here(What::BeginsWith(stop))
            }
            _ => Fault { place, what: What::BeginsWith(sign) },
        }
    }

    /// The line before that begins with `%`.
    fn percent(&self) -> Fault {
        let is_percent = |line: &u64| self.lines.line(*line).starts_with('%');
        match (1..=self.stop.line).rev().find(is_percent) {
            Some(line) => Fault { place: Place { line, column: 1 }, what: What::BeginsWith('%') },
            None => self.here(What::Other),
        }
    }

    /// A line among keys that has none.
    fn no_colon(&self) -> Fault {
        let line = self.lines.line(self.stop.line).trim_start();
        if has_colon_without_blank(line) {
            return self.here(What::ColonWithoutBlank);
        }
        self.here(What::NoColon)
    }

    /// A colon that no key stands before.
    fn colon(&self) -> Fault {
        let line = self.stop.line;
        let text = self.lines.line(line);
        if self.before.colon == Some(line) {
            return self.here(What::ColonInText);
        }
        let Some(above) = self.lines.before(line) else { return self.here(What::ColonInText) };
        let text_above = self.lines.line(above).trim_start();
        // The line above was to be keys itself, and was taken for a text that goes on here.
        let is_value = self.before.colon == Some(above);
        if !is_value {
            let first = Place {
                line: above,
                column: u64::try_from(self.lines.indent(above))
                    .unwrap_or(u64::MAX)
                    .saturating_add(1),
            };
            if has_colon_without_blank(text_above) {
                return Fault { place: first, what: What::ColonWithoutBlank };
            }
            if self.lines.indent(above) == self.lines.indent(line) {
                return Fault { place: first, what: What::NoColon };
            }
        }
        if begins_key(text) && self.lines.indent(line) > self.lines.indent(above) {
            let column = u64::try_from(self.lines.indent(line)).unwrap_or(u64::MAX);
            let place = Place { line, column: column.saturating_add(1) };
            let indent = self.lines.indent(above) + dashes(text_above);
            if self.lines.indent(line) != indent {
                return Fault { place, what: What::Deeper { line: above, indent } };
            }
        }
        if begins_key(text)
            && let Some(fault) = self.misfit()
        {
            return fault;
        }
        self.here(What::ColonInText)
    }

    /// A line that does not fit those above it.
    fn structure(&self) -> Fault {
        let line = self.stop.line;
        // What stands below a comment in the midst of a text.
        let above = line.checked_sub(1).filter(|line| *line > 0);
        if let Some(fault) = above
            .filter(|above| self.lines.line(*above).trim_start().starts_with('#'))
            .filter(|_| !begins_key(self.lines.line(line)))
            .and(self.before.end)
            .filter(|end| end.line < line && !self.lines.line(line).trim_start().starts_with('-'))
            .map(|_| self.here(What::CutText))
        {
            return fault;
        }
        if self.lines.sign(self.stop) == Some(',') {
            return self.here(What::BeginsWith(','));
        }
        self.misfit().or_else(|| self.mixed()).unwrap_or_else(|| self.here(What::Other))
    }

    /// The indentation of a line, if no line above has the same.
    fn misfit(&self) -> Option<Fault> {
        let line = self.stop.line;
        let found = self.lines.indent(line);
        let mut fits: Vec<(usize, u64)> = Vec::new();
        let mut least = usize::MAX;
        let mut at = line;
        while let Some(above) = self.lines.before(at) {
            at = above;
            let indent = self.lines.indent(above);
            let text = self.lines.line(above).trim_start();
            // What stands after `- ` begins a column of its own.
            let columns = [indent.saturating_add(dashes(text)), indent];
            for column in columns {
                if column < least {
                    least = column;
                    fits.push((column, above));
                }
            }
            if least == 0 {
                break;
            }
        }
        let is_item = self.lines.line(line).trim_start().starts_with("- ");
        if fits.iter().any(|(indent, _)| *indent == found) && !is_item {
            return None;
        }
        if fits.iter().any(|(indent, _)| *indent == found) {
            return None;
        }
        // The nearest on both sides.
        let deeper = fits.iter().rev().find(|(indent, _)| *indent > found).copied();
        let less = fits.iter().find(|(indent, _)| *indent < found).copied();
        let fits: Vec<(usize, u64)> = less.into_iter().chain(deeper).collect();
        let column = u64::try_from(found).unwrap_or(u64::MAX).saturating_add(1);
        (!fits.is_empty())
            .then_some(Fault { place: Place { line, column }, what: What::Indent { found, fits } })
    }

    /// An item among keys, or a key among items.
    fn mixed(&self) -> Option<Fault> {
        let line = self.stop.line;
        let is_item = self.lines.line(line).trim_start().starts_with('-');
        let indent = u64::try_from(self.lines.indent(line)).unwrap_or(u64::MAX);
        let column = indent.saturating_add(1);
        let groups = self.before.groups.iter().rev();
        let (_, at) = groups.copied().find(|(is_list, _)| *is_list != is_item)?;
        let what = What::Mixed { is_item, line: at.line };
        (at.line < line).then_some(Fault { place: Place { line, column }, what })
    }
}

/// How many signs of a line stand before what follows its dashes.
fn dashes(line: &str) -> usize {
    let is_item = line.starts_with("- ");
    if is_item { line.len() - line.trim_start_matches([' ', '-']).len() } else { 0 }
}

/// Whether a line begins with a word and a colon that has no blank, or a sign that only looks like one,
/// after it; or with a colon that is none.
fn has_colon_without_blank(line: &str) -> bool {
    let line = line.trim_start_matches("- ");
    let Some(at) = line.find([':', '：']) else { return false };
    let (word, rest) = line.split_at(at);
    let mut rest = rest.chars();
    let (colon, next) = (rest.next(), rest.next());
    let is_word = |c: char| c.is_alphanumeric() || matches!(c, '_' | '-');
    let is_key = !word.is_empty() && word.chars().all(is_word);
    is_key && (colon == Some('：') || next.is_some_and(|c| c != ' ' || is_odd_blank(c)))
}

fn is_of_tags(kind: &ErrorKind) -> bool {
    matches!(
        kind,
        ErrorKind::UndeclaredTagHandle
            | ErrorKind::ExpectedTagBang
            | ErrorKind::InvalidGlobalTagCharacter
            | ErrorKind::InvalidTagTerminator
            | ErrorKind::MissingTagUri
            | ErrorKind::UnclosedVerbatimTag
            | ErrorKind::InvalidTagEscape
            | ErrorKind::InvalidTagUtf8LeadingByte
            | ErrorKind::InvalidTagUtf8TrailingByte
            | ErrorKind::InvalidTagUtf8
    )
}
