//! A question to the user, and who asks it.

use std::ffi::OsString;
use std::path::PathBuf;
use std::time::Instant;

use lowbox_policy::{GrantRights, NodeKind};

/// What the user is asked. Everything in it that comes from the program is hostile: whoever shows it makes control
/// characters and changes of direction visible.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Question {
    /// Counts the questions of one run, from 1.
    pub id: u64,
    /// The package family name.
    pub package: String,
    /// What for.
    pub asked: Asked,
    /// Which program of the package. `None` before its start.
    pub asker: Option<Asker>,
}

/// What is asked for.
#[derive(Clone, Debug, PartialEq, Eq)]
pub enum Asked {
    /// An object of the file tree.
    File {
        /// Its canonical path: no component is a link.
        path: PathBuf,
        /// What is there; `None`: nothing.
        kind: Option<NodeKind>,
        /// What the call makes at that path, for which only the folder can be granted; `None` if it makes nothing.
        makes: Option<NodeKind>,
        /// The object itself may be granted.
        this: bool,
        /// The path by which the program named it, if that goes through links of the user's own.
        named: Option<PathBuf>,
        /// What a Windows program calls it.
        windows: Option<String>,
        /// What the call needs.
        wanted: GrantRights,
        /// The folder that may be granted instead, or alone, if it may.
        folder: Option<PathBuf>,
    },
    /// A privacy-sensitive capability that the package declares.
    Capability {
        /// Its name, as the manifest has it.
        name: String,
        /// What it opens, in words.
        title: String,
    },
}

/// The process that touched the object, as it was seen at that time.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Asker {
    /// /proc/PID/exe.
    pub executable: PathBuf,
    /// Its arguments, which it can write itself; cut to a bounded length.
    pub arguments: Vec<OsString>,
    /// The process id as the host counts, which is how the user sees it; `None` if it is not known.
    pub pid: Option<u32>,
}

/// What the user says.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Answer {
    /// This object, with these rights (those wanted, or less).
    This(GrantRights),
    /// The folder that the question names, with these rights.
    Folder(GrantRights),
    /// Yes to a capability.
    Allow,
    /// Not now: asked again at the next start.
    No,
    /// Never, until the user changes it with `lowbox consent`.
    Never,
}

/// Puts questions to the user, one at a time.
pub trait Prompter: Send {
    /// Waits for the answer until `deadline` at the latest. `None` is no answer, which counts as *no* and is not remembered.
    fn ask(&mut self, question: &Question, deadline: Instant) -> Option<Answer>;

    /// Whether anybody may answer, so that it makes sense to ask about what the program may never need.
    fn is_anybody_there(&self) -> bool {
        true
    }
}
