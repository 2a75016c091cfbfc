//! A stream while it is being set up: one question, one answer.

use std::fmt;

use jid::BareJid;
use log::debug;
use minidom::Element;
use tokio::io::{AsyncRead, AsyncReadExt as _, AsyncWrite, AsyncWriteExt as _};
use xmpp_parsers::ns;
use xmpp_parsers::stanza::Stanza;
use xso::AsXml;

use super::{
    Down, component,
    refusal::stream_error,
    xml::{Broken, Item, Limits, Reader, Rejection, serialise},
};

/// Bytes that are read at once.
const READ: usize = 16_384;

/// Stanzas that are kept of those that come before an answer.
const EARLY: usize = 256;

/// Longest text of the server that goes into an event.
const TEXT: usize = 200;

/// Either kind of connection.
pub(super) trait Io: AsyncRead + AsyncWrite + Send + Unpin {}

impl<T: AsyncRead + AsyncWrite + Send + Unpin> Io for T {}

/// What was read from the network and not yet looked at.
#[derive(Debug)]
pub(super) struct Input {
    reader: Reader,
    buffer: Vec<u8>,
    start: usize,
    end: usize,
}

impl Input {
    pub(super) fn new(own: &BareJid) -> Self {
        let reader = Reader::new(Limits::default(), own.clone());
        Self { reader, buffer: vec![0; READ], start: 0, end: 0 }
    }

    /// The next item out of what was read.
    pub(super) fn next(&mut self) -> Result<Option<Item>, Broken> {
        let mut rest = self.buffer.get(self.start..self.end).unwrap_or(&[]);
        let item = self.reader.next(&mut rest);
        self.start = self.end.saturating_sub(rest.len());
        item
    }

    /// The server's name for the stream, once that is open.
    pub(super) fn stream_id(&self) -> Option<&str> {
        self.reader.stream_id()
    }

    /// Room for the next read; call it only when [`Self::next`] has given all.
    pub(super) fn room(&mut self) -> &mut [u8] {
        &mut self.buffer
    }

    /// So many bytes of the room are filled.
    pub(super) fn filled(&mut self, length: usize) {
        self.start = 0;
        self.end = length;
    }

    fn is_empty(&self) -> bool {
        self.start >= self.end
    }

    /// Whether nothing was read yet, or what was read last is an alert of TLS (RFC 8446, section 5.1).
    fn is_tls_or_nothing(&self) -> bool {
        matches!(self.buffer.get(..self.end), Some([] | [0x15, 3, ..]))
    }
}

/// A stream that is being set up.
pub(super) struct Link<S> {
    io: S,
    input: Input,
    /// Stanzas that came where another answer was due.
    early: Vec<Item>,
    own: BareJid,
}

impl<S> fmt::Debug for Link<S> {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.debug_struct("Link").field("input", &self.input).finish_non_exhaustive()
    }
}

impl<S: Io> Link<S> {
    pub(super) fn new(io: S, own: &BareJid) -> Self {
        Self { io, input: Input::new(own), early: Vec::new(), own: own.clone() }
    }

    /// Opens a stream (anew, after a step of the login) and gives what the server offers.
    ///
    /// Before TLS the account stays unnamed.
    pub(super) async fn open(&mut self, names_account: bool) -> Result<Element, Down> {
        self.input = Input::new(&self.own);
        let from = if names_account {
            format!(" from='{}'", escape(self.own.as_str()))
        } else {
            String::new()
        };
        let header = format!(
            "<?xml version='1.0'?><stream:stream xmlns='{}' xmlns:stream='{}' to='{}'{from} \
             version='1.0' xml:lang='en'>",
            ns::DEFAULT_NS,
            ns::STREAM,
            escape(self.own.domain().as_str()),
        );
        self.write(header.as_bytes()).await?;
        loop {
            match self.next().await? {
                Item::Opened | Item::Bad(..) => {}
                Item::Nonza(features) if features.is("features", ns::STREAM) => {
                    return Ok(features);
                }
                Item::Nonza(_) | Item::Stanza(_) => {
                    return Err(Down::Broken("it offers no features".to_owned()));
                }
                Item::Closed => return Err(Down::Closed),
            }
        }
    }

    /// Opens a component's stream and gives the server's name for it (XEP-0114, 3).
    pub(super) async fn open_component(&mut self) -> Result<String, Down> {
        self.input = Input::new(&self.own);
        let header = format!(
            "<?xml version='1.0'?><stream:stream xmlns='{}' xmlns:stream='{}' to='{}'>",
            component::NS,
            ns::STREAM,
            escape(self.own.domain().as_str()),
        );
        self.write(header.as_bytes()).await?;
        match self.next().await? {
            Item::Opened => {
                let id = self.input.stream_id().map(str::to_owned);
                id.ok_or_else(|| Down::Broken("its stream has no id".to_owned()))
            }
            Item::Closed => Err(Down::Closed),
            Item::Nonza(_) | Item::Stanza(_) | Item::Bad(..) => {
                Err(Down::Broken("it opens no stream".to_owned()))
            }
        }
    }

