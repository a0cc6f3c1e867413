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
    let nothing = SecurityDescriptor::default();
    let given = explicit.unwrap_or(&nothing);
    let creator = Creator {
        owner: given.owner.as_ref().unwrap_or(&creator.owner).clone(),
        group: given.group.as_ref().unwrap_or(&creator.group).clone(),
    };
    let build = |own: &[Ace], from: &[Ace], protected: bool| {
        let from = if protected { &[] } else { from };
        let mut child =
            Child { kind, creator: &creator, mapping, aces: Vec::with_capacity(own.len() + from.len()) };
        // Entries that a caller copied from another object as inherited are not its own.
        for ace in own.iter().filter(|ace| protected || !ace.flags.contains(AceFlags::INHERITED)) {
            child.explicit_entry(ace);
        }
        from.iter().for_each(|ace| child.passed_on(ace));
        let mut acl = Acl::new(child.aces);
        acl.sort_canonically();
        acl
    };
    let dacl_protected = given.control.contains(Control::DACL_PROTECTED);
    let dacl = match &given.dacl {
        Dacl::Null => Dacl::Null,
        given => Dacl::Present(build(given.aces(), parent.dacl.aces(), dacl_protected)),
    };
    let sacl_protected = given.control.contains(Control::SACL_PROTECTED);
    let sacl = build(sacl_aces(given), sacl_aces(parent), sacl_protected);
    let sacl = (given.sacl.is_some() || !sacl.aces.is_empty()).then_some(sacl);
    let mut control = given.control & (Control::DACL_PROTECTED | Control::SACL_PROTECTED);
    if !dacl_protected && matches!(dacl, Dacl::Present(_)) {
        control = control | Control::DACL_AUTO_INHERITED;
    }
    if !sacl_protected && sacl.is_some() {
        control = control | Control::SACL_AUTO_INHERITED;
    }
    SecurityDescriptor { owner: Some(creator.owner), group: Some(creator.group), dacl, sacl, control }
}

fn sacl_aces(sd: &SecurityDescriptor) -> &[Ace] {
    sd.sacl.as_ref().map_or(&[], |acl| &acl.aces)
}

/// A list that is being made for a child.
struct Child<'a> {
    kind: ChildKind,
    /// With the owner and group that the child gets.
    creator: &'a Creator,
    mapping: &'a GenericMapping,
    aces: Vec<Ace>,
}

impl Child<'_> {
    /// An entry given for the child itself. Placeholders and generic rights are resolved for the child and kept,
    /// inherit-only, for its own children.
    fn explicit_entry(&mut self, ace: &Ace) {
        let inheritance = ace.flags & AceFlags::INHERITANCE;
        let plain = ace.flags.without(AceFlags::INHERITANCE);
        match (self.kind, ace.is_inherit_only()) {
            // A file passes nothing on, and an inherit-only entry says nothing about it.
            (ChildKind::Object, true) => {}
            (ChildKind::Object, false) => {
                self.effective(ace, plain);
            }
            (ChildKind::Container, true) => self.aces.push(ace.clone()),
            (ChildKind::Container, false) => self.effective_and_template(ace, inheritance, plain),
        }
    }

    /// What the parent's entry becomes on the child: nothing, one entry, or an effective and an inherit-only one.
    fn passed_on(&mut self, ace: &Ace) {
        let to_objects = ace.flags.contains(AceFlags::OBJECT_INHERIT);
        let to_containers = ace.flags.contains(AceFlags::CONTAINER_INHERIT);
        let propagates = !ace.flags.contains(AceFlags::NO_PROPAGATE);
        let plain = ace.flags.without(AceFlags::INHERITANCE) | AceFlags::INHERITED;
        // An allow for one class of children must not reach others, and the class isn't known here.
        let for_a_class = ace.object.is_some_and(|types| types.inherited.is_some()) && ace.kind.is_allow();
        match self.kind {
            ChildKind::Object if to_objects && !for_a_class => {
                self.effective(ace, plain);
            }
            ChildKind::Object => {}
            ChildKind::Container if !to_objects && !to_containers => {}
            ChildKind::Container => {
                let further = ace.flags & (AceFlags::OBJECT_INHERIT | AceFlags::CONTAINER_INHERIT);
                let further = if propagates { further } else { AceFlags::NONE };
                if to_containers && !for_a_class {
                    self.effective_and_template(ace, further, plain);
                } else if propagates {
                    self.aces.push(ace.clone().with_flags(plain | further | AceFlags::INHERIT_ONLY));
                }
            }
        }
    }

    /// The entry as it holds for the child itself. Whether it says something else than what it was made from.
    fn effective(&mut self, ace: &Ace, flags: AceFlags) -> bool {
        self.aces.push(ace.clone());
        let Some(own) = self.aces.last_mut() else { return false };
        own.flags = flags;
        resolve(own, self.creator, self.mapping);
        own.sid != ace.sid || own.mask != ace.mask
    }

    /// One entry if it means the same on the container and below it, otherwise the resolved one and an inherit-only
    /// template.
    fn effective_and_template(&mut self, ace: &Ace, further: AceFlags, plain: AceFlags) {
        let differs = self.effective(ace, plain);
        if further == AceFlags::NONE {
            return;
        }
        if differs {
            self.aces.push(ace.clone().with_flags(plain | further | AceFlags::INHERIT_ONLY));
        } else if let Some(own) = self.aces.last_mut() {
            own.flags = plain | further;
        }
    }
}

/// CREATOR OWNER, CREATOR GROUP and generic rights replaced by what they stand for on this child.
fn resolve(ace: &mut Ace, creator: &Creator, mapping: &GenericMapping) {
    if matches!(ace.kind, AceKind::Unknown(_)) {
        return;
    }
    if ace.sid.is(3, &[0]) {
        ace.sid = creator.owner.clone();
    } else if ace.sid.is(3, &[1]) {
        ace.sid = creator.group.clone();
    }
    let generic = AccessMask(0xF000_0000);
    if ace.mask.intersects(generic)
        && !matches!(ace.kind, AceKind::MandatoryLabel | AceKind::ResourceAttribute)
    {
        ace.mask = mapping.map(ace.mask);
    }
}
