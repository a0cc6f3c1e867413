//! Opening a bundle: its manifest, its container and the manifests of its members have to agree.

use std::collections::HashSet;

use super::error::BundleError;
use super::manifest::{self, BundleManifest, BundledPackage, Kind, Place};
use super::member::Slice;
use flate2::Crc;

use crate::Identity;
use crate::container::{Method, Part, Source};
use crate::content_types::{BUNDLE_MANIFEST_TYPE, PACKAGE_TYPE};
use crate::package::{Contents, Package, PackageError};
use crate::part_name::{BLOCK_MAP, BUNDLE_MANIFEST, CONTENT_TYPES, MANIFEST};

/// What block maps and the like of all members have together. Block maps of 40 GiB have some 60 MiB, and each is read before anybody is trusted.
const MAX_DESCRIBED: u64 = 64 << 20;

/// A bundle that was opened.
#[derive(Debug)]
pub struct Bundle {
    contents: Contents,
    manifest: BundleManifest,
    manifest_bytes: Vec<u8>,
}

impl Bundle {
    /// Opens it, and each of its members, one after the other. Signatures and files' data are not looked at, but for the manifests'.
    ///
    /// # Errors
    /// When it is no bundle, or not as bundles have to be.
    pub fn open<S: Source + ?Sized>(source: &S) -> Result<Bundle, BundleError> {
        let contents = Contents::of_bundle(source)?.ok_or(BundleError::IsPackage)?;
        contents.check_type(BUNDLE_MANIFEST, BUNDLE_MANIFEST_TYPE)?;
        let manifest_bytes = contents.small_file(source, BUNDLE_MANIFEST, manifest::MAX_BYTES as u64)?;
        let manifest = BundleManifest::parse(&manifest_bytes).map_err(BundleError::Manifest)?;
        check_identities(&manifest)?;
        let bundle = Bundle { contents, manifest, manifest_bytes };
        bundle.check_parts()?;
        let mut read = 0;
        for package in &bundle.manifest.packages {
            let Some((_, member)) = bundle.member(source, package)? else { continue };
            read += described(&member);
            if read > MAX_DESCRIBED {
                return Err(BundleError::TooMuch);
            }
        }
        Ok(bundle)
    }

    /// Its parts.
    #[must_use]
    pub fn contents(&self) -> &Contents {
        &self.contents
    }

    /// Its manifest.
    #[must_use]
    pub fn manifest(&self) -> &BundleManifest {
        &self.manifest
    }

    /// The manifest as it is written.
    #[must_use]
    pub fn manifest_bytes(&self) -> &[u8] {
        &self.manifest_bytes
    }

    /// Whether members lie beside it, and not in it.
    #[must_use]
    pub fn is_flat(&self) -> bool {
        self.manifest.packages.iter().any(|one| matches!(one.place, Place::Beside { .. }))
    }

