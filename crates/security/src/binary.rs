//! Self-relative security descriptors (MS-DTYP 2.4.6), both ways. Everything read is bounded by its container.

use crate::ace::{Ace, AceData, AceFlags, AceKind, ObjectTypes};
use crate::acl::Acl;
use crate::descriptor::{Control, Dacl, SecurityDescriptor};
use crate::guid::Guid;
use crate::limits::{MAX_ACES, MAX_DESCRIPTOR_BYTES};
use crate::mask::AccessMask;
use crate::sid::{Sid, SidError};

const HEADER: usize = 20;
const ACL_HEADER: usize = 8;
const ACE_HEADER: usize = 4;
/// Control bits that the fields of [`SecurityDescriptor`] tell, or that stand for the resource manager's byte, which isn't
/// kept.
const TOLD: Control = Control(
    Control::DACL_PRESENT.0
        | Control::SACL_PRESENT.0
        | Control::SELF_RELATIVE.0
        | Control::RM_CONTROL_VALID.0,
);
/// `ACE_OBJECT_TYPE_PRESENT` and `ACE_INHERITED_OBJECT_TYPE_PRESENT`.
const OBJECT_PRESENT: u32 = 1;
const INHERITED_PRESENT: u32 = 2;

/// Why bytes are no descriptor, or a descriptor doesn't fit into bytes.
#[derive(Debug, Clone, PartialEq, Eq, thiserror::Error)]
pub enum BinaryError {
    /// More bytes than any descriptor needs.
    #[error("a descriptor has at most {MAX_DESCRIPTOR_BYTES} bytes, this one {0}")]
    TooLong(usize),
    /// A part reaches past the end.
    #[error("the {part} at offset {offset} is cut off")]
    Truncated {
        /// Which part.
        part: &'static str,
        /// Where it starts, in bytes from the start of the descriptor or of the ACL.
        offset: usize,
    },
    /// A revision that doesn't exist.
    #[error("{part} revision {revision} is not known")]
    Revision {
        /// Which part.
        part: &'static str,
        /// The number found.
        revision: u8,
    },
    /// The descriptor isn't in self-relative form, the only one that has no pointers.
    #[error(
        "the descriptor is in absolute form; only the self-relative form (control bit 0x8000) can be read"
    )]
    NotSelfRelative,
    /// A size field contradicts what it counts.
    #[error("the {part} at offset {offset} has the impossible size {size}")]
    Size {
        /// Which part.
        part: &'static str,
        /// Where it starts, in bytes.
        offset: usize,
        /// The size found, in bytes.
        size: usize,
    },
    /// An offset points into the header.
    #[error("the {part} offset {offset} points into the header")]
    Offset {
        /// Which part.
        part: &'static str,
        /// The offset found.
        offset: usize,
    },
    /// Bytes behind an ACE of a kind that has none there.
    #[error("the ACE at offset {0} has data behind its SID, which its type doesn't have")]
    TrailingData(usize),
    /// A flag that this crate doesn't know in an object ACE.
    #[error("the object ACE at offset {offset} has unknown flags {flags:#x}")]
    ObjectFlags {
        /// Where the ACE starts, in bytes from the start of the ACL.
        offset: usize,
        /// The flags found.
        flags: u32,
    },
    /// Too many entries.
    #[error("an ACL holds at most {MAX_ACES} ACEs here, this one {0}")]
    TooManyAces(usize),
    /// An ACL or ACE that is longer than its 16-bit size field can say.
    #[error("the {0} is longer than 65535 bytes and has no binary form: split it or shorten it")]
    DoesNotFit(&'static str),
    /// A bad SID.
    #[error("the {part} is no SID: {source}")]
    Sid {
        /// Which part.
        part: &'static str,
        /// What is wrong with it.
        source: SidError,
    },
}

