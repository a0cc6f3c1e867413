//! The one access check, asked the way this crate needs it: for files, with the user half left to the host's kernel.

use lowbox_security::{
    AccessMask, Acl, ChildKind, Creator, Dacl, Decision, GenericMapping, Request, SecurityDescriptor, Token,
    UserHalf, access_check, access_check_untold, inherit,
};

/// The descriptor of what no object governs: nobody may do anything there through the lowbox half.
pub(crate) fn ungoverned(token: &Token) -> SecurityDescriptor {
    SecurityDescriptor {
        owner: Some(token.user.clone()),
        group: None,
        dacl: Dacl::Present(Acl::default()),
        sacl: None,
        control: Default::default(),
    }
}

/// What a child has: its own ACEs and those it inherits. Things count as made by the token's user.
pub(crate) fn inherited(
    parent: &SecurityDescriptor,
    explicit: Option<&SecurityDescriptor>,
    kind: ChildKind,
    token: &Token,
) -> SecurityDescriptor {
    let creator = Creator {
        owner: token.user.clone(),
        group: token.groups.first().map_or_else(|| token.user.clone(), |group| group.sid.clone()),
    };
    inherit(parent, explicit, kind, &creator, &GenericMapping::FILE)
}

/// Asks for `desired`.
pub(crate) fn ask(
    sd: &SecurityDescriptor,
    parent: Option<&SecurityDescriptor>,
    token: &Token,
    desired: AccessMask,
) -> Decision {
    let request = Request { desired, mapping: GenericMapping::FILE, user_half: UserHalf::Host, parent };
    access_check(sd, token, &request)
}

/// Whether `desired` is granted: the same check without its trace.
pub(crate) fn allows(
    sd: &SecurityDescriptor,
    parent: Option<&SecurityDescriptor>,
    token: &Token,
    desired: AccessMask,
) -> bool {
    let request = Request { desired, mapping: GenericMapping::FILE, user_half: UserHalf::Host, parent };
    access_check_untold(sd, token, &request).granted
}

/// All that the token may do.
pub(crate) fn maximum(
    sd: &SecurityDescriptor,
    parent: Option<&SecurityDescriptor>,
    token: &Token,
) -> AccessMask {
    let desired = AccessMask::MAXIMUM_ALLOWED;
    let request = Request { desired, mapping: GenericMapping::FILE, user_half: UserHalf::Host, parent };
    let decision = access_check_untold(sd, token, &request);
    if decision.granted { decision.access } else { AccessMask::NONE }
}
