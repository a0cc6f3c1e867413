//! Containers of Windows programs that are kept for a while after their last program, and may have several at once.
//!
//! What takes long about a Windows program is Wine's server and what it starts. So the container stays: a *keeper*, forked from the first
//! `lowbox run`, makes it, holds it and is its supervisor ([`keeper`]); each `lowbox run` is a *caller* that has a program started in it, stays
//! beside that one, and ends with it ([`caller`]). The first program is started as every later one.
//!
//! A caller joins only what it would have made itself: everything of the container has to be equal ([`likeness`]), so that no program has more
//! than its own command line says, and so has what surrounds the caller ([`surroundings`]), about which the keeper believes the kernel alone ([`peer`],
//! [`proof`]). All programs of a container are one principal: they see each other's files, windows, words and memory.
//!
//! Keeper and callers speak over a socket in lowbox's own folder ([`place`]), which no container has: each sees that the other is a process of
//! the same user, and in no container. Nothing that a program says arrives there but its exit code.

mod asking;
mod caller;
mod calling;
mod keeper;
mod likeness;
mod message;
mod mounts;
mod peer;
mod place;
mod proof;
mod serving;
mod stay;
mod stdio;
mod surroundings;

use std::time::Duration;

pub use asking::end_idle;
pub use caller::{NotStarted, start};
pub use keeper::Keeping;
pub(crate) use message::{Answer, Ask};
pub use stdio::Stdio;
pub use surroundings::has_known_filters;

/// Programs of one container at a time, and callers that a keeper listens to.
const MOST_CALLERS: usize = 32;
/// How long lowbox waits for lowbox.
const PATIENCE: Duration = Duration::from_secs(10);
