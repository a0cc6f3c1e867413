//! The objects of a launch: the catalogue, the package's private data, and what the user named.

use std::fs;
use std::io::{self, Read};
use std::os::unix::fs::OpenOptionsExt;
use std::path::{Path, PathBuf};

use lowbox_policy::objects::MAX_TEXT;
use lowbox_policy::{
    GrantRights, NodeKind, Object, Origin, Variables, built_in_objects, built_in_objects_for,
    grant_descriptor, is_within, parse_objects,
};
use lowbox_security::Token;

use super::program::Found;
use super::{Caller, Grantable, Notice, PrepareError, Request};
use crate::host::{NameError, canonical, library_folders, name};
use crate::launch::PackageData;

/// What the catalogue's `{home}` and its like stand for.
pub fn variables(caller: &Caller, publisher_id: &str) -> Variables {
    let mut variables = Variables::new();
    let real = |path: PathBuf| canonical(&path).unwrap_or(path);
    if let Some(home) = &caller.user.home {
        variables.set("home", home.clone());
        let config = caller.folders.config.parent().unwrap_or(home);
        for (name, path) in library_folders(home, config) {
            variables.set(name, path);
        }
        variables.set("cache", real(home.join(".cache")));
    }
    for (name, folder) in [("config", &caller.folders.config), ("data", &caller.folders.data)] {
        if let Some(parent) = folder.parent() {
            variables.set(name, real(parent.to_owned()));
        }
    }
    if let Some(runtime) =
        caller.variable("XDG_RUNTIME_DIR").map(PathBuf::from).filter(|path| path.is_absolute())
    {
        variables.set("runtime", real(runtime));
    }
    if !publisher_id.is_empty() {
        variables.set("publisher", real(caller.folders.data.join("publisher").join(publisher_id)));
    }
    variables.set("user", caller.user.name.clone());
    variables
}

/// The built-in catalogue with the administrator's, the user's and `more` additions.
///
/// # Errors
/// [`PrepareError::Objects`] with file and line, [`PrepareError::ObjectFile`].
pub fn catalogue(
    caller: &Caller,
    token: &Token,
    publisher_id: &str,
    more: &[PathBuf],
) -> Result<Vec<Object>, PrepareError> {
    let variables = variables(caller, publisher_id);
    let objects = built_in_objects(&variables, token)?;
    with_additions(objects, &caller.folders.object_files(), token, &variables, more)
}

/// What of the catalogue can matter to `request`'s program: the additions, and the built-in entries that are not for
/// other capabilities only.
pub(super) fn relevant_catalogue(
    caller: &Caller,
    token: &Token,
    request: &Request,
) -> Result<Vec<Object>, PrepareError> {
    // Without capabilities no built-in entry that is read has a variable; finding their values takes dozens of calls.
    let additions = caller.folders.object_files();
    let variables =
        if request.capabilities.is_empty() && additions.is_empty() && request.object_files.is_empty() {
            Variables::new()
        } else {
            variables(caller, &request.publisher_id)
        };
    let objects = built_in_objects_for(&variables, token, &request.capabilities)?;
    with_additions(objects, &additions, token, &variables, &request.object_files)
}

fn with_additions(
    mut objects: Vec<Object>,
    additions: &[PathBuf],
    token: &Token,
    variables: &Variables,
    more: &[PathBuf],
) -> Result<Vec<Object>, PrepareError> {
    for path in additions.iter().chain(more) {
        let text = read_object_file(path)
            .map_err(|source| PrepareError::ObjectFile { path: path.clone(), source })?;
        objects.extend(parse_objects(&text, &path.display().to_string(), variables, token)?);
    }
    Ok(objects)
}

/// The catalogue alone, for explanations: which of its entries would open what, under which capability.
///
/// # Errors
/// As [`catalogue`].
pub fn catalogue_of_all_capabilities(
    caller: &Caller,
    request: &Request,
) -> Result<Vec<Object>, PrepareError> {
    let (token, _) = super::token(caller, request)?;
    catalogue(caller, &token, &request.publisher_id, &request.object_files)
}

