//! Installing a package.

use std::ffi::OsString;
use std::fs::{self, DirBuilder};
use std::io::{self, Write};
use std::os::fd::OwnedFd;
use std::os::unix::fs::{DirBuilderExt, OpenOptionsExt, symlink};
use std::path::{Path, PathBuf};
use std::time::{SystemTime, UNIX_EPOCH};

use lowbox_msix::Version;
use lowbox_msix::container::Source;
use lowbox_msix::package::Package;

use super::contents::Staged;
use super::ends::{Ends, Subject};
use super::launcher;
use super::package::CURRENT;
use super::repository::{all_names, open_own};
use super::words::Words;
use crate::package::{MAX_SIZE, Progress};
use crate::store::{Store, StoreError};

use super::{InstalledError, InstalledPackage, LeftOut, Record, Repository, media_types, record};

/// Commands that are no package's, also where there is none of that name: people and scripts give them passwords, or run others by them, or
/// lowbox runs them itself.
const RESERVED: [&str; 24] = [
    "lowbox",
    "sudo",
    "sudoedit",
    "su",
    "doas",
    "pkexec",
    "run0",
    "ssh",
    "ssh-add",
    "scp",
    "sftp",
    "gpg",
    "passwd",
    "login",
    "wine",
    "wine64",
    "wineserver",
    "getent",
    "pkcs11-tool",
    "update-mime-database",
    "update-desktop-database",
    "zenity",
    "kdialog",
    "yad",
];

/// A package whose signature was judged.
#[derive(Debug)]
pub struct NewPackage<'a, S: Source + ?Sized> {
    /// Where its bytes come from.
    pub source: &'a S,
    /// What was found in it.
    pub package: &'a Package,
    /// The signer's subject, if it is signed.
    pub signed_by: Option<String>,
    /// The signature is right, and one of somebody who is trusted.
    pub trusted: bool,
}

/// How to install it.
#[derive(Clone, Debug, Default)]
pub struct Install {
    /// In place of a newer version too.
    pub allow_downgrade: bool,
    /// The most bytes that its files may have; [`MAX_SIZE`] if it is not said.
    pub max_size: Option<u64>,
    /// In place of one of the same version with other files too.
    pub replace: bool,
    /// With the private data that are there already under its name.
    pub take_data: bool,
    /// The `.appinstaller` that named it.
    pub app_installer: Option<String>,
    /// The lowbox that launchers start.
    pub lowbox: PathBuf,
    /// `PATH`, in which no alias takes the place of a command.
    pub path: Option<OsString>,
    /// `XDG_DATA_DIRS`, where types of files are known.
    pub data_dirs: Option<OsString>,
}

/// What was installed.
#[derive(Debug)]
pub struct Installation {
    /// The package.
    pub package: InstalledPackage,
    /// The version that it takes the place of.
    pub before: Option<Version>,
    /// Exactly it was there already, and nothing was done.
    pub unchanged: bool,
    /// Commands that start it.
    pub commands: Vec<PathBuf>,
    /// What it does not have because somebody else has it.
    pub left_out: Vec<LeftOut>,
}

