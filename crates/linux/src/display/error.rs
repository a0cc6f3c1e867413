//! Why a program has no display.

use std::io;

/// What stands in the way. The program runs all the same.
#[derive(Debug, thiserror::Error)]
pub enum NoDisplay {
    /// The user has none.
    #[error("DISPLAY is not set")]
    NotSet,
    /// Nothing shows it.
    #[error(
        "it takes Xephyr, and none is installed: install the package xserver-xephyr (Debian, Ubuntu), or xorg-server-xephyr or its like"
    )]
    NoServer,
    /// DISPLAY names none.
    #[error("DISPLAY is no display: {0}")]
    Name(String),
    /// Nobody answers there.
    #[error("your display can't be reached: {0}")]
    Unreachable(io::Error),
    /// It does not let lowbox in.
    #[error("your display lets nobody in: {0}")]
    Refused(String),
    /// It can't hold back whom it lets in.
    #[error(
        "your display has no SECURITY extension, by which lowbox would connect without rights over your other windows (ssh -X gives displays \
         without it; ssh -Y does not)"
    )]
    NotSeparable,
    /// It says to hold back, and does not.
    #[error("your display gives a connection without rights as many as any other")]
    NotSeparated,
    /// The nested server does not work.
    #[error("{0}")]
    Server(String),
    /// Another error of the system.
    #[error(transparent)]
    System(#[from] io::Error),
}
