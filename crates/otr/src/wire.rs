//! Reader and writer of the basic types of the wire: `BYTE`, `SHORT`, `INT`, `MPI`, `DATA`,
//! `CTR`, `MAC` (OTRv3, "Data types").
//!
//! The reader is a cursor over borrowed bytes. It checks every length against what is left before
//! it allocates or slices, and names the field in its error. Encoding is infallible.

use super::error::WireError;

/// Cursor over the bytes of one message.
#[derive(Clone, Debug)]
pub struct Reader<'a> {
    left: &'a [u8],
}

impl<'a> Reader<'a> {
    /// Starts at the first byte.
    pub fn new(bytes: &'a [u8]) -> Self {
        Self { left: bytes }
    }

    /// Takes `n` bytes as they are.
    ///
    /// # Errors
    ///
    /// [`WireError::Short`] if fewer are left.
    pub fn bytes(&mut self, field: &'static str, n: usize) -> Result<&'a [u8], WireError> {
        let Some((head, tail)) = self.left.split_at_checked(n) else {
            return Err(WireError::Short { field, need: n, left: self.left.len() });
        };
        self.left = tail;
        Ok(head)
    }

    /// Takes exactly `N` bytes, such as a `CTR` (8) or a `MAC` (20).
    ///
    /// # Errors
    ///
    /// [`WireError::Short`] if fewer are left.
    pub fn array<const N: usize>(&mut self, field: &'static str) -> Result<[u8; N], WireError> {
        let short = WireError::Short { field, need: N, left: self.left.len() };
        self.bytes(field, N)?.try_into().or(Err(short))
    }

    /// Reads a `BYTE`.
    ///
    /// # Errors
    ///
    /// [`WireError::Short`] at the end of the message.
    pub fn byte(&mut self, field: &'static str) -> Result<u8, WireError> {
        self.array::<1>(field).map(|[byte]| byte)
    }

    /// Reads a `SHORT`: two bytes, big-endian.
    ///
    /// # Errors
    ///
    /// [`WireError::Short`] if it is cut off.
    pub fn short(&mut self, field: &'static str) -> Result<u16, WireError> {
        self.array(field).map(u16::from_be_bytes)
    }

    /// Reads an `INT`: four bytes, big-endian.
    ///
    /// # Errors
    ///
    /// [`WireError::Short`] if it is cut off.
    pub fn int(&mut self, field: &'static str) -> Result<u32, WireError> {
        self.array(field).map(u32::from_be_bytes)
    }

    /// Reads a `DATA`: an `INT` length in bytes, then that many bytes.
    ///
    /// # Errors
    ///
    /// [`WireError::Short`] if the length or the bytes are cut off.
    pub fn data(&mut self, field: &'static str) -> Result<&'a [u8], WireError> {
        // A length that does not fit in memory cannot be satisfied either.
        let len = usize::try_from(self.int(field)?).unwrap_or(usize::MAX);
        self.bytes(field, len)
    }

    /// Reads an `MPI`: an `INT` length in bytes, then the number, big-endian. Leading zeros are
    /// accepted, as libotr does; whether the number itself will do is for its reader to check.
    ///
    /// # Errors
    ///
    /// [`WireError::Short`] if the length or the bytes are cut off.
    pub fn mpi(&mut self, field: &'static str) -> Result<&'a [u8], WireError> {
        self.data(field)
    }

    /// How many bytes are left.
    pub fn remaining(&self) -> usize {
        self.left.len()
    }

    /// All that is left.
    pub fn rest(&mut self) -> &'a [u8] {
        core::mem::take(&mut self.left)
    }

    /// Checks that nothing is left.
    ///
    /// # Errors
    ///
    /// [`WireError::Trailing`] if there is.
    pub fn end(self) -> Result<(), WireError> {
        match self.left.len() {
            0 => Ok(()),
            left => Err(WireError::Trailing { left }),
        }
    }
}

/// Builds the bytes of one message.
#[derive(Clone, Debug, Default)]
pub struct Writer {
    bytes: Vec<u8>,
}

impl Writer {
    /// Starts empty.
    pub fn new() -> Self {
        Self::default()
    }

    /// Starts empty, with room for `capacity` bytes.
    pub fn with_capacity(capacity: usize) -> Self {
        Self { bytes: Vec::with_capacity(capacity) }
    }

    /// Appends bytes as they are: `CTR`, `MAC`, or an already encoded part.
    #[must_use]
    pub fn raw(mut self, bytes: &[u8]) -> Self {
        self.bytes.extend_from_slice(bytes);
        self
    }

    /// Appends a `BYTE`.
    #[must_use]
    pub fn byte(self, value: u8) -> Self {
        self.raw(&[value])
    }

    /// Appends a `SHORT`.
    #[must_use]
    pub fn short(self, value: u16) -> Self {
        self.raw(&value.to_be_bytes())
    }

    /// Appends an `INT`.
    #[must_use]
    pub fn int(self, value: u32) -> Self {
        self.raw(&value.to_be_bytes())
    }

    /// Appends a `DATA`: the length, then the bytes. What does not fit an `INT` length is cut;
    /// the limits on messages keep that from ever happening.
    #[must_use]
    pub fn data(self, bytes: &[u8]) -> Self {
        let len = u32::try_from(bytes.len()).unwrap_or(u32::MAX);
        let cut = usize::try_from(len).unwrap_or(usize::MAX);
        self.int(len).raw(bytes.get(..cut).unwrap_or(bytes))
    }

    /// Appends an `MPI` from big-endian bytes: leading zeros are stripped, so that the encoding
    /// is the minimal one that the specification asks for; zero has length 0.
    #[must_use]
    pub fn mpi(self, big_endian: &[u8]) -> Self {
        let zeros = big_endian.iter().take_while(|&&byte| byte == 0).count();
        self.data(big_endian.get(zeros..).unwrap_or_default())
    }

    /// The bytes so far.
    pub fn bytes_mut(&mut self) -> &mut Vec<u8> {
        &mut self.bytes
    }

    /// The bytes.
    pub fn finish(self) -> Vec<u8> {
        self.bytes
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_length_past_the_end_is_refused() {
        let mut reader = Reader::new(&[0xff, 0xff, 0xff, 0xff, 1, 2]);

        let error = reader.data("encrypted gx").unwrap_err();

        assert!(matches!(error, WireError::Short { field: "encrypted gx", left: 2, .. }));
    }

    #[test]
    fn what_is_written_is_read_back() {
        let bytes =
            Writer::new().byte(7).short(0x0102).int(9).data(b"abc").mpi(&[0, 0, 5]).finish();

        let mut reader = Reader::new(&bytes);

        assert_eq!(reader.byte("a").unwrap(), 7);
        assert_eq!(reader.short("b").unwrap(), 0x0102);
        assert_eq!(reader.int("c").unwrap(), 9);
        assert_eq!(reader.data("d").unwrap(), b"abc");
        assert_eq!(reader.mpi("e").unwrap(), &[5]);
        reader.end().unwrap();
    }

    #[test]
    fn bytes_after_the_end_are_refused() {
        let mut reader = Reader::new(&[1, 2]);

        reader.byte("type").unwrap();

        assert_eq!(reader.end().unwrap_err(), WireError::Trailing { left: 1 });
    }
}
