//! What a Windows program is told of its container when it asks: an add-on of lowbox's own, where Wine has no answer or another one.
//!
//! The add-on is a small library, `lowbox.dll` (`wine-dll/`). In the template, copies of a few of Wine's libraries forward some of their
//! functions to it; everything else in them is Wine's. What it answers is written for each launch ([`answers()`]). It is
//! information and no boundary: who doesn't ask there is told what Wine says, and is confined all the same.

mod answers;
mod exports;
mod image;
#[cfg(test)]
mod tests;

use std::fs;
use std::io;
use std::path::Path;

use sha2::{Digest, Sha256};

pub use answers::PackageIdentity;
pub(crate) use answers::answers;
use exports::Exports;
use image::{Image, Refusal};

/// The library, if it could be built: that takes a compiler for Windows programs.
pub(crate) const LIBRARY: Option<&[u8]> = include!(concat!(env!("OUT_DIR"), "/told.rs"));
/// Its name, in Wine's folder of libraries too.
const NAME: &str = "lowbox";
/// What a function of Wine's own is called, where one of that name is answered by the add-on.
const WAS: &str = "lowbox_was_";
/// The file of answers, in Wine's folder of drives: `\??\lowbox`.
pub(crate) const ANSWERS: &str = "lowbox";

/// The libraries in which programs look for functions that are answered, and which these are. Windows has them in the same places; Wine's
/// other libraries (advapi32.dll, those of API sets) lead to these.
const ANSWERED: [(&str, &[&str]); 4] = [
    (
        "kernelbase",
        &[
            "CheckTokenCapability",
            "DeriveCapabilitySidsFromName",
            "GetAppContainerNamedObjectPath",
            "GetApplicationUserModelId",
            "GetCurrentApplicationUserModelId",
            "GetCurrentPackageFamilyName",
            "GetCurrentPackageFullName",
            "GetCurrentPackageId",
            "GetCurrentPackagePath",
            "GetPackageFamilyName",
            "GetPackageFullName",
            "GetPackageId",
            "GetTokenInformation",
        ],
    ),
    (
        "kernel32",
        &[
            "CheckTokenCapability",
            "DeriveCapabilitySidsFromName",
            "GetAppContainerNamedObjectPath",
            "GetApplicationUserModelId",
            "GetCurrentApplicationUserModelId",
            "GetPackageId",
        ],
    ),
    (
        "comdlg32",
        &[
            "DllGetClassObject",
            "GetOpenFileNameA",
            "GetOpenFileNameW",
            "GetSaveFileNameA",
            "GetSaveFileNameW",
        ],
    ),
    ("userenv", &["DeriveAppContainerSidFromAppContainerName", "GetAppContainerFolderPath"]),
];

/// Tells the add-on from those of other versions of lowbox.
pub(super) fn key() -> String {
    let mut hash = Sha256::new();
    hash.update(LIBRARY.unwrap_or_default());
    for (library, functions) in ANSWERED.iter().filter(|_| LIBRARY.is_some()) {
        hash.update(format!("{library}\0{}\0", functions.join("\0")));
    }
    hash.finalize().iter().take(4).map(|byte| format!("{byte:02x}")).collect()
}

/// What WINEDLLOVERRIDES says for it: that the changed libraries are taken, and not Wine's.
pub(super) fn overrides() -> String {
    format!("{}=n,b", ANSWERED.map(|(library, _)| library).join(","))
}

/// Why a program is not told.
pub(crate) const NOT_BUILT: &str = "this lowbox was built without a compiler for Windows programs";

/// Puts it into a prefix whose libraries are Wine's, copied or linked.
///
/// # Errors
/// Why it can't be; then all is as it was.
pub(super) fn put_into(
    system32: &Path,
    originals: &Path,
    own: &dyn Fn(&Path) -> io::Result<()>,
) -> Result<(), String> {
    let library = LIBRARY.ok_or(NOT_BUILT)?;
    let said = |path: &Path| {
        let path = path.display().to_string();
        move |error: io::Error| format!("{path}: {error}")
    };
    let mut files = vec![(format!("{NAME}.dll"), library.to_vec())];
    for (name, functions) in ANSWERED {
        let name = format!("{name}.dll");
        let original = originals.join(&name);
        let bytes = fs::read(&original).map_err(said(&original))?;
        let changed = changed(&bytes, functions);
        files.push((name, changed.map_err(|why| format!("{}: {why}", original.display()))?));
    }
    let put = files.into_iter().try_for_each(|(name, bytes)| {
        let path = system32.join(name);
        // A link to Wine's.
        let _ = fs::remove_file(&path);
        fs::write(&path, bytes).and_then(|()| own(&path)).map_err(said(&path))
    });
    if put.is_err() {
        let _ = take_out(system32, originals, own);
    }
    put
}

/// Takes it out again: Wine's own libraries are what is linked to.
pub(super) fn take_out(
    system32: &Path,
    originals: &Path,
    own: &dyn Fn(&Path) -> io::Result<()>,
) -> io::Result<()> {
    let one = |name: &str| {
        let path = system32.join(format!("{name}.dll"));
        match fs::remove_file(&path) {
            Err(error) if error.kind() != io::ErrorKind::NotFound => return Err(error),
            _ => {}
        }
        if name != NAME {
            std::os::unix::fs::symlink(originals.join(format!("{name}.dll")), &path)?;
            own(&path)?;
        }
        Ok(())
    };
    // What fails for one is tried for the others all the same.
    let all: Vec<_> = ANSWERED.iter().map(|(name, _)| *name).chain([NAME]).map(one).collect();
    all.into_iter().collect()
}

/// A library of Wine's that forwards these functions.
fn changed(bytes: &[u8], functions: &[&str]) -> Result<Vec<u8>, Refusal> {
    let image = Image::parse(bytes)?;
    let mut exports = Exports::read(&image)?;
    for function in functions {
        exports.forward(function, NAME, &format!("{WAS}{function}"))?;
    }
    image.with_exports(*b".lowbox\0", &exports.laid_out(image.next_address()?)?)
}