impl SecurityDescriptor {
    /// Reads a self-relative descriptor. Parts may lie in any order and even overlap, as NT allows; bytes that belong to no part
    /// are ignored, and so is the resource manager's byte. A NULL SACL reads as none.
    pub fn from_bytes(bytes: &[u8]) -> Result<SecurityDescriptor, BinaryError> {
        if bytes.len() > MAX_DESCRIPTOR_BYTES {
            return Err(BinaryError::TooLong(bytes.len()));
        }
        if bytes.len() < HEADER {
            return Err(BinaryError::Truncated { part: "header", offset: 0 });
        }
        if bytes[0] != 1 {
            return Err(BinaryError::Revision { part: "descriptor", revision: bytes[0] });
        }
        let control = Control(u16_at(bytes, 2));
        if !control.contains(Control::SELF_RELATIVE) {
            return Err(BinaryError::NotSelfRelative);
        }
        let [owner, group, sacl, dacl] = [4, 8, 12, 16].map(|at| u32_at(bytes, at) as usize);
        let dacl = match (control.contains(Control::DACL_PRESENT), part_at(bytes, dacl, "DACL")?) {
            (false, _) => Dacl::Absent,
            (true, None) => Dacl::Null,
            (true, Some(part)) => Dacl::Present(Acl::from_bytes(part)?.0),
        };
        let sacl = match part_at(bytes, sacl, "SACL")? {
            Some(part) if control.contains(Control::SACL_PRESENT) => Some(Acl::from_bytes(part)?.0),
            _ => None,
        };
        let sid = |offset, part| -> Result<Option<Sid>, BinaryError> {
            let Some(bytes) = part_at(bytes, offset, part)? else { return Ok(None) };
            let (sid, _) = Sid::from_bytes(bytes).map_err(|source| BinaryError::Sid { part, source })?;
            Ok(Some(sid))
        };
        let (owner, group) = (sid(owner, "owner")?, sid(group, "group")?);
        Ok(SecurityDescriptor { owner, group, dacl, sacl, control: control.without(TOLD) })
    }

    /// The self-relative form: header, owner, group, SACL, DACL. Fails only for an ACL or ACE that is too long for its
    /// size field.
    pub fn to_bytes(&self) -> Result<Vec<u8>, BinaryError> {
        let mut control = self.control.without(TOLD) | Control::SELF_RELATIVE;
        let dacl = match &self.dacl {
            Dacl::Absent => None,
            Dacl::Null => {
                control = control | Control::DACL_PRESENT;
                None
            }
            Dacl::Present(acl) => {
                control = control | Control::DACL_PRESENT;
                Some(acl.to_bytes()?)
            }
        };
        let sacl = self.sacl.as_ref().map(Acl::to_bytes).transpose()?;
        if sacl.is_some() {
            control = control | Control::SACL_PRESENT;
        }
        let parts =
            [self.owner.as_ref().map(Sid::to_bytes), self.group.as_ref().map(Sid::to_bytes), sacl, dacl];
        let mut bytes = vec![1, 0];
        bytes.extend_from_slice(&control.0.to_le_bytes());
        let mut offset = HEADER;
        for part in &parts {
            let at = part.as_ref().map_or(0, |_| offset);
            bytes.extend_from_slice(&(at as u32).to_le_bytes());
            offset += part.as_ref().map_or(0, Vec::len);
        }
        parts.into_iter().flatten().for_each(|part| bytes.extend_from_slice(&part));
        Ok(bytes)
    }
}

impl Acl {
    /// Reads a binary ACL at the start of `bytes` and tells how many bytes it took.
    pub fn from_bytes(bytes: &[u8]) -> Result<(Acl, usize), BinaryError> {
        if bytes.len() < ACL_HEADER {
            return Err(BinaryError::Truncated { part: "ACL", offset: 0 });
        }
        let revision = bytes[0];
        if !(2..=4).contains(&revision) {
            return Err(BinaryError::Revision { part: "ACL", revision });
        }
        let size = usize::from(u16_at(bytes, 2));
        let count = usize::from(u16_at(bytes, 4));
        if size < ACL_HEADER {
            return Err(BinaryError::Size { part: "ACL", offset: 0, size });
        }
        let Some(body) = bytes.get(..size) else {
            return Err(BinaryError::Truncated { part: "ACL", offset: 0 });
        };
        if count > MAX_ACES {
            return Err(BinaryError::TooManyAces(count));
        }
        let mut aces = Vec::new();
        let mut offset = ACL_HEADER;
        for _ in 0..count {
            let (ace, length) = ace_from_bytes(&body[offset..], offset)?;
            aces.push(ace);
            offset += length;
        }
        Ok((Acl { revision: revision.max(Acl::needed_revision(&aces)), aces }, size))
    }

    /// The binary form.
    pub fn to_bytes(&self) -> Result<Vec<u8>, BinaryError> {
        if self.aces.len() > MAX_ACES {
            return Err(BinaryError::TooManyAces(self.aces.len()));
        }
        let mut body = Vec::new();
        for ace in &self.aces {
            ace_to_bytes(ace, &mut body)?;
        }
        let size = u16::try_from(ACL_HEADER + body.len()).map_err(|_| BinaryError::DoesNotFit("ACL"))?;
        let mut bytes = vec![self.revision.max(Acl::needed_revision(&self.aces)), 0];
        bytes.extend_from_slice(&size.to_le_bytes());
        bytes.extend_from_slice(&(self.aces.len() as u16).to_le_bytes());
        bytes.extend_from_slice(&[0, 0]);
        bytes.extend_from_slice(&body);
        Ok(bytes)
    }
}

