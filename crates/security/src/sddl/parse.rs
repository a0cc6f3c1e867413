//! From SDDL text to a descriptor.

use super::SddlError;
use super::aliases::{self, Meaning};
use super::rights;
use super::scan::{Scanner, excerpt};
use crate::ace::{Ace, AceData, AceKind, ObjectTypes};
use crate::acl::Acl;
use crate::binary::unknown_ace;
use crate::descriptor::{Control, Dacl, SecurityDescriptor};
use crate::guid::Guid;
use crate::limits::{MAX_ACES, MAX_SDDL_BYTES};
use crate::sid::Sid;

impl SecurityDescriptor {
    /// Reads SDDL. Aliases that are relative to a domain are refused: see [`SecurityDescriptor::from_sddl_in_domain`].
    pub fn from_sddl(text: &str) -> Result<SecurityDescriptor, SddlError> {
        parse(text, None)
    }

    /// Reads SDDL, aliases such as `DA` taken relative to this domain SID (S-1-5-21-x-y-z).
    pub fn from_sddl_in_domain(text: &str, domain: &Sid) -> Result<SecurityDescriptor, SddlError> {
        parse(text, Some(domain))
    }
}

fn parse(text: &str, domain: Option<&Sid>) -> Result<SecurityDescriptor, SddlError> {
    if text.len() > MAX_SDDL_BYTES {
        return Err(SddlError::TooLong(text.len()));
    }
    let mut parser = Parser { scan: Scanner::new(text), domain };
    let mut sd = SecurityDescriptor::default();
    let mut seen = Vec::new();
    loop {
        parser.scan.skip_space();
        let at = parser.scan.at;
        let Some(letter) = parser.scan.peek() else { return Ok(sd) };
        parser.scan.at += 1;
        let part = letter.to_ascii_uppercase();
        parser.scan.skip_space();
        if !matches!(part, b'O' | b'G' | b'D' | b'S') || !parser.scan.eat(":") {
            return Err(SddlError::Expected { at, expected: "`O:`, `G:`, `D:` or `S:`" });
        }
        if seen.contains(&part) {
            return Err(SddlError::Repeated { at, part: part as char });
        }
        seen.push(part);
        match part {
            b'O' => sd.owner = parser.principal()?,
            b'G' => sd.group = parser.principal()?,
            b'D' => {
                let (dacl, flags) = parser.acl()?;
                sd.dacl = dacl.map_or(Dacl::Null, Dacl::Present);
                sd.control = sd.control | flags.dacl();
            }
            _ => {
                let (sacl, flags) = parser.acl()?;
                sd.sacl = sacl;
                sd.control = sd.control | flags.sacl();
            }
        }
    }
}

/// The flags before the first ACE.
#[derive(Default)]
struct AclFlags {
    protected: bool,
    required: bool,
    inherited: bool,
}

impl AclFlags {
    fn control(&self, bits: [Control; 3]) -> Control {
        let set = [self.protected, self.required, self.inherited];
        let chosen = set.into_iter().zip(bits).filter(|(set, _)| *set);
        chosen.fold(Control::default(), |control, (_, bit)| control | bit)
    }

    fn dacl(&self) -> Control {
        self.control([Control::DACL_PROTECTED, Control::DACL_AUTO_INHERIT_REQ, Control::DACL_AUTO_INHERITED])
    }

    fn sacl(&self) -> Control {
        self.control([Control::SACL_PROTECTED, Control::SACL_AUTO_INHERIT_REQ, Control::SACL_AUTO_INHERITED])
    }
}

struct Parser<'a> {
    scan: Scanner<'a>,
    domain: Option<&'a Sid>,
}

impl<'a> Parser<'a> {
    /// The SID of `O:` or `G:`: it ends where the next part starts, which only its own form can tell. Empty means none.
    fn principal(&mut self) -> Result<Option<Sid>, SddlError> {
        self.scan.skip_space();
        let (at, rest) = (self.scan.at, self.scan.rest());
        let whole = rest.get(..2).is_some_and(|head| head.eq_ignore_ascii_case("S-"));
        let length = if whole {
            let body =
                rest.bytes().skip(1).take_while(|b| b.is_ascii_hexdigit() || matches!(b, b'-' | b'x' | b'X'));
            let mut length = 1 + body.count();
            // `D:` after a SID: its letter is a hexadecimal digit and belongs to the next part.
            if rest[length..].trim_ascii_start().starts_with(':') {
                length -= 1;
            }
            length
        } else {
            let letters = rest.bytes().take_while(u8::is_ascii_alphabetic).count();
            // Followed by a colon, a single letter is the next part already.
            if rest.get(1..2) == Some(":") { 0 } else { letters.min(2) }
        };
        let text = rest.get(..length).unwrap_or("");
        self.scan.at += length;
        if text.is_empty() { Ok(None) } else { self.sid(at, text).map(Some) }
    }

    fn sid(&self, at: usize, text: &str) -> Result<Sid, SddlError> {
        sid(at, text, self.domain)
    }

