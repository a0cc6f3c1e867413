//! Cells of a hive by their offsets, and the fields in them.

use super::super::RegistryError;
use super::{HEADER, NONE};

/// What lies behind the header.
#[derive(Clone, Copy)]
pub(super) struct Cells<'a> {
    bins: &'a [u8],
}

impl<'a> Cells<'a> {
    /// Of a file whose header says that the bins have so many bytes.
    pub(super) fn new(file: &'a [u8], length: u32) -> Result<Cells<'a>, RegistryError> {
        let bins = file.get(HEADER..).and_then(|bins| bins.get(..length as usize));
        let bins = bins.filter(|bins| bins.starts_with(b"hbin"));
        Ok(Cells { bins: bins.ok_or(RegistryError::CutOff("its first bin"))? })
    }

    /// The content of an allocated cell.
    pub(super) fn cell(self, at: u32, what: &'static str) -> Result<Cell<'a>, RegistryError> {
        let cut_off = RegistryError::CutOff(what);
        if at == NONE || !at.is_multiple_of(8) {
            return Err(RegistryError::Wrong("a cell is named that is none"));
        }
        let rest = self.bins.get(at as usize..).ok_or(cut_off)?;
        let (size, rest) = rest.split_first_chunk::<4>().ok_or(cut_off)?;
        // Free cells have positive sizes.
        let size = i32::from_le_bytes(*size);
        let length = size.checked_neg().filter(|size| *size >= 8);
        let length = length.ok_or(RegistryError::Wrong("a cell is named that is free"))? as usize - 4;
        Ok(Cell { bytes: rest.get(..length).ok_or(cut_off)?, what })
    }
}

/// A cell's content.
#[derive(Clone, Copy)]
pub(super) struct Cell<'a> {
    pub(super) bytes: &'a [u8],
    what: &'static str,
}

impl<'a> Cell<'a> {
    pub(super) fn is(self, signature: &[u8; 2]) -> bool {
        self.bytes.starts_with(signature)
    }

    pub(super) fn slice(self, at: usize, length: usize) -> Result<&'a [u8], RegistryError> {
        let end = at.checked_add(length).ok_or(RegistryError::CutOff(self.what))?;
        self.bytes.get(at..end).ok_or(RegistryError::CutOff(self.what))
    }

    pub(super) fn u16(self, at: usize) -> Result<u16, RegistryError> {
        let bytes = self.slice(at, 2)?;
        Ok(u16::from_le_bytes([bytes[0], bytes[1]]))
    }

    pub(super) fn u32(self, at: usize) -> Result<u32, RegistryError> {
        let bytes = self.slice(at, 4)?;
        Ok(u32::from_le_bytes([bytes[0], bytes[1], bytes[2], bytes[3]]))
    }

    /// Offsets in a list, from `at`, each in an entry of `size` bytes.
    pub(super) fn offsets(
        self,
        at: usize,
        count: usize,
        size: usize,
    ) -> Result<impl Iterator<Item = u32> + 'a, RegistryError> {
        let length = count.checked_mul(size).ok_or(RegistryError::CutOff(self.what))?;
        let entries = self.slice(at, length)?.chunks_exact(size);
        Ok(entries.map(|entry| u32::from_le_bytes([entry[0], entry[1], entry[2], entry[3]])))
    }
}
