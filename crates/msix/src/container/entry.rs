//! One entry of the directory (APPNOTE.TXT 4.3.12), and the header before its data, which has to say the same (4.3.7, 4.3.9).

use super::ContainerError;
use super::fields::Fields;
use super::source::Source;
use super::window::Window;

pub(super) const DIRECTORY_ENTRY: u32 = 0x0201_4b50;
pub(super) const DIRECTORY_ENTRY_SIZE: u64 = 46;
const LOCAL: u32 = 0x0403_4b50;
const LOCAL_SIZE: u64 = 30;
const DESCRIPTOR: u32 = 0x0807_4b50;
/// Sizes and checksum follow the data.
const WITH_DESCRIPTOR: u16 = 1 << 3;
/// Encryption (0, 6, 13), and bits without a meaning (12, 14, 15).
const FORBIDDEN_FLAGS: u16 = 1 | 1 << 6 | 0xF000;
/// Patched data and the like; only the two compression hints (1, 2), the descriptor and UTF-8 (11) are left.
const KNOWN_FLAGS: u16 = 0b110 | WITH_DESCRIPTOR | 1 << 11;
/// Versions 1.0 (old packages' stored parts), 2.0 and 4.5: no other features are allowed.
const NEEDS: [u16; 3] = [10, 20, 45];
const ZIP64: u16 = 1;
/// Extra fields that change neither name nor data: times of several systems, and room to grow (APPNOTE.TXT 4.5, 4.6).
const HARMLESS: [u16; 3] = [0x000A, 0x5455, 0xA220];
/// Longest name: the packages' own limit for paths is far below.
const MAX_NAME: usize = 4096;

/// How a part's data are kept.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Method {
    /// As they are.
    Stored,
    /// Deflated.
    Deflated,
}

/// An entry as the directory and the header before its data have it.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Entry {
    /// The name as it is written, percent-encoded.
    pub raw_name: Vec<u8>,
    /// How the data are kept.
    pub method: Method,
    /// CRC-32 of the data.
    pub crc: u32,
    /// Bytes in the file.
    pub compressed: u64,
    /// Bytes of data.
    pub size: u64,
    /// Where its header begins.
    pub offset: u64,
    /// Bytes of the header, with name and extra fields (the block map's LfhSize).
    pub header_size: u64,
    /// Where what belongs to it ends: data, or the descriptor after them.
    pub end: u64,
    /// Where in the file its entry in the directory is, and its bytes.
    pub(crate) directory: (u64, u64),
    /// The version of ZIP that a reader needs, flags, time and date.
    pub(crate) needs: u16,
    pub(crate) flags: u16,
    pub(crate) time: (u16, u16),
}

impl Entry {
    /// Where the data begin.
    #[must_use]
    pub fn data_offset(&self) -> u64 {
        self.offset + self.header_size
    }

    /// Reads the next entry; `at` says where in the file it is.
    pub(super) fn read(fields: &mut Fields<'_>, at: u64) -> Result<Entry, ContainerError> {
        let bad = |what| ContainerError::BadDirectory { at, what };
        let fixed = fields.bytes(DIRECTORY_ENTRY_SIZE as usize).ok_or_else(|| bad("it is cut off"))?;
        let raw = Raw::read(fixed).ok_or_else(|| bad("no entry begins here"))?;
        let cut = || bad("a name or extra field is cut off");
        let name = fields.bytes(raw.name.into()).ok_or_else(cut)?;
        let extra = fields.bytes(raw.extra.into()).ok_or_else(cut)?;
        let named = |what| bad_part(name, what);
        if name.is_empty() || name.len() > MAX_NAME {
            return Err(bad("an entry has no name, or too long a one"));
        }
        if raw.comment != 0 || raw.disk != 0 {
            return Err(named("it has a comment or lies on another disk"));
        }
        if !NEEDS.contains(&raw.needs) {
            return Err(named("it asks for a feature of ZIP that packages don't use"));
        }
        if raw.flags & FORBIDDEN_FLAGS != 0 {
            return Err(named("it is encrypted, or has flags that are not allowed"));
        }
        if raw.flags & !KNOWN_FLAGS != 0 {
            return Err(named("it has flags that are not allowed"));
        }
        let method = match raw.method {
            0 => Method::Stored,
            8 => Method::Deflated,
            _ => return Err(named("it is compressed by another method than deflate")),
        };
        let (size, compressed, offset) = sizes(&raw, extra).map_err(named)?;
        if method == Method::Stored && size != compressed {
            return Err(named("it is stored, and its two sizes differ"));
        }
        Ok(Entry {
            raw_name: name.to_vec(),
            method,
            crc: raw.crc,
            compressed,
            size,
            offset,
            header_size: 0,
            end: 0,
            directory: (at, DIRECTORY_ENTRY_SIZE + (name.len() + extra.len()) as u64),
            needs: raw.needs,
            flags: raw.flags,
            time: raw.time,
        })
    }

