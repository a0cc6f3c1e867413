//! Why something is granted or denied, and what would grant it: the access check, shown and run backwards.

use std::path::{Path, PathBuf};

use lowbox_security::{AccessMask, AceFlags, Control, SecurityDescriptor, Sid, Token, TraceStep, derive};
use serde::{Serialize, Serializer};

use crate::capability::{Verdict, capabilities};
use crate::effective::{effective, governing};
use crate::host::NodeKind;
use crate::object::Object;
use crate::operation::Operation;
use crate::ruling::{decisions, granting_by, helpful_grant};

/// A capability that could be declared.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Candidate {
    /// Its name.
    pub name: String,
    /// Its SID.
    pub sid: Sid,
    /// Privacy-sensitive: the user is asked.
    pub privacy: bool,
}

/// Every capability of the catalogue that an isolated program may declare.
pub fn candidates() -> Vec<Candidate> {
    capabilities()
        .filter(|capability| !matches!(capability.verdict, Verdict::Refuse(_)))
        .map(|capability| Candidate {
            name: capability.name.to_owned(),
            sid: derive::capability_sid(capability.name),
            privacy: capability.privacy,
        })
        .collect()
}

/// The answer to "may the token do this, and why?".
#[derive(Clone, Debug, Serialize)]
pub struct Explanation {
    /// The path that was asked about.
    #[serde(serialize_with = "lossy")]
    pub path: PathBuf,
    /// What was to be done.
    pub operation: Operation,
    /// Whether the access check allows it. (The host's own permissions come on top at run time.)
    pub granted: bool,
    /// The entries that govern the path, nearest first. Empty: the path does not exist for the program.
    pub objects: Vec<Governing>,
    /// The effective descriptor of the path, in SDDL.
    pub descriptor: String,
    /// The checks that were made, one for the object and one for its parent directory where it needs both.
    pub checks: Vec<Check>,
    /// What would grant it, smallest first. Empty when it is granted.
    pub would_grant: Vec<Suggestion>,
    /// The whole in a sentence.
    pub summary: String,
}

/// An entry that governs a path.
#[derive(Clone, Debug, Serialize, PartialEq, Eq)]
pub struct Governing {
    /// The entry's path (may hold wildcards).
    #[serde(serialize_with = "lossy")]
    pub path: PathBuf,
    /// Where the entry comes from (`objects.txt (built in):12`, `--grant` …).
    pub origin: String,
    /// The entry's own descriptor, in SDDL.
    pub sddl: String,
}

/// One access check.
#[derive(Clone, Debug, Serialize)]
pub struct Check {
    /// The object that was checked.
    #[serde(serialize_with = "lossy")]
    pub path: PathBuf,
    /// The rights that were wanted.
    pub desired: AccessMask,
    /// Whether they were granted.
    pub granted: bool,
    /// The trace, ACE by ACE.
    pub trace: Vec<TraceStep>,
}

/// Something that would turn the denial into a grant.
#[derive(Clone, Debug, Serialize, PartialEq, Eq)]
#[serde(tag = "kind", rename_all = "kebab-case")]
pub enum Suggestion {
    /// Declare a capability.
    Capability {
        /// Its name.
        name: String,
        /// Privacy-sensitive: the user is asked.
        privacy: bool,
        /// How many entries of the catalogue it opens; the fewer the better.
        opens: usize,
    },
    /// Grant the path on the command line.
    Grant {
        /// The argument of `--grant`.
        argument: String,
    },
}

/// What is asked.
#[derive(Clone, Copy, Debug)]
pub struct Question<'a> {
    /// All objects, those for capabilities that the token does not hold included.
    pub objects: &'a [Object],
    /// Who asks.
    pub token: &'a Token,
    /// About which path, absolute and without symbolic links.
    pub path: &'a Path,
    /// What is there, or is to be made there.
    pub kind: NodeKind,
    /// What is to be done.
    pub operation: Operation,
}

/// Explains the decision, and finds what would grant it by asking the same check again with each candidate.
pub fn explain(question: Question<'_>, candidates: &[Candidate]) -> Explanation {
    let Question { objects, token, path, kind, operation } = question;
    let (sd, parent) = effective(objects, token, path, kind);
    let checks = run(&sd, parent.as_ref(), token, path, operation);
    let granted = checks.iter().all(|check| check.granted);
    let governors = governors(&question);
    let would_grant = if granted { Vec::new() } else { suggestions(&question, &sd, &parent, candidates) };
    let summary = summary(&question, granted, &governors, &would_grant);
    Explanation {
        path: path.to_path_buf(),
        operation,
        granted,
        objects: governors,
        descriptor: sd.to_sddl(),
        checks,
        would_grant,
        summary,
    }
}

