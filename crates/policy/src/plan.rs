//! The plan: what the launcher mounts, links and allows. Data only; [`plan`](crate::plan()) makes it.

use std::fmt;
use std::path::{Path, PathBuf};

use serde::{Deserialize, Serialize};

use crate::fs_rights::FsRights;
use crate::host::{FileId, NodeKind};
use crate::os_bytes;

/// Everything of the host's file tree that the program gets. Its serialized form, for whoever carries it out, leaves the
/// notes away.
#[derive(Clone, Debug, Default, PartialEq, Eq, Serialize, Deserialize)]
pub struct Plan {
    /// What is bound into the private root, sorted by path, parents before what lies beneath them.
    pub binds: Vec<Bind>,
    /// Skeleton directories (made by the launcher to hold binds) beneath which everything may be listed: a
    /// READ_DIR rule goes on each. Only the topmost ones are named; `["/"]` when all may be listed.
    #[serde(with = "os_bytes::list")]
    pub listable: Vec<PathBuf>,
    /// Symbolic links to make in skeleton directories: the link's path and what it points to.
    #[serde(with = "os_bytes::pairs")]
    pub links: Vec<(PathBuf, PathBuf)>,
    /// Something visible must not have its extended attributes read: the filter refuses the getxattr family.
    pub deny_xattr_reads: bool,
    /// A directory is visible that may not be listed: the filter refuses inotify and fanotify, which would tell the
    /// names in it.
    pub deny_watches: bool,
    /// What could not be granted exactly, and why.
    #[serde(skip)]
    pub notes: Vec<Note>,
}

/// One mount, and the Landlock rule that goes with it.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize)]
pub struct Bind {
    /// The path, the same inside and outside.
    #[serde(with = "os_bytes")]
    pub path: PathBuf,
    /// What was found there when the plan was made; the launcher refuses when it finds something else.
    pub id: FileId,
    /// The mount is writable (else read-only).
    pub writable: bool,
    /// Programs may be run from the mount (else `noexec`).
    pub executable: bool,
    /// The rights of the Landlock rule. Empty for sockets.
    pub rights: FsRights,
    /// The unix socket here may be connected to.
    pub connect: bool,
    /// A directory, bound with the mounts beneath it.
    pub recursive: bool,
}

impl Bind {
    /// Whether this is a device, which needs a mount without `nodev`.
    pub fn is_device(&self) -> bool {
        matches!(self.id.kind, NodeKind::CharDevice | NodeKind::BlockDevice)
    }
}

/// Something that the access check grants and the plan does not, because the kernel can't enforce it exactly.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Note {
    /// The object.
    pub path: PathBuf,
    /// The rights that were dropped (empty when the object is left out altogether).
    pub dropped: FsRights,
    /// Why, and what to do.
    pub reason: Reason,
}

impl fmt::Display for Note {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        write!(f, "{}: ", self.path.display())?;
        if !self.dropped.is_empty() {
            write!(f, "without {}: ", self.dropped)?;
        }
        write!(f, "{}", self.reason)
    }
}

/// Why something is not granted although its descriptor grants it. `Display` says what to do.
#[derive(Clone, Debug, PartialEq, Eq)]
pub enum Reason {
    /// There is nothing at the path.
    Missing,
    /// The path goes through a symbolic link in a place that an isolated program may have written.
    Symlink {
        /// The link.
        link: PathBuf,
    },
    /// Something else is there than when it was named.
    Changed,
    /// A narrower object lies beneath a writable tree.
    NarrowerBeneath {
        /// The object that is narrower.
        child: PathBuf,
    },
    /// The tree was built child by child, because a narrower object lies beneath it: new children don't appear.
    BuiltPositively {
        /// The object that is narrower.
        child: PathBuf,
    },
    /// The directory had to be granted child by child and could not be listed, or has too many children.
    CannotExpand {
        /// Why it could not be listed.
        why: String,
    },
    /// Write rights without WRITE_ATTRIBUTES and WRITE_EA on everything: chmod, utime and setxattr could not be stopped.
    WriteNeedsAttributes,
    /// Rights without READ_ATTRIBUTES on everything that would be visible: stat could not be stopped.
    VisibleNeedsAttributes,
    /// EXECUTE without READ_DATA: the kernel opens a program for reading.
    ExecuteNeedsRead,
    /// WRITE_DATA without APPEND_DATA or the reverse: the kernel has one right to write.
    WriteIsWhole,
    /// The right holds for a part of the tree only (the folder alone, the first level, or files but not folders).
    NotUniform,
    /// The object is of another kind than its entry says.
    WrongKind {
        /// What the entry says.
        expected: &'static str,
        /// What is there.
        found: NodeKind,
    },
    /// A socket within a tree is not shown: sockets are granted by an entry of their own.
    SocketInTree,
    /// The place belongs to the container itself (`/proc`, `/sys`, `/dev`).
    Reserved,
    /// The folder holds lowbox's own state; it was left out.
    Protected {
        /// What it is.
        what: &'static str,
    },
}

