//! Whom the user trusts to sign packages: certificates in a folder, a file for each, by their SHA-256. No grant opens it to a program
//! (`prepare`), and nobody else may write there.

use std::fs::{self, DirBuilder, Permissions};
use std::io::{self, Read, Write};
use std::os::unix::fs::{DirBuilderExt, MetadataExt, PermissionsExt};
use std::path::{Path, PathBuf};

use lowbox_msix::signature::{Described, Purpose, SignatureError, Trust};

use crate::host::{Folders, Shown, open_regular, replace_file};

/// Certificates that are kept.
const MOST: usize = 1000;
/// Bytes of a file.
const MAX_FILE: u64 = 64 << 10;
/// Digits that name a certificate for removal, at the least.
const MIN_PREFIX: usize = 4;

/// The user's trusted certificates.
#[derive(Clone, Debug)]
pub struct TrustStore {
    folder: PathBuf,
}

/// One of them.
#[derive(Clone, Debug)]
pub struct Kept {
    /// Which.
    pub certificate: Described,
    /// It is trusted for time stamps, and not for signing code.
    pub only_time: bool,
    path: PathBuf,
}

/// What is wrong with the store, or what was asked of it.
#[derive(Debug, thiserror::Error)]
pub enum TrustStoreError {
    /// The system's.
    #[error("{}: {source}", Shown(path))]
    Io {
        /// Where.
        path: PathBuf,
        /// Why.
        source: io::Error,
    },
    /// Somebody else could have written it.
    #[error("{}: others may write there, so it says nothing of whom you trust; make it yours alone (chmod go-w)", Shown(.0))]
    Foreign(PathBuf),
    /// A file that was not put there by lowbox.
    #[error("{}: {what}; move it away", Shown(path))]
    Strange {
        /// Which.
        path: PathBuf,
        /// What is wrong.
        what: &'static str,
    },
    /// The certificate is of no use.
    #[error("{0}; trusting it would come to nothing")]
    Useless(SignatureError),
    /// A file with something else than one certificate.
    #[error(
        "there are {0} certificates in it, and trust is given to one at a time: to the signer, or to the authority that vouches for it"
    )]
    Several(usize),
    /// The file is none.
    #[error("{0}")]
    NoCertificate(SignatureError),
    /// No certificate of that thumbprint.
    #[error("no trusted certificate's SHA-256 begins with {0:?}; lowbox cert list shows them")]
    Unknown(String),
    /// It could be several.
    #[error("the SHA-256 of {1} trusted certificates begins with {0:?}; write more of it")]
    Ambiguous(String, usize),
    /// Too little to say which.
    #[error("{0:?} names no certificate: write its SHA-256, or the first digits (four at least)")]
    Prefix(String),
    /// There are too many.
    #[error("more than 1000 certificates are trusted; remove some")]
    Full,
}

impl TrustStore {
    /// That of the user.
    #[must_use]
    pub fn of(folders: &Folders) -> TrustStore {
        TrustStore { folder: folders.config.join("trusted") }
    }

    /// All, in the order of their names.
    ///
    /// # Errors
    /// When one can't be read, or somebody else may write there.
    pub fn list(&self) -> Result<Vec<Kept>, TrustStoreError> {
        let io = |path: &Path| {
            let path = path.to_owned();
            move |source| TrustStoreError::Io { path, source }
        };
        match fs::metadata(&self.folder) {
            Err(error) if error.kind() == io::ErrorKind::NotFound => return Ok(Vec::new()),
            found => self.check_owner(&self.folder, &found.map_err(io(&self.folder))?)?,
        }
        let mut kept = Vec::new();
        for entry in fs::read_dir(&self.folder).map_err(io(&self.folder))? {
            let path = entry.map_err(io(&self.folder))?.path();
            let name = path.file_name().unwrap_or_default();
            // What replace_file leaves when the machine stops.
            if name.as_encoded_bytes().starts_with(b".") {
                continue;
            }
            if kept.len() >= MOST {
                return Err(TrustStoreError::Full);
            }
            kept.push(self.read(&path)?);
        }
        kept.sort_by(|one: &Kept, other: &Kept| {
            (&one.certificate.subject, &one.path).cmp(&(&other.certificate.subject, &other.path))
        });
        Ok(kept)
    }

