//! The lowbox of this checkout, built as people get it.

use std::io;
use std::path::{Path, PathBuf};
use std::process::Command;

/// The top of the checkout.
pub fn workspace() -> PathBuf {
    Path::new(env!("CARGO_MANIFEST_DIR")).parent().expect("xtask lies in the workspace").to_owned()
}

/// Builds the release and returns the path of `lowbox`. This program has the same target: TARGET/PROFILE/xtask.
///
/// # Errors
/// When it does not build.
pub fn lowbox() -> io::Result<PathBuf> {
    build(&["--package", "lowbox"], "lowbox")
}

/// The same of the program that makes records up (crates/profiler/examples/simulate.rs).
///
/// # Errors
/// When it does not build.
pub fn simulate() -> io::Result<PathBuf> {
    build(&["--package", "lowbox-profiler", "--example", "simulate"], "examples/simulate")
}

fn build(what: &[&str], file: &str) -> io::Result<PathBuf> {
    let built = Command::new("cargo")
        .args(["build", "--release", "--quiet"])
        .args(what)
        .current_dir(workspace())
        .status()?;
    if !built.success() {
        return Err(io::Error::other(format!("{file} does not build")));
    }
    let own = std::env::current_exe()?;
    let target = own.parent().and_then(Path::parent).ok_or_else(|| io::Error::other("not run by cargo"))?;
    Ok(target.join("release").join(file))
}