/// The entries whose ACEs reach the path, nearest first: those at the path itself, and those above with ACEs that are
/// inherited this far, up to one that is protected.
fn governors(question: &Question<'_>) -> Vec<Governing> {
    let depth = question.path.iter().count().saturating_sub(1);
    let mut found = Vec::new();
    for (at, objects) in governing(question.objects, question.path).into_iter().rev() {
        for object in objects.iter().filter(|object| reaches(object, depth - at, question.kind)) {
            found.push(Governing {
                path: object.path.clone(),
                origin: object.origin.to_string(),
                sddl: object.descriptor.to_sddl(),
            });
        }
        if objects.iter().any(|object| object.descriptor.control.contains(Control::DACL_PROTECTED)) {
            break;
        }
    }
    found
}

/// Whether an entry so many levels above has anything to say about what is here.
pub(crate) fn reaches(object: &Object, levels: usize, kind: NodeKind) -> bool {
    let wanted = match kind {
        NodeKind::Dir => AceFlags::CONTAINER_INHERIT,
        _ => AceFlags::OBJECT_INHERIT,
    };
    let labels = object.descriptor.sacl.iter().flat_map(|acl| &acl.aces);
    let mut aces = object.descriptor.dacl.aces().iter().chain(labels);
    levels == 0
        || aces.any(|ace| {
            ace.flags.contains(wanted) && (levels == 1 || !ace.flags.contains(AceFlags::NO_PROPAGATE))
        })
}

fn run(
    sd: &SecurityDescriptor,
    parent: Option<&SecurityDescriptor>,
    token: &Token,
    path: &Path,
    operation: Operation,
) -> Vec<Check> {
    decisions(sd, parent, token, operation)
        .into_iter()
        .map(|(is_parent, desired, decision)| Check {
            path: if is_parent { path.parent().unwrap_or(path) } else { path }.to_path_buf(),
            desired,
            granted: decision.granted,
            trace: decision.trace,
        })
        .collect()
}

fn suggestions(
    question: &Question<'_>,
    sd: &SecurityDescriptor,
    parent: &Option<SecurityDescriptor>,
    candidates: &[Candidate],
) -> Vec<Suggestion> {
    let Question { objects, token, operation, .. } = *question;
    let mut found: Vec<(bool, usize, String)> =
        granting_by(sd, parent.as_ref(), token, operation, candidates)
            .into_iter()
            .map(|at| &candidates[at])
            .map(|candidate| (candidate.privacy, opens(objects, &candidate.sid), candidate.name.clone()))
            .collect();
    found.sort();
    let mut all: Vec<Suggestion> = found
        .into_iter()
        .map(|(privacy, opens, name)| Suggestion::Capability { name, privacy, opens })
        .collect();
    if let Some((place, rights)) = helpful_grant(question) {
        all.push(Suggestion::Grant { argument: format!("{}:{rights}", place.display()) });
    }
    all
}

/// How many entries name the SID.
pub fn opens(objects: &[Object], sid: &Sid) -> usize {
    objects
        .iter()
        .filter(|object| {
            object.descriptor.dacl.aces().iter().any(|ace| ace.kind.is_allow() && ace.sid == *sid)
        })
        .count()
}

fn summary(
    question: &Question<'_>,
    granted: bool,
    objects: &[Governing],
    would_grant: &[Suggestion],
) -> String {
    let what = format!("{} {}", question.operation.name(), question.path.display());
    let by = match objects.first() {
        Some(object) => format!("the entry for {} ({})", object.path.display(), object.origin),
        None => "no entry names it or a folder above it, so it does not exist for the program".to_owned(),
    };
    if granted {
        return format!("{what} is granted: {by}");
    }
    let advice: Vec<String> = would_grant
        .iter()
        .map(|suggestion| match suggestion {
            Suggestion::Capability { name, privacy: false, .. } => format!("--capability {name}"),
            Suggestion::Capability { name, privacy: true, .. } => {
                format!("--capability {name} (privacy-sensitive)")
            }
            Suggestion::Grant { argument } => format!("--grant {argument}"),
        })
        .collect();
    match advice.as_slice() {
        [] => format!("{what} is denied: {by}"),
        advice => format!("{what} is denied: {by}. It would be granted by {}", advice.join(" or ")),
    }
}

/// JSON holds no bytes that are not UTF-8; such names are shown with replacement characters.
fn lossy<S: Serializer>(path: &Path, serializer: S) -> Result<S::Ok, S::Error> {
    serializer.collect_str(&path.display())
}