/// An object of this package alone.
fn own(token: &Token, path: &Path, rights: GrantRights, origin: Origin) -> Object {
    let package = &token.app_container.as_ref().expect("a program's token has a package").package;
    Object::new(path, grant_descriptor(package, rights), origin)
}

pub(super) fn add_private_data(
    objects: &mut Vec<Object>,
    token: &Token,
    data: &PackageData,
    personal: &mut Vec<PathBuf>,
) {
    objects.push(own(token, &data.local_state, GrantRights::ALL, Origin::PrivateData));
    personal.push(data.local_state.clone());
}

pub(super) fn add_grants(
    objects: &mut Vec<Object>,
    token: &Token,
    request: &Request,
    grantable: &Grantable<'_>,
    personal: &mut Vec<PathBuf>,
) -> Result<(), PrepareError> {
    for grant in &request.grants {
        let named = grantable.name(&grant.path, grant.rights)?;
        let mut object = own(token, &named.path, grant.rights, Origin::Grant);
        object.identity = Some(named.id);
        objects.push(object);
        personal.push(named.path);
    }
    Ok(())
}

/// A regular file that is named as an argument is granted for reading: to name it is consent. Its folder is not, and what
/// a link leads to is not.
pub(super) fn add_arguments(
    objects: &mut Vec<Object>,
    token: &Token,
    request: &Request,
    personal: &mut Vec<PathBuf>,
    notices: &mut Vec<Notice>,
) {
    if !request.argument_grants {
        return;
    }
    for argument in &request.arguments {
        let path = Path::new(argument);
        // Most arguments are no paths, and the longest path is shorter than the longest argument.
        if argument.is_empty() || argument.len() > 4096 {
            continue;
        }
        match name(path) {
            Ok(named) if named.id.kind == NodeKind::File => {
                let mut object = own(token, &named.path, GrantRights::READ, Origin::Argument);
                object.identity = Some(named.id);
                objects.push(object);
                personal.push(named.path);
            }
            Err(error @ NameError::Link { .. }) if is_users_file(path) => {
                notices.push(Notice::Argument(format!("not granted: {error}")));
            }
            _ => {}
        }
    }
}

/// Whether a link leads to a regular file that the catalogue does not show anyway.
fn is_users_file(path: &Path) -> bool {
    let shown = ["/usr", "/proc", "/dev"];
    fs::canonicalize(path).is_ok_and(|end| end.is_file() && !shown.iter().any(|shown| end.starts_with(shown)))
}

/// The files of an installed package and of those that it needs: nobody named them, so they may lie in lowbox's own folder.
pub(super) fn add_package(
    objects: &mut Vec<Object>,
    token: &Token,
    request: &Request,
    personal: &mut Vec<PathBuf>,
) -> Result<(), NameError> {
    for folder in &request.package_folders {
        let named = name(folder)?;
        let mut object = own(token, &named.path, GrantRights::READ_EXECUTE, Origin::Package);
        object.identity = Some(named.id);
        objects.push(object);
        personal.push(named.path);
    }
    Ok(())
}

pub(super) fn add_program(
    objects: &mut Vec<Object>,
    token: &Token,
    found: &Found,
    request: &Request,
    personal: &mut Vec<PathBuf>,
) {
    let of_package = |path: &Path| request.package_folders.iter().any(|folder| is_within(path, folder));
    for grant in found.grants.iter().filter(|grant| !of_package(&grant.path)) {
        let mut object = own(token, &grant.path, GrantRights::READ_EXECUTE, Origin::Program);
        object.identity = Some(grant.id);
        objects.push(object);
        personal.push(grant.path.clone());
    }
}

/// The text of an object file. Only a regular one of a bounded size: anything else would never end.
fn read_object_file(path: &Path) -> io::Result<String> {
    let flags = libc::O_NONBLOCK | libc::O_NOCTTY;
    let file = fs::OpenOptions::new().read(true).custom_flags(flags).open(path)?;
    if !file.metadata()?.is_file() {
        return Err(io::Error::other("it is not a regular file"));
    }
    let mut text = String::new();
    file.take(MAX_TEXT as u64 + 1).read_to_string(&mut text)?;
    Ok(text)
}
