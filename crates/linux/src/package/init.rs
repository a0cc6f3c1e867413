//! The beginning of a package: a manifest for a folder, with what can be found out filled in.

use std::fs::{self, File};
use std::io::{self, Read, Write};
use std::os::fd::OwnedFd;
use std::os::unix::fs::PermissionsExt;
use std::path::{Path, PathBuf};

use lowbox_msix::manifest::edit::{LOGOS, Starter, System, starter_manifest};
use lowbox_msix::part_name::MANIFEST;
use lowbox_msix::{
    Identity, IdentityError, Manifest, ManifestError, PROGRAM_HEAD, ProgramKind, Publisher, Version,
    placeholder_logo, program_kind,
};

use rustix::fs::Mode;

use super::launcher;
use super::unpack::create_with;
use crate::host::open_regular;

/// Scripts of a folder that are named in a message.
const MOST_NAMED: usize = 5;

/// What is asked for.
#[derive(Debug)]
pub struct New<'a> {
    /// The folder; it is made if it is not there.
    pub folder: &'a Path,
    /// The program in it.
    pub program: Option<&'a Path>,
    /// The package's name; that of the folder if it is not given.
    pub name: Option<&'a str>,
    /// Who signs it.
    pub publisher: Publisher,
}

/// Why nothing was begun.
#[derive(Debug, thiserror::Error)]
pub enum InitError {
    /// There is one.
    #[error("{} is there already; edit it, or remove it first", .0.display())]
    Exists(PathBuf),
    /// Something can't be read or written.
    #[error("{path}: {error}", path = path.display())]
    File {
        /// What.
        path: PathBuf,
        /// Why.
        error: io::Error,
    },
    /// It would lead elsewhere.
    #[error(
        "{} is a symbolic link: nothing is written through it, and a package holds none; put the folder itself there",
        .0.display()
    )]
    Link(PathBuf),
    /// The program is nowhere.
    #[error(
        "{} is neither in {} nor in the working folder; name a program that is there (--exe)",
        program.display(),
        folder.display()
    )]
    NotThere {
        /// The program.
        program: PathBuf,
        /// The folder.
        folder: PathBuf,
    },
    /// Scripts that may not be executed.
    #[error("nothing in it may be executed, but {} may be meant: name the program with --exe", .0.join(", "))]
    NotExecutable(Vec<String>),
    /// The program is somewhere else.
    #[error("{} is not in {}, and a package holds its program; copy it there", program.display(), folder.display())]
    Outside {
        /// The program.
        program: PathBuf,
        /// The folder.
        folder: PathBuf,
    },
    /// No program.
    #[error(
        "{} is no program that is known: neither ELF nor PE, no script with #! and none by its name (.py, .js, .sh, .pl, .rb, .php); \
         write #! and its interpreter into its first line",
        .0.display()
    )]
    NoProgram(PathBuf),
    /// Several.
    #[error("there are several programs: {}; choose one with --exe", .0.join(", "))]
    Several(Vec<String>),
    /// The name.
    #[error("{0}; give one with --name")]
    Name(IdentityError),
    /// What was found out makes no manifest.
    #[error("the manifest would not be in order: {0}; rename the program")]
    Manifest(ManifestError),
}

/// What was begun.
#[derive(Debug)]
pub struct Made {
    /// Files that were written, relative to the folder.
    pub written: Vec<String>,
    /// The manifest.
    pub manifest: Manifest,
    /// The program that was found, relative to the folder; `None` where one was made to begin with.
    pub program: Option<String>,
}

/// Writes a manifest, pictures, and a launcher where the program's name does not end in `.exe`. Nothing that is there is changed.
///
/// # Errors
/// When there is a manifest, or there are several programs to choose from, or something can't be written.
pub fn init(new: &New<'_>) -> Result<Made, InitError> {
    let folder = new.folder;
    let failed = |path: &Path, error| InitError::File { path: path.to_owned(), error };
    fs::create_dir_all(folder).map_err(|error| failed(folder, error))?;
    let folder = fs::canonicalize(folder).map_err(|error| failed(folder, error))?;
    let manifest_path = folder.join(MANIFEST);
    if fs::symlink_metadata(&manifest_path).is_ok() {
        return Err(InitError::Exists(manifest_path));
    }
    let name = match new.name {
        Some(name) => name.to_owned(),
        None => package_name(folder.file_name().unwrap_or_default().to_string_lossy().as_ref()),
    };
    let found = match new.program {
        Some(program) => Some(named(&folder, program)?),
        None => found(&folder)?,
    };
    let mut files: Vec<(String, Vec<u8>, bool)> = Vec::new();
    let (kind, executable) = match &found {
        Some((path, kind)) if path.to_ascii_lowercase().ends_with(".exe") => (kind.clone(), path.clone()),
        Some((path, kind)) => {
            let own = launcher::name(path);
            files.push((own.clone(), launcher::text(path, kind), true));
            (kind.clone(), own)
        }
        None => {
            let own = format!("{}.exe", name.to_ascii_lowercase());
            files.push((own.clone(), launcher::first_program(&name), true));
            (ProgramKind::Script(Vec::new()), own)
        }
    };
    let version = Version([1, 0, 0, 0]);
    let identity = Identity::new(&name, new.publisher.clone(), version, kind.architecture(), None);
    let starter = Starter {
        identity: identity.map_err(InitError::Name)?,
        display_name: name,
        alias: executable.rsplit('/').next().unwrap_or_default().to_owned(),
        executable,
        system: if matches!(kind, ProgramKind::Windows(_)) { System::Windows } else { System::Linux },
    };
    let text = starter_manifest(&starter).map_err(InitError::Manifest)?;
    let manifest = Manifest::parse(&text).map_err(InitError::Manifest)?;
    for (logo, pixels) in LOGOS {
        if fs::symlink_metadata(folder.join(logo)).is_err() {
            files.push((logo.to_owned(), placeholder_logo(pixels), false));
        }
    }
    if let Some((through, ..)) = files.iter().find(|(name, ..)| leads_elsewhere(&folder, name)) {
        return Err(InitError::Link(folder.join(through.split('/').next().unwrap_or_default())));
    }
    // The last one: where something fails before it, the next try is the first again.
    files.push((MANIFEST.to_owned(), text, false));
    if let Some((taken, ..)) = files.iter().find(|(name, ..)| fs::symlink_metadata(folder.join(name)).is_ok())
    {
        return Err(InitError::Exists(folder.join(taken)));
    }
    let root = File::open(&folder).map_err(|error| failed(&folder, error))?.into();
    for (name, bytes, executable) in &files {
        write(&root, name, bytes, *executable).map_err(|error| failed(&folder.join(name), error))?;
    }
    let written = files.into_iter().map(|(name, ..)| name).collect();
    Ok(Made { written, manifest, program: found.map(|(path, _)| path) })
}

