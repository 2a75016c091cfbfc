//! The text form of encoded messages: `?OTR:`, base 64, `.` (OTRv3, "Encoded messages").

use base64::Engine as _;
use base64::engine::general_purpose::STANDARD;

use super::error::WireError;

/// What an encoded message begins with.
pub const PREFIX: &str = "?OTR:";

/// The text of an encoded message.
pub fn encode(bytes: &[u8]) -> String {
    let mut text = String::from(PREFIX);
    STANDARD.encode_string(bytes, &mut text);
    text.push('.');
    text
}

/// The bytes of a text that begins with [`PREFIX`]. What follows the full stop is not looked at.
///
/// # Errors
///
/// [`WireError::Armor`]. Base 64 is read strictly.
pub fn decode(text: &str) -> Result<Vec<u8>, WireError> {
    let (base64, _) =
        text.strip_prefix(PREFIX).and_then(|rest| rest.split_once('.')).ok_or(WireError::Armor)?;
    STANDARD.decode(base64).ok().filter(|bytes| !bytes.is_empty()).ok_or(WireError::Armor)
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn what_is_encoded_is_decoded() {
        assert_eq!(encode(&[0, 3, 2]), "?OTR:AAMC.");
        assert_eq!(decode("?OTR:AAMC. and a footer"), Ok(vec![0, 3, 2]));
    }

    #[test]
    fn anything_else_is_refused() {
        for text in ["?OTR:", "?OTR:.", "?OTR:===.", "?OTR:AAMC", "?OTR:AA MC.", "?OTR:A.", "AAMC."]
        {
            assert_eq!(decode(text), Err(WireError::Armor), "{text}");
        }
    }
}
