//! The program: where it is, what has to be visible for it to run, and under which path.

use std::path::{Path, PathBuf};

use lowbox_policy::{Plan, program_grants};

use super::{Caller, PrepareError, Request};
use crate::host::{EnvironmentRequest, RealTree, canonical, find_program, read_small_file};

/// A program that was found.
#[derive(Clone, Debug, PartialEq, Eq)]
pub(super) struct Found {
    /// As it was found in PATH or named: links and all, because programs look at the name they are called by.
    pub(super) called: PathBuf,
    /// The file itself.
    pub(super) real: PathBuf,
    /// What to grant for reading and executing: the file, and its interpreter's prefix.
    pub(super) grants: Vec<PathBuf>,
}

/// Folders whose programs the catalogue shows anyway.
const SHOWN: [&str; 5] = ["/usr", "/bin", "/sbin", "/lib", "/lib64"];

pub(super) fn find(
    caller: &Caller,
    request: &Request,
    working_directory: &Path,
) -> Result<Found, PrepareError> {
    let path = caller.variable("PATH");
    let called = find_program(Path::new(&request.program), path.as_deref(), working_directory)?;
    let real = canonical(&called).unwrap_or_else(|_| called.clone());
    let shown = |path: &Path| SHOWN.iter().any(|shown| path.starts_with(shown));
    if shown(&called) && shown(&real) {
        return Ok(Found { called, real, grants: Vec::new() });
    }
    let mut grants = program_grants(&called, &RealTree, &read_small_file, &|name| caller.variable(name));
    if !shown(&real) && !grants.iter().any(|grant| real.starts_with(grant)) {
        grants.push(real.clone());
    }
    Ok(Found { called, real, grants })
}

/// Variables without which a tool does not find the folders that it was granted: HOME is private inside.
pub(super) fn environment(caller: &Caller, found: &Found) -> Vec<EnvironmentRequest> {
    let rustup = caller.variable("RUSTUP_HOME").map(PathBuf::from);
    let rustup = rustup.or_else(|| caller.user.home.as_ref().map(|home| home.join(".rustup")));
    rustup
        .filter(|folder| found.grants.contains(folder))
        .map(|folder| EnvironmentRequest { name: "RUSTUP_HOME".into(), value: Some(folder.into()) })
        .into_iter()
        .collect()
}

impl Found {
    /// The path to execute: as called where the container sees that, else the file itself.
    pub(super) fn visible_in(&self, plan: &Plan) -> PathBuf {
        let shown = plan.binds.iter().any(|bind| self.called.starts_with(&bind.path))
            || plan.links.iter().any(|(link, _)| self.called.starts_with(link));
        if shown { self.called.clone() } else { self.real.clone() }
    }
}
