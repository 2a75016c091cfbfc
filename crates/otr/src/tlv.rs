//! Type/length/value records behind the text of a data message (OTRv3, "Data Message").
//!
//! ```text
//! text  00  type:SHORT length:SHORT value  type:SHORT length:SHORT value ..
//! ```
//!
//! Records of unknown types are kept as they are: ignoring them is the business of the reader. The
//! value of an SMP record is read in [`super::smp`].

use core::fmt;
use core::num::NonZeroU16;

use super::wire::{Reader, Writer};

/// Type of a record: an open set, since records of unknown types must be skipped.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Hash)]
pub struct TlvType(pub u16);

impl TlvType {
    /// Anything, to hide the length of the text.
    pub const PADDING: Self = Self(0x0000);
    /// The sender has ended the private conversation.
    pub const DISCONNECTED: Self = Self(0x0001);
    /// SMP message 1.
    pub const SMP1: Self = Self(0x0002);
    /// SMP message 2.
    pub const SMP2: Self = Self(0x0003);
    /// SMP message 3.
    pub const SMP3: Self = Self(0x0004);
    /// SMP message 4.
    pub const SMP4: Self = Self(0x0005);
    /// The sender gives SMP up.
    pub const SMP_ABORT: Self = Self(0x0006);
    /// SMP message 1 with a question before it.
    pub const SMP1Q: Self = Self(0x0007);
    /// The sender would like to use the extra symmetric key.
    pub const EXTRA_KEY: Self = Self(0x0008);
}

/// Bytes of type and length.
const HEADER_LEN: usize = 4;

/// One record.
#[derive(Clone, PartialEq, Eq)]
pub struct Tlv {
    /// What the value is.
    pub kind: TlvType,
    /// The value: at most 65,535 bytes.
    pub value: Vec<u8>,
}

impl Tlv {
    /// A record without a value, such as [`TlvType::DISCONNECTED`].
    pub fn empty(kind: TlvType) -> Self {
        Self { kind, value: Vec::new() }
    }
}

// The value travels encrypted, so it has no place in a log.
impl fmt::Debug for Tlv {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.debug_struct("Tlv").field("kind", &self.kind).field("len", &self.value.len()).finish()
    }
}

/// Reads the records behind the text, up to the first one that is cut off.
pub fn decode(bytes: &[u8]) -> Vec<Tlv> {
    let mut reader = Reader::new(bytes);
    core::iter::from_fn(|| decode_one(&mut reader)).collect()
}

fn decode_one(reader: &mut Reader<'_>) -> Option<Tlv> {
    let kind = TlvType(reader.short("tlv type").ok()?);
    let len = reader.short("tlv length").ok()?;
    let value = reader.bytes("tlv value", usize::from(len)).ok()?;
    Some(Tlv { kind, value: value.to_vec() })
}

/// The bytes of the records, without the NUL that divides them from the text. A value is cut at
/// what a `SHORT` length can say.
pub fn encode(tlvs: &[Tlv]) -> Vec<u8> {
    let writer = tlvs.iter().fold(Writer::new(), |writer, tlv| {
        let len = u16::try_from(tlv.value.len()).unwrap_or(u16::MAX);
        let value = tlv.value.get(..usize::from(len)).unwrap_or(&tlv.value);
        writer.short(tlv.kind.0).short(len).raw(value)
    });
    writer.finish()
}

/// These records and one more that makes the plaintext, of a text of this length, as long as the
/// next multiple (OTRv3, "Padding": type 0).
pub fn padded(text_len: usize, tlvs: &[Tlv], multiple: NonZeroU16) -> Vec<Tlv> {
    let records = tlvs.iter().map(|tlv| tlv.value.len().saturating_add(HEADER_LEN));
    // The NUL before the records, and the header of the padding.
    let unpadded = records.fold(text_len.saturating_add(1 + HEADER_LEN), usize::saturating_add);
    let multiple = usize::from(multiple.get());
    let target = unpadded.checked_next_multiple_of(multiple).unwrap_or(unpadded);
    let padding = Tlv { kind: TlvType::PADDING, value: vec![0; target.saturating_sub(unpadded)] };
    tlvs.iter().cloned().chain([padding]).collect()
}

#[cfg(test)]
mod tests {
    use proptest::prelude::*;

    use super::*;

    #[test]
    fn a_record_that_is_cut_off_ends_the_list() {
        // A disconnect, then a record that promises five bytes and holds two.
        let tlvs = decode(b"\x00\x01\x00\x00\x00\x00\x00\x05he");

        assert_eq!(tlvs, [Tlv::empty(TlvType::DISCONNECTED)]);
    }

    #[test]
    fn unknown_types_survive() {
        let tlvs = decode(b"\xbe\xef\x00\x02hi\x00\x06\x00\x00");

        assert_eq!(tlvs.len(), 2);
        assert_eq!(tlvs[0], Tlv { kind: TlvType(0xbeef), value: b"hi".to_vec() });
    }

    #[test]
    fn values_do_not_show_in_debug_output() {
        let tlv = Tlv { kind: TlvType::SMP1Q, value: b"pet?\0".to_vec() };

        assert_eq!(format!("{tlv:?}"), "Tlv { kind: TlvType(7), len: 5 }");
    }

    #[test]
    fn lengths_are_padded_to_the_next_multiple() {
        let disconnect = [Tlv::empty(TlvType::DISCONNECTED)];
        let multiple = NonZeroU16::new(256).unwrap();

        for (text_len, tlvs) in [(0, &[][..]), (1, &[]), (251, &[]), (252, &[]), (300, &disconnect)]
        {
            let padded = padded(text_len, tlvs, multiple);
            let total = text_len + 1 + encode(&padded).len();
            assert_eq!(total, (text_len + 5 + 4 * tlvs.len()).next_multiple_of(256), "{text_len}");
            assert_eq!(padded.split_last().unwrap().1, tlvs);
        }
    }

    proptest! {
        #[test]
        fn records_are_read_back(
            pairs in prop::collection::vec(
                (any::<u16>(), prop::collection::vec(any::<u8>(), 0..300)), 0..8,
            ),
        ) {
            let tlvs: Vec<Tlv> = pairs
                .into_iter()
                .map(|(kind, value)| Tlv { kind: TlvType(kind), value })
                .collect();

            prop_assert_eq!(decode(&encode(&tlvs)), tlvs);
        }

        #[test]
        fn any_bytes_are_read_without_harm(bytes in prop::collection::vec(any::<u8>(), 0..300)) {
            let held: usize = decode(&bytes).iter().map(|tlv| tlv.value.len().saturating_add(4)).sum();

            prop_assert!(held <= bytes.len());
        }
    }
}
