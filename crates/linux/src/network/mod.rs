//! The network broker: what of the host's network a container may use.
//!
//! A container has a network namespace of its own with nothing in it but a loopback interface. Where a capability, a loopback
//! exemption or `--allow-host` opens more, a process beside lowbox stays in the host's network, with the container's user and
//! nothing else: no capability, no file that is written, no descriptor but its channels. Pid 1 asks it for sockets; it decides
//! by the access check on its own copy of the address, makes the socket, and hands it over.

mod allowed;
mod broker;
pub mod datagrams;
mod judge;
pub(crate) mod link;
pub(crate) mod message;
pub(crate) mod names;
pub(crate) mod netlink;
pub(crate) mod options;
pub mod query;
mod resolvers;
pub(crate) mod route;
mod sockets;

pub(crate) use broker::start;
pub use names::resolver_file;
pub(crate) use resolvers::resolvers;
