//! Windows programs, by Wine.
//!
//! A file that is a Windows program ([`executable`]) is started by Wine's loader ([`find`]) in a container as every program is: identity,
//! token, access check, plan. What comes to it is data for the launch ([`WineSpec`]): a prefix (Wine's drive C: and registry), made of a
//! template ([`template`]), the package's registry ([`registry`]) and its own changes ([`prefix`]); drives for what is granted ([`drives`]); Wine's server, started before
//! the program ([`start`]); and a shorter list of system calls (`seccomp/wine.txt`).
//!
//! Wine is no boundary, and nothing here is one: its server runs inside, with the program's rights, and what a program reaches is what
//! the view, Landlock and the filter leave to it.

mod drives;
mod error;
mod executable;
mod find;
mod libraries;
pub(crate) mod package_files;
pub(crate) mod prefix;
mod registry;
pub(crate) mod start;
mod template;
pub(crate) mod told;

use std::ffi::OsString;
use std::path::{Path, PathBuf};

use lowbox_msix::Subsystem;
use lowbox_policy::{Bind, NodeKind, Object, Origin, os_bytes};
use lowbox_security::AppContainer;
use serde::{Deserialize, Serialize};

pub use drives::{Drive, host_path, windows_path};
pub use error::WineError;
pub use find::Wine;
pub use libraries::Library;
pub(crate) use libraries::libraries;
pub(crate) use package_files::Data;
pub use package_files::PackageEntry;
use package_files::PackageFiles;
pub use prefix::Source;
pub use registry::bring_in;
pub use template::Template;
pub use told::PackageIdentity;

use crate::host::{EnvironmentRequest, find_program};
use crate::prepare::{Caller, Request};
use drives::Place;
use prefix::Ready;

/// How a request's program is run by Wine.
#[derive(Clone, Debug)]
pub struct WineRun {
    /// By which.
    pub wine: Wine,
    /// In which prefix.
    pub prefix: PrefixOf,
    /// What is left when the program ends is ended too.
    pub alone: bool,
}

/// Whose prefix it is.
#[derive(Clone, Debug)]
pub enum PrefixOf {
    /// The package's, above this template.
    Package(Template),
    /// The same, and nothing of a package in it but a text for `reg import` ([`IMPORTED`]).
    Importing(Template, Vec<u8>),
    /// A template's, which is being made in this folder.
    Making(PathBuf),
}

/// What a launch needs to know of Wine.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize)]
pub struct WineSpec {
    /// Wine's server, as the container sees it.
    #[serde(with = "os_bytes")]
    pub server: PathBuf,
    /// Where the prefix is inside.
    #[serde(with = "os_bytes")]
    pub prefix: PathBuf,
    /// What it is made of.
    pub source: Source,
    /// What has a letter beside `C:`.
    pub drives: Vec<Drive>,
    /// What of packages lies in it, where it is an overlay.
    pub package_files: Vec<PackageEntry>,
    /// Which of it leads to the user's libraries.
    pub libraries: Vec<Library>,
    /// What the program is told of its container, where Wine's files have the add-on for it.
    pub told: Option<Vec<u8>>,
    /// A text for `reg import`, beside its drives as [`IMPORTED`].
    pub imported: Option<Vec<u8>>,
    /// Whether everything ends with the program: Wine's server is told to write the registry, and what Wine itself started beside the program
    /// (the desktop waits five seconds for another one) is not waited for.
    pub alone: bool,
}

impl WineSpec {
    /// The host's path of what a program opened, behind its drive. `None` for what is the prefix's own, and for what Wine itself looks at in
    /// each start and does without.
    pub fn host_path(&self, path: &Path) -> Option<PathBuf> {
        let all = links_of_drives(self);
        if let Some((link, folder)) = all.iter().find(|(link, _)| path.starts_with(link)) {
            return Some(folder.join(path.strip_prefix(link).ok()?));
        }
        let is_wines =
            path.starts_with(&self.prefix) || DOES_WITHOUT.iter().any(|place| path.starts_with(place));
        (!is_wines).then(|| path.to_owned())
    }

