//! The program: where it is, what has to be visible for it to run, and under which path.

use std::os::unix::ffi::OsStrExt;
use std::path::{Path, PathBuf};

use lowbox_policy::{HostTree, NodeKind, Plan, program_grants};

use super::{Caller, PrepareError, Request};
use crate::host::{EnvironmentRequest, Named, RealTree, canonical, find_program, name, read_small_file};

/// A program that was found.
#[derive(Clone, Debug, PartialEq, Eq)]
pub(super) struct Found {
    /// As it was found in PATH or named, in a folder without links: programs look at the name they are called by.
    pub(super) called: PathBuf,
    /// The file itself.
    pub(super) real: PathBuf,
    /// What to grant for reading and executing: the file, and its interpreter's prefix. Each is pinned.
    pub(super) grants: Vec<Named>,
    /// Folders that the program's own files lead to, which the user should know of.
    pub(super) led_to: Vec<PathBuf>,
}

/// Folders whose programs the catalogue shows anyway.
const SHOWN: [&str; 5] = ["/usr", "/bin", "/sbin", "/lib", "/lib64"];

/// Finds the program, and what it needs beside it.
///
/// A program that is named by its path may lie in a folder that somebody else filled. Then its folder must be reached without
/// symbolic links, and where its own files lead (a link, `home` in pyvenv.cfg) only code is granted, and it is said. One
/// that is found in PATH was put there by the user.
pub(super) fn find(
    caller: &Caller,
    request: &Request,
    working_directory: &Path,
) -> Result<Found, PrepareError> {
    let path = caller.variable("PATH");
    let named_by_path = request.program.as_bytes().contains(&b'/');
    let called = find_program(Path::new(&request.program), path.as_deref(), working_directory)?;
    let shown = |path: &Path| SHOWN.iter().any(|shown| path.starts_with(shown));
    let real = canonical(&called).unwrap_or_else(|_| called.clone());
    let wine = request.wine.as_ref().and_then(|run| run.wine.folder.clone());
    if shown(&called) && shown(&real) {
        return Ok(Found { called, real, grants: wine.into_iter().collect(), led_to: Vec::new() });
    }
    let (folder, file) = (called.parent().unwrap_or(Path::new("/")), called.file_name().unwrap_or_default());
    let folder =
        if named_by_path { name(folder)?.path } else { canonical(folder).unwrap_or(folder.to_owned()) };
    let called = folder.join(file);
    let folders = program_grants(&called, &RealTree, &read_small_file, &|name| caller.variable(name));
    let own = |folder: &Path| {
        called.starts_with(folder)
            || (!named_by_path && real.starts_with(folder))
            || rustup_home(caller).is_some_and(|home| home == folder)
    };
    let mut grants = Vec::new();
    let mut led_to = Vec::new();
    for folder in folders {
        if folder == real || own(&folder) {
            // Whoever replaced it by a link meanwhile gets nothing; whatever else is there now fails at the launch.
            grants.extend(name(&folder));
        } else {
            grants.extend(CODE.iter().filter_map(|part| name(&folder.join(part)).ok()));
            led_to.push(folder);
        }
    }
    if !shown(&real) && !grants.iter().any(|grant| real.starts_with(&grant.path)) {
        grants.extend(name(&real));
    }
    if request.wine.is_some() {
        grants.extend(libraries_beside(&real));
        grants.extend(wine);
    }
    let led_to = if named_by_path { led_to } else { Vec::new() };
    Ok(Found { called, real, grants, led_to })
}

/// The libraries of a Windows program: those that lie beside it, which is where Windows looks first. Code, and none of what else is there.
fn libraries_beside(program: &Path) -> Vec<Named> {
    let Some(folder) = program.parent() else { return Vec::new() };
    let mut libraries = Vec::new();
    // In a folder with too many things to look at they have to be granted.
    let _ = RealTree.each_child(folder, &mut |file, kind| {
        let is_library = Path::new(file).extension().is_some_and(|end| end.eq_ignore_ascii_case("dll"));
        if kind == NodeKind::File && is_library && libraries.len() < MAX_LIBRARIES {
            libraries.extend(name(&folder.join(file)));
        }
    });
    libraries
}

/// Each is a mount.
const MAX_LIBRARIES: usize = 256;

/// What of an interpreter's prefix is code.
const CODE: [&str; 5] = ["bin", "lib", "lib64", "libexec", "pyvenv.cfg"];

fn rustup_home(caller: &Caller) -> Option<PathBuf> {
    let given = caller.variable("RUSTUP_HOME").map(PathBuf::from);
    given
        .or_else(|| caller.user.home.as_ref().map(|home| home.join(".rustup")))
        .and_then(|home| canonical(&home).ok())
}

/// Variables without which a tool does not find the folders that it was granted: HOME is private inside.
pub(super) fn environment(caller: &Caller, found: &Found) -> Vec<EnvironmentRequest> {
    if found.grants.is_empty() {
        return Vec::new();
    }
    rustup_home(caller)
        .filter(|folder| found.grants.iter().any(|grant| grant.path == *folder))
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
