//! Libraries of Windows (PE files for 64-bit programs), as far as it takes to give one another table of exports. Data is edited and no
//! code. (Microsoft, "PE Format".)

/// Why a file is left as it is.
pub(super) type Refusal = &'static str;

const CUT_OFF: Refusal = "the file is cut off";
/// Where the offset of the PE header stands, and the signature of Wine's own libraries, for which Wine looks in its own folder.
const PE: usize = 0x3c;
const WINES: std::ops::Range<usize> = 0x40..0x60;
/// `PE\0\0` and the COFF header; in it the number of sections, the symbols and the size of the optional header.
const COFF: usize = 24;
const SECTIONS: usize = 6;
const SYMBOLS: usize = 12;
const OPTIONAL: usize = 20;
/// In the optional header.
const FOR_64_BITS: u16 = 0x020b;
const ALIGNMENT: usize = 32;
const FILE_ALIGNMENT: usize = 36;
const IMAGE_SIZE: usize = 56;
const CHECKSUM: usize = 64;
const DIRECTORY_COUNT: usize = 108;
const DIRECTORIES: usize = 112;
/// Directories: exports, and signatures, which lie at no address.
pub(super) const EXPORTS: usize = 0;
const SIGNATURES: usize = 4;
/// A section's header.
const SECTION: usize = 40;
/// `IMAGE_SCN_CNT_INITIALIZED_DATA` and `IMAGE_SCN_MEM_READ`.
const READ_ONLY_DATA: u32 = 0x4000_0040;
/// `IMAGE_SCN_MEM_DISCARDABLE`.
const DISCARDABLE: u32 = 0x0200_0000;
/// So long is the name of a function at most.
const MAX_TEXT: usize = 512;

pub(super) fn word(bytes: &[u8], at: usize) -> Result<u16, Refusal> {
    let bytes = bytes.get(at..).and_then(|rest| rest.first_chunk()).ok_or(CUT_OFF)?;
    Ok(u16::from_le_bytes(*bytes))
}

pub(super) fn long(bytes: &[u8], at: usize) -> Result<u32, Refusal> {
    let bytes = bytes.get(at..).and_then(|rest| rest.first_chunk()).ok_or(CUT_OFF)?;
    Ok(u32::from_le_bytes(*bytes))
}

fn put(bytes: &mut [u8], at: usize, value: &[u8]) -> Result<(), Refusal> {
    bytes.get_mut(at..at + value.len()).ok_or(CUT_OFF)?.copy_from_slice(value);
    Ok(())
}

/// A library's file.
pub(super) struct Image<'a> {
    bytes: &'a [u8],
    /// Where the COFF and the optional header are.
    coff: usize,
    optional: usize,
    sections: Vec<Section<'a>>,
    alignment: u32,
    file_alignment: u32,
}

struct Section<'a> {
    header: &'a [u8],
    size: u32,
    address: u32,
    file_size: u32,
    at: u32,
    flags: u32,
}

