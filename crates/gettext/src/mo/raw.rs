//! The bytes of the texts of an MO file.

use std::borrow::Cow;

use super::{HEAD_LEN, MAGIC, MoError, ROW_LEN};

/// What ends the parts of a text that depends on the system.
const LAST: usize = 0xffff_ffff;

/// A source and its translations, divided by NUL.
type Pair<'f> = (Cow<'f, [u8]>, Cow<'f, [u8]>);

/// All texts, those that depend on the system last.
pub(super) fn read(file: &[u8]) -> Result<Vec<Pair<'_>>, MoError> {
    let head = file.first_chunk::<4>().ok_or(MoError::Magic)?;
    let order: fn([u8; 4]) -> u32 = if u32::from_le_bytes(*head) == MAGIC {
        u32::from_le_bytes
    } else if u32::from_be_bytes(*head) == MAGIC {
        u32::from_be_bytes
    } else {
        return Err(MoError::Magic);
    };
    let mut file = File { bytes: file, order, n_left: file.len().saturating_mul(2) };
    let revision = file.number(4).ok_or(MoError::Short(0))?;
    // The upper half is the major revision; minor ones add what may be skipped.
    if revision >> 16 > 1 {
        return Err(MoError::Revision(revision));
    }
    let (n, sources, texts) =
        (|| Some((file.size(8)?, file.size(12)?, file.size(16)?)))().ok_or(MoError::Short(0))?;
    let mut pairs: Vec<Pair<'_>> = Vec::new();
    for ix in 0..n {
        let pair = (|| Some((file.text(sources, ix)?, file.text(texts, ix)?)))()
            .ok_or(MoError::Short(ix))?;
        if pairs.last().is_some_and(|(before, _)| key(before) >= key(&pair.0)) {
            return Err(MoError::Unsorted(ix));
        }
        pairs.push(pair);
    }
    if revision & 0xffff > 0 {
        file.read_of_system(&mut pairs)?;
    }
    Ok(pairs)
}

/// What a source is sorted by: all but its plural.
fn key(source: &[u8]) -> &[u8] {
    source.split(|byte| *byte == 0).next().unwrap_or_default()
}

struct File<'f> {
    bytes: &'f [u8],
    order: fn([u8; 4]) -> u32,
    /// Rows that all point at the same long text would make much of a small file.
    n_left: usize,
}

impl<'f> File<'f> {
    fn number(&self, at: usize) -> Option<u32> {
        Some((self.order)(*self.bytes.get(at..)?.first_chunk::<4>()?))
    }

    fn size(&self, at: usize) -> Option<usize> {
        self.number(at).and_then(|number| usize::try_from(number).ok())
    }

    /// Where a number of a table of numbers is.
    fn nth(table: usize, ix: usize, len: usize) -> Option<usize> {
        table.checked_add(ix.checked_mul(len)?)
    }

    fn slice(&mut self, start: usize, len: usize) -> Option<&'f [u8]> {
        self.n_left = self.n_left.checked_sub(len)?;
        self.bytes.get(start..start.checked_add(len)?)
    }

    /// The text of a row of a table; a NUL follows it.
    fn text(&mut self, table: usize, ix: usize) -> Option<Cow<'f, [u8]>> {
        let row = Self::nth(table, ix, ROW_LEN)?;
        let (len, start) = (self.size(row)?, self.size(row.checked_add(4)?)?);
        let text = self.slice(start, len)?;
        let end = self.bytes.get(start.checked_add(len)?)?;
        (*end == 0).then_some(Cow::Borrowed(text))
    }

    /// Adds the texts that depend on the system.
    fn read_of_system(&mut self, pairs: &mut Vec<Pair<'f>>) -> Result<(), MoError> {
        let first = pairs.len();
        let numbers = [0, 1, 2, 3, 4].map(|ix| self.size(HEAD_LEN + 4 * ix));
        let [Some(n_names), Some(names), Some(n), Some(sources), Some(texts)] = numbers else {
            return Err(MoError::Short(first));
        };
        let names: Option<Vec<&[u8]>> = (0..n_names).map(|ix| self.name(names, ix)).collect();
        let names = names.ok_or(MoError::Short(first))?;
        for ix in 0..n {
            let pair = (|| {
                Some((self.of_system(sources, ix, &names)?, self.of_system(texts, ix, &names)?))
            })();
            pairs.push(pair.ok_or_else(|| MoError::Short(first.saturating_add(ix)))?);
        }
        Ok(())
    }

    /// What stands for a part, such as `PRIu64`; a NUL ends it.
    fn name(&mut self, table: usize, ix: usize) -> Option<&'f [u8]> {
        let row = Self::nth(table, ix, ROW_LEN)?;
        let (len, start) = (self.size(row)?, self.size(row.checked_add(4)?)?);
        self.slice(start, len)?.strip_suffix(b"\0")
    }

    /// A text of parts: bytes that stand together, and the number of the name behind each part.
    fn of_system(&mut self, table: usize, ix: usize, names: &[&[u8]]) -> Option<Cow<'f, [u8]>> {
        let mut row = self.size(Self::nth(table, ix, 4)?)?;
        let mut at = self.size(row)?;
        let mut text = Vec::new();
        loop {
            row = row.checked_add(4)?;
            let len = self.size(row)?;
            row = row.checked_add(4)?;
            let name = self.size(row)?;
            text.extend(self.slice(at, len)?);
            at = at.checked_add(len)?;
            if name == LAST {
                break;
            }
            let name = names.get(name)?;
            self.n_left = self.n_left.checked_sub(name.len().checked_add(2)?)?;
            // The flag `I` stands for itself; names of macros stand in angle brackets.
            match *name {
                b"I" => text.push(b'I'),
                name => text.extend([b"<", name, b">"].concat()),
            }
        }
        (text.pop() == Some(0)).then_some(Cow::Owned(text))
    }
}
