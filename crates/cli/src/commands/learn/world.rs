//! What the accesses of one package are judged against: this machine's catalogue, and what the program was granted.

use std::ffi::OsString;
use std::os::unix::ffi::OsStringExt;
use std::path::Path;

use lowbox_linux::prepare::{Caller, PrepareError, Request, catalogue_of_all_capabilities, protected, token};
use lowbox_policy::frontier::frontier;
use lowbox_policy::{GrantRights, Object, Origin, PlanOptions, grant_descriptor};
use lowbox_profiler::attribute::World;
use lowbox_profiler::record::Records;

use crate::arguments::grant;
use crate::failure::Failure;
use crate::output;

/// The world of a package. `declared` are its manifest's capabilities; without a manifest those that its runs had.
///
/// # Errors
/// When a capability is refused or the catalogue can't be read.
pub fn world(
    caller: &Caller,
    package: &str,
    records: &Records,
    declared: Option<&[String]>,
) -> Result<World, Failure> {
    let failed = |error: PrepareError| Failure::new(&error);
    let mut request = Request {
        family_name: package.to_owned(),
        publisher_id: package.rsplit_once('_').map_or("", |(_, id)| id).to_owned(),
        less_privileged: records.runs.iter().any(|run| run.less_privileged),
        ..Request::default()
    };
    request.capabilities = match declared {
        Some(declared) => declared.to_vec(),
        None => had(records),
    };
    let (token, notices) = token(caller, &request).map_err(failed)?;
    for notice in notices {
        output::say(&notice.to_string());
    }
    let mut objects = catalogue_of_all_capabilities(caller, &request).map_err(failed)?;
    let own = |path: &Path, rights, origin| {
        let package = &token.app_container.as_ref().expect("a program's token has a package").package;
        Object::new(path, grant_descriptor(package, rights), origin)
    };
    let private = caller.folders.data.join("packages").join(&request.family_name).join("LocalState");
    objects.push(own(&private, GrantRights::ALL, Origin::PrivateData));
    for text in records.runs.iter().flat_map(|run| &run.grants) {
        // Records may hold anything; what is no grant grants nothing.
        if let Ok(grant) = grant(OsString::from_vec(text.as_bytes().to_vec())) {
            objects.push(own(&grant.path, grant.rights, Origin::Grant));
        }
    }
    Ok(World {
        objects,
        token,
        loopback_ports: Vec::new(),
        hosts: Vec::new(),
        // Where the program was started is not recorded; it is mostly in the home folder.
        frontier: frontier(caller.user.home.as_deref(), Path::new("/")),
        options: PlanOptions { protected: protected(caller), ..PlanOptions::default() },
    })
}

/// The capabilities that the runs had, in canonical spelling.
fn had(records: &Records) -> Vec<String> {
    let mut all: Vec<String> = Vec::new();
    for name in records.runs.iter().flat_map(|run| &run.capabilities) {
        match crate::package::capability_name(name) {
            Ok(name) if !all.contains(&name) => all.push(name),
            _ => {}
        }
    }
    all
}
