//! Access control entries (MS-DTYP 2.4.4).

use std::ops::{BitAnd, BitOr};

use crate::condition::Condition;
use crate::guid::Guid;
use crate::integrity::Integrity;
use crate::mask::AccessMask;
use crate::resource_attribute::ResourceAttribute;
use crate::sddl::{SddlError, octets, plain_sid};
use crate::sid::Sid;

/// The type of an ACE (MS-DTYP 2.4.4.1).
#[derive(Clone, Copy, PartialEq, Eq, Debug, Hash)]
#[allow(missing_docs)]
pub enum AceKind {
    Allow,
    Deny,
    Audit,
    Alarm,
    AllowObject,
    DenyObject,
    AuditObject,
    AlarmObject,
    /// Conditional allow (SDDL `XA`).
    AllowCallback,
    /// Conditional deny (SDDL `XD`).
    DenyCallback,
    /// Conditional allow with object types (SDDL `ZA`).
    AllowCallbackObject,
    DenyCallbackObject,
    /// Conditional audit (SDDL `XU`).
    AuditCallback,
    AlarmCallback,
    AuditCallbackObject,
    AlarmCallbackObject,
    /// SDDL `ML`: the mask is the label policy, the SID the level.
    MandatoryLabel,
    /// SDDL `RA`: an attribute of the object for conditions to use.
    ResourceAttribute,
    /// SDDL `SP`: a reference to a central access policy.
    ScopedPolicy,
    /// SDDL `TL`: rights left to processes that aren't protected.
    TrustLabel,
    /// SDDL `FL`: rights left to those whom the condition doesn't meet.
    AccessFilter,
    /// A type this crate doesn't know, also the reserved compound type 4. Kept as it is; the check treats it as a deny.
    Unknown(u8),
}

impl AceKind {
    /// The kind with this number.
    pub fn from_number(number: u8) -> AceKind {
        match number {
            0x00 => AceKind::Allow,
            0x01 => AceKind::Deny,
            0x02 => AceKind::Audit,
            0x03 => AceKind::Alarm,
            0x05 => AceKind::AllowObject,
            0x06 => AceKind::DenyObject,
            0x07 => AceKind::AuditObject,
            0x08 => AceKind::AlarmObject,
            0x09 => AceKind::AllowCallback,
            0x0A => AceKind::DenyCallback,
            0x0B => AceKind::AllowCallbackObject,
            0x0C => AceKind::DenyCallbackObject,
            0x0D => AceKind::AuditCallback,
            0x0E => AceKind::AlarmCallback,
            0x0F => AceKind::AuditCallbackObject,
            0x10 => AceKind::AlarmCallbackObject,
            0x11 => AceKind::MandatoryLabel,
            0x12 => AceKind::ResourceAttribute,
            0x13 => AceKind::ScopedPolicy,
            0x14 => AceKind::TrustLabel,
            0x15 => AceKind::AccessFilter,
            other => AceKind::Unknown(other),
        }
    }

    /// The number of the kind.
    pub fn number(self) -> u8 {
        match self {
            AceKind::Allow => 0x00,
            AceKind::Deny => 0x01,
            AceKind::Audit => 0x02,
            AceKind::Alarm => 0x03,
            AceKind::AllowObject => 0x05,
            AceKind::DenyObject => 0x06,
            AceKind::AuditObject => 0x07,
            AceKind::AlarmObject => 0x08,
            AceKind::AllowCallback => 0x09,
            AceKind::DenyCallback => 0x0A,
            AceKind::AllowCallbackObject => 0x0B,
            AceKind::DenyCallbackObject => 0x0C,
            AceKind::AuditCallback => 0x0D,
            AceKind::AlarmCallback => 0x0E,
            AceKind::AuditCallbackObject => 0x0F,
            AceKind::AlarmCallbackObject => 0x10,
            AceKind::MandatoryLabel => 0x11,
            AceKind::ResourceAttribute => 0x12,
            AceKind::ScopedPolicy => 0x13,
            AceKind::TrustLabel => 0x14,
            AceKind::AccessFilter => 0x15,
            AceKind::Unknown(number) => number,
        }
    }

