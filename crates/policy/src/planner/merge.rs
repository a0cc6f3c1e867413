//! Descriptors of several entries put together, and what of a descriptor only takes away.

use lowbox_security::{Ace, AceKind, Acl, Control, Dacl, SecurityDescriptor};

/// The explicit ACEs of two entries for one path, in canonical order. Protection by either protects; the stricter label
/// stands first, where the check looks for it.
pub(crate) fn merged(first: SecurityDescriptor, second: SecurityDescriptor) -> SecurityDescriptor {
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
        control: first.control | second.control,
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

/// The part of a descriptor that takes away: denies, protection from what would be inherited, labels and whatever else
/// is no plain allow. `None` when all that it does is allow.
pub(crate) fn restrictions(sd: &SecurityDescriptor) -> Option<SecurityDescriptor> {
    let kept: Vec<Ace> = sd.dacl.aces().iter().filter(|ace| !ace.kind.is_allow()).cloned().collect();
    let protected = sd.control.contains(Control::DACL_PROTECTED);
    if kept.is_empty() && !protected && sd.sacl.is_none() {
        return None;
    }
    Some(SecurityDescriptor { dacl: Dacl::Present(Acl::new(kept)), ..sd.clone() })
}
