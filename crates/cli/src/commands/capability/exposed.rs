//! What a capability exposes on this machine: the entries of the object catalogue that name it.

use std::path::{Path, PathBuf};

use lowbox_linux::host::RealTree;
use lowbox_linux::prepare::{Caller, PrepareError, Request, catalogue, token};
use lowbox_policy::{HostTree, Object};
use lowbox_security::derive::capability_sid;
use lowbox_security::{AccessMask, Ace};
use serde::Serialize;

use crate::failure::Failure;

/// An entry of the object catalogue that names the capability.
#[derive(Serialize)]
pub struct Exposed {
    /// May hold `*`.
    pub path: String,
    /// `tree`, `socket` or `device`.
    pub kind: &'static str,
    /// File and line.
    pub origin: String,
    /// False for an entry that denies.
    pub allow: bool,
    /// With generic bits mapped.
    pub rights: AccessMask,
    /// In words.
    pub rights_names: Vec<String>,
    /// On this machine.
    pub exists: bool,
}

/// The entries of the catalogue that name the capability. Asked without the capability in the token, because that of a
/// refused one can't be had.
///
/// # Errors
/// When the catalogue can't be read.
pub fn exposed(name: &str) -> Result<Vec<Exposed>, Failure> {
    let failed = |error: PrepareError| Failure::new(&error);
    let caller = Caller::current().map_err(failed)?;
    let request = Request { family_name: "capability".to_owned(), ..Request::default() };
    let (token, _) = token(&caller, &request).map_err(failed)?;
    let objects = catalogue(&caller, &token, "", &[]).map_err(failed)?;
    let sid = capability_sid(name);
    let mut all = Vec::new();
    for object in &objects {
        let aces = object.descriptor.dacl.aces().iter();
        all.extend(aces.filter(|ace| ace.sid == sid && !is_neither(ace)).map(|ace| exposed_by(object, ace)));
    }
    Ok(all)
}

fn is_neither(ace: &Ace) -> bool {
    !ace.kind.is_allow() && !ace.kind.is_deny()
}

fn exposed_by(object: &Object, ace: &Ace) -> Exposed {
    use lowbox_policy::ObjectKind;
    use lowbox_security::{GenericMapping, ObjectKind as Securable};
    let rights = GenericMapping::FILE.map(ace.mask);
    Exposed {
        path: object.path.display().to_string(),
        kind: match object.kind {
            ObjectKind::Tree => "tree",
            ObjectKind::Socket => "socket",
            ObjectKind::Device => "device",
        },
        origin: object.origin.to_string(),
        allow: ace.kind.is_allow(),
        rights,
        rights_names: rights.names(Securable::File),
        exists: if object.glob {
            matches_something(&object.path)
        } else {
            RealTree.node(&object.path).is_some()
        },
    }
}

/// Whether a path with wildcards stands for anything here. The catalogue's stars stand for a part of one name.
fn matches_something(pattern: &Path) -> bool {
    let mut found = vec![PathBuf::from("/")];
    for part in pattern.iter().skip(1) {
        found = found
            .iter()
            .flat_map(|folder| match part.to_string_lossy().contains('*') {
                false => vec![folder.join(part)],
                true => RealTree
                    .children(folder)
                    .unwrap_or_default()
                    .into_iter()
                    .filter(|(name, _)| fits(part.as_encoded_bytes(), name.as_encoded_bytes()))
                    .map(|(name, _)| folder.join(name))
                    .collect(),
            })
            .filter(|path| RealTree.node(path).is_some())
            .take(lowbox_policy::MAX_CHILDREN)
            .collect();
    }
    !found.is_empty()
}

/// A leading dot is only met by a dot, as in the planner. Patterns are the administrator's and short.
fn fits(pattern: &[u8], name: &[u8]) -> bool {
    if pattern.first() == Some(&b'*') && name.first() == Some(&b'.') {
        return false;
    }
    let mut parts = pattern.split(|byte| *byte == b'*');
    let Some(mut rest) = parts.next().and_then(|first| name.strip_prefix(first)) else { return false };
    let mut parts: Vec<&[u8]> = parts.collect();
    let Some(last) = parts.pop() else { return rest.is_empty() };
    for part in parts.into_iter().filter(|part| !part.is_empty()) {
        match rest.windows(part.len()).position(|window| window == part) {
            Some(at) => rest = &rest[at + part.len()..],
            None => return false,
        }
    }
    rest.ends_with(last)
}

#[cfg(test)]
mod tests {
    use super::fits;

    #[test]
    fn a_star_stands_for_any_part_of_a_name_but_a_leading_dot() {
        for (pattern, name, expected) in [
            ("video*", "video0", true),
            ("video*", "vide", false),
            ("*", "x", true),
            ("*", ".x", false),
            ("a*b*c", "aXbYc", true),
            ("a*b*c", "ac", false),
            ("a*a", "a", false),
            ("x", "x", true),
            ("x", "xy", false),
            ("krb5cc_1000*", "krb5cc_1000", true),
        ] {
            assert_eq!(fits(pattern.as_bytes(), name.as_bytes()), expected, "{pattern} {name}");
        }
    }
}
