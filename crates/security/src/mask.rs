//! Access masks (MS-DTYP 2.4.3) and their names.

use std::fmt;
use std::ops::{BitAnd, BitAndAssign, BitOr, BitOrAssign, Not};

use serde::{Deserialize, Deserializer, Serialize, Serializer};

use crate::mapping::ObjectKind;

/// A set of access rights: bits 0–15 mean what the kind of object says, 16–20 are standard rights, 24 and 25 special,
/// 28–31 generic. Displayed and serialized as `0x…`.
#[derive(Clone, Copy, PartialEq, Eq, PartialOrd, Ord, Default, Hash)]
pub struct AccessMask(pub u32);

#[allow(missing_docs)] // The names are those of winnt.h.
impl AccessMask {
    pub const NONE: Self = Self(0);
    /// File: read data. Directory: list.
    pub const READ_DATA: Self = Self(0x1);
    /// File: write data. Directory: create files.
    pub const WRITE_DATA: Self = Self(0x2);
    /// File: append. Directory: create directories.
    pub const APPEND_DATA: Self = Self(0x4);
    pub const READ_EA: Self = Self(0x8);
    pub const WRITE_EA: Self = Self(0x10);
    /// File: execute. Directory: traverse.
    pub const EXECUTE: Self = Self(0x20);
    pub const DELETE_CHILD: Self = Self(0x40);
    pub const READ_ATTRIBUTES: Self = Self(0x80);
    pub const WRITE_ATTRIBUTES: Self = Self(0x100);
    pub const DELETE: Self = Self(0x1_0000);
    pub const READ_CONTROL: Self = Self(0x2_0000);
    pub const WRITE_DAC: Self = Self(0x4_0000);
    pub const WRITE_OWNER: Self = Self(0x8_0000);
    pub const SYNCHRONIZE: Self = Self(0x10_0000);
    pub const STANDARD_ALL: Self = Self(0x1F_0000);
    pub const SPECIFIC_ALL: Self = Self(0xFFFF);
    /// Access to the SACL; given by SeSecurityPrivilege alone.
    pub const ACCESS_SYSTEM_SECURITY: Self = Self(0x100_0000);
    /// Not a right: asks for whatever the descriptor gives.
    pub const MAXIMUM_ALLOWED: Self = Self(0x200_0000);
    pub const GENERIC_ALL: Self = Self(0x1000_0000);
    pub const GENERIC_EXECUTE: Self = Self(0x2000_0000);
    pub const GENERIC_WRITE: Self = Self(0x4000_0000);
    pub const GENERIC_READ: Self = Self(0x8000_0000);
    /// SDDL `FR`.
    pub const FILE_READ: Self = Self(0x12_0089);
    /// SDDL `FW`.
    pub const FILE_WRITE: Self = Self(0x12_0116);
    /// SDDL `FX`.
    pub const FILE_EXECUTE: Self = Self(0x12_00A0);
    /// SDDL `FA`.
    pub const FILE_ALL: Self = Self(0x1F_01FF);
    /// Mandatory label policy: no write up.
    pub const LABEL_NO_WRITE_UP: Self = Self(0x1);
    /// Mandatory label policy: no read up.
    pub const LABEL_NO_READ_UP: Self = Self(0x2);
    /// Mandatory label policy: no execute up.
    pub const LABEL_NO_EXECUTE_UP: Self = Self(0x4);

    /// Does this mask have every bit of `other`?
    pub const fn contains(self, other: Self) -> bool {
        self.0 & other.0 == other.0
    }

    /// Does this mask share a bit with `other`?
    pub const fn intersects(self, other: Self) -> bool {
        self.0 & other.0 != 0
    }

    /// No bit set.
    pub const fn is_empty(self) -> bool {
        self.0 == 0
    }

    /// The bits of this mask that `other` lacks.
    pub const fn without(self, other: Self) -> Self {
        Self(self.0 & !other.0)
    }

    /// The rights in words, for people, lowest bit first. Bits without a name for this kind of object are given as one
    /// hexadecimal number at the end.
    pub fn names(self, kind: ObjectKind) -> Vec<String> {
        let mut names = Vec::new();
        let mut left = self.0;
        for (bit, name) in kind.specific_names().iter().chain(COMMON_NAMES) {
            if left & bit != 0 {
                names.push((*name).to_owned());
                left &= !bit;
            }
        }
        if left != 0 {
            names.push(format!("{left:#x}"));
        }
        names
    }
}

const COMMON_NAMES: &[(u32, &str)] = &[
    (0x1_0000, "delete"),
    (0x2_0000, "read permissions"),
    (0x4_0000, "change permissions"),
    (0x8_0000, "take ownership"),
    (0x10_0000, "synchronize"),
    (0x100_0000, "access system security"),
    (0x200_0000, "maximum allowed"),
    (0x1000_0000, "generic all"),
    (0x2000_0000, "generic execute"),
    (0x4000_0000, "generic write"),
    (0x8000_0000, "generic read"),
];

impl BitOr for AccessMask {
    type Output = Self;
    fn bitor(self, other: Self) -> Self {
        Self(self.0 | other.0)
    }
}

impl BitAnd for AccessMask {
    type Output = Self;
    fn bitand(self, other: Self) -> Self {
        Self(self.0 & other.0)
    }
}

impl BitOrAssign for AccessMask {
    fn bitor_assign(&mut self, other: Self) {
        self.0 |= other.0;
    }
}

impl BitAndAssign for AccessMask {
    fn bitand_assign(&mut self, other: Self) {
        self.0 &= other.0;
    }
}

impl Not for AccessMask {
    type Output = Self;
    fn not(self) -> Self {
        Self(!self.0)
    }
}

impl fmt::Display for AccessMask {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        write!(f, "{:#x}", self.0)
    }
}

impl fmt::Debug for AccessMask {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        fmt::Display::fmt(self, f)
    }
}

impl Serialize for AccessMask {
    fn serialize<S: Serializer>(&self, serializer: S) -> Result<S::Ok, S::Error> {
        serializer.collect_str(self)
    }
}

/// Reads what [`Serialize`] writes: `0x…`.
impl<'de> Deserialize<'de> for AccessMask {
    fn deserialize<D: Deserializer<'de>>(deserializer: D) -> Result<Self, D::Error> {
        struct Hexadecimal;
        impl serde::de::Visitor<'_> for Hexadecimal {
            type Value = AccessMask;
            fn expecting(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
                f.write_str("an access mask like \"0x120089\"")
            }
            fn visit_str<E: serde::de::Error>(self, text: &str) -> Result<AccessMask, E> {
                let digits = text.strip_prefix("0x").filter(|digits| !digits.starts_with('+'));
                let bits = digits.and_then(|digits| u32::from_str_radix(digits, 16).ok());
                bits.map(AccessMask).ok_or_else(|| E::invalid_value(serde::de::Unexpected::Str(text), &self))
            }
        }
        deserializer.deserialize_str(Hexadecimal)
    }
}
