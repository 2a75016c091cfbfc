//! The XML of a stream: bounded, and never ended by what one stanza holds.
//!
//! A stream is one endless document. Parsing it with one parser would make each fault in a
//! stanza a fault of the stream, for good. So the bytes are first cut into the children of the
//! root by the [`scan`] module, which counts bytes, levels and nodes as it goes; what is over a
//! limit is skipped without being kept, save for its head. Each piece is then given to a parser
//! of its own (`rxml`), after the opening tag of the stream, so that namespaces and `xml:lang`
//! are inherited as if the document were one.
//!
//! The cut needs no more than what well-formed XML guarantees: `<` occurs only in markup, and `>`
//! inside a tag only within quotes. What XMPP forbids (comments, processing instructions,
//! document types) ends the stream.

mod output;
mod scan;
#[cfg(test)]
mod tests;

use jid::{BareJid, Jid};
use minidom::Element;
use rxml::{
    AttrMap, Event, Options, Parse as _, Parser, QName, RawEvent, RawParser, WithOptions as _,
    error::EndOrError, xml_lang::XmlLangStack,
};
use thiserror::Error;
use xmpp_parsers::ns;
use xmpp_parsers::stanza::Stanza;
use xso::{Context, FromEventsBuilder as _, FromXml, error::FromEventsError};

use self::scan::{Mark, Scanner};
use super::component;

pub(super) use self::output::serialise;

/// What one child of the stream may be.
#[derive(Clone, Copy, Debug)]
pub(super) struct Limits {
    /// Bytes of a name or an attribute's value.
    pub(super) token: usize,
    /// Bytes of a stanza.
    pub(super) stanza: usize,
    /// Levels of elements, the stanza's own among them.
    pub(super) depth: usize,
    /// Elements and runs of text.
    pub(super) nodes: usize,
    /// How many times the bytes and nodes of a stranger's stanza the own server's may have: a
    /// roster of ten thousand contacts has about 0.8 MB.
    pub(super) own_server: usize,
}

impl Default for Limits {
    fn default() -> Self {
        Self { token: 65_536, stanza: 262_144, depth: 32, nodes: 2_000, own_server: 64 }
    }
}

