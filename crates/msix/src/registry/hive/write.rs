//! Writing a hive. The same keys make the same file, byte for byte: every time in it is 0.

use super::super::key::{Folded, units_to_bytes};
use super::super::{Key, MAX_DEPTH, MAX_KEY_NAME, MAX_VALUE_NAME, RegistryError, Value};
use super::bins::Bins;
use super::{HEADER, INLINE, KEY_NAME_IN_BYTES, NONE, PIECE, VALUE_NAME_IN_BYTES, checksum};

/// The version that is written (1.5): with pieces, and with lists that have hashes.
const VERSION: u32 = 5;
/// Entries of a list of keys; more are in a list of lists.
const LIST: usize = 500;
/// Flags of the root: it has no key above, and can't be deleted.
const ROOT: u16 = 0x04 | 0x08;

/// Who may use the keys, as a descriptor of its own: owner and group Administrators, and `D:(A;CI;KA;;;SY)(A;CI;KA;;;BA)(A;CI;KR;;;WD)(A;CI;KR;;;AC)`.
/// Windows asks it where it loads the hive.
fn security() -> Vec<u8> {
    const ADMINISTRATORS: &[u8] = &[1, 2, 0, 0, 0, 0, 0, 5, 32, 0, 0, 0, 0x20, 2, 0, 0];
    const SYSTEM: &[u8] = &[1, 1, 0, 0, 0, 0, 0, 5, 18, 0, 0, 0];
    const EVERYONE: &[u8] = &[1, 1, 0, 0, 0, 0, 0, 1, 0, 0, 0, 0];
    const ALL_PACKAGES: &[u8] = &[1, 2, 0, 0, 0, 0, 0, 15, 2, 0, 0, 0, 1, 0, 0, 0];
    const ALL: u32 = 0x000F_003F;
    const READ: u32 = 0x0002_0019;
    let mut aces = Vec::new();
    for (mask, sid) in [(ALL, SYSTEM), (ALL, ADMINISTRATORS), (READ, EVERYONE), (READ, ALL_PACKAGES)] {
        aces.extend([0, 2]);
        aces.extend((8 + sid.len() as u16).to_le_bytes());
        aces.extend(mask.to_le_bytes());
        aces.extend(sid);
    }
    let (owner, group) = (20_u32, 20 + ADMINISTRATORS.len() as u32);
    let dacl = group + ADMINISTRATORS.len() as u32;
    let mut bytes = vec![1, 0, 0x04, 0x80];
    for offset in [owner, group, 0, dacl] {
        bytes.extend(offset.to_le_bytes());
    }
    bytes.extend(ADMINISTRATORS);
    bytes.extend(ADMINISTRATORS);
    bytes.extend([2, 0]);
    bytes.extend((8 + aces.len() as u16).to_le_bytes());
    bytes.extend([4, 0, 0, 0]);
    bytes.extend(aces);
    bytes
}

/// Writes a hive with this root key.
///
/// # Errors
/// [`RegistryError::TooMuch`] for more than a file holds; [`RegistryError::Wrong`] for names that keys can't have.
pub fn write(root: &Key) -> Result<Vec<u8>, RegistryError> {
    let mut writer = Writer { bins: Bins::default(), security: NONE, keys: 0 };
    let descriptor = security();
    let mut cell = b"sk\0\0".to_vec();
    cell.extend([0; 12]);
    cell.extend((descriptor.len() as u32).to_le_bytes());
    cell.extend(descriptor);
    writer.security = writer.bins.add(&cell)?;
    let root = writer.key("ROOT", root, NONE, 0)?;
    // The list of descriptors is a ring of one, which all keys share.
    for (field, value) in [(4, writer.security), (8, writer.security), (12, writer.keys)] {
        writer.bins.patch(writer.security, field, value);
    }
    let bins = writer.bins.finish();
    let mut file = vec![0; HEADER];
    file[..4].copy_from_slice(b"regf");
    // Two equal sequence numbers: it is whole. Then the version, the format, the root, the length, and the cluster.
    for (at, word) in
        [(4, 1), (8, 1), (20, 1), (24, VERSION), (32, 1), (36, root), (40, bins.len() as u32), (44, 1)]
    {
        file[at..at + 4].copy_from_slice(&word.to_le_bytes());
    }
    let sum = checksum(&file);
    file[508..512].copy_from_slice(&sum.to_le_bytes());
    file.extend(bins);
    Ok(file)
}

struct Writer {
    bins: Bins,
    security: u32,
    keys: u32,
}

