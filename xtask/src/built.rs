//! The lowbox of this checkout, built as people get it.

use std::io;
use std::path::{Path, PathBuf};
use std::process::Command;

/// The top of the checkout.
pub fn workspace() -> PathBuf {
    Path::new(env!("CARGO_MANIFEST_DIR")).parent().expect("xtask lies in the workspace").to_owned()
}

/// Builds the release and returns the path of `lowbox`. Cargo puts it beside this program, which has the same profile and
/// target.
///
/// # Errors
/// When it does not build.
pub fn lowbox() -> io::Result<PathBuf> {
    let built = Command::new("cargo")
        .args(["build", "--release", "--quiet", "--package", "lowbox"])
        .current_dir(workspace())
        .status()?;
    if !built.success() {
        return Err(io::Error::other("lowbox does not build"));
    }
    Ok(std::env::current_exe()?.with_file_name("lowbox"))
}
