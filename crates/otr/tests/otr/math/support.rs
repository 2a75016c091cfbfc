//! The known answers, hexadecimal.

use serde_json::Value;

/// The section `name` of the known answers.
pub(crate) fn vectors(name: &str) -> Value {
    let all: Value = serde_json::from_str(include_str!("../vectors/otr.json")).unwrap();
    all.get(name).unwrap().clone()
}

/// The bytes of a hexadecimal string, which may have an odd number of digits.
pub(crate) fn hex(digits: &str) -> Vec<u8> {
    let even =
        if digits.len().is_multiple_of(2) { digits.to_owned() } else { format!("0{digits}") };
    (0..even.len())
        .step_by(2)
        .map(|ix| u8::from_str_radix(&even[ix..ix + 2], 16).unwrap())
        .collect()
}

/// The bytes in field `name`.
pub(crate) fn field(section: &Value, name: &str) -> Vec<u8> {
    hex(section[name].as_str().unwrap())
}

/// `bytes`, padded on the left to `len`.
pub(crate) fn padded(bytes: &[u8], len: usize) -> Vec<u8> {
    let mut padded = vec![0; len - bytes.len()];
    padded.extend_from_slice(bytes);
    padded
}
