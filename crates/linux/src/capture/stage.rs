//! The folder of a package, made of what an installer left.

use std::collections::BTreeSet;
use std::io::{self, Read, Write};
use std::os::fd::OwnedFd;
use std::path::Path;

use lowbox_msix::manifest::edit::{Captured, CapturedApplication, LOGOS, captured_manifest};
use lowbox_msix::part_name::MANIFEST;
use lowbox_msix::registry::RegistryError;
use lowbox_msix::{
    Architecture, Identity, Manifest, Publisher, Version, placeholder_logo, program_picture, program_version,
};
use rustix::fs::Mode;

use super::about::About;
use super::applications::{Applications, Placed, is_shortcut};
use super::changes::{Changed, Changes, file, read};
use super::keys::Keys;
use super::places::place;
use super::{CaptureError, LeftOut, Session, about};
use crate::package::UnpackError;
use crate::package::unpack::{create_with, staged};
use crate::wine::Template;
use crate::wine::package_files::folders;

/// What the user said of the package.
#[derive(Debug)]
pub struct Wanted<'a> {
    /// Its name.
    pub name: Option<&'a str>,
    /// Who signs it.
    pub publisher: Option<Publisher>,
    /// Its version.
    pub version: Option<Version>,
    /// The installer, whose name is the last resort for one.
    pub installer: &'a Path,
    /// Bytes of all files at most.
    pub limit: u64,
}

/// What was put together.
#[derive(Debug)]
pub struct Staged {
    /// The manifest.
    pub manifest: Manifest,
    /// Its applications.
    pub applications: Vec<CapturedApplication>,
    /// Files that the installer made.
    pub files: usize,
    /// Bytes of them.
    pub bytes: u64,
    /// Values in the registry.
    pub values: usize,
    /// What is not in the package, and why.
    pub left_out: Vec<LeftOut>,
}

/// Makes the folder `to`, which must not be there, or be empty.
///
/// # Errors
/// [`CaptureError`]; nothing is left then.
pub fn stage(
    session: &Session,
    template: &Template,
    wanted: &Wanted<'_>,
    to: &Path,
) -> Result<Staged, CaptureError> {
    if template.is_copied() {
        return Err(CaptureError::NoOverlay(template.prefix()));
    }
    let upper = session.upper()?;
    let folders = folders(&session.user);
    let mut changes = Changes::of(&upper, &template.prefix())?;
    let keys = Keys::of(&upper, &template.prefix(), &folders)?;
    let files = std::mem::take(&mut changes.files);
    let (shortcuts, others): (Vec<&Changed>, Vec<&Changed>) =
        files.iter().partition(|one| is_shortcut(&one.windows));
    let placed = placed(&mut changes, &others, &folders, &session.user);
    let bytes: u64 = placed.iter().map(|one| one.file.size).fold(0, u64::saturating_add);
    if bytes > wanted.limit {
        return Err(CaptureError::TooMuch(format!("{} bytes in files", wanted.limit)));
    }
    let applications = Applications::of(&upper, &shortcuts, &placed, &keys.about.uninstallers);
    if applications.all.is_empty() {
        return Err(CaptureError::NoProgram);
    }
    let main = main_program(&upper, &placed, &applications);
    let mut about = keys.about;
    about.learn_from(program_version(&main));
    let picture = program_picture(&main);
    let text = manifest(wanted, &about, &applications)?;
    let manifest = Manifest::parse(&text)?;
    let hive_failed = |error: RegistryError| CaptureError::Registry { file: "Registry.dat", error };
    let mut own = vec![(MANIFEST, text)];
    let logo = |pixels| picture.clone().unwrap_or_else(|| placeholder_logo(pixels));
    own.extend(LOGOS.map(|(name, pixels)| (name, logo(pixels))));
    let machine = keys.registry.machine_hive().map_err(hive_failed)?;
    let user = keys.registry.user_hive().map_err(hive_failed)?;
    own.extend(machine.map(|hive| ("Registry.dat", hive)));
    own.extend(user.map(|hive| ("User.dat", hive)));
    staged(to, bytes, |root| {
        placed.iter().try_for_each(|one| copy(&upper, one, root))?;
        own.iter().try_for_each(|(name, bytes)| {
            let made = create_with(root, name, Mode::from(0o644)).map_err(io::Error::from);
            made.and_then(|mut file| file.write_all(bytes)).map_err(CaptureError::at(*name))
        })
    })?;
    let mut left_out = changes.left_out;
    left_out.extend(keys.left_out);
    left_out.extend(applications.left_out);
    Ok(Staged {
        manifest,
        applications: applications.all,
        files: placed.len(),
        bytes,
        values: keys.registry.machine.count() + keys.registry.user.count(),
        left_out,
    })
}

