//! The user-file frontier: where a consent may be given while the program runs.
//!
//! Landlock's rules can't grow once a program is confined. So in these places they leave everything to the mounts, which
//! know whole rights only: read, write, execute. They are the user's places, never the system's.

use std::ffi::OsStr;
use std::os::unix::ffi::OsStrExt;
use std::path::{Path, PathBuf};

use lowbox_security::{AceFlags, Acl, Dacl, Token};

use crate::effective::effective;
use crate::fs_rights::FsRights;
use crate::host::{HostTree, NodeKind};
use crate::object::{GrantRights, Object, Origin};
use crate::plan::{Bind, Note, PlanError, PlanOptions};
use crate::planner::check::maximum;
use crate::planner::paths::is_within;
use crate::planner::plan;

/// Where removable media appear (FHS 3.0, udisks(8)).
const MEDIA: [&str; 3] = ["/media", "/run/media", "/mnt"];

/// Places of the system or of the container itself: no consent reaches into them.
const SYSTEM: [&str; 21] = [
    "/bin",
    "/boot",
    "/dev",
    "/etc",
    "/lib",
    "/lib32",
    "/lib64",
    "/libx32",
    "/lost+found",
    "/nix",
    "/opt",
    "/proc",
    "/run",
    "/sbin",
    "/snap",
    "/sys",
    "/tmp",
    "/usr",
    "/var",
    "/.granted",
    "/.host",
];

/// The frontier: the home folder, removable media, and the working folder where it is none of the system's. No place lies in
/// another one.
pub fn frontier(home: Option<&Path>, working_directory: &Path) -> Vec<PathBuf> {
    let mut places: Vec<PathBuf> = MEDIA.map(PathBuf::from).to_vec();
    let own = home.into_iter().chain([working_directory]);
    places.extend(own.filter(|path| is_the_users(path)).map(Path::to_owned));
    let inner =
        |path: &PathBuf, all: &[PathBuf]| all.iter().any(|other| other != path && is_within(path, other));
    let all = places.clone();
    places.retain(|path| !inner(path, &all));
    places.sort();
    places.dedup();
    places
}

fn is_the_users(path: &Path) -> bool {
    path.is_absolute()
        && path.parent().is_some()
        && !SYSTEM.iter().any(|system| is_within(path, Path::new(system)))
}

/// Whether a consent for `path` can be carried out: it lies in one of `places`, and is none of them.
pub fn is_in_frontier(path: &Path, places: &[PathBuf]) -> bool {
    places.iter().any(|place| path != place && is_within(path, place))
}

