//! The answer as JSON (docs/json.md).

use std::path::Path;

use lowbox_policy::{NodeKind, Operation, Suggestion};
use lowbox_security::{AccessMask, TraceStep};
use serde::Serialize;

/// The answer as JSON.
#[derive(Serialize)]
pub struct Answer {
    /// The path as it was asked about.
    pub asked: String,
    /// What it leads to; bytes that are not UTF-8 are replaced.
    pub path: String,
    /// The bytes of `path` in hexadecimal, where they are not UTF-8.
    #[serde(skip_serializing_if = "Option::is_none")]
    pub path_hex: Option<String>,
    /// The symbolic links on the way.
    pub links: Vec<Link>,
    /// Whether something is there.
    pub exists: bool,
    /// The operation.
    pub operation: Operation,
    /// Whether the program can do it: the access check grants it, the kernel can hold it,
    /// and every link on the way is visible.
    pub granted: bool,
    /// The entries that govern the path, nearest first.
    pub governed_by: Vec<lowbox_policy::explain::Governing>,
    /// The effective descriptor.
    pub descriptor: String,
    /// The checks.
    pub checks: Vec<Check>,
    /// What would grant it.
    pub would_grant: Vec<Suggestion>,
    /// What else there is to know, in sentences.
    pub notes: Vec<String>,
}

/// A symbolic link on the way.
#[derive(Serialize)]
pub struct Link {
    pub path: String,
    pub leads_to: String,
    pub visible: bool,
}

/// An access check.
#[derive(Serialize)]
pub struct Check {
    pub path: String,
    pub desired: AccessMask,
    pub desired_names: Vec<String>,
    pub granted: bool,
    pub trace: Vec<TraceStep>,
}

impl Check {
    /// With the names of the rights.
    pub fn new(check: lowbox_policy::explain::Check, kind: NodeKind) -> Check {
        let kind = if kind == NodeKind::Dir {
            lowbox_security::ObjectKind::Directory
        } else {
            lowbox_security::ObjectKind::File
        };
        Check {
            path: check.path.display().to_string(),
            desired: check.desired,
            desired_names: check.desired.names(kind),
            granted: check.granted,
            trace: check.trace,
        }
    }
}

/// The bytes of a path.
pub fn hexadecimal(path: &Path) -> String {
    use std::os::unix::ffi::OsStrExt;
    path.as_os_str().as_bytes().iter().map(|byte| format!("{byte:02x}")).collect()
}
