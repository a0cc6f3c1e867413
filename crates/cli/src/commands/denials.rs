//! What `run -v` says: each open that the access check denies, once, with the reason and what would grant it.

use std::collections::HashSet;
use std::path::{Path, PathBuf};

use lowbox_linux::host::RealTree;
use lowbox_linux::prepare::{Caller, Prepared, Request, catalogue_of_all_capabilities};
use lowbox_policy::explain::explain;
use lowbox_policy::{
    Candidate, HostTree, NodeKind, Object, Operation, Origin, Question, Suggestion, candidates,
};

use crate::output;

/// Denials after which the rest is only counted.
const MAX_SHOWN: usize = 100;

/// Objects after which the rest is not looked at: a program may try millions of names.
const MAX_LOOKED_AT: usize = 10_000;

/// open(2) flags that tell what is wanted (fcntl.h).
const ACCESS_MODE: u32 = 0o3;
const WRITE_ONLY: u32 = 0o1;
const CREATE: u32 = 0o100;
const DIRECTORY: u32 = 0o200000;
const PATH_ONLY: u32 = 0o10000000;

/// Collects denials while the program runs.
pub struct Denials<'a> {
    prepared: &'a Prepared,
    /// The catalogue is read again with all its entries when the first denial is explained.
    objects: Option<Vec<Object>>,
    caller: &'a Caller,
    request: &'a Request,
    /// The installed package that runs.
    package: Option<String>,
    candidates: Vec<Candidate>,
    seen: HashSet<(PathBuf, Operation)>,
    shown: usize,
    left_out: usize,
    not_looked_at: bool,
}

impl<'a> Denials<'a> {
    pub fn new(
        caller: &'a Caller,
        request: &'a Request,
        prepared: &'a Prepared,
        package: Option<String>,
    ) -> Denials<'a> {
        Denials {
            prepared,
            objects: None,
            caller,
            request,
            package,
            candidates: Vec::new(),
            seen: HashSet::new(),
            shown: 0,
            left_out: 0,
            not_looked_at: false,
        }
    }

    /// Looks at an open that the program tried, and says so if it is denied. What does not exist on the host is no
    /// denial, and what the container has of its own is not the host's.
    pub fn consider(&mut self, flags: u32, path: &Path) {
        let path = plain(path);
        let path = match &self.prepared.spec.wine {
            None => path,
            Some(wine) => match wine.host_path(&path) {
                Some(path) => path,
                None => return,
            },
        };
        if self.is_private(&path, flags) || flags & PATH_ONLY != 0 {
            return;
        }
        let Some((path, kind, operation)) = wanted(&path, flags) else {
            return;
        };
        if self.seen.len() >= MAX_LOOKED_AT {
            self.not_looked_at = true;
            return;
        }
        if !self.seen.insert((path.clone(), operation)) {
            return;
        }
        let objects = self.objects.get_or_insert_with(|| {
            self.candidates = candidates();
            // What was prepared holds of the catalogue only what matters to this token.
            let own = self
                .prepared
                .objects
                .iter()
                .filter(|object| !matches!(object.origin, Origin::Catalogue { .. }));
            let mut objects: Vec<Object> = own.cloned().collect();
            objects.extend(catalogue_of_all_capabilities(self.caller, self.request).unwrap_or_default());
            objects
        });
        let question = Question {
            objects: objects.as_slice(),
            token: &self.prepared.token,
            path: &path,
            kind,
            operation,
        };
        let explanation = explain(question, &self.candidates);
        if explanation.granted {
            return;
        }
        if self.shown >= MAX_SHOWN {
            self.left_out += 1;
            return;
        }
        self.shown += 1;
        // A name may hold line breaks, and must not begin a line that passes for lowbox's.
        let mut message = format!("denied: {}", output::visible(&explanation.summary));
        for suggestion in &explanation.would_grant {
            message.push_str(&match suggestion {
                Suggestion::Capability { name, privacy, .. } => {
                    let asks = if *privacy { " (privacy-sensitive)" } else { "" };
                    format!("\n  would grant it: --capability {name}{asks}")
                }
                Suggestion::Grant { argument } => {
                    format!("\n  would grant it: --grant {}", output::visible(argument))
                }
            });
        }
        let opens = |one: &Suggestion| matches!(one, Suggestion::Grant { .. });
        if let Some(package) = &self.package
            && kind == NodeKind::File
            && matches!(operation, Operation::Read | Operation::Write)
            && explanation.would_grant.iter().any(opens)
        {
            message.push_str(&format!(
                "\n  to open this file with the program: lowbox open {package} {}",
                output::path(&path)
            ));
        }
        output::say(&message);
    }

    /// Whether the open is of something that the container has of its own. In its `/tmp` a program reads what it made
    /// itself, or looks for a file of the host's in vain; what it makes there is its own.
    fn is_private(&self, path: &Path, flags: u32) -> bool {
        let data = self.prepared.spec.data.as_ref();
        let temporary = ["/tmp", "/var/tmp"].iter().any(|own| path.starts_with(own)) && flags & CREATE != 0;
        let own = [Path::new("/proc"), Path::new("/dev"), Path::new("/run/user")];
        let named = self
            .prepared
            .objects
            .iter()
            .any(|object| object.origin.is_grant() && path.starts_with(&object.path));
        !named
            && (temporary
                || own.iter().any(|own| path.starts_with(own))
                || data.is_some_and(|data| path.starts_with(&data.local_state)))
    }
}

impl Drop for Denials<'_> {
    fn drop(&mut self) {
        if self.left_out > 0 {
            output::say(&format!("{} more denials are not shown", self.left_out));
        }
        if self.not_looked_at {
            output::say(&format!(
                "after {MAX_LOOKED_AT} files the rest of what was opened was not looked at"
            ));
        }
    }
}

/// What the open wants, of which existing object.
fn wanted(path: &Path, flags: u32) -> Option<(PathBuf, NodeKind, Operation)> {
    // The object that the host would open: links are followed here only to name it.
    match std::fs::canonicalize(path) {
        Ok(real) => {
            let kind = RealTree.node(&real)?.kind;
            let operation = match (kind, flags & ACCESS_MODE) {
                (NodeKind::Dir, _) => Operation::List,
                (_, 0) => Operation::Read,
                (_, WRITE_ONLY) => Operation::Write,
                (_, _) => Operation::Write,
            };
            Some((real, kind, operation))
        }
        Err(_) if flags & CREATE != 0 && flags & DIRECTORY == 0 => {
            let parent = std::fs::canonicalize(path.parent()?).ok()?;
            Some((parent.join(path.file_name()?), NodeKind::File, Operation::Create))
        }
        Err(_) => None,
    }
}

/// Without `.` and empty components; `..` stays for the host to resolve.
fn plain(path: &Path) -> PathBuf {
    path.components().filter(|part| !matches!(part, std::path::Component::CurDir)).collect()
}