    /// Opens a member that lies in it; `None` for one that lies beside it.
    ///
    /// # Errors
    /// When it is refused, or not the package that the manifest says.
    pub fn member<'a, S: Source + ?Sized>(
        &self,
        source: &'a S,
        package: &BundledPackage,
    ) -> Result<Option<(Slice<'a, S>, Package)>, BundleError> {
        let Place::Inside { offset, size } = package.place else { return Ok(None) };
        let slice = Slice::new(source, offset, size);
        let opened = self.check_member(&slice, package)?;
        Ok(Some((slice, opened)))
    }

    /// Opens a member, wherever it lies, and compares it with what the manifest says of it.
    ///
    /// # Errors
    /// When it is refused, or not the package that the manifest says.
    pub fn check_member<S: Source + ?Sized>(
        &self,
        source: &S,
        package: &BundledPackage,
    ) -> Result<Package, BundleError> {
        let name = || package.file.to_string();
        if let Place::Beside { size: Some(size) } = package.place
            && size != source.size()
        {
            let (said, is) = (size.to_string(), source.size().to_string());
            return Err(BundleError::Differs { name: name(), what: "size", said, is });
        }
        let opened = Package::open(source)
            .map_err(|error| BundleError::Package { name: name(), error: Box::new(error) })?;
        self.compare(package, &opened)?;
        if self.contents.is_signed() && !opened.contents().is_signed() {
            return Err(BundleError::Unsigned(name()));
        }
        Ok(opened)
    }

    fn compare(&self, package: &BundledPackage, opened: &Package) -> Result<(), BundleError> {
        let (bundle, own) = (&self.manifest.identity, &opened.manifest().identity);
        let kind =
            if opened.manifest().properties.resource_package { Kind::Resource } else { Kind::Application };
        let id = |id: Option<&str>| id.unwrap_or("none").to_owned();
        let pairs = [
            ("name", bundle.name().to_owned(), own.name().to_owned()),
            ("publisher", bundle.publisher().to_string(), own.publisher().to_string()),
            ("version", package.version.to_string(), own.version().to_string()),
            ("architecture", package.architecture.to_string(), own.architecture().to_string()),
            ("resource id", id(package.resource_id.as_deref()), id(own.resource_id())),
            ("type", package.kind.as_str().to_owned(), kind.as_str().to_owned()),
        ];
        match pairs.into_iter().find(|(_, said, is)| said != is) {
            None => Ok(()),
            Some((what, said, is)) => {
                Err(BundleError::Differs { name: package.file.to_string(), what, said, is })
            }
        }
    }

    /// Compares the checksum of a member's bytes with the container's.
    ///
    /// # Errors
    /// When they differ.
    pub fn check_checksum(&self, package: &BundledPackage, found: &Crc) -> Result<(), BundleError> {
        let name = package.file.to_string();
        match self.contents.container().part(&name) {
            Some(part) if part.entry.crc != found.sum() => Err(PackageError::WrongChecksum(name).into()),
            _ => Ok(()),
        }
    }

    /// Whether the members that are listed are the parts that are there.
    fn check_parts(&self) -> Result<(), BundleError> {
        let container = self.contents.container();
        let mut listed = HashSet::new();
        for package in &self.manifest.packages {
            let name = package.file.to_string();
            let wrong = |what| Err(BundleError::Member { name: name.clone(), what });
            if !package.file.is_package() {
                return wrong("the name of a member ends in .msix or .appx");
            }
            let part = container.part(&name);
            let Place::Inside { offset, size } = package.place else {
                match part {
                    None => continue,
                    Some(_) => return wrong("it is listed without its Offset, and is in the bundle"),
                }
            };
            let Some(part) = part else { return Err(BundleError::Absent(name)) };
            if part.name != package.file {
                return wrong("its name is written otherwise in the container");
            }
            if let Some(what) = misplaced(part, offset, size) {
                return wrong(what);
            }
            self.contents.check_type(&name, PACKAGE_TYPE)?;
            listed.insert(part.entry.offset);
        }
        let is_unlisted = |part: &&Part| part.name.is_package() && !listed.contains(&part.entry.offset);
        match container.parts().iter().find(is_unlisted) {
            Some(part) => Err(BundleError::Unlisted(part.name.to_string())),
            None => Ok(()),
        }
    }
}

/// Bytes of the parts of a member that are read to open it.
fn described(member: &Package) -> u64 {
    let part = |name| member.contents().container().part(name).map_or(0, |part| part.entry.size);
    [CONTENT_TYPES, BLOCK_MAP, MANIFEST].into_iter().map(part).sum()
}

fn misplaced(part: &Part, offset: u64, size: u64) -> Option<&'static str> {
    let entry = &part.entry;
    if entry.method != Method::Stored {
        Some("it is compressed, and members of bundles are stored as they are")
    } else if entry.data_offset() != offset {
        Some("its Offset is not where its data begin")
    } else if entry.size != size {
        Some("its Size is another one in the container")
    } else {
        None
    }
}

/// A bundle has something to run, and no package twice.
pub(super) fn check_identities(manifest: &BundleManifest) -> Result<(), BundleError> {
    let contradiction = |what: String| Err(BundleError::Contradiction(what));
    if manifest.packages.iter().all(|one| one.kind == Kind::Resource) {
        return contradiction("it has no package of type application".to_owned());
    }
    let mut names = HashSet::new();
    for package in &manifest.packages {
        let (name, publisher) = (manifest.identity.name(), manifest.identity.publisher().clone());
        let id = package.resource_id.as_deref();
        let identity = Identity::new(name, publisher, package.version, package.architecture, id);
        let identity = match identity {
            Ok(identity) => identity,
            Err(error) => return contradiction(format!("{}: {error}", package.file)),
        };
        // Each is installed under its full name.
        if !names.insert(identity.full_name().to_lowercase()) {
            return contradiction(format!("{} is the package of another name once more", package.file));
        }
    }
    Ok(())
}
