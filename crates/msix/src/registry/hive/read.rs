//! Reading a hive, as far as anybody can say what it means: what leads in circles, outside or twice to one place is refused.

use std::collections::BTreeSet;

use super::super::{Budget, Key, Kind, MAX_BYTES, MAX_DEPTH, MAX_KEY_NAME, RegistryError, Value};
use super::cells::{Cell, Cells};
use super::{HEADER, INLINE, KEY_NAME_IN_BYTES, PIECE, VALUE_NAME_IN_BYTES, WITH_PIECES, checksum};

/// Reads a hive: its root key. Names that are no text (lone surrogates) are left out with what lies below.
///
/// # Errors
/// [`RegistryError`].
pub fn read(file: &[u8]) -> Result<Key, RegistryError> {
    if file.len() > MAX_BYTES {
        return Err(RegistryError::TooMuch("more than 64 MiB"));
    }
    let header = file.get(..HEADER).ok_or(RegistryError::Unknown)?;
    if !header.starts_with(b"regf") {
        return Err(RegistryError::Unknown);
    }
    let word = |at: usize| u32::from_le_bytes([header[at], header[at + 1], header[at + 2], header[at + 3]]);
    if word(508) != checksum(header) {
        return Err(RegistryError::Wrong("its header's checksum is another"));
    }
    // The version, the type (0: no log) and the format (1).
    if word(20) != 1 || word(28) != 0 || word(32) != 1 {
        return Err(RegistryError::Unknown);
    }
    let reader = Reader { cells: Cells::new(file, word(40))?, has_pieces: word(24) >= WITH_PIECES };
    let mut seen = Seen::default();
    let root = reader.cells.cell(word(36), "its root key")?;
    seen.cell(word(36))?;
    reader.key(root, 0, &mut seen)
}

struct Reader<'a> {
    cells: Cells<'a>,
    has_pieces: bool,
}

/// What was read already.
#[derive(Default)]
struct Seen {
    cells: BTreeSet<u32>,
    budget: Budget,
}

impl Seen {
    /// Keys and lists of keys belong to one key.
    fn cell(&mut self, at: u32) -> Result<(), RegistryError> {
        match self.cells.insert(at) {
            true => Ok(()),
            false => Err(RegistryError::Wrong("a key is in it twice")),
        }
    }
}

impl<'a> Reader<'a> {
    fn key(&self, cell: Cell<'a>, depth: usize, seen: &mut Seen) -> Result<Key, RegistryError> {
        if !cell.is(b"nk") {
            return Err(RegistryError::Wrong("what should be a key is none"));
        }
        if depth > MAX_DEPTH {
            return Err(RegistryError::TooMuch("keys in one another"));
        }
        seen.budget.take(cell.u16(72)?.into())?;
        let mut key = Key::default();
        let values = cell.u32(36)?;
        if values > 0 {
            let list = self.cells.cell(cell.u32(40)?, "a list of values")?;
            for at in list.offsets(0, values as usize, 4)? {
                if let Some((name, value)) = self.value(at, seen)? {
                    key.set(&name, value);
                }
            }
        }
        if cell.u32(20)? > 0 {
            self.keys(cell.u32(28)?, false, depth, &mut key, seen)?;
        }
        Ok(key)
    }

    /// The subkeys of a list, or of a list of lists, which has no further ones.
    fn keys(
        &self,
        at: u32,
        is_inner: bool,
        depth: usize,
        above: &mut Key,
        seen: &mut Seen,
    ) -> Result<(), RegistryError> {
        seen.cell(at)?;
        let list = self.cells.cell(at, "a list of keys")?;
        let count = usize::from(list.u16(2)?);
        if list.is(b"ri") && !is_inner {
            for at in list.offsets(4, count, 4)? {
                self.keys(at, true, depth, above, seen)?;
            }
            return Ok(());
        }
        let size = match () {
            () if list.is(b"lf") || list.is(b"lh") => 8,
            () if list.is(b"li") => 4,
            () => return Err(RegistryError::Wrong("what should be a list of keys is none")),
        };
        for at in list.offsets(4, count, size)? {
            seen.cell(at)?;
            let cell = self.cells.cell(at, "a key")?;
            let key = self.key(cell, depth + 1, seen)?;
            let in_bytes = cell.u16(2)? & KEY_NAME_IN_BYTES != 0;
            let Some(name) = name(cell.slice(76, cell.u16(72)?.into())?, in_bytes) else { continue };
            if name.is_empty() || name.contains('\\') || name.encode_utf16().count() > MAX_KEY_NAME {
                return Err(RegistryError::Wrong("a key has a name that none has"));
            }
            if above.key(&name).is_some() {
                return Err(RegistryError::Wrong("two keys have one name"));
            }
            *above.make(&name) = key;
        }
        Ok(())
    }

    fn value(&self, at: u32, seen: &mut Seen) -> Result<Option<(String, Value)>, RegistryError> {
        let cell = self.cells.cell(at, "a value")?;
        if !cell.is(b"vk") {
            return Err(RegistryError::Wrong("what should be a value is none"));
        }
        let raw = cell.slice(20, cell.u16(2)?.into())?;
        let length = cell.u32(4)?;
        let (is_inline, length) = (length & INLINE != 0, (length & !INLINE) as usize);
        seen.budget.take(raw.len().saturating_add(length))?;
        let data = match is_inline {
            true if length > 4 => return Err(RegistryError::Wrong("a value's data has no room")),
            true => cell.slice(8, length)?.to_vec(),
            false if length == 0 => Vec::new(),
            false => self.data(cell.u32(8)?, length)?,
        };
        let kind = Kind(cell.u32(12)?);
        let name = name(raw, cell.u16(16)? & VALUE_NAME_IN_BYTES != 0);
        Ok(name.map(|name| (name, Value { kind, data })))
    }

    fn data(&self, at: u32, length: usize) -> Result<Vec<u8>, RegistryError> {
        let cell = self.cells.cell(at, "a value's data")?;
        if length <= PIECE || !self.has_pieces || !cell.is(b"db") {
            return Ok(cell.slice(0, length)?.to_vec());
        }
        let pieces = self.cells.cell(cell.u32(4)?, "a list of pieces")?;
        let mut data = Vec::with_capacity(length);
        for at in pieces.offsets(0, cell.u16(2)?.into(), 4)? {
            let left = length - data.len();
            data.extend_from_slice(self.cells.cell(at, "a piece")?.slice(0, left.min(PIECE))?);
        }
        match data.len() == length {
            true => Ok(data),
            false => Err(RegistryError::CutOff("a value's data")),
        }
    }
}

/// A name: a byte for each character (Latin-1), or UTF-16.
fn name(raw: &[u8], in_bytes: bool) -> Option<String> {
    if in_bytes {
        return Some(raw.iter().map(|byte| char::from(*byte)).collect());
    }
    let (pairs, rest) = raw.as_chunks::<2>();
    let units = pairs.iter().map(|pair| u16::from_le_bytes(*pair));
    let name = char::decode_utf16(units).collect::<Result<_, _>>().ok();
    name.filter(|_| rest.is_empty())
}
