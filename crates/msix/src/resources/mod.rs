//! `resources.pri`: the texts that `ms-resource:` names stand for, and which file of several scales and sizes a path means.
//!
//! The format is Microsoft's own and described by nobody but those who looked at files (chausner's PriTools, and the samples in Microsoft's
//! msix-packaging). A file has sections: names as a tree, decisions (what candidates are for), the map from names to candidates, and data.
//! What is not needed here is not read; what is read is bounded by the file's own size.

mod choose;
mod decisions;
mod error;
mod fields;
mod file;
mod map;
mod names;

pub use choose::Wanted;
pub use decisions::{Kind, Qualifier};
pub use error::ResourcesError;

use std::collections::HashMap;

use crate::container::Source;
use crate::package::{Contents, PackageError};
use names::Names;

/// The name of the file in a package.
pub const FILE: &str = "resources.pri";

/// Largest that is read, in bytes.
pub const MAX_BYTES: usize = 32 << 20;

/// Resources that were read.
#[derive(Clone, Debug)]
pub struct Resources {
    /// Where an item's number is by its folded path; empty in a resource package's file, which has the numbers of the main one.
    numbers: HashMap<String, u32>,
    /// The name of the map, by which references may call it.
    name: String,
    version: names::Version,
    /// The candidates of an item, by its number.
    items: HashMap<u32, Vec<Candidate>>,
}

/// One of several values.
#[derive(Clone, Debug, PartialEq, Eq)]
struct Candidate {
    value: Value,
    qualifiers: Vec<Qualifier>,
}

/// What an item is.
#[derive(Clone, Debug, PartialEq, Eq)]
enum Value {
    Text(String),
    Path(String),
    /// Bytes, which nothing here asks for.
    Data,
}

impl Resources {
    /// Reads a file of at most [`MAX_BYTES`].
    ///
    /// # Errors
    /// When it is not as such files are, or contradicts itself.
    pub fn parse(bytes: &[u8]) -> Result<Resources, ResourcesError> {
        let file = file::File::read(bytes)?;
        let map_at = file.primary_map;
        let map = map::Map::read(&file, map_at)?;
        let Names { name, version, numbers } = match names::read(file.section(map.schema)?)? {
            Some(names) => names,
            None => map.foreign.clone().ok_or(ResourcesError::Wrong("its names are nowhere"))?,
        };
        let decisions = decisions::Decisions::read(file.section(map.decisions)?)?;
        let items = map.items(&file, &decisions)?;
        Ok(Resources { numbers, name, version, items })
    }

    /// Those of a package, if it has any.
    ///
    /// # Errors
    /// When they can't be read, or are not as such files are.
    pub fn of_package(
        source: &(impl Source + ?Sized),
        contents: &Contents,
    ) -> Result<Option<Resources>, PackageError> {
        let Some(file) = contents.file(FILE) else { return Ok(None) };
        if file.size > MAX_BYTES as u64 {
            return Err(PackageError::TooLarge { name: file.name.to_string(), size: file.size });
        }
        let mut bytes = Vec::with_capacity(file.size as usize);
        let mut reader = contents.reader(source, file);
        while let Some(block) = reader.next_block()? {
            bytes.extend_from_slice(block);
        }
        Ok(Some(Resources::parse(&bytes)?))
    }

    /// Adds what a resource package has for the same names.
    ///
    /// # Errors
    /// When it is for other names.
    pub fn add(&mut self, other: Resources) -> Result<(), ResourcesError> {
        if !other.numbers.is_empty()
            || other.version != self.version
            || folded(&other.name) != folded(&self.name)
        {
            return Err(ResourcesError::OfAnother);
        }
        for (number, candidates) in other.items {
            self.items.entry(number).or_default().extend(candidates);
        }
        Ok(())
    }

    /// The text of a reference like `ms-resource:AppName`; `None` if there is no such text, or it is no reference.
    #[must_use]
    pub fn text(&self, reference: &str, wanted: &Wanted) -> Option<&str> {
        let candidates = self.candidates(&self.path_of(reference)?)?;
        let is_text = |one: &&Candidate| matches!(one.value, Value::Text(_));
        match &choose::best(candidates.iter().filter(is_text), wanted)?.value {
            Value::Text(text) => Some(text),
            _ => None,
        }
    }

    /// The file that a path in a package means, like `Assets\Logo.png`: one of another name, for a scale or size. With `\` as written there.
    #[must_use]
    pub fn file(&self, path: &str, wanted: &Wanted) -> Option<&str> {
        let candidates = self.candidates(&folded(&format!("Files/{}", path.replace('\\', "/"))))?;
        let is_path = |one: &&Candidate| matches!(one.value, Value::Path(_));
        match &choose::best(candidates.iter().filter(is_path), wanted)?.value {
            Value::Path(path) => Some(path),
            _ => None,
        }
    }

    fn candidates(&self, path: &str) -> Option<&Vec<Candidate>> {
        self.items.get(self.numbers.get(path)?)
    }

    /// The folded path that a reference means: `name` is in `Resources`, `folder/name` and `/folder/name` are from the top, and so is
    /// what follows the name of the map after two slashes.
    fn path_of(&self, reference: &str) -> Option<String> {
        let scheme = "ms-resource:";
        let head = reference.get(..scheme.len())?;
        if !head.eq_ignore_ascii_case(scheme) {
            return None;
        }
        let rest = &reference[scheme.len()..];
        if let Some(rest) = rest.strip_prefix("//") {
            let (map, path) = rest.split_once('/')?;
            let own = map.is_empty() || folded(map) == folded(&self.name);
            return own.then(|| folded(path));
        }
        let path = folded(rest.trim_start_matches('/'));
        if path.contains('/') && self.numbers.contains_key(&path) {
            return Some(path);
        }
        Some(format!("resources/{path}"))
    }
}

/// Names are compared without regard to letters' case.
fn folded(text: &str) -> String {
    text.to_lowercase()
}
