//! What a new object's descriptor looks like (MS-DTYP 2.5.3.4, simplified: no default DACL, no object types of classes).

use crate::ace::{Ace, AceFlags, AceKind};
use crate::acl::Acl;
use crate::descriptor::{Control, Dacl, SecurityDescriptor};
use crate::mapping::GenericMapping;
use crate::mask::AccessMask;
use crate::sid::Sid;

/// What is being created.
#[derive(Clone, Copy, PartialEq, Eq, Debug)]
pub enum ChildKind {
    /// A folder, a key: may have children.
    Container,
    /// A file: has none.
    Object,
}

/// Who creates: stands in for CREATOR OWNER and CREATOR GROUP, and owns what names no owner.
#[derive(Clone, PartialEq, Eq, Debug)]
pub struct Creator {
    /// The owner.
    pub owner: Sid,
    /// The primary group.
    pub group: Sid,
}

/// The descriptor of a child: `explicit` entries first, then what the parent passes on, in canonical order. Generic rights
/// and the creator placeholders are resolved. A protected explicit ACL takes nothing from the parent. If neither gives a DACL
/// the child's is empty, not absent: a missing DACL would open the object to everybody (NT takes the creator's default DACL
/// here, which a token of this crate doesn't have). An explicit NULL DACL stays one.
pub fn inherit(
    parent: &SecurityDescriptor,
    explicit: Option<&SecurityDescriptor>,
    kind: ChildKind,
    creator: &Creator,
    mapping: &GenericMapping,
) -> SecurityDescriptor {
    let given = explicit.cloned().unwrap_or_default();
    let owner = given.owner.unwrap_or_else(|| creator.owner.clone());
    let group = given.group.unwrap_or_else(|| creator.group.clone());
    let placeholders = Creator { owner: owner.clone(), group: group.clone() };
    let build = |own: &[Ace], from: &[Ace], protected: bool| {
        // Entries that a caller copied from another object as inherited are not its own.
        let own = own.iter().filter(|ace| protected || !ace.flags.contains(AceFlags::INHERITED));
        let mut aces: Vec<Ace> =
            own.flat_map(|ace| explicit_entry(ace, kind, &placeholders, mapping)).collect();
        if !protected {
            aces.extend(from.iter().flat_map(|ace| passed_on(ace, kind, &placeholders, mapping)));
        }
        let mut acl = Acl::new(aces);
        acl.sort_canonically();
        acl
    };
    let dacl_protected = given.control.contains(Control::DACL_PROTECTED);
    let dacl = match &given.dacl {
        Dacl::Null => Dacl::Null,
        Dacl::Absent => Dacl::Present(build(&[], parent.dacl.aces(), dacl_protected)),
        Dacl::Present(acl) => Dacl::Present(build(&acl.aces, parent.dacl.aces(), dacl_protected)),
    };
    let sacl_protected = given.control.contains(Control::SACL_PROTECTED);
    let aces_of = |acl: Option<&Acl>| acl.map_or_else(Vec::new, |acl| acl.aces.clone());
    let sacl = build(&aces_of(given.sacl.as_ref()), &aces_of(parent.sacl.as_ref()), sacl_protected);
    let sacl = (given.sacl.is_some() || !sacl.aces.is_empty()).then_some(sacl);
    let mut control = given.control & (Control::DACL_PROTECTED | Control::SACL_PROTECTED);
    if !dacl_protected && matches!(dacl, Dacl::Present(_)) {
        control = control | Control::DACL_AUTO_INHERITED;
    }
    if !sacl_protected && sacl.is_some() {
        control = control | Control::SACL_AUTO_INHERITED;
    }
    SecurityDescriptor { owner: Some(owner), group: Some(group), dacl, sacl, control }
}

/// An entry given for the child itself. Placeholders and generic rights are resolved for the child and kept, inherit-only,
/// for its own children.
fn explicit_entry(ace: &Ace, kind: ChildKind, creator: &Creator, mapping: &GenericMapping) -> Vec<Ace> {
    let inheritance = ace.flags & AceFlags::INHERITANCE;
    let plain = ace.flags.without(AceFlags::INHERITANCE);
    if kind == ChildKind::Object {
        // A file passes nothing on, and an inherit-only entry says nothing about it.
        if ace.is_inherit_only() {
            return Vec::new();
        }
        return vec![resolve(ace, creator, mapping).with_flags(plain)];
    }
    if ace.is_inherit_only() {
        return vec![ace.clone()];
    }
    effective_and_template(ace, inheritance, plain, creator, mapping)
}

/// What the parent's entry becomes on the child: nothing, one entry, or an effective and an inherit-only one.
fn passed_on(ace: &Ace, kind: ChildKind, creator: &Creator, mapping: &GenericMapping) -> Vec<Ace> {
    let to_objects = ace.flags.contains(AceFlags::OBJECT_INHERIT);
    let to_containers = ace.flags.contains(AceFlags::CONTAINER_INHERIT);
    let propagates = !ace.flags.contains(AceFlags::NO_PROPAGATE);
    let plain = ace.flags.without(AceFlags::INHERITANCE) | AceFlags::INHERITED;
    // An allow for one class of children must not reach others, and the class isn't known here.
    let for_a_class = ace.object.is_some_and(|types| types.inherited.is_some()) && ace.kind.is_allow();
    match kind {
        ChildKind::Object if to_objects && !for_a_class => {
            vec![resolve(ace, creator, mapping).with_flags(plain)]
        }
        ChildKind::Object => Vec::new(),
        ChildKind::Container if !to_objects && !to_containers => Vec::new(),
        ChildKind::Container => {
            let further = ace.flags & (AceFlags::OBJECT_INHERIT | AceFlags::CONTAINER_INHERIT);
            let further = if propagates { further } else { AceFlags::NONE };
            if to_containers && !for_a_class {
                effective_and_template(ace, further, plain, creator, mapping)
            } else if propagates {
                vec![ace.clone().with_flags(plain | further | AceFlags::INHERIT_ONLY)]
            } else {
                Vec::new()
            }
        }
    }
}

/// One entry if it means the same on the container and below it, otherwise the resolved one and an inherit-only template.
fn effective_and_template(
    ace: &Ace,
    further: AceFlags,
    plain: AceFlags,
    creator: &Creator,
    mapping: &GenericMapping,
) -> Vec<Ace> {
    let resolved = resolve(ace, creator, mapping);
    if further == AceFlags::NONE {
        return vec![resolved.with_flags(plain)];
    }
    if resolved == *ace {
        return vec![resolved.with_flags(plain | further)];
    }
    vec![resolved.with_flags(plain), ace.clone().with_flags(plain | further | AceFlags::INHERIT_ONLY)]
}

/// CREATOR OWNER, CREATOR GROUP and generic rights replaced by what they stand for on this child.
fn resolve(ace: &Ace, creator: &Creator, mapping: &GenericMapping) -> Ace {
    let mut resolved = ace.clone();
    if matches!(ace.kind, AceKind::Unknown(_)) {
        return resolved;
    }
    if ace.sid == Sid::creator_owner() {
        resolved.sid = creator.owner.clone();
    } else if ace.sid == Sid::creator_group() {
        resolved.sid = creator.group.clone();
    }
    let generic = AccessMask(0xF000_0000);
    if ace.mask.intersects(generic)
        && !matches!(ace.kind, AceKind::MandatoryLabel | AceKind::ResourceAttribute)
    {
        resolved.mask = mapping.map(ace.mask);
    }
    resolved
}
