//! Names: a tree of scopes, whose leaves are items.

use std::collections::HashMap;

use super::error::ResourcesError;
use super::fields::{Fields, narrow_text};
use super::file::Section;
use super::folded;

/// Longest path, in characters, and most bytes of all paths together.
const MAX_PATH: usize = 4096;
const MAX_PATHS: usize = 16 << 20;
/// Most scopes in one another.
const MAX_DEPTH: usize = 64;

const NAMES: [&[u8; 16]; 2] = [b"[mrm_hschema]  \0", b"[mrm_hschemaex] "];
/// Kinds of tables of names in the newer one: the second has one more field.
const TABLES: [&[u8; 16]; 2] = [b"[def_hnames]   \0", b"[def_hnamesx]  \0"];

/// Which names they are: a resource package's file tells for which ones it is.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq)]
pub(super) struct Version {
    numbers: (u16, u16),
    checksum: u32,
    scopes: u32,
    items: u32,
}

impl Version {
    pub(super) fn read(fields: &mut Fields<'_>) -> Result<Version, ResourcesError> {
        let numbers = (fields.u16()?, fields.u16()?);
        let _zero = fields.u32()?;
        Ok(Version { numbers, checksum: fields.u32()?, scopes: fields.u32()?, items: fields.u32()? })
    }
}

/// The names of a file.
#[derive(Clone, Debug)]
pub(super) struct Names {
    pub(super) name: String,
    pub(super) version: Version,
    /// An item's number by its folded path.
    pub(super) numbers: HashMap<String, u32>,
}

/// Reads them; `None` where they are another file's.
pub(super) fn read(section: Section<'_>) -> Result<Option<Names>, ResourcesError> {
    let newer = match NAMES.iter().position(|one| one.as_slice() == section.kind) {
        Some(place) => place == 1,
        None => return Err(ResourcesError::Wrong("its map names a section as its names that holds none")),
    };
    let mut fields = Fields::new(section.data, "its table of names");
    if fields.is_empty() {
        return Ok(None);
    }
    let [_one, unique, short, _zero] = fields.u16s()?;
    let mut with_more = false;
    if newer {
        let table = fields.bytes(16)?;
        let place = TABLES.iter().position(|one| one.as_slice() == table);
        with_more = place.ok_or(ResourcesError::Wrong("its names are kept in a way that is not known"))? == 1;
    }
    let version = Version::read(&mut fields)?;
    let _unique = fields.wide(unique.into())?;
    let name = fields.wide(short.into())?;
    let [_zero, _longest, _other] = fields.u16s()?;
    let [count, scopes, items, wide, _narrow] =
        [fields.u32()?, fields.u32()?, fields.u32()?, fields.u32()?, fields.u32()?];
    if with_more {
        let _ = fields.u32()?;
    }
    let entries = fields.table(count as usize, 12)?;
    let _scopes = fields.table(scopes as usize, 8)?;
    let _items = fields.table(items as usize, 2)?;
    let wide_names =
        fields.bytes((wide as usize).checked_mul(2).ok_or(ResourcesError::CutOff("its names"))?)?;
    let narrow_names = rest(&mut fields)?;
    let entries = entries
        .into_iter()
        .map(|entry| Entry::read(entry, wide_names, narrow_names))
        .collect::<Result<Vec<_>, _>>()?;
    Ok(Some(Names { name, version, numbers: numbers(&entries)? }))
}

fn rest<'a>(fields: &mut Fields<'a>) -> Result<&'a [u8], ResourcesError> {
    let mut all = *fields;
    let mut length = 0;
    while all.u8().is_ok() {
        length += 1;
    }
    fields.bytes(length)
}

struct Entry {
    parent: usize,
    name: String,
    is_scope: bool,
    number: u16,
}

impl Entry {
    fn read(mut fields: Fields<'_>, wide: &[u8], narrow: &[u8]) -> Result<Entry, ResourcesError> {
        let [parent, _path, _initial] = fields.u16s()?;
        let length = usize::from(fields.u8()?);
        let flags = fields.u8()?;
        let at = usize::from(flags & 0xF) << 16 | usize::from(fields.u16()?);
        let number = fields.u16()?;
        let wrong = ResourcesError::Wrong("a name in it lies outside its names, or is none");
        let name = if flags & 0x20 != 0 {
            let from = narrow.get(at..).ok_or(wrong.clone())?;
            let end = from.iter().take(MAX_PATH).position(|byte| *byte == 0).ok_or(wrong.clone())?;
            narrow_text(&from[..=end]).filter(|name| name.is_ascii()).ok_or(wrong.clone())?
        } else if length == 0 && wide.is_empty() {
            // The top.
            String::new()
        } else {
            let from = wide.get(at * 2..).ok_or(wrong.clone())?;
            let units = from.as_chunks::<2>().0;
            let end = units.iter().take(MAX_PATH).position(|unit| *unit == [0, 0]).ok_or(wrong.clone())?;
            super::fields::wide_text(&from[..end * 2 + 2]).ok_or(wrong.clone())?
        };
        // Longer ones have 0 there.
        let told = name.encode_utf16().count();
        if length != 0 && length != told || name.contains(['/', '\\']) {
            return Err(wrong);
        }
        Ok(Entry { parent: parent.into(), name, is_scope: flags & 0x10 != 0, number })
    }
}

/// The numbers of all items by their folded paths.
fn numbers(entries: &[Entry]) -> Result<HashMap<String, u32>, ResourcesError> {
    let mut numbers = HashMap::new();
    let mut bytes = 0;
    for item in entries.iter().filter(|one| !one.is_scope) {
        let mut parts = vec![item.name.as_str()];
        let (mut at, mut depth) = (item.parent, 0);
        loop {
            let scope = entries.get(at).filter(|one| one.is_scope);
            let scope = scope.ok_or(ResourcesError::Wrong("a name in it lies in what is no scope"))?;
            depth += 1;
            if depth > MAX_DEPTH {
                return Err(ResourcesError::Wrong("its names lie in one another without an end"));
            }
            if at == 0 {
                break;
            }
            parts.push(&scope.name);
            at = scope.parent;
        }
        parts.reverse();
        let path = folded(&parts.join("/"));
        bytes += path.len();
        if path.len() > MAX_PATH || bytes > MAX_PATHS {
            return Err(ResourcesError::TooMuch("too long names"));
        }
        if numbers.insert(path, item.number.into()).is_some() {
            return Err(ResourcesError::Wrong("one name is there twice"));
        }
    }
    Ok(numbers)
}
