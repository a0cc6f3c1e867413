//! Access control lists (MS-DTYP 2.4.5).

use crate::ace::{Ace, AceFlags, AceKind};

/// A list of ACEs. Order matters: the check walks it from the start.
#[derive(Clone, PartialEq, Eq, Debug)]
pub struct Acl {
    /// 2, or 4 when the list holds object ACEs.
    pub revision: u8,
    /// The entries.
    pub aces: Vec<Ace>,
}

impl Default for Acl {
    fn default() -> Acl {
        Acl::new(Vec::new())
    }
}

impl Acl {
    /// `ACL_REVISION`.
    pub const REVISION: u8 = 2;
    /// `ACL_REVISION_DS`, for lists with object ACEs.
    pub const REVISION_DS: u8 = 4;

    /// A list with the revision that its entries need.
    pub fn new(aces: Vec<Ace>) -> Acl {
        Acl { revision: Acl::needed_revision(&aces), aces }
    }

    /// The lowest revision that may hold these entries.
    pub fn needed_revision(aces: &[Ace]) -> u8 {
        if aces.iter().any(|ace| ace.kind.is_object()) { Acl::REVISION_DS } else { Acl::REVISION }
    }

    /// Is the list in canonical order: explicit deny, explicit allow, inherited deny, inherited allow?
    pub fn is_canonical(&self) -> bool {
        self.aces.iter().map(canonical_rank).is_sorted()
    }

    /// Puts the list into canonical order; entries of one rank keep theirs.
    pub fn sort_canonically(&mut self) {
        // Nearly every list is in order already, and entries are large to move.
        if !self.is_canonical() {
            self.aces.sort_by_key(canonical_rank);
        }
    }
}

/// Position of an ACE in the canonical order. Kinds that neither allow nor deny sort with the denies, like unknown ones.
fn canonical_rank(ace: &Ace) -> u8 {
    let inherited = u8::from(ace.flags.contains(AceFlags::INHERITED)) * 2;
    inherited + u8::from(ace.kind.is_allow() && !matches!(ace.kind, AceKind::Unknown(_)))
}