/// Files that have a place in the package, each with a name that differs from others in more than upper and lower case.
fn placed<'a>(
    changes: &mut Changes,
    files: &[&'a Changed],
    folders: &[(String, String)],
    user: &str,
) -> Vec<Placed<'a>> {
    let mut names = BTreeSet::new();
    let mut placed = Vec::new();
    for file in files {
        match place(folders, user, &file.windows) {
            Ok(name) if names.insert(name.as_str().to_lowercase()) => {
                placed.push(Placed { file, name: name.as_str().to_owned() });
            }
            Ok(_) => {
                changes.leave_out(file.windows.clone(), "another file has the same name in other letters")
            }
            Err(why) => changes.leave_out(file.windows.clone(), why),
        }
    }
    placed
}

/// The first application's program, as far as its resources may lie.
fn main_program(upper: &OwnedFd, placed: &[Placed<'_>], applications: &Applications) -> Vec<u8> {
    const MOST: usize = 64 << 20;
    let first = applications.all.first().map(|one| one.executable.as_str());
    let main = placed.iter().find(|one| Some(one.name.as_str()) == first);
    main.and_then(|one| read(upper, &one.file.path, MOST).ok()).unwrap_or_default()
}

fn manifest(
    wanted: &Wanted<'_>,
    about: &About,
    applications: &Applications,
) -> Result<Vec<u8>, CaptureError> {
    let stem = wanted.installer.file_stem().unwrap_or_default().to_string_lossy();
    let shown = about.name.as_deref().or(wanted.name).unwrap_or(&stem);
    let name = wanted.name.map_or_else(|| about::package_name(shown), str::to_owned);
    let publisher = wanted.publisher.clone().or_else(|| about.subject());
    let publisher = publisher.or_else(|| Publisher::new("CN=Developer").ok());
    let version = wanted.version.or_else(|| about.version()).unwrap_or(Version([1, 0, 0, 0]));
    let architecture = applications.architecture.unwrap_or(Architecture::X64);
    let Some(publisher) = publisher else { return Err(CaptureError::NoProgram) };
    let what = Captured {
        identity: Identity::new(&name, publisher, version, architecture, None)?,
        display_name: shown.to_owned(),
        publisher_name: about.publisher.clone().unwrap_or_else(|| shown.to_owned()),
        applications: applications.all.clone(),
    };
    Ok(captured_manifest(&what)?)
}

/// Copies a file; no more of it than it had when it was counted.
fn copy(upper: &OwnedFd, placed: &Placed<'_>, root: &OwnedFd) -> Result<(), CaptureError> {
    let failed = |error: io::Error| UnpackError::Write { path: placed.name.clone().into(), error };
    let from = file(upper, &placed.file.path).map_err(CaptureError::at(&placed.file.path))?;
    let mut to = create_with(root, &placed.name, Mode::from(0o644)).map_err(|error| failed(error.into()))?;
    io::copy(&mut from.take(placed.file.size), &mut to).map_err(failed)?;
    Ok(())
}
