//! Whether a package is for this machine, and whether it may be installed unasked.

use lowbox_linux::package::machine;
use lowbox_msix::manifest::TargetDeviceFamily;
use lowbox_msix::{Isolation, Manifest};

/// Whether a package is for systems and processors like those here.
///
/// # Errors
/// What it is for.
pub fn check_fits(manifest: &Manifest) -> Result<(), String> {
    if manifest.windows_8.is_some() {
        return Err("it is for Windows 8; such packages are shown, verified and unpacked, and not installed"
            .to_owned());
    }
    let ours = |family: &TargetDeviceFamily| {
        let name = family.name.to_ascii_lowercase();
        ["linux.all", "platform.all"].contains(&name.as_str()) || name.starts_with("windows.")
    };
    if !manifest.target_device_families.iter().any(ours) {
        let names: Vec<&str> = manifest.target_device_families.iter().map(|one| one.name.as_str()).collect();
        return Err(format!(
            "it is for {}; lowbox installs packages for Linux.All, Platform.All and Windows",
            names.join(", ")
        ));
    }
    let architecture = manifest.identity.architecture();
    if machine().architectures.contains(&architecture) {
        Ok(())
    } else {
        Err(format!(
            "it is for {architecture} processors, and this machine has others; look for a package for it"
        ))
    }
}

/// Programs with full trust are not installed unasked.
///
/// # Errors
/// Which one it is, and what can be done.
pub fn check_trust_level(manifest: &Manifest, allowed: bool) -> Result<(), String> {
    let full = manifest.applications.iter().find(|one| one.isolation == Isolation::FullTrust);
    match full.filter(|_| !allowed) {
        None => Ok(()),
        Some(application) => Err(format!(
            "its application {} is declared to run with full trust, that is, with all your rights. lowbox isolate makes an isolated package of it; \
             --full-trust installs it as it is",
            application.id
        )),
    }
}
