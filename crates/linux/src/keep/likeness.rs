//! What of a launch is the container's. A program joins a container only if this is equal, byte for byte.

use std::io;
use std::path::{Path, PathBuf};

use lowbox_policy::Plan;
use serde::{Deserialize, Serialize};

use super::surroundings::{habits, other_limit};
use crate::host::{Folders, Shown, canonical};
use crate::launch::Spec;
use crate::launch::starter::Start;
use crate::prepare::{Decided, Prepared, Request};

/// Above the largest plan that there is.
pub(super) const MOST: u64 = 64 << 20;

/// Everything that a container is made of.
#[derive(Debug, Serialize, Deserialize)]
struct Likeness {
    /// Without what is the program's.
    spec: Spec,
    token: String,
    networks: String,
    /// Entries of the consent store: who takes one back ends the container, so it has to know all.
    consents: (Vec<i64>, Vec<String>),
    /// What the kernel tells of nobody else ([`habits`]).
    habits: Vec<String>,
}

/// Parts what was prepared into the container, serialized, and the program.
///
/// # Errors
/// Without /proc.
pub(super) fn part(
    prepared: &mut Prepared,
    request: &Request,
    decided: &Decided,
) -> io::Result<(Vec<u8>, Start)> {
    let spec = &mut prepared.spec;
    let start = Start {
        arguments: std::mem::take(&mut spec.arguments),
        environment: std::mem::take(&mut spec.environment),
        working_directory: spec.working_directory.clone(),
        controlling: None,
    };
    let token = format!("{:?}", prepared.token);
    let networks = format!("{:?} {:?}", request.loopback_ports, request.hosts);
    let files = prepared.consented.iter().map(|(consent, _)| consent.id).collect();
    let consents = (files, decided.allowed.clone());
    let likeness = Likeness { spec: spec.clone(), token, networks, consents, habits: habits()? };
    Ok((postcard::to_allocvec(&likeness).map_err(io::Error::other)?, start))
}

/// Every place of the host's that a container has something of, or whose files become something of it.
pub(super) fn places(spec: &Spec, folders: &Folders) -> Vec<PathBuf> {
    let mut places: Vec<PathBuf> = spec.plan.binds.iter().map(|bind| bind.path.clone()).collect();
    // Wine's files and the packages' folders.
    places.extend([Some(folders.data.clone()), canonical(&folders.data).ok()].into_iter().flatten());
    places.extend(spec.data.iter().flat_map(|data| [data.local_state.clone(), data.temp_state.clone()]));
    places
}

/// What `theirs` has and `ours` has not, or the other way round, in words that follow on "it".
pub(super) fn difference(ours: &[u8], theirs: &[u8]) -> String {
    let read = |bytes| postcard::from_bytes::<Likeness>(bytes).ok();
    let (Some(ours), Some(theirs)) = (read(ours), read(theirs)) else {
        return "was made by another version of lowbox".to_owned();
    };
    if let Some(difference) = other_limit(&ours.habits, &theirs.habits) {
        return difference;
    }
    if ours.token != theirs.token {
        return "has other capabilities".to_owned();
    }
    if ours.networks != theirs.networks {
        return "may reach other hosts".to_owned();
    }
    if ours.consents != theirs.consents {
        return "has other things by your consent".to_owned();
    }
    if let Some(difference) = between_plans(&ours.spec.plan, &theirs.spec.plan) {
        return difference;
    }
    if ours.spec.working_directory != theirs.spec.working_directory {
        return format!("starts in {}", Shown(&ours.spec.working_directory));
    }
    "was prepared otherwise (other drives, files of its package, or variables)".to_owned()
}

fn between_plans(ours: &Plan, theirs: &Plan) -> Option<String> {
    // Sorted by path.
    let other = |path: &Path, one: &Plan| {
        let at = one.binds.binary_search_by(|bind| bind.path.as_path().cmp(path)).ok()?;
        one.binds.get(at).cloned()
    };
    for bind in &ours.binds {
        match other(&bind.path, theirs) {
            None => return Some(format!("has {}", Shown(&bind.path))),
            Some(same) if same.id != bind.id => {
                return Some(format!("has what was at {} before", Shown(&bind.path)));
            }
            Some(same) if same != *bind => {
                return Some(format!("has {} with other rights", Shown(&bind.path)));
            }
            Some(_) => {}
        }
    }
    let more = theirs.binds.iter().find(|bind| other(&bind.path, ours).is_none());
    let more = more.map(|bind| format!("has not {}", Shown(&bind.path)));
    more.or_else(|| (ours != theirs).then(|| "has other files".to_owned()))
}
