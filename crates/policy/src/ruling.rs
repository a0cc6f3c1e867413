//! The access check's answer for one operation on one path, in numbers rather than words, and run backwards. For callers
//! that ask about thousands of paths; [`explain`](crate::explain()) tells one person about one.

use std::collections::HashSet;
use std::path::Path;

use lowbox_security::{
    AccessMask, Ace, AceKind, AppContainer, Decision, Effect, SecurityDescriptor, Sid, Token, TraceSource,
    TraceStep,
};

use crate::effective::{effective, governing};
use crate::explain::{Candidate, Question, reaches};
use crate::object::{GrantRights, Object, Origin};
use crate::objects::grant_descriptor;
use crate::operation::Operation;
use crate::planner::check;

/// The answer.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub struct Ruling {
    /// Whether the access check allows the operation.
    pub granted: bool,
    /// The rights that the operation needs: those that were denied, if some were.
    pub desired: AccessMask,
    /// Those of them that it denied.
    pub missing: AccessMask,
    /// They are rights on the folder that holds the object.
    pub on_parent: bool,
    /// Why it denied.
    pub cause: Option<Cause>,
}

/// Why a right was denied.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Cause {
    /// No entry reaches the path.
    NoEntry,
    /// One does, and gives the token too little.
    NotAllowed,
    /// An entry denies it.
    Denied,
    /// The label does.
    Label,
}

/// Asks the access check.
pub fn rule(question: &Question<'_>) -> Ruling {
    let (sd, parent) = effective(question.objects, question.token, question.path, question.kind);
    let denied = if is_granted(&sd, parent.as_ref(), question.token, question.operation) {
        None
    } else {
        let all = decisions(&sd, parent.as_ref(), question.token, question.operation);
        all.into_iter().find(|(_, _, decision)| !decision.granted)
    };
    let (on_object, on_folder) = question.operation.desired();
    match denied {
        None => Ruling {
            granted: true,
            desired: if on_object.is_empty() { on_folder } else { on_object },
            missing: AccessMask::NONE,
            on_parent: on_object.is_empty(),
            cause: None,
        },
        Some((on_parent, desired, decision)) => Ruling {
            granted: false,
            desired,
            missing: desired.without(decision.user & decision.lowbox & decision.label),
            on_parent,
            cause: Some(cause(question, on_parent, desired, &decision)),
        },
    }
}

fn cause(question: &Question<'_>, on_parent: bool, desired: AccessMask, decision: &Decision) -> Cause {
    let denies = |step: &TraceStep| {
        step.effect == Effect::Denied
            && matches!(step.source, TraceSource::Ace { .. })
            && step.bits.intersects(desired)
    };
    if decision.trace.iter().any(denies) {
        return Cause::Denied;
    }
    if !decision.label.contains(desired) {
        return Cause::Label;
    }
    let path = if on_parent { question.path.parent().unwrap_or(question.path) } else { question.path };
    let depth = path.iter().count().saturating_sub(1);
    let kind = if on_parent { crate::NodeKind::Dir } else { question.kind };
    let named = governing(question.objects, path)
        .into_iter()
        .any(|(at, objects)| objects.iter().any(|object| reaches(object, depth - at, kind)));
    if named { Cause::NotAllowed } else { Cause::NoEntry }
}

/// Which of `candidates` would grant it, each alone beside what the token holds: their places in the list. All that the token
/// does not hold, where it is granted anyway.
pub fn granting(question: &Question<'_>, candidates: &[Candidate]) -> Vec<usize> {
    let (sd, parent) = effective(question.objects, question.token, question.path, question.kind);
    granting_by(&sd, parent.as_ref(), question.token, question.operation, candidates)
}

