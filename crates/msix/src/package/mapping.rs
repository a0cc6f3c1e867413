//! Block map and container, which have to agree on each file both ways.

use super::PackageError;
use crate::block_map::{BlockMap, MappedFile};
use crate::container::{Container, Method, Part};
use crate::part_name::{BLOCK_MAP, BUNDLE_MANIFEST, CODE_INTEGRITY, CONTENT_TYPES, PartName, SIGNATURE};

/// Parts that a block map never lists: it would have to list itself, and signing changes the others.
const UNMAPPED: [&str; 4] = [CONTENT_TYPES, BLOCK_MAP, SIGNATURE, CODE_INTEGRITY];

/// What a container is.
#[derive(Clone, Copy, PartialEq, Eq)]
pub(super) enum Of {
    Package,
    Bundle,
}

impl Of {
    /// Whether a part is one that the block map never lists: a member of a bundle has a block map of its own.
    fn is_unmapped(self, name: &PartName) -> bool {
        UNMAPPED.contains(&name.as_str()) || (self == Of::Bundle && name.is_package())
    }

    /// Why it must not be listed.
    fn refuses(self, name: &PartName) -> Option<&'static str> {
        let folded = |one: &&str| one.eq_ignore_ascii_case(name.as_str());
        match self {
            _ if UNMAPPED.iter().any(folded) => Some("it must not be listed"),
            Of::Bundle if name.as_str() != BUNDLE_MANIFEST => {
                Some("it must not be listed: the block map of a bundle has the bundle's manifest alone")
            }
            _ => None,
        }
    }
}

/// Which part each file of the block map is.
///
/// # Errors
/// When one is listed that must not be, or is not there, or is there with other sizes; or a part is not listed.
pub(super) fn check(container: &Container, map: &BlockMap, of: Of) -> Result<Vec<usize>, PackageError> {
    let wrong = |name: &str, what| PackageError::Mapping { name: name.to_owned(), what };
    let mut places = Vec::with_capacity(map.files.len());
    let mut mapped = vec![false; container.parts().len()];
    for file in &map.files {
        let name = file.name.as_str();
        if let Some(what) = of.refuses(&file.name) {
            return Err(wrong(name, what));
        }
        let place =
            container.place(name).ok_or_else(|| wrong(name, "it is listed and not in the package"))?;
        let part = &container.parts()[place];
        if part.name != file.name {
            return Err(wrong(name, "its name is written otherwise in the container"));
        }
        check_sizes(part, file).map_err(|what| wrong(name, what))?;
        mapped[place] = true;
        places.push(place);
    }
    for (part, mapped) in container.parts().iter().zip(mapped) {
        let name = part.name.as_str();
        if !mapped && !of.is_unmapped(&part.name) {
            return Err(wrong(name, "it is in the package and not listed"));
        }
    }
    Ok(places)
}

fn check_sizes(part: &Part, file: &MappedFile) -> Result<(), &'static str> {
    let entry = &part.entry;
    if entry.size != file.size {
        return Err("its size is another one in the container");
    }
    if entry.header_size != file.header_size {
        return Err("LfhSize is not the size of its header in the container");
    }
    let listed = file.blocks.iter().filter(|block| block.compressed.is_some()).count();
    match entry.method {
        // Old packages have the data's own sizes there.
        Method::Stored => {
            let sizes =
                file.blocks.iter().enumerate().filter_map(|(at, block)| Some((at, block.compressed?)));
            let same = sizes.into_iter().all(|(at, size)| u64::from(size) == file.block_size(at));
            if same { Ok(()) } else { Err("it is stored, and a block has a compressed size") }
        }
        Method::Deflated if listed < file.blocks.len() => {
            Err("it is deflated, and a block has no compressed size")
        }
        Method::Deflated => {
            let sum: u64 = file.blocks.iter().filter_map(|block| block.compressed).map(u64::from).sum();
            // MakeAppx flushes every block and ends with an empty one of two bytes.
            if entry.compressed == sum || entry.compressed == sum + 2 {
                Ok(())
            } else {
                Err("the compressed sizes of its blocks don't add up to that in the container")
            }
        }
    }
}