    /// Names for a program and its arguments, and what the launch needs for it.
    pub(crate) fn new(run: &WineRun, ready: &Ready, named: &Named<'_>) -> (WineSpec, Vec<OsString>) {
        let imported = match &run.prefix {
            PrefixOf::Importing(_, text) => Some(text.clone()),
            PrefixOf::Package(_) | PrefixOf::Making(_) => None,
        };
        let files = match &ready.source {
            Source::Overlay { template, .. } if imported.is_none() => PackageFiles::of(
                &package_files::list,
                &named.data,
                named.libraries,
                named.packages,
                template,
                named.user,
            ),
            Source::Overlay { .. } | Source::Folder(_) => PackageFiles::default(),
        };
        let drives = drives::drives(named.working_folder, &places(named, &files), named.to_ask_for);
        let arguments = arguments(&run.wine.loader, named, &drives, &files);
        let told = ready.is_told.then(|| {
            let folder = named.package.map(|package| package.folder.as_path());
            let folder = folder.and_then(|path| windows_name(path, &files, &drives));
            let container_folder = files.own_folder.as_deref();
            told::answers(named.container, named.package, folder.as_deref(), container_folder, named.asks)
        });
        let spec = WineSpec {
            server: run.wine.server.clone(),
            prefix: ready.path.clone(),
            source: ready.source.clone(),
            drives,
            package_files: files.entries,
            libraries: files.libraries,
            told,
            imported,
            alone: run.alone,
        };
        (spec, arguments)
    }
}

/// What of a launch has to be named as Windows names it.
pub(crate) struct Named<'a> {
    pub(crate) program: &'a Path,
    pub(crate) arguments: &'a [OsString],
    pub(crate) working_folder: &'a Path,
    pub(crate) objects: &'a [Object],
    pub(crate) binds: &'a [Bind],
    /// Folders of packages' files.
    pub(crate) packages: &'a [PathBuf],
    /// The user's name in the container.
    pub(crate) user: &'a str,
    /// Who the program is.
    pub(crate) container: &'a AppContainer,
    /// Of which package, if it is of one.
    pub(crate) package: Option<&'a PackageIdentity>,
    /// Its private folders.
    pub(crate) data: Data<'a>,
    /// The user's libraries that it holds the capabilities of.
    pub(crate) libraries: &'a [Library],
    /// Folders of which the user can be asked for something.
    pub(crate) to_ask_for: &'a [PathBuf],
    /// Everything is there, because nothing is denied.
    pub(crate) sees_all: bool,
    /// What the user is asked while it runs.
    pub(crate) asks: told::Asks,
}

/// Whether the request's program is a Windows program, by which Wine it is run then, and what user interface it has.
///
/// # Errors
/// [`WineError::Missing`], [`WineError::NotRunnable`].
pub fn needed(caller: &Caller, request: &Request) -> Result<Option<(Wine, Subsystem)>, WineError> {
    let path = caller.variable("PATH");
    let folder =
        request.working_directory.clone().or_else(|| std::env::current_dir().ok()).unwrap_or_default();
    // One that is not found, or can't be read, is told of where it is prepared.
    let Ok(program) = find_program(Path::new(&request.program), path.as_deref(), &folder) else {
        return Ok(None);
    };
    match executable::windows_program(&program)? {
        Some(interface) => Ok(Some((Wine::find(caller)?, interface))),
        None => Ok(None),
    }
}

/// What Wine itself looks at in each start, and does without: what the machine is made of, its ports, and who it is.
pub(crate) const DOES_WITHOUT: [&str; 4] =
    ["/sys/devices/system/cpu", "/sys/devices/system/node", "/var/lib/dbus/machine-id", "/etc/machine-id"];

/// The links by which Wine opens what lies on a drive or in a library, and the folders that they lead to.
pub(crate) fn links_of_drives(wine: &WineSpec) -> Vec<(PathBuf, PathBuf)> {
    let link =
        |drive: &Drive| wine.prefix.join(DRIVES).join(format!("{}:", drive.letter.to_ascii_lowercase()));
    let drives = wine.drives.iter().map(|drive| (link(drive), drive.folder.clone()));
    let library = |library: &Library| (wine.prefix.join(&library.at), library.folder.clone());
    drives.chain(wine.libraries.iter().map(library)).collect()
}

/// The text for `reg import`, in the folder of drives: a program can write to all of drive C:, and could put something in its place there.
pub(crate) const IMPORTED: &str = "lowbox-registry";

/// Wine's folder of drives, in a prefix.
pub(crate) const DRIVES: &str = "dosdevices";

