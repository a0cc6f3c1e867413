#![forbid(unsafe_code)]
//! The NT security model: SIDs, ACLs, security descriptors, SDDL, tokens, and the access check with a trace.
//!
//! Pure: no I/O, no global state. Everything it parses may be hostile; sizes and nesting are bounded (see [`limits`]).
//!
//! ```
//! use lowbox_security::*;
//! let sd = SecurityDescriptor::from_sddl("D:(A;;FA;;;BU)(A;;FR;;;AC)").unwrap();
//! let token = Token {
//!     user: "S-1-5-21-1-2-3-1000".parse().unwrap(),
//!     groups: vec![Group { sid: Sid::users(), deny_only: false }],
//!     app_container: Some(AppContainer {
//!         package: derive::package_sid("example_8wekyb3d8bbwe"),
//!         capabilities: vec![],
//!         less_privileged: false,
//!     }),
//!     integrity: Integrity::Low,
//!     privileges: vec![],
//! };
//! let request = Request {
//!     desired: AccessMask::MAXIMUM_ALLOWED,
//!     mapping: GenericMapping::FILE,
//!     user_half: UserHalf::Descriptor,
//!     parent: None,
//! };
//! assert_eq!(access_check(&sd, &token, &request).access, AccessMask::FILE_READ);
//! ```

pub mod ace;
pub mod acl;
pub mod binary;
pub mod check;
pub mod condition;
pub mod derive;
pub mod descriptor;
pub mod guid;
pub mod inherit;
pub mod integrity;
mod label;
pub mod limits;
pub mod mapping;
pub mod mask;
pub mod resource_attribute;
pub mod sddl;
pub mod sid;
pub mod token;
pub mod trace;

pub use ace::{Ace, AceData, AceFlags, AceKind, ObjectTypes};
pub use acl::Acl;
pub use binary::BinaryError;
pub use check::{Decision, Request, UserHalf, access_check, access_check_untold};
pub use condition::Condition;
pub use descriptor::{Control, Dacl, SecurityDescriptor};
pub use guid::{Guid, GuidError};
pub use inherit::{ChildKind, Creator, inherit};
pub use integrity::{Integrity, IntegrityError};
pub use mapping::{GenericMapping, ObjectKind};
pub use mask::AccessMask;
pub use resource_attribute::ResourceAttribute;
pub use sddl::SddlError;
pub use sid::{Sid, SidError};
pub use token::{AppContainer, Group, Privilege, PrivilegeError, Token};
pub use trace::{Effect, Side, TraceSource, TraceStep};