    /// Reads the header before the data and the descriptor after them, neither of which may say anything else.
    pub(super) fn read_local(
        &mut self,
        window: &mut Window<'_, impl Source + ?Sized>,
    ) -> Result<(), ContainerError> {
        let mut fixed = [0; LOCAL_SIZE as usize];
        let size = window.size();
        let beyond = || bad_part(&self.raw_name, "its header or data lie beyond the end of the file");
        let mut read = |buffer: &mut [u8], at: Option<u64>| match at {
            Some(at) if at.checked_add(buffer.len() as u64).is_some_and(|end| end <= size) => {
                window.read_exact_at(buffer, at).map_err(ContainerError::Read)
            }
            _ => Err(beyond()),
        };
        read(&mut fixed, Some(self.offset))?;
        let differs = |what| bad_part(&self.raw_name, what);
        let local = Local::read(&fixed).ok_or_else(|| differs("no header is where the directory says"))?;
        let mut rest = vec![0; usize::from(local.name) + usize::from(local.extra)];
        read(&mut rest, self.offset.checked_add(LOCAL_SIZE))?;
        let (name, extra) = rest.split_at(local.name.into());
        if name != self.raw_name {
            return Err(differs("its header has another name than the directory"));
        }
        if (local.needs, local.flags) != (self.needs, self.flags) || local.method != u16::from(self.method) {
            return Err(differs("its header has another version, method or other flags than the directory"));
        }
        let header_size = LOCAL_SIZE + rest.len() as u64;
        let data_end = self.offset.checked_add(header_size).and_then(|at| at.checked_add(self.compressed));
        let end = if self.flags & WITH_DESCRIPTOR != 0 {
            if local.values() != [0; 3] && !self.says(&local, extra)? {
                return Err(differs("its header has other sizes than the directory"));
            }
            let mut descriptor = vec![0; if self.needs == 45 { 24 } else { 16 }];
            read(&mut descriptor, data_end)?;
            if !self.is_descriptor(&descriptor) {
                return Err(differs("sizes or checksum after its data differ from the directory's"));
            }
            data_end.and_then(|end| end.checked_add(descriptor.len() as u64))
        } else {
            if !self.says(&local, extra)? {
                return Err(differs("its header has other sizes or another checksum than the directory"));
            }
            data_end
        };
        let end = end.filter(|&end| end <= size).ok_or_else(beyond)?;
        (self.header_size, self.end) = (header_size, end);
        Ok(())
    }

    /// Whether the header has the directory's values.
    fn says(&self, local: &Local, extra: &[u8]) -> Result<bool, ContainerError> {
        let raw = Raw { crc: local.crc, compressed: local.compressed, size: local.size, ..Raw::default() };
        let (size, compressed, _) = sizes(&raw, extra).map_err(|what| bad_part(&self.raw_name, what))?;
        Ok((local.crc, compressed, size) == (self.crc, self.compressed, self.size))
    }

    fn is_descriptor(&self, bytes: &[u8]) -> bool {
        let mut fields = Fields(bytes);
        let start = (fields.u32(), fields.u32());
        let sizes = match bytes.len() {
            24 => (fields.u64(), fields.u64()),
            _ => (fields.u32().map(u64::from), fields.u32().map(u64::from)),
        };
        start == (Some(DESCRIPTOR), Some(self.crc)) && sizes == (Some(self.compressed), Some(self.size))
    }
}