/// Variables for Wine. Of no use to an attacker: who can set them inside can as well start Wine's parts without them.
pub(crate) fn environment(
    caller: &Caller,
    ready: &Ready,
    package: Option<&PackageIdentity>,
) -> Vec<EnvironmentRequest> {
    let has_locale = ["LC_ALL", "LC_CTYPE", "LANG"].iter().any(|name| caller.variable(name).is_some());
    // Else Wine takes names of files for ASCII.
    let locale = (!has_locale).then_some(("LC_CTYPE", "C.UTF-8".into()));
    // No menus of the host's are written, and nobody is asked to fetch a .NET or an HTML engine.
    let mut overrides = String::from("mscoree,mshtml=;winemenubuilder.exe=d");
    if ready.is_told {
        overrides = format!("{overrides};{}", told::overrides());
    }
    [
        ("WINEPREFIX", ready.path.as_os_str().to_owned()),
        // Its messages are for Wine's makers.
        ("WINEDEBUG", "-all".into()),
        ("WINEDLLOVERRIDES", overrides.into()),
    ]
    .into_iter()
    .chain(locale)
    .chain(package.filter(|_| ready.is_told).and_then(PackageIdentity::variable))
    .map(|(name, value): (&str, OsString)| EnvironmentRequest { name: name.into(), value: Some(value) })
    .collect()
}

/// What is worth a drive: what was granted. The system's places are not.
fn places(named: &Named<'_>, files: &PackageFiles) -> Vec<Place> {
    // Packages have names on C:, unless there are none.
    let is_worth_it = |object: &Object| {
        object.origin.is_grant() || (object.origin == Origin::Package && !files.name_packages)
    };
    let is_granted =
        |path: &Path| named.objects.iter().any(|object| object.path == path && is_worth_it(object));
    // The catalogue's are the system's, but for the user's libraries and media, which a capability opens.
    const OF_THE_USER: [&str; 5] = ["/home", "/root", "/media", "/mnt", "/run/media"];
    let is_users = |path: &Path| OF_THE_USER.iter().any(|place| path.starts_with(place));
    let private = named.objects.iter().find(|object| object.origin == Origin::PrivateData);
    let is_packages = |path: &Path| named.packages.iter().any(|folder| path.starts_with(folder));
    let mut places: Vec<Place> = named
        .binds
        .iter()
        .filter(|bind| is_granted(&bind.path) || (is_users(&bind.path) && !is_packages(&bind.path)))
        .filter(|bind| private.is_none_or(|own| own.path != bind.path))
        .filter(|bind| matches!(bind.id.kind, NodeKind::Dir | NodeKind::File))
        .map(|bind| Place { path: bind.path.clone(), is_folder: bind.id.kind == NodeKind::Dir })
        .collect();
    if named.sees_all {
        let words = named.arguments.iter().map(Path::new).filter(|path| path.is_absolute());
        places.extend(words.filter_map(|path| {
            let found = path.symlink_metadata().ok()?;
            Some(Place { path: path.to_owned(), is_folder: found.is_dir() })
        }));
    }
    places
}

/// What Windows calls a path, on C: or on a drive.
fn windows_name(path: &Path, files: &PackageFiles, drives: &[Drive]) -> Option<String> {
    files.windows_path(path).or_else(|| windows_path(drives, path))
}

/// The command line of Wine's loader: the program, then its arguments, paths by their Windows names where they have one.
fn arguments(loader: &Path, all: &Named<'_>, drives: &[Drive], files: &PackageFiles) -> Vec<OsString> {
    let named = |path: &Path| windows_name(path, files, drives).map(OsString::from);
    let program = all.program;
    let is_on_a_drive = named(all.working_folder).is_some();
    let word = |word: &OsString| {
        let path = Path::new(word);
        // `/c` may be an option: only what is there is a path.
        let exists = |path: &Path| path.symlink_metadata().is_ok();
        let path = match path.is_absolute() {
            true => path.to_owned(),
            // Relative ones mean the same inside, unless Wine has no word for the working folder and starts elsewhere.
            false if is_on_a_drive || word.is_empty() => return word.clone(),
            false => all.working_folder.join(path),
        };
        named(&path).filter(|_| exists(&path)).unwrap_or_else(|| word.clone())
    };
    let own = (program != loader).then(|| named(program).unwrap_or_else(|| program.as_os_str().to_owned()));
    std::iter::once(loader.as_os_str().to_owned()).chain(own).chain(all.arguments.iter().map(word)).collect()
}
