//! What a container sees of its display: a socket, and a file of cookies.

use std::ffi::OsString;
use std::fs::OpenOptions;
use std::io::{self, Write};
use std::os::fd::OwnedFd;
use std::os::unix::fs::OpenOptionsExt;
use std::path::{Path, PathBuf};

use lowbox_policy::Plan;
use rustix::fs::{Mode, chmod, mkdir};
use rustix::io::Errno;
use rustix::net::{AddressFamily, SocketAddrUnix, SocketFlags, SocketType, bind, listen, socket_with};

use super::OwnDisplay;
use crate::host::EnvironmentRequest;

/// Where X11 looks for the first display of a machine.
const FOLDER: &str = "/tmp/.X11-unix";
const SOCKET: &str = "/tmp/.X11-unix/X0";
/// Its name.
const NAME: &str = ":0";
/// Clients that wait: as many as the kernel takes from most programs (SOMAXCONN of old).
const BACKLOG: i32 = 128;

/// The file of cookies.
fn authority(uid: u32) -> PathBuf {
    format!("/run/user/{uid}/.Xauthority").into()
}

/// Whether a grant stands where the display would be.
pub(crate) fn is_covered(plan: &Plan, uid: u32) -> bool {
    let authority = authority(uid);
    let covers = |path: &Path| {
        [Path::new(FOLDER), &authority].iter().any(|place| place.starts_with(path) || path.starts_with(place))
    };
    plan.binds.iter().any(|bind| covers(&bind.path)) || plan.links.iter().any(|(link, _)| covers(link))
}

/// How the program finds it.
pub(crate) fn environment(uid: u32) -> [EnvironmentRequest; 2] {
    [("DISPLAY", OsString::from(NAME)), ("XAUTHORITY", authority(uid).into_os_string())]
        .map(|(name, value)| EnvironmentRequest { name: name.into(), value: Some(value) })
}

/// Makes both in the container's own folders, and listens. In pid 1, which has the view of its container.
///
/// # Errors
/// The system's.
pub(crate) fn listen_inside(display: &OwnDisplay, uid: u32) -> io::Result<OwnedFd> {
    match mkdir(FOLDER, Mode::from(0o1777)) {
        Ok(()) | Err(Errno::EXIST) => {}
        Err(error) => return Err(error.into()),
    }
    // Whatever the caller's umask is.
    chmod(FOLDER, Mode::from(0o1777))?;
    let mut file = OpenOptions::new().write(true).create_new(true).mode(0o600).open(authority(uid))?;
    file.write_all(&display.authority)?;
    let socket = socket_with(AddressFamily::UNIX, SocketType::STREAM, SocketFlags::CLOEXEC, None)?;
    bind(&socket, &SocketAddrUnix::new(SOCKET)?)?;
    listen(&socket, BACKLOG)?;
    Ok(socket)
}
