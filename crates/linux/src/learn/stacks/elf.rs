//! The parts of an ELF file (elf(5)) that stacks need. 64 bits, the machine's own byte order.

use std::ops::Range;

use super::source::Source;

const PT_LOAD: u32 = 1;
const PT_DYNAMIC: u32 = 2;
const PT_NOTE: u32 = 4;
const PT_GNU_EH_FRAME: u32 = 0x6474_e550;
const SHT_SYMTAB: u32 = 2;
const SHT_DYNSYM: u32 = 11;
const SHT_NOBITS: u32 = 8;
const SHF_COMPRESSED: u64 = 0x800;
const NT_GNU_BUILD_ID: u32 = 3;
const DT_STRTAB: u64 = 5;
const DT_SYMTAB: u64 = 6;
const DT_STRSZ: u64 = 10;

const PROGRAM_HEADER: usize = 56;
const SECTION_HEADER: usize = 64;
/// sizeof(Elf64_Sym).
pub(super) const SYMBOL: usize = 24;

const MAX_SECTIONS: usize = 4096;
const MAX_NAMES: usize = 1 << 20;
const MAX_NOTES: usize = 64 << 10;
const MAX_DYNAMIC: usize = 64 << 10;
/// The longest build id that is taken for one; they have 8 to 32 bytes.
const MAX_BUILD_ID: usize = 64;

/// The file's own description of itself. Nothing in it is true before it is looked at.
#[derive(Debug, Default)]
pub(super) struct Elf {
    segments: Vec<Segment>,
    sections: Vec<Section>,
}

#[derive(Debug)]
struct Segment {
    kind: u32,
    offset: u64,
    address: u64,
    length: u64,
}

#[derive(Debug)]
struct Section {
    name: Vec<u8>,
    kind: u32,
    flags: u64,
    address: u64,
    offset: u64,
    length: u64,
    link: u32,
}

/// Bytes, and the address at which the image has them.
#[derive(Debug, Default)]
pub(super) struct Placed {
    pub(super) bytes: Vec<u8>,
    pub(super) address: u64,
}

/// A table of symbols, with their names.
#[derive(Debug, Default)]
pub(super) struct SymbolBytes {
    pub(super) symbols: Vec<u8>,
    pub(super) names: Vec<u8>,
}

impl Elf {
    /// Reads the headers; `None` if it is no ELF file of this kind.
    pub(super) fn read(source: &dyn Source) -> Option<Elf> {
        let header = source.at(0, 64)?;
        let kind: [u8; 6] = [0x7f, b'E', b'L', b'F', 2, if cfg!(target_endian = "little") { 1 } else { 2 }];
        if !header.starts_with(&kind) {
            return None;
        }
        let (programs, sections) = (u64_at(&header, 32)?, u64_at(&header, 40)?);
        let (size, count) = (u16_at(&header, 54)?, usize::from(u16_at(&header, 56)?));
        if usize::from(size) != PROGRAM_HEADER {
            return None;
        }
        let bytes = source.at(programs, count * PROGRAM_HEADER)?;
        let segments = bytes.chunks_exact(PROGRAM_HEADER).filter_map(segment).collect();
        let (size, count) = (u16_at(&header, 58)?, usize::from(u16_at(&header, 60)?));
        let names = usize::from(u16_at(&header, 62)?);
        let sections = match usize::from(size) == SECTION_HEADER {
            true => read_sections(source, sections, count.min(MAX_SECTIONS), names).unwrap_or_default(),
            false => Vec::new(),
        };
        Some(Elf { segments, sections })
    }

    /// What has to be added to the image's addresses, if `offset` of the file is mapped at `address`.
    pub(super) fn bias(&self, offset: u64, address: u64) -> Option<u64> {
        // The kernel maps whole pages: the mapping begins at or before what the segment says.
        let mut loaded = self.segments.iter().filter(|segment| segment.kind == PT_LOAD);
        let segment = loaded.find(|segment| {
            let start = segment.offset & !0xfff;
            start <= offset && offset < segment.offset.saturating_add(segment.length.max(1))
        })?;
        let image = segment.address.wrapping_sub(segment.offset).wrapping_add(offset);
        Some(address.wrapping_sub(image))
    }

