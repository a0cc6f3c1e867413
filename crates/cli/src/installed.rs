//! An installed package that is named in place of a program.

use std::ffi::{OsStr, OsString};
use std::path::PathBuf;
use std::sync::Arc;

use lowbox_linux::host::find_program;
use lowbox_linux::installed::{InstalledError, InstalledPackage, Repository, Running};
use lowbox_linux::prepare::{Caller, PUBLISHER_DIRECTORY};
use lowbox_msix::Application;

use crate::arguments::PackageArguments;
use crate::failure::Failure;
use crate::file_kind::FileKind;
use crate::output;
use crate::package::Package;

/// What a shell says of a file that is no program.
const CAN_NOT_BE_RUN: u8 = 126;
/// What a shell says of a program that is not found.
const NOT_FOUND: u8 = 127;

/// A package that was chosen, held as long as this lives: its files stay, whatever is installed meanwhile.
#[derive(Clone, Debug)]
pub struct Chosen {
    /// The package.
    pub package: InstalledPackage,
    /// Which of its applications, if one was named.
    pub application: Option<String>,
    /// Its folder, and those of the packages that it needs.
    pub folders: Vec<PathBuf>,
    /// What holds them.
    _running: Arc<Vec<Running>>,
}

impl Chosen {
    /// What it is called on a command line: the family name, and the application where it was named.
    pub fn name(&self) -> String {
        let family = self.package.identity.family_name();
        match &self.application {
            // In one word of a shell.
            Some(id) => format!("'{family}!{id}'"),
            None => family,
        }
    }
}

/// The installed packages of the caller; `None` if none ever was installed.
///
/// # Errors
/// When their folder can't be trusted or read.
pub fn repository(caller: &Caller) -> Result<Option<Repository>, Failure> {
    Repository::open(&caller.folders, caller.user.home.as_deref()).map_err(Failure::new)
}

/// The installed package of that name.
///
/// # Errors
/// When there is none, or several.
pub fn find(caller: &Caller, name: &str) -> Result<(Repository, InstalledPackage), Failure> {
    let repository = repository(caller)?
        .ok_or_else(|| Failure::new(InstalledError::Unknown(name.chars().take(120).collect())))?;
    let package = repository.find(name).map_err(Failure::new)?;
    Ok((repository, package))
}

/// The package that the first word of a command names; `None` if it names a program.
///
/// After `--` it is a program, and the command of a package is that package. `NAME!ID` and family names are packages; a plain name is one if it is no program's in PATH, or if nothing else
/// can be meant (`only`).
///
/// # Errors
/// When both are there, or the package can't be run.
pub fn chosen(
    options: &PackageArguments,
    command: &[OsString],
    only: bool,
) -> Result<Option<Chosen>, Failure> {
    let named_otherwise = options.manifest.is_some() || options.name.is_some();
    let word = command.first().and_then(|word| word.to_str()).unwrap_or_default();
    if !only && is_package_file(word) {
        return Err(Failure::with_code(
            format!(
                "{0}: it is a package, and packages are run once they are installed: lowbox install {0}, then lowbox run NAME (lowbox show {0} \
                 tells its name)",
                output::visible(word)
            ),
            CAN_NOT_BE_RUN,
        ));
    }
    let is_program =
        named_otherwise || word.is_empty() || word.contains('/') || follows_dashes(command.len());
    if is_program && !only {
        return match named_otherwise || word.is_empty() {
            true => Ok(None),
            false => by_launcher(&Caller::current().map_err(Failure::new)?, word),
        };
    }
    let caller = Caller::current().map_err(Failure::new)?;
    if !only && let Some(chosen) = by_launcher(&caller, word)? {
        return Ok(Some(chosen));
    }
    let (name, id) = match word.split_once('!') {
        Some((name, id)) => (name, Some(id.to_owned())),
        None => (word, options.application.clone()),
    };
    let unknown = || Failure::new(InstalledError::Unknown(name.chars().take(120).collect()));
    let no_package = || match (only || word.contains('!'), is_in_path(&caller, name)) {
        (true, _) => Err(unknown()),
        (false, true) => Ok(None),
        (false, false) => Err(Failure::with_code(
            format!(
                "{}: no such program in PATH, and no package of that name is installed (lowbox list)",
                output::visible(word)
            ),
            NOT_FOUND,
        )),
    };
    let Some(repository) = repository(&caller)? else { return no_package() };
    let package = match repository.find(name) {
        Err(InstalledError::Unknown(_)) => return no_package(),
        found => found.map_err(Failure::new)?,
    };
    let is_short = name.eq_ignore_ascii_case(package.identity.name());
    if is_short && id.is_none() && !only && is_in_path(&caller, name) {
        return Err(Failure::new(format!(
            "{0} is a program in PATH and an installed package: lowbox run -- {0} is the program, lowbox run {1} the package",
            output::visible(name),
            package.identity.family_name()
        )));
    }
    take(&repository, package, id).map(Some)
}

