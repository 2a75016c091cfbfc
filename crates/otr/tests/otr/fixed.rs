//! Randomness that was fixed beforehand.

use core::convert::Infallible;

use rand_core::{TryCryptoRng, TryRng};

/// Hands out the given bytes. To ask for more fails the test.
#[derive(Debug)]
pub(crate) struct Fixed(Vec<u8>);

impl Fixed {
    pub(crate) fn new(numbers: &[Vec<u8>]) -> Self {
        Self(numbers.concat())
    }

    /// Whether everything was used.
    pub(crate) fn is_empty(&self) -> bool {
        self.0.is_empty()
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

    fn try_fill_bytes(&mut self, to: &mut [u8]) -> Result<(), Infallible> {
        assert!(to.len() <= self.0.len(), "{} more bytes of randomness asked for", to.len());
        let drawn: Vec<u8> = self.0.drain(..to.len()).collect();
        to.copy_from_slice(&drawn);
        Ok(())
    }
}

impl TryCryptoRng for Fixed {}
