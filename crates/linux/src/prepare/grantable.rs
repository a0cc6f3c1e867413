//! What may be granted, whoever grants it: the command line, `lowbox consent`, or an answer that is remembered.

use std::cell::OnceCell;
use std::path::{Path, PathBuf};

use lowbox_policy::{GrantRights, MAX_DEPTH, NodeKind, PlanError, Protected};

use super::{Bounds, Caller, PrepareError, protected, set_id_files};
use crate::host::{NameError, Named, kernel_mounts, name, touches};

/// The refusals. What they need of the host is looked at once, when it is needed.
pub struct Grantable<'a> {
    caller: &'a Caller,
    kernel_mounts: OnceCell<Vec<(PathBuf, String)>>,
    protected: OnceCell<Vec<Protected>>,
}

impl<'a> Grantable<'a> {
    /// For grants by this caller.
    pub fn new(caller: &'a Caller) -> Grantable<'a> {
        Grantable { caller, kernel_mounts: OnceCell::new(), protected: OnceCell::new() }
    }

    /// Pins what `path` names and refuses what may not be granted with these rights.
    ///
    /// # Errors
    /// [`PrepareError::Name`] for links and what is not there, and those of [`Grantable::check`].
    pub fn name(&self, path: &Path, rights: GrantRights) -> Result<Named, PrepareError> {
        let named = name(path)?;
        self.check(&named, rights)?;
        Ok(named)
    }

    /// Refuses what may not be granted with these rights.
    ///
    /// # Errors
    /// [`PrepareError::KernelMount`], [`PrepareError::SetIdFile`], [`PrepareError::TooLarge`], [`PrepareError::Plan`] for
    /// protected places.
    pub fn check(&self, named: &Named, rights: GrantRights) -> Result<(), PrepareError> {
        self.check_mounts(named)?;
        if named.path.components().skip(1).count() > MAX_DEPTH {
            let why = "it is too deep";
            return Err(PrepareError::Plan(PlanError::BadPath { path: named.path.clone(), why }));
        }
        self.check_protected(&named.path)?;
        if self.caller.user.is_root() && rights.write {
            set_id_files::refuse(&named.path, &mut Bounds::at_launch())?;
        }
        Ok(())
    }

    fn check_mounts(&self, named: &Named) -> Result<(), PrepareError> {
        if named.id.kind != NodeKind::Dir {
            return Ok(());
        }
        let mounts = match self.kernel_mounts.get() {
            Some(mounts) => mounts,
            None => {
                let unreadable = |source| NameError::Open { path: "/proc/self/mountinfo".into(), source };
                let mounts = kernel_mounts().map_err(unreadable)?;
                self.kernel_mounts.get_or_init(|| mounts)
            }
        };
        match touches(&named.path, mounts) {
            None => Ok(()),
            Some((mount, kind)) => Err(PrepareError::KernelMount {
                path: named.path.clone(),
                mount: mount.clone(),
                kind: kind.clone(),
            }),
        }
    }

    fn check_protected(&self, path: &Path) -> Result<(), PrepareError> {
        for protected in self.protected.get_or_init(|| protected(self.caller)) {
            if let Some(relation) = protected.relation(path) {
                return Err(PrepareError::Plan(PlanError::Refused {
                    path: path.to_owned(),
                    protected: protected.path.clone(),
                    relation,
                    what: protected.what,
                }));
            }
        }
        Ok(())
    }
}
