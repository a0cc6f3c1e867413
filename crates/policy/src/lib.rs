#![forbid(unsafe_code)]
//! lowbox-policy: which objects a token may touch, and how the kernel is told.
//!
//! Pure: data in, data out. The caller reads files and looks at the host; this crate parses, decides and explains.

pub mod capability;
pub mod fs_rights;
pub mod host;
pub mod plan;

pub use capability::{Capability, Element, Verdict, capabilities, capability};
pub use fs_rights::FsRights;
pub use host::{FileId, HostTree, MAX_CHILDREN, NodeKind, TreeError};
pub use plan::{Bind, Note, Plan, PlanError, PlanOptions, Protected, Reason};
