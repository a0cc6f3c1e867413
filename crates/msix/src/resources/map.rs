//! The map: for each item its decision and its candidates, and for each of these where its value is.

use std::collections::HashMap;

use super::decisions::Decisions;
use super::error::ResourcesError;
use super::fields::{Fields, narrow_text, wide_text};
use super::file::{File, Section};
use super::names::{Names, Version};
use super::{Candidate, Value};

const MAPS: [&[u8; 16]; 2] = [b"[mrm_res_map__]\0", b"[mrm_res_map2_]\0"];
const DATA: &[u8; 16] = b"[mrm_dataitem] \0";
/// Largest value that is kept, in bytes; those of texts and paths are far below.
const MAX_VALUE: usize = 64 << 10;
/// Most bytes of values together: several items may share one.
const MAX_VALUES: usize = 32 << 20;

/// The map of a file.
pub(super) struct Map<'a> {
    /// Sections of the names and of the decisions.
    pub(super) schema: u16,
    pub(super) decisions: u16,
    /// The names of another file for which it is.
    pub(super) foreign: Option<Names>,
    kinds: Vec<u32>,
    groups_of_items: Vec<(u32, u32)>,
    groups: Vec<(u32, u32)>,
    infos: Vec<(u32, u32)>,
    candidates: Vec<Fields<'a>>,
    embedded: &'a [u8],
}

impl<'a> Map<'a> {
    pub(super) fn read(file: &File<'a>, at: u16) -> Result<Map<'a>, ResourcesError> {
        let section = file.section(at)?;
        if !MAPS.iter().any(|one| one.as_slice() == section.kind) {
            return Err(ResourcesError::Wrong("what it calls its map is none"));
        }
        let mut fields = Fields::new(section.data, "its map");
        let [environment, _count, schema, foreign, decisions, kinds, by_item, groups] = fields.u16s()?;
        let (infos, candidates) = (fields.u32()? as usize, fields.u32()? as usize);
        let (embedded, more) = (fields.u32()? as usize, fields.u32()? as usize);
        fields.bytes(environment.into())?;
        let foreign = read_foreign(fields.bytes(foreign.into())?)?;
        let kind = |mut one: Fields<'_>| {
            let _four = one.u32()?;
            one.u32()
        };
        let kinds = fields.table(kinds.into(), 8)?.into_iter().map(kind).collect::<Result<_, _>>()?;
        let mut groups_of_items = narrow(fields.table(by_item.into(), 4)?)?;
        let mut groups = narrow(fields.table(groups.into(), 4)?)?;
        let mut infos = narrow(fields.table(infos, 4)?)?;
        let mut more = Fields::new(fields.bytes(more)?, "its second tables");
        if !more.is_empty() {
            let counts = [more.u32()?, more.u32()?, more.u32()?];
            for (table, count) in [&mut groups_of_items, &mut groups, &mut infos].into_iter().zip(counts) {
                for mut one in more.table(count as usize, 8)? {
                    table.push((one.u32()?, one.u32()?));
                }
            }
        }
        let candidates = fields.table(candidates, 8)?;
        let embedded = fields.bytes(embedded)?;
        Ok(Map { schema, decisions, foreign, kinds, groups_of_items, groups, infos, candidates, embedded })
    }

    /// The candidates of all items.
    pub(super) fn items(
        &self,
        file: &File<'_>,
        decisions: &Decisions,
    ) -> Result<HashMap<u32, Vec<Candidate>>, ResourcesError> {
        let wrong = ResourcesError::Wrong("its map names what it has not");
        let mut items = HashMap::new();
        let (mut used, mut bytes) = (0, 0);
        for &(first_item, group) in &self.groups_of_items {
            // What is beyond the groups is one entry.
            let (count, first) = match (group as usize).checked_sub(self.groups.len()) {
                None => self.groups[group as usize],
                Some(info) => (1, u32::try_from(info).map_err(|_| wrong.clone())?),
            };
            let end = first.checked_add(count).ok_or(wrong.clone())? as usize;
            let infos = self.infos.get(first as usize..end).ok_or(wrong.clone())?;
            for (at, &(decision, candidate)) in infos.iter().enumerate() {
                let number = first_item.checked_add(at as u32).ok_or(wrong.clone())?;
                let decision = u16::try_from(decision).map_err(|_| wrong.clone())?;
                let count = decisions.count(decision)?;
                // Each belongs to one item.
                used += count;
                if used > self.candidates.len() {
                    return Err(wrong);
                }
                let first = candidate as usize;
                let own = first.checked_add(count).and_then(|end| self.candidates.get(first..end));
                let mut found = Vec::with_capacity(count);
                for (at, one) in own.ok_or(wrong.clone())?.iter().enumerate() {
                    let Some(value) = self.value(file, *one)? else { continue };
                    bytes += match &value {
                        Value::Text(text) | Value::Path(text) => text.len(),
                        Value::Data => 0,
                    };
                    if bytes > MAX_VALUES {
                        return Err(ResourcesError::TooMuch("more than 32 MiB of values"));
                    }
                    found.push(Candidate { value, qualifiers: decisions.qualifiers(decision, at)? });
                }
                if items.insert(number, found).is_some() {
                    return Err(ResourcesError::Wrong("an item is in its map twice"));
                }
            }
        }
        Ok(items)
    }

