//! Packages that the user has installed, in lowbox's data folder:
//!
//! ```text
//! apps/                            its .lock is held by whoever changes something
//!   FAMILY/
//!     current -> FULL_NAME         which version is installed: what becomes visible all at once
//!     FULL_NAME/
//!       record.json                who it is, and by whose word
//!       package/                   the files of the package
//!       launchers/ALIAS            what an execution alias starts
//!       desktop/*.desktop          entries for the desktop
//!       mime/FAMILY.xml            types of files that it alone knows
//!       running/PID                locked by the lowbox that runs a program of it
//!   .new-N, .old-N                 being made, being removed
//!   .removed-FAMILY                the package is removed; its data and consents are about to be
//! ```
//!
//! Outside of it (`~/.local/bin`, `applications`, `mime/packages`) there are only symbolic links that lead through `current`. They are made
//! before it changes and removed after it, and one that leads nowhere is nothing to anybody. So there is one moment at which a version is
//! installed or a package is removed, and whenever lowbox is killed the old state or the new one is what is found. What is left over is
//! put away by the next one ([`Repository::open`]).

mod contents;
mod dependencies;
mod desktop;
mod download;
mod ends;
mod error;
mod install;
mod launcher;
mod links;
mod media_types;
mod package;
mod record;
mod recover;
mod remove;
mod repository;
mod running;
mod words;

pub use dependencies::Missing;
pub use error::InstalledError;
pub use install::{Install, Installation, NewPackage};
pub use links::{LeftOut, Places};
pub use package::InstalledPackage;
pub use record::{Record, VOUCHED_FOR_BY_NOBODY};
pub use remove::Removal;
pub use repository::Repository;
pub use running::Running;
