//! What a Windows program says of itself in its resources (PE format, `.rsrc`): its version (`VS_VERSIONINFO`) and its picture. Programs come from
//! anywhere: every offset is looked up within the file, and each kind of resource is followed down three folders and no further.

use crate::logo::rgba_picture;

/// What stands in a version resource.
#[derive(Clone, Debug, Default, PartialEq, Eq)]
pub struct ProgramVersion {
    /// `ProductName`.
    pub product: Option<String>,
    /// `CompanyName`.
    pub company: Option<String>,
    /// `ProductVersion`.
    pub version: Option<String>,
}

/// Kinds of resources.
const ICON: u32 = 3;
const ICONS: u32 = 14;
const VERSION: u32 = 16;
/// Pictures of more bytes, and of more pixels in a row, are none.
const MAX_PICTURE: usize = 1 << 20;
const MAX_PIXELS: usize = 256;
const PNG: &[u8] = b"\x89PNG\r\n\x1a\n";

/// What a program says of itself; nothing if it is no PE or has no such resource.
#[must_use]
pub fn program_version(file: &[u8]) -> ProgramVersion {
    let found = Resources::of(file).and_then(|resources| resources.find(VERSION, None));
    let Some(resource) = found else { return ProgramVersion::default() };
    let text = |name| version_text(resource, name);
    ProgramVersion {
        product: text("ProductName"),
        company: text("CompanyName"),
        version: text("ProductVersion"),
    }
}

/// A program's largest picture as a PNG: as it lies there, or made of one with 32 bits for each pixel.
#[must_use]
pub fn program_picture(file: &[u8]) -> Option<Vec<u8>> {
    let resources = Resources::of(file)?;
    let group = resources.find(ICONS, None)?;
    let count = usize::from(half(group, 4)?);
    let entries = group.get(6..)?.chunks_exact(14).take(count);
    // A width of 0 is 256; then more colours are better.
    let best = entries.max_by_key(|entry| (entry[0].wrapping_sub(1), half(entry, 6)))?;
    let picture = resources.find(ICON, Some(half(best, 12)?.into()))?;
    match picture.starts_with(PNG) {
        true => (picture.len() <= MAX_PICTURE).then(|| picture.to_vec()),
        false => bitmap(picture),
    }
}

/// The resources of a file, and where its sections are.
struct Resources<'a> {
    file: &'a [u8],
    /// Headers of sections, of 40 bytes each.
    sections: &'a [u8],
    tree: &'a [u8],
}

impl<'a> Resources<'a> {
    fn of(file: &'a [u8]) -> Option<Resources<'a>> {
        let header = file.get(word(file, 0x3c)? as usize..)?;
        if !file.starts_with(b"MZ") || !header.starts_with(b"PE\0\0") {
            return None;
        }
        let optional = header.get(24..)?;
        // The directories stand behind the sizes, which have 32 or 64 bits.
        let directories = if half(optional, 0)? == 0x20b { 112 } else { 96 };
        let at = word(optional, directories + 2 * 8)?;
        let (count, length) = (usize::from(half(header, 6)?), usize::from(half(header, 20)?));
        let sections = optional.get(length..)?.get(..count * 40)?;
        let mut resources = Resources { file, sections, tree: &[] };
        resources.tree = resources.at(at).filter(|_| at != 0)?;
        Some(resources)
    }

    /// What lies at an address of the loaded program, to the end of its section.
    fn at(&self, address: u32) -> Option<&'a [u8]> {
        self.sections.chunks_exact(40).find_map(|section| {
            let (start, length, place) = (word(section, 12)?, word(section, 16)?, word(section, 20)?);
            let offset = address.checked_sub(start).filter(|offset| *offset < length)?;
            self.file.get(place as usize..)?.get(..length as usize)?.get(offset as usize..)
        })
    }

    /// A resource of a kind: the one of that number, or the first; in the first language.
    fn find(&self, kind: u32, number: Option<u32>) -> Option<&'a [u8]> {
        let names = self.folder(self.entry(0, Some(kind))?)?;
        let languages = self.folder(self.entry(names, number)?)?;
        let leaf = self.entry(languages, None)? as usize;
        let (address, length) = (word(self.tree, leaf)?, word(self.tree, leaf + 4)?);
        self.at(address)?.get(..length as usize)
    }

    /// What an entry of a folder leads to.
    fn entry(&self, folder: usize, id: Option<u32>) -> Option<u32> {
        let header = self.tree.get(folder..)?;
        let count = usize::from(half(header, 12)?) + usize::from(half(header, 14)?);
        let mut entries = header.get(16..)?.chunks_exact(8).take(count);
        let entry = entries.find(|entry| id.is_none_or(|id| word(entry, 0) == Some(id)))?;
        word(entry, 4)
    }

    /// Entries that lead to folders have the highest bit set.
    fn folder(&self, entry: u32) -> Option<usize> {
        (entry & 0x8000_0000 != 0).then_some((entry & 0x7fff_ffff) as usize)
    }
}

