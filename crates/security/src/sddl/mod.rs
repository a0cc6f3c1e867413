//! The security descriptor definition language (MS-DTYP 2.5.1), both ways.
//!
//! Two forms go beyond it, so that every descriptor has a text: an ACE of an unknown type is `(0x2a;flags;#hex)`, and
//! application data that is no condition or attribute, or one in another layout than this crate writes, is `(#hex)` in its
//! place. Windows refuses both.

mod aliases;
mod parse;
mod print;
mod rights;
mod scan;

pub(crate) use parse::{parse_octets, plain_sid};
pub(crate) use print::{ace_to_sddl, octets, sid_to_sddl};

use crate::limits::{MAX_ACES, MAX_SDDL_BYTES};
use crate::sid::SidError;

/// Why a text is no SDDL. Positions count bytes from the start of the text.
#[derive(Debug, Clone, PartialEq, Eq, thiserror::Error)]
pub enum SddlError {
    /// Longer than any sensible descriptor.
    #[error("SDDL text of {0} bytes is longer than the limit of {MAX_SDDL_BYTES}")]
    TooLong(usize),
    /// Too many entries in one list.
    #[error("a list holds at most {MAX_ACES} ACEs here")]
    TooManyAces,
    /// A sign that doesn't belong there.
    #[error("SDDL at byte {at}: expected {expected}")]
    Expected {
        /// Where.
        at: usize,
        /// What would have been right.
        expected: &'static str,
    },
    /// A part given twice, such as two owners.
    #[error("SDDL at byte {at}: a second `{part}:`; each part may be given once")]
    Repeated {
        /// Where.
        at: usize,
        /// Which part.
        part: char,
    },
    /// Unknown ACE type.
    #[error(
        "SDDL at byte {at}: `{text}` is no ACE type (A, D, AU, AL, OA, OD, OU, OL, XA, XD, XU, ZA, ML, RA, SP, TL, FL)"
    )]
    AceType {
        /// Where.
        at: usize,
        /// What stands there.
        text: String,
    },
    /// Unknown ACE flag.
    #[error("SDDL at byte {at}: `{text}` are no ACE flags (OI, CI, NP, IO, ID, SA, FA, CR, TP)")]
    AceFlags {
        /// Where.
        at: usize,
        /// What stands there.
        text: String,
    },
    /// Unknown right.
    #[error(
        "SDDL at byte {at}: `{text}` are no rights here: use letters such as FR or GA, 0x…, or a decimal number"
    )]
    Rights {
        /// Where.
        at: usize,
        /// What stands there.
        text: String,
    },
    /// Neither an alias nor a SID.
    #[error("SDDL at byte {at}: `{text}` is neither a SID nor a known alias: {reason}")]
    Sid {
        /// Where.
        at: usize,
        /// What stands there.
        text: String,
        /// Why not.
        reason: SidError,
    },
    /// An alias for an account of a domain, and no domain was given.
    #[error(
        "SDDL at byte {at}: `{alias}` means an account of a domain (RID {rid}), and no domain is known here: write the whole \
         SID, S-1-5-21-…-{rid}, or parse with from_sddl_in_domain"
    )]
    DomainAlias {
        /// Where.
        at: usize,
        /// The alias.
        alias: String,
        /// Its relative identifier.
        rid: u32,
    },
    /// A GUID field that is none.
    #[error("SDDL at byte {at}: `{text}` is no GUID (xxxxxxxx-xxxx-xxxx-xxxx-xxxxxxxxxxxx)")]
    Guid {
        /// Where.
        at: usize,
        /// What stands there.
        text: String,
    },
    /// Object GUIDs on a kind of ACE that has none.
    #[error(
        "SDDL at byte {at}: this ACE type has no object GUIDs: leave both fields empty or use OA, OD, OU, OL or ZA"
    )]
    NotAnObjectAce {
        /// Where the ACE starts.
        at: usize,
    },
    /// A seventh field that doesn't fit the kind of ACE.
    #[error("SDDL at byte {at}: {reason}")]
    Data {
        /// Where.
        at: usize,
        /// What is wrong.
        reason: String,
    },
}
