//! Finds where the children of a stream begin and end, without keeping a byte.

use super::Broken;

/// What the bytes that were just scanned are.
#[derive(Clone, Copy, Debug, Eq, PartialEq)]
pub(super) enum Mark {
    /// Nothing: white space between the children, the XML declaration.
    Between,
    /// Part of a child (or of the opening tag), and the input ended.
    Inside,
    /// Part of a child, up to the end of a start tag or the begin of a text.
    Node,
    /// The opening tag of the stream is complete.
    Opened,
    /// A child is complete.
    Complete,
    /// The end tag of the stream is complete.
    Closed,
}

#[derive(Clone, Copy, Debug, Eq, PartialEq)]
enum State {
    /// Between tags, where the last byte was a tag's.
    AfterTag,
    /// In text.
    Text,
    /// After `<`.
    Markup,
    /// In a start tag.
    StartTag { last_is_slash: bool },
    /// In an attribute's value, up to this quote.
    Quoted { quote: u8 },
    /// In an end tag.
    EndTag,
    /// After `<!`, so many bytes of `[CDATA[` are read.
    CdataOpening { read: usize },
    /// In a CDATA section, so many bytes of `]]>` are read.
    Cdata { read: usize },
    /// In the XML declaration.
    Declaration { last_is_mark: bool },
    /// After the end of the stream.
    Over,
}

const CDATA: &[u8; 7] = b"[CDATA[";

/// Follows the markup of one stream.
#[derive(Debug)]
pub(super) struct Scanner {
    state: State,
    /// Elements that are open; the stream itself is the first.
    depth: usize,
    /// The greatest depth within the present child, which itself is the first level.
    deepest: usize,
    /// Whether an XML declaration may come.
    at_start: bool,
}

impl Default for Scanner {
    fn default() -> Self {
        Self { state: State::AfterTag, depth: 0, deepest: 0, at_start: true }
    }
}

impl Scanner {
    /// Levels of the present child so far.
    pub(super) fn deepest(&self) -> usize {
        self.deepest
    }

    /// Follows `input` up to the next thing worth a mark: the number of bytes and the mark.
    pub(super) fn scan(&mut self, input: &[u8]) -> Result<(usize, Mark), Broken> {
        let began_between = self.is_between();
        for (ix, &byte) in input.iter().enumerate() {
            let was_between = self.is_between();
            if was_between && !began_between {
                // The XML declaration has just ended.
                return Ok((ix, Mark::Between));
            }
            if let Some(mark) = self.step(byte)? {
                return Ok((ix.saturating_add(1), mark));
            }
            // A child begins here: what came before belongs to nothing.
            if was_between && !self.is_between() && ix > 0 {
                self.state = State::AfterTag;
                return Ok((ix, Mark::Between));
            }
        }
        let mark =
            if self.is_between() || self.is_declaration() { Mark::Between } else { Mark::Inside };
        Ok((input.len(), mark))
    }

    fn is_between(&self) -> bool {
        self.depth <= 1 && matches!(self.state, State::AfterTag | State::Text)
    }

    fn is_declaration(&self) -> bool {
        matches!(self.state, State::Declaration { .. })
    }

    fn step(&mut self, byte: u8) -> Result<Option<Mark>, Broken> {
        let (state, mark) = match (self.state, byte) {
            (State::AfterTag | State::Text, b'<') => (State::Markup, None),
            (State::AfterTag | State::Text, _) if self.depth <= 1 => {
                if !byte.is_ascii_whitespace() {
                    return Err(Broken::NotWellFormed);
                }
                (State::AfterTag, None)
            }
            (State::AfterTag, _) => (State::Text, Some(Mark::Node)),
            (State::Text, _) => (State::Text, None),
            (State::Markup, b'/') => (State::EndTag, None),
            (State::Markup, b'!') if self.depth > 1 => (State::CdataOpening { read: 0 }, None),
            (State::Markup, b'?') if self.at_start => {
                (State::Declaration { last_is_mark: false }, None)
            }
            (State::Markup, b'!' | b'?') => return Err(Broken::Restricted),
            (State::Markup, b'<' | b'>' | b'"' | b'\'' | b' ' | b'\t' | b'\r' | b'\n')
            | (State::StartTag { .. } | State::EndTag, b'<') => return Err(Broken::NotWellFormed),
            (State::Markup, _) => (State::StartTag { last_is_slash: false }, None),
            (State::StartTag { .. }, quote @ (b'"' | b'\'')) => (State::Quoted { quote }, None),
            (State::StartTag { last_is_slash }, b'>') => {
                (State::AfterTag, Some(self.started(last_is_slash)?))
            }
            (State::StartTag { .. }, _) => (State::StartTag { last_is_slash: byte == b'/' }, None),
            (State::Quoted { quote }, _) if byte == quote => {
                (State::StartTag { last_is_slash: false }, None)
            }
            (State::Quoted { quote }, _) => (State::Quoted { quote }, None),
            (State::EndTag, b'>') => return self.ended().map(Some),
            (State::EndTag, _) => (State::EndTag, None),
            (State::CdataOpening { read }, _) => {
                if CDATA.get(read) != Some(&byte) {
                    return Err(Broken::Restricted);
                }
                let read = read.saturating_add(1);
                if read == CDATA.len() {
                    (State::Cdata { read: 0 }, Some(Mark::Node))
                } else {
                    (State::CdataOpening { read }, None)
                }
            }
            (State::Cdata { read: 2.. }, b'>') => (State::AfterTag, None),
            (State::Cdata { read }, b']') => {
                (State::Cdata { read: read.saturating_add(1).min(2) }, None)
            }
            (State::Cdata { .. }, _) => (State::Cdata { read: 0 }, None),
            (State::Declaration { last_is_mark: true }, b'>') => {
                self.at_start = false;
                (State::AfterTag, None)
            }
            (State::Declaration { .. }, _) => {
                (State::Declaration { last_is_mark: byte == b'?' }, None)
            }
            // White space after the end does no harm; RFC 6120 has nothing else there.
            (State::Over, _) if byte.is_ascii_whitespace() => (State::Over, None),
            (State::Over, _) => return Err(Broken::NotWellFormed),
        };
        self.state = state;
        Ok(mark)
    }

    /// A start tag is complete.
    fn started(&mut self, is_empty: bool) -> Result<Mark, Broken> {
        self.at_start = false;
        match (self.depth, is_empty) {
            (0, true) => Err(Broken::NoStream),
            (0, false) => {
                self.depth = 1;
                Ok(Mark::Opened)
            }
            (1, true) => {
                self.deepest = 1;
                Ok(Mark::Complete)
            }
            (depth, _) => {
                self.deepest = if depth == 1 { 1 } else { self.deepest.max(depth) };
                if !is_empty {
                    self.depth = depth.saturating_add(1);
                }
                Ok(Mark::Node)
            }
        }
    }

    /// An end tag is complete.
    fn ended(&mut self) -> Result<Mark, Broken> {
        self.state = State::AfterTag;
        self.depth = self.depth.checked_sub(1).ok_or(Broken::NotWellFormed)?;
        Ok(match self.depth {
            0 => {
                self.state = State::Over;
                Mark::Closed
            }
            1 => Mark::Complete,
            _ => Mark::Inside,
        })
    }
}