impl Repository {
    /// Installs a package for the user: all of it, or nothing. Data, consents and the version before are as they were if it fails.
    ///
    /// # Errors
    /// [`InstalledError`].
    pub fn install<S: Source + ?Sized>(
        &self,
        new: &NewPackage<'_, S>,
        how: &Install,
        progress: &Progress,
    ) -> Result<Installation, InstalledError> {
        let manifest = new.package.manifest();
        let identity = record::identity(manifest, new.trusted)?;
        let (family, full_name) = (identity.family_name(), identity.full_name());
        // Names of that kind are lowbox's own in this folder.
        if family.starts_with('.') {
            return Err(InstalledError::Dot(family));
        }
        let locked = self.lock()?;
        // Else the end of that removal would take the new one's data.
        self.settle_removal(&family)?;
        let names = all_names(&self.folder).map_err(InstalledError::at(&self.path))?;
        // SIDs derive from the name in lower case, so two such packages would be one.
        if let Some(other) = names.iter().find(|have| have.eq_ignore_ascii_case(&family) && **have != family)
        {
            return Err(InstalledError::OtherCase(other.clone()));
        }
        let record = Record {
            full_name: full_name.clone(),
            publisher: identity.publisher().as_str().to_owned(),
            signed_by: new.signed_by.clone(),
            trusted: new.trusted,
            block_map: hexadecimal(new.package.contents().block_map_digest().as_bytes()),
            installed: SystemTime::now().duration_since(UNIX_EPOCH).unwrap_or_default().as_secs(),
            app_installer: how.app_installer.clone(),
        };
        let have = InstalledPackage::current(&self.path, &family)?;
        if let Some(have) = &have {
            let (old, version) = (have.identity.version(), identity.version());
            let differs = have.record.block_map != record.block_map;
            if old == version && differs && !how.replace {
                return Err(InstalledError::SameVersion(have.record.full_name.clone()));
            }
            if old == version && !differs && have.record.full_name == full_name {
                let mut have = have.clone();
                if record.app_installer.is_some() && record.app_installer != have.record.app_installer {
                    have.record.app_installer = record.app_installer;
                    have.record.replace(&have.version).map_err(InstalledError::at(&have.version))?;
                }
                return Ok(unchanged(self, have, how));
            }
            if old > version && !how.allow_downgrade {
                let name = identity.name().to_owned();
                return Err(InstalledError::Downgrade { name, have: old, new: version });
            }
        }
        if have.is_none() && new.trusted && !how.take_data {
            self.check_data_before(&family)?;
        }
        self.check_dependencies(&identity, manifest)?;
        let staged = Staged::make(self)?;
        staged.fill(new.source, new.package.contents(), how.max_size.unwrap_or(MAX_SIZE), progress)?;
        record.write(&staged.path).map_err(InstalledError::at(&staged.path))?;
        let known = media_types::Known::read(&self.places.mime, how.data_dirs.as_deref());
        let family_folder = self.path.join(&family);
        let contents = new.package.contents();
        let mut left_out = Vec::new();
        let words = Words::of(new.source, contents, &mut left_out);
        let subject =
            Subject { identity: &identity, manifest, contents, words: &words, family_folder: &family_folder };
        let ends = Ends::of(&subject, &known, how, &self.places);
        for (name, text) in &ends.files {
            write_new(&staged.path.join(name), text)?;
        }
        left_out.extend(ends.left_out);
        let installed = (|| -> Result<Vec<PathBuf>, InstalledError> {
            let folder = self.family_folder(&family_folder)?;
            let name = take_name(staged, &folder, &full_name, &family_folder)?;
            let foreign = self.make_links(&family, &ends.links)?;
            left_out.extend(foreign.iter().map(|at| taken_by_another(self, at)));
            switch(&folder, &name, &family_folder)?;
            Ok(foreign)
        })();
        // What is only kept of the old version is not in its way.
        crate::keep::end_idle(&self.folders, &family);
        // The old version, or what was made of the new one.
        let put_away = super::recover::put_away_all(self);
        let foreign = installed?;
        if let Err(error) = put_away {
            let name = "putting the old version away".to_owned();
            left_out.push(LeftOut { name, why: format!("{error}; the next lowbox tries again") });
        }
        let package = InstalledPackage::current(&self.path, &family)?
            .ok_or_else(|| InstalledError::Unknown(family.clone()))?;
        drop(locked);
        media_types::refresh(&self.places.applications, &self.places.mime);
        let commands = ends.links.iter().map(|link| link.at.clone());
        let commands = commands.filter(|at| at.starts_with(&self.places.commands) && !foreign.contains(at));
        Ok(Installation {
            package,
            before: have.map(|have| have.identity.version()),
            unchanged: false,
            commands: commands.collect(),
            left_out,
        })
    }

    /// Whether somebody was there before it under its name: a manifest that only says to be this package may have left data and got consents.
    fn check_data_before(&self, family: &str) -> Result<(), InstalledError> {
        let folder = self.folders.data.join("packages").join(family);
        let has_something =
            |name: &str| fs::read_dir(folder.join(name)).is_ok_and(|mut entries| entries.next().is_some());
        let consents = Store::open_existing(&self.folders.data)?.map_or(Ok(false), |store| {
            let files = store.file_consents(Some(family))?;
            Ok::<_, StoreError>(!files.is_empty() || !store.capability_consents(Some(family))?.is_empty())
        })?;
        if consents || has_something("LocalState") || has_something("TempState") {
            return Err(InstalledError::DataBefore { family: family.to_owned(), folder });
        }
        Ok(())
    }