    /// Flags and entries; `None` is a NULL list.
    fn acl(&mut self) -> Result<(Option<Acl>, AclFlags), SddlError> {
        let mut flags = AclFlags::default();
        loop {
            self.scan.skip_space();
            if self.scan.eat("NO_ACCESS_CONTROL") {
                return Ok((None, flags));
            } else if self.scan.eat("AR") {
                flags.required = true;
            } else if self.scan.eat("AI") {
                flags.inherited = true;
            } else if self.scan.eat("P") {
                flags.protected = true;
            } else {
                break;
            }
        }
        let mut aces = Vec::new();
        loop {
            self.scan.skip_space();
            if self.scan.peek() != Some(b'(') {
                return Ok((Some(Acl::new(aces)), flags));
            }
            if aces.len() == MAX_ACES {
                return Err(SddlError::TooManyAces);
            }
            aces.push(self.ace()?);
        }
    }

    fn ace(&mut self) -> Result<Ace, SddlError> {
        let start = self.scan.at;
        self.scan.expect("(", "`(`")?;
        let (at, text) = self.field()?;
        let kind = match rights::parse_kind(text) {
            Some(kind) => kind,
            None => match rights::parse_numbered_kind(text) {
                Some(kind) => kind,
                None => return Err(SddlError::AceType { at, text: excerpt(text) }),
            },
        };
        let (at, text) = self.field()?;
        let flags =
            rights::parse_flags(text).ok_or_else(|| SddlError::AceFlags { at, text: excerpt(text) })?;
        if let AceKind::Unknown(_) = kind {
            let (at, text) = self.scan.field(b";)");
            let body = parse_octets(text).filter(|body| body.len().is_multiple_of(4));
            let reason = || {
                "the body of an ACE of unknown type is # and hexadecimal digits, a multiple of 8".to_owned()
            };
            let body = body.ok_or_else(|| SddlError::Data { at, reason: reason() })?;
            self.scan.expect(")", "`)`")?;
            return Ok(unknown_ace(kind, flags, body));
        }
        let (at, text) = self.field()?;
        let mask =
            rights::parse_rights(text, kind).ok_or_else(|| SddlError::Rights { at, text: excerpt(text) })?;
        let types = ObjectTypes { object: self.guid()?, inherited: self.guid()? };
        if !kind.is_object() && types != ObjectTypes::default() {
            return Err(SddlError::NotAnObjectAce { at: start });
        }
        let (at, text) = self.scan.field(b";)");
        let sid = self.sid(at, text)?;
        let data = if self.scan.eat(";") { self.data(kind)? } else { AceData::None };
        self.scan.skip_space();
        self.scan.expect(")", "`)` at the end of the ACE")?;
        Ok(Ace { kind, flags, mask, sid, object: kind.is_object().then_some(types), data })
    }

    /// A field that a semicolon ends.
    fn field(&mut self) -> Result<(usize, &'a str), SddlError> {
        let field = self.scan.field(b";()");
        self.scan.expect(";", "`;` (an ACE is type;flags;rights;object;inherit object;SID)")?;
        Ok(field)
    }

    fn guid(&mut self) -> Result<Option<Guid>, SddlError> {
        let (at, text) = self.field()?;
        if text.is_empty() {
            return Ok(None);
        }
        text.parse().map(Some).map_err(|_| SddlError::Guid { at, text: excerpt(text) })
    }

    /// The seventh field: a condition, an attribute, or `(#hex)`.
    fn data(&mut self, kind: AceKind) -> Result<AceData, SddlError> {
        self.scan.skip_space();
        let (at, text) = self.scan.parenthesized()?;
        if let Some(bytes) = parse_octets(text.trim_ascii()) {
            return AceData::from_trailing(kind, &bytes)
                .ok_or_else(|| SddlError::Data { at, reason: "this ACE type carries no data".to_owned() });
        }
        AceData::from_text(kind, text, &|sid| self.sid(at, sid))
            .map_err(|reason| SddlError::Data { at, reason })
    }
}

/// A SID or an alias that means the same in every domain.
pub(crate) fn plain_sid(text: &str) -> Result<Sid, SddlError> {
    sid(0, text, None)
}

fn sid(at: usize, text: &str, domain: Option<&Sid>) -> Result<Sid, SddlError> {
    match aliases::meaning(text) {
        Some(Meaning::Sid(sid)) => Ok(sid),
        Some(Meaning::Domain(rid)) => {
            let alias = || text.to_ascii_uppercase();
            let domain = domain.ok_or_else(|| SddlError::DomainAlias { at, alias: alias(), rid })?;
            domain.with_rid(rid).map_err(|reason| SddlError::Sid { at, text: alias(), reason })
        }
        None => text.parse().map_err(|reason| SddlError::Sid { at, text: excerpt(text), reason }),
    }
}

/// `#` and pairs of hexadecimal digits.
pub(crate) fn parse_octets(text: &str) -> Option<Vec<u8>> {
    let digits = text.strip_prefix('#')?.as_bytes();
    let digit = |byte: u8| (byte as char).to_digit(16).map(|d| d as u8);
    if !digits.len().is_multiple_of(2) {
        return None;
    }
    digits.as_chunks::<2>().0.iter().map(|[high, low]| Some(digit(*high)? << 4 | digit(*low)?)).collect()
}
