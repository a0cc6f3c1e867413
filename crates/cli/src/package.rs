//! Whose identity and capabilities a command is about: a manifest's, or those of a bare command.

use std::ffi::OsStr;
use std::fs;
use std::os::unix::ffi::OsStrExt;
use std::path::Path;

use lowbox_msix::{Identity, Manifest};

use crate::failure::Failure;
use crate::output;

/// The identity and the declared capabilities.
#[derive(Clone, Debug)]
pub struct Package {
    /// Name, publisher, version, architecture.
    pub identity: Identity,
    /// Names of declared capabilities, in the order of declaration.
    pub capabilities: Vec<String>,
}

impl Package {
    /// The package of `manifest` if there is one, else one made up from the command's name; `capabilities` come on top.
    pub fn of(
        manifest: Option<&Path>,
        name: Option<&str>,
        program: &OsStr,
        capabilities: &[String],
    ) -> Result<Package, Failure> {
        let mut package = match manifest {
            Some(path) => Package::from_manifest(path)?,
            None => Package::bare(name, program),
        };
        package.capabilities.extend(capabilities.iter().cloned());
        Ok(package)
    }

    /// Reads a manifest; its warnings go to standard error.
    pub fn from_manifest(path: &Path) -> Result<Package, Failure> {
        let shown = output::path(path);
        let bytes = read_bounded(path).map_err(|error| Failure::new(format!("{shown}: {error}")))?;
        let manifest = Manifest::parse(&bytes).map_err(|error| Failure::new(format!("{shown}: {error}")))?;
        for warning in &manifest.warnings {
            output::say(&format!("{shown}: {warning}"));
        }
        let capabilities = manifest.capabilities.iter().map(|capability| capability.name.clone()).collect();
        Ok(Package { identity: manifest.identity, capabilities })
    }

    /// A bare command has an identity too, so that its private data and its consents last.
    fn bare(name: Option<&str>, program: &OsStr) -> Package {
        let name = name.map(OsStr::new).or_else(|| Path::new(program).file_name()).unwrap_or(program);
        Package { identity: Identity::unpackaged(name.as_bytes()), capabilities: Vec::new() }
    }
}

fn read_bounded(path: &Path) -> std::io::Result<Vec<u8>> {
    use std::io::Read;
    let mut bytes = Vec::new();
    fs::File::open(path)?.take(lowbox_msix::manifest::MAX_BYTES as u64 + 1).read_to_end(&mut bytes)?;
    Ok(bytes)
}