/// Why a consent can't be carried out.
#[derive(Clone, Debug, PartialEq, Eq, thiserror::Error)]
pub enum ConsentRefused {
    /// A grant of it is refused by name.
    #[error(transparent)]
    Plan(#[from] PlanError),
    /// The planner had to give less.
    #[error("{0}")]
    Less(Note),
    /// The access check grants less than was asked: an entry of the catalogue denies it.
    #[error("{} is denied by an entry of the object catalogue; lowbox explain {} shows which", .0.display(), .0.display())]
    Denied(PathBuf),
}

/// The mounts that carry out a consent for `object`, beside `objects`, which are granted already: its own first, then those of
/// wider grants beneath it.
///
/// # Errors
/// [`ConsentRefused`] where whole rights on the whole object would not be exactly what the access check grants.
pub fn consent_binds(
    token: &Token,
    objects: &[Object],
    object: &Object,
    rights: GrantRights,
    tree: &dyn HostTree,
    options: &PlanOptions,
) -> Result<Vec<Bind>, ConsentRefused> {
    let path = object.path.as_path();
    if is_denied_from_above(token, objects, object, rights) {
        return Err(ConsentRefused::Denied(path.to_owned()));
    }
    let mut together: Vec<Object> = objects.iter().filter(|other| is_related(other, path)).cloned().collect();
    together.push(object.clone());
    let plan = plan(token, &together, tree, options)?;
    let mut binds: Vec<Bind> = plan.binds.into_iter().filter(|bind| is_within(&bind.path, path)).collect();
    if let Some(note) = plan.notes.into_iter().find(|note| is_within(&note.path, path)) {
        return Err(ConsentRefused::Less(note));
    }
    // The program's filter was made before, so it can't shut what this would have to shut.
    if plan.deny_xattr_reads {
        return Err(ConsentRefused::Denied(path.to_owned()));
    }
    let whole = binds.first().is_some_and(|bind| bind.path == path && is_whole(bind, rights));
    if !whole {
        return Err(ConsentRefused::Denied(path.to_owned()));
    }
    // What is granted the same beneath it is part of the mount; a socket needs a rule of its own, which comes too late.
    let first = binds[0].clone();
    binds.retain(|bind| {
        bind.path == first.path || bind.writable != first.writable || bind.executable != first.executable
    });
    if let Some(narrower) = binds.iter().find(|bind| bind.path != path && !is_whole(bind, letters(bind))) {
        return Err(ConsentRefused::Denied(narrower.path.clone()));
    }
    Ok(binds)
}

/// Whether a deny above `object` takes away some of `rights`. In a descriptor of its own the consent would stand before what it
/// inherits; but who answers a question opens what is not granted, and not what somebody has denied.
pub fn is_denied_from_above(token: &Token, objects: &[Object], object: &Object, rights: GrantRights) -> bool {
    let kind = object.identity.map_or(NodeKind::File, |id| id.kind);
    let (mut governing, parent) = effective(objects, token, &object.path, kind);
    let denies = governing.dacl.aces().iter().filter(|ace| ace.kind.is_deny());
    let denies = denies.map(|ace| ace.clone().with_flags(AceFlags::NONE));
    let allowed = object.descriptor.dacl.aces().iter().cloned();
    governing.dacl = Dacl::Present(Acl::new(denies.chain(allowed).collect()));
    maximum(&governing, parent.as_ref(), token) & rights.mask() != rights.mask()
}

/// Whether what `object` says can matter to `path`: it lies above or beneath it.
pub fn is_related(object: &Object, path: &Path) -> bool {
    let place = if object.glob { fixed_part(&object.path) } else { &object.path };
    is_within(path, place) || is_within(place, path)
}

/// The folder above the first wildcard.
fn fixed_part(pattern: &Path) -> &Path {
    let bytes = pattern.as_os_str().as_bytes();
    let end = bytes.iter().position(|&byte| byte == b'*').unwrap_or(bytes.len());
    let end = bytes[..end].iter().rposition(|&byte| byte == b'/').unwrap_or(0);
    Path::new(OsStr::from_bytes(&bytes[..end.max(1)]))
}

/// Whether the mount's attributes alone hold what the plan gives, as they have to where Landlock leaves everything to them
/// (but for FIFOs within a folder: one in a read-only mount can be written).
pub fn is_held_by_mount(bind: &Bind) -> bool {
    let mut held = FsRights::IOCTL_DEV;
    if !bind.writable {
        // Devices and FIFOs are written through a read-only mount as well.
        let plain = matches!(bind.id.kind, NodeKind::Dir | NodeKind::File);
        held |= if plain { FsRights::WRITES } else { FsRights::WRITES.without(FsRights::WRITE_FILE) };
    }
    if !bind.executable {
        held |= FsRights::EXECUTE;
    }
    if bind.id.kind != NodeKind::Dir {
        held |= FsRights::ALL.without(FsRights::FILE_ONLY);
    }
    bind.id.kind == NodeKind::Socket || FsRights::ALL.without(bind.rights).without(held).is_empty()
}

/// Whether a mount with just these rights is what `bind` grants.
fn is_whole(bind: &Bind, rights: GrantRights) -> bool {
    is_held_by_mount(bind) && bind.writable == rights.write && bind.executable == rights.execute
}

fn letters(bind: &Bind) -> GrantRights {
    GrantRights { read: true, write: bind.writable, execute: bind.executable }
}

/// An object that a consent grants.
pub fn consent_object(path: PathBuf, package: &lowbox_security::Sid, rights: GrantRights) -> Object {
    Object::new(path, crate::grant_descriptor(package, rights), Origin::Consent)
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn the_home_folder_and_the_working_folder_are_the_users_and_the_systems_are_not() {
        let places = frontier(Some(Path::new("/home/ada")), Path::new("/srv/site"));
        assert_eq!(places, ["/home/ada", "/media", "/mnt", "/run/media", "/srv/site"].map(PathBuf::from));
        let inside = frontier(Some(Path::new("/home/ada")), Path::new("/home/ada/project"));
        assert!(!inside.contains(&PathBuf::from("/home/ada/project")), "one rule is enough: {inside:?}");
        for system in ["/", "/usr/share", "/etc", "/tmp/x", "/var/lib", "/run/user/1000", "/dev/shm"] {
            let places = frontier(None, Path::new(system));
            assert_eq!(
                places,
                MEDIA
                    .map(PathBuf::from)
                    .into_iter()
                    .collect::<std::collections::BTreeSet<_>>()
                    .into_iter()
                    .collect::<Vec<_>>(),
                "{system}"
            );
        }
    }

    #[test]
    fn a_place_itself_is_no_consent() {
        let places = [PathBuf::from("/home/ada")];
        assert!(is_in_frontier(Path::new("/home/ada/x"), &places));
        assert!(!is_in_frontier(Path::new("/home/ada"), &places));
        assert!(!is_in_frontier(Path::new("/home/adam/x"), &places));
        assert!(!is_in_frontier(Path::new("/"), &places));
    }
}
