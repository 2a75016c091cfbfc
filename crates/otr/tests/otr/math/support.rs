//! The known answers, hexadecimal, and randomness that is given beforehand.

use core::convert::Infallible;

use rand_core::{TryCryptoRng, TryRng};
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

/// Hands out the given bytes, and fails the test when it is asked for more.
pub(crate) struct Fixed {
    left: Vec<u8>,
}

impl Fixed {
    pub(crate) fn new(numbers: &[Vec<u8>]) -> Self {
        Self { left: numbers.concat() }
    }

    /// Whether everything was used.
    pub(crate) fn is_empty(&self) -> bool {
        self.left.is_empty()
    }
}

impl TryRng for Fixed {
    type Error = Infallible;

    fn try_next_u32(&mut self) -> Result<u32, Infallible> {
        let mut bytes = [0; 4];
        self.try_fill_bytes(&mut bytes).map(|()| u32::from_le_bytes(bytes))
    }

    fn try_next_u64(&mut self) -> Result<u64, Infallible> {
        let mut bytes = [0; 8];
        self.try_fill_bytes(&mut bytes).map(|()| u64::from_le_bytes(bytes))
    }

    fn try_fill_bytes(&mut self, dst: &mut [u8]) -> Result<(), Infallible> {
        assert!(dst.len() <= self.left.len(), "{} more bytes of randomness asked for", dst.len());
        let rest = self.left.split_off(dst.len());
        dst.copy_from_slice(&core::mem::replace(&mut self.left, rest));
        Ok(())
    }
}

impl TryCryptoRng for Fixed {}