impl<'a> Image<'a> {
    pub(super) fn parse(bytes: &'a [u8]) -> Result<Image<'a>, Refusal> {
        let coff = long(bytes, PE)? as usize;
        let optional = coff + COFF;
        if !bytes.starts_with(b"MZ") || bytes.get(coff..coff + 4) != Some(b"PE\0\0") || coff < WINES.end {
            return Err("it is no library of Windows");
        }
        if word(bytes, optional)? != FOR_64_BITS {
            return Err("it is not for 64-bit programs");
        }
        let table = optional + usize::from(word(bytes, coff + OPTIONAL)?);
        let section = |at: usize| {
            let header =
                bytes.get(table + at * SECTION..).and_then(|rest| rest.get(..SECTION)).ok_or(CUT_OFF)?;
            Ok(Section {
                header,
                size: long(header, 8)?,
                address: long(header, 12)?,
                file_size: long(header, 16)?,
                at: long(header, 20)?,
                flags: long(header, 36)?,
            })
        };
        let sections = (0..usize::from(word(bytes, coff + SECTIONS)?)).map(section);
        let alignment = long(bytes, optional + ALIGNMENT)?;
        let file_alignment = long(bytes, optional + FILE_ALIGNMENT)?;
        if !alignment.is_power_of_two() || !file_alignment.is_power_of_two() {
            return Err("its sections are aligned strangely");
        }
        let sections = sections.collect::<Result<Vec<_>, Refusal>>()?;
        Ok(Image { bytes, coff, optional, sections, alignment, file_alignment })
    }

    /// Address and size of a directory.
    pub(super) fn directory(&self, number: usize) -> Result<(u32, u32), Refusal> {
        let at = self.optional + DIRECTORIES + number * 8;
        match (number as u32) < long(self.bytes, self.optional + DIRECTORY_COUNT)? {
            true => Ok((long(self.bytes, at)?, long(self.bytes, at + 4)?)),
            false => Ok((0, 0)),
        }
    }

    /// What the file has for an address, to the end of that section.
    pub(super) fn at(&self, address: u32) -> Result<&'a [u8], Refusal> {
        let holds = |section: &&Section<'_>| {
            section.address <= address && address - section.address < section.file_size
        };
        let section = self.sections.iter().find(holds).ok_or("an address is in no section")?;
        let from = section.at as usize + (address - section.address) as usize;
        let to = section.at as usize + section.file_size as usize;
        self.bytes.get(from..to).ok_or(CUT_OFF)
    }

    /// A text that ends in 0.
    pub(super) fn text(&self, address: u32) -> Result<&'a [u8], Refusal> {
        let bytes = self.at(address)?;
        let end = bytes.iter().take(MAX_TEXT).position(|byte| *byte == 0);
        Ok(&bytes[..end.ok_or("a name has no end")?])
    }

    /// The sections that stay: those at the end that only debuggers read are left out, which is half of the file, and makes room for a
    /// header.
    fn kept(&self) -> &[Section<'a>] {
        let is_used = |section: &Section<'_>| {
            let pointed = (0..16).filter(|number| *number != SIGNATURES).any(|number| {
                self.directory(number).is_ok_and(|(address, _)| {
                    address >= section.address && address - section.address < section.size.max(1)
                })
            });
            // Names too long for the header stand in the table of symbols, by their place: `/4`.
            pointed || section.flags & DISCARDABLE == 0 || !section.header.starts_with(b"/")
        };
        let end = self.sections.iter().rposition(is_used).map_or(0, |last| last + 1);
        &self.sections[..end]
    }

    /// The address of a section that is added.
    pub(super) fn next_address(&self) -> Result<u32, Refusal> {
        let ends = self.kept().iter().map(|section| {
            let size = section.size.max(section.file_size);
            section.address.checked_add(size)?.checked_next_multiple_of(self.alignment)
        });
        ends.max().flatten().ok_or("it has no sections")
    }

    /// The file with one more section, which holds the table of exports, at [`Image::next_address`]; and without Wine's signature.
    pub(super) fn with_exports(&self, name: [u8; 8], exports: &[u8]) -> Result<Vec<u8>, Refusal> {
        const TOO_LARGE: Refusal = "it would become too large";
        let (kept, address) = (self.kept(), self.next_address()?);
        let size = u32::try_from(exports.len()).map_err(|_| TOO_LARGE)?;
        let file_end = kept.iter().map(|section| section.at as usize + section.file_size as usize).max();
        let mut bytes = self.bytes.get(..file_end.unwrap_or(0)).ok_or(CUT_OFF)?.to_vec();
        let align = |bytes: &mut Vec<u8>| {
            let length = bytes.len().next_multiple_of(self.file_alignment as usize);
            bytes.resize(length, 0);
        };
        align(&mut bytes);
        let at = u32::try_from(bytes.len()).map_err(|_| TOO_LARGE)?;
        bytes.extend_from_slice(exports);
        align(&mut bytes);
        let file_size = u32::try_from(bytes.len()).map_err(|_| TOO_LARGE)? - at;
        let table = self.optional + usize::from(word(self.bytes, self.coff + OPTIONAL)?);
        let first =
            kept.iter().filter(|section| section.file_size > 0).map(|section| section.at as usize).min();
        let (before, headers_end) = (table + kept.len() * SECTION, table + (kept.len() + 1) * SECTION);
        let was_section = kept.len() < self.sections.len();
        if headers_end > first.unwrap_or(0)
            || !(was_section || bytes.get(before..headers_end).ok_or(CUT_OFF)?.iter().all(|byte| *byte == 0))
        {
            return Err("its headers have no room for another section");
        }
        let mut header = Vec::with_capacity(SECTION);
        header.extend_from_slice(&name);
        for number in [size, address, file_size, at, 0, 0, 0, READ_ONLY_DATA] {
            header.extend_from_slice(&number.to_le_bytes());
        }
        let all = table + self.sections.len() * SECTION;
        bytes.get_mut(before..all.max(headers_end)).ok_or(CUT_OFF)?.fill(0);
        put(&mut bytes, before, &header)?;
        let count = u16::try_from(kept.len() + 1).map_err(|_| TOO_LARGE)?;
        put(&mut bytes, self.coff + SECTIONS, &count.to_le_bytes())?;
        // The symbols went with what stood behind the sections.
        put(&mut bytes, self.coff + SYMBOLS, &[0; 8])?;
        let image = address.checked_add(size).and_then(|end| end.checked_next_multiple_of(self.alignment));
        put(&mut bytes, self.optional + IMAGE_SIZE, &image.ok_or(TOO_LARGE)?.to_le_bytes())?;
        put(&mut bytes, self.optional + CHECKSUM, &[0; 4])?;
        let directory = self.optional + DIRECTORIES + EXPORTS * 8;
        put(&mut bytes, directory, &address.to_le_bytes())?;
        put(&mut bytes, directory + 4, &size.to_le_bytes())?;
        put(&mut bytes, WINES.start, &[0; WINES.end - WINES.start])?;
        Ok(bytes)
    }
}
