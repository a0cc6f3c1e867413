//! The registry that a package brings with it (`Registry.dat`, `User.dat`, `UserClasses.dat`), brought into that of its prefix.
//!
//! On Windows a package's hives lie beneath what its programs write. Wine has one registry, so what a version of the package says is
//! imported into it, by Wine itself, in a container of its own without anything granted, before a program of that version first runs. What
//! was imported is kept beside the prefix, where no program reaches it: of another version only the difference is imported, so what
//! programs and the user changed stays, but for values that the package itself changed. Nothing here reads what programs wrote.

use std::fmt::Write;
use std::fs;
use std::io::{self, BufRead, BufReader, Read};
use std::os::unix::fs::MetadataExt;
use std::path::{Path, PathBuf};

use lowbox_msix::registry::{HIVES, MAX_BYTES, PackageRegistry, Tokens, import_text};
use lowbox_security::derive::package_sid;

use super::package_files::folders;
use super::prefix::CHANGES;
use super::template::in_container;
use super::{IMPORTED, PrefixOf, Template, Wine, WineError, WineRun};
use crate::host::{Shown, canonical, container_user, open_regular, replace_file};
use crate::prepare::{Caller, Request};

/// What was imported, in the package's folder of changes: a line that says from which hives, and the keys as a hive.
const RECORD: &str = "registry";

/// Hives of more are left out: as a text, in which Wine wants them, they are six times as large.
const MAX_HIVE: u64 = 16 << 20;
/// The first line of a record at most.
const MAX_LINE: u64 = 1 << 20;

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
    let mut record = open_regular(&record_path).ok().map(BufReader::new);
    if hives.is_empty() && record.is_none() {
        return Ok(Vec::new());
    }
    let mut notices = Vec::new();
    let source = fingerprint(&hives);
    let mut known = Vec::new();
    if let Some(record) = &mut record {
        let read = record.take(MAX_LINE).read_until(b'\n', &mut known);
        read.map_err(WineError::at(&record_path))?;
    }
    if known.strip_suffix(b"\n") == Some(source.as_bytes()) {
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
    let old = record.and_then(|record| read_bounded(record, MAX_BYTES as u64).ok());
    let old = old.and_then(|hive| PackageRegistry::from_hive(&hive).ok()).unwrap_or_default();
    let wrong = |error: &dyn std::fmt::Display| WineError::Registry(error.to_string());
    let kept = new.to_hive().map_err(|error| wrong(&error))?;
    if let Some(text) = import_text(&old, &new) {
        let import = Request {
            family_name: request.family_name.clone(),
            program: wine.loader.clone().into(),
            arguments: vec!["reg".into(), "import".into(), format!(r"\\.\{IMPORTED}").into()],
            wine: Some(WineRun {
                wine: wine.clone(),
                prefix: PrefixOf::Importing(template.clone(), text),
                alone: true,
            }),
            working_directory: Some("/".into()),
            ..Request::default()
        };
        in_container(caller, &import, &mut || ()).map_err(|what| wrong(&what))?;
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
    let bytes = open_regular(&hive.path).and_then(|file| read_bounded(file, MAX_HIVE + 1));
    let bytes = bytes.map_err(|error| error.to_string())?;
    if bytes.len() as u64 > MAX_HIVE {
        return Err("it has more than 16 MiB".to_owned());
    }
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

fn read_bounded(file: impl Read, most: u64) -> io::Result<Vec<u8>> {
    let mut bytes = Vec::new();
    file.take(most).read_to_end(&mut bytes)?;
    Ok(bytes)
}
