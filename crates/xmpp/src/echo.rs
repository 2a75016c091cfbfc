//! Acknowledgements where the server has none (XEP-0114): a component asks itself for a sign of life
//! through the server. Stanzas keep their order, so once the question is back, the server has had
//! everything that went before it.

use std::collections::VecDeque;

/// Stanzas that may wait for the question to come back.
const UNACKED: usize = 20_000;

/// Bytes of them.
const UNACKED_BYTES: usize = 8_388_608;

/// What is on its way to the server.
#[derive(Debug, Default)]
pub(super) struct Echo {
    /// Tag and length of each stanza, in order.
    unacked: VecDeque<(Option<u64>, usize)>,
    bytes: usize,
    /// How many of them go before the question that is on its way.
    asked: Option<usize>,
}

impl Echo {
    /// Notes a stanza of ours.
    pub(super) fn sent(&mut self, tag: Option<u64>, length: usize) {
        self.unacked.push_back((tag, length));
        self.bytes = self.bytes.saturating_add(length);
    }

    /// Whether a question is of use, and none is on its way. If so, it is asked now.
    pub(super) fn ask(&mut self) -> bool {
        let asks = self.asked.is_none() && !self.unacked.is_empty();
        if asks {
            self.asked = Some(self.unacked.len());
        }
        asks
    }

    /// A question that is asked whether it is of use here or not goes behind all.
    pub(super) fn ask_anyway(&mut self) {
        self.asked = Some(self.unacked.len());
    }

    /// The question is back: the tags of the stanzas before it.
    pub(super) fn came_back(&mut self) -> Vec<u64> {
        let n = self.asked.take().unwrap_or(0).min(self.unacked.len());
        let mut tags = Vec::new();
        for (tag, length) in self.unacked.drain(..n) {
            self.bytes = self.bytes.saturating_sub(length);
            tags.extend(tag);
        }
        tags
    }

    /// Whether a question is on its way.
    pub(super) fn is_asked(&self) -> bool {
        self.asked.is_some()
    }

    /// Whether no more may be sent before a question is back.
    pub(super) fn is_full(&self) -> bool {
        self.unacked.len() >= UNACKED || self.bytes >= UNACKED_BYTES
    }

    /// Bytes that are on their way.
    pub(super) fn unacked_bytes(&self) -> usize {
        self.bytes
    }

    /// The tags of all stanzas whose fate is not known.
    pub(super) fn lost(&mut self) -> Vec<u64> {
        self.unacked.drain(..).filter_map(|(tag, _)| tag).collect()
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_question_that_is_back_acknowledges_what_went_before_it() {
        let mut echo = Echo::default();
        assert!(!echo.ask());
        echo.sent(Some(1), 10);
        echo.sent(None, 10);
        assert!(echo.ask());
        echo.sent(Some(2), 10);
        assert!(!echo.ask());

        assert_eq!(echo.came_back(), [1]);
        assert!(echo.came_back().is_empty());
        assert_eq!(echo.unacked_bytes(), 10);
        assert!(echo.ask());
        assert_eq!(echo.lost(), [2]);
    }
}
