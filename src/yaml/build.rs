//! From the parser's events to the tree.

#![expect(
    clippy::wildcard_enum_match_arm,
    reason = "the parser has a hundred kinds of errors and events, and a new one is none of these"
)]

use std::{borrow::Cow, collections::BTreeMap};

use granit_parser::{
    Event, Marker, Options, Parser, ScalarStyle, ScanError, Span, StrInput, StructureStyle, Tag,
};

use super::{
    Content, Document, Entry, Fault, MAX_DEPTH, MAX_NODES, Node, Place, Scalar, Style, What,
    diagnosis,
    lines::{Lines, begins_key},
};

/// The key that takes in the keys of another place.
const MERGE: &str = "<<";

/// How files are read.
pub(super) fn options() -> Options {
    let mut options = granit_parser::options! {
        emit_unresolved_aliases: true,
        emit_anchor_events: true,
        flow_nesting_limit: MAX_DEPTH,
        block_nesting_limit: MAX_DEPTH,
    };
    options.set_emit_comments(false);
    options
}

/// The place of a mark of the parser, which counts columns from 0.
pub(super) fn place(mark: Marker) -> Place {
    let number = |n: usize| u64::try_from(n).unwrap_or(u64::MAX);
    Place { line: number(mark.line()).max(1), column: number(mark.col()).saturating_add(1) }
}

/// Reads a text, of which at most so many bytes stand in the tree.
pub(super) fn build(text: &str, lines: &Lines<'_>, most: usize) -> Result<Document, Vec<Fault>> {
    let parser = Parser::new_from_str_with_options(text, options());
    let mut builder = Builder {
        parser,
        lines,
        faults: Vec::new(),
        named: BTreeMap::new(),
        n_nodes: 0,
        n_bytes_left: most,
    };
    let built = builder.document();
    let mut faults = builder.faults;
    // A name that nothing repeats was meant as a text.
    let unused = builder.named.into_values().filter(|named| !named.is_used);
    faults.extend(unused.map(|named| Fault { place: named.place, what: What::BeginsWith('&') }));
    let root = match built {
        Ok(root) => Some(root),
        Err(Stop::Fault(fault)) => {
            faults.push(fault);
            None
        }
        Err(Stop::Parser(error)) => {
            let fault = diagnosis::diagnose(text, lines, &error);
            // What follows a slip in its line comes of it.
            if !faults.iter().any(|known| known.place.line == fault.place.line) {
                faults.push(fault);
            }
            None
        }
    };
    faults.sort();
    faults.dedup();
    match root {
        Some(root) => Ok(Document { root, faults }),
        None => Err(faults),
    }
}

/// Why there is no tree.
enum Stop {
    Parser(ScanError),
    Fault(Fault),
}

/// What `&name` names.
struct Named {
    place: Place,
    /// `None` as long as it is read.
    node: Option<Node>,
    is_used: bool,
}

struct Builder<'t, 'l> {
    parser: Parser<'t, StrInput<'t>>,
    lines: &'l Lines<'t>,
    faults: Vec<Fault>,
    named: BTreeMap<usize, Named>,
    n_nodes: usize,
    n_bytes_left: usize,
}

