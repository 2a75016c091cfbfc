//! Fragments: encoded messages that are too long for the network, in pieces (OTRv3,
//! "Fragmentation").
//!
//! One message at a time is put together for each client of the peer, and only a few clients at a
//! time, so that a flood of fragments costs a bounded amount of memory. Where the specification
//! forgets a stored fragment on any other message, here one of the same client makes it do so:
//! what one client sends does not disturb what another is sending.

use std::time::Instant;

use super::armor;
use super::error::Ignored;
use super::instance::PeerId;
use super::limits::{Limits, PARTIAL_LIFETIME};
use super::version::Address;

/// A piece of a message.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Fragment<'a> {
    /// Who sends it to whom.
    pub address: Address,
    /// Number of the piece, from 1.
    pub k: u16,
    /// How many pieces there are.
    pub n: u16,
    /// The piece.
    pub piece: &'a str,
}

impl<'a> Fragment<'a> {
    /// Reads `?OTR|sender|receiver,k,n,piece,` or `?OTR,k,n,piece,`. Tags are hexadecimal in
    /// either case; all numbers may have leading zeros or not, and blanks before them.
    pub fn parse(text: &'a str) -> Option<Self> {
        let (address, rest) = if let Some(rest) = text.strip_prefix("?OTR|") {
            let (sender, rest) = rest.split_once('|')?;
            let (receiver, rest) = rest.split_once(',')?;
            (Address::from_tags(tag(sender)?, tag(receiver)?)?, rest)
        } else {
            (Address::V2, text.strip_prefix("?OTR,")?)
        };
        let (k, rest) = rest.split_once(',')?;
        let (n, rest) = rest.split_once(',')?;
        let (piece, _) = rest.split_once(',')?;
        let (k, n) = (number(k)?, number(n)?);
        let is_legal = k != 0 && k <= n && !piece.is_empty();
        is_legal.then_some(Self { address, k, n, piece })
    }
}

fn tag(digits: &str) -> Option<u32> {
    let digits = digits.trim_ascii_start();
    let is_hex = (1..=8).contains(&digits.len()) && digits.bytes().all(|d| d.is_ascii_hexdigit());
    is_hex.then(|| u32::from_str_radix(digits, 16).ok()).flatten()
}

fn number(digits: &str) -> Option<u16> {
    let digits = digits.trim_ascii_start();
    let is_decimal = (1..=8).contains(&digits.len()) && digits.bytes().all(|d| d.is_ascii_digit());
    is_decimal.then(|| digits.parse().ok()).flatten()
}

/// Splits an encoded message into messages of at most `max_bytes` each, header included. Room for
/// one byte of the message is taken in any case, and more if 65,535 pieces would not do.
pub fn split(text: String, address: Address, max_bytes: usize) -> Vec<String> {
    if text.len() <= max_bytes {
        return vec![text];
    }
    let overhead = header(address, 1, 1).len().saturating_add(1);
    let least = text.len().div_ceil(usize::from(u16::MAX)).max(1);
    let piece_bytes = max_bytes.saturating_sub(overhead).max(least);
    let n = u16::try_from(text.len().div_ceil(piece_bytes)).unwrap_or(u16::MAX);
    // An encoded message is ASCII, so that it may be cut anywhere.
    text.as_bytes()
        .chunks(piece_bytes)
        .zip(1..=n)
        .map(|(piece, k)| [&header(address, k, n), &*String::from_utf8_lossy(piece), ","].concat())
        .collect()
}

/// The header in libotr's own form, which every implementation reads.
fn header(address: Address, k: u16, n: u16) -> String {
    match address {
        Address::V2 => format!("?OTR,{k:05},{n:05},"),
        Address::V3 { sender, receiver } => {
            format!("?OTR|{:08x}|{:08x},{k:05},{n:05},", sender.to_u32(), receiver.to_u32())
        }
    }
}

/// Puts messages together.
#[derive(Debug, Default)]
pub struct Reassembler {
    partials: Vec<Partial>,
    limits: Limits,
}

/// A message of which the pieces 1 to `k` of `n` are here.
#[derive(Debug)]
struct Partial {
    sender: PeerId,
    k: u16,
    n: u16,
    text: String,
    touched: Instant,
}

impl Reassembler {
    /// One that holds so many messages, which are so long.
    pub fn new(limits: Limits) -> Self {
        Self { partials: Vec::new(), limits }
    }

