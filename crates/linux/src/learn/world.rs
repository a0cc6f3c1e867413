//! What the accesses are judged against: the whole catalogue, and what the program was granted for this run.

use std::path::PathBuf;

use lowbox_policy::frontier::frontier;
use lowbox_policy::{GrantRights, Origin, PlanOptions};
use lowbox_profiler::attribute::World;

use crate::prepare::{Caller, PrepareError, Prepared, Request, catalogue_of_all_capabilities, protected};

/// The world of a launch.
///
/// # Errors
/// As [`catalogue_of_all_capabilities`].
pub fn world(caller: &Caller, request: &Request, prepared: &Prepared) -> Result<World, PrepareError> {
    let mut objects = catalogue_of_all_capabilities(caller, request)?;
    let named = prepared.objects.iter().filter(|object| !matches!(object.origin, Origin::Catalogue { .. }));
    objects.extend(named.cloned());
    Ok(World {
        objects,
        token: prepared.token.clone(),
        loopback_ports: request.loopback_ports.clone(),
        hosts: request.hosts.clone(),
        frontier: frontier(caller.user.home.as_deref(), &prepared.spec.working_directory),
        options: PlanOptions { protected: protected(caller), ..PlanOptions::default() },
    })
}

/// What the program is granted beside its capabilities: what the user named, and what the command brings with it.
pub fn granted(request: &Request, prepared: &Prepared) -> Vec<(PathBuf, GrantRights)> {
    let rights = |path: &PathBuf| {
        let named = request
            .grants
            .iter()
            .find(|grant| crate::host::canonical(&grant.path).is_ok_and(|canonical| canonical == *path));
        named.map(|grant| grant.rights)
    };
    let all = prepared.objects.iter().filter_map(|object| {
        Some(match object.origin {
            Origin::Grant => (object.path.clone(), rights(&object.path)?),
            Origin::Argument => (object.path.clone(), GrantRights::READ),
            Origin::Program => (object.path.clone(), GrantRights::READ_EXECUTE),
            _ => return None,
        })
    });
    all.collect()
}
