//! The objects: each class of destinations has a security descriptor, read from `destinations.txt`.

use lowbox_security::{AccessMask, Ace, Acl, Dacl, GenericMapping, SecurityDescriptor, Sid, Token};

use super::Class;
use crate::objects::{ObjectsProblem, parse_descriptor};

/// The right to connect to a destination, and to send to it.
pub const CONNECT: AccessMask = AccessMask(0x1);
/// The right to be connected to from a destination.
pub const ACCEPT: AccessMask = AccessMask(0x2);

/// What generic rights mean on a destination.
pub const NETWORK_MAPPING: GenericMapping = GenericMapping {
    read: AccessMask::NONE,
    write: CONNECT,
    execute: AccessMask::NONE,
    all: AccessMask(0x3),
};

const TEXT: &str = include_str!("../../data/destinations.txt");

/// The descriptor of every class, in the order of [`Class::ALL`].
pub(super) fn descriptors(token: &Token) -> Vec<SecurityDescriptor> {
    Class::ALL.iter().map(|class| descriptor(*class, token)).collect()
}

fn descriptor(class: Class, token: &Token) -> SecurityDescriptor {
    let line = TEXT.lines().find_map(|line| {
        let (name, rest) = line.split_once(char::is_whitespace)?;
        (name == class.name()).then_some(rest)
    });
    let sddl = line.and_then(|rest| rest.split_whitespace().next());
    let parsed: Option<Result<SecurityDescriptor, ObjectsProblem>> =
        sddl.map(|sddl| parse_descriptor(sddl, token));
    // A class without a readable line is one that nobody gets; a test finds it.
    parsed.and_then(Result::ok).unwrap_or_else(|| granted_to(None))
}

/// A descriptor that lets `package` connect, or nobody.
pub(super) fn granted_to(package: Option<&Sid>) -> SecurityDescriptor {
    let aces = package.map(|package| Ace::allow(CONNECT, package.clone()));
    SecurityDescriptor {
        dacl: Dacl::Present(Acl::new(aces.into_iter().collect())),
        ..SecurityDescriptor::default()
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use lowbox_security::{AppContainer, Integrity};

    #[test]
    fn every_class_has_a_line_that_can_be_read_and_every_line_a_class() {
        let token = Token {
            user: "S-1-5-21-1-2-3-1000".parse().unwrap(),
            groups: Vec::new(),
            app_container: Some(AppContainer {
                package: "S-1-15-2-1-2-3-4-5-6-7".parse().unwrap(),
                capabilities: Vec::new(),
                less_privileged: false,
            }),
            integrity: Integrity::Low,
            privileges: Vec::new(),
        };
        let lines: Vec<&str> =
            TEXT.lines().filter(|line| !line.is_empty() && !line.starts_with('#')).collect();
        assert_eq!(lines.len(), Class::ALL.len());
        for line in lines {
            let mut words = line.split_whitespace();
            let name = words.next().unwrap();
            assert!(Class::ALL.iter().any(|class| class.name() == name), "{name}");
            parse_descriptor(words.next().unwrap(), &token).unwrap();
        }
    }
}
