//! The access check, asked about an attempt.

use std::cell::RefCell;
use std::collections::HashMap;
use std::path::{Path, PathBuf};

use lowbox_model_test::{Action, Attempt};
use lowbox_policy::{NodeKind, Object, Operation, effective};
use lowbox_security::{
    AccessMask, GenericMapping, Request, SecurityDescriptor, Token, UserHalf, access_check,
};

/// One right that an attempt needs.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Need {
    pub operation: Operation,
    pub path: PathBuf,
    pub kind: NodeKind,
}

type Descriptors = (SecurityDescriptor, Option<SecurityDescriptor>);

/// The check over a launch's objects.
pub struct Oracle {
    pub objects: Vec<Object>,
    pub token: Token,
    effective: RefCell<HashMap<(PathBuf, NodeKind), Descriptors>>,
}

impl Oracle {
    pub fn new(objects: Vec<Object>, token: Token) -> Oracle {
        Oracle { objects, token, effective: RefCell::default() }
    }

    /// Whether the access check allows it.
    pub fn allows(&self, need: &Need) -> bool {
        let mut cache = self.effective.borrow_mut();
        let (sd, parent) = cache
            .entry((need.path.clone(), need.kind))
            .or_insert_with(|| effective(&self.objects, &self.token, &need.path, need.kind));
        let (on_object, on_parent) = need.operation.desired();
        let ask = |sd: &SecurityDescriptor, parent: Option<&SecurityDescriptor>, desired: AccessMask| {
            let request =
                Request { desired, mapping: GenericMapping::FILE, user_half: UserHalf::Host, parent };
            desired.is_empty() || access_check(sd, &self.token, &request).granted
        };
        ask(sd, parent.as_ref(), on_object)
            && (on_parent.is_empty() || parent.as_ref().is_some_and(|parent| ask(parent, None, on_parent)))
    }

    pub fn allows_all(&self, needs: &[Need]) -> bool {
        needs.iter().all(|need| self.allows(need))
    }

    /// Whether any of several operations is allowed.
    pub fn allows_any(&self, path: &Path, kind: NodeKind, operations: &[Operation]) -> bool {
        operations
            .iter()
            .any(|operation| self.allows(&Need { operation: *operation, path: path.to_owned(), kind }))
    }
}

/// All that an attempt needs. `kind` is what is at the path, `other_kind` what is at the second path, if anything.
pub fn needs(attempt: &Attempt, kind: NodeKind, other_kind: Option<NodeKind>) -> Vec<Need> {
    let need = |operation, path: &Path, kind| Need { operation, path: path.to_owned(), kind };
    let one = |operation| vec![need(operation, &attempt.path, kind)];
    let two = |first, second| vec![need(first, &attempt.path, kind), need(second, &attempt.path, kind)];
    let new = |operation, kind| vec![need(operation, &attempt.path, kind)];
    let other = attempt.other.as_deref().unwrap_or(&attempt.path);
    let arrives = |kind: NodeKind| match kind {
        NodeKind::Dir => Operation::RenameDirTo,
        _ => Operation::RenameTo,
    };
    let leaves = |kind: NodeKind| match kind {
        NodeKind::Dir => Operation::Rmdir,
        _ => Operation::Unlink,
    };
    match attempt.action {
        Action::Stat | Action::ReadLink => one(Operation::Stat),
        Action::GetXattr | Action::ListXattr => one(Operation::GetXattr),
        Action::Read => one(Operation::Read),
        // A watch tells the names.
        Action::List | Action::Watch => one(Operation::List),
        Action::Execute => one(Operation::Execute),
        Action::Connect => one(Operation::Connect),
        Action::Chmod => one(Operation::Chmod),
        Action::SetTimes | Action::Touch => one(Operation::Utime),
        Action::SetXattr => one(Operation::SetXattr),
        Action::Write => one(Operation::Write),
        Action::Append => one(Operation::Append),
        Action::TruncateForWriting => two(Operation::Truncate, Operation::Write),
        Action::TruncateForReading => two(Operation::Truncate, Operation::Read),
        Action::Create | Action::MakeFile => new(Operation::Create, NodeKind::File),
        Action::LinkTemporary => two(Operation::Create, Operation::Write),
        Action::Mkdir => new(Operation::Mkdir, NodeKind::Dir),
        Action::Symlink => new(Operation::Symlink, NodeKind::Symlink),
        Action::MakeFifo => new(Operation::MakeSpecial, NodeKind::Fifo),
        Action::MakeSocket => new(Operation::MakeSpecial, NodeKind::Socket),
        Action::Link => {
            vec![need(Operation::LinkFrom, &attempt.path, kind), need(Operation::LinkTo, other, kind)]
        }
        Action::Rename => {
            vec![need(Operation::RenameFrom, &attempt.path, kind), need(arrives(kind), other, kind)]
        }
        Action::RenameOver => vec![
            need(Operation::RenameFrom, &attempt.path, kind),
            need(arrives(kind), other, kind),
            need(leaves(kind), other, other_kind.unwrap_or(kind)),
        ],
        Action::Exchange => {
            let other_kind = other_kind.unwrap_or(kind);
            vec![
                need(Operation::RenameFrom, &attempt.path, kind),
                need(arrives(kind), other, kind),
                need(Operation::RenameFrom, other, other_kind),
                need(arrives(other_kind), &attempt.path, other_kind),
            ]
        }
        Action::Unlink => one(Operation::Unlink),
        Action::Rmdir => one(Operation::Rmdir),
    }
}