impl Writer {
    fn key(&mut self, name: &str, key: &Key, above: u32, depth: usize) -> Result<u32, RegistryError> {
        let units = name.encode_utf16().count();
        if units == 0 || units > MAX_KEY_NAME || name.contains(['\\', '\0']) {
            return Err(RegistryError::Wrong("a key has a name that none has"));
        }
        if depth > MAX_DEPTH {
            return Err(RegistryError::TooMuch("keys in one another"));
        }
        let (raw, in_bytes) = raw_name(name);
        let flags = if in_bytes { KEY_NAME_IN_BYTES } else { 0 } | if above == NONE { ROOT } else { 0 };
        let longest = |lengths: &mut dyn Iterator<Item = usize>| lengths.max().unwrap_or_default() as u32;
        let wide = |name: &str| name.encode_utf16().count() * 2;
        let mut cell = b"nk".to_vec();
        cell.extend(flags.to_le_bytes());
        cell.extend([0; 12]);
        for word in [
            above,
            key.keys().len() as u32,
            0,
            NONE,
            NONE,
            key.values().len() as u32,
            NONE,
            self.security,
            NONE,
            longest(&mut key.keys().map(|(name, _)| wide(name))),
            0,
            longest(&mut key.values().map(|(name, _)| wide(name))),
            longest(&mut key.values().map(|(_, value)| value.data.len())),
            0,
        ] {
            cell.extend(word.to_le_bytes());
        }
        cell.extend((raw.len() as u16).to_le_bytes());
        cell.extend([0, 0]);
        cell.extend(raw);
        let own = self.bins.add(&cell)?;
        self.keys += 1;
        if key.values().len() > 0 {
            let mut list = Vec::new();
            for (name, value) in key.values() {
                list.extend(self.value(name, value)?.to_le_bytes());
            }
            let list = self.bins.add(&list)?;
            self.bins.patch(own, 40, list);
        }
        if key.keys().len() > 0 {
            let mut entries = Vec::new();
            for (name, below) in key.keys() {
                entries.push((self.key(name, below, own, depth + 1)?, hash(name)));
            }
            let list = self.list(&entries)?;
            self.bins.patch(own, 28, list);
        }
        Ok(own)
    }

    /// A list of keys, or of such lists.
    fn list(&mut self, entries: &[(u32, u32)]) -> Result<u32, RegistryError> {
        let mut lists = Vec::new();
        for some in entries.chunks(LIST) {
            let mut cell = b"lh".to_vec();
            cell.extend((some.len() as u16).to_le_bytes());
            cell.extend(some.iter().flat_map(|(at, hash)| [at.to_le_bytes(), hash.to_le_bytes()]).flatten());
            lists.push(self.bins.add(&cell)?);
        }
        if let [one] = lists[..] {
            return Ok(one);
        }
        let count = u16::try_from(lists.len()).map_err(|_| RegistryError::TooMuch("keys in one key"))?;
        let mut cell = b"ri".to_vec();
        cell.extend(count.to_le_bytes());
        cell.extend(lists.iter().flat_map(|at| at.to_le_bytes()));
        self.bins.add(&cell)
    }

    fn value(&mut self, name: &str, value: &Value) -> Result<u32, RegistryError> {
        if name.encode_utf16().count() > MAX_VALUE_NAME {
            return Err(RegistryError::Wrong("a value has a name that none has"));
        }
        let (raw, in_bytes) = raw_name(name);
        let length = value.data.len() as u32;
        let (length, place) = match value.data.len() {
            0..=4 => {
                let mut inline = [0; 4];
                inline[..value.data.len()].copy_from_slice(&value.data);
                (length | INLINE, u32::from_le_bytes(inline))
            }
            5..=PIECE => (length, self.bins.add(&value.data)?),
            _ => (length, self.pieces(&value.data)?),
        };
        let mut cell = b"vk".to_vec();
        cell.extend((raw.len() as u16).to_le_bytes());
        for word in [length, place, value.kind.0] {
            cell.extend(word.to_le_bytes());
        }
        cell.extend(if in_bytes { VALUE_NAME_IN_BYTES } else { 0 }.to_le_bytes());
        cell.extend([0, 0]);
        cell.extend(raw);
        self.bins.add(&cell)
    }

    fn pieces(&mut self, data: &[u8]) -> Result<u32, RegistryError> {
        let pieces = data.chunks(PIECE);
        let count = u16::try_from(pieces.len()).map_err(|_| RegistryError::TooMuch("data of one value"))?;
        let mut list = Vec::new();
        for piece in pieces {
            list.extend(self.bins.add(piece)?.to_le_bytes());
        }
        let list = self.bins.add(&list)?;
        let mut cell = b"db".to_vec();
        cell.extend(count.to_le_bytes());
        cell.extend(list.to_le_bytes());
        cell.extend([0; 4]);
        self.bins.add(&cell)
    }
}

/// A byte for each character where that is enough, as Windows writes names.
fn raw_name(name: &str) -> (Vec<u8>, bool) {
    let bytes: Result<Vec<u8>, _> = name.chars().map(|letter| u8::try_from(u32::from(letter))).collect();
    match bytes {
        Ok(bytes) => (bytes, true),
        Err(_) => (units_to_bytes(name.encode_utf16()), false),
    }
}

/// By which Windows finds a name in a list.
fn hash(name: &str) -> u32 {
    let next = |hash: u32, unit: &u16| hash.wrapping_mul(37).wrapping_add(u32::from(*unit));
    Folded::new(name).units().iter().fold(0, next)
}
