//! A member of a bundle: a package where it lies.

use std::io;

use crate::container::Source;

/// A part of a source, as a source of its own.
#[derive(Clone, Copy, Debug)]
pub struct Slice<'a, S: ?Sized> {
    source: &'a S,
    from: u64,
    size: u64,
}

impl<'a, S: Source + ?Sized> Slice<'a, S> {
    /// The `size` bytes from `from` on.
    pub(super) fn new(source: &'a S, from: u64, size: u64) -> Slice<'a, S> {
        Slice { source, from, size }
    }
}

impl<S: Source + ?Sized> Source for Slice<'_, S> {
    fn size(&self) -> u64 {
        self.size
    }

    fn read_exact_at(&self, buffer: &mut [u8], offset: u64) -> io::Result<()> {
        let end = offset.checked_add(buffer.len() as u64).filter(|end| *end <= self.size);
        match (end, self.from.checked_add(offset)) {
            (Some(_), Some(at)) => self.source.read_exact_at(buffer, at),
            _ => Err(io::ErrorKind::UnexpectedEof.into()),
        }
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn nothing_outside_a_member_is_read_through_it() {
        let bytes: Vec<u8> = (0..100).collect();
        let slice = Slice::new(&bytes, 10, 20);
        let mut buffer = [0; 20];
        slice.read_exact_at(&mut buffer, 0).unwrap();
        assert_eq!(buffer[..], bytes[10..30]);
        for (size, offset) in [(1, 20), (20, 1), (1, u64::MAX), (0, 21)] {
            assert!(slice.read_exact_at(&mut vec![0; size], offset).is_err(), "{size} at {offset}");
        }
    }
}