pub(crate) fn granting_by(
    sd: &SecurityDescriptor,
    parent: Option<&SecurityDescriptor>,
    token: &Token,
    operation: Operation,
    candidates: &[Candidate],
) -> Vec<usize> {
    let Some(container) = &token.app_container else { return Vec::new() };
    let named = named_sids(sd, parent);
    let granted = |token: &Token| is_granted(sd, parent, token, operation);
    // What no entry names changes no answer, so one question stands for all such candidates.
    let without = named.is_some().then(|| granted(token));
    let mut found = Vec::new();
    for (at, candidate) in candidates.iter().enumerate() {
        if container.capabilities.contains(&candidate.sid) {
            continue;
        }
        let grants = match (&named, without) {
            (Some(named), Some(without)) if !named.contains(&candidate.sid) => without,
            _ => granted(&with_capability(token, container, &candidate.sid)),
        };
        if grants {
            found.push(at);
        }
    }
    found
}

fn with_capability(token: &Token, container: &AppContainer, sid: &Sid) -> Token {
    let mut container = container.clone();
    container.capabilities.push(sid.clone());
    Token { app_container: Some(container), ..token.clone() }
}

/// Every SID that the entries name; `None` where one has a condition, which may name others.
fn named_sids<'s>(
    sd: &'s SecurityDescriptor,
    parent: Option<&'s SecurityDescriptor>,
) -> Option<HashSet<&'s Sid>> {
    let aces = || {
        [Some(sd), parent]
            .into_iter()
            .flatten()
            .flat_map(|sd| sd.dacl.aces().iter().chain(sd.sacl.iter().flat_map(|sacl| &sacl.aces)))
    };
    let plain = |ace: &Ace| matches!(ace.kind, AceKind::Allow | AceKind::Deny | AceKind::MandatoryLabel);
    aces().all(plain).then(|| aces().map(|ace| &ace.sid).collect())
}

/// The grant that would be enough, if one is: where, and which rights. None for unix sockets, for the root, and where something
/// denies.
pub fn helpful_grant<'q>(question: &Question<'q>) -> Option<(&'q Path, GrantRights)> {
    let place = match question.path.parent() {
        Some(parent) if question.operation.concerns_parent() => parent,
        _ => question.path,
    };
    let rights = question.operation.grant_letters().parse::<GrantRights>().ok()?;
    let helps = question.operation != Operation::Connect
        && place != Path::new("/")
        && grant_helps(question, place, rights);
    helps.then_some((place, rights))
}

/// Whether a grant of the place would be enough: not where something denies.
pub fn grant_helps(question: &Question<'_>, place: &Path, rights: GrantRights) -> bool {
    let Some(container) = &question.token.app_container else { return false };
    let mut objects: Vec<Object> =
        governing(question.objects, question.path).into_values().flatten().cloned().collect();
    objects.push(Object::new(place, grant_descriptor(&container.package, rights), Origin::Grant));
    rule(&Question { objects: &objects, ..*question }).granted
}

/// The check for the object, and for its parent directory where the operation needs rights there.
pub(crate) fn decisions(
    sd: &SecurityDescriptor,
    parent: Option<&SecurityDescriptor>,
    token: &Token,
    operation: Operation,
) -> Vec<(bool, AccessMask, Decision)> {
    let (on_object, on_parent) = operation.desired();
    let mut all = Vec::new();
    if !on_object.is_empty() {
        all.push((false, on_object, check::ask(sd, parent, token, on_object)));
    }
    if let (Some(parent), false) = (parent, on_parent.is_empty()) {
        all.push((true, on_parent, check::ask(parent, None, token, on_parent)));
    }
    all
}

/// The same without traces.
fn is_granted(
    sd: &SecurityDescriptor,
    parent: Option<&SecurityDescriptor>,
    token: &Token,
    operation: Operation,
) -> bool {
    let (on_object, on_parent) = operation.desired();
    (on_object.is_empty() || check::allows(sd, parent, token, on_object))
        && parent.is_none_or(|parent| on_parent.is_empty() || check::allows(parent, None, token, on_parent))
}

/// Whether the object is at the path or above it, its wildcards counted.
pub fn is_at_or_above(object: &Object, path: &Path) -> bool {
    !governing(std::slice::from_ref(object), path).is_empty()
}