impl<'t> Builder<'t, '_> {
    fn next(&mut self) -> Result<(Event<'t>, Span), Stop> {
        match self.parser.next_event() {
            Some(Ok(event)) => Ok(event),
            Some(Err(error)) => Err(Stop::Parser(error)),
            None => Err(Stop::Fault(Fault { place: Place::TOP, what: What::Other })),
        }
    }

    fn fault(&mut self, place: Place, what: What) {
        self.faults.push(Fault { place, what });
    }

    fn document(&mut self) -> Result<Node, Stop> {
        let mut root = None;
        loop {
            let (event, span) = self.next()?;
            match event {
                Event::StreamStart | Event::DocumentEnd => {}
                Event::DocumentStart(..) if root.is_some() => {
                    let at = place(span.start);
                    let at = self.lines.next_sign(at).unwrap_or(at);
                    return Err(Stop::Fault(Fault { place: at, what: What::Second }));
                }
                Event::DocumentStart(..) => {
                    let (event, span) = self.next()?;
                    root = Some(self.node(event, span, 0)?);
                }
                _ => break,
            }
        }
        Ok(root.unwrap_or_else(|| Node { place: Place::TOP, content: nothing() }))
    }

    /// The node that an event begins.
    fn node(&mut self, event: Event<'t>, span: Span, depth: usize) -> Result<Node, Stop> {
        let at = place(span.start);
        self.n_nodes = self.n_nodes.saturating_add(1);
        if self.n_nodes > MAX_NODES {
            return Err(Stop::Fault(Fault { place: at, what: What::TooMany }));
        }
        if depth > MAX_DEPTH {
            return Err(Stop::Fault(Fault { place: at, what: What::TooDeep }));
        }
        let (name, content) = match event {
            Event::Scalar(text, style, name, tag) => {
                let name = self.name(name)?;
                (name, self.scalar(&text, style, tag.as_deref(), span)?)
            }
            Event::SequenceStart(_, name, tag) => {
                self.tag(tag.as_ref(), span);
                let name = self.name(name)?;
                (name, self.list(depth)?)
            }
            Event::MappingStart(style, name, tag) => {
                self.tag(tag.as_ref(), span);
                let name = self.name(name)?;
                (name, self.map(style, depth)?)
            }
            Event::Alias(name) => return self.repeat(name, at, depth),
            Event::UnresolvedAlias(_) => {
                self.fault(at, What::BeginsWith('*'));
                (None, text("*"))
            }
            _ => return Err(Stop::Fault(Fault { place: at, what: What::Other })),
        };
        let node = Node { place: at, content };
        if let Some(named) = name.and_then(|name| self.named.get_mut(&name)) {
            named.node = Some(node.clone());
        }
        Ok(node)
    }

    /// The number of the name that stood in front of a node, 0 for none.
    fn name(&mut self, number: usize) -> Result<Option<usize>, Stop> {
        if number == 0 {
            return Ok(None);
        }
        // The name itself follows the node.
        let (_, span) = self.next()?;
        let named = Named { place: place(span.start), node: None, is_used: false };
        self.named.insert(number, named);
        Ok(Some(number))
    }

    /// What was named before, once more.
    fn repeat(&mut self, name: usize, at: Place, depth: usize) -> Result<Node, Stop> {
        let node = self.named.get_mut(&name).and_then(|named| {
            named.is_used = true;
            named.node.clone()
        });
        let Some(node) = node else {
            self.fault(at, What::BeginsWith('*'));
            return Ok(Node { place: at, content: text("*") });
        };
        let size = Size::of(&node);
        self.n_nodes = self.n_nodes.saturating_add(size.n_nodes);
        let left = self.n_bytes_left.checked_sub(size.n_bytes);
        let what = match left {
            Some(left) if self.n_nodes <= MAX_NODES => {
                self.n_bytes_left = left;
                if depth.saturating_add(size.depth) <= MAX_DEPTH {
                    return Ok(Node { place: at, ..node });
                }
                What::TooDeep
            }
            _ => What::TooMany,
        };
        Err(Stop::Fault(Fault { place: at, what }))
    }

    fn scalar(
        &mut self,
        text: &str,
        style: ScalarStyle,
        tag: Option<&Tag>,
        span: Span,
    ) -> Result<Content, Stop> {
        let (start, end) = (place(span.start), place(span.end));
        self.n_bytes_left = self
            .n_bytes_left
            .checked_sub(text.len())
            .ok_or(Stop::Fault(Fault { place: start, what: What::TooMany }))?;
        let is_text = self.tag(tag.map(Cow::Borrowed).as_ref(), span);
        let is_quoted = matches!(style, ScalarStyle::SingleQuoted | ScalarStyle::DoubleQuoted);
        if is_quoted && let Some(line) = swallowed(self.lines, start, end) {
            let mark = if style == ScalarStyle::SingleQuoted { '\'' } else { '"' };
            self.fault(start, What::UnclosedQuote { mark, shown: Some(line) });
        }
        let is_plain = style == ScalarStyle::Plain && !is_text;
        // The parser has a `~` for what was left out, at the sign before it.
        let is_missing = style == ScalarStyle::Plain && span.is_empty();
        let is_sign = is_missing && matches!(self.lines.sign(end), Some(':' | '-'));
        let end = Place { column: end.column.saturating_add(u64::from(is_sign)), ..end };
        let comment = if style == ScalarStyle::Plain { self.lines.comment(end) } else { None };
        let (comment, is_spaced) = comment.map_or((None, true), |(at, is)| (Some(at), is));
        let text = if is_missing { String::new() } else { text.to_owned() };
        let style = if is_plain { Style::Plain } else { Style::Quoted };
        Ok(Content::Scalar(Scalar { text, style, comment, is_spaced }))
    }

    /// Whether a tag makes a text of what follows it. Others are slips.
    fn tag(&mut self, tag: Option<&Cow<'_, Tag>>, span: Span) -> bool {
        let Some(tag) = tag else { return false };
        if tag.core_suffix() != Some("str") {
            let at = span.tag_start.unwrap_or(span.start);
            self.fault(place(at), What::BeginsWith('!'));
        }
        true
    }

    fn list(&mut self, depth: usize) -> Result<Content, Stop> {
        let mut items = Vec::new();
        loop {
            match self.next()? {
                (Event::SequenceEnd, _) => return Ok(Content::List(items)),
                (event, span) => {
                    let mut item = self.node(event, span, depth.saturating_add(1))?;
                    if let Content::Scalar(scalar) = &mut item.content
                        && scalar.is_missing()
                    {
                        let (place, comment) = self.lines.empty_item(item.place.line);
                        item.place = place;
                        if let Some((place, is_spaced)) = comment {
                            (scalar.comment, scalar.is_spaced) = (Some(place), is_spaced);
                        }
                    }
                    items.push(item);
                }
            }
        }
    }

    fn map(&mut self, style: StructureStyle, depth: usize) -> Result<Content, Stop> {
        let mut entries: Vec<Entry> = Vec::new();
        let mut merged = Vec::new();
        let mut known: BTreeMap<String, u64> = BTreeMap::new();
        loop {
            let (event, span) = match self.next()? {
                (Event::MappingEnd, _) => break,
                begun => begun,
            };
            let key_end = place(span.end);
            let depth = depth.saturating_add(1);
            let key = self.node(event, span, depth)?;
            let (event, span) = self.next()?;
            let mut value = self.node(event, span, depth)?;
            let Some(name) = self.key(&key) else { continue };
            let is_missing =
                matches!(&value.content, Content::Scalar(scalar) if scalar.is_missing());
            if is_missing {
                value.place = key.place;
            }
            if name == MERGE && is_plain(&key) {
                merged.extend(self.merge(value));
                continue;
            }
            let after = self.lines.next_sign(key_end).and_then(|at| self.lines.sign(at));
            let is_after_comma = style == StructureStyle::Flow && is_missing && after != Some(':');
            if let Some(line) = known.get(&name) {
                let what = What::Twice { key: shown(&name), line: *line };
                self.fault(key.place, what);
                continue;
            }
            known.insert(name.clone(), key.place.line);
            entries.push(Entry { key: name, place: key.place, value, is_after_comma });
        }
        for entry in merged {
            if !known.contains_key(&entry.key) {
                known.insert(entry.key.clone(), entry.place.line);
                entries.push(entry);
            }
        }
        Ok(Content::Map(entries))
    }

    /// The text of a key.
    fn key(&mut self, key: &Node) -> Option<String> {
        match &key.content {
            Content::Scalar(scalar) if scalar.is_missing() => {
                self.fault(key.place, What::NoKey);
                None
            }
            Content::Scalar(scalar) => Some(scalar.text.clone()),
            Content::List(_) | Content::Map(_) => {
                self.fault(key.place, What::OddKey);
                None
            }
        }
    }

    /// The entries that `<<` takes in.
    fn merge(&mut self, node: Node) -> Vec<Entry> {
        match node.content {
            Content::Map(entries) => entries,
            Content::List(items) => items.into_iter().flat_map(|item| self.merge(item)).collect(),
            Content::Scalar(_) => {
                self.fault(node.place, What::Merge);
                Vec::new()
            }
        }
    }
}

