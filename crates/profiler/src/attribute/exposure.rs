//! What a capability opens, all of it, and how much of that was used.

use std::collections::HashMap;

use lowbox_policy::network::{ACCEPT, CONNECT, Class, NetworkPolicy};
use lowbox_policy::ruling::is_at_or_above;
use lowbox_policy::{Object as Securable, ObjectKind};
use lowbox_security::{AccessMask, GenericMapping, Sid, Token};

use super::World;
use crate::Raw;
use crate::record::Object;

/// Something that a capability opens.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Exposed {
    /// What.
    pub what: ExposedObject,
    /// With which rights.
    pub rights: AccessMask,
    /// How many different accesses were made of it.
    pub used: u64,
}

/// An object that a capability opens.
#[derive(Clone, Debug, PartialEq, Eq)]
pub enum ExposedObject {
    /// An entry of the object catalogue.
    Entry {
        /// Its path; may hold `*`.
        path: Raw,
        /// `tree`, `socket` or `device`.
        kind: &'static str,
        /// File and line.
        origin: String,
    },
    /// A class of network destinations.
    Network(Class),
}

/// What each of `sids` opens, with the accesses that used it.
pub fn exposure<'r>(
    world: &World,
    sids: &[Sid],
    used: impl Fn(usize) -> Vec<&'r Object>,
) -> Vec<Vec<Exposed>> {
    sids.iter()
        .enumerate()
        .map(|(number, sid)| {
            let accesses = used(number);
            let mut all = entries(world, sid, &accesses);
            all.extend(classes(world, sid, &accesses));
            all
        })
        .collect()
}

fn entries(world: &World, sid: &Sid, accesses: &[&Object]) -> Vec<Exposed> {
    // Folders are few where files are many.
    let mut by_place: HashMap<&std::path::Path, u64> = HashMap::new();
    for path in accesses.iter().filter_map(|object| object.path()) {
        *by_place.entry(path.as_path()).or_default() += 1;
    }
    let opened = |object: &Securable| {
        let aces = object.descriptor.dacl.aces().iter();
        aces.filter(|ace| ace.kind.is_allow() && ace.sid == *sid)
            .fold(AccessMask::NONE, |all, ace| all | GenericMapping::FILE.map(ace.mask))
    };
    world
        .objects
        .iter()
        .map(|object| (object, opened(object)))
        .filter(|(_, rights)| !rights.is_empty())
        .map(|(object, rights)| Exposed {
            what: ExposedObject::Entry {
                path: Raw::from(object.path.as_path()),
                kind: match object.kind {
                    ObjectKind::Tree => "tree",
                    ObjectKind::Socket => "socket",
                    ObjectKind::Device => "device",
                },
                origin: object.origin.to_string(),
            },
            rights,
            used: by_place
                .iter()
                .filter(|(path, _)| is_at_or_above(object, path))
                .map(|(_, count)| count)
                .sum(),
        })
        .collect()
}

fn classes(world: &World, sid: &Sid, accesses: &[&Object]) -> Vec<Exposed> {
    let with = |token: &Token| NetworkPolicy::new(token, Vec::new(), Vec::new());
    let mut token = world.token.clone();
    let Some(container) = token.app_container.as_mut() else { return Vec::new() };
    container.capabilities = Vec::new();
    let none = with(&token);
    if let Some(container) = token.app_container.as_mut() {
        container.capabilities = vec![sid.clone()];
    }
    let alone = with(&token);
    Class::ALL
        .into_iter()
        .filter_map(|class| {
            let mut rights = AccessMask::NONE;
            if alone.connects(class) && !none.connects(class) {
                rights |= CONNECT;
            }
            if alone.accepts(class) && !none.accepts(class) {
                rights |= ACCEPT;
            }
            let used = accesses.iter().filter(|object| object.class() == Some(class)).count() as u64;
            (!rights.is_empty()).then_some(Exposed { what: ExposedObject::Network(class), rights, used })
        })
        .collect()
}