    fn read(&self, path: &Path) -> Result<Kept, TrustStoreError> {
        let io = |source| TrustStoreError::Io { path: path.to_owned(), source };
        let strange = |what| TrustStoreError::Strange { path: path.to_owned(), what };
        let name = path.file_name().and_then(|name| name.to_str()).and_then(|name| name.strip_suffix(".pem"));
        let name = name.ok_or(strange("its name is none of a trusted certificate"))?;
        let (name, only_time) = name.strip_suffix(".time").map_or((name, false), |name| (name, true));
        let file = open_regular(path).map_err(io)?;
        self.check_owner(path, &file.metadata().map_err(io)?)?;
        let mut bytes = Vec::new();
        file.take(MAX_FILE + 1).read_to_end(&mut bytes).map_err(io)?;
        if bytes.len() as u64 > MAX_FILE {
            return Err(strange("it has more than 64 KiB"));
        }
        let certificate = one(&bytes).map_err(|_| strange("it is not one certificate in PEM"))?;
        if certificate.thumbprint != name {
            return Err(strange("its name is not the SHA-256 of the certificate in it"));
        }
        Ok(Kept { certificate, only_time, path: path.to_owned() })
    }

    fn check_owner(&self, path: &Path, found: &fs::Metadata) -> Result<(), TrustStoreError> {
        let own = rustix::process::geteuid().as_raw();
        if ![own, 0].contains(&found.uid()) || found.mode() & 0o022 != 0 {
            return Err(TrustStoreError::Foreign(path.to_owned()));
        }
        Ok(())
    }

    /// Trusts the certificate in some bytes: for signing code and time stamps, or for time stamps alone.
    ///
    /// # Errors
    /// When there is not exactly one, it may do neither, or the store can't be written.
    pub fn add(&self, bytes: &[u8], only_time: bool) -> Result<Kept, TrustStoreError> {
        let certificate = one(bytes)?;
        let purpose = if only_time { Purpose::Time } else { Purpose::Code };
        certificate.check_usable(purpose).map_err(TrustStoreError::Useless)?;
        let before = self.list()?;
        let same: Vec<&Kept> =
            before.iter().filter(|kept| kept.certificate.thumbprint == certificate.thumbprint).collect();
        if let Some(kept) = same.iter().find(|kept| !kept.only_time || only_time) {
            return Ok((*kept).clone());
        }
        if before.len() >= MOST {
            return Err(TrustStoreError::Full);
        }
        let suffix = if only_time { ".time.pem" } else { ".pem" };
        let path = self.folder.join(format!("{}{suffix}", certificate.thumbprint));
        let io = |source| TrustStoreError::Io { path: path.clone(), source };
        let text = certificate.to_pem().map_err(TrustStoreError::NoCertificate)?;
        DirBuilder::new().recursive(true).mode(0o700).create(&self.folder).map_err(io)?;
        replace_file(&path, |file| {
            file.set_permissions(Permissions::from_mode(0o600))?;
            file.write_all(text.as_bytes())
        })
        .map_err(io)?;
        for kept in same {
            remove(kept)?;
        }
        Ok(Kept { certificate, only_time, path })
    }

    /// Trusts the certificate no longer whose SHA-256 begins so.
    ///
    /// # Errors
    /// When that is none, or several.
    pub fn remove(&self, prefix: &str) -> Result<Kept, TrustStoreError> {
        let wanted: String = prefix.chars().filter(|&c| c != ':').collect::<String>().to_ascii_lowercase();
        if wanted.len() < MIN_PREFIX || !wanted.bytes().all(|byte| byte.is_ascii_hexdigit()) {
            return Err(TrustStoreError::Prefix(prefix.to_owned()));
        }
        let mut found = self.list()?;
        found.retain(|kept| kept.certificate.thumbprint.starts_with(&wanted));
        match found.as_slice() {
            [] => Err(TrustStoreError::Unknown(prefix.to_owned())),
            [kept] => {
                remove(kept)?;
                Ok(kept.clone())
            }
            several => Err(TrustStoreError::Ambiguous(prefix.to_owned(), several.len())),
        }
    }

    /// Those who are trusted.
    ///
    /// # Errors
    /// As [`TrustStore::list`].
    pub fn trust(&self) -> Result<Trust, TrustStoreError> {
        let mut trust = Trust::nobody();
        for kept in self.list()? {
            trust.add_described(&kept.certificate, kept.only_time);
        }
        Ok(trust)
    }
}

fn one(bytes: &[u8]) -> Result<Described, TrustStoreError> {
    let mut found = Described::read(bytes).map_err(TrustStoreError::NoCertificate)?;
    match (found.len(), found.pop()) {
        (1, Some(certificate)) => Ok(certificate),
        (several, _) => Err(TrustStoreError::Several(several)),
    }
}

fn remove(kept: &Kept) -> Result<(), TrustStoreError> {
    fs::remove_file(&kept.path).map_err(|source| TrustStoreError::Io { path: kept.path.clone(), source })
}