    fn family_folder(&self, path: &Path) -> Result<OwnedFd, InstalledError> {
        match DirBuilder::new().mode(0o700).create(path) {
            Err(error) if error.kind() == io::ErrorKind::AlreadyExists => {}
            made => made.map_err(InstalledError::at(path))?,
        }
        open_own(path).map_err(InstalledError::at(path))
    }
}

fn unchanged(repository: &Repository, package: InstalledPackage, how: &Install) -> Installation {
    let own = repository.commands(&package);
    let (mut commands, mut left_out) = (Vec::new(), Vec::new());
    for alias in package.manifest.applications.iter().flat_map(|one| &one.integration.aliases) {
        let at = repository.places.commands.join(alias.command());
        if own.iter().any(|command| command == alias.command()) {
            commands.push(at);
        } else if let Err(why) = is_free(alias.command(), how, &repository.places.commands) {
            left_out.push(why);
        } else if at.symlink_metadata().is_ok() {
            left_out.push(taken_by_another(repository, &at));
        }
    }
    Installation { before: None, unchanged: true, commands, left_out, package }
}

fn taken_by_another(repository: &Repository, at: &Path) -> LeftOut {
    let name = at.file_name().unwrap_or_default().to_string_lossy().into_owned();
    let why = match repository.owner_of_link(at) {
        Some(family) => format!("the package {family} has it"),
        None => format!("{} is there, and not lowbox's", at.display()),
    };
    LeftOut { name, why }
}

fn hexadecimal(bytes: &[u8]) -> String {
    bytes.iter().map(|byte| format!("{byte:02x}")).collect()
}

fn write_new(path: &Path, text: &[u8]) -> Result<(), InstalledError> {
    let folder = path.parent().unwrap_or(Path::new("/"));
    DirBuilder::new().recursive(true).mode(0o755).create(folder).map_err(InstalledError::at(folder))?;
    let mode = if text.starts_with(b"#!") { 0o755 } else { 0o644 };
    let file = fs::OpenOptions::new().write(true).create_new(true).mode(mode).open(path);
    file.and_then(|mut file| file.write_all(text)).map_err(InstalledError::at(path))
}

/// Gives the folder a name among the versions: the full name, unless one of that name still runs.
fn take_name(
    staged: Staged<'_>,
    folder: &OwnedFd,
    full_name: &str,
    path: &Path,
) -> Result<String, InstalledError> {
    let there = all_names(folder).map_err(InstalledError::at(path))?;
    let numbered = (1..).map(|number| format!("{full_name}~{number}"));
    let mut names = std::iter::once(full_name.to_owned()).chain(numbered);
    let name = names.find(|name| !there.contains(name)).unwrap_or_default();
    staged.take(folder, &name)?;
    Ok(name)
}

/// From here on that version is the one that is installed.
fn switch(folder: &OwnedFd, name: &str, path: &Path) -> Result<(), InstalledError> {
    let new = format!(".{CURRENT}-{}", std::process::id());
    let failed = || InstalledError::at::<io::Error>(path.join(CURRENT));
    // One of a lowbox that was killed and had this number.
    let _ = fs::remove_file(path.join(&new));
    symlink(name, path.join(&new)).map_err(failed())?;
    let switched = rustix::fs::fsync(folder)
        .and_then(|()| rustix::fs::renameat(folder, &new, folder, CURRENT))
        .and_then(|()| rustix::fs::fsync(folder));
    if switched.is_err() {
        let _ = fs::remove_file(path.join(&new));
    }
    switched.map_err(|error| failed()(error.into()))
}

/// Whether a command has another one's name.
pub(super) fn is_free(command: &str, how: &Install, own: &Path) -> Result<(), LeftOut> {
    let left_out = |why| Err(LeftOut { name: command.to_owned(), why });
    if RESERVED.contains(&command.to_ascii_lowercase().as_str()) {
        return left_out(
            "no package gets the name of lowbox, or of a command that gets passwords or runs others, or that lowbox runs"
                .to_owned(),
        );
    }
    match launcher::other_command(command, how.path.as_deref(), own) {
        None => Ok(()),
        Some(there) => left_out(format!("you have a command of that name: {}", there.display())),
    }
}