impl fmt::Display for Reason {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        match self {
            Reason::Missing => f.write_str("nothing is there; create it first, or drop the grant"),
            Reason::Symlink { link } => write!(
                f,
                "the path goes through the symbolic link {}, which others may have planted; grant the path that it \
                 leads to",
                link.display()
            ),
            Reason::Changed => f.write_str(
                "something else is there now than when it was granted; look at it, and grant it again",
            ),
            Reason::NarrowerBeneath { child } => write!(
                f,
                "{} beneath it is granted less, and a mask over a writable folder falls off when the folder \
                 changes; grant the folders beside it one by one instead",
                child.display()
            ),
            Reason::BuiltPositively { child } => write!(
                f,
                "{} beneath it is granted less, so what lies beside it is granted one by one; names made later \
                 don't appear until the next start",
                child.display()
            ),
            Reason::CannotExpand { why } => write!(
                f,
                "something beneath it is granted less, so its entries must be granted one by one, but {why}; grant \
                 the folders that are needed by name"
            ),
            Reason::WriteNeedsAttributes => f.write_str(
                "a writable mount also lets change modes, times and extended attributes, and the descriptor does \
                 not grant WRITE_ATTRIBUTES and WRITE_EA on all of it; add them (FW holds both)",
            ),
            Reason::VisibleNeedsAttributes => f.write_str(
                "what can be opened can be stat'ed, and the descriptor does not grant READ_ATTRIBUTES on all of it; \
                 add it (FR holds it)",
            ),
            Reason::ExecuteNeedsRead => f.write_str(
                "the kernel opens a program for reading before it runs it; grant READ_DATA (FR) together with \
                 EXECUTE (FX)",
            ),
            Reason::WriteIsWhole => f.write_str(
                "the kernel knows one right to write; grant WRITE_DATA and APPEND_DATA together (FW holds both)",
            ),
            Reason::NotUniform => f.write_str(
                "the right holds for a part of the tree only, and the kernel's rules hold for all that lies \
                 beneath; let it be inherited by folders and files alike (OICI), or name the files one by one",
            ),
            Reason::WrongKind { expected, found } => {
                write!(f, "the entry says {expected}, but there is a {}; correct the entry", kind_name(*found))
            }
            Reason::SocketInTree => f.write_str(
                "sockets are not shown by a grant of their folder; add an entry `socket PATH SDDL` to a file in \
                 objects.d",
            ),
            Reason::Reserved => f.write_str(
                "the place is the container's own affair; only devices and sockets beneath /dev can be granted, by \
                 entries of their own",
            ),
            Reason::Protected { what } => write!(f, "it is {what} and stays out of the container"),
        }
    }
}

/// The name of a kind of node in plain words.
pub(crate) fn kind_name(kind: NodeKind) -> &'static str {
    match kind {
        NodeKind::Dir => "directory",
        NodeKind::File => "file",
        NodeKind::Symlink => "symbolic link",
        NodeKind::Socket => "socket",
        NodeKind::Fifo => "FIFO",
        NodeKind::CharDevice => "character device",
        NodeKind::BlockDevice => "block device",
    }
}

/// A place that grants must not open.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Protected {
    /// The path.
    pub path: PathBuf,
    /// What it is, in words that complete "it is …" ("the folder of lowbox's own state").
    pub what: &'static str,
    /// Also refuse what lies inside (state, configuration); `false` for the home folder, of which parts may be granted.
    pub inside_too: bool,
}

impl Protected {
    /// How a grant of `path` would open the place: it "is", "contains" or "lies inside" it. `None` if it does not.
    pub fn relation(&self, path: &Path) -> Option<&'static str> {
        if path == self.path {
            Some("is")
        } else if self.path.starts_with(path) {
            Some("contains")
        } else if self.inside_too && path.starts_with(&self.path) {
            Some("lies inside")
        } else {
            None
        }
    }
}

/// What the planner must know beside the objects.
#[derive(Clone, Debug)]
pub struct PlanOptions {
    /// Places that no grant of the user may equal or contain.
    pub protected: Vec<Protected>,
    /// Places that the launcher fills itself; nothing of the host is bound at them, and beneath them only devices and
    /// sockets named by an entry, under `/dev`.
    pub reserved: Vec<PathBuf>,
    /// The most mounts a plan may hold (the kernel's own default limit is 100,000 for each namespace).
    pub max_binds: usize,
}

impl Default for PlanOptions {
    fn default() -> Self {
        PlanOptions {
            protected: Vec::new(),
            reserved: ["/proc", "/sys", "/dev", "/.host", "/.granted"].map(PathBuf::from).to_vec(),
            max_binds: 50_000,
        }
    }
}

/// Why there is no plan at all.
#[derive(Clone, Debug, PartialEq, Eq, thiserror::Error)]
pub enum PlanError {
    /// A grant would open a protected place.
    #[error(
        "{} can't be granted: it {relation} {}, which is {what}. Grant the folders that the program needs by name, \
         for example --grant {}/SUBFOLDER:r",
        path.display(), protected.display(), path.display()
    )]
    Refused {
        /// The path that was granted.
        path: PathBuf,
        /// The protected place.
        protected: PathBuf,
        /// How they lie: "is", "contains" or "lies inside".
        relation: &'static str,
        /// What the protected place is.
        what: &'static str,
    },
    /// A path is relative, holds `.` or `..`, or is deeper than the planner takes.
    #[error("the object {} has no plain absolute path ({why}); write the full path without . and ..", path.display())]
    BadPath {
        /// The path.
        path: PathBuf,
        /// What is wrong.
        why: &'static str,
    },
    /// The plan would hold too many mounts.
    #[error(
        "the plan needs more than {limit} mounts; grant folders instead of single files, and fewer folders with \
         something denied beneath them"
    )]
    TooManyMounts {
        /// The limit.
        limit: usize,
    },
}
