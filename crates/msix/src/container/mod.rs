//! The container: a ZIP file (APPNOTE.TXT 6.3), of which packages use little, and of which this reader takes no more.
//!
//! Every byte of an accepted file belongs to one part, to the directory or to the end records, each part has one name, and header,
//! directory and descriptor agree. So no two readers can see different packages in it.

mod end;
mod entry;
mod error;
mod fields;
mod source;
mod window;

pub(crate) use end::End;
pub use entry::{Entry, Method};
pub use error::ContainerError;
pub use source::Source;

use std::collections::HashMap;

use crate::part_name::PartName;
use entry::{DIRECTORY_ENTRY_SIZE, bad_part};
use fields::Fields;
use window::Window;

/// The largest directory that is read, in bytes: some hundred thousand parts.
pub const MAX_DIRECTORY: u64 = 64 << 20;

/// The most parts.
pub const MAX_PARTS: u64 = 300_000;

/// A part: its name and where it is.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Part {
    /// Its name.
    pub name: PartName,
    /// Where and how it is kept.
    pub entry: Entry,
}

/// A container that was read, in the order of the file.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Container {
    parts: Vec<Part>,
    /// By folded name.
    names: HashMap<String, usize>,
    pub(crate) end: End,
}

impl Container {
    /// Reads the directory and the headers of all parts; no data.
    ///
    /// # Errors
    /// When anything is not as packages have it.
    pub fn read(source: &(impl Source + ?Sized)) -> Result<Container, ContainerError> {
        let end = end::read(source)?;
        if end.size > MAX_DIRECTORY {
            return Err(ContainerError::TooMuch("a directory of more than 64 MiB"));
        }
        if end.entries > MAX_PARTS {
            return Err(ContainerError::TooMuch("more than 300,000 parts"));
        }
        if end.entries.checked_mul(DIRECTORY_ENTRY_SIZE).is_none_or(|least| least > end.size) {
            return Err(ContainerError::BadEnd("the directory is too small for its entries"));
        }
        let mut directory = vec![0; end.size as usize];
        source.read_exact_at(&mut directory, end.offset)?;
        let mut fields = Fields(&directory);
        let mut entries = Vec::with_capacity(end.entries as usize);
        for _ in 0..end.entries {
            let at = end.offset + (directory.len() - fields.0.len()) as u64;
            entries.push(Entry::read(&mut fields, at)?);
        }
        if !fields.0.is_empty() {
            let size = fields.0.len() as u64;
            let at = end.offset + end.size - size;
            return Err(ContainerError::Hidden { at, size, what: "they follow the directory's last entry" });
        }
        entries.sort_by_key(|entry| entry.offset);
        fill(source, &mut entries, end.offset)?;
        let parts = entries.into_iter().map(named).collect::<Result<Vec<_>, _>>()?;
        let names = names(&parts)?;
        Ok(Container { parts, names, end })
    }

    /// The parts, in the order in which they lie in the file.
    #[must_use]
    pub fn parts(&self) -> &[Part] {
        &self.parts
    }

    /// The part of that name; letters' case does not count.
    #[must_use]
    pub fn part(&self, name: &str) -> Option<&Part> {
        self.place(name).map(|at| &self.parts[at])
    }

    /// Which of the parts has that name.
    pub(crate) fn place(&self, name: &str) -> Option<usize> {
        self.names.get(&fold(name)).copied()
    }
}

/// Reads the headers, and sees to it that one part begins where the other ends.
fn fill(
    source: &(impl Source + ?Sized),
    entries: &mut [Entry],
    directory: u64,
) -> Result<(), ContainerError> {
    let mut window = Window::new(source);
    let mut end = 0;
    for at in 0..entries.len() {
        let (before, rest) = entries.split_at_mut(at);
        let entry = &mut rest[0];
        check_gap(before.last(), end, entry.offset, "they lie before a part")?;
        entry.read_local(&mut window)?;
        if entry.end > directory {
            return Err(ContainerError::Overlap {
                name: String::from_utf8_lossy(&entry.raw_name).into_owned(),
            });
        }
        end = entry.end;
    }
    check_gap(entries.last(), end, directory, "they lie between the last part and the directory")
}

fn check_gap(before: Option<&Entry>, end: u64, next: u64, what: &'static str) -> Result<(), ContainerError> {
    match (before, end.cmp(&next)) {
        (_, std::cmp::Ordering::Equal) => Ok(()),
        (Some(entry), std::cmp::Ordering::Greater) => {
            Err(ContainerError::Overlap { name: String::from_utf8_lossy(&entry.raw_name).into_owned() })
        }
        _ => Err(ContainerError::Hidden { at: end, size: next.saturating_sub(end), what }),
    }
}

fn named(entry: Entry) -> Result<Part, ContainerError> {
    let shown = || String::from_utf8_lossy(&entry.raw_name).into_owned();
    let name = PartName::decode(&entry.raw_name)
        .map_err(|error| ContainerError::BadName { name: shown(), error })?;
    if entry.size > 0 && entry.compressed == 0 {
        return Err(bad_part(&entry.raw_name, "it has a size and no data"));
    }
    Ok(Part { name, entry })
}

/// As Windows compares names, near enough: what this takes for one name and Windows for two is refused, and nothing more.
pub(crate) fn fold(name: &str) -> String {
    if name.is_ascii() {
        return name.to_ascii_lowercase();
    }
    name.chars().flat_map(char::to_uppercase).flat_map(char::to_lowercase).collect()
}

fn names(parts: &[Part]) -> Result<HashMap<String, usize>, ContainerError> {
    let mut names = HashMap::with_capacity(parts.len());
    for (at, part) in parts.iter().enumerate() {
        if let Some(before) = names.insert(fold(part.name.as_str()), at) {
            let first = parts[before].name.as_str().to_owned();
            return Err(ContainerError::SameName { first, second: part.name.as_str().to_owned() });
        }
    }
    for part in parts {
        let folded = fold(part.name.as_str());
        for (slash, _) in folded.match_indices('/') {
            if let Some(&file) = names.get(&folded[..slash]) {
                let file = parts[file].name.as_str().to_owned();
                return Err(ContainerError::FileAsFolder { file, other: part.name.as_str().to_owned() });
            }
        }
    }
    Ok(names)
}
