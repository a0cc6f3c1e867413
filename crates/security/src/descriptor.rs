//! Security descriptors (MS-DTYP 2.4.6).

use std::fmt;
use std::ops::{BitAnd, BitOr};
use std::str::FromStr;

use serde::{Deserialize, Deserializer, Serialize, Serializer};

use crate::ace::{Ace, AceKind};
use crate::acl::Acl;
use crate::sddl::SddlError;
use crate::sid::Sid;

/// Who may do what to an object.
#[derive(Clone, PartialEq, Eq, Debug, Default)]
pub struct SecurityDescriptor {
    /// The owner, who keeps READ_CONTROL and WRITE_DAC unless an OWNER RIGHTS ACE says otherwise.
    pub owner: Option<Sid>,
    /// The primary group; the check doesn't use it.
    pub group: Option<Sid>,
    /// The rights.
    pub dacl: Dacl,
    /// Audits, label, attributes. A NULL SACL is the same as none.
    pub sacl: Option<Acl>,
    /// Control flags that aren't told by the other fields.
    pub control: Control,
}

/// The discretionary ACL. *Absent* and *NULL* give everybody full access in the user half and nothing in the lowbox half; an
/// empty list gives nobody anything.
#[derive(Clone, PartialEq, Eq, Debug, Default)]
pub enum Dacl {
    /// No DACL at all (no `D:` in SDDL).
    #[default]
    Absent,
    /// Present and NULL (`D:NO_ACCESS_CONTROL`).
    Null,
    /// A list, maybe empty.
    Present(Acl),
}

/// Control flags of a descriptor. `SE_DACL_PRESENT`, `SE_SACL_PRESENT` and `SE_SELF_RELATIVE` are never kept here: the other
/// fields say it.
#[derive(Clone, Copy, PartialEq, Eq, Debug, Default, Hash)]
pub struct Control(pub u16);

#[allow(missing_docs)] // winnt.h SE_… without the prefix
impl Control {
    pub const OWNER_DEFAULTED: Self = Self(0x0001);
    pub const GROUP_DEFAULTED: Self = Self(0x0002);
    pub const DACL_PRESENT: Self = Self(0x0004);
    pub const DACL_DEFAULTED: Self = Self(0x0008);
    pub const SACL_PRESENT: Self = Self(0x0010);
    pub const SACL_DEFAULTED: Self = Self(0x0020);
    pub const DACL_TRUSTED: Self = Self(0x0040);
    pub const SERVER_SECURITY: Self = Self(0x0080);
    /// `AR` in the DACL flags.
    pub const DACL_AUTO_INHERIT_REQ: Self = Self(0x0100);
    /// `AR` in the SACL flags.
    pub const SACL_AUTO_INHERIT_REQ: Self = Self(0x0200);
    /// `AI` in the DACL flags.
    pub const DACL_AUTO_INHERITED: Self = Self(0x0400);
    /// `AI` in the SACL flags.
    pub const SACL_AUTO_INHERITED: Self = Self(0x0800);
    /// `P` in the DACL flags: takes nothing from the parent.
    pub const DACL_PROTECTED: Self = Self(0x1000);
    /// `P` in the SACL flags.
    pub const SACL_PROTECTED: Self = Self(0x2000);
    pub const RM_CONTROL_VALID: Self = Self(0x4000);
    pub const SELF_RELATIVE: Self = Self(0x8000);

    pub const fn contains(self, other: Self) -> bool {
        self.0 & other.0 == other.0
    }

    pub const fn without(self, other: Self) -> Self {
        Self(self.0 & !other.0)
    }
}

impl BitOr for Control {
    type Output = Self;
    fn bitor(self, other: Self) -> Self {
        Self(self.0 | other.0)
    }
}

impl BitAnd for Control {
    type Output = Self;
    fn bitand(self, other: Self) -> Self {
        Self(self.0 & other.0)
    }
}

impl Dacl {
    /// The entries; none when the DACL is absent or NULL.
    pub fn aces(&self) -> &[Ace] {
        match self {
            Dacl::Present(acl) => &acl.aces,
            Dacl::Absent | Dacl::Null => &[],
        }
    }
}

impl SecurityDescriptor {
    /// The mandatory label that binds the object: the first one in the SACL that isn't inherit-only.
    pub fn label(&self) -> Option<&Ace> {
        let aces = &self.sacl.as_ref()?.aces;
        aces.iter().find(|ace| ace.kind == AceKind::MandatoryLabel && !ace.is_inherit_only())
    }
}

impl fmt::Display for SecurityDescriptor {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str(&self.to_sddl())
    }
}

impl FromStr for SecurityDescriptor {
    type Err = SddlError;

    fn from_str(text: &str) -> Result<SecurityDescriptor, SddlError> {
        SecurityDescriptor::from_sddl(text)
    }
}

impl Serialize for SecurityDescriptor {
    fn serialize<S: Serializer>(&self, serializer: S) -> Result<S::Ok, S::Error> {
        serializer.collect_str(self)
    }
}

impl<'de> Deserialize<'de> for SecurityDescriptor {
    fn deserialize<D: Deserializer<'de>>(deserializer: D) -> Result<SecurityDescriptor, D::Error> {
        let text = String::deserialize(deserializer)?;
        text.parse().map_err(serde::de::Error::custom)
    }
}
