//! Why a launch can't be prepared.

use std::io;
use std::path::PathBuf;

use crate::host::Shown;
use crate::host::{FolderError, NameError, SearchError};
use crate::launch::LaunchError;
use crate::wine::WineError;

/// Nothing was started.
#[derive(Debug, thiserror::Error)]
pub enum PrepareError {
    /// The program is not to be found or not to be run.
    #[error(transparent)]
    Search(#[from] SearchError),
    /// A grant names something that can't be granted.
    #[error(transparent)]
    Name(#[from] NameError),
    /// What is to be the working folder is none.
    #[error("{} is no folder to work in; name one with --chdir", Shown(.0))]
    NoFolder(PathBuf),
    /// A private folder can't be had.
    #[error(transparent)]
    Folder(#[from] FolderError),
    /// A capability breaks isolation.
    #[error("the capability {name} is refused: {why}")]
    Capability {
        /// Which.
        name: String,
        /// Why.
        why: String,
    },
    /// The catalogue, or an addition to it, can't be read.
    #[error(transparent)]
    Objects(#[from] lowbox_policy::ObjectsError),
    /// An object file can't be read.
    #[error("the object file {}: {source}", Shown(path))]
    ObjectFile {
        /// Which.
        path: PathBuf,
        /// Why.
        source: io::Error,
    },
    /// A grant would carry one of the kernel's own file systems along.
    #[error(
        "{} can't be granted: {} is a mount of {kind}, which shows the host's kernel and processes; grant the folders \
         beside it",
        Shown(path),
        Shown(mount)
    )]
    KernelMount {
        /// The grant.
        path: PathBuf,
        /// The mount at, beneath or above it.
        mount: PathBuf,
        /// The file system.
        kind: String,
    },
    /// Root would lend a set-uid file for writing.
    #[error(
        "{} can't be granted for writing by root: {} is a set-uid or set-gid file, and a program could put its own code \
         into it; grant the folders beside it",
        Shown(path),
        Shown(file)
    )]
    SetIdFile {
        /// The grant.
        path: PathBuf,
        /// The file.
        file: PathBuf,
    },
    /// Root would lend a folder that is too large to be looked through.
    #[error("{} is too large for root to lend for writing: it can't be searched for set-uid files; grant less", Shown(.0))]
    TooLarge(PathBuf),
    /// A Windows program can't be run.
    #[error(transparent)]
    Wine(#[from] WineError),
    /// The planner refuses.
    #[error(transparent)]
    Plan(#[from] lowbox_policy::PlanError),
    /// A descriptor must not be inherited.
    #[error(transparent)]
    Descriptor(#[from] LaunchError),
    /// Nobody knows what the program would see.
    #[error("the mounts can't be read, which a program that is learned about is to see: {0}")]
    Mounts(std::io::Error),
    /// The working folder is gone or hidden.
    #[error("the working folder can't be told (it was removed, or you may not see it); cd to another one")]
    WorkingDirectory,
    /// An ordinary user with root's group.
    #[error(
        "your group is root's (gid 0), and it is never lent to a program; use another primary group (newgrp)"
    )]
    RootGroup,
}

impl PrepareError {
    /// The exit code of `lowbox run`.
    pub fn exit_code(&self) -> u8 {
        match self {
            PrepareError::Search(error) => error.exit_code(),
            PrepareError::Wine(error) => error.exit_code(),
            _ => 125,
        }
    }
}
