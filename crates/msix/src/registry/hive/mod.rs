//! Hives: the registry's files (REGF). The format is documented by those who read it: Suhanov's "Windows registry file format
//! specification", and hivex, libregf and Samba, which agree.
//!
//! A header of 4096 bytes, then bins, which are rows of cells. A cell is a key (`nk`), a value (`vk`), a list of subkeys (`lf`, `lh`, `li`,
//! and `ri` of such), a list of values, data, or pieces of it (`db`). They name each other by their distance from the first bin.

mod bins;
mod cells;
mod read;
mod write;

pub use read::read;
pub use write::write;

/// Bytes before the first bin.
const HEADER: usize = 4096;
/// No cell.
const NONE: u32 = u32::MAX;
/// Of data in one cell, where the version of the file has pieces.
const PIECE: usize = 16_344;
/// The first version with pieces (1.4).
const WITH_PIECES: u32 = 4;
/// Flag of a key and of a value: the name has a byte for each character.
const KEY_NAME_IN_BYTES: u16 = 0x20;
const VALUE_NAME_IN_BYTES: u16 = 1;
/// Of a data length: the data stands in the place of its offset.
const INLINE: u32 = 0x8000_0000;

/// The exclusive or of the header's first 127 words, where neither 0 nor all ones can stand.
fn checksum(header: &[u8]) -> u32 {
    let (words, _) = header.as_chunks::<4>();
    match words.iter().take(127).fold(0, |sum, word| sum ^ u32::from_le_bytes(*word)) {
        0 => 1,
        u32::MAX => u32::MAX - 1,
        sum => sum,
    }
}