fn ace_from_bytes(bytes: &[u8], offset: usize) -> Result<(Ace, usize), BinaryError> {
    let cut_off = || BinaryError::Truncated { part: "ACE", offset };
    if bytes.len() < ACE_HEADER {
        return Err(cut_off());
    }
    let kind = AceKind::from_number(bytes[0]);
    let flags = AceFlags(bytes[1]);
    let size = usize::from(u16_at(bytes, 2));
    // RtlValidAcl asks for multiples of four as well.
    if size < ACE_HEADER || !size.is_multiple_of(4) {
        return Err(BinaryError::Size { part: "ACE", offset, size });
    }
    let body = bytes.get(ACE_HEADER..size).ok_or_else(cut_off)?;
    if let AceKind::Unknown(_) = kind {
        return Ok((unknown_ace(kind, flags, body.to_vec()), size));
    }
    let mut rest = body;
    let mut take = |count: usize| {
        let (head, tail) = rest.split_at_checked(count)?;
        rest = tail;
        Some(head)
    };
    let mask = AccessMask(u32_at(take(4).ok_or_else(cut_off)?, 0));
    let object = if kind.is_object() {
        let present = u32_at(take(4).ok_or_else(cut_off)?, 0);
        if present & !(OBJECT_PRESENT | INHERITED_PRESENT) != 0 {
            return Err(BinaryError::ObjectFlags { offset, flags: present });
        }
        let mut guid = |bit| -> Result<Option<Guid>, BinaryError> {
            if present & bit == 0 {
                return Ok(None);
            }
            let bytes = take(16).and_then(|b| b.first_chunk::<16>()).ok_or_else(cut_off)?;
            Ok(Some(Guid(*bytes)))
        };
        Some(ObjectTypes { object: guid(OBJECT_PRESENT)?, inherited: guid(INHERITED_PRESENT)? })
    } else {
        None
    };
    let (sid, length) =
        Sid::from_bytes(rest).map_err(|source| BinaryError::Sid { part: "ACE's SID", source })?;
    let trailing = &rest[length..];
    let data = AceData::from_trailing(kind, trailing).ok_or(BinaryError::TrailingData(offset))?;
    Ok((Ace { kind, flags, mask, sid, object, data }, size))
}

/// An ACE of a type that isn't known: its bytes behind the header are kept.
pub(crate) fn unknown_ace(kind: AceKind, flags: AceFlags, body: Vec<u8>) -> Ace {
    Ace {
        kind,
        flags,
        mask: AccessMask::NONE,
        sid: Sid::known(0, &[0]),
        object: None,
        data: AceData::Raw(body),
    }
}

fn ace_to_bytes(ace: &Ace, out: &mut Vec<u8>) -> Result<(), BinaryError> {
    let mut body = Vec::new();
    if !matches!(ace.kind, AceKind::Unknown(_)) {
        body.extend_from_slice(&ace.mask.0.to_le_bytes());
        if ace.kind.is_object() {
            let types = ace.object.unwrap_or_default();
            let present = if types.object.is_some() { OBJECT_PRESENT } else { 0 }
                | if types.inherited.is_some() { INHERITED_PRESENT } else { 0 };
            body.extend_from_slice(&present.to_le_bytes());
            for guid in [types.object, types.inherited].into_iter().flatten() {
                body.extend_from_slice(&guid.0);
            }
        }
        body.extend_from_slice(&ace.sid.to_bytes());
    }
    ace.data.write_trailing(&mut body);
    while !body.len().is_multiple_of(4) {
        body.push(0);
    }
    let size = u16::try_from(ACE_HEADER + body.len()).map_err(|_| BinaryError::DoesNotFit("ACE"))?;
    out.push(ace.kind.number());
    out.push(ace.flags.0);
    out.extend_from_slice(&size.to_le_bytes());
    out.extend_from_slice(&body);
    Ok(())
}

/// The bytes from an offset of the header on; `None` for offset zero, which means that the part is missing.
fn part_at<'a>(bytes: &'a [u8], offset: usize, part: &'static str) -> Result<Option<&'a [u8]>, BinaryError> {
    match offset {
        0 => Ok(None),
        1..HEADER => Err(BinaryError::Offset { part, offset }),
        _ => bytes.get(offset..).map(Some).ok_or(BinaryError::Truncated { part, offset }),
    }
}

/// Callers have checked the length.
fn u16_at(bytes: &[u8], at: usize) -> u16 {
    u16::from_le_bytes([bytes[at], bytes[at + 1]])
}

/// Callers have checked the length.
fn u32_at(bytes: &[u8], at: usize) -> u32 {
    u32::from_le_bytes([bytes[at], bytes[at + 1], bytes[at + 2], bytes[at + 3]])
}
