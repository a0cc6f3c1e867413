//! Windows of an isolated program on the user's display, without handing over the display.
//!
//! X11 isolates nothing: who may connect reads every key, takes pictures of every window, types into them and reads what is selected. A
//! cookie of the SECURITY extension that makes a client *untrusted* takes away a part of that and leaves grabbed keyboards, selections and
//! titles. So a container gets a server of its own, Xephyr, whose screen is one window on the user's display:
//!
//! ```text
//!  program ── /tmp/.X11-unix/X0 of its container ──► Xephyr ── /tmp/.X11-unix/X0 of its container ──► relay ──► the user's display
//! ```
//!
//! - Pid 1 of the program's container makes the socket in the container's own `/tmp` ([`inside`]) and hands over its listening end. There is
//!   no name for it outside, and nothing is to be allowed: the container's own sockets may be connected to anyway. A program that is
//!   learned about sees the host's `/tmp`: its socket lies in a folder that is mounted over the host's displays, for it alone.
//! - Xephyr takes what listens from descriptor 3 (sd_listen_fds(3)), and runs in a container of lowbox's own, without grants, capabilities
//!   or network ([`server`]). It is not started before something connects, so that no empty window is shown.
//! - Its display is a socket of *its* container, which the process beside it answers ([`process`], [`relay`]): one connection, which was
//!   set up as an untrusted one before Xephyr was started ([`outer`]). Xephyr knows no cookie of the user's display, and no way to it.

mod authority;
mod error;
pub(crate) mod inside;
mod outer;
mod process;
mod relay;
mod server;

use std::path::PathBuf;

use serde::{Deserialize, Serialize};

use crate::prepare::Caller;

pub(crate) use authority::Authority;
pub use error::NoDisplay;
pub(crate) use process::Keeper;
pub(crate) use server::find as find_server;

/// A display that a container has of its own.
#[derive(Clone, Debug)]
pub struct Display {
    pub(crate) authority: Authority,
    /// The server that answers what connects to it; else whoever launches the container does.
    pub(crate) nested: Option<Box<Nested>>,
}

/// A server whose screen is a window.
#[derive(Clone, Debug)]
pub(crate) struct Nested {
    pub(crate) server: PathBuf,
    pub(crate) title: String,
    /// The family name of the program's package: its server is nobody else's.
    pub(crate) package: String,
    pub(crate) authority: Authority,
    pub(crate) caller: Caller,
}

/// What pid 1 needs to know of it.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize)]
pub struct OwnDisplay {
    /// The file of cookies.
    pub authority: Vec<u8>,
    /// Where the program finds both.
    pub(crate) place: inside::Place,
}

/// Connects to the user's display as it is done for a program, and lets go of it.
///
/// # Errors
/// [`NoDisplay`].
pub(crate) fn try_outer() -> Result<(), NoDisplay> {
    outer::connect().map(drop)
}

impl Display {
    /// A nested display for the programs of a package, if this machine has what it takes. The user's display is not asked before
    /// the program connects to its own.
    ///
    /// # Errors
    /// [`NoDisplay`]: why there is none.
    pub fn nested(caller: &Caller, family_name: &str) -> Result<Display, NoDisplay> {
        if caller.variable("DISPLAY").is_none_or(|name| name.is_empty()) {
            return Err(NoDisplay::NotSet);
        }
        let server = server::find(caller.variable("PATH").as_deref()).ok_or(NoDisplay::NoServer)?;
        let authority = Authority::random()?;
        let title = server::title(family_name);
        let package = family_name.to_owned();
        let nested = Nested { server, title, package, authority: authority.clone(), caller: caller.clone() };
        Ok(Display { authority, nested: Some(Box::new(nested)) })
    }
}
