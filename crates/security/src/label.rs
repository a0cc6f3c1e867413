//! What the SACL leaves of an access: mandatory label, trust label, access filter, scoped policy.

use crate::ace::AceKind;
use crate::descriptor::SecurityDescriptor;
use crate::integrity::Integrity;
use crate::mapping::GenericMapping;
use crate::mask::AccessMask;
use crate::sddl::ace_to_sddl;
use crate::token::{Privilege, Token};
use crate::trace::{Effect, Side, TraceSource, TraceStep};

/// Everything allowed.
const ALL: AccessMask = AccessMask(u32::MAX);

/// The bits that the SACL leaves, by this project's rules and by NT's.
#[derive(Clone, Copy)]
pub(crate) struct Left {
    pub strict: AccessMask,
    pub nt: AccessMask,
}

/// Runs the checks that come before the DACL. `scope` is the bits in question; only they show up in the trace.
pub(crate) fn check(
    sd: &SecurityDescriptor,
    token: &Token,
    mapping: &GenericMapping,
    scope: AccessMask,
    trace: &mut Vec<TraceStep>,
) -> Left {
    let mut left = Left { strict: ALL, nt: ALL };
    let mut limit = |source, mask: AccessMask, nt_too: bool, sentence: String| {
        let taken = left.strict & scope & !mask;
        left.strict &= mask;
        if nt_too {
            left.nt &= mask;
        }
        if !taken.is_empty() {
            let stricter_than_nt = !nt_too;
            let effect = Effect::Denied;
            trace.push(TraceStep {
                source,
                side: Side::Label,
                effect,
                bits: taken,
                stricter_than_nt,
                sentence,
            });
        }
    };
    mandatory_label(sd, token, mapping, &mut limit);
    let aces = sd.sacl.as_ref().map_or(&[][..], |acl| &acl.aces);
    for (index, ace) in aces.iter().enumerate().filter(|(_, ace)| !ace.is_inherit_only()) {
        let source = || TraceSource::Sacl { index, sddl: ace_to_sddl(ace) };
        let mask = mapping.map(ace.mask);
        match ace.kind {
            // No token here belongs to a protected process, so none dominates a trust label.
            AceKind::TrustLabel => {
                limit(
                    source(),
                    mask,
                    true,
                    format!("the trust label leaves {mask} to unprotected processes"),
                );
            }
            // Whether the condition is met can't always be told; then the filter's mask is all that is left.
            AceKind::AccessFilter => limit(source(), mask, true, format!("the access filter leaves {mask}")),
            AceKind::ScopedPolicy => limit(
                source(),
                AccessMask::NONE,
                false,
                format!("the central access policy {} is not known here, so nothing is granted", ace.sid),
            ),
            _ => {}
        }
    }
    left
}

fn mandatory_label(
    sd: &SecurityDescriptor,
    token: &Token,
    mapping: &GenericMapping,
    limit: &mut impl FnMut(TraceSource, AccessMask, bool, String),
) {
    let label = sd.sacl.as_ref().and_then(|acl| {
        let is_label = |ace: &crate::ace::Ace| ace.kind == AceKind::MandatoryLabel && !ace.is_inherit_only();
        acl.aces.iter().enumerate().find(|(_, ace)| is_label(ace))
    });
    let (source, rid, policy) = match label {
        // A label whose SID is no integrity level is a fault of the descriptor: it binds everybody.
        Some((index, ace)) => {
            let rid = ace.sid.label_rid().unwrap_or(u32::MAX);
            (TraceSource::Sacl { index, sddl: ace_to_sddl(ace) }, rid, ace.mask)
        }
        None => (TraceSource::DefaultLabel, Integrity::Medium.rid(), mapping.default_label_policy()),
    };
    let waived = token.app_container.is_some() && rid <= Integrity::Medium.rid();
    if token.integrity.rid() < rid && !waived {
        let mut mask = policy_leaves(policy, mapping);
        if token.has_privilege(Privilege::Relabel) {
            mask |= AccessMask::WRITE_OWNER;
        }
        let level = Integrity::from_rid(rid);
        let who = token.integrity;
        limit(
            source,
            mask,
            true,
            format!("the object's label is {level}, the token's {who}: that leaves {mask}"),
        );
    }
    // An object that names one package is that package's: an ordinary token below Medium may not stand in for it.
    if token.app_container.is_none() && token.integrity < Integrity::Medium {
        let named =
            sd.dacl.aces().iter().enumerate().find(|(_, ace)| !ace.is_inherit_only() && ace.sid.is_package());
        if let Some((index, ace)) = named {
            let source = TraceSource::Ace { index, sddl: ace_to_sddl(ace) };
            let sentence =
                format!("the DACL names the package {}, which shuts out ordinary Low tokens", ace.sid);
            limit(source, AccessMask::NONE, true, sentence);
        }
    }
}

/// What a label leaves to a token below it. *No write up* leaves reading, executing, READ_CONTROL and SYNCHRONIZE; what is
/// in none of the three generic rights counts as writing.
fn policy_leaves(policy: AccessMask, mapping: &GenericMapping) -> AccessMask {
    if !policy.intersects(AccessMask(7)) {
        return ALL;
    }
    let neutral = AccessMask::READ_CONTROL | AccessMask::SYNCHRONIZE;
    let reading = mapping.read | neutral;
    let executing = mapping.execute | neutral;
    let mut left = AccessMask::NONE;
    if !policy.contains(AccessMask::LABEL_NO_READ_UP) {
        left |= reading;
    }
    if !policy.contains(AccessMask::LABEL_NO_EXECUTE_UP) {
        left |= executing;
    }
    if !policy.contains(AccessMask::LABEL_NO_WRITE_UP) {
        left |= mapping.write | (ALL & !(reading | executing));
    }
    left
}
