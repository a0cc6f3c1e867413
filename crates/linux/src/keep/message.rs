//! What callers and keepers tell each other.

use serde::{Deserialize, Serialize};

use super::proof::Secret;
use crate::store::Held;

/// From a caller.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize)]
pub(crate) enum Ask {
    /// Start the program that the keeper itself prepared. With it: descriptors 0 to 2.
    First {
        /// Which of them becomes its controlling terminal.
        controlling: Option<i32>,
    },
    /// Start another one, if the container is what it would have. With it: the file with the caller's likeness, the file with the
    /// [`Start`](crate::launch::starter::Start), descriptors 0 to 2.
    Join {
        /// For how many seconds the container stays after the last program.
        keep: u32,
        /// What the caller found where [`Answer::Look`] said.
        secret: Option<Secret>,
    },
    /// Send the program this signal.
    Signal(i32),
    /// End the container, if no program runs.
    EndIdle,
}

/// From the keeper.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize)]
pub(crate) enum Answer {
    /// Something for the user to know.
    Say(String),
    /// The user took back what the container has by consent: it ends.
    Revoked(Held),
    /// The program is about to be executed.
    Began,
    /// It ended, with this wait(2) status.
    Ended(i32),
    /// It is not started, and `lowbox run` ends with this code.
    Failed {
        /// Why.
        why: String,
        /// The exit code.
        code: u8,
    },
    /// Another lowbox has the package's prefix.
    Busy,
    /// The container is another one than the caller would have, and programs run in it.
    Different {
        /// The first difference.
        what: String,
    },
    /// Programs run in it.
    InUse,
    /// The container ends now. The end of the connection is its end.
    Ending,
    /// The first thing that a keeper tells who has called: under which of the keeper's descriptors the caller has to look, to join.
    Look(i32),
}
