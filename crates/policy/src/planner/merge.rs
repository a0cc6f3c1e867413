//! Descriptors of several entries put together, and what of a descriptor only takes away.

use lowbox_security::{AccessMask, Ace, AceFlags, AceKind, Acl, Control, Dacl, SecurityDescriptor, Token};

/// The explicit ACEs of two entries for one path, in canonical order. Protection by either protects; the stricter label
/// stands first, where the check looks for it.
pub(crate) fn merged(first: SecurityDescriptor, second: SecurityDescriptor) -> SecurityDescriptor {
    let mut control = first.control | second.control;
    if first.dacl == Dacl::Null || second.dacl == Dacl::Null {
        // It inherits nothing; beside a list it still must not, else a list that says nothing about the token would count.
        control = control | Control::DACL_PROTECTED;
    }
    let dacl = match (first.dacl, second.dacl) {
        (Dacl::Present(mut a), Dacl::Present(b)) => {
            a.aces.extend(b.aces);
            let mut acl = Acl::new(a.aces);
            acl.sort_canonically();
            Dacl::Present(acl)
        }
        // Absent and NULL give the lowbox half nothing, so the list decides.
        (Dacl::Present(a), _) | (_, Dacl::Present(a)) => Dacl::Present(a),
        (Dacl::Null, _) | (_, Dacl::Null) => Dacl::Null,
        (Dacl::Absent, Dacl::Absent) => Dacl::Absent,
    };
    let sacl = match (first.sacl, second.sacl) {
        (Some(a), Some(b)) => {
            let (mut high, mut low) = (a, b);
            if label_rid(&low) > label_rid(&high) {
                std::mem::swap(&mut high, &mut low);
            }
            high.aces.extend(low.aces);
            Some(Acl::new(high.aces))
        }
        (a, b) => a.or(b),
    };
    SecurityDescriptor {
        owner: first.owner.or(second.owner),
        group: first.group.or(second.group),
        dacl,
        sacl,
        control,
    }
}

fn label_rid(acl: &Acl) -> u32 {
    acl.aces
        .iter()
        .filter(|ace| ace.kind == AceKind::MandatoryLabel)
        .filter_map(|ace| ace.sid.label_rid())
        .max()
        .unwrap_or(0)
}

/// Whether a descriptor takes away: by denies, protection from what would be inherited, labels or whatever else is no
/// plain allow. A NULL DACL takes away too: it inherits nothing, and the lowbox half gets nothing from it.
pub(crate) fn restricts(sd: &SecurityDescriptor) -> bool {
    sd.dacl == Dacl::Null
        || sd.control.contains(Control::DACL_PROTECTED)
        || sd.sacl.is_some()
        || sd.dacl.aces().iter().any(|ace| !ace.kind.is_allow())
}

/// What a descriptor takes away, as denies alone, for a place that it was not written for. There its protection or label
/// could loosen what the place inherits (a label of its own stands before an inherited one, protection keeps inherited
/// denies out), so those become a deny of everything. `None` when all that it does is allow.
pub(crate) fn as_denies(sd: &SecurityDescriptor, token: &Token) -> Option<SecurityDescriptor> {
    if !restricts(sd) {
        return None;
    }
    let mut aces: Vec<Ace> = sd.dacl.aces().iter().filter(|ace| !ace.kind.is_allow()).cloned().collect();
    if sd.dacl == Dacl::Null || sd.sacl.is_some() || sd.control.contains(Control::DACL_PROTECTED) {
        let sid = token.app_container.as_ref().map_or(&token.user, |container| &container.package);
        let flags = AceFlags::OBJECT_INHERIT | AceFlags::CONTAINER_INHERIT;
        aces.push(Ace::deny(EVERYTHING, sid.clone()).with_flags(flags));
    }
    Some(SecurityDescriptor { dacl: Dacl::Present(Acl::new(aces)), ..SecurityDescriptor::default() })
}

/// Every specific and standard right.
const EVERYTHING: AccessMask = AccessMask(0x1F_FFFF);
