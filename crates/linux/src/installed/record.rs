//! What lowbox remembers of an installed version beside the package's own manifest.

use std::fs::{self, File};
use std::io::{self, Read, Write};
use std::path::Path;

use lowbox_msix::{Identity, IdentityError, Manifest, Publisher};
use serde::{Deserialize, Serialize};

use crate::host::open_regular;

/// The file in a version's folder.
pub(super) const FILE: &str = "record.json";
/// Records have some hundreds of bytes.
const MAX_BYTES: u64 = 1 << 20;

/// What marks the publisher of a package for whom nobody vouches, as in Windows' rules for unsigned packages.
pub const VOUCHED_FOR_BY_NOBODY: &str = "OID.2.25.311729368913984317654407730594956997722=1";

/// The record of a version.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize)]
#[serde(deny_unknown_fields)]
pub struct Record {
    /// The package full name that it is installed as.
    pub full_name: String,
    /// The publisher that it is installed as: the manifest's, marked where nobody vouches for it.
    pub publisher: String,
    /// The signer's subject; `None` if it is not signed.
    pub signed_by: Option<String>,
    /// The signature is one of somebody who is trusted.
    pub trusted: bool,
    /// The digest of the block map, in hexadecimal digits: two packages of one name with the same one have the same files.
    pub block_map: String,
    /// When it was installed, in seconds since 1970.
    pub installed: u64,
    /// The `.appinstaller` by which it was installed, where updates are found: a path or an address.
    pub app_installer: Option<String>,
}

impl Record {
    /// Reads the one in a version's folder.
    pub(super) fn read(version: &Path) -> io::Result<Record> {
        let mut bytes = Vec::new();
        open_regular(&version.join(FILE))?.take(MAX_BYTES).read_to_end(&mut bytes)?;
        serde_json::from_slice(&bytes).map_err(io::Error::other)
    }

    pub(super) fn write(&self, version: &Path) -> io::Result<()> {
        let bytes = serde_json::to_vec_pretty(self).map_err(io::Error::other)?;
        File::create_new(version.join(FILE))?.write_all(&bytes)
    }

    /// Takes the place of the one that is there, at once.
    pub(super) fn replace(&self, version: &Path) -> io::Result<()> {
        let bytes = serde_json::to_vec_pretty(self).map_err(io::Error::other)?;
        let new = version.join(format!(".{FILE}"));
        // The caller holds the lock: if it is there, a lowbox was killed that wrote it.
        let mut file = File::create(&new)?;
        file.write_all(&bytes)?;
        file.sync_all()?;
        fs::rename(&new, version.join(FILE))
    }
}

/// Who a package is when it is installed: who its manifest says, if somebody who is trusted has signed it. Else anybody could have written that
/// name into it, and would get the private data of the one whose name it is; so its publisher, and with it the family name, is another one.
///
/// # Errors
/// When the publisher's name has no room for the mark.
pub(super) fn identity(manifest: &Manifest, vouched: bool) -> Result<Identity, IdentityError> {
    let said = &manifest.identity;
    let publisher = said.publisher().as_str();
    if vouched || publisher.contains(VOUCHED_FOR_BY_NOBODY) {
        return Ok(said.clone());
    }
    let publisher = Publisher::new(&format!("{publisher}, {VOUCHED_FOR_BY_NOBODY}"))?;
    Identity::new(said.name(), publisher, said.version(), said.architecture(), said.resource_id())
}

/// The same, of a record.
pub(super) fn identity_of(manifest: &Manifest, record: &Record) -> Result<Identity, IdentityError> {
    let said = &manifest.identity;
    let publisher = Publisher::new(&record.publisher)?;
    Identity::new(said.name(), publisher, said.version(), said.architecture(), said.resource_id())
}
