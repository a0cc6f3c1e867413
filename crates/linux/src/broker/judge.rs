//! What of a touch may be offered to the user: what the access check would grant, and mounts can enforce.

use std::path::{Path, PathBuf};

use lowbox_policy::frontier::{ConsentRefused, consent_binds, consent_object, is_in_frontier, is_related};
use lowbox_policy::{Bind, FileId, GrantRights, NodeKind, Object, Origin, PlanOptions, is_within};
use lowbox_security::{Sid, Token};

use super::searches::Sought;
use crate::host::{RealTree, Shown, kernel_mounts, touches};
use crate::prepare::{Caller, Prepared, protected};

/// The token, and what it is granted so far.
#[derive(Debug)]
pub(super) struct Judge {
    token: Token,
    objects: Vec<Object>,
    options: PlanOptions,
    frontier: Vec<PathBuf>,
    working_directory: PathBuf,
    home: Option<PathBuf>,
    by_root: bool,
}

impl Judge {
    pub(super) fn new(caller: &Caller, prepared: &Prepared) -> Judge {
        let spec = &prepared.spec;
        let frontier = spec.asks.as_ref().map(|asks| asks.frontier.clone()).unwrap_or_default();
        let matters = |object: &&Object| frontier.iter().any(|place| is_related(object, place));
        Judge {
            token: prepared.token.clone(),
            objects: prepared.objects.iter().filter(matters).cloned().collect(),
            options: PlanOptions { protected: protected(caller), ..PlanOptions::default() },
            frontier,
            working_directory: spec.working_directory.clone(),
            home: caller.user.home.clone(),
            by_root: caller.user.is_root(),
        }
    }

    fn package(&self) -> &Sid {
        &self.token.app_container.as_ref().expect("a program's token has a package").package
    }

    /// Whether the user decided about the object before the launch, for all rights: `--grant` says exactly which.
    pub(super) fn is_settled(&self, path: &Path) -> bool {
        if path == self.working_directory {
            return true;
        }
        let deepest = self.objects.iter().filter(|object| is_within(path, &object.path));
        let deepest = deepest.max_by_key(|object| object.path.as_os_str().len());
        deepest.is_some_and(|object| matches!(object.origin, Origin::Grant | Origin::Program))
    }

    /// Whether a consent can reach the path.
    pub(super) fn is_users(&self, path: &Path) -> bool {
        is_in_frontier(path, &self.frontier)
    }

    /// Where a user begins to look for files.
    pub(super) fn home(&self) -> PathBuf {
        self.home.clone().unwrap_or_else(|| self.working_directory.clone())
    }

    /// Whether the path lies in something that the program was given, and might have written.
    pub(super) fn is_programs(&self, path: &Path) -> bool {
        let given = |object: &&Object| object.origin.is_grant() || object.origin == Origin::PrivateData;
        self.objects.iter().filter(given).any(|object| is_within(path, &object.path))
    }

    /// The folder that may be offered for something in it. Not the working folder: who is in it already would stay in the
    /// empty one that a mount covers; it is asked about before the start.
    pub(super) fn folder_of(&self, path: &Path) -> Option<PathBuf> {
        let folder = path.parent()?;
        (is_in_frontier(folder, &self.frontier) && folder != self.working_directory)
            .then(|| folder.to_owned())
    }

    /// What a folder has to be looked through for before it is granted with these rights: what a mount does not hold.
    pub(super) fn sought(&self, id: FileId, rights: GrantRights) -> Option<Sought> {
        match rights.write {
            true => self.by_root.then_some(Sought::SetIdFiles),
            false => (id.kind == NodeKind::Dir).then_some(Sought::Fifos),
        }
    }

    /// The mounts that a consent comes to.
    ///
    /// # Errors
    /// Why it can't be given, as a sentence.
    pub(super) fn binds(&self, path: &Path, id: FileId, rights: GrantRights) -> Result<Vec<Bind>, String> {
        if !is_in_frontier(path, &self.frontier) {
            return Err("consent reaches into your own files only".to_owned());
        }
        match id.kind {
            NodeKind::Dir => {
                let mounts = kernel_mounts().map_err(|error| format!("the mounts can't be read: {error}"))?;
                if let Some((mount, kind)) = touches(path, &mounts) {
                    return Err(format!(
                        "{} is a mount of {kind}, which shows the host's kernel",
                        Shown(mount)
                    ));
                }
            }
            NodeKind::File => {}
            _ => return Err("only files and folders can be granted while a program runs".to_owned()),
        }
        let object = self.object(path, id, rights);
        consent_binds(&self.token, &self.objects, &object, rights, &RealTree, &self.options)
            .map_err(|refused: ConsentRefused| refused.to_string())
    }

    fn object(&self, path: &Path, id: FileId, rights: GrantRights) -> Object {
        let mut object = consent_object(path.to_owned(), self.package(), rights);
        object.identity = Some(id);
        object
    }

    /// From now on it is granted; it takes the place of what an earlier consent to the same object granted.
    pub(super) fn granted(&mut self, path: &Path, id: FileId, rights: GrantRights) {
        self.withdrawn(path);
        self.objects.push(self.object(path, id, rights));
    }

    /// The consent is taken back.
    pub(super) fn withdrawn(&mut self, path: &Path) {
        self.objects
            .retain(|object| object.origin != Origin::Consent || object.path.as_os_str() != path.as_os_str());
    }
}
