//! Strings of CPython's.

use super::layout::Layout;
use crate::learn::stacks::memory::Memory;

/// A string, in UTF-8; what is longer is cut.
pub(super) fn text(address: u64, max: u64, layout: &Layout, memory: &mut dyn Memory) -> Option<Vec<u8>> {
    let length = memory.word(address.checked_add(layout.text_length)?)?.min(max) as usize;
    let state = memory.half(address.checked_add(layout.text_state)?)?;
    // Two bits say whether it is interned, three how wide a character is, one each that the characters follow, and are ASCII.
    let (width, compact, ascii) = ((state >> 2 & 7) as usize, state >> 5 & 1 == 1, state >> 6 & 1 == 1);
    if !compact || ![1, 2, 4].contains(&width) {
        return None;
    }
    let start = if ascii { layout.text_ascii } else { layout.text_other };
    let mut bytes = vec![0; length * width];
    memory.read(address.checked_add(start)?, &mut bytes)?;
    let written: String = bytes
        .chunks_exact(width)
        .map(|character| {
            let mut number = [0; 4];
            number[..width].copy_from_slice(character);
            char::from_u32(u32::from_le_bytes(number)).unwrap_or(char::REPLACEMENT_CHARACTER)
        })
        .collect();
    Some(written.into_bytes())
}

/// A `bytes` object: its size, its hash, and what it holds.
pub(super) fn bytes(address: u64, max: u64, memory: &mut dyn Memory) -> Option<Vec<u8>> {
    let length = memory.word(address.checked_add(16)?)?;
    let mut bytes = vec![0; usize::try_from(length).ok().filter(|_| length <= max)?];
    memory.read(address.checked_add(32)?, &mut bytes)?;
    Some(bytes)
}
