//! Bins that are filled with cells, one after the other. No cell lies in two of them.

use super::super::{MAX_BYTES, RegistryError};

const BIN: usize = 4096;
const BIN_HEADER: usize = 32;

/// The bins of a hive that is written.
#[derive(Default)]
pub(super) struct Bins {
    bytes: Vec<u8>,
    /// Where the last one begins.
    last: usize,
    /// How much of it is taken.
    used: usize,
}

impl Bins {
    /// Adds a cell; its offset.
    pub(super) fn add(&mut self, content: &[u8]) -> Result<u32, RegistryError> {
        let size = (content.len() + 4).next_multiple_of(8);
        if self.bytes.len() + size > MAX_BYTES {
            return Err(RegistryError::TooMuch("more than 64 MiB"));
        }
        if self.used + size > self.bytes.len() {
            self.close();
            self.open(size);
        }
        let at = self.used;
        self.bytes[at..at + 4].copy_from_slice(&(-(size as i32)).to_le_bytes());
        self.bytes[at + 4..at + 4 + content.len()].copy_from_slice(content);
        self.used += size;
        Ok(at as u32)
    }

    /// Changes a field of a cell that was added.
    pub(super) fn patch(&mut self, cell: u32, field: usize, value: u32) {
        let at = cell as usize + 4 + field;
        self.bytes[at..at + 4].copy_from_slice(&value.to_le_bytes());
    }

    pub(super) fn finish(mut self) -> Vec<u8> {
        self.close();
        self.bytes
    }

    /// What is left of the last bin is a free cell.
    fn close(&mut self) {
        let left = self.bytes.len() - self.used;
        if left > 0 {
            self.bytes[self.used..self.used + 4].copy_from_slice(&(left as u32).to_le_bytes());
        }
        self.used = self.bytes.len();
    }

    fn open(&mut self, size: usize) {
        self.last = self.bytes.len();
        let length = (BIN_HEADER + size).next_multiple_of(BIN);
        self.bytes.resize(self.last + length, 0);
        let header = &mut self.bytes[self.last..];
        header[..4].copy_from_slice(b"hbin");
        header[4..8].copy_from_slice(&(self.last as u32).to_le_bytes());
        header[8..12].copy_from_slice(&(length as u32).to_le_bytes());
        self.used = self.last + BIN_HEADER;
    }
}