/// Why something that arrived is no stanza to us.
#[derive(Clone, Copy, Debug, Eq, Error, PartialEq)]
pub enum Rejection {
    /// Too many bytes.
    #[error("it has more than {limit} bytes")]
    TooBig {
        /// The bytes that are allowed.
        limit: usize,
    },
    /// Too many levels of elements.
    #[error("its elements are nested more than {limit} levels deep")]
    TooDeep {
        /// The levels that are allowed.
        limit: usize,
    },
    /// Too many elements and texts.
    #[error("it has more than {limit} elements and texts")]
    TooManyNodes {
        /// The number that is allowed.
        limit: usize,
    },
    /// A name or an attribute is too long.
    #[error("it has a name or an attribute of more than {limit} bytes")]
    TokenTooLong {
        /// The bytes that are allowed.
        limit: usize,
    },
    /// It is no well-formed XML with namespaces.
    #[error("it is not well-formed")]
    Malformed,
    /// It is XML, but breaks the form of its kind of stanza.
    #[error("it is no valid stanza: {0}")]
    Invalid(&'static str),
}

/// Why the stream as a whole cannot go on.
#[derive(Clone, Copy, Debug, Eq, Error, PartialEq)]
pub(super) enum Broken {
    #[error("its XML is not well-formed")]
    NotWellFormed,
    #[error("it uses XML that is forbidden in XMPP")]
    Restricted,
    #[error("it does not open an XMPP stream")]
    NoStream,
}

/// What is known of a child of the stream even when the rest is not kept.
#[derive(Clone, Debug, Default, Eq, PartialEq)]
pub(super) struct Head {
    /// The name, without a prefix.
    pub(super) name: String,
    /// The sender, if it is an address.
    pub(super) from: Option<Jid>,
    /// Whether there is a `from` at all, readable or not.
    pub(super) has_from: bool,
    /// The addressee, if it is an address.
    pub(super) to: Option<Jid>,
    /// The `id`, unless absurdly long.
    pub(super) id: Option<String>,
    /// The `type`, unless absurdly long.
    pub(super) type_: Option<String>,
}

/// One piece of the stream.
#[derive(Debug)]
pub(super) enum Item {
    /// The opening tag of the stream.
    Opened,
    /// A stanza.
    Stanza(Box<Stanza>),
    /// Another child of the stream: features, errors, steps of TLS and SASL.
    Nonza(Element),
    /// A child of the stream that was dropped.
    Bad(Head, Rejection),
    /// The end tag of the stream.
    Closed,
}

/// Bytes of `id` and `type` that are worth keeping of a dropped stanza.
const HEAD_VALUE: usize = 1_024;

/// Room that the buffer keeps between stanzas.
const IDLE_BUFFER: usize = 16_384;

/// Cuts the bytes of one stream into [`Item`]s.
#[derive(Debug)]
pub(super) struct Reader {
    limits: Limits,
    /// The own account: what it or its server sends may be larger.
    own: BareJid,
    scanner: Scanner,
    /// The opening tag of the stream, once complete.
    opening: Vec<u8>,
    /// The server's name for the stream.
    stream_id: Option<String>,
    /// The child being read, or the opening tag; empty once over a limit.
    piece: Vec<u8>,
    /// Bytes of the child so far, kept or not.
    seen: usize,
    /// Elements and texts of the child so far.
    nodes: usize,
    /// Head of the child, once complete or given up.
    head: Option<Head>,
    /// Why the child is being skipped.
    fault: Option<Rejection>,
    /// Times the limits of bytes and nodes for this child.
    factor: usize,
}

impl Reader {
    /// A reader at the start of a stream to the account `own`.
    pub(super) fn new(limits: Limits, own: BareJid) -> Self {
        Self {
            limits,
            own,
            scanner: Scanner::default(),
            opening: Vec::new(),
            stream_id: None,
            piece: Vec::new(),
            seen: 0,
            nodes: 0,
            head: None,
            fault: None,
            factor: 1,
        }
    }

    /// The server's name for the stream, once that is open.
    pub(super) fn stream_id(&self) -> Option<&str> {
        self.stream_id.as_deref()
    }

    /// Takes bytes from `input` until a piece is complete (`Some`) or the input used up (`None`).
    ///
    /// # Errors
    ///
    /// [`Broken`] if the stream as a whole cannot go on; the reader is of no use then.
    pub(super) fn next(&mut self, input: &mut &[u8]) -> Result<Option<Item>, Broken> {
        while !input.is_empty() {
            let (length, mark) = self.scanner.scan(input)?;
            let (bytes, rest) = input.split_at_checked(length).unwrap_or((input, &[]));
            *input = rest;
            let item = match mark {
                Mark::Between => {
                    // A `<` of the XML declaration may have been kept.
                    self.reset();
                    None
                }
                Mark::Inside => {
                    self.keep(bytes);
                    None
                }
                Mark::Node => {
                    self.keep(bytes);
                    self.count();
                    None
                }
                Mark::Opened => {
                    self.keep(bytes);
                    Some(self.open()?)
                }
                Mark::Complete => {
                    self.keep(bytes);
                    if self.head.is_none() {
                        self.count();
                    }
                    Some(self.finish())
                }
                Mark::Closed => Some(Item::Closed),
            };
            if item.is_some() {
                return Ok(item);
            }
        }
        Ok(None)
    }

    fn keep(&mut self, bytes: &[u8]) {
        self.seen = self.seen.saturating_add(bytes.len());
        if self.fault.is_some() {
            return;
        }
        let limit = self.limits.stanza.saturating_mul(self.factor);
        if self.seen > limit {
            // What was kept so far may still tell who sent it.
            self.skip(Rejection::TooBig { limit });
        } else {
            self.piece.extend_from_slice(bytes);
        }
    }