    /// Has this kind object type GUIDs?
    pub fn is_object(self) -> bool {
        matches!(self.number(), 0x05..=0x08 | 0x0B | 0x0C | 0x0F | 0x10)
    }

    /// May this kind carry a condition or other application data behind the SID?
    pub fn is_callback(self) -> bool {
        matches!(self.number(), 0x09..=0x10 | 0x15)
    }

    /// Allows access when it stands in a DACL.
    pub fn is_allow(self) -> bool {
        matches!(self.number(), 0x00 | 0x05 | 0x09 | 0x0B)
    }

    /// Denies access when it stands in a DACL. An unknown kind counts as one: it might be.
    pub fn is_deny(self) -> bool {
        matches!(self.number(), 0x01 | 0x06 | 0x0A | 0x0C) || matches!(self, AceKind::Unknown(_))
    }
}

/// The flags of an ACE (MS-DTYP 2.4.4.1).
#[derive(Clone, Copy, PartialEq, Eq, Default, Debug, Hash)]
pub struct AceFlags(pub u8);

#[allow(missing_docs)]
impl AceFlags {
    pub const NONE: Self = Self(0);
    /// `OI`: files inherit it.
    pub const OBJECT_INHERIT: Self = Self(0x01);
    /// `CI`: folders inherit it.
    pub const CONTAINER_INHERIT: Self = Self(0x02);
    /// `NP`: inheritance stops after one level.
    pub const NO_PROPAGATE: Self = Self(0x04);
    /// `IO`: only for what inherits it, not for the object itself.
    pub const INHERIT_ONLY: Self = Self(0x08);
    /// `ID`: came from the parent.
    pub const INHERITED: Self = Self(0x10);
    /// `CR`: critical.
    pub const CRITICAL: Self = Self(0x20);
    /// `SA` on audits: successful access. On access filters the same bit is `TP`.
    pub const SUCCESSFUL_ACCESS: Self = Self(0x40);
    /// `FA` on audits: failed access.
    pub const FAILED_ACCESS: Self = Self(0x80);
    /// The four bits that steer inheritance.
    pub const INHERITANCE: Self = Self(0x0F);

    pub const fn contains(self, other: Self) -> bool {
        self.0 & other.0 == other.0
    }

    pub const fn without(self, other: Self) -> Self {
        Self(self.0 & !other.0)
    }
}

impl BitOr for AceFlags {
    type Output = Self;
    fn bitor(self, other: Self) -> Self {
        Self(self.0 | other.0)
    }
}

impl BitAnd for AceFlags {
    type Output = Self;
    fn bitand(self, other: Self) -> Self {
        Self(self.0 & other.0)
    }
}

/// The GUIDs of an object ACE.
#[derive(Clone, Copy, PartialEq, Eq, Default, Debug)]
pub struct ObjectTypes {
    /// Property, property set, extended right or kind of child that the ACE is about; the whole object if `None`.
    pub object: Option<Guid>,
    /// The kind of child that inherits the ACE; every kind if `None`.
    pub inherited: Option<Guid>,
}

/// What follows the SID of an ACE.
#[derive(Clone, PartialEq, Eq, Default, Debug)]
#[non_exhaustive]
pub enum AceData {
    /// Nothing.
    #[default]
    None,
    /// The condition of a callback ACE.
    Condition(Condition),
    /// The attribute of a resource attribute ACE.
    Attribute(ResourceAttribute),
    /// Bytes that this crate doesn't read: application data of an unknown form or in another layout than the one this crate
    /// writes, or for [`AceKind::Unknown`] everything behind the four-byte ACE header.
    Raw(Vec<u8>),
}

/// One entry of an ACL.
#[derive(Clone, PartialEq, Eq, Debug)]
pub struct Ace {
    /// The type.
    pub kind: AceKind,
    /// Inheritance and audit flags.
    pub flags: AceFlags,
    /// Rights; for labels the policy. Zero for unknown kinds.
    pub mask: AccessMask,
    /// Whom it is for. S-1-0-0 (nobody) for unknown kinds.
    pub sid: Sid,
    /// The GUIDs of object kinds; `None` on others.
    pub object: Option<ObjectTypes>,
    /// Condition, attribute or unread bytes.
    pub data: AceData,
}

