//! What a program is told of its container, as `wine-dll/answers.c` reads it: what it is about, how many bytes (16 bits each, the low byte
//! first), then the bytes.

use std::ffi::OsString;

use lowbox_msix::{Architecture, Identity};
use lowbox_security::AppContainer;

/// The package that a Windows program belongs to. A bare command has a container and no package.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct PackageIdentity {
    /// Who it is.
    pub identity: Identity,
    /// The id of the application that runs, if it is one of the package's.
    pub application: Option<String>,
    /// The folder of its files.
    pub folder: std::path::PathBuf,
}

/// The variable with the application user model id: several applications of a package may run in one container, which has one file of
/// answers, so it is in each one's environment.
const APPLICATION: &str = "LOWBOX_APPLICATION";

impl PackageIdentity {
    /// What the program's environment says of the application.
    pub(crate) fn variable(&self) -> Option<(&'static str, OsString)> {
        let id = self.application.as_deref()?;
        Some((APPLICATION, self.identity.aumid(id).into()))
    }
}

/// The numbers of `enum about` in `wine-dll/answers.h`.
#[derive(Clone, Copy)]
#[repr(u16)]
enum About {
    PackageSid = 1,
    CapabilitySid,
    LessPrivileged,
    FullName,
    FamilyName,
    PackageFolder,
    ContainerFolder,
    PackageVersion,
    Name,
    Publisher,
    ResourceId,
    PublisherId,
    Chooses,
}

/// The file's bytes: who the token says that it is, and what Windows calls its folders.
pub(crate) fn answers(
    container: &AppContainer,
    package: Option<&PackageIdentity>,
    package_folder: Option<&str>,
    container_folder: Option<&str>,
    chooses: bool,
) -> Vec<u8> {
    let mut file = File(Vec::new());
    file.put(About::PackageSid, &container.package.to_bytes());
    for capability in &container.capabilities {
        file.put(About::CapabilitySid, &capability.to_bytes());
    }
    if container.less_privileged {
        file.put(About::LessPrivileged, &[]);
    }
    file.text(About::ContainerFolder, container_folder);
    if chooses {
        file.put(About::Chooses, &[]);
    }
    let Some(PackageIdentity { identity, .. }) = package else { return file.0 };
    file.text(About::FullName, Some(&identity.full_name()));
    file.text(About::FamilyName, Some(&identity.family_name()));
    file.text(About::PackageFolder, package_folder);
    let [major, minor, build, revision] = identity.version().0.map(u64::from);
    let version = major << 48 | minor << 32 | build << 16 | revision;
    let number = [&number(identity.architecture()).to_le_bytes()[..], &version.to_le_bytes()].concat();
    file.put(About::PackageVersion, &number);
    file.text(About::Name, Some(identity.name()));
    file.text(About::Publisher, Some(identity.publisher().as_str()));
    file.text(About::ResourceId, identity.resource_id());
    file.text(About::PublisherId, Some(&identity.publisher().id()));
    file.0
}

/// `PROCESSOR_ARCHITECTURE_*` (winnt.h), as `PACKAGE_ID` has it.
fn number(architecture: Architecture) -> u32 {
    match architecture {
        Architecture::X86 => 0,
        Architecture::Arm => 5,
        Architecture::X64 => 9,
        Architecture::Neutral => 11,
        Architecture::Arm64 => 12,
        Architecture::X86a64 => 14,
    }
}

struct File(Vec<u8>);

impl File {
    fn put(&mut self, about: About, bytes: &[u8]) {
        // Nothing is as long: a publisher has 8192 characters at most, a path 4096 bytes.
        let Ok(length) = u16::try_from(bytes.len()) else { return };
        self.0.extend_from_slice(&(about as u16).to_le_bytes());
        self.0.extend_from_slice(&length.to_le_bytes());
        self.0.extend_from_slice(bytes);
    }

    fn text(&mut self, about: About, text: Option<&str>) {
        let Some(text) = text else { return };
        let units: Vec<u8> = text.encode_utf16().flat_map(u16::to_le_bytes).collect();
        self.put(about, &units);
    }
}
