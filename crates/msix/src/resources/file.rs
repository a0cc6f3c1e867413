//! The file: a header, a table of sections, sections, and an end, of which each says the size again.

use super::MAX_BYTES;
use super::error::ResourcesError;
use super::fields::Fields;

/// Kinds of files: of Windows 8.1, Windows Phone 8.1 and two of Windows 10. That of Windows 8 (`mrm_pri0`) keeps values otherwise.
const MAGICS: [&[u8; 8]; 4] = [b"mrm_pri1", b"mrm_prif", b"mrm_pri2", b"mrm_pri3"];
const SECTION_HEADER: usize = 32;
const FILE_END: u32 = 0xDEFF_FADE;
/// Most sections: indices have 16 bits.
const MAX_SECTIONS: u16 = 0xFFFE;
const DESCRIPTOR: &[u8; 16] = b"[mrm_pridescex]\0";

/// A section: what it is, and its data.
#[derive(Clone, Copy)]
pub(super) struct Section<'a> {
    pub(super) kind: &'a [u8],
    pub(super) data: &'a [u8],
}

/// The sections of a file.
pub(super) struct File<'a> {
    sections: Vec<Section<'a>>,
    /// Which is the map that counts.
    pub(super) primary_map: u16,
}

impl<'a> File<'a> {
    pub(super) fn read(bytes: &'a [u8]) -> Result<File<'a>, ResourcesError> {
        if bytes.len() > MAX_BYTES {
            return Err(ResourcesError::TooMuch("more than 32 MiB"));
        }
        let mut fields = Fields::new(bytes, "its header");
        let magic = fields.bytes(8)?;
        if !MAGICS.iter().any(|one| one.as_slice() == magic) {
            return Err(ResourcesError::Unknown);
        }
        let _version = fields.u32()?;
        let (size, table, first) = (fields.u32()?, fields.u32()?, fields.u32()?);
        let count = fields.u16()?;
        check_end(bytes, magic, size)?;
        if count == 0 || count > MAX_SECTIONS {
            return Err(ResourcesError::Wrong("it has no sections, or too many"));
        }
        let tail = |from: u32, what| {
            bytes.get(from as usize..).map(|rest| Fields::new(rest, what)).ok_or(ResourcesError::CutOff(what))
        };
        let body = tail(first, "a section")?;
        let entries = tail(table, "its table of sections")?.table(count.into(), SECTION_HEADER)?;
        let sections =
            entries.into_iter().map(|entry| section(entry, body)).collect::<Result<Vec<_>, _>>()?;
        let is_descriptor = |one: &&Section<'_>| one.kind == DESCRIPTOR;
        let descriptor = sections
            .iter()
            .find(is_descriptor)
            .ok_or(ResourcesError::Wrong("it does not describe itself"))?;
        let mut fields = Fields::new(descriptor.data, "its description of itself");
        let [_flags, _files, _zero, _schemas, _decisions, _maps, primary_map] = fields.u16s()?;
        Ok(File { sections, primary_map })
    }

    pub(super) fn section(&self, number: u16) -> Result<Section<'a>, ResourcesError> {
        self.sections
            .get(usize::from(number))
            .copied()
            .ok_or(ResourcesError::Wrong("it names a section that it has not"))
    }
}

fn check_end(bytes: &[u8], magic: &[u8], size: u32) -> Result<(), ResourcesError> {
    let wrong = ResourcesError::Wrong("its size or its end is not what it says");
    let end = bytes.len().checked_sub(16).filter(|_| bytes.len() == size as usize).ok_or(wrong.clone())?;
    let mut fields = Fields::new(&bytes[end..], "its end");
    let is_end = fields.u32()? == FILE_END && fields.u32()? == size && fields.bytes(8)? == magic;
    if is_end { Ok(()) } else { Err(wrong) }
}

/// A section, whose own header has to say what the table says.
fn section<'a>(mut entry: Fields<'a>, body: Fields<'a>) -> Result<Section<'a>, ResourcesError> {
    let kind = entry.bytes(16)?;
    let _flags = entry.u32()?;
    let _qualifier = entry.u32()?;
    let (offset, length) = (entry.u32()?, entry.u32()?);
    let mut rest = body;
    rest.bytes(offset as usize)?;
    let mut own = Fields::new(rest.bytes(length as usize)?, "a section");
    let differs = ResourcesError::Wrong("a section is not what the table says of it");
    let is_same = own.bytes(16)? == kind;
    let _ = own.bytes(8)?;
    let (own_length, zero) = (own.u32()?, own.u32()?);
    if !is_same || own_length != length || zero != 0 {
        return Err(differs);
    }
    let data = (length as usize).checked_sub(SECTION_HEADER + 8).ok_or(differs.clone())?;
    let data = own.bytes(data)?;
    if own.u32()? != SECTION_END_MARK || own.u32()? != length {
        return Err(differs);
    }
    Ok(Section { kind, data })
}

/// `de fa f5 de`
const SECTION_END_MARK: u32 = 0xDEF5_FADE;