impl Ace {
    /// An ACE without object types and data.
    pub fn new(kind: AceKind, flags: AceFlags, mask: AccessMask, sid: Sid) -> Ace {
        let object = kind.is_object().then(ObjectTypes::default);
        Ace { kind, flags, mask, sid, object, data: AceData::None }
    }

    /// Allows `mask` to `sid`.
    pub fn allow(mask: AccessMask, sid: Sid) -> Ace {
        Ace::new(AceKind::Allow, AceFlags::NONE, mask, sid)
    }

    /// Denies `mask` to `sid`.
    pub fn deny(mask: AccessMask, sid: Sid) -> Ace {
        Ace::new(AceKind::Deny, AceFlags::NONE, mask, sid)
    }

    /// A mandatory label with its policy.
    pub fn label(level: Integrity, policy: AccessMask) -> Ace {
        Ace::new(AceKind::MandatoryLabel, AceFlags::NONE, policy, level.sid())
    }

    /// The same with other flags.
    pub fn with_flags(mut self, flags: AceFlags) -> Ace {
        self.flags = flags;
        self
    }

    /// Only for what inherits it.
    pub fn is_inherit_only(&self) -> bool {
        self.flags.contains(AceFlags::INHERIT_ONLY)
    }
}

impl AceData {
    /// Reads what stands behind the SID of an ACE of this kind. `None` if the kind has nothing there and there is something
    /// other than padding.
    ///
    /// Bytes become a condition or an attribute only if that packs to just these bytes and its text reads as the same again.
    /// All others are kept, so neither packing nor printing ever changes what was read.
    pub(crate) fn from_trailing(kind: AceKind, bytes: &[u8]) -> Option<AceData> {
        if bytes.is_empty() {
            return Some(AceData::None);
        }
        // An ACE pads its data. Padding may complete it, so it comes before reading: else octets written in SDDL would mean
        // another thing when they come back.
        let mut bytes = bytes.to_vec();
        bytes.resize(bytes.len().next_multiple_of(4), 0);
        let read = match kind {
            _ if kind.is_callback() => Condition::from_bytes(&bytes).map(AceData::Condition),
            AceKind::ResourceAttribute => ResourceAttribute::from_bytes(&bytes).map(AceData::Attribute),
            AceKind::Unknown(_) => None,
            _ => return bytes.iter().all(|byte| *byte == 0).then_some(AceData::None),
        };
        Some(read.filter(|read| read.is_written(kind, &bytes)).unwrap_or(AceData::Raw(bytes)))
    }

    /// Has this data exactly this binary form, and a text that says the same?
    fn is_written(&self, kind: AceKind, bytes: &[u8]) -> bool {
        let mut packed = Vec::new();
        self.write_trailing(&mut packed);
        let same = |text: String| AceData::from_text(kind, &text, &plain_sid).as_ref() == Ok(self);
        packed == bytes && self.to_text().is_some_and(same)
    }

    /// Appends the binary form to an ACE's body. The caller pads to four bytes.
    pub(crate) fn write_trailing(&self, out: &mut Vec<u8>) {
        match self {
            AceData::None => {}
            AceData::Condition(condition) => out.extend_from_slice(&condition.to_bytes()),
            AceData::Attribute(attribute) => out.extend_from_slice(&attribute.to_bytes()),
            AceData::Raw(bytes) => out.extend_from_slice(bytes),
        }
    }

    /// Reads the text of an ACE's seventh field, without its parentheses.
    pub(crate) fn from_text(
        kind: AceKind,
        text: &str,
        sid: &dyn Fn(&str) -> Result<Sid, SddlError>,
    ) -> Result<AceData, String> {
        match kind {
            _ if kind.is_callback() => Condition::from_text(text, sid).map(AceData::Condition),
            AceKind::ResourceAttribute => ResourceAttribute::from_text(text, sid).map(AceData::Attribute),
            _ => Err("this ACE type carries no condition and no attribute".to_owned()),
        }
    }

    /// The text of the seventh field, without its parentheses.
    pub(crate) fn to_text(&self) -> Option<String> {
        match self {
            AceData::None => None,
            AceData::Condition(condition) => Some(condition.to_string()),
            AceData::Attribute(attribute) => Some(attribute.to_string()),
            AceData::Raw(bytes) => Some(octets(bytes)),
        }
    }
}
