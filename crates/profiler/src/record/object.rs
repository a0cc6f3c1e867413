//! What was accessed.

use std::fmt;
use std::net::IpAddr;

use lowbox_policy::NodeKind;
use lowbox_policy::network::{Class, Peer, Protocol, Route, classify};
use serde::{Deserialize, Serialize};

use crate::Raw;

/// A securable object, as the program reached for it. Paths are absolute and without symbolic links: what the host
/// found behind them.
#[derive(Clone, Debug, PartialEq, Eq, PartialOrd, Ord, Hash, Serialize, Deserialize)]
#[serde(tag = "kind", rename_all = "kebab-case")]
pub enum Object {
    /// A file, a folder, a link, a FIFO.
    File {
        /// Where.
        path: Raw,
        /// What is there.
        node: Node,
    },
    /// A device node.
    Device {
        /// Where.
        path: Raw,
        /// A block device; else a character device.
        block: bool,
    },
    /// A unix socket with a path.
    UnixSocket {
        /// Where.
        path: Raw,
    },
    /// A unix socket with an abstract name.
    AbstractSocket {
        /// The name, without the leading null byte.
        name: Raw,
    },
    /// A peer on a network. With the right [`Accept`](super::Right::Accept) the port is the program's own, because the peer's
    /// is chance; with [`Listen`](super::Right::Listen) address and port are those that it listens at.
    Network {
        /// Its address.
        address: IpAddr,
        /// The port.
        port: u16,
        /// TCP or UDP. (Other protocols are [`Object::Other`].)
        protocol: Protocol,
        /// What the host's routes say of the address.
        #[serde(default, skip_serializing_if = "is_other")]
        route: Route,
        /// The name under which the program had it resolved, if that was seen.
        #[serde(default, skip_serializing_if = "Option::is_none")]
        name: Option<Raw>,
    },
    /// A host's name that the program wants resolved.
    HostName {
        /// The name.
        name: Raw,
    },
    /// A name on a message bus.
    BusName {
        /// Which bus.
        bus: Bus,
        /// The well-known name.
        name: Raw,
    },
    /// A display server.
    Display {
        /// Its protocol.
        protocol: DisplayProtocol,
        /// Its name, such as `:0` or `wayland-0`.
        name: Raw,
    },
    /// Anything else.
    Other {
        /// What it is, such as `socket` or `message queue`.
        class: Raw,
        /// Which, such as `AF_NETLINK`.
        name: Raw,
    },
}

fn is_other(route: &Route) -> bool {
    *route == Route::Other
}

/// What a path led to.
#[derive(Clone, Copy, Debug, PartialEq, Eq, PartialOrd, Ord, Hash, Serialize, Deserialize)]
#[serde(rename_all = "kebab-case")]
pub enum Node {
    /// A regular file, or one that is to be made.
    File,
    /// A directory, or one that is to be made.
    Directory,
    /// A symbolic link itself.
    Symlink,
    /// A FIFO.
    Fifo,
    /// A unix socket that is not connected to, but removed, renamed or looked at.
    Socket,
    /// A device node that is not opened, but removed, renamed or looked at.
    Device,
}

/// The message buses.
#[derive(Clone, Copy, Debug, PartialEq, Eq, PartialOrd, Ord, Hash, Serialize, Deserialize)]
#[serde(rename_all = "kebab-case")]
pub enum Bus {
    /// The user's.
    Session,
    /// The machine's.
    System,
    /// That of assistive technologies.
    Accessibility,
}

/// Protocols of display servers.
#[derive(Clone, Copy, Debug, PartialEq, Eq, PartialOrd, Ord, Hash, Serialize, Deserialize)]
#[serde(rename_all = "kebab-case")]
pub enum DisplayProtocol {
    /// X11.
    X11,
    /// Wayland.
    Wayland,
}

