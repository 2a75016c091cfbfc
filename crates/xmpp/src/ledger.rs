//! What both sides of a stream have acknowledged (XEP-0198, Stream Management).
//!
//! ```text
//! we  -> <enable resume='true'/>      server -> <enabled id='…' resume='true'/>
//! we  -> stanzas, <r/>                server -> <a h='stanzas of ours that it has'/>
//! server -> stanzas, <r/>             we     -> <a h='stanzas of its that we have'/>
//! (the line breaks, a new one is logged in)
//! we  -> <resume previd='…' h='…'/>   server -> <resumed h='…'/>, then both send the rest again
//! ```

use std::{collections::VecDeque, time::Duration};

use minidom::Element;
use xmpp_parsers::{ns, sm};

use super::{Down, xml::serialise};

/// Stanzas that may wait for an acknowledgement. A small number would let a flood of inbound
/// stanzas, behind which the acknowledgements come, silence us.
const UNACKED: usize = 20_000;

/// Bytes of them.
const UNACKED_BYTES: usize = 8_388_608;

/// How long a stream can be taken up again if the server does not say.
const RESUMABLE: Duration = Duration::from_mins(5);

/// The longest that we believe a server.
const RESUMABLE_MOST: Duration = Duration::from_hours(1);

/// The counts of one stream, which may outlive its connection.
#[derive(Debug)]
pub(super) struct Ledger {
    /// The server's name for the stream, if it can be taken up again.
    id: Option<String>,
    resumable: Duration,
    /// Stanzas received, modulo 2^32.
    received: u32,
    /// Stanzas of ours that the server has, modulo 2^32.
    acked: u32,
    unacked: VecDeque<Unacked>,
    unacked_bytes: usize,
    /// Whether an answer to `<r/>` is due.
    is_asked: bool,
}

#[derive(Debug)]
struct Unacked {
    bytes: Box<[u8]>,
    tag: Option<u64>,
}

impl Ledger {
    /// An empty ledger for what `<enabled/>` says.
    pub(super) fn new(enabled: &Element) -> Self {
        let may_resume = matches!(enabled.attr("resume"), Some("true" | "1"));
        let max = enabled.attr("max").and_then(|max| max.parse().ok()).map(Duration::from_secs);
        Self {
            id: enabled.attr("id").filter(|_| may_resume).map(str::to_owned),
            resumable: max.unwrap_or(RESUMABLE).min(RESUMABLE_MOST),
            received: 0,
            acked: 0,
            unacked: VecDeque::new(),
            unacked_bytes: 0,
            is_asked: false,
        }
    }

    /// Notes a stanza of ours.
    pub(super) fn sent(&mut self, bytes: Vec<u8>, tag: Option<u64>) {
        self.unacked_bytes = self.unacked_bytes.saturating_add(bytes.len());
        self.unacked.push_back(Unacked { bytes: bytes.into_boxed_slice(), tag });
    }

    /// Notes a stanza of the server.
    pub(super) fn received(&mut self) {
        self.received = self.received.wrapping_add(1);
    }

    /// The server has `h` stanzas of ours: the tags of those that it did not have before.
    ///
    /// # Errors
    ///
    /// [`Down::Broken`] if it has more than were sent.
    pub(super) fn acked(&mut self, h: u32) -> Result<Vec<u64>, Down> {
        let new = usize::try_from(h.wrapping_sub(self.acked)).unwrap_or(usize::MAX);
        if new > self.unacked.len() {
            return Err(Down::Broken("it acknowledged more than was sent".to_owned()));
        }
        self.acked = h;
        let freed: Vec<Unacked> = self.unacked.drain(..new).collect();
        let bytes = freed.iter().map(|unacked| unacked.bytes.len()).sum();
        self.unacked_bytes = self.unacked_bytes.saturating_sub(bytes);
        Ok(freed.into_iter().filter_map(|unacked| unacked.tag).collect())
    }

    /// An `<a/>` of the server came.
    pub(super) fn on_answer(&mut self, answer: &Element) -> Result<Vec<u64>, Down> {
        self.is_asked = false;
        let h = count(answer).ok_or_else(|| Down::Broken("its <a/> has no count".to_owned()))?;
        self.acked(h)
    }