/// A text of a version resource: blocks in one another, of which each has a length, the length of its value, a kind, a name, and then, each
/// at a multiple of four bytes, its value and further blocks. The text's own name tells it from all others, so the first one is it.
fn version_text(resource: &[u8], name: &str) -> Option<String> {
    let name: Vec<u8> = name.encode_utf16().chain([0]).flat_map(u16::to_le_bytes).collect();
    let at = resource.windows(name.len()).position(|window| window == name)?;
    let start = at.checked_sub(6)?;
    let block = resource.get(start..)?.get(..half(resource, start)?.into())?;
    let value = (6 + name.len()).next_multiple_of(4);
    let units = block.get(value..)?.as_chunks::<2>().0.iter().map(|pair| u16::from_le_bytes(*pair));
    let text: String =
        char::decode_utf16(units.take_while(|unit| *unit != 0).take(256)).collect::<Result<_, _>>().ok()?;
    let text: String = text.chars().filter(|letter| !letter.is_control()).collect();
    Some(text.trim().to_owned()).filter(|text| !text.is_empty())
}

/// A picture without compression: a header of 40 bytes, then rows from below, each pixel blue, green, red and opacity. Its height counts a mask
/// behind them, too.
fn bitmap(bytes: &[u8]) -> Option<Vec<u8>> {
    let (width, height) = (word(bytes, 4)? as usize, word(bytes, 8)? as usize / 2);
    let is_plain = word(bytes, 0)? == 40 && half(bytes, 14)? == 32 && word(bytes, 16)? == 0;
    if !is_plain || !(1..=MAX_PIXELS).contains(&width) || !(1..=MAX_PIXELS).contains(&height) {
        return None;
    }
    let pixels = bytes.get(40..)?.get(..width * height * 4)?;
    let mut rows = Vec::with_capacity(pixels.len() + height);
    for row in pixels.chunks_exact(width * 4).rev() {
        // No filter.
        rows.push(0);
        rows.extend(
            row.as_chunks::<4>()
                .0
                .iter()
                .flat_map(|[blue, green, red, opacity]| [*red, *green, *blue, *opacity]),
        );
    }
    Some(rgba_picture(width as u32, height as u32, &rows))
}

fn word(bytes: &[u8], at: usize) -> Option<u32> {
    Some(u32::from_le_bytes(bytes.get(at..at.checked_add(4)?)?.try_into().ok()?))
}

fn half(bytes: &[u8], at: usize) -> Option<u16> {
    Some(u16::from_le_bytes(bytes.get(at..at.checked_add(2)?)?.try_into().ok()?))
}

#[cfg(test)]
mod tests {
    use super::*;
    use proptest::prelude::*;

    fn put(bytes: &mut [u8], at: usize, value: u32) {
        bytes[at..at + 4].copy_from_slice(&value.to_le_bytes());
    }

    /// A program with these resources: kind, number, bytes. Its one section lies at 0x1000, in the file at 0x200.
    fn program(resources: &[(u32, u32, &[u8])]) -> Vec<u8> {
        let mut file = vec![0; 0x200];
        file[..2].copy_from_slice(b"MZ");
        put(&mut file, 0x3c, 0x80);
        file[0x80..0x84].copy_from_slice(b"PE\0\0");
        put(&mut file, 0x84, 0x0001_8664);
        put(&mut file, 0x80 + 20, 0xf0);
        put(&mut file, 0x80 + 24, 0x20b);
        put(&mut file, 0x80 + 24 + 112 + 16, 0x1000);
        let section = 0x80 + 24 + 0xf0;
        // A folder of kinds, each with a folder of one number with a folder of one language, each with its data.
        let count = resources.len();
        let (first, each) = (16 + count * 8, 24 + 24 + 16);
        let mut tree = vec![0; first + count * each];
        tree[14] = count as u8;
        for (index, (kind, number, bytes)) in resources.iter().enumerate() {
            let names = first + index * each;
            let (languages, leaf) = (names + 24, names + 48);
            put(&mut tree, 16 + index * 8, *kind);
            put(&mut tree, 20 + index * 8, 0x8000_0000 | names as u32);
            for (folder, id, to) in
                [(names, *number, 0x8000_0000 | languages as u32), (languages, 1033, leaf as u32)]
            {
                tree[folder + 14] = 1;
                put(&mut tree, folder + 16, id);
                put(&mut tree, folder + 20, to);
            }
            let data = tree.len() as u32;
            put(&mut tree, leaf, 0x1000 + data);
            put(&mut tree, leaf + 4, bytes.len() as u32);
            tree.extend_from_slice(bytes);
        }
        for (field, value) in [(8, tree.len()), (12, 0x1000), (16, tree.len()), (20, 0x200)] {
            put(&mut file, section + field, value as u32);
        }
        file.extend(tree);
        file
    }