fn nothing() -> Content {
    let style = Style::Plain;
    Content::Scalar(Scalar { text: String::new(), style, comment: None, is_spaced: true })
}

fn text(text: &str) -> Content {
    let style = Style::Quoted;
    Content::Scalar(Scalar { text: text.to_owned(), style, comment: None, is_spaced: true })
}

fn is_plain(key: &Node) -> bool {
    matches!(&key.content, Content::Scalar(scalar) if scalar.style == Style::Plain)
}

/// A key as a message names it.
fn shown(key: &str) -> String {
    const LONGEST: usize = 60;
    if key.chars().count() <= LONGEST {
        return key.to_owned();
    }
    key.chars().take(LONGEST).chain(std::iter::once('…')).collect()
}

/// The line in which a text in quotation marks has taken in what was to be a key, indented no further
/// than the line in which it begins.
pub(super) fn swallowed(lines: &Lines<'_>, start: Place, end: Place) -> Option<u64> {
    let indent = lines.indent(start.line);
    (start.line.saturating_add(1)..=end.line)
        .find(|line| lines.indent(*line) <= indent && begins_key(lines.line(*line)))
}

/// How large a part of the tree is.
#[derive(Default)]
struct Size {
    n_nodes: usize,
    n_bytes: usize,
    depth: usize,
}

impl Size {
    fn of(node: &Node) -> Self {
        let mut size = Self { n_nodes: 1, ..Self::default() };
        match &node.content {
            Content::Scalar(scalar) => size.n_bytes = scalar.text.len(),
            Content::List(items) => items.iter().for_each(|item| size.add(item)),
            Content::Map(entries) => {
                for entry in entries {
                    size.add(&entry.value);
                    size.n_bytes = size.n_bytes.saturating_add(entry.key.len());
                }
            }
        }
        size
    }

    fn add(&mut self, part: &Node) {
        let part = Self::of(part);
        self.n_nodes = self.n_nodes.saturating_add(part.n_nodes);
        self.n_bytes = self.n_bytes.saturating_add(part.n_bytes);
        self.depth = self.depth.max(part.depth.saturating_add(1));
    }
}
