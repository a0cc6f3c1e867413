//! Reading small pieces that lie close together: what follows one part's data, and the header of the next.

use std::io;

use super::Source;

/// Bytes that are read at once.
const SIZE: usize = 512;

/// A source, and what was read of it last.
pub(super) struct Window<'a, S: ?Sized> {
    source: &'a S,
    at: u64,
    bytes: Vec<u8>,
}

impl<'a, S: Source + ?Sized> Window<'a, S> {
    pub fn new(source: &'a S) -> Self {
        Window { source, at: 0, bytes: Vec::new() }
    }

    pub fn size(&self) -> u64 {
        self.source.size()
    }

    /// Fills the buffer, from the window if all of it lies there; else the window is moved.
    pub fn read_exact_at(&mut self, buffer: &mut [u8], at: u64) -> io::Result<()> {
        if self.place(at, buffer.len()).is_none() {
            let left = self.source.size().saturating_sub(at);
            let size = left.min(SIZE.max(buffer.len()) as u64) as usize;
            self.bytes.resize(size, 0);
            self.at = at;
            if let Err(error) = self.source.read_exact_at(&mut self.bytes, at) {
                // What is in it now is nothing.
                self.bytes.clear();
                return Err(error);
            }
        }
        let from = self.place(at, buffer.len()).ok_or(io::ErrorKind::UnexpectedEof)?;
        buffer.copy_from_slice(&self.bytes[from..from + buffer.len()]);
        Ok(())
    }

    fn place(&self, at: u64, length: usize) -> Option<usize> {
        let from = usize::try_from(at.checked_sub(self.at)?).ok()?;
        (from.checked_add(length)? <= self.bytes.len()).then_some(from)
    }
}
