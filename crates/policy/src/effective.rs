//! The effective descriptor of any path, by inheritance from the objects at and above it.

use std::collections::BTreeMap;
use std::ffi::OsStr;
use std::path::Path;

use lowbox_security::{ChildKind, SecurityDescriptor, Token};

use crate::host::NodeKind;
use crate::object::Object;
use crate::planner::{check, glob, merge};

/// The descriptor that governs `path`, and that of its parent directory (`None` for `/`).
///
/// A path beneath no object has an empty DACL: nothing is granted there. Paths are taken as they are written; resolve
/// symbolic links first.
pub fn effective(
    objects: &[Object],
    token: &Token,
    path: &Path,
    kind: NodeKind,
) -> (SecurityDescriptor, Option<SecurityDescriptor>) {
    let governing = governing(objects, path);
    let names: Vec<&OsStr> = path.iter().skip(1).collect();
    let mut sd = check::ungoverned(token);
    let mut parent = None;
    let mut governed = false;
    for depth in 0..=names.len() {
        let explicit = governing.get(&depth).map(|found| {
            let mut descriptors = found.iter().map(|object| SecurityDescriptor::clone(&object.descriptor));
            let first = descriptors.next().unwrap_or_default();
            descriptors.fold(first, merge::merged)
        });
        let child = match (depth == names.len(), kind) {
            (true, NodeKind::Dir) | (false, _) => ChildKind::Container,
            (true, _) => ChildKind::Object,
        };
        let next = match &explicit {
            None if !governed => sd.clone(),
            explicit => check::inherited(&sd, explicit.as_ref(), child, token),
        };
        governed |= explicit.is_some();
        if depth > 0 {
            parent = Some(sd);
        }
        sd = next;
    }
    (sd, parent)
}

/// The objects at `path` and above it, by depth in components, in the order of the list.
pub(crate) fn governing<'o>(objects: &'o [Object], path: &Path) -> BTreeMap<usize, Vec<&'o Object>> {
    let mut found: BTreeMap<usize, Vec<&Object>> = BTreeMap::new();
    for object in objects {
        if let Some(depth) = depth_above(object, path) {
            found.entry(depth).or_default().push(object);
        }
    }
    found
}

/// [`Path::starts_with`], which most objects answer at the first letter.
fn begins_with(path: &Path, place: &Path) -> bool {
    let mut pairs = path.as_os_str().as_encoded_bytes().iter().zip(place.as_os_str().as_encoded_bytes());
    let differ = pairs.find(|(one, other)| one != other);
    // Up to there both have the same names, and then one that differs. Slashes and dots can stand for nothing.
    let means = |byte: &u8| !matches!(byte, b'/' | b'.');
    if differ.is_some_and(|(one, other)| means(one) && means(other)) {
        return false;
    }
    path.starts_with(place)
}

/// The depth of an object that is at the path or above it.
fn depth_above(object: &Object, path: &Path) -> Option<usize> {
    if !object.glob {
        return begins_with(path, &object.path).then(|| object.path.iter().count().saturating_sub(1));
    }
    let mut names = path.iter();
    for pattern in object.path.iter() {
        if !glob::fits(pattern, names.next()?) {
            return None;
        }
    }
    Some(object.path.iter().count().saturating_sub(1))
}

#[cfg(test)]
mod tests {
    use super::*;
    use proptest::prelude::*;

    proptest! {
        #[test]
        fn a_path_begins_with_a_place_as_the_standard_library_says(path in "/?[/.ab]{0,8}", place in "/?[/.ab]{0,5}") {
            let (path, place) = (Path::new(&path), Path::new(&place));
            prop_assert_eq!(begins_with(path, place), path.starts_with(place));
        }
    }
}
