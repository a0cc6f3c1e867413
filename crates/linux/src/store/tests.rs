//! The store from outside: what is remembered comes back, what was revoked is told, what can't be believed is refused.

mod believed;
mod remembered;
mod revoked;
mod sequences;
mod taken_back;

use std::fs;
use std::path::{Path, PathBuf};

use lowbox_policy::{FileId, GrantRights, NodeKind};

use super::*;

/// A data folder, gone at the end.
struct Place {
    folder: tempfile::TempDir,
}

impl Place {
    fn new() -> Place {
        Place { folder: tempfile::tempdir().unwrap() }
    }

    fn data(&self) -> PathBuf {
        self.folder.path().join("lowbox")
    }

    fn store(&self) -> Store {
        Store::open_or_create(&self.data()).unwrap()
    }

    /// Makes a file, and the folders above it.
    fn file(&self, name: impl AsRef<Path>) -> PathBuf {
        let path = fs::canonicalize(self.folder.path()).unwrap().join(name);
        fs::create_dir_all(path.parent().unwrap()).unwrap();
        fs::write(&path, "text").unwrap();
        path
    }
}

const PACKAGE: &str = "app_8wekyb3d8bbwe";

fn allow<'a>(path: &'a Path, letters: &str) -> NewFileConsent<'a> {
    let object =
        crate::host::name(path).map_or(FileId { dev: 1, ino: 2, kind: NodeKind::File }, |named| named.id);
    NewFileConsent {
        package: PACKAGE,
        path,
        object,
        decision: Decision::Allow,
        rights: letters.parse().unwrap(),
        read_only: false,
        how: How::Prompt,
    }
}

fn deny(path: &Path, rights: GrantRights) -> NewFileConsent<'_> {
    NewFileConsent { decision: Decision::Deny, rights, ..allow(path, "r") }
}

/// The rights that are allowed and denied at a path.
fn rights_at(store: &Store, path: &Path) -> (String, String) {
    let all = store.file_consents_at(Some(PACKAGE), path).unwrap();
    let of = |decision| {
        let found = all.iter().find(|one| one.decision == decision);
        found.map_or_else(String::new, |one| one.rights.to_string())
    };
    (of(Decision::Allow), of(Decision::Deny))
}
