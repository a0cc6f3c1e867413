#![forbid(unsafe_code)]
//! lowbox-policy: which objects a token may touch, and how the kernel is told.
//!
//! Pure: data in, data out. The caller reads files and looks at the host; this crate parses, decides and explains.
//!
//! [`parse_objects`] reads the object catalogue, [`plan()`] turns objects and a token into a [`Plan`] for the kernel,
//! [`explain()`] says why something is denied and what would grant it, [`program_grants`] finds an interpreter's folders.

pub mod capability;
pub mod effective;
pub mod explain;
pub mod frontier;
pub mod fs_rights;
pub mod host;
pub mod layouts;
pub mod network;
pub mod object;
pub mod objects;
pub mod operation;
pub mod os_bytes;
pub mod plan;
mod planner;
pub mod ruling;

pub use capability::{Capability, Element, Verdict, capabilities, capability};
pub use effective::effective;
pub use explain::{Candidate, Explanation, Question, Suggestion, candidates, explain};
pub use fs_rights::FsRights;
pub use host::{FileId, HostTree, MAX_CHILDREN, NodeKind, TreeError};
pub use layouts::program_grants;
pub use object::{GrantRights, GrantRightsError, Object, ObjectKind, Origin};
pub use objects::{
    ObjectsError, Variables, built_in_objects, built_in_objects_for, grant_descriptor, parse_objects,
};
pub use operation::Operation;
pub use plan::{Bind, Note, Plan, PlanError, PlanOptions, Protected, Reason};
pub use planner::paths::{MAX_DEPTH, is_within};
pub use planner::plan;
