//! Where a keeper listens: a folder in lowbox's own, which no grant opens, with a socket for each package.

use std::fs::DirBuilder;
use std::io;
use std::os::fd::{AsRawFd, OwnedFd};
use std::os::unix::fs::DirBuilderExt;
use std::path::Path;

use rustix::fs::{AtFlags, Mode, OFlags, fstat, open, unlinkat};
use rustix::net::{
    AddressFamily, SocketAddrUnix, SocketFlags, SocketType, accept_with, bind, connect, listen, socket_with,
};
use rustix::process::geteuid;

use super::MOST_CALLERS;
use super::peer::Peer;
use crate::host::Folders;

/// The folder, in lowbox's.
const FOLDER: &str = "kept";

/// A socket that is listened to. Dropping it takes its name away.
#[derive(Debug)]
pub(super) struct Place {
    folder: OwnedFd,
    family: String,
    listener: OwnedFd,
}

impl Place {
    /// Listens for callers of a package. Whoever does holds the lock of the package's prefix, so what is there is left over.
    ///
    /// # Errors
    /// When the folder is somebody else's; the system's.
    pub(super) fn bind(folders: &Folders, family: &str) -> io::Result<Place> {
        let path = folders.data.join(FOLDER);
        match DirBuilder::new().mode(0o700).create(&path) {
            Err(error) if error.kind() != io::ErrorKind::AlreadyExists => return Err(error),
            _ => {}
        }
        let folder = own_folder(&path)?;
        match unlinkat(&folder, family, AtFlags::empty()) {
            Ok(()) | Err(rustix::io::Errno::NOENT) => {}
            Err(error) => return Err(error.into()),
        }
        let listener = unix_socket()?;
        bind(&listener, &address(&folder, family)?)?;
        listen(&listener, MOST_CALLERS as i32)?;
        Ok(Place { folder, family: family.to_owned(), listener })
    }

    pub(super) fn listener(&self) -> &OwnedFd {
        &self.listener
    }

    /// The next caller; `None` if there is none, or none that may call.
    pub(super) fn accept(&self) -> Option<(OwnedFd, Peer)> {
        let caller = accept_with(&self.listener, SocketFlags::CLOEXEC).ok()?;
        let peer = Peer::of(&caller)?;
        Some((caller, peer))
    }
}

impl Drop for Place {
    fn drop(&mut self) {
        let _ = unlinkat(&self.folder, self.family.as_str(), AtFlags::empty());
    }
}

/// Calls the keeper of a package's container; `None` if there is none.
///
/// # Errors
/// When what listens there is not the user's own lowbox, or has too many callers; the system's.
pub(super) fn call(folders: &Folders, family: &str) -> io::Result<Option<OwnedFd>> {
    let folder = match own_folder(&folders.data.join(FOLDER)) {
        Err(error) if error.kind() == io::ErrorKind::NotFound => return Ok(None),
        folder => folder?,
    };
    let socket = unix_socket()?;
    match connect(&socket, &address(&folder, family)?) {
        Ok(()) if Peer::of(&socket).is_some() => Ok(Some(socket)),
        Ok(()) => Err(io::Error::other("what listens there is not your own lowbox")),
        Err(rustix::io::Errno::NOENT | rustix::io::Errno::CONNREFUSED) => Ok(None),
        Err(error) => Err(error.into()),
    }
}

/// Without links, the user's, and nobody else's to write to or look into.
fn own_folder(path: &Path) -> io::Result<OwnedFd> {
    let flags = OFlags::PATH | OFlags::DIRECTORY | OFlags::NOFOLLOW | OFlags::CLOEXEC;
    let folder = open(path, flags, Mode::empty())?;
    let found = fstat(&folder)?;
    if found.st_uid != geteuid().as_raw() || found.st_mode & 0o077 != 0 {
        return Err(io::Error::new(
            io::ErrorKind::PermissionDenied,
            "the folder is not your own alone; move it away",
        ));
    }
    Ok(folder)
}

/// Never waits: neither to connect nor to accept.
fn unix_socket() -> io::Result<OwnedFd> {
    let flags = SocketFlags::CLOEXEC | SocketFlags::NONBLOCK;
    Ok(socket_with(AddressFamily::UNIX, SocketType::SEQPACKET, flags, None)?)
}

/// By the folder's descriptor: the whole path may be longer than an address.
fn address(folder: &OwnedFd, family: &str) -> io::Result<SocketAddrUnix> {
    Ok(SocketAddrUnix::new(format!("/proc/self/fd/{}/{family}", folder.as_raw_fd()))?)
}

#[cfg(test)]
mod tests {
    use super::*;
    use std::fs;
    use std::os::unix::fs::PermissionsExt;

    fn folders(data: &Path) -> Folders {
        Folders { data: data.to_owned(), config: "/none".into(), system_config: "/none".into() }
    }

    #[test]
    fn a_keeper_is_reached_in_its_own_folder_and_in_none_that_others_can_look_into() {
        let data = tempfile::tempdir().unwrap();
        let folders = folders(data.path());
        let family = "x".repeat(64);
        assert!(call(&folders, &family).unwrap().is_none());
        let place = Place::bind(&folders, &family).unwrap();
        assert!(call(&folders, &family).unwrap().is_some());
        assert!(place.accept().is_some() && place.accept().is_none());
        let open = fs::Permissions::from_mode(0o755);
        fs::set_permissions(data.path().join(FOLDER), open).unwrap();
        assert!(call(&folders, &family).is_err());
        fs::set_permissions(data.path().join(FOLDER), fs::Permissions::from_mode(0o700)).unwrap();
        // One that was killed leaves its socket.
        std::mem::forget(place);
        let place = Place::bind(&folders, &family).unwrap();
        drop(place);
        assert!(call(&folders, &family).unwrap().is_none());
    }
}
