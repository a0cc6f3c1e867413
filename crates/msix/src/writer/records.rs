//! The records of a ZIP file as MakeAppx writes them (APPNOTE.TXT 4.3): always ZIP64 ends, sizes and checksum after the data.

use super::DosTime;
use crate::container::Method;

const VERSION: u16 = 45;
const PLAIN_VERSION: u16 = 20;
const WITH_DESCRIPTOR: u16 = 1 << 3;
pub(super) const DESCRIPTOR_SIZE: usize = 24;

/// A part that was written.
#[derive(Clone, Debug)]
pub(crate) struct Written {
    pub(crate) encoded: Vec<u8>,
    pub(crate) needs: u16,
    pub(crate) flags: u16,
    pub(crate) method: Method,
    pub(crate) time: DosTime,
    pub(crate) crc: u32,
    pub(crate) compressed: u64,
    pub(crate) size: u64,
    pub(crate) offset: u64,
}

impl Written {
    /// With sizes (compressed, and of the data) after the data.
    pub(super) fn streamed(
        encoded: String,
        method: Method,
        crc: u32,
        [compressed, size]: [u64; 2],
        offset: u64,
        time: DosTime,
    ) -> Written {
        let encoded = encoded.into_bytes();
        Written {
            encoded,
            needs: VERSION,
            flags: WITH_DESCRIPTOR,
            method,
            time,
            crc,
            compressed,
            size,
            offset,
        }
    }
}

/// A small part as signing adds it, header and data: sizes in the header, nothing that needs ZIP64.
pub(crate) fn whole_part(name: &str, data: &[u8], time: DosTime, offset: u64) -> (Written, Vec<u8>) {
    let mut crc = flate2::Crc::new();
    crc.update(data);
    let (crc, size) = (crc.sum(), data.len() as u64);
    let mut bytes = header(name, Method::Stored, time);
    bytes[4..6].copy_from_slice(&PLAIN_VERSION.to_le_bytes());
    bytes[6..8].copy_from_slice(&[0; 2]);
    bytes[14..18].copy_from_slice(&crc.to_le_bytes());
    bytes[18..22].copy_from_slice(&(size as u32).to_le_bytes());
    bytes[22..26].copy_from_slice(&(size as u32).to_le_bytes());
    bytes.extend_from_slice(data);
    let encoded = name.as_bytes().to_vec();
    let (needs, flags, method) = (PLAIN_VERSION, 0, Method::Stored);
    (Written { encoded, needs, flags, method, time, crc, compressed: size, size, offset }, bytes)
}

/// The header before a part's data.
pub(super) fn header(name: &str, method: Method, time: DosTime) -> Vec<u8> {
    let mut bytes = Vec::with_capacity(30 + name.len());
    bytes.extend(0x0403_4b50_u32.to_le_bytes());
    for value in [VERSION, WITH_DESCRIPTOR, method.into(), time.time, time.date] {
        bytes.extend(value.to_le_bytes());
    }
    // Checksum and sizes come after the data.
    bytes.extend([0; 12]);
    bytes.extend((name.len() as u16).to_le_bytes());
    bytes.extend(0_u16.to_le_bytes());
    bytes.extend(name.as_bytes());
    bytes
}

/// What follows the data.
pub(super) fn descriptor(crc: u32, compressed: u64, size: u64) -> Vec<u8> {
    let mut bytes = Vec::with_capacity(DESCRIPTOR_SIZE);
    bytes.extend(0x0807_4b50_u32.to_le_bytes());
    bytes.extend(crc.to_le_bytes());
    bytes.extend(compressed.to_le_bytes());
    bytes.extend(size.to_le_bytes());
    bytes
}

/// The directory.
pub(crate) fn directory(parts: &[Written]) -> Vec<u8> {
    let mut bytes = Vec::new();
    for part in parts {
        entry(part, &mut bytes);
    }
    bytes
}

/// The records behind a directory of so many parts, which begins at `at` and has `size` bytes.
pub(crate) fn end_records(count: u64, at: u64, size: u64) -> Vec<u8> {
    let mut bytes = Vec::new();
    let record = at + size;
    bytes.extend(0x0606_4b50_u32.to_le_bytes());
    bytes.extend(44_u64.to_le_bytes());
    bytes.extend(VERSION.to_le_bytes());
    bytes.extend(VERSION.to_le_bytes());
    bytes.extend([0; 8]);
    for value in [count, count, size, at] {
        bytes.extend(value.to_le_bytes());
    }
    bytes.extend(0x0706_4b50_u32.to_le_bytes());
    bytes.extend(0_u32.to_le_bytes());
    bytes.extend(record.to_le_bytes());
    bytes.extend(1_u32.to_le_bytes());
    bytes.extend(0x0605_4b50_u32.to_le_bytes());
    bytes.extend([0; 4]);
    // All values are in the other record.
    bytes.extend([0xFF; 12]);
    bytes.extend([0; 2]);
    bytes
}

fn entry(part: &Written, bytes: &mut Vec<u8>) {
    bytes.extend(0x0201_4b50_u32.to_le_bytes());
    let time = part.time;
    for value in [VERSION, part.needs, part.flags, part.method.into(), time.time, time.date] {
        bytes.extend(value.to_le_bytes());
    }
    bytes.extend(part.crc.to_le_bytes());
    // What does not fit is in a ZIP64 field, in this order.
    let values = [part.compressed, part.size, part.offset];
    let short = values.map(|value| u32::try_from(value).ok().filter(|short| *short != u32::MAX));
    let order = [1, 0, 2];
    let long: Vec<u64> = order.into_iter().filter(|&at| short[at].is_none()).map(|at| values[at]).collect();
    let extra = if long.is_empty() { 0 } else { 4 + 8 * long.len() };
    bytes.extend(short[0].unwrap_or(u32::MAX).to_le_bytes());
    bytes.extend(short[1].unwrap_or(u32::MAX).to_le_bytes());
    bytes.extend((part.encoded.len() as u16).to_le_bytes());
    bytes.extend((extra as u16).to_le_bytes());
    // Comment, disk, attributes.
    bytes.extend([0; 10]);
    bytes.extend(short[2].unwrap_or(u32::MAX).to_le_bytes());
    bytes.extend(&part.encoded);
    if extra > 0 {
        bytes.extend(1_u16.to_le_bytes());
        bytes.extend(((extra - 4) as u16).to_le_bytes());
        long.iter().for_each(|value| bytes.extend(value.to_le_bytes()));
    }
}
