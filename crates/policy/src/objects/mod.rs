//! The object catalogue: lines of `KIND PATH SDDL  # why`, built in or added by administrators and users.

mod escape;
mod lines;
mod parse;
mod variables;

pub use escape::{escape, unescape};
pub(crate) use parse::parse_descriptor;
pub use parse::{MAX_LINE, MAX_OBJECTS, MAX_TEXT, ObjectsError, ObjectsProblem, parse_objects};
pub use variables::{KNOWN_VARIABLES, Variables};

use lowbox_security::{Ace, AceFlags, Acl, Dacl, SecurityDescriptor, Sid, Token};

use crate::object::{GrantRights, Object};
use lines::{Line, Lines};

/// The name under which the built-in catalogue's entries appear.
pub const BUILT_IN: &str = "objects.txt (built in)";

/// The text of the built-in catalogue.
pub const BUILT_IN_TEXT: &str = include_str!("../../data/objects.txt");

/// Its lines, split when lowbox is compiled.
static BUILT_IN_LINES: [Line<'static>; count(BUILT_IN_TEXT)] = split(BUILT_IN_TEXT);

const fn count(text: &str) -> usize {
    let (mut lines, mut count) = (Lines::new(text), 0);
    while lines.next().is_some() {
        count += 1;
    }
    count
}

const fn split<const COUNT: usize>(text: &'static str) -> [Line<'static>; COUNT] {
    let mut split = [Line { number: 0, kind: "", path: "", sddl: "" }; COUNT];
    let (mut lines, mut count) = (Lines::new(text), 0);
    while let Some(line) = lines.next() {
        split[count] = match line {
            Ok(line) => line,
            Err(_) => panic!("a line of data/objects.txt is not KIND PATH SDDL"),
        };
        count += 1;
    }
    split
}

/// The built-in catalogue for a token.
///
/// # Errors
/// When a variable's value is no plain absolute path.
pub fn built_in_objects(vars: &Variables, token: &Token) -> Result<Vec<Object>, ObjectsError> {
    parse::parse_lines(BUILT_IN_LINES.iter().map(|line| Ok(*line)), BUILT_IN, vars, token, &|_| true)
}

/// The entries of the built-in catalogue that can matter to a token with these capabilities: the same answers from every
/// check, in a fraction of the time. `held` are names as the catalogue spells them.
///
/// # Errors
/// As [`built_in_objects`].
pub fn built_in_objects_for(
    vars: &Variables,
    token: &Token,
    held: &[String],
) -> Result<Vec<Object>, ObjectsError> {
    let relevant = |sddl: &str| !only_for_others(sddl, held);
    parse::parse_lines(BUILT_IN_LINES.iter().map(|line| Ok(*line)), BUILT_IN, vars, token, &relevant)
}

/// Whether a descriptor holds nothing but allow ACEs, each for a capability by name, none of them held: such an entry grants
/// nothing and denies nothing.
fn only_for_others(sddl: &str, held: &[String]) -> bool {
    let Some(mut rest) = sddl.strip_prefix("D:") else { return false };
    while let Some(ace) = rest.strip_prefix("(A;") {
        let Some((ace, after)) = ace.split_once(')') else { return false };
        let name = ace.rsplit(';').next().and_then(|sid| sid.strip_prefix('{')?.strip_suffix('}'));
        if name
            .is_none_or(|name| name == "package" || held.iter().any(|held| held.eq_ignore_ascii_case(name)))
        {
            return false;
        }
        rest = after;
    }
    rest.is_empty()
}

/// The descriptor of a grant: one ACE for the package, inherited by folders and files.
pub fn grant_descriptor(package: &Sid, rights: GrantRights) -> SecurityDescriptor {
    let flags = AceFlags::OBJECT_INHERIT | AceFlags::CONTAINER_INHERIT;
    let ace = Ace::allow(rights.mask(), package.clone()).with_flags(flags);
    SecurityDescriptor { dacl: Dacl::Present(Acl::new(vec![ace])), ..SecurityDescriptor::default() }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn only_entries_that_name_nothing_but_capabilities_of_others_are_passed_over() {
        let held = ["webcam".to_owned()];
        for (sddl, skipped) in [
            ("D:(A;;FRFW;;;{microphone})", true),
            ("D:(A;;FRFW;;;{microphone})(A;;FR;;;{gpu})", true),
            ("D:(A;;FRFW;;;{microphone})(A;;FR;;;{Webcam})", false),
            ("D:(A;;FRFW;;;{microphone})(A;;FR;;;AC)", false),
            ("D:(D;;FRFW;;;{microphone})", false),
            ("D:P(A;;FRFW;;;{microphone})", false),
            ("D:(A;;FR;;;{microphone})S:(ML;;NW;;;HI)", false),
            ("D:(A;;FR;;;{package})", false),
            ("O:BAD:(A;;FR;;;{microphone})", false),
        ] {
            assert_eq!(only_for_others(sddl, &held), skipped, "{sddl}");
        }
    }
}