    /// Counts a node and, at the end of its first tag, looks at the head of the child.
    fn count(&mut self) {
        self.nodes = self.nodes.saturating_add(1);
        if self.fault.is_some() {
            return;
        }
        if self.head.is_none() {
            let head = read_head(&self.piece, self.limits.stanza);
            if self.is_own(&head) {
                self.factor = self.limits.own_server;
            }
            self.head = Some(head);
        }
        let nodes = self.limits.nodes.saturating_mul(self.factor);
        if self.scanner.deepest() > self.limits.depth {
            self.skip(Rejection::TooDeep { limit: self.limits.depth });
        } else if self.nodes > nodes {
            self.skip(Rejection::TooManyNodes { limit: nodes });
        }
    }

    /// Stanzas of the own server have no `from`, or the account or its domain as that.
    fn is_own(&self, head: &Head) -> bool {
        head.from.as_ref().map_or(!head.has_from, |from| {
            from.resource().is_none()
                && from.domain() == self.own.domain()
                && (from.node().is_none() || from.node() == self.own.node())
        })
    }

    fn skip(&mut self, why: Rejection) {
        self.fault = Some(why);
        let piece = std::mem::take(&mut self.piece);
        self.head.get_or_insert_with(|| read_head(&piece, self.limits.stanza));
    }

    fn open(&mut self) -> Result<Item, Broken> {
        let opening = std::mem::take(&mut self.piece);
        let fault = self.fault.take();
        self.reset();
        let start = Events::new(self.limits.token).start(&mut opening.as_slice());
        match (fault, start) {
            (None, Ok((name, _))) if name.0 == ns::STREAM && name.1 == "stream" => {
                self.stream_id = read_head(&opening, self.limits.token).id;
                self.opening = as_client(opening);
                Ok(Item::Opened)
            }
            _ => Err(Broken::NoStream),
        }
    }

    fn finish(&mut self) -> Item {
        let parsed = match self.fault.take() {
            Some(why) => Err(why),
            None => parse(&self.opening, &self.piece, self.limits.token),
        };
        let head = self.head.take().unwrap_or_default();
        self.reset();
        parsed.unwrap_or_else(|why| Item::Bad(head, why))
    }

    fn reset(&mut self) {
        self.piece.clear();
        self.piece.shrink_to(IDLE_BUFFER);
        self.seen = 0;
        self.nodes = 0;
        self.head = None;
        self.fault = None;
        self.factor = 1;
    }
}

/// The opening tag with the namespace of a client's stream in the place of a component's: the stanzas
/// that follow are the same.
fn as_client(mut opening: Vec<u8>) -> Vec<u8> {
    let name = component::NS.as_bytes();
    if let Some(at) = opening.windows(name.len()).position(|window| window == name) {
        opening.splice(at..at.saturating_add(name.len()), ns::DEFAULT_NS.bytes());
    }
    opening
}

/// A parser of one child of the stream, with its limit.
struct Events {
    parser: Parser,
    token: usize,
}

impl Events {
    fn new(token: usize) -> Self {
        let options = Options { max_token_length: token, ..Options::default() };
        Self { parser: Parser::with_options(options), token }
    }

    /// The next event out of `bytes`, which are complete.
    fn next(&mut self, bytes: &mut &[u8]) -> Result<Event, Rejection> {
        match self.parser.parse(bytes, false) {
            Ok(Some(event)) => Ok(event),
            // Of the things that rxml calls restricted, only this one passes the scanner.
            Err(EndOrError::Error(rxml::Error::RestrictedXml(_))) => {
                Err(Rejection::TokenTooLong { limit: self.token })
            }
            Ok(None) | Err(EndOrError::NeedMoreData | EndOrError::Error(_)) => {
                Err(Rejection::Malformed)
            }
        }
    }