    fn version() -> Vec<u8> {
        let mut all = vec![0; 92];
        for (name, text) in [
            ("CompanyName", "Contoso, Ltd.\u{7}"),
            ("ProductName", "Notes \u{e4}"),
            ("ProductVersion", "3.1"),
        ] {
            let mut block = vec![0; 6];
            block.extend(name.encode_utf16().chain([0]).flat_map(u16::to_le_bytes));
            block.resize(block.len().next_multiple_of(4), 0);
            block.extend(text.encode_utf16().chain([0]).flat_map(u16::to_le_bytes));
            let length = block.len() as u16;
            block[..2].copy_from_slice(&length.to_le_bytes());
            all.resize(all.len().next_multiple_of(4), 0);
            all.extend(block);
        }
        all
    }

    fn group(entries: &[(u8, u16, u16)]) -> Vec<u8> {
        let mut bytes = vec![0, 0, 1, 0, entries.len() as u8, 0];
        for (width, bits, id) in entries {
            bytes.extend([*width, *width, 0, 0, 1, 0]);
            bytes.extend(bits.to_le_bytes());
            bytes.extend([0; 4]);
            bytes.extend(id.to_le_bytes());
        }
        bytes
    }

    #[test]
    fn a_program_says_its_name_version_and_maker() {
        let known = program_version(&program(&[(VERSION, 1, &version())]));
        assert_eq!(known.company.as_deref(), Some("Contoso, Ltd."));
        assert_eq!(known.product.as_deref(), Some("Notes \u{e4}"));
        assert_eq!(known.version.as_deref(), Some("3.1"));
        assert_eq!(program_version(b"MZ"), ProgramVersion::default());
        assert_eq!(program_version(&program(&[])), ProgramVersion::default());
    }

    #[test]
    fn the_largest_picture_is_taken_and_made_a_png() {
        let png = crate::placeholder_logo(256);
        let icons = group(&[(32, 32, 7), (0, 32, 3), (48, 32, 8)]);
        // One that is there by its number and is not the first.
        let found = program_picture(&program(&[(ICON, 3, &png), (ICONS, 1, &icons)]));
        assert_eq!(found.as_deref(), Some(&png[..]));
        let mut pixels = vec![0; 40];
        for (field, value) in [(0, 40), (4, 2), (8, 4), (12, 0x0020_0001)] {
            put(&mut pixels, field, value);
        }
        pixels.extend((0..16).collect::<Vec<u8>>());
        let found = program_picture(&program(&[(ICON, 3, &pixels), (ICONS, 1, &icons)])).unwrap();
        assert!(found.starts_with(PNG) && found[16..24] == [0, 0, 0, 2, 0, 0, 0, 2]);
        // One with fewer colours, or larger than its bytes.
        put(&mut pixels, 12, 0x0008_0001);
        assert_eq!(program_picture(&program(&[(ICON, 3, &pixels), (ICONS, 1, &icons)])), None);
        put(&mut pixels, 12, 0x0020_0001);
        put(&mut pixels, 4, 200);
        assert_eq!(program_picture(&program(&[(ICON, 3, &pixels), (ICONS, 1, &icons)])), None);
    }

    proptest! {
        #[test]
        fn a_damaged_program_says_something_or_nothing(changes in prop::collection::vec((0_usize..1000, any::<u8>()), 1..8), cut in 0_usize..900) {
            let mut file = program(&[(ICON, 3, &[0; 60]), (ICONS, 1, &group(&[(0, 32, 3)])), (VERSION, 1, &version())]);
            let length = file.len();
            for (at, byte) in changes {
                file[at % length] = byte;
            }
            file.truncate(length - cut.min(length));
            let known = program_version(&file);
            prop_assert!(known.product.is_none_or(|text| text.chars().count() <= 256));
            let _ = program_picture(&file);
        }
    }
}
