//! Where a package or an `.appinstaller` is: a file, or an address.

use std::fmt;
use std::io::Read;
use std::path::{Path, PathBuf};

use lowbox_linux::fetch;
use lowbox_linux::host::open_regular;
use lowbox_linux::installed::Repository;
use lowbox_linux::package::PackageFile;

use crate::commands::open::file_of;
use crate::commands::package::failed;
use crate::failure::Failure;
use crate::file_kind::FileKind;

/// A place.
#[derive(Clone, Debug, PartialEq, Eq)]
pub enum Location {
    /// A file's path.
    File(PathBuf),
    /// An address, of http or https.
    Url(String),
}

impl fmt::Display for Location {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        match self {
            Location::File(path) => path.display().fmt(f),
            Location::Url(url) => url.fmt(f),
        }
    }
}

fn is_url(text: &str) -> bool {
    ["http://", "https://"]
        .iter()
        .any(|scheme| text.get(..scheme.len()).is_some_and(|start| start.eq_ignore_ascii_case(scheme)))
}

impl Location {
    /// What the user, or a record, names.
    pub fn named(path: &Path) -> Location {
        match path.to_str().filter(|text| is_url(text)) {
            Some(url) => Location::Url(url.to_owned()),
            None => Location::File(path.to_owned()),
        }
    }

    /// Refuses an address of another kind, which is no file either, and a file that is something else than a package.
    ///
    /// # Errors
    /// What can be named.
    pub fn check(&self) -> Result<(), Failure> {
        match self {
            Location::File(path) if !path.exists() && path.to_string_lossy().contains("://") => {
                Err(failed(path, &"it is no address of http or https, and no file"))
            }
            Location::File(path) if !self.is_app_installer() => {
                match FileKind::of(path).and_then(FileKind::in_place_of_package) {
                    Some(what) => Err(failed(path, &what)),
                    None => Ok(()),
                }
            }
            _ => Ok(()),
        }
    }

    /// What something at this place names: an address, or a path beside it.
    ///
    /// # Errors
    /// For an address of another kind, and one of a file where this is none.
    pub fn beside(&self, name: &str) -> Result<Location, Failure> {
        if is_url(name) {
            let is_secret =
                |url: &str| url.get(..6).is_some_and(|start| start.eq_ignore_ascii_case("https:"));
            // As for redirections: what came by a way that nobody on it can change does not lead to one where anybody can.
            return match self {
                Location::Url(url) if is_secret(url) && !is_secret(name) => Err(Failure::new(format!(
                    "{url}: it came by https, and names {name:?}, which anybody on the way can change; that is not followed"
                ))),
                _ => Ok(Location::Url(name.to_owned())),
            };
        }
        match self {
            Location::File(path) => {
                let named = file_of(name.as_ref())?
                    .ok_or_else(|| failed(path, &format!("{name:?} is no address of http or https")))?;
                Ok(Location::File(path.parent().unwrap_or(Path::new("")).join(named)))
            }
            // Who offers it somewhere else must not make this machine's files the package.
            Location::Url(url) if name.contains(':') || name.starts_with('/') || name.contains("..") => Err(
                Failure::new(format!("{url}: {name:?} is no address of http or https, nor a path beside it")),
            ),
            Location::Url(url) => {
                let end = url.split(['?', '#']).next().unwrap_or_default().rfind('/').unwrap_or(url.len());
                Ok(Location::Url(format!("{}/{name}", &url[..end])))
            }
        }
    }

    /// Something for messages.
    pub fn shown(&self) -> PathBuf {
        PathBuf::from(self.to_string())
    }

    /// Whether it is an `.appinstaller`, by its name.
    pub fn is_app_installer(&self) -> bool {
        let text = self.to_string();
        let path = match self {
            Location::File(_) => text.as_str(),
            Location::Url(_) => text.split(['?', '#']).next().unwrap_or_default(),
        };
        path.to_ascii_lowercase().ends_with(".appinstaller")
    }

    /// Reads something small.
    ///
    /// # Errors
    /// When it can't be had, or has more bytes than `limit`.
    pub fn read(&self, limit: usize) -> Result<Vec<u8>, Failure> {
        let wrong = |error: &dyn fmt::Display| failed(&self.shown(), error);
        match self {
            Location::Url(url) => fetch::get(url, limit as u64).map_err(|error| wrong(&error)),
            Location::File(path) => {
                let mut bytes = Vec::new();
                open_regular(path)
                    .and_then(|file| file.take(limit as u64 + 1).read_to_end(&mut bytes))
                    .map_err(|error| wrong(&error))?;
                if bytes.len() > limit {
                    return Err(wrong(&format!("it has more than {limit} bytes")));
                }
                Ok(bytes)
            }
        }
    }

    /// Opens a package there; one from elsewhere is fetched first.
    ///
    /// # Errors
    /// When it can't be had, or has more bytes than `limit`.
    pub fn open(&self, repository: &Repository, limit: u64) -> Result<PackageFile, Failure> {
        let wrong = |error: &dyn fmt::Display| failed(&self.shown(), error);
        match self {
            Location::File(path) => PackageFile::open(path).map_err(|error| wrong(&error)),
            Location::Url(url) => repository.download(url, limit).map_err(|error| wrong(&error)),
        }
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn what_is_beside_an_address_is_an_address_there_and_no_file_of_this_machine() {
        let url = Location::named("https://example.com/a/b.appinstaller?x=1/2".as_ref());
        assert!(url.is_app_installer());
        let beside = |name: &str| url.beside(name);
        assert_eq!(beside("c.msix").unwrap(), Location::Url("https://example.com/a/c.msix".to_owned()));
        assert_eq!(beside("HTTPS://x/c.msix").unwrap(), Location::Url("HTTPS://x/c.msix".to_owned()));
        for bad in [
            "http://example.com/c.msix",
            "HTTP://x/y",
            "file:///etc/passwd",
            "/etc/passwd",
            "../c.msix",
            "ftp://x/y",
        ] {
            assert!(beside(bad).is_err(), "{bad}");
        }
        let plain = Location::named("http://example.com/b.appinstaller".as_ref());
        assert!(plain.beside("http://x/c.msix").is_ok() && plain.beside("https://x/c.msix").is_ok());
        let file = Location::named("dir/b.AppInstaller".as_ref());
        assert!(file.is_app_installer());
        assert_eq!(file.beside("c.msix").unwrap(), Location::File("dir/c.msix".into()));
        assert_eq!(file.beside("file:///c%20d.msix").unwrap(), Location::File("/c d.msix".into()));
        assert!(file.beside("ftp://x/y").is_err());
    }
}
