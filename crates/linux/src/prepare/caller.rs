//! The caller: environment, user, folders.

use std::ffi::OsString;

use super::PrepareError;
use crate::host::{Folders, HostUser};

/// The caller's environment, read once.
#[derive(Clone, Debug)]
pub struct Caller {
    /// Every variable.
    pub environment: Vec<(OsString, OsString)>,
    /// Who it is.
    pub user: HostUser,
    /// Where things are kept.
    pub folders: Folders,
}

impl Caller {
    /// Reads the process's environment.
    ///
    /// # Errors
    /// [`PrepareError::Folder`] without a home folder.
    pub fn current() -> Result<Caller, PrepareError> {
        let environment: Vec<_> = std::env::vars_os().collect();
        let variable = |name: &str| std::env::var_os(name);
        let user = HostUser::current(&variable);
        let folders = Folders::of(&user, &variable)?;
        Ok(Caller { environment, user, folders })
    }

    /// A variable of the caller's environment.
    pub fn variable(&self, name: &str) -> Option<OsString> {
        self.environment.iter().find(|(have, _)| have == name).map(|(_, value)| value.clone())
    }
}
