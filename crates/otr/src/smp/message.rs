//! The four messages of SMP as records (OTRv3, "SMP Message TLVs").
//!
//! ```text
//! count:INT  MPI MPI ..
//! ```
//!
//! A message is read only if it has exactly the numbers that its type has, every group element is
//! between 2 and p-2, and every response between 1 and q-1, in version 2 as in version 3. Nothing
//! is allocated for a number before its length has been checked against the bytes at hand.

use super::super::dh::DhPublic;
use super::super::error::WireError;
use super::super::wire::{Reader, Writer};
use super::proof::{Coordinates, Knowledge, LogEquality};

/// SMP message 1: Alice's halves of the generators.
#[derive(Clone, Debug, PartialEq, Eq)]
pub(super) struct Message1 {
    pub(super) g2a: DhPublic,
    pub(super) a2: Knowledge,
    pub(super) g3a: DhPublic,
    pub(super) a3: Knowledge,
}

impl Message1 {
    const COUNT: u32 = 6;

    pub(super) fn encode(&self) -> Vec<u8> {
        let writer = self.a2.encode(element(start(Self::COUNT), &self.g2a));
        self.a3.encode(element(writer, &self.g3a)).finish()
    }

    pub(super) fn decode(body: &[u8]) -> Result<Self, WireError> {
        let mut reader = counted(body, Self::COUNT)?;
        let message = Self {
            g2a: group_element(&mut reader, "g2a")?,
            a2: Knowledge::decode(&mut reader)?,
            g3a: group_element(&mut reader, "g3a")?,
            a3: Knowledge::decode(&mut reader)?,
        };
        reader.end()?;
        Ok(message)
    }
}

/// SMP message 2: Bob's halves of the generators, and his coordinates.
#[derive(Clone, Debug, PartialEq, Eq)]
pub(super) struct Message2 {
    pub(super) g2b: DhPublic,
    pub(super) b2: Knowledge,
    pub(super) g3b: DhPublic,
    pub(super) b3: Knowledge,
    pub(super) pb: DhPublic,
    pub(super) qb: DhPublic,
    pub(super) cp: Coordinates,
}

impl Message2 {
    const COUNT: u32 = 11;

    pub(super) fn encode(&self) -> Vec<u8> {
        let writer = self.b2.encode(element(start(Self::COUNT), &self.g2b));
        let writer = self.b3.encode(element(writer, &self.g3b));
        self.cp.encode(element(element(writer, &self.pb), &self.qb)).finish()
    }

    pub(super) fn decode(body: &[u8]) -> Result<Self, WireError> {
        let mut reader = counted(body, Self::COUNT)?;
        let message = Self {
            g2b: group_element(&mut reader, "g2b")?,
            b2: Knowledge::decode(&mut reader)?,
            g3b: group_element(&mut reader, "g3b")?,
            b3: Knowledge::decode(&mut reader)?,
            pb: group_element(&mut reader, "Pb")?,
            qb: group_element(&mut reader, "Qb")?,
            cp: Coordinates::decode(&mut reader)?,
        };
        reader.end()?;
        Ok(message)
    }
}

/// SMP message 3: Alice's coordinates and her half of the result.
#[derive(Clone, Debug, PartialEq, Eq)]
pub(super) struct Message3 {
    pub(super) pa: DhPublic,
    pub(super) qa: DhPublic,
    pub(super) cp: Coordinates,
    pub(super) ra: DhPublic,
    pub(super) cr: LogEquality,
}

impl Message3 {
    const COUNT: u32 = 8;

    pub(super) fn encode(&self) -> Vec<u8> {
        let writer = element(element(start(Self::COUNT), &self.pa), &self.qa);
        self.cr.encode(element(self.cp.encode(writer), &self.ra)).finish()
    }

    pub(super) fn decode(body: &[u8]) -> Result<Self, WireError> {
        let mut reader = counted(body, Self::COUNT)?;
        let message = Self {
            pa: group_element(&mut reader, "Pa")?,
            qa: group_element(&mut reader, "Qa")?,
            cp: Coordinates::decode(&mut reader)?,
            ra: group_element(&mut reader, "Ra")?,
            cr: LogEquality::decode(&mut reader)?,
        };
        reader.end()?;
        Ok(message)
    }
}

/// SMP message 4: Bob's half of the result.
#[derive(Clone, Debug, PartialEq, Eq)]
pub(super) struct Message4 {
    pub(super) rb: DhPublic,
    pub(super) cr: LogEquality,
}

impl Message4 {
    const COUNT: u32 = 3;

    pub(super) fn encode(&self) -> Vec<u8> {
        self.cr.encode(element(start(Self::COUNT), &self.rb)).finish()
    }

    pub(super) fn decode(body: &[u8]) -> Result<Self, WireError> {
        let mut reader = counted(body, Self::COUNT)?;
        let message =
            Self { rb: group_element(&mut reader, "Rb")?, cr: LogEquality::decode(&mut reader)? };
        reader.end()?;
        Ok(message)
    }
}

fn start(count: u32) -> Writer {
    Writer::new().int(count)
}

fn element(writer: Writer, element: &DhPublic) -> Writer {
    writer.mpi(&element.to_be_bytes())
}

/// Opens a body that must hold `count` numbers.
fn counted(body: &[u8], count: u32) -> Result<Reader<'_>, WireError> {
    let mut reader = Reader::new(body);
    if reader.int("smp count")? == count {
        Ok(reader)
    } else {
        Err(WireError::Range { field: "smp count" })
    }
}

fn group_element(reader: &mut Reader<'_>, field: &'static str) -> Result<DhPublic, WireError> {
    DhPublic::from_be_bytes(reader.mpi(field)?).ok_or(WireError::Range { field })
}
