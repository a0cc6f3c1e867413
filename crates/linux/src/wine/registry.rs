//! The registry that a package brings with it (`Registry.dat`, `User.dat`, `UserClasses.dat`), brought into that of its prefix.
//!
//! On Windows a package's hives lie beneath what its programs write. Wine has one registry, so what a version of the package says is
//! imported into it, by Wine itself, in a container of its own without anything granted, before a program of that version first runs. What
//! was imported is kept beside the prefix, where no program reaches it: of another version only the difference is imported, so what
//! programs and the user changed stays, but for values that the package itself changed. Nothing here reads what programs wrote.

use std::fmt::Write;
use std::fs;
use std::io::{self, Read};
use std::os::unix::fs::MetadataExt;
use std::path::{Path, PathBuf};

use lowbox_msix::registry::{HIVES, MAX_BYTES, PackageRegistry, Tokens, import_text};
use lowbox_security::derive::package_sid;

use super::package_files::{IMPORT_FILE, folders};
use super::prefix::{CHANGES, PREFIX, take_import};
use super::template::in_container;
use super::{PrefixOf, Template, Wine, WineError, WineRun};
use crate::host::{Shown, canonical, container_user, open_regular, replace_file};
use crate::prepare::{Caller, Request};

/// What was imported, in the package's folder of changes: a line that says from which hives, and the keys as a hive.
const RECORD: &str = "registry";

/// A hive of a package.
struct Hive {
    /// Of [`HIVES`].
    name: &'static str,
    path: PathBuf,
    package: PathBuf,
}

/// Imports what the request's packages have for the registry and this prefix has not yet. Returns what the user should know. The calling process must
/// be single-threaded.
///
/// # Errors
/// [`WineError`]. Hives that can't be read are no error: the program may do without, and the user hears of it.
pub fn bring_in(
    caller: &Caller,
    wine: &Wine,
    template: &Template,
    request: &Request,
) -> Result<Vec<String>, WineError> {
    let package = caller.folders.data.join("packages").join(&request.family_name);
    // Links on the way are the user's, and are followed to where the launch looks.
    let package = canonical(&package).unwrap_or(package);
    let record_path = package.join(CHANGES).join(RECORD);
    let hives = hives(&request.package_folders);
    let record = read_bounded(&record_path).ok();
    if hives.is_empty() && record.is_none() {
        return Ok(Vec::new());
    }
    let mut notices = Vec::new();
    let source = fingerprint(&hives);
    let old = record.as_deref().and_then(split).map(|(of, hive)| (of, PackageRegistry::from_hive(hive)));
    if old.as_ref().is_some_and(|(of, _)| *of == source.as_bytes()) {
        return Ok(Vec::new());
    }
    let user = container_user(&caller.user, &package_sid(&request.family_name)).name;
    let mut new = PackageRegistry::default();
    let mut whole = true;
    // What is needed comes first, and the package's own counts.
    for hive in hives.iter().rev() {
        match add(&mut new, hive, &user) {
            Ok(unknown) => notices.extend(unknown),
            Err(what) => {
                whole = false;
                notices.push(format!("{}: {what}; its keys are left out", Shown(&hive.path)));
            }
        }
    }
    let old = old.and_then(|(_, registry)| registry.ok()).unwrap_or_default();
    let wrong = |error: &dyn std::fmt::Display| WineError::Registry(error.to_string());
    let kept = new.to_hive().map_err(|error| wrong(&error))?;
    if let Some(text) = import_text(&old, &new) {
        let import = Request {
            family_name: request.family_name.clone(),
            program: wine.loader.clone().into(),
            arguments: vec!["reg".into(), "import".into(), format!("C:\\{IMPORT_FILE}").into()],
            wine: Some(WineRun { wine: wine.clone(), prefix: PrefixOf::Importing(template.clone(), text) }),
            working_directory: Some("/".into()),
            ..Request::default()
        };
        let imported = in_container(caller, &import, &mut || ());
        if template.is_copied() {
            // An overlay has it in memory.
            let prefix = package.join(PREFIX);
            take_import(&prefix).map_err(WineError::at(prefix))?;
        }
        imported.map_err(|what| wrong(&what))?;
    }
    // Where nothing had to be imported there may be no prefix yet, and the next start looks again.
    if whole && record_path.parent().is_some_and(Path::is_dir) {
        let bytes = [source.as_bytes(), b"\n", &kept].concat();
        replace_file(&record_path, |file| io::Write::write_all(file, &bytes))
            .map_err(WineError::at(&record_path))?;
    }
    Ok(notices)
}

/// Those in the folders of packages; the package's own last of all, as they count.
fn hives(folders: &[PathBuf]) -> Vec<Hive> {
    let mut hives = Vec::new();
    for package in folders {
        let Ok(entries) = fs::read_dir(package) else { continue };
        for entry in entries.flatten() {
            let name = entry.file_name();
            let known = HIVES.iter().find(|known| name.eq_ignore_ascii_case(known));
            if let Some(name) = known.filter(|_| entry.file_type().is_ok_and(|kind| kind.is_file())) {
                hives.push(Hive { name, path: entry.path(), package: package.clone() });
            }
        }
    }
    // Within a package, as they are listed there.
    hives.sort_by_key(|hive| {
        let package = folders.iter().position(|folder| *folder == hive.package);
        (package, HIVES.iter().rev().position(|name| *name == hive.name))
    });
    hives
}

/// Tells these hives from others. An installed file is not changed but replaced.
fn fingerprint(hives: &[Hive]) -> String {
    let mut all = String::new();
    for hive in hives {
        let found = fs::symlink_metadata(&hive.path);
        let known = found.map(|found| (found.len(), found.ino(), found.mtime(), found.mtime_nsec()));
        let _ = write!(all, "{:?} {known:?};", hive.path);
    }
    all
}

/// Adds a hive, with the names of folders in it as they are for this user. Says which keys are left out.
fn add(registry: &mut PackageRegistry, hive: &Hive, user: &str) -> Result<Vec<String>, String> {
    let bytes = read_bounded(&hive.path).map_err(|error| error.to_string())?;
    let mut own = PackageRegistry::default();
    let unknown = own.add(hive.name, &bytes).map_err(|error| error.to_string())?;
    registry.merge(own.expand(&tokens(&hive.package, user)));
    let left_out =
        |key: String| format!("{}: {} is left out: no program would see it", Shown(&hive.path), Shown(&key));
    Ok(unknown.into_iter().map(left_out).collect())
}

/// What hives of a package call folders.
fn tokens(package: &Path, user: &str) -> Tokens {
    let mut all = folders(user);
    // …/apps/FAMILY/FULL_NAME/package
    if let Some(full_name) = package.parent().and_then(Path::file_name).and_then(|name| name.to_str()) {
        let root = format!(r"C:\Program Files\WindowsApps\{full_name}");
        all.extend(["AppVPackageRoot", "PackageRoot"].map(|token| (token.to_owned(), root.clone())));
    }
    Tokens::new(all)
}

fn split(record: &[u8]) -> Option<(&[u8], &[u8])> {
    let end = record.iter().position(|byte| *byte == b'\n')?;
    Some((&record[..end], &record[end + 1..]))
}

fn read_bounded(path: &Path) -> io::Result<Vec<u8>> {
    let mut bytes = Vec::new();
    open_regular(path)?.take(2 * MAX_BYTES as u64).read_to_end(&mut bytes)?;
    Ok(bytes)
}
