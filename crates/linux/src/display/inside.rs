//! What a container sees of its display: a socket, and a file of cookies.

use std::ffi::OsString;
use std::fs::{self, OpenOptions};
use std::io::{self, Write};
use std::os::fd::OwnedFd;
use std::os::unix::fs::OpenOptionsExt;
use std::path::{Path, PathBuf};

use lowbox_policy::Plan;
use rustix::fs::{Mode, chmod, mkdir};
use rustix::io::Errno;
use rustix::net::{AddressFamily, SocketAddrUnix, SocketFlags, SocketType, bind, listen, socket_with};
use serde::{Deserialize, Serialize};

use super::OwnDisplay;
use crate::host::{EnvironmentRequest, canonical};
use crate::learn::has_name;

/// Where X11 looks for the displays of a machine.
pub(crate) const FOLDER: &str = "/tmp/.X11-unix";
/// Numbers that no display of the host is likely to have (one that listens by TCP can't: it would be at port 6000 and its number), and
/// that are still 16 bits wide, as some libraries read them.
const NUMBERS: std::ops::RangeInclusive<u16> = 60_000..=u16::MAX;
/// Clients that wait: as many as the kernel takes from most programs (SOMAXCONN of old).
const BACKLOG: i32 = 128;

/// Where a display lies.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Serialize, Deserialize)]
pub(crate) enum Place {
    /// In the container's own `/tmp`, as the first of its displays.
    OwnTmp,
    /// In a folder of the container's own over that of the host's displays. Names that are no paths (unix(7), abstract sockets) are the
    /// host's there, and clients try them first: so it has a number of its own.
    OverHosts(u16),
}

impl Place {
    /// One for a program that sees the host's `/tmp`.
    ///
    /// # Errors
    /// Where the host has no folder of displays, or links lead to it: a mount needs a place, and nothing is made in the host's `/tmp`.
    pub(crate) fn over_hosts() -> io::Result<Place> {
        if !fs::symlink_metadata(FOLDER)?.is_dir() || canonical(Path::new(FOLDER))? != Path::new(FOLDER) {
            return Err(io::ErrorKind::NotADirectory.into());
        }
        let taken = fs::read("/proc/net/unix").unwrap_or_default();
        let free = Place::free_beside(&taken, std::process::id());
        free.ok_or_else(|| io::ErrorKind::AddrInUse.into())
    }

    /// The first whose abstract name is not in a list of sockets (proc_net(5), unix), from the one on that falls to `first`.
    fn free_beside(list: &[u8], first: u32) -> Option<Place> {
        let count = NUMBERS.len() as u32;
        let numbers = (0..count).map(|step| NUMBERS.start() + (first.wrapping_add(step) % count) as u16);
        let mut places = numbers.map(Place::OverHosts);
        places.find(|place| !has_name(list, &place.socket().as_str().into()))
    }

    fn number(self) -> u16 {
        match self {
            Place::OwnTmp => 0,
            Place::OverHosts(number) => number,
        }
    }

    /// What clients connect to: a path, and the abstract name that they try before it.
    pub(crate) fn socket(self) -> String {
        format!("{FOLDER}/X{}", self.number())
    }

    /// The file of cookies.
    pub(crate) fn authority(self, uid: u32) -> PathBuf {
        match self {
            Place::OwnTmp => format!("/run/user/{uid}/.Xauthority").into(),
            Place::OverHosts(_) => Path::new(FOLDER).join(".Xauthority"),
        }
    }

    /// How the program finds it.
    pub(crate) fn environment(self, uid: u32) -> [EnvironmentRequest; 2] {
        let name = OsString::from(format!(":{}", self.number()));
        [("DISPLAY", name), ("XAUTHORITY", self.authority(uid).into_os_string())]
            .map(|(name, value)| EnvironmentRequest { name: name.into(), value: Some(value) })
    }
}

/// Whether a grant stands where the display would be.
pub(crate) fn is_covered(plan: &Plan, uid: u32) -> bool {
    let authority = Place::OwnTmp.authority(uid);
    let covers = |path: &Path| {
        [Path::new(FOLDER), &authority].iter().any(|place| place.starts_with(path) || path.starts_with(place))
    };
    plan.binds.iter().any(|bind| covers(&bind.path)) || plan.links.iter().any(|(link, _)| covers(link))
}

/// What pid 1 holds of a display.
pub(crate) struct Listening {
    pub(crate) socket: OwnedFd,
    /// The abstract name of the same spelling, at which nobody listens: as long as pid 1 has it nobody else answers there.
    pub(crate) name: Option<OwnedFd>,
}

/// Makes both in folders of the container's own, and listens. In pid 1, which has the view of its container.
///
/// # Errors
/// The system's.
pub(crate) fn listen_inside(display: &OwnDisplay, uid: u32) -> io::Result<Listening> {
    let path = display.place.socket();
    let name = match display.place {
        Place::OwnTmp => {
            match mkdir(FOLDER, Mode::from(0o1777)) {
                Ok(()) | Err(Errno::EXIST) => {}
                Err(error) => return Err(error.into()),
            }
            // Whatever the caller's umask is.
            chmod(FOLDER, Mode::from(0o1777))?;
            None
        }
        // The folder is there, by `launch::view::real`.
        Place::OverHosts(_) => Some(bound(&SocketAddrUnix::new_abstract_name(path.as_bytes())?)?),
    };
    let file = OpenOptions::new().write(true).create_new(true).mode(0o600).open(display.place.authority(uid));
    file?.write_all(&display.authority)?;
    let socket = bound(&SocketAddrUnix::new(path)?)?;
    listen(&socket, BACKLOG)?;
    Ok(Listening { socket, name })
}

fn bound(address: &SocketAddrUnix) -> io::Result<OwnedFd> {
    let socket = socket_with(AddressFamily::UNIX, SocketType::STREAM, SocketFlags::CLOEXEC, None)?;
    bind(&socket, address)?;
    Ok(socket)
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_display_beside_the_hosts_has_a_number_that_none_of_them_has_by_name() {
        let number = |list: &[u8], first| Place::free_beside(list, first).map(Place::number);
        assert_eq!(
            [number(b"", 0), number(b"", 5_535), number(b"", 5_536)],
            [Some(60_000), Some(65_535), Some(60_000)]
        );
        let row = |name: &str| format!("0000: 00000002 00000000 00010000 0001 01 1 {name}\n");
        let list =
            row("@/tmp/.X11-unix/X60000") + &row("@/tmp/.X11-unix/X60001") + &row("/tmp/.X11-unix/X60002");
        assert_eq!(number(list.as_bytes(), 0), Some(60_002), "a path is in another mount namespace");
        let all: String = NUMBERS.map(|number| row(&format!("@/tmp/.X11-unix/X{number}"))).collect();
        assert_eq!(number(all.as_bytes(), 7), None);
    }
}
