//! Fragments: any, and those of a message.

use std::sync::LazyLock;
use std::time::{Duration, Instant};

use otr::fragment::{Fragment, Reassembler, split};
use otr::limits::MAX_MESSAGE_BYTES;
use otr::version::Address;
use otr::{Version, armor};

use super::input::Input;

static START: LazyLock<Instant> = LazyLock::new(now);

#[expect(clippy::disallowed_methods, reason = "its clock begins somewhere")]
fn now() -> Instant {
    Instant::now()
}

/// Feeds fragments as the data say, then a whole message in pieces.
pub fn check(data: &[u8]) {
    let mut input = Input::new(data);
    let mut reassembler = Reassembler::default();
    let mut now = *START;
    let tags = u32::from(input.byte()) << 8;
    let address = Address::from_tags(0x100 + tags, 0x200).unwrap_or(Address::V2);
    let message = armor::encode(&[&[0], input.bytes()].concat());
    let max_bytes = usize::from(input.byte()) + 40;
    while !input.is_empty() {
        let text = input.text();
        let outcome = Fragment::parse(&text)
            .map(|fragment| reassembler.accept(now, &fragment, |_| fragment.n % 2 == 0));
        if let Some(Ok(Some(whole))) = outcome {
            assert!(whole.len() <= MAX_MESSAGE_BYTES);
        }
        now += Duration::from_secs(u64::from(input.byte() & 3));
    }

    reassembler.forget(address.sender());
    now += Duration::from_mins(10);
    reassembler.expire(now);
    let pieces = split(message.clone(), address, max_bytes);
    let count = pieces.len();
    for (ix, piece) in pieces.iter().enumerate() {
        if count == 1 && *piece == message {
            return;
        }
        assert!(piece.len() <= max_bytes, "{} bytes of {max_bytes}", piece.len());
        let fragment = Fragment::parse(piece).unwrap();
        assert_eq!(fragment.address.version() == Version::V2, address == Address::V2);
        let whole = reassembler.accept(now, &fragment, |_| false).unwrap();
        assert_eq!(whole, (ix + 1 == count).then(|| message.clone()));
    }
}