    /// The next item; errors of the stream come as [`Down`].
    pub(super) async fn next(&mut self) -> Result<Item, Down> {
        loop {
            match self.input.next() {
                Ok(Some(Item::Nonza(element))) if element.is("error", ns::STREAM) => {
                    return Err(stream_error(&element, &self.own));
                }
                Ok(Some(item)) => return Ok(item),
                Ok(None) => {}
                Err(broken) => return Err(Down::Broken(broken.to_string())),
            }
            match self.io.read(self.input.room()).await {
                Ok(0) | Err(_) => return Err(Down::Closed),
                Ok(length) => self.input.filled(length),
            }
        }
    }

    /// The next item that is no stanza. Stanzas are kept: a resource that is just bound may have
    /// messages already.
    pub(super) async fn nonza(&mut self) -> Result<Element, Down> {
        loop {
            match self.next().await? {
                Item::Nonza(element) => return Ok(element),
                Item::Bad(head, why) if !is_stanza(&head.name) => {
                    return Err(unexpected(&head.name, Some(why)));
                }
                item @ (Item::Stanza(_) | Item::Bad(..)) => self.keep(item),
                Item::Opened => {}
                Item::Closed => return Err(Down::Closed),
            }
        }
    }

    /// Keeps a stanza for when the login is done. Others can send as many as they like; what is
    /// over the bound was sent to an address that did not listen yet.
    pub(super) fn keep(&mut self, item: Item) {
        if self.early.len() < EARLY {
            self.early.push(item);
        } else {
            debug!("a stanza that came during the login is not kept");
        }
    }

    /// The next item that is a stanza. One that cannot be read is kept, to be answered later.
    pub(super) async fn stanza(&mut self) -> Result<Stanza, Down> {
        loop {
            match self.next().await? {
                Item::Stanza(stanza) => return Ok(*stanza),
                Item::Bad(head, why) if !is_stanza(&head.name) => {
                    return Err(unexpected(&head.name, Some(why)));
                }
                item @ Item::Bad(..) => self.keep(item),
                Item::Nonza(_) | Item::Opened => {}
                Item::Closed => return Err(Down::Closed),
            }
        }
    }

    pub(super) async fn send(&mut self, element: &impl AsXml) -> Result<(), Down> {
        let mut bytes = Vec::new();
        serialise(element, &mut bytes)
            .map_err(|error| Down::Broken(format!("our own element cannot be written: {error}")))?;
        self.write(&bytes).await
    }

    async fn write(&mut self, bytes: &[u8]) -> Result<(), Down> {
        let written = async {
            self.io.write_all(bytes).await?;
            self.io.flush().await
        };
        written.await.map_err(|_closed| Down::Closed)
    }

    /// Whether the server sent more than it was asked for.
    pub(super) fn has_more(&self) -> bool {
        !self.input.is_empty()
    }

    /// Whether the server has ended a stream in the clear without a word, or with an alert of TLS.
    pub(super) fn may_want_tls(&self) -> bool {
        self.input.is_tls_or_nothing()
    }

    /// The connection, what was read ahead, and the stanzas that came early.
    pub(super) fn into_parts(self) -> (S, Input, Vec<Item>) {
        (self.io, self.input, self.early)
    }
}

/// Whether it is the name of a stanza.
pub(super) fn is_stanza(name: &str) -> bool {
    ["iq", "message", "presence"].contains(&name)
}

/// The server sent `name` where something else was due.
pub(super) fn unexpected(name: &str, why: Option<Rejection>) -> Down {
    let name = plain(name);
    Down::Broken(match why {
        Some(why) => format!("unusable <{name}>: {why}"),
        None => format!("unexpected <{name}>"),
    })
}

/// Makes a text of the server fit for an event: short, one line, in the order in which it is read.
pub(super) fn plain(text: &str) -> String {
    let is_odd = |c: char| {
        c.is_control()
            || matches!(c, '\u{200e}' | '\u{200f}' | '\u{2028}'..='\u{202e}' | '\u{2066}'..='\u{2069}')
    };
    let mut chars = text.trim().chars().map(|c| if is_odd(c) { ' ' } else { c });
    let mut plain: String = chars.by_ref().take(TEXT).collect();
    // The blank keeps what was cut from being taken for a whole name.
    if chars.next().is_some() {
        plain.push_str(" \u{2026}");
    }
    plain
}

fn escape(value: &str) -> String {
    value.replace('&', "&amp;").replace('<', "&lt;").replace('\'', "&#39;")
}