impl Object {
    /// The kind's name, as in record files and tables.
    pub fn kind(&self) -> &'static str {
        match self {
            Object::File { .. } => "file",
            Object::Device { .. } => "device",
            Object::UnixSocket { .. } => "unix-socket",
            Object::AbstractSocket { .. } => "abstract-socket",
            Object::Network { .. } => "network",
            Object::HostName { .. } => "host-name",
            Object::BusName { .. } => "bus-name",
            Object::Display { .. } => "display",
            Object::Other { .. } => "other",
        }
    }

    /// The path, for what has one.
    pub fn path(&self) -> Option<&Raw> {
        match self {
            Object::File { path, .. } | Object::Device { path, .. } | Object::UnixSocket { path } => {
                Some(path)
            }
            _ => None,
        }
    }

    /// What is at the path, in the planner's terms.
    pub fn node_kind(&self) -> Option<NodeKind> {
        Some(match self {
            Object::File { node: Node::File, .. } => NodeKind::File,
            Object::File { node: Node::Directory, .. } => NodeKind::Dir,
            Object::File { node: Node::Symlink, .. } => NodeKind::Symlink,
            Object::File { node: Node::Fifo, .. } => NodeKind::Fifo,
            Object::File { node: Node::Socket, .. } | Object::UnixSocket { .. } => NodeKind::Socket,
            Object::File { node: Node::Device, .. } | Object::Device { block: false, .. } => {
                NodeKind::CharDevice
            }
            Object::Device { block: true, .. } => NodeKind::BlockDevice,
            _ => return None,
        })
    }

    /// The peer, for a network object.
    pub fn peer(&self) -> Option<Peer> {
        match self {
            Object::Network { address, port, protocol, route, .. } => {
                Some(Peer { address: *address, port: *port, protocol: *protocol, route: *route })
            }
            _ => None,
        }
    }

    /// The class of a network object: the strictest, if its address is several things.
    pub fn class(&self) -> Option<Class> {
        self.peer().map(|peer| classify(&peer).strictest())
    }

    /// How many bytes its names have.
    pub(crate) fn size(&self) -> usize {
        match self {
            Object::File { path, .. } | Object::Device { path, .. } | Object::UnixSocket { path } => {
                path.len()
            }
            Object::AbstractSocket { name }
            | Object::HostName { name }
            | Object::BusName { name, .. }
            | Object::Display { name, .. } => name.len(),
            Object::Network { name, .. } => name.as_ref().map_or(0, Raw::len),
            Object::Other { class, name } => class.len() + name.len(),
        }
    }
}

impl Bus {
    /// As in record files.
    pub fn name(self) -> &'static str {
        match self {
            Bus::Session => "session",
            Bus::System => "system",
            Bus::Accessibility => "accessibility",
        }
    }
}

/// For people, escaped: a path, an address with its port, `@name` for abstract sockets.
impl fmt::Display for Object {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        match self {
            Object::File { path, .. } | Object::Device { path, .. } | Object::UnixSocket { path } => {
                path.fmt(f)
            }
            Object::AbstractSocket { name } => write!(f, "@{name}"),
            Object::Network { address, port, protocol, name, .. } => {
                let protocol = match protocol {
                    Protocol::Tcp => "tcp",
                    Protocol::Udp => "udp",
                };
                match address {
                    IpAddr::V4(address) => write!(f, "{address}:{port}/{protocol}")?,
                    IpAddr::V6(address) => write!(f, "[{address}]:{port}/{protocol}")?,
                }
                name.as_ref().map_or(Ok(()), |name| write!(f, " ({name})"))
            }
            Object::HostName { name } => name.fmt(f),
            Object::BusName { bus, name } => write!(f, "{name} ({} bus)", bus.name()),
            Object::Display { protocol: DisplayProtocol::X11, name } => write!(f, "X11 {name}"),
            Object::Display { protocol: DisplayProtocol::Wayland, name } => write!(f, "Wayland {name}"),
            Object::Other { class, name } => write!(f, "{class} {name}"),
        }
    }
}
