//! Bytes on their way out, and the tags of the stanzas among them.

use std::collections::VecDeque;

use log::warn;
use xmpp_parsers::stanza::Stanza;

use super::xml::serialise;

/// Largest stanza that is sent; servers end the stream for larger ones.
const STANZA: usize = 250_000;

/// Room that the buffer keeps once it is empty.
const IDLE_BUFFER: usize = 16_384;

/// Written bytes after which the buffer is moved together.
const COMPACT: usize = 65_536;

/// What is to be written.
#[derive(Debug, Default)]
pub(super) struct Outbox {
    buffer: Vec<u8>,
    /// Bytes of the buffer that are written.
    written: usize,
    /// Bytes that ever left the buffer's front, so that positions stay valid.
    gone: u64,
    /// Whether bytes may still wait in the TLS layer.
    needs_flush: bool,
    /// Where the stanza of each tag ends, in order.
    tags: VecDeque<(u64, u64)>,
}

impl Outbox {
    /// Appends the bytes of a stanza or of something else.
    pub(super) fn push(&mut self, tag: Option<u64>, bytes: &[u8]) {
        self.buffer.extend_from_slice(bytes);
        if let Some(tag) = tag {
            self.tags.push_back((self.end(), tag));
        }
    }

    /// The bytes to write next.
    pub(super) fn next(&self) -> &[u8] {
        self.buffer.get(self.written..).unwrap_or(&[])
    }

    /// So many bytes of [`Self::next`] are written.
    pub(super) fn wrote(&mut self, length: usize) {
        self.written = self.written.saturating_add(length);
        self.needs_flush = true;
        // Moving the rest to the front is worth it now and then: a busy buffer is never empty.
        if self.written >= self.buffer.len() || self.written >= COMPACT {
            self.gone = self.gone.saturating_add(bytes(self.written));
            self.buffer.drain(..self.written.min(self.buffer.len()));
            self.written = 0;
            if self.buffer.is_empty() {
                self.buffer.shrink_to(IDLE_BUFFER);
            }
        }
    }

    /// Everything written so far is out: the tags of those stanzas.
    pub(super) fn flushed(&mut self) -> Vec<u64> {
        self.needs_flush = false;
        let out = self.gone.saturating_add(bytes(self.written));
        let done = self.tags.partition_point(|&(end, _)| end <= out);
        self.tags.drain(..done).map(|(_, tag)| tag).collect()
    }

    /// The tags of all stanzas that are not out.
    pub(super) fn lost(&mut self) -> Vec<u64> {
        self.tags.drain(..).map(|(_, tag)| tag).collect()
    }

    /// Bytes that are not written.
    pub(super) fn len(&self) -> usize {
        self.buffer.len().saturating_sub(self.written)
    }

    /// Whether a flush is due.
    pub(super) fn needs_flush(&self) -> bool {
        self.needs_flush && self.len() == 0
    }

    /// Whether all bytes are out.
    pub(super) fn is_done(&self) -> bool {
        self.len() == 0 && !self.needs_flush
    }

    fn end(&self) -> u64 {
        self.gone.saturating_add(bytes(self.buffer.len()))
    }
}

/// A stanza as XML; `None` if it cannot be sent at all.
pub(super) fn stanza_bytes(stanza: &Stanza) -> Option<Vec<u8>> {
    let mut out = Vec::new();
    if let Err(error) = serialise(stanza, &mut out) {
        warn!("a stanza cannot be sent: {error}");
        return None;
    }
    if out.len() > STANZA {
        warn!("a stanza of {} bytes is too large to be sent", out.len());
        return None;
    }
    Some(out)
}

fn bytes(length: usize) -> u64 {
    u64::try_from(length).unwrap_or(u64::MAX)
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn tags_come_back_once_their_last_byte_is_flushed() {
        let mut outbox = Outbox::default();
        outbox.push(Some(1), b"one");
        outbox.push(None, b"two");
        outbox.push(Some(3), b"three");

        outbox.wrote(2);
        assert!(outbox.flushed().is_empty());
        outbox.wrote(5);
        assert_eq!(outbox.next(), b"hree");
        assert_eq!(outbox.flushed(), [1]);
        outbox.wrote(4);
        assert!(outbox.needs_flush() && !outbox.is_done());
        assert_eq!(outbox.flushed(), [3]);
        assert!(outbox.is_done());

        outbox.push(Some(4), b"four");
        outbox.wrote(4);
        outbox.push(Some(5), b"five");
        assert_eq!(outbox.flushed(), [4]);
        assert_eq!(outbox.lost(), [5]);
    }
}