    pub(super) fn build_id(&self, source: &dyn Source) -> Option<String> {
        let notes = self.segments.iter().filter(|segment| segment.kind == PT_NOTE).take(8);
        notes.into_iter().find_map(|segment| {
            let length = usize::try_from(segment.length).ok().filter(|length| *length <= MAX_NOTES)?;
            build_id(&source.at(segment.offset, length)?)
        })
    }

    /// .eh_frame_hdr, which programs with a dynamic loader or exceptions have.
    pub(super) fn unwind_header(&self, source: &dyn Source) -> Option<Placed> {
        let segment = self.segments.iter().find(|segment| segment.kind == PT_GNU_EH_FRAME)?;
        let bytes = source.at(segment.offset, usize::try_from(segment.length).ok()?)?;
        Some(Placed { bytes, address: segment.address })
    }

    /// What is loaded from `address` to the end of its segment, or of the section that begins there.
    pub(super) fn from(&self, source: &dyn Source, address: u64) -> Option<Placed> {
        let section = self.sections.iter().find(|one| one.address == address && one.length > 0);
        let (offset, length) = match section.filter(|section| section.kind != SHT_NOBITS) {
            Some(section) => (section.offset, section.length),
            None => {
                let segment = self.loaded(address)?;
                let within = address - segment.address;
                (segment.offset.checked_add(within)?, segment.length - within)
            }
        };
        let bytes = source.at(offset, usize::try_from(length).ok()?)?;
        Some(Placed { bytes, address })
    }

    fn loaded(&self, address: u64) -> Option<&Segment> {
        let mut loaded = self.segments.iter().filter(|segment| segment.kind == PT_LOAD);
        loaded.find(|one| one.address <= address && address - one.address < one.length)
    }

    /// The symbols of the whole file (not in a stripped one), and those that are linked to at run time.
    pub(super) fn symbols(&self, source: &dyn Source) -> Vec<SymbolBytes> {
        let tables = [SHT_SYMTAB, SHT_DYNSYM].into_iter();
        let mut all: Vec<SymbolBytes> = tables.filter_map(|kind| self.table(source, kind)).collect();
        if all.is_empty() {
            all.extend(self.dynamic_symbols(source));
        }
        all
    }

    fn table(&self, source: &dyn Source, kind: u32) -> Option<SymbolBytes> {
        let table = self.sections.iter().find(|section| section.kind == kind)?;
        let names = self.sections.get(table.link as usize)?;
        let bytes = |section: &Section| source.at(section.offset, usize::try_from(section.length).ok()?);
        Some(SymbolBytes { symbols: bytes(table)?, names: bytes(names)? })
    }

    /// By what the dynamic loader looks at, where there are no section headers. How many there are is told by a hash table;
    /// linkers put the names behind the symbols.
    fn dynamic_symbols(&self, source: &dyn Source) -> Option<SymbolBytes> {
        let dynamic = self.segments.iter().find(|segment| segment.kind == PT_DYNAMIC)?;
        let length = usize::try_from(dynamic.length).ok()?.min(MAX_DYNAMIC);
        let entries = source.at(dynamic.offset, length)?;
        let value = |tag: u64| {
            let mut entries = entries.chunks_exact(16);
            entries.find_map(|entry| (u64_at(entry, 0)? == tag).then(|| u64_at(entry, 8))?)
        };
        let (symbols, names, length) = (value(DT_SYMTAB)?, value(DT_STRTAB)?, value(DT_STRSZ)?);
        // In memory the loader has made addresses of them.
        let at = |address: u64, length: u64| {
            let segment = self.loaded(address)?;
            let offset = segment.offset.checked_add(address - segment.address)?;
            source.at(offset, usize::try_from(length).ok()?)
        };
        Some(SymbolBytes { symbols: at(symbols, names.checked_sub(symbols)?)?, names: at(names, length)? })
    }

    /// A section by name, if it is neither empty nor compressed.
    pub(super) fn section(&self, source: &dyn Source, name: &[u8]) -> Option<Vec<u8>> {
        let plain = |one: &&Section| {
            one.name == name && one.kind != SHT_NOBITS && one.flags & SHF_COMPRESSED == 0 && one.length > 0
        };
        let section = self.sections.iter().find(plain)?;
        source.at(section.offset, usize::try_from(section.length).ok()?)
    }