    /// A candidate's value; `None` if it is in another file.
    fn value(&self, file: &File<'_>, mut candidate: Fields<'_>) -> Result<Option<Value>, ResourcesError> {
        let wrong = ResourcesError::Wrong("a value in it is nowhere, or of a kind that is not known");
        let (place, kind) = (candidate.u8()?, usize::from(candidate.u8()?));
        let kind = *self.kinds.get(kind).ok_or(wrong.clone())?;
        let bytes = match place {
            0 => {
                let (length, at) = (usize::from(candidate.u16()?), candidate.u32()? as usize);
                at.checked_add(length).and_then(|end| self.embedded.get(at..end)).ok_or(wrong.clone())?
            }
            1 => {
                let [source, item, section] = candidate.u16s()?;
                if source != 0 {
                    return Ok(None);
                }
                data_item(file.section(section)?, item)?
            }
            _ => return Err(wrong),
        };
        if kind != 2 && bytes.len() > MAX_VALUE {
            return Err(ResourcesError::TooMuch("a text of more than 64 KiB"));
        }
        let value = match kind {
            0 => wide_text(bytes).map(Value::Text),
            1 => wide_text(bytes).map(Value::Path),
            2 => Some(Value::Data),
            3 => narrow_text(bytes).filter(|text| text.is_ascii()).map(Value::Text),
            4 => narrow_text(bytes).map(Value::Text),
            5 => narrow_text(bytes).filter(|text| text.is_ascii()).map(Value::Path),
            6 => narrow_text(bytes).map(Value::Path),
            _ => None,
        };
        value.map(Some).ok_or(wrong)
    }
}

fn narrow(table: Vec<Fields<'_>>) -> Result<Vec<(u32, u32)>, ResourcesError> {
    table.into_iter().map(|mut one| Ok((one.u16()?.into(), one.u16()?.into()))).collect()
}

/// For which names it is, if they are another file's.
fn read_foreign(bytes: &[u8]) -> Result<Option<Names>, ResourcesError> {
    let mut fields = Fields::new(bytes, "what it says of another file's names");
    if fields.is_empty() {
        return Ok(None);
    }
    let version = Version::read(&mut fields)?;
    let length = fields.u16()?;
    let _zero = fields.u16()?;
    let _ = (fields.u32()?, fields.u32()?);
    let unique = fields.wide(length.into())?;
    let name = unique.split_once("://").map_or(unique.as_str(), |(_, name)| name).trim_end_matches('/');
    Ok(Some(Names { name: name.to_owned(), version, numbers: HashMap::new() }))
}

/// The bytes of an item of a section of data: short ones come first.
fn data_item(section: Section<'_>, item: u16) -> Result<&[u8], ResourcesError> {
    let wrong = ResourcesError::Wrong("a value in it lies outside of its data");
    if section.kind != DATA {
        return Err(wrong);
    }
    let mut fields = Fields::new(section.data, "its data");
    let _zero = fields.u32()?;
    let (short, long) = (usize::from(fields.u16()?), usize::from(fields.u16()?));
    let length = fields.u32()? as usize;
    let (short, long) = (fields.bytes(short * 4)?, fields.bytes(long * 8)?);
    let data = fields.bytes(length)?;
    let item = usize::from(item);
    let (at, length) = if item * 4 < short.len() {
        let mut one = Fields::new(&short[item * 4..], "its data");
        (usize::from(one.u16()?), usize::from(one.u16()?))
    } else {
        let from = long.get((item - short.len() / 4) * 8..).ok_or(wrong.clone())?;
        let mut one = Fields::new(from, "its data");
        (one.u32()? as usize, one.u32()? as usize)
    };
    at.checked_add(length).and_then(|end| data.get(at..end)).ok_or(wrong)
}
