//! The text form of encoded messages: `?OTR:`, base 64, `.` (OTRv3, "Encoded messages").
//!
//! Base 64 is read strictly, except that gateways may have broken it into lines: blanks and line
//! breaks in it do not count. libotr reads it so, too.

use std::sync::LazyLock;

use base64::Engine as _;
use base64::engine::general_purpose::PAD;

use super::error::WireError;

/// Base 64, strictly read, by the processor's vector instructions where it has some.
#[cfg(any(target_arch = "x86_64", target_arch = "aarch64"))]
static ENGINE: LazyLock<base64::engine::Simd> =
    LazyLock::new(|| base64::engine::Simd::standard(PAD));

/// Base 64, strictly read.
#[cfg(not(any(target_arch = "x86_64", target_arch = "aarch64")))]
static ENGINE: LazyLock<base64::engine::GeneralPurpose> =
    LazyLock::new(|| base64::engine::GeneralPurpose::new(&base64::alphabet::STANDARD, PAD));

/// What an encoded message begins with.
pub const PREFIX: &str = "?OTR:";

/// The text of an encoded message.
pub fn encode(bytes: &[u8]) -> String {
    #[cfg(feature = "ct")]
    let bytes = &*{
        let mut bytes = bytes.to_vec();
        super::declassify::declassify_bytes(&mut bytes);
        bytes
    };
    let end = PREFIX.len().saturating_add(bytes.len().div_ceil(3).saturating_mul(4));
    let mut text = vec![0; end.saturating_add(1)];
    if let Some((prefix, rest)) = text.split_at_mut_checked(PREFIX.len()) {
        prefix.copy_from_slice(PREFIX.as_bytes());
        // The room is what it needs.
        let written = ENGINE.encode_slice(bytes, rest).unwrap_or_default();
        if let Some(stop) = rest.get_mut(written) {
            *stop = b'.';
        }
    }
    String::from_utf8(text).unwrap_or_default()
}

/// The bytes of a text that begins with [`PREFIX`]. What follows the full stop is not looked at.
///
/// # Errors
///
/// [`WireError::Armor`]. Base 64 is read strictly, but for blanks and line breaks in it.
pub fn decode(text: &str) -> Result<Vec<u8>, WireError> {
    let rest = text.strip_prefix(PREFIX).map(str::as_bytes);
    let base64 = rest.and_then(|rest| rest.get(..memchr::memchr(b'.', rest)?));
    let base64 = base64.ok_or(WireError::Armor)?;
    let bytes = ENGINE.decode(base64).or_else(|error| {
        // Only what cannot be read as it stands may have been broken into lines.
        if !base64.iter().copied().any(is_blank) {
            return Err(error);
        }
        let solid: Vec<u8> = base64.iter().copied().filter(|byte| !is_blank(*byte)).collect();
        ENGINE.decode(solid)
    });
    bytes.ok().filter(|bytes| !bytes.is_empty()).ok_or(WireError::Armor)
}

/// Whether a gateway may have put it between the characters.
pub(super) fn is_blank(byte: u8) -> bool {
    matches!(byte, b' ' | b'\t' | b'\r' | b'\n')
}

#[cfg(test)]
#[expect(clippy::arithmetic_side_effects, clippy::string_slice, reason = "base 64 is ASCII")]
mod tests {
    use base64::engine::general_purpose::STANDARD;
    use proptest::prelude::*;

    use super::*;

    #[test]
    fn what_is_encoded_is_decoded() {
        assert_eq!(encode(&[0, 3, 2]), "?OTR:AAMC.");
        assert_eq!(decode("?OTR:AAMC. and a footer"), Ok(vec![0, 3, 2]));
    }

    #[test]
    fn anything_else_is_refused() {
        for text in [
            "?OTR:",
            "?OTR:.",
            "?OTR:===.",
            "?OTR:AAMC",
            "?OTR: \n.",
            "?OTR:A.",
            "AAMC.",
            "?O TR:AAMC.",
        ] {
            assert_eq!(decode(text), Err(WireError::Armor), "{text}");
        }
    }

    #[test]
    fn it_is_read_strictly_at_every_length_and_place() {
        for len in 1..150_u8 {
            let bytes: Vec<u8> = (0..len).map(|ix| ix.wrapping_mul(151)).collect();
            let text = encode(&bytes);
            assert_eq!(decode(&text).as_ref(), Ok(&bytes));

            for ix in PREFIX.len()..text.len() - 1 {
                for bad in [" ", "\n", "\0", "-", "_", "?", "ä"] {
                    let spoilt = [&text[..ix], bad, &text[ix + 1..]].concat();
                    assert_eq!(decode(&spoilt), Err(WireError::Armor), "{spoilt}");
                    let longer = [&text[..ix], bad, &text[ix..]].concat();
                    let expected = if matches!(bad, " " | "\n") {
                        Ok(bytes.clone())
                    } else {
                        Err(WireError::Armor)
                    };
                    assert_eq!(decode(&longer), expected, "{longer}");
                }
            }
            let unpadded = text.replace(['=', '.'], "") + ".";
            assert_eq!(decode(&unpadded).is_ok(), unpadded == text, "{unpadded}");
        }
    }

    #[test]
    fn bits_behind_the_last_byte_are_zero() {
        for text in ["?OTR:AB==.", "?OTR:AAB=.", "?OTR:A===.", "?OTR:AA=A.", "?OTR:AA==AAAA."] {
            assert_eq!(decode(text), Err(WireError::Armor), "{text}");
        }
    }

    proptest! {
        #[test]
        fn line_breaks_and_blanks_do_not_count(
            bytes in prop::collection::vec(any::<u8>(), 1..400),
            width in 1_usize..80,
            blank in prop::sample::select(vec!["\n", "\r\n", " ", "\t", "\n  "]),
        ) {
            let text = encode(&bytes);
            let (prefix, rest) = text.split_at(PREFIX.len());
            let lines: Vec<_> = rest.as_bytes().chunks(width).map(|l| str::from_utf8(l).unwrap()).collect();

            let broken = format!("{prefix}{blank}{}", lines.join(blank));

            prop_assert_eq!(decode(&broken), Ok(bytes));
        }

        #[test]
        fn it_is_what_the_plain_codec_writes_and_reads(
            bytes in prop::collection::vec(any::<u8>(), 1..400),
            ix in any::<prop::sample::Index>(),
            other in prop::char::range(' ', '~'),
        ) {
            let plain = STANDARD.encode(&bytes);
            prop_assert_eq!(encode(&bytes), format!("?OTR:{plain}."));

            let ix = ix.index(plain.len());
            let spoilt = format!("{}{other}{}", &plain[..ix], &plain[ix + 1..]);
            let (base64, _) = spoilt.split_once('.').unwrap_or((&spoilt, ""));
            let base64 = base64.replace(' ', "");
            let expected = STANDARD.decode(base64).ok().filter(|bytes| !bytes.is_empty());
            prop_assert_eq!(decode(&format!("?OTR:{spoilt}.")).ok(), expected);
        }
    }
}
