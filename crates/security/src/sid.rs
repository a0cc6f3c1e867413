//! Security identifiers (MS-DTYP 2.4.2): text, binary form and the well-known ones.

use std::fmt;
use std::str::FromStr;

use serde::{Deserialize, Deserializer, Serialize, Serializer};

use crate::limits::MAX_SUB_AUTHORITIES;

/// The largest identifier authority: 48 bits.
const MAX_AUTHORITY: u64 = (1 << 48) - 1;
/// APPLICATION PACKAGE AUTHORITY: packages and capabilities (winnt.h `SECURITY_APP_PACKAGE_AUTHORITY`).
const APP_PACKAGE_AUTHORITY: u64 = 15;
/// MANDATORY LABEL AUTHORITY: integrity levels.
const LABEL_AUTHORITY: u64 = 16;

/// A security identifier: whom a right is given to or taken from.
#[derive(Clone, PartialEq, Eq, PartialOrd, Ord, Hash)]
pub struct Sid {
    authority: u64,
    subs: Subs,
}

/// The sub-authorities, in place: a launch copies thousands of SIDs, and none of them is worth an allocation.
#[derive(Clone, Copy)]
struct Subs {
    count: u8,
    words: [u32; MAX_SUB_AUTHORITIES],
}

impl Subs {
    /// The first fifteen of `subs`; callers check that there are no more.
    fn new(subs: &[u32]) -> Subs {
        let mut words = [0; MAX_SUB_AUTHORITIES];
        let count = subs.len().min(MAX_SUB_AUTHORITIES);
        words[..count].copy_from_slice(&subs[..count]);
        Subs { count: count as u8, words }
    }
}

impl std::ops::Deref for Subs {
    type Target = [u32];

    fn deref(&self) -> &[u32] {
        &self.words[..usize::from(self.count)]
    }
}

impl PartialEq for Subs {
    fn eq(&self, other: &Subs) -> bool {
        **self == **other
    }
}

impl Eq for Subs {}

impl PartialOrd for Subs {
    fn partial_cmp(&self, other: &Subs) -> Option<std::cmp::Ordering> {
        Some(self.cmp(other))
    }
}

impl Ord for Subs {
    fn cmp(&self, other: &Subs) -> std::cmp::Ordering {
        (**self).cmp(&**other)
    }
}

impl std::hash::Hash for Subs {
    fn hash<H: std::hash::Hasher>(&self, state: &mut H) {
        (**self).hash(state);
    }
}

/// Why a text or a byte string is no SID.
#[derive(Debug, Clone, PartialEq, Eq, thiserror::Error)]
pub enum SidError {
    /// The text doesn't have the form `S-1-authority-sub-…`.
    #[error(
        "`{0}` is no SID: write it as S-1-<authority>-<sub-authority>-…, all decimal, such as S-1-5-32-544"
    )]
    Syntax(String),
    /// The authority doesn't fit 48 bits.
    #[error("SID authority {0} does not fit 48 bits")]
    Authority(u64),
    /// More sub-authorities than a SID can hold.
    #[error("a SID holds at most {MAX_SUB_AUTHORITIES} sub-authorities, this one has {0}")]
    TooManySubs(usize),
    /// The bytes end before the SID does.
    #[error("binary SID is cut off: {needed} bytes needed, {given} given")]
    Truncated {
        /// Bytes that the header announces.
        needed: usize,
        /// Bytes that are there.
        given: usize,
    },
    /// The revision byte isn't 1.
    #[error("binary SID has revision {0}, only 1 exists")]
    Revision(u8),
}

impl Sid {
    /// A SID from its parts. The authority has at most 48 bits and there are at most 15 sub-authorities.
    pub fn new(authority: u64, subs: &[u32]) -> Result<Sid, SidError> {
        if authority > MAX_AUTHORITY {
            return Err(SidError::Authority(authority));
        }
        if subs.len() > MAX_SUB_AUTHORITIES {
            return Err(SidError::TooManySubs(subs.len()));
        }
        Ok(Sid { authority, subs: Subs::new(subs) })
    }

    /// For the constants and derivations of this crate, whose parts are known to fit.
    pub(crate) fn known(authority: u64, subs: &[u32]) -> Sid {
        debug_assert!(authority <= MAX_AUTHORITY && subs.len() <= MAX_SUB_AUTHORITIES);
        Sid { authority, subs: Subs::new(subs) }
    }

