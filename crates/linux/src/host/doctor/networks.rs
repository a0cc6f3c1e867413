//! What capabilities can open of the host's networks.

use std::os::fd::AsFd;

use lowbox_policy::network::peer_filter;
use rustix::io::Errno;
use rustix::net::{AddressFamily, SocketFlags, SocketType, socket_with};

use super::Item;
use super::probe::{Outcome, in_child, in_namespaces};
use crate::host::user::HostUser;
use crate::launch::wire;
use crate::sys::{self, Namespaces};

/// Whether datagrams have a way out of a container.
pub(super) fn datagrams(host: &HostUser) -> Item {
    const NAME: &str = "datagrams";
    let outcome = in_namespaces(Namespaces::ALL, host, || {
        let errno = |error: std::io::Error| Errno::from_io_error(&error).unwrap_or(Errno::IO);
        wire::make().map(drop).map_err(|error| (1, errno(error)))
    });
    match outcome {
        Outcome::Works => Item::ok(NAME, "capabilities open UDP".to_owned()),
        Outcome::Failed(_, error) | Outcome::NoChild(error) => Item::reduced(
            NAME,
            format!("capabilities open TCP and names alone, no UDP: no virtual interface: {error}"),
            "the kernel's module veth (veth(4)) has to be there",
        ),
    }
}

/// What holds with a network open: TCP and names are made by the broker, which needs nothing that a launch does not need. The
/// socket's own filter is a second layer where the kernel lets an ordinary process attach one.
pub(super) fn networks() -> Item {
    const NAME: &str = "networks";
    const CARRIED: &str = "capabilities open TCP and the resolving of names";
    let outcome = in_child(|| {
        let errno = |error: std::io::Error| Errno::from_io_error(&error).unwrap_or(Errno::IO);
        sys::drop_all_capabilities().map_err(|error| (1, errno(error)))?;
        let socket = socket_with(AddressFamily::INET, SocketType::STREAM, SocketFlags::CLOEXEC, None)
            .map_err(|error| (2, error))?;
        let filter = peer_filter(std::net::Ipv4Addr::LOCALHOST.into(), 1);
        sys::lock_filter(socket.as_fd(), &filter).map_err(|error| (3, errno(error)))
    });
    match outcome {
        Outcome::Works => Item::ok(NAME, format!("{CARRIED}; sockets bear a locked filter besides")),
        Outcome::Failed(3, error) if error.raw_os_error() == Some(libc::EPERM) => Item::ok(
            NAME,
            format!(
                "{CARRIED}; this kernel lets no ordinary process attach a filter to a socket, which would be a second layer"
            ),
        ),
        Outcome::Failed(_, error) | Outcome::NoChild(error) => Item::reduced(
            NAME,
            format!("{CARRIED}; whether sockets can bear a filter could not be tried: {error}"),
            "see socket(7), SO_ATTACH_FILTER",
        ),
    }
}