    /// Takes a piece, and gives the message if it was the last one. Clients that `is_known` keep
    /// their partial messages when there are too many.
    ///
    /// # Errors
    ///
    /// [`Ignored::Fragment`] if the piece is out of order, [`Ignored::TooLong`].
    pub fn accept(
        &mut self,
        now: Instant,
        fragment: &Fragment<'_>,
        is_known: impl Fn(PeerId) -> bool,
    ) -> Result<Option<String>, Ignored> {
        let sender = fragment.address.sender();
        let stored = self.take(sender);
        let mut partial = if fragment.k == 1 {
            Partial { sender, k: 1, n: fragment.n, text: String::new(), touched: now }
        } else {
            stored
                .filter(|stored| stored.n == fragment.n)
                .filter(|stored| stored.k.checked_add(1) == Some(fragment.k))
                .ok_or(Ignored::Fragment)?
        };
        if partial.text.len().saturating_add(fragment.piece.len()) > self.limits.message_bytes {
            return Err(Ignored::TooLong);
        }
        // Gateways break long lines; no encoded message has blanks in it.
        partial.text.extend(fragment.piece.split_ascii_whitespace());
        partial.k = fragment.k;
        partial.touched = now;
        if !armor::PREFIX.starts_with(&partial.text) && !partial.text.starts_with(armor::PREFIX) {
            // Only encoded messages are sent in pieces; fragments do not nest.
            return Err(Ignored::Fragment);
        }
        if partial.k == partial.n {
            return Ok(Some(partial.text));
        }
        self.make_room(is_known);
        self.partials.push(partial);
        Ok(None)
    }

    /// Forgets what a client has begun to send.
    pub fn forget(&mut self, sender: PeerId) {
        self.partials.retain(|partial| partial.sender != sender);
    }

    /// Forgets what has waited too long for its next piece.
    pub fn expire(&mut self, now: Instant) {
        self.partials
            .retain(|partial| now.saturating_duration_since(partial.touched) < PARTIAL_LIFETIME);
    }

    fn take(&mut self, sender: PeerId) -> Option<Partial> {
        let ix = self.partials.iter().position(|partial| partial.sender == sender)?;
        Some(self.partials.swap_remove(ix))
    }

    fn make_room(&mut self, is_known: impl Fn(PeerId) -> bool) {
        while self.partials.len() >= self.limits.partials.max(1) {
            let oldest = (0..)
                .zip(&self.partials)
                .min_by_key(|(_, partial)| (is_known(partial.sender), partial.touched))
                .map(|(ix, _): (usize, _)| ix);
            match oldest {
                Some(ix) => drop(self.partials.swap_remove(ix)),
                None => return,
            }
        }
    }
}

#[cfg(test)]
#[expect(clippy::disallowed_methods, reason = "a test begins at some time")]
mod tests {
    use std::time::Duration;

    use super::super::instance::InstanceTag;
    use super::super::limits::{MAX_MESSAGE_BYTES, MAX_PARTIALS};
    use super::*;

    fn address(sender: u32) -> Address {
        Address::from_tags(sender, 0x27e3_1597).unwrap()
    }

    fn accept(to: &mut Reassembler, now: Instant, text: &str) -> Result<Option<String>, Ignored> {
        to.accept(now, &Fragment::parse(text).unwrap(), |_| false)
    }

    #[test]
    fn pieces_have_the_header_of_libotr_and_fit() {
        let text = format!("?OTR:{}.", "A".repeat(100));

        let v3 = split(text.clone(), address(0x5a73_a599), 60);
        let v2 = split(text.clone(), Address::V2, 60);

        assert!(v3.iter().all(|piece| piece.len() <= 60));
        assert!(v3[0].starts_with("?OTR|5a73a599|27e31597,00001,00005,?OTR:A"));
        assert!(v2[1].starts_with("?OTR,00002,00003,A"));
        assert_eq!(split(text.clone(), Address::V2, text.len()), vec![text]);
    }

    #[test]
    fn any_size_gives_pieces_that_are_put_together_again() {
        let text = format!("?OTR:{}.", "A".repeat(300));
        let now = Instant::now();

        for address in [Address::V2, address(0x100)] {
            for max_bytes in 0..text.len() {
                let mut to = Reassembler::default();
                let pieces = split(text.clone(), address, max_bytes);
                let last = pieces.len() - 1;
                for (ix, piece) in pieces.iter().enumerate() {
                    let got = accept(&mut to, now, piece).unwrap();
                    assert_eq!(got, (ix == last).then(|| text.clone()));
                }
            }
        }
    }