    /// The identifier authority, 48 bits.
    pub fn authority(&self) -> u64 {
        self.authority
    }

    /// The sub-authorities; the last is also called the relative identifier (RID).
    pub fn sub_authorities(&self) -> &[u32] {
        &self.subs
    }

    /// Reads a binary SID at the start of `bytes` and tells how many bytes it took. Bytes after it are left alone.
    pub fn from_bytes(bytes: &[u8]) -> Result<(Sid, usize), SidError> {
        let Some((head, rest)) = bytes.split_first_chunk::<8>() else {
            return Err(SidError::Truncated { needed: 8, given: bytes.len() });
        };
        if head[0] != 1 {
            return Err(SidError::Revision(head[0]));
        }
        let count = usize::from(head[1]);
        if count > MAX_SUB_AUTHORITIES {
            return Err(SidError::TooManySubs(count));
        }
        let Some(sub_bytes) = rest.get(..count * 4) else {
            return Err(SidError::Truncated { needed: 8 + count * 4, given: bytes.len() });
        };
        let authority = head[2..].iter().fold(0u64, |value, byte| value << 8 | u64::from(*byte));
        let mut subs = [0; MAX_SUB_AUTHORITIES];
        for (sub, bytes) in subs.iter_mut().zip(sub_bytes.as_chunks::<4>().0) {
            *sub = u32::from_le_bytes(*bytes);
        }
        Ok((Sid { authority, subs: Subs::new(&subs[..count]) }, 8 + count * 4))
    }

    /// The binary form: revision, count, 48-bit big-endian authority, little-endian sub-authorities.
    pub fn to_bytes(&self) -> Vec<u8> {
        let mut bytes = Vec::with_capacity(self.byte_len());
        bytes.push(1);
        bytes.push(self.subs.len() as u8);
        bytes.extend_from_slice(&self.authority.to_be_bytes()[2..]);
        for sub in self.subs.iter() {
            bytes.extend_from_slice(&sub.to_le_bytes());
        }
        bytes
    }

    /// Length of the binary form in bytes.
    pub fn byte_len(&self) -> usize {
        8 + self.subs.len() * 4
    }

    /// S-1-1-0, everybody.
    pub fn everyone() -> Sid {
        Sid::known(1, &[0])
    }
    /// S-1-5-11, whoever has logged on.
    pub fn authenticated_users() -> Sid {
        Sid::known(5, &[11])
    }
    /// S-1-5-32-544.
    pub fn administrators() -> Sid {
        Sid::known(5, &[32, 544])
    }
    /// S-1-5-32-545.
    pub fn users() -> Sid {
        Sid::known(5, &[32, 545])
    }
    /// S-1-5-18, the operating system.
    pub fn system() -> Sid {
        Sid::known(5, &[18])
    }
    /// S-1-3-4: an ACE for it says what the owner may do, in place of the implicit rights.
    pub fn owner_rights() -> Sid {
        Sid::known(3, &[4])
    }
    /// S-1-3-0: a placeholder in inheritable ACEs, replaced by the owner of the child.
    pub fn creator_owner() -> Sid {
        Sid::known(3, &[0])
    }
    /// S-1-3-1: a placeholder in inheritable ACEs, replaced by the primary group of the child.
    pub fn creator_group() -> Sid {
        Sid::known(3, &[1])
    }
    /// S-1-15-2-1: every AppContainer that isn't a less privileged one.
    pub fn all_application_packages() -> Sid {
        Sid::known(APP_PACKAGE_AUTHORITY, &[2, 1])
    }
    /// S-1-15-2-2: every AppContainer, less privileged ones included.
    pub fn all_restricted_application_packages() -> Sid {
        Sid::known(APP_PACKAGE_AUTHORITY, &[2, 2])
    }

    /// Is this the SID of one package (S-1-15-2 and seven words, or eleven for a child container)? The two *all packages*
    /// groups are none.
    pub fn is_package(&self) -> bool {
        self.authority == APP_PACKAGE_AUTHORITY
            && self.subs.first() == Some(&2)
            && matches!(self.subs.len(), 8 | 12)
    }

    /// Is this the SID of a capability (S-1-15-3-…)?
    pub fn is_capability(&self) -> bool {
        self.authority == APP_PACKAGE_AUTHORITY && self.subs.first() == Some(&3) && self.subs.len() >= 2
    }

