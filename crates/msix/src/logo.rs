//! A picture for a package that has none yet: a real PNG (ISO/IEC 15948), so that whoever looks for one finds one.

use flate2::{Compress, Compression, Crc, FlushCompress};

/// Background and box.
const COLOURS: [u8; 6] = [0x35, 0x4a, 0x5f, 0xff, 0xff, 0xff];

/// A square of so many pixels with the outline of a box in it.
#[must_use]
pub fn placeholder_logo(pixels: u16) -> Vec<u8> {
    let size = usize::from(pixels);
    let (from, to, line) = (size / 5, size - size / 5, (size / 16).max(1));
    let edge = |at: usize| (from..from + line).contains(&at) || (to - line..to).contains(&at);
    let within = |at: usize| (from..to).contains(&at);
    let mut rows = Vec::with_capacity(size * (size + 1));
    for y in 0..size {
        // No filter.
        rows.push(0);
        rows.extend((0..size).map(|x| u8::from((edge(x) && within(y)) || (edge(y) && within(x)))));
    }
    let mut png = begin(pixels.into(), pixels.into(), FROM_PALETTE);
    chunk(&mut png, b"PLTE", &COLOURS);
    chunk(&mut png, b"IDAT", &deflated(&rows));
    chunk(&mut png, b"IEND", &[]);
    png
}

/// A picture of rows with a filter's number before each, and red, green, blue and opacity of each pixel.
pub(crate) fn rgba_picture(width: u32, height: u32, rows: &[u8]) -> Vec<u8> {
    let mut png = begin(width, height, WITH_OPACITY);
    chunk(&mut png, b"IDAT", &deflated(rows));
    chunk(&mut png, b"IEND", &[]);
    png
}

/// Kinds of colours: one of the palette, or red, green, blue and opacity.
const FROM_PALETTE: u8 = 3;
const WITH_OPACITY: u8 = 6;

/// A header; each number of a pixel has eight bits.
fn begin(width: u32, height: u32, colours: u8) -> Vec<u8> {
    let mut png = b"\x89PNG\r\n\x1a\n".to_vec();
    let header = [&width.to_be_bytes()[..], &height.to_be_bytes(), &[8, colours, 0, 0, 0]].concat();
    chunk(&mut png, b"IHDR", &header);
    png
}

fn deflated(data: &[u8]) -> Vec<u8> {
    let mut bytes = Vec::with_capacity(data.len() + 128);
    // The room is enough for data that don't shrink at all, so it ends in one call.
    let done = Compress::new(Compression::best(), true).compress_vec(data, &mut bytes, FlushCompress::Finish);
    debug_assert!(matches!(done, Ok(flate2::Status::StreamEnd)));
    bytes
}

fn chunk(png: &mut Vec<u8>, kind: &[u8; 4], data: &[u8]) {
    png.extend((data.len() as u32).to_be_bytes());
    let mut crc = Crc::new();
    crc.update(kind);
    crc.update(data);
    png.extend(kind);
    png.extend(data);
    png.extend(crc.sum().to_be_bytes());
}