    #[test]
    fn headers_are_read_padded_or_not_in_either_case() {
        let expected = Fragment { address: address(0xabc), k: 1, n: 2, piece: "x" };

        for text in ["?OTR|abc|27e31597,1,2,x,", "?OTR|00000ABC|27E31597,00001,00002,x,"] {
            assert_eq!(Fragment::parse(text), Some(expected.clone()));
        }
    }

    #[test]
    fn illegal_fragments_are_refused() {
        for text in [
            "?OTR,0,1,x,",
            "?OTR,1,0,x,",
            "?OTR,2,1,x,",
            "?OTR,1,65536,x,",
            "?OTR,1,1,,",
            "?OTR,1,1,x",
            "?OTR,+1,1,x,",
            "?OTR,,1,x,",
            "?OTR,1,1",
            "?OTR|1|27e31597,1,1,x,",
            "?OTR|abc|1,1,1,x,",
            "?OTR|000000abc|27e31597,1,1,x,",
            "?OTR|abc,1,1,x,",
            "?OTR,99999999999999999999,1,x,",
        ] {
            assert_eq!(Fragment::parse(text), None, "{text}");
        }
    }

    #[test]
    fn a_lost_piece_loses_the_message_and_no_other() {
        let now = Instant::now();
        let mut to = Reassembler::default();
        accept(&mut to, now, "?OTR|abc|27e31597,1,3,?OTR:A,").unwrap();
        accept(&mut to, now, "?OTR|abd|27e31597,1,2,?OTR:B,").unwrap();

        let lost = accept(&mut to, now, "?OTR|abc|27e31597,3,3,C.,");
        let other = accept(&mut to, now, "?OTR|abd|27e31597,2,2,C.,");

        assert_eq!(lost, Err(Ignored::Fragment));
        assert_eq!(other, Ok(Some("?OTR:BC.".to_owned())));
    }

    #[test]
    fn fragments_do_not_nest() {
        let mut to = Reassembler::default();

        let nested = accept(&mut to, Instant::now(), "?OTR,1,1,?OTR|abc|def,");

        assert_eq!(nested, Err(Ignored::Fragment));
    }

    #[test]
    fn a_flood_is_bounded_and_spares_those_we_know() {
        let now = Instant::now();
        let known = PeerId::V3(InstanceTag::from_u32(0xabc).unwrap());
        let mut to = Reassembler::default();
        accept(&mut to, now, "?OTR|abc|27e31597,1,2,?OTR:A,").unwrap();

        for sender in 0x1000..0x1100 {
            let text = format!("?OTR|{sender:x}|27e31597,1,2,?OTR:A,");
            let fragment = Fragment::parse(&text).unwrap();
            to.accept(now, &fragment, |id| id == known).unwrap();
        }
        let rest = Fragment::parse("?OTR|abc|27e31597,2,2,B.,").unwrap();

        assert_eq!(to.partials.len(), MAX_PARTIALS);
        assert_eq!(to.accept(now, &rest, |id| id == known), Ok(Some("?OTR:AB.".to_owned())));
    }

    #[test]
    fn a_message_that_grows_too_long_is_dropped() {
        let now = Instant::now();
        let mut to = Reassembler::default();
        let piece = "A".repeat(MAX_MESSAGE_BYTES / 2);

        accept(&mut to, now, &format!("?OTR,1,3,?OTR:{piece},")).unwrap();
        let too_long = accept(&mut to, now, &format!("?OTR,2,3,{piece},"));

        assert_eq!(too_long, Err(Ignored::TooLong));
        assert!(to.partials.is_empty());
    }

    #[test]
    fn what_waits_too_long_is_forgotten() {
        let now = Instant::now();
        let mut to = Reassembler::default();
        accept(&mut to, now, "?OTR,1,2,?OTR:A,").unwrap();

        to.expire(now + Duration::from_secs(59));
        let kept = to.partials.len();
        to.expire(now + PARTIAL_LIFETIME);

        assert_eq!((kept, to.partials.len()), (1, 0));
    }
}
