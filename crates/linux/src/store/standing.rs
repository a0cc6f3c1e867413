//! Whether what was consented is still what is there.

use std::path::Path;

use lowbox_policy::{FileId, NodeKind};
use rustix::fs::CWD;
use rustix::io::Errno;

use crate::launch::pin::{file_id, open_without_links};

/// What a remembered object is now.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Standing {
    /// It is there.
    Same,
    /// Another regular file is at the path of a regular file: programs save by replacing. The consent holds for it.
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
            Standing::Replaced(_) => "the file was replaced, as programs do when they save".to_owned(),
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

/// Looks at what is at `path` now, without following links.
pub fn standing(path: &Path, remembered: FileId) -> Standing {
    let id = match open_without_links(CWD, path).and_then(file_id) {
        Ok(id) => id,
        Err(Errno::LOOP) => return Standing::Link,
        Err(Errno::NOENT | Errno::NOTDIR) => return Standing::Missing,
        Err(_) => return Standing::Unreachable,
    };
    if id == remembered {
        Standing::Same
    } else if id.kind != remembered.kind {
        Standing::OtherKind(id.kind)
    } else if id.kind == NodeKind::File {
        Standing::Replaced(id)
    } else {
        Standing::OtherObject
    }
}
