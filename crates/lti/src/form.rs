//! Form data as it was sent: ordered pairs, strictly decoded.
//!
//! A signature is over what was sent, so nothing is mended here: a bad escape or bytes that are no
//! UTF-8 are refused instead of replaced, order and duplicates stay, line breaks stay.

/// More pairs than any platform sends (some hundreds, with every custom field), and few enough that
/// sorting them costs nothing.
const MOST_PAIRS: usize = 2_000;

/// One name and its value, decoded.
pub type Pair = (String, String);

/// Why form data cannot be read. Carries no contents.
#[derive(Clone, Copy, Debug, PartialEq, Eq, thiserror::Error)]
pub enum FormError {
    /// A `%` is not followed by two hex digits.
    #[error("the form holds a % without two hex digits after it")]
    BadEscape,
    /// A name or a value is no UTF-8.
    #[error("the form holds bytes that are not UTF-8")]
    NotUtf8,
    /// There are more pairs than are taken.
    #[error("the form holds more than {MOST_PAIRS} parameters")]
    TooMany,
}

/// Reads `application/x-www-form-urlencoded` data, or the query of a URL.
///
/// # Errors
/// When an escape is bad, when something is no UTF-8, or when there are too many pairs.
pub fn parse(data: &[u8]) -> Result<Vec<Pair>, FormError> {
    let mut pairs = Vec::new();
    for part in data.split(|byte| *byte == b'&').filter(|part| !part.is_empty()) {
        if pairs.len() == MOST_PAIRS {
            return Err(FormError::TooMany);
        }
        let mut halves = part.splitn(2, |byte| *byte == b'=');
        let name = decode(halves.next().unwrap_or_default())?;
        let value = decode(halves.next().unwrap_or_default())?;
        pairs.push((name, value));
    }
    Ok(pairs)
}

/// Decodes into one buffer: what is typed into a form may be a secret, and no copy of it stays.
fn decode(part: &[u8]) -> Result<String, FormError> {
    let mut bytes = Vec::with_capacity(part.len());
    let mut rest = part.iter();
    while let Some(byte) = rest.next() {
        bytes.push(match byte {
            b'+' => b' ',
            b'%' => {
                let mut digit = || char::from(*rest.next()?).to_digit(16);
                let (high, low) = digit().zip(digit()).ok_or(FormError::BadEscape)?;
                u8::try_from(high << 4 | low).or(Err(FormError::BadEscape))?
            }
            byte => *byte,
        });
    }
    String::from_utf8(bytes).map_err(|_not_utf8| FormError::NotUtf8)
}

/// The value of a field of one of our own forms; the first, should there be several.
pub fn field<'a>(pairs: &'a [Pair], name: &str) -> Option<&'a str> {
    pairs.iter().find(|(found, _)| found == name).map(|(_, value)| value.as_str())
}

#[cfg(test)]
mod tests {
    use super::*;

    fn pairs(data: &str) -> Vec<(String, String)> {
        parse(data.as_bytes()).unwrap()
    }

    fn pair(name: &str, value: &str) -> Pair {
        (name.to_owned(), value.to_owned())
    }

    #[test]
    fn order_duplicates_and_empty_values_stay() {
        let read = pairs("b=2&a=&b=1&c&&=x&d=1=2");

        assert_eq!(
            read,
            [
                pair("b", "2"),
                pair("a", ""),
                pair("b", "1"),
                pair("c", ""),
                pair("", "x"),
                pair("d", "1=2")
            ]
        );
    }

    #[test]
    fn plus_is_a_space_and_an_escaped_plus_is_a_plus() {
        assert_eq!(pairs("a+b=c+d%2Be%20f"), [pair("a b", "c d+e f")]);
    }

    #[test]
    fn line_breaks_stay_as_they_are() {
        assert_eq!(pairs("a=x%0D%0Ay%0Az"), [pair("a", "x\r\ny\nz")]);
    }

    #[test]
    fn bad_escapes_and_bad_utf8_are_refused() {
        for bad in ["a=%zz", "a=%", "a=%2", "%=1", "a=%+1"] {
            assert_eq!(parse(bad.as_bytes()), Err(FormError::BadEscape), "{bad}");
        }
        assert_eq!(parse(b"a=%ff"), Err(FormError::NotUtf8));
        assert_eq!(parse(b"a=\xff"), Err(FormError::NotUtf8));
        assert_eq!(parse(b"a=%ed%a0%80"), Err(FormError::NotUtf8));
    }

    #[test]
    fn too_many_pairs_are_refused() {
        let full = vec!["a=1"; MOST_PAIRS].join("&");
        assert_eq!(pairs(&full).len(), MOST_PAIRS);

        let more = format!("{full}&a=1");
        assert_eq!(parse(more.as_bytes()), Err(FormError::TooMany));
    }
}