    /// The start tag that `bytes` begin with.
    fn start(&mut self, bytes: &mut &[u8]) -> Result<(QName, AttrMap), Rejection> {
        match self.next(bytes)? {
            Event::StartElement(_, name, attributes) => Ok((name, attributes)),
            Event::XmlDeclaration(..) | Event::EndElement(_) | Event::Text(..) => {
                Err(Rejection::Malformed)
            }
        }
    }
}

/// Reads one child of the stream.
fn parse(opening: &[u8], piece: &[u8], token: usize) -> Result<Item, Rejection> {
    let mut events = Events::new(token);
    let mut languages = XmlLangStack::new();
    let (_, attributes) = events.start(&mut { opening })?;
    languages.push_from_attrs(&attributes);
    let mut rest = piece;
    let (name, attributes) = events.start(&mut rest)?;
    languages.push_from_attrs(&attributes);
    let is_stanza =
        name.0 == ns::DEFAULT_NS && ["iq", "message", "presence"].contains(&name.1.as_str());
    let mut body = Body { events, languages, rest };
    if is_stanza {
        body.build::<Stanza>(name, attributes).map(|stanza| Item::Stanza(Box::new(stanza)))
    } else {
        body.build::<Element>(name, attributes).map(Item::Nonza)
    }
}

/// What follows the start tag of a child of the stream.
struct Body<'a> {
    events: Events,
    languages: XmlLangStack,
    rest: &'a [u8],
}

impl Body<'_> {
    fn build<T: FromXml>(&mut self, name: QName, attributes: AttrMap) -> Result<T, Rejection> {
        let context = Context::empty().with_language(self.languages.current());
        let mut builder =
            T::from_events(name, attributes, &context).map_err(|error| match error {
                FromEventsError::Mismatch { .. } => Rejection::Invalid("unknown kind"),
                FromEventsError::Invalid(error) => invalid(&error),
            })?;
        loop {
            let event = self.events.next(&mut self.rest)?;
            self.languages.handle_event(&event);
            let context = Context::empty().with_language(self.languages.current());
            if let Some(built) = builder.feed(event, &context).map_err(|error| invalid(&error))? {
                return if self.rest.is_empty() { Ok(built) } else { Err(Rejection::Malformed) };
            }
        }
    }
}

/// The reason without the contents: only texts that are constants of the libraries.
fn invalid(error: &xso::error::Error) -> Rejection {
    Rejection::Invalid(match error {
        xso::error::Error::XmlError(_) => "XML error",
        xso::error::Error::TextParseError(_) => "a value cannot be read",
        xso::error::Error::Other(text) => text,
        xso::error::Error::TypeMismatch => "unexpected element",
    })
}

/// Reads what can be read of the first tag in `piece`, which may be cut off or faulty.
fn read_head(piece: &[u8], token: usize) -> Head {
    let mut parser =
        RawParser::with_options(Options { max_token_length: token, ..Options::default() });
    let mut head = Head::default();
    let mut rest = piece;
    while let Ok(Some(event)) = parser.parse(&mut rest, false) {
        match event {
            RawEvent::ElementHeadOpen(_, (_, name)) if name.len() <= HEAD_VALUE => {
                name.as_str().clone_into(&mut head.name);
            }
            RawEvent::Attribute(_, (None, name), value) => match name.as_str() {
                "from" => {
                    head.has_from = true;
                    head.from = Jid::new(&value).ok();
                }
                "to" => head.to = Jid::new(&value).ok(),
                "id" if value.len() <= HEAD_VALUE => head.id = Some(value),
                "type" if value.len() <= HEAD_VALUE => head.type_ = Some(value),
                _ => {}
            },
            RawEvent::XmlDeclaration(..)
            | RawEvent::ElementHeadOpen(..)
            | RawEvent::Attribute(..) => {}
            RawEvent::ElementHeadClose(_) | RawEvent::ElementFoot(_) | RawEvent::Text(..) => break,
        }
    }
    head
}
