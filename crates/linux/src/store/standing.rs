//! Whether what was consented is still what is there.

use std::path::Path;

use lowbox_policy::{FileId, NodeKind};
use rustix::fs::{AtFlags, CWD, StatxFlags, fstatvfs, statx};
use rustix::io::Errno;

use super::FileConsent;
use crate::launch::pin::{file_id, open_without_links};

/// What a remembered object is now.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Standing {
    /// It is there.
    Same,
    /// It holds for this object now. Another regular file is at the path of a regular file, since programs save by replacing; or it
    /// is the same object, on a device that has another number now.
    Replaced(FileId),
    /// Nothing is there: the consent sleeps until something is.
    Missing,
    /// It can't be looked at.
    Unreachable,
    /// A component of the path is a symbolic link now: void, since a link can lead anywhere.
    Link,
    /// Something of another kind is there: void.
    OtherKind(NodeKind),
    /// Another folder (or socket, or device) is there: void.
    OtherObject,
}

impl Standing {
    /// The object that the consent holds for now, if it holds.
    pub fn object(self, remembered: FileId) -> Option<FileId> {
        match self {
            Standing::Same => Some(remembered),
            Standing::Replaced(now) => Some(now),
            _ => None,
        }
    }

    /// What it is, as a sentence without its end.
    pub fn in_words(self) -> String {
        match self {
            Standing::Same => "it is there".to_owned(),
            Standing::Replaced(_) => "the file was saved anew".to_owned(),
            Standing::Missing => "nothing is there now".to_owned(),
            Standing::Unreachable => "it can't be looked at".to_owned(),
            Standing::Link => "a part of the path has become a symbolic link".to_owned(),
            Standing::OtherKind(kind) => format!("a {kind} is there now"),
            Standing::OtherObject => "another one is there now than the one you meant".to_owned(),
        }
    }

    /// Whether the consent holds for nothing any more, whatever comes.
    pub fn is_void(self) -> bool {
        matches!(self, Standing::Link | Standing::OtherKind(_) | Standing::OtherObject)
    }
}

/// Looks at what is at the entry's path now, without following links.
pub fn standing(consent: &FileConsent) -> Standing {
    let (then, now) = (
        consent.object,
        match look(&consent.path) {
            Ok(now) => now,
            Err(Errno::LOOP) => return Standing::Link,
            Err(Errno::NOENT | Errno::NOTDIR) => return Standing::Missing,
            Err(_) => return Standing::Unreachable,
        },
    );
    let same = now.id.ino == then.ino && consent.traits.same(now.traits, then.dev == now.id.dev);
    if now.id.kind != then.kind {
        Standing::OtherKind(now.id.kind)
    } else if same {
        if now.id == then { Standing::Same } else { Standing::Replaced(now.id) }
    } else if now.id.kind == NodeKind::File && now.names == 1 {
        Standing::Replaced(now.id)
    } else {
        // Also a file with a second name: nobody saves so, and the other name may be of something that was never consented to.
        Standing::OtherObject
    }
}

/// What tells an object from a later one of the same number. Each is 0 where the file system does not tell.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq)]
pub struct Traits {
    /// The file system, by a name that a restart does not change (`f_fsid` of statfs(2)): numbers of devices may change, and are used
    /// again.
    pub file_system: u64,
    /// When the object was made, in nanoseconds since 1970 (`stx_btime` of statx(2)): inodes are used again.
    pub born: i64,
}

impl Traits {
    /// Whether objects of the same inode number are the same, as far as can be told.
    fn same(self, now: Traits, same_device: bool) -> bool {
        let same_file_system = match (self.file_system, now.file_system) {
            (0, _) | (_, 0) => same_device,
            (then, now) => then == now,
        };
        let same_birth = self.born == 0 || now.born == 0 || self.born == now.born;
        same_file_system && same_birth
    }
}

/// What is at a path.
struct Seen {
    id: FileId,
    traits: Traits,
    /// Hard links.
    names: u32,
}

fn look(path: &Path) -> rustix::io::Result<Seen> {
    let object = open_without_links(CWD, path)?;
    let id = file_id(&object)?;
    let more = statx(&object, "", AtFlags::EMPTY_PATH, StatxFlags::BTIME | StatxFlags::NLINK)?;
    let born = match more.stx_mask & StatxFlags::BTIME.bits() {
        0 => 0,
        _ => {
            more.stx_btime.tv_sec.saturating_mul(1_000_000_000).saturating_add(more.stx_btime.tv_nsec.into())
        }
    };
    let file_system = fstatvfs(&object).map_or(0, |found| found.f_fsid);
    Ok(Seen { id, traits: Traits { file_system, born }, names: more.stx_nlink })
}

/// The traits of what is at `path`, if that is `object`; else nothing is known.
pub(super) fn traits(path: &Path, object: FileId) -> Traits {
    look(path).ok().filter(|seen| seen.id == object).map_or(Traits::default(), |seen| seen.traits)
}
