//! Bundles as files: made from packages, checked, taken apart again.

use std::fs;
use std::io::{self, Write};
use std::path::{Path, PathBuf};

use lowbox_msix::Version;
use lowbox_msix::bundle::{
    Bundle, BundleError, BundleManifest, BundleWriteError, BundleWriter, BundledPackage, Checksum,
};
use lowbox_msix::container::Source;
use lowbox_msix::package::{Package, PackageError};
use lowbox_msix::part_name::{PartName, PartNameError};
use lowbox_msix::writer::Options;

use super::Progress;
use super::blocks::check_blocks;
use super::source::PackageFile;
use super::unpack::{UnpackError, create, staged};

/// Bytes that are copied at once.
const STEP: usize = 256 << 10;

/// What can be wrong with a bundle or the packages that it is made of.
#[derive(Debug, thiserror::Error)]
pub enum BundleFileError {
    /// The bundle.
    #[error(transparent)]
    Bundle(#[from] BundleError),
    /// It can't be written.
    #[error(transparent)]
    Write(#[from] BundleWriteError),
    /// It can't be unpacked.
    #[error(transparent)]
    Unpack(#[from] UnpackError),
    /// A package.
    #[error("{name}: {error}", name = path.display())]
    Package {
        /// Which file.
        path: PathBuf,
        /// What is wrong.
        error: Box<PackageError>,
    },
    /// A file whose name a package in a bundle can't have.
    #[error("{name}: {error}; rename it", name = path.display())]
    Name {
        /// Which.
        path: PathBuf,
        /// What is wrong.
        error: PartNameError,
    },
    /// Something can't be read or written.
    #[error("{name}: {error}", name = path.display())]
    File {
        /// Which.
        path: PathBuf,
        /// Why.
        error: io::Error,
    },
    /// Nothing to unpack.
    #[error("it is a flat bundle: its packages lie beside it already")]
    Flat,
}

/// A bundle that was made.
#[derive(Debug)]
pub struct PackedBundle {
    /// Its manifest.
    pub manifest: BundleManifest,
    /// Names of packages in it that are not signed.
    pub unsigned: Vec<String>,
}

/// The packages in a folder, by name; folders in it are not looked into.
///
/// # Errors
/// When it can't be read.
pub fn packages_in(folder: &Path) -> Result<Vec<PathBuf>, BundleFileError> {
    let failed = |error| BundleFileError::File { path: folder.to_owned(), error };
    let mut found = Vec::new();
    for entry in fs::read_dir(folder).map_err(failed)? {
        let path = entry.map_err(failed)?.path();
        let name = path.file_name().and_then(|name| name.to_str()).map(PartName::new);
        if matches!(name, Some(Ok(name)) if name.is_package()) {
            found.push(path);
        }
    }
    found.sort();
    Ok(found)
}

/// Puts packages into a bundle, by their files' names, each after all its blocks were checked.
///
/// # Errors
/// When one of them is not in order, they don't make a bundle, or something can't be read or written.
pub fn pack_bundle(
    paths: &[PathBuf],
    output: impl Write,
    options: Options,
    version: Option<Version>,
    progress: &Progress,
) -> Result<PackedBundle, BundleFileError> {
    let named = paths.iter().map(|path| Ok((name_of(path)?, path)));
    let mut named = named.collect::<Result<Vec<_>, BundleFileError>>()?;
    named.sort();
    let mut writer = BundleWriter::new(output, options, version);
    let mut unsigned = Vec::new();
    for (name, path) in named {
        let failed = |error| BundleFileError::File { path: path.clone(), error };
        let refused = |error| BundleFileError::Package { path: path.clone(), error: Box::new(error) };
        let file = PackageFile::open(path).map_err(failed)?;
        let package = Package::open(&file).map_err(refused)?;
        check_blocks(&file, package.contents(), progress).map_err(refused)?;
        if !package.contents().is_signed() {
            unsigned.push(name.to_string());
        }
        let mut member = writer.begin(name, &package)?;
        copy(&file, |bytes| member.add(bytes).map_err(BundleFileError::from), failed)?;
        member.finish()?;
    }
    let (_, manifest) = writer.finish()?;
    Ok(PackedBundle { manifest, unsigned })
}

fn name_of(path: &Path) -> Result<PartName, BundleFileError> {
    let wrong = |error| BundleFileError::Name { path: path.to_owned(), error };
    let name = path.file_name().unwrap_or_default().to_str().ok_or_else(|| wrong(PartNameError::NotText))?;
    PartName::new(name).map_err(wrong)
}

fn copy(
    source: &(impl Source + ?Sized),
    mut write: impl FnMut(&[u8]) -> Result<(), BundleFileError>,
    failed: impl Fn(io::Error) -> BundleFileError,
) -> Result<(), BundleFileError> {
    let mut buffer = vec![0; STEP];
    let mut at = 0;
    while at < source.size() {
        let step = (source.size() - at).min(STEP as u64) as usize;
        source.read_exact_at(&mut buffer[..step], at).map_err(&failed)?;
        write(&buffer[..step])?;
        at += step as u64;
    }
    Ok(())
}

/// Opens each member of a bundle, in it or in the folder that it lies in, and checks all blocks; then `check` may look at it too.
///
/// # Errors
/// With the first that is wrong.
pub fn check_bundle<E>(
    path: &Path,
    source: &PackageFile,
    bundle: &Bundle,
    progress: &Progress,
    failed: impl Fn(BundleFileError) -> E,
    mut check: impl FnMut(&BundledPackage, &dyn Source, &Package) -> Result<(), E>,
) -> Result<(), E> {
    for listed in &bundle.manifest().packages {
        if let Some((slice, package)) = bundle.member(source, listed).map_err(|error| failed(error.into()))? {
            check(listed, &slice, &package)?;
            check_inside(path, &slice, bundle, (listed, &package), progress).map_err(&failed)?;
            continue;
        }
        let beside = path.parent().unwrap_or(Path::new("")).join(listed.file.as_str());
        let file = PackageFile::open(&beside)
            .map_err(|error| failed(BundleFileError::File { path: beside.clone(), error }))?;
        let package = bundle.check_member(&file, listed).map_err(|error| failed(error.into()))?;
        check(listed, &file, &package)?;
        check_blocks(&file, package.contents(), progress).map_err(|error| {
            failed(BundleFileError::Package { path: beside.clone(), error: Box::new(error) })
        })?;
    }
    Ok(())
}

fn check_inside(
    path: &Path,
    slice: &(impl Source + ?Sized),
    bundle: &Bundle,
    (listed, package): (&BundledPackage, &Package),
    progress: &Progress,
) -> Result<(), BundleFileError> {
    let refused = |error| BundleError::Package { name: listed.file.to_string(), error: Box::new(error) };
    check_blocks(slice, package.contents(), progress).map_err(refused)?;
    let mut crc = Checksum::new();
    let failed = |error| BundleFileError::File { path: path.to_owned(), error };
    let update = |bytes: &[u8]| {
        crc.update(bytes);
        Ok(())
    };
    copy(slice, update, failed)?;
    Ok(bundle.check_checksum(listed, &crc)?)
}

/// Writes the packages of a bundle as files to a folder, which must not be there, or be empty; all of them, each found in order before, or nothing.
///
/// # Errors
/// When the bundle is not in order, or something can't be written.
pub fn unpack_bundle(
    source: &PackageFile,
    bundle: &Bundle,
    to: &Path,
    progress: &Progress,
) -> Result<(), BundleFileError> {
    if bundle.is_flat() {
        return Err(BundleFileError::Flat);
    }
    staged(to, source.size(), |root| {
        for listed in &bundle.manifest().packages {
            let path = to.join(listed.file.as_str());
            let failed = |error| BundleFileError::File { path: path.clone(), error };
            let Some((slice, package)) = bundle.member(source, listed)? else { continue };
            let refused =
                |error| BundleError::Package { name: listed.file.to_string(), error: Box::new(error) };
            check_blocks(&slice, package.contents(), progress).map_err(refused)?;
            let mut output = create(root, listed.file.as_str()).map_err(|error| failed(error.into()))?;
            let mut crc = Checksum::new();
            let write = |bytes: &[u8]| {
                crc.update(bytes);
                output.write_all(bytes).map_err(failed)
            };
            copy(&slice, write, failed)?;
            bundle.check_checksum(listed, &crc)?;
        }
        Ok(())
    })
}
