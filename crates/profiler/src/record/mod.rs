//! Records of accesses, and the file that holds them.
//!
//! A record file (*trace*) is lines of JSON, described in docs/profiler.md. It is made to be appended to and to survive a
//! crash: each run writes a section that begins with its own header, an access is written when it is first seen, and later
//! lines only raise its count. A last line that was torn off is skipped.

mod denial;
mod drive;
mod line;
mod object;
mod process;
mod read;
mod records;
mod right;
mod run;
mod stack;
mod write;

pub use denial::{Denial, Why};
pub use drive::{Drive, can_be_named, windows_name};
pub use object::{Bus, DisplayProtocol, Node, Object};
pub use process::{MAX_ARGUMENTS, Process};
pub use read::{MAX_LINE, Reader, TraceError};
pub use records::{Access, MAX_ACCESSES, Records};
pub use right::Right;
pub use run::{Mode, Run};
pub use stack::{Frame, MAX_FRAMES, Module, Stack};
pub use write::TraceWriter;

/// The version of the record file that this crate writes, and the newest that it reads.
pub const VERSION: u32 = 1;