/// The package whose command a word names, by a path or found in PATH: a launcher can't be run inside, where it would have to start lowbox, so
/// what it would start is run in its place.
fn by_launcher(caller: &Caller, word: &str) -> Result<Option<Chosen>, Failure> {
    let here = std::env::current_dir().unwrap_or_else(|_| "/".into());
    let Ok(found) = find_program(word.as_ref(), caller.variable("PATH").as_deref(), &here) else {
        return Ok(None);
    };
    // Most programs are no links, and then there is nothing to open.
    if std::fs::read_link(&found).is_err() {
        return Ok(None);
    }
    let Some(repository) = repository(caller)? else { return Ok(None) };
    let Some((family, command)) = repository.launched_by(&found) else { return Ok(None) };
    let package = repository.find(&family).map_err(Failure::new)?;
    let starts = |one: &&Application| one.integration.aliases.iter().any(|alias| alias.command() == command);
    let application = package.manifest.applications.iter().find(starts).map(|one| one.id.clone());
    match application {
        Some(application) => take(&repository, package, Some(application)).map(Some),
        None => Ok(None),
    }
}

/// Refuses a manifest that says to be of an installed package: anybody can write that, and would get that one's data and consents, which it has
/// because somebody who is trusted vouches for it.
///
/// # Errors
/// When there is such a package.
pub fn refuse_double(package: &Package) -> Result<(), Failure> {
    let caller = Caller::current().map_err(Failure::new)?;
    let Some(repository) = repository(&caller)? else { return Ok(()) };
    let family = package.identity.family_name();
    let shares = package.capabilities.iter().any(|name| name.eq_ignore_ascii_case(PUBLISHER_DIRECTORY));
    for (name, installed) in repository.list().map_err(Failure::new)? {
        let Ok(installed) = installed else { continue };
        if !installed.record.trusted {
            continue;
        }
        // SIDs derive from names in lower case.
        if name.eq_ignore_ascii_case(&family) {
            return Err(Failure::new(format!(
                "the package {family} is installed, and a manifest that only says so would get its data and what you allowed it. Run it by its \
                 name, give the manifest another Name or Publisher, or remove the package first"
            )));
        }
        if shares && installed.identity.publisher() == package.identity.publisher() {
            return Err(Failure::new(format!(
                "{name} is installed, and a manifest that only says to be of its publisher would get the folder that this publisher's packages share \
                 ({PUBLISHER_DIRECTORY}). Give the manifest another Publisher, or install it as a package"
            )));
        }
    }
    Ok(())
}

/// Chooses a package.
///
/// # Errors
/// When it, or one that it needs, was removed meanwhile.
pub fn take(
    repository: &Repository,
    package: InstalledPackage,
    application: Option<String>,
) -> Result<Chosen, Failure> {
    let mut running = Vec::new();
    let mut folders = Vec::new();
    let needed = repository.graph(&package).map_err(Failure::new)?;
    for one in std::iter::once(&package).chain(&needed) {
        let held = one.run().map_err(Failure::new)?.ok_or_else(|| {
            Failure::new(format!("{} was removed or replaced just now; start it again", one.record.full_name))
        })?;
        running.push(held);
        folders.push(one.folder());
    }
    Ok(Chosen { package, application, folders, _running: Arc::new(running) })
}

/// Whether a file of that name is there and is a package, or leads to one, by its name and how it begins.
fn is_package_file(word: &str) -> bool {
    let lower = word.to_ascii_lowercase();
    let is_named = [".msix", ".appx", ".msixbundle", ".appxbundle", ".appinstaller"];
    is_named.iter().any(|end| lower.ends_with(end))
        && matches!(FileKind::of(word.as_ref()), Some(FileKind::Zip | FileKind::AppInstaller))
}

/// Whether `--` stands before the command on lowbox's own command line.
fn follows_dashes(words: usize) -> bool {
    let all: Vec<OsString> = std::env::args_os().collect();
    let before = all.len().checked_sub(words + 1).and_then(|at| all.get(at));
    before.is_some_and(|word| word == "--")
}

fn is_in_path(caller: &Caller, name: &str) -> bool {
    let path = caller.variable("PATH");
    find_program(OsStr::new(name).as_ref(), path.as_deref(), "/".as_ref()).is_ok()
}