    /// Where the section is in the image.
    pub(super) fn addresses(&self, name: &[u8]) -> Option<Range<u64>> {
        let section = self.sections.iter().find(|section| section.name == name)?;
        Some(section.address..section.address.checked_add(section.length)?)
    }
}

fn segment(bytes: &[u8]) -> Option<Segment> {
    Some(Segment {
        kind: u32_at(bytes, 0)?,
        offset: u64_at(bytes, 8)?,
        address: u64_at(bytes, 16)?,
        length: u64_at(bytes, 32)?,
    })
}

fn read_sections(source: &dyn Source, offset: u64, count: usize, names: usize) -> Option<Vec<Section>> {
    let bytes = source.at(offset, count * SECTION_HEADER)?;
    let headers: Vec<&[u8]> = bytes.chunks_exact(SECTION_HEADER).collect();
    let table = headers.get(names)?;
    let length = usize::try_from(u64_at(table, 32)?).ok().filter(|length| *length <= MAX_NAMES)?;
    let names = source.at(u64_at(table, 24)?, length)?;
    let section = |header: &&[u8]| {
        Some(Section {
            name: text_at(&names, u32_at(header, 0)? as usize)?.to_vec(),
            kind: u32_at(header, 4)?,
            flags: u64_at(header, 8)?,
            address: u64_at(header, 16)?,
            offset: u64_at(header, 24)?,
            length: u64_at(header, 32)?,
            link: u32_at(header, 40)?,
        })
    };
    // One that can't be read must not move the numbers of the others.
    headers.iter().map(section).collect()
}

/// The build id among notes: length of name, length of the rest, kind, then both, each filled up to four bytes.
fn build_id(mut notes: &[u8]) -> Option<String> {
    loop {
        let (name, rest, kind) = (u32_at(notes, 0)? as usize, u32_at(notes, 4)? as usize, u32_at(notes, 8)?);
        let filled = |length: usize| length.checked_next_multiple_of(4);
        let body = notes.get(12..)?;
        let value = body.get(filled(name)?..)?;
        if kind == NT_GNU_BUILD_ID && body.starts_with(b"GNU\0") && name == 4 && rest <= MAX_BUILD_ID {
            return Some(value.get(..rest)?.iter().map(|byte| format!("{byte:02x}")).collect());
        }
        notes = value.get(filled(rest)?..)?;
    }
}

/// What ends with a zero byte.
pub(super) fn text_at(bytes: &[u8], at: usize) -> Option<&[u8]> {
    let rest = bytes.get(at..)?;
    rest.get(..rest.iter().position(|&byte| byte == 0)?)
}

pub(super) fn u16_at(bytes: &[u8], at: usize) -> Option<u16> {
    Some(u16::from_ne_bytes(bytes.get(at..at.checked_add(2)?)?.try_into().ok()?))
}

pub(super) fn u32_at(bytes: &[u8], at: usize) -> Option<u32> {
    Some(u32::from_ne_bytes(bytes.get(at..at.checked_add(4)?)?.try_into().ok()?))
}

pub(super) fn u64_at(bytes: &[u8], at: usize) -> Option<u64> {
    Some(u64::from_ne_bytes(bytes.get(at..at.checked_add(8)?)?.try_into().ok()?))
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn the_build_id_is_found_behind_other_notes() {
        let note = |kind: u32, rest: &[u8]| {
            let mut bytes = Vec::new();
            bytes.extend(4_u32.to_ne_bytes());
            bytes.extend((rest.len() as u32).to_ne_bytes());
            bytes.extend(kind.to_ne_bytes());
            bytes.extend(b"GNU\0");
            bytes.extend(rest);
            bytes.resize(bytes.len().next_multiple_of(4), 0);
            bytes
        };
        let notes = [note(1, b"x"), note(3, &[0xab; 20])].concat();
        assert_eq!(build_id(&notes), Some("ab".repeat(20)));
        assert_eq!(build_id(&note(3, &[1; 65])), None);
        assert_eq!(build_id(&[0xff; 64]), None);
    }
}
