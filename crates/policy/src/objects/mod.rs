//! The object catalogue: lines of `KIND PATH SDDL  # why`, built in or added by administrators and users.

mod escape;
mod parse;
mod variables;

pub use escape::{escape, unescape};
pub use parse::{MAX_LINE, MAX_OBJECTS, MAX_TEXT, ObjectsError, ObjectsProblem, parse_objects};
pub use variables::{KNOWN_VARIABLES, Variables};

use lowbox_security::{Ace, AceFlags, Acl, Dacl, SecurityDescriptor, Sid, Token};

use crate::object::{GrantRights, Object};

/// The name under which the built-in catalogue's entries appear.
pub const BUILT_IN: &str = "objects.txt (built in)";

/// The text of the built-in catalogue.
pub const BUILT_IN_TEXT: &str = include_str!("../../data/objects.txt");

/// The built-in catalogue for a token.
///
/// # Errors
/// When a variable's value is no plain absolute path.
pub fn built_in_objects(vars: &Variables, token: &Token) -> Result<Vec<Object>, ObjectsError> {
    parse_objects(BUILT_IN_TEXT, BUILT_IN, vars, token)
}

/// The descriptor of a grant: one ACE for the package, inherited by folders and files.
pub fn grant_descriptor(package: &Sid, rights: GrantRights) -> SecurityDescriptor {
    let flags = AceFlags::OBJECT_INHERIT | AceFlags::CONTAINER_INHERIT;
    let ace = Ace::allow(rights.mask(), package.clone()).with_flags(flags);
    SecurityDescriptor { dacl: Dacl::Present(Acl::new(vec![ace])), ..SecurityDescriptor::default() }
}