impl From<Method> for u16 {
    fn from(method: Method) -> u16 {
        match method {
            Method::Stored => 0,
            Method::Deflated => 8,
        }
    }
}

pub(super) fn bad_part(name: &[u8], what: &'static str) -> ContainerError {
    ContainerError::BadPart { name: String::from_utf8_lossy(name).into_owned(), what }
}

/// The fixed fields of an entry of the directory.
#[derive(Default)]
struct Raw {
    needs: u16,
    flags: u16,
    method: u16,
    time: (u16, u16),
    crc: u32,
    compressed: u32,
    size: u32,
    name: u16,
    extra: u16,
    comment: u16,
    disk: u16,
    offset: u32,
}

impl Raw {
    fn read(bytes: &[u8]) -> Option<Raw> {
        let mut fields = Fields(bytes);
        if fields.u32()? != DIRECTORY_ENTRY {
            return None;
        }
        let _made_by = fields.u16()?;
        let (needs, flags, method) = (fields.u16()?, fields.u16()?, fields.u16()?);
        let time = (fields.u16()?, fields.u16()?);
        let (crc, compressed, size) = (fields.u32()?, fields.u32()?, fields.u32()?);
        let (name, extra, comment, disk) = (fields.u16()?, fields.u16()?, fields.u16()?, fields.u16()?);
        let _attributes = (fields.u16()?, fields.u32()?);
        let offset = fields.u32()?;
        Some(Raw { needs, flags, method, time, crc, compressed, size, name, extra, comment, disk, offset })
    }
}

/// The fixed fields of a header.
struct Local {
    needs: u16,
    flags: u16,
    method: u16,
    crc: u32,
    compressed: u32,
    size: u32,
    name: u16,
    extra: u16,
}

impl Local {
    fn read(bytes: &[u8]) -> Option<Local> {
        let mut fields = Fields(bytes);
        if fields.u32()? != LOCAL {
            return None;
        }
        let (needs, flags, method) = (fields.u16()?, fields.u16()?, fields.u16()?);
        let _time = fields.u32()?;
        let (crc, compressed, size) = (fields.u32()?, fields.u32()?, fields.u32()?);
        Some(Local { needs, flags, method, crc, compressed, size, name: fields.u16()?, extra: fields.u16()? })
    }

    fn values(&self) -> [u32; 3] {
        [self.crc, self.compressed, self.size]
    }
}

/// Size, compressed size and offset: of the ZIP64 field, in that order, those that the fixed fields leave to it (APPNOTE.TXT 4.5.3).
/// A value that stands in both places has to be the same: Microsoft's own samples have such.
fn sizes(raw: &Raw, mut extra: &[u8]) -> Result<(u64, u64, u64), &'static str> {
    let mut zip64 = None;
    while !extra.is_empty() {
        let mut fields = Fields(extra);
        let field =
            fields.u16().zip(fields.u16()).and_then(|(id, size)| Some((id, fields.bytes(size.into())?)));
        let (id, value) = field.ok_or("an extra field is cut off")?;
        match id {
            ZIP64 if zip64.is_none() => zip64 = Some(value),
            ZIP64 => return Err("it has two ZIP64 fields"),
            id if HARMLESS.contains(&id) => {}
            _ => return Err("it has an extra field that could change what it is"),
        }
        extra = fields.0;
    }
    let values = [raw.size, raw.compressed, raw.offset];
    let mut zip64 = Fields(zip64.unwrap_or_default());
    let everything = zip64.0.len() == 24 || zip64.0.len() == 28;
    let mut whole = [0; 3];
    for (whole, value) in whole.iter_mut().zip(values) {
        *whole = match value {
            u32::MAX => zip64.u64().ok_or("a size is neither in its place nor in the ZIP64 field")?,
            value if everything => match zip64.u64() {
                Some(long) if long == u64::from(value) => long,
                _ => return Err("its ZIP64 field has other values than the fixed ones"),
            },
            value => value.into(),
        };
    }
    match zip64.0 {
        [] | [0, 0, 0, 0] => Ok((whole[0], whole[1], whole[2])),
        _ => Err("its ZIP64 field has more than it should"),
    }
}