    /// Compares with the parts of a well-known SID without building it.
    pub(crate) fn is(&self, authority: u64, subs: &[u32]) -> bool {
        self.authority == authority && *self.subs == *subs
    }

    /// S-1-3-4?
    pub(crate) fn is_owner_rights(&self) -> bool {
        self.is(3, &[4])
    }

    /// The RID of a mandatory label (S-1-16-RID), if this is one.
    pub fn label_rid(&self) -> Option<u32> {
        match (self.authority, &*self.subs) {
            (LABEL_AUTHORITY, [rid]) => Some(*rid),
            _ => None,
        }
    }

    /// This SID with one more sub-authority, for RIDs relative to a domain.
    pub fn with_rid(&self, rid: u32) -> Result<Sid, SidError> {
        let mut subs = self.subs.to_vec();
        subs.push(rid);
        Sid::new(self.authority, &subs)
    }
}

impl fmt::Display for Sid {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        // MS-DTYP 2.4.2.1: an authority of 2^32 or more is written as twelve hexadecimal digits.
        match u32::try_from(self.authority) {
            Ok(authority) => {
                f.write_str("S-1")?;
                write_decimal(f, authority)?;
            }
            Err(_) => write!(f, "S-1-0x{:012X}", self.authority)?,
        }
        self.subs.iter().try_for_each(|sub| write_decimal(f, *sub))
    }
}

/// A dash and the number: a tenth of what `write!` takes, which counts because descriptors are made from text at each start.
fn write_decimal(f: &mut fmt::Formatter<'_>, number: u32) -> fmt::Result {
    let mut text = [b'0'; 11];
    let (mut at, mut left) = (text.len(), number);
    loop {
        at -= 1;
        text[at] = b'0' + (left % 10) as u8;
        left /= 10;
        if left == 0 {
            break;
        }
    }
    at -= 1;
    text[at] = b'-';
    f.write_str(str::from_utf8(&text[at..]).map_err(|_| fmt::Error)?)
}

impl fmt::Debug for Sid {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        fmt::Display::fmt(self, f)
    }
}

impl FromStr for Sid {
    type Err = SidError;

    fn from_str(text: &str) -> Result<Sid, SidError> {
        // The longest SID text has 15 sub-authorities of ten digits; the message must not carry a hostile megabyte.
        let syntax = || SidError::Syntax(text.chars().take(200).collect());
        let rest = text.strip_prefix("S-1-").or_else(|| text.strip_prefix("s-1-")).ok_or_else(syntax)?;
        let mut parts = rest.split('-');
        let first = parts.next().ok_or_else(syntax)?;
        let authority = match first.strip_prefix("0x").or_else(|| first.strip_prefix("0X")) {
            Some(hex) if hex.len() <= 12 && !hex.is_empty() && hex.bytes().all(|b| b.is_ascii_hexdigit()) => {
                u64::from_str_radix(hex, 16).map_err(|_| syntax())?
            }
            Some(_) => return Err(syntax()),
            None => decimal(first).ok_or_else(syntax)?,
        };
        let (mut subs, mut count) = ([0; MAX_SUB_AUTHORITIES], 0);
        for part in parts {
            let Some(sub) = subs.get_mut(count) else {
                return Err(SidError::TooManySubs(rest.split('-').count() - 1));
            };
            let value = decimal(part).ok_or_else(syntax)?;
            *sub = u32::try_from(value).map_err(|_| syntax())?;
            count += 1;
        }
        Sid::new(authority, &subs[..count])
    }
}

/// Digits only: `u64::from_str` would also take a plus sign.
fn decimal(text: &str) -> Option<u64> {
    if text.is_empty() || text.len() > 15 {
        return None;
    }
    // Fifteen digits can't overflow.
    text.bytes().try_fold(0, |value, byte| byte.is_ascii_digit().then(|| value * 10 + u64::from(byte - b'0')))
}

impl Serialize for Sid {
    fn serialize<S: Serializer>(&self, serializer: S) -> Result<S::Ok, S::Error> {
        serializer.collect_str(self)
    }
}

impl<'de> Deserialize<'de> for Sid {
    fn deserialize<D: Deserializer<'de>>(deserializer: D) -> Result<Sid, D::Error> {
        let text = String::deserialize(deserializer)?;
        text.parse().map_err(serde::de::Error::custom)
    }
}
