//! The records at the end of a ZIP file (APPNOTE.TXT 4.3.14 to 4.3.16): where the directory is.

use super::ContainerError;
use super::fields::Fields;
use super::source::Source;

pub(super) const END: u32 = 0x0605_4b50;
pub(super) const END_SIZE: u64 = 22;
pub(super) const LOCATOR: u32 = 0x0706_4b50;
pub(super) const LOCATOR_SIZE: u64 = 20;
pub(super) const END_64: u32 = 0x0606_4b50;
pub(super) const END_64_SIZE: u64 = 56;
/// What stands in the fields of the end record whose values are in the ZIP64 one.
const SEE_64: u32 = u32::MAX;
const SEE_64_SHORT: u16 = u16::MAX;

/// What the end records say.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(crate) struct End {
    /// Entries of the directory.
    pub(crate) entries: u64,
    /// Where it begins.
    pub(crate) offset: u64,
    /// Its bytes.
    pub(crate) size: u64,
    /// There are ZIP64 records.
    pub(crate) zip64: bool,
}

impl End {
    /// The records as they would be if the directory had other values: what a signature covers of them.
    pub(crate) fn records_without(
        &self,
        source: &(impl Source + ?Sized),
        entries: u64,
        offset: u64,
        size: u64,
    ) -> std::io::Result<Vec<u8>> {
        let length = if self.zip64 { END_64_SIZE + LOCATOR_SIZE + END_SIZE } else { END_SIZE };
        let mut bytes = vec![0; length as usize];
        source.read_exact_at(&mut bytes, source.size() - length)?;
        let mut put = |at: usize, value: &[u8]| bytes[at..at + value.len()].copy_from_slice(value);
        if self.zip64 {
            put(24, &entries.to_le_bytes());
            put(32, &entries.to_le_bytes());
            put(40, &size.to_le_bytes());
            put(48, &offset.to_le_bytes());
            put((END_64_SIZE + 8) as usize, &(offset + size).to_le_bytes());
        } else {
            // They fit: the whole had room in these fields.
            put(8, &(entries as u16).to_le_bytes());
            put(10, &(entries as u16).to_le_bytes());
            put(12, &(size as u32).to_le_bytes());
            put(16, &(offset as u32).to_le_bytes());
        }
        Ok(bytes)
    }
}

/// Reads them. No comment is allowed, so there is one place where they can be: which archive a file is does not depend on who looks.
pub(super) fn read(source: &(impl Source + ?Sized)) -> Result<End, ContainerError> {
    let at = source.size().checked_sub(END_SIZE).ok_or(ContainerError::NoEnd)?;
    let mut record = [0; END_SIZE as usize];
    source.read_exact_at(&mut record, at)?;
    let short = Short::read(&record).ok_or(ContainerError::NoEnd)?;
    let end = match locator(source, at)? {
        Some(record_at) => with_64(source, record_at, at, &short)?,
        None => short.alone()?,
    };
    let directory_end = end.offset.checked_add(end.size);
    let records = if end.zip64 { at - LOCATOR_SIZE - END_64_SIZE } else { at };
    if directory_end != Some(records) {
        return Err(ContainerError::BadEnd("the directory does not end where they begin"));
    }
    Ok(end)
}

/// The fields of the end record.
struct Short {
    disks: [u16; 2],
    entries: [u16; 2],
    size: u32,
    offset: u32,
}

impl Short {
    fn read(record: &[u8]) -> Option<Short> {
        let mut fields = Fields(record);
        let signature = fields.u32()?;
        let (disks, entries) = ([fields.u16()?, fields.u16()?], [fields.u16()?, fields.u16()?]);
        let (size, offset) = (fields.u32()?, fields.u32()?);
        let comment = fields.u16()?;
        (signature == END && comment == 0).then_some(Short { disks, entries, size, offset })
    }

    fn alone(&self) -> Result<End, ContainerError> {
        if self.disks != [0, 0] || self.entries[0] != self.entries[1] {
            return Err(ContainerError::BadEnd("the file is said to be one of several disks"));
        }
        let (size, offset) = (self.size.into(), self.offset.into());
        Ok(End { entries: self.entries[0].into(), offset, size, zip64: false })
    }

    /// Where it has a value of its own, that has to be the ZIP64 record's.
    fn agrees(&self, end: &End) -> bool {
        let entries = self.entries.iter().all(|&one| one == SEE_64_SHORT || u64::from(one) == end.entries);
        // Microsoft's own samples have either.
        let disks = self.disks.iter().all(|&one| one == 0 || one == SEE_64_SHORT);
        let long = |one: u32, value: u64| one == SEE_64 || u64::from(one) == value;
        entries && disks && long(self.size, end.size) && long(self.offset, end.offset)
    }
}

/// Where the ZIP64 record is, if a locator says so.
fn locator(source: &(impl Source + ?Sized), end_at: u64) -> Result<Option<u64>, ContainerError> {
    let Some(at) = end_at.checked_sub(LOCATOR_SIZE) else { return Ok(None) };
    let mut record = [0; LOCATOR_SIZE as usize];
    source.read_exact_at(&mut record, at)?;
    let mut fields = Fields(&record);
    if fields.u32() != Some(LOCATOR) {
        return Ok(None);
    }
    let (disk, offset, disks) = (fields.u32(), fields.u64(), fields.u32());
    if disk != Some(0) || disks != Some(1) || offset != at.checked_sub(END_64_SIZE) {
        return Err(ContainerError::BadEnd("the ZIP64 locator does not point at the record before it"));
    }
    Ok(offset)
}

fn with_64(
    source: &(impl Source + ?Sized),
    at: u64,
    end_at: u64,
    short: &Short,
) -> Result<End, ContainerError> {
    let mut record = [0; END_64_SIZE as usize];
    source.read_exact_at(&mut record, at)?;
    let end = read_64(&record).ok_or(ContainerError::BadEnd("the ZIP64 record can't be read"))?;
    if !short.agrees(&end) {
        return Err(ContainerError::BadEnd("the ZIP64 record and the other one differ"));
    }
    debug_assert_eq!(at + END_64_SIZE + LOCATOR_SIZE, end_at);
    Ok(end)
}

fn read_64(record: &[u8]) -> Option<End> {
    let mut fields = Fields(record);
    let (signature, left) = (fields.u32()?, fields.u64()?);
    let (_made_by, _needed) = (fields.u16()?, fields.u16()?);
    let disks = [fields.u32()?, fields.u32()?];
    let entries = [fields.u64()?, fields.u64()?];
    let (size, offset) = (fields.u64()?, fields.u64()?);
    let plain =
        signature == END_64 && left == END_64_SIZE - 12 && disks == [0, 0] && entries[0] == entries[1];
    plain.then_some(End { entries: entries[0], offset, size, zip64: true })
}