    /// The `<r/>` to send, if there is something to ask for and no answer is due.
    pub(super) fn ask(&mut self) -> Option<Vec<u8>> {
        (!self.is_asked && !self.unacked.is_empty()).then(|| self.ask_anyway())
    }

    /// An `<r/>`, which any server answers at once.
    pub(super) fn ask_anyway(&mut self) -> Vec<u8> {
        self.is_asked = true;
        format!("<r xmlns='{}'/>", ns::SM).into_bytes()
    }

    /// The `<a/>` that answers the server's `<r/>`.
    pub(super) fn answer(&self) -> Vec<u8> {
        let mut bytes = Vec::new();
        // A number in an attribute can always be written.
        serialise(&sm::A::new(self.received), &mut bytes).unwrap_or_default();
        bytes
    }

    /// Bytes that the server has not acknowledged.
    pub(super) fn unacked_bytes(&self) -> usize {
        self.unacked_bytes
    }

    /// Whether an answer to `<r/>` is due.
    pub(super) fn is_asked(&self) -> bool {
        self.is_asked
    }

    /// Whether no more may be sent before the server acknowledges something.
    pub(super) fn is_full(&self) -> bool {
        self.unacked.len() >= UNACKED || self.unacked_bytes >= UNACKED_BYTES
    }

    /// How to ask for the stream on a new connection, and for how long that is of use.
    pub(super) fn resume(&self) -> Option<(sm::Resume, Duration)> {
        let id = self.id.clone()?;
        let request = sm::Resume { h: self.received, previd: sm::StreamId(id) };
        Some((request, self.resumable))
    }

    /// The stream goes on on a new connection: what is to be sent again.
    pub(super) fn resumed(&mut self) -> impl Iterator<Item = &[u8]> {
        self.is_asked = false;
        self.unacked.iter().map(|unacked| &*unacked.bytes)
    }

    /// The tags of all stanzas whose fate is not known.
    pub(super) fn into_lost(self) -> Vec<u64> {
        self.unacked.into_iter().filter_map(|unacked| unacked.tag).collect()
    }
}

/// The attribute `h` of an element.
pub(super) fn count(element: &Element) -> Option<u32> {
    element.attr("h")?.parse().ok()
}

#[cfg(test)]
mod tests {
    use super::*;

    fn ledger(enabled: &str) -> Ledger {
        let text = format!("<enabled xmlns='{}' {enabled}/>", ns::SM);
        Ledger::new(&text.parse::<Element>().unwrap())
    }

    #[test]
    fn what_is_acknowledged_is_not_sent_again() {
        let mut ledger = ledger("id='x' resume='true' max='7'");
        for (tag, text) in [(1, "one"), (2, "two"), (3, "three")] {
            ledger.sent(text.into(), Some(tag));
        }

        assert!(ledger.ask().is_some());
        assert!(ledger.ask().is_none());
        assert_eq!(ledger.acked(2), Ok(vec![1, 2]));
        assert_eq!(ledger.acked(2), Ok(vec![]));
        assert_eq!(ledger.resumed().collect::<Vec<_>>(), [b"three"]);
        let (request, limit) = ledger.resume().unwrap();
        assert_eq!((request.h, limit), (0, Duration::from_secs(7)));
        assert_eq!(ledger.into_lost(), [3]);
    }

    #[test]
    fn counts_of_a_broken_server_are_refused() {
        let mut ledger = ledger("id='x' resume='1'");
        ledger.sent(Vec::new(), Some(1));
        assert!(ledger.acked(2).is_err());
        assert!(ledger.acked(u32::MAX).is_err());
        assert_eq!(ledger.acked(1), Ok(vec![1]));
        assert!(ledger.acked(0).is_err());
    }

    #[test]
    fn counts_wrap_around() {
        let mut ledger = ledger("");
        ledger.acked = u32::MAX;
        ledger.received = u32::MAX;
        ledger.sent(Vec::new(), Some(1));
        ledger.received();
        assert_eq!(ledger.acked(0), Ok(vec![1]));
        assert_eq!(ledger.received, 0);
        assert!(ledger.resume().is_none());
    }
}
