//! What is isolated, and what is written of it.

use std::fs;
use std::io::{BufWriter, Write};
use std::path::{Path, PathBuf};

use lowbox_linux::host::{open_regular, replace_file};
use lowbox_linux::package::{PackageFile, check_blocks};
use lowbox_msix::manifest::MAX_BYTES;
use lowbox_msix::manifest::edit::isolate::Isolated;
use lowbox_msix::package::Package;
use lowbox_msix::part_name::MANIFEST;
use lowbox_msix::writer::with_manifest;

use super::super::pack::time;
use super::super::package::{failed, open};
use crate::failure::Failure;
use crate::progress;

/// A package or a manifest.
pub enum Input {
    /// A package.
    Package(Box<(PathBuf, PackageFile, Package)>),
    /// A manifest.
    Manifest(Vec<u8>),
}

impl Input {
    /// Opens it: a ZIP file is a package.
    pub fn open(path: &Path) -> Result<Input, Failure> {
        use std::io::Read;
        let is_folder = fs::metadata(path).map_err(|error| failed(path, &error))?.is_dir();
        let path = if is_folder { &path.join(MANIFEST) } else { path };
        let file = open_regular(path).map_err(|error| failed(path, &error))?;
        let mut bytes = Vec::new();
        let read = file.take(MAX_BYTES as u64 + 1).read_to_end(&mut bytes);
        read.map_err(|error| failed(path, &error))?;
        if bytes.starts_with(b"PK") {
            let (file, package) = open(path)?;
            return Ok(Input::Package(Box::new((path.to_owned(), file, package))));
        }
        Ok(Input::Manifest(bytes))
    }

    /// Its manifest.
    pub fn manifest(&self) -> &[u8] {
        match self {
            Input::Package(package) => package.2.manifest_bytes(),
            Input::Manifest(bytes) => bytes,
        }
    }

    /// Writes the same with an isolated manifest. A package takes its name only when it has been read again and found in order.
    pub fn write(&self, to: &Path, isolated: &Isolated) -> Result<(), Failure> {
        let Input::Package(package) = self else {
            return replace_file(to, |file| file.write_all(&isolated.bytes))
                .map_err(|error| failed(to, &error));
        };
        let (path, source, package) = &**package;
        let time = time()?;
        let mut refused = None;
        let written = replace_file(to, |file| {
            let output = BufWriter::with_capacity(1 << 20, &mut *file);
            let done = with_manifest(source, package.contents(), &isolated.bytes, output, time)
                .map_err(|error| failed(path, &error))
                .and_then(|mut output| output.flush().map_err(|error| failed(to, &error)));
            let checked = done.and_then(|()| check(file.try_clone(), to));
            checked.map_err(|error| {
                refused = Some(error);
                std::io::ErrorKind::Other.into()
            })
        });
        match refused {
            Some(refused) => Err(refused),
            None => written.map_err(|error| failed(to, &error)),
        }
    }
}

/// What was copied was not looked at: the result is.
fn check(file: std::io::Result<fs::File>, to: &Path) -> Result<(), Failure> {
    let file = file.and_then(PackageFile::of).map_err(|error| failed(to, &error))?;
    let package = Package::open(&file).map_err(|error| failed(to, &error))?;
    progress::shown("verifying", |progress| check_blocks(&file, package.contents(), progress))
        .map_err(|error| failed(to, &error))
}