/// Whether the folder of a new file is a link.
fn leads_elsewhere(folder: &Path, name: &str) -> bool {
    let above = name.rsplit_once('/').map(|(above, _)| folder.join(above));
    above.is_some_and(|above| fs::symlink_metadata(above).is_ok_and(|found| found.is_symlink()))
}

fn write(root: &OwnedFd, name: &str, bytes: &[u8], executable: bool) -> io::Result<()> {
    let mode = Mode::from(if executable { 0o777 } else { 0o666 });
    create_with(root, name, mode)?.write_all(bytes)
}

/// The name of a folder as one of packages.
fn package_name(folder: &str) -> String {
    let plain = |c: char| if c.is_ascii_alphanumeric() || c == '.' || c == '-' { c } else { '-' };
    let name: String = folder.chars().map(plain).take(50).collect();
    let name = name.trim_matches(['-', '.']);
    if name.len() < 3 { format!("{}App", name) } else { name.to_owned() }
}

/// The program that was named: its path in the folder, and its kind.
fn named(folder: &Path, program: &Path) -> Result<(String, ProgramKind), InitError> {
    let failed = |error| InitError::File { path: program.to_owned(), error };
    // In the folder, or where one is.
    let path = [folder.join(program), program.to_owned()].into_iter().find(|path| path.exists());
    let not_there = || InitError::NotThere { program: program.to_owned(), folder: folder.to_owned() };
    let path = fs::canonicalize(path.ok_or_else(not_there)?).map_err(failed)?;
    let outside = || InitError::Outside { program: path.clone(), folder: folder.to_owned() };
    let within = path.strip_prefix(folder).ok().and_then(Path::to_str).ok_or_else(outside)?;
    let kind = kind(&path).map_err(failed)?.ok_or_else(|| InitError::NoProgram(path.clone()))?;
    Ok((within.to_owned(), kind))
}

fn kind(path: &Path) -> io::Result<Option<ProgramKind>> {
    let mut head = Vec::new();
    let file: File = open_regular(path)?;
    file.take(PROGRAM_HEAD as u64).read_to_end(&mut head)?;
    Ok(program_kind(&head, path.file_name().unwrap_or_default().to_string_lossy().as_ref()))
}

/// The program of the folder, if there is one: what ends in `.exe`, or else what may be executed.
fn found(folder: &Path) -> Result<Option<(String, ProgramKind)>, InitError> {
    let failed = |error| InitError::File { path: folder.to_owned(), error };
    let (mut named, mut executable, mut scripts) = (Vec::new(), Vec::new(), Vec::new());
    for entry in fs::read_dir(folder).map_err(failed)? {
        let entry = entry.map_err(failed)?;
        let known = entry.metadata().map_err(failed)?;
        let Ok(name) = entry.file_name().into_string() else { continue };
        if !known.is_file() {
            continue;
        }
        let Ok(Some(kind)) = kind(&entry.path()) else { continue };
        if name.to_ascii_lowercase().ends_with(".exe") {
            named.push((name, kind));
        } else if known.permissions().mode() & 0o100 != 0 {
            executable.push((name, kind));
        } else if matches!(kind, ProgramKind::Script(_)) {
            scripts.push(name);
        }
    }
    let mut all = if named.is_empty() { executable } else { named };
    all.sort_by(|one, other| one.0.cmp(&other.0));
    if all.len() > 1 {
        return Err(InitError::Several(all.into_iter().map(|(name, _)| name).collect()));
    }
    if all.is_empty() && !scripts.is_empty() {
        scripts.sort();
        scripts.truncate(MOST_NAMED);
        return Err(InitError::NotExecutable(scripts));
    }
    Ok(all.pop())
}

#[cfg(test)]
mod tests {
    use super::package_name;

    #[test]
    fn any_folder_makes_a_name_of_a_package() {
        for (folder, name) in [
            ("Contoso.Report", "Contoso.Report"),
            ("my tool", "my-tool"),
            ("\u{e4}", "App"),
            ("x", "xApp"),
            ("", "App"),
            (".config.", "config"),
        ] {
            assert_eq!(package_name(folder), name);
        }
        assert_eq!(package_name(&"a".repeat(90)).len(), 50);
    }
}
