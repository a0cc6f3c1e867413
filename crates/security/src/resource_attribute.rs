//! Attributes of objects, carried by `RA` ACEs (MS-DTYP 2.4.4.15, 2.4.10.1 and 2.5.1.1).

use std::fmt::{self, Display, Formatter};

use crate::condition::SidReader;
use crate::sddl::{octets, parse_octets, sid_to_sddl};
use crate::sid::Sid;

/// A named, typed list of values.
#[derive(Clone, PartialEq, Eq, Debug)]
pub struct ResourceAttribute {
    /// The name; it contains no quotation mark and no NUL.
    name: String,
    /// `FCI_CLAIM_SECURITY_ATTRIBUTE_…` and `CLAIM_SECURITY_ATTRIBUTE_…` bits.
    flags: u32,
    values: Values,
}

#[derive(Clone, PartialEq, Eq, Debug)]
enum Values {
    Signed(Vec<i64>),
    Unsigned(Vec<u64>),
    Text(Vec<String>),
    Sids(Vec<Sid>),
    Booleans(Vec<bool>),
    Octets(Vec<Vec<u8>>),
}

/// Letters and numbers of the value types.
const TYPES: [(&str, u16); 6] = [("TI", 1), ("TU", 2), ("TS", 3), ("TD", 5), ("TB", 6), ("TX", 0x10)];
/// Bytes before the array of value offsets.
const FIXED: usize = 16;

impl Values {
    fn number(&self) -> u16 {
        match self {
            Values::Signed(_) => 1,
            Values::Unsigned(_) => 2,
            Values::Text(_) => 3,
            Values::Sids(_) => 5,
            Values::Booleans(_) => 6,
            Values::Octets(_) => 0x10,
        }
    }

    /// Each value in its binary form.
    fn encoded(&self) -> Vec<Vec<u8>> {
        match self {
            Values::Signed(list) => list.iter().map(|v| v.to_le_bytes().to_vec()).collect(),
            Values::Unsigned(list) => list.iter().map(|v| v.to_le_bytes().to_vec()).collect(),
            Values::Booleans(list) => list.iter().map(|v| u64::from(*v).to_le_bytes().to_vec()).collect(),
            Values::Text(list) => list.iter().map(|v| terminated(v)).collect(),
            Values::Sids(list) => list.iter().map(|v| counted(&v.to_bytes())).collect(),
            Values::Octets(list) => list.iter().map(|v| counted(v)).collect(),
        }
    }

    fn printed(&self) -> Vec<String> {
        match self {
            Values::Signed(list) => list.iter().map(i64::to_string).collect(),
            Values::Unsigned(list) => list.iter().map(u64::to_string).collect(),
            Values::Booleans(list) => list.iter().map(|v| u8::from(*v).to_string()).collect(),
            Values::Text(list) => list.iter().map(|v| format!("\"{v}\"")).collect(),
            Values::Sids(list) => list.iter().map(|v| format!("SID({})", sid_to_sddl(v))).collect(),
            Values::Octets(list) => list.iter().map(|v| octets(v)).collect(),
        }
    }
}

impl ResourceAttribute {
    /// Reads the data behind the SID of an `RA` ACE, laid out as [`ResourceAttribute::to_bytes`] lays it out. Only a first
    /// reading: offsets, reserved bytes and padding are not looked at, nor whether the strings have a text form.
    /// `AceData::from_trailing` compares all of that, and keeps the bytes of what is another.
    pub(crate) fn from_bytes(bytes: &[u8]) -> Option<ResourceAttribute> {
        let number = u16::from_le_bytes(*bytes.get(4..)?.first_chunk()?);
        let flags = u32_at(bytes, 8)?;
        let count = u32_at(bytes, 12)? as usize;
        // Every value has an offset of four bytes, so the length bounds the count.
        let mut rest = bytes.get(FIXED.checked_add(count.checked_mul(4)?)?..)?;
        let rest = &mut rest;
        let name = take_text(rest)?;
        let values = match number {
            1 => Values::Signed(list(count, || Some(i64::from_le_bytes(take_eight(rest)?)))?),
            2 => Values::Unsigned(list(count, || Some(u64::from_le_bytes(take_eight(rest)?)))?),
            3 => Values::Text(list(count, || take_text(rest))?),
            5 => Values::Sids(list(count, || Some(Sid::from_bytes(take_counted(rest)?).ok()?.0))?),
            6 => Values::Booleans(list(count, || Some(take_eight(rest)? != [0; 8]))?),
            0x10 => Values::Octets(list(count, || take_counted(rest).map(<[u8]>::to_vec))?),
            _ => return None,
        };
        Some(ResourceAttribute { name, flags, values })
    }

    /// The binary form: header, offsets, name, values, each part aligned to four bytes.
    pub(crate) fn to_bytes(&self) -> Vec<u8> {
        let values = self.values.encoded();
        let name = terminated(&self.name);
        let mut offset = FIXED + values.len() * 4;
        let mut out = (offset as u32).to_le_bytes().to_vec();
        out.extend_from_slice(&self.values.number().to_le_bytes());
        out.extend_from_slice(&[0, 0]);
        out.extend_from_slice(&self.flags.to_le_bytes());
        out.extend_from_slice(&(values.len() as u32).to_le_bytes());
        offset += name.len().next_multiple_of(4);
        for value in &values {
            out.extend_from_slice(&(offset as u32).to_le_bytes());
            offset += value.len().next_multiple_of(4);
        }
        for part in std::iter::once(&name).chain(&values) {
            out.extend_from_slice(part);
            out.resize(out.len().next_multiple_of(4), 0);
        }
        out
    }

    /// Reads `"name",type,flags,value,…`, the text between the outer parentheses.
    pub(crate) fn from_text(text: &str, sid: SidReader<'_>) -> Result<ResourceAttribute, String> {
        let mut fields = split(text)?.into_iter();
        let mut next = |what: &str| fields.next().ok_or_else(|| format!("the attribute lacks its {what}"));
        let name = quoted(next("name")?)?;
        let letters = next("type")?;
        let flags = next("flags")?;
        let flags = number(flags).and_then(|n| u32::try_from(n).ok());
        let flags = flags.ok_or("the attribute's flags are no 32-bit number")?;
        let found = TYPES.iter().find(|(known, _)| known.eq_ignore_ascii_case(letters));
        let (_, kind) = found.ok_or("the attribute's type is none of TI, TU, TS, TD, TB, TX")?;
        let bad = |value: &str| {
            let value: String = value.chars().take(40).collect();
            format!("`{value}` is no value of the attribute's type")
        };
        let values = match kind {
            1 => Values::Signed(
                fields
                    .map(|v| number(v).and_then(|n| i64::try_from(n).ok()).ok_or_else(|| bad(v)))
                    .collect::<Result<_, _>>()?,
            ),
            2 => Values::Unsigned(
                fields
                    .map(|v| number(v).and_then(|n| u64::try_from(n).ok()).ok_or_else(|| bad(v)))
                    .collect::<Result<_, _>>()?,
            ),
            3 => Values::Text(fields.map(quoted).collect::<Result<_, _>>()?),
            5 => Values::Sids(
                fields
                    .map(|v| {
                        let inner = v.strip_prefix("SID(").and_then(|v| v.strip_suffix(')'));
                        sid(inner.ok_or_else(|| bad(v))?.trim_ascii()).map_err(|error| error.to_string())
                    })
                    .collect::<Result<_, _>>()?,
            ),
            6 => Values::Booleans(
                fields
                    .map(|v| number(v).filter(|n| (0..=1).contains(n)).map(|n| n == 1).ok_or_else(|| bad(v)))
                    .collect::<Result<_, _>>()?,
            ),
            _ => Values::Octets(
                fields.map(|v| parse_octets(v).ok_or_else(|| bad(v))).collect::<Result<_, _>>()?,
            ),
        };
        Ok(ResourceAttribute { name, flags, values })
    }
}

impl Display for ResourceAttribute {
    fn fmt(&self, f: &mut Formatter<'_>) -> fmt::Result {
        let letters = TYPES.iter().find(|(_, number)| *number == self.values.number());
        write!(f, "\"{}\",{},{:#x}", self.name, letters.map_or("", |(letters, _)| letters), self.flags)?;
        self.values.printed().iter().try_for_each(|value| write!(f, ",{value}"))
    }
}

/// The fields between commas that stand outside strings, without the space around them.
fn split(text: &str) -> Result<Vec<&str>, String> {
    let (mut fields, mut start, mut in_quotes) = (Vec::new(), 0, false);
    for (at, byte) in text.bytes().enumerate() {
        match byte {
            b'"' => in_quotes = !in_quotes,
            b',' if !in_quotes => {
                fields.push(text[start..at].trim_ascii());
                start = at + 1;
            }
            _ => {}
        }
    }
    fields.push(text[start..].trim_ascii());
    if in_quotes { Err("a quotation mark in the attribute is not closed".to_owned()) } else { Ok(fields) }
}

fn quoted(text: &str) -> Result<String, String> {
    let inner = text.strip_prefix('"').and_then(|text| text.strip_suffix('"'));
    let inner = inner.filter(|inner| !inner.contains(['"', '\0']));
    inner.map(str::to_owned).ok_or_else(|| "a string of the attribute is not in quotation marks".to_owned())
}

/// Decimal or 0x…, with an optional sign.
fn number(text: &str) -> Option<i128> {
    let (negative, digits) = match text.strip_prefix('-') {
        Some(digits) => (true, digits),
        None => (false, text.strip_prefix('+').unwrap_or(text)),
    };
    let (digits, radix) = match digits.strip_prefix("0x").or_else(|| digits.strip_prefix("0X")) {
        Some(digits) => (digits, 16),
        None => (digits, 10),
    };
    let valid = (1..=20).contains(&digits.len()) && digits.bytes().all(|b| (b as char).is_digit(radix));
    let value = valid.then(|| i128::from_str_radix(digits, radix).ok()).flatten()?;
    Some(if negative { -value } else { value })
}

/// UTF-16LE with its terminating NUL.
fn terminated(text: &str) -> Vec<u8> {
    text.encode_utf16().chain([0]).flat_map(u16::to_le_bytes).collect()
}

/// A 32-bit length and the bytes.
fn counted(bytes: &[u8]) -> Vec<u8> {
    [&(bytes.len() as u32).to_le_bytes()[..], bytes].concat()
}

fn u32_at(bytes: &[u8], at: usize) -> Option<u32> {
    Some(u32::from_le_bytes(*bytes.get(at..)?.first_chunk()?))
}

fn list<T>(count: usize, mut next: impl FnMut() -> Option<T>) -> Option<Vec<T>> {
    (0..count).map(|_| next()).collect()
}

/// The first `length` bytes; behind them and the padding the rest begins.
fn take<'a>(rest: &mut &'a [u8], length: usize) -> Option<&'a [u8]> {
    let (part, tail) = rest.split_at_checked(length.checked_next_multiple_of(4)?)?;
    *rest = tail;
    part.get(..length)
}

fn take_eight(rest: &mut &[u8]) -> Option<[u8; 8]> {
    take(rest, 8)?.first_chunk().copied()
}

/// Bytes behind their 32-bit length.
fn take_counted<'a>(rest: &mut &'a [u8]) -> Option<&'a [u8]> {
    let length = (u32_at(rest, 0)? as usize).checked_add(4)?;
    take(rest, length)?.get(4..)
}

/// UTF-16LE up to a NUL.
fn take_text(rest: &mut &[u8]) -> Option<String> {
    let length = rest.as_chunks::<2>().0.iter().position(|unit| *unit == [0, 0])?;
    let units = take(rest, (length + 1) * 2)?.as_chunks::<2>().0;
    let units: Vec<u16> = units[..length].iter().map(|unit| u16::from_le_bytes(*unit)).collect();
    String::from_utf16(&units).ok()
}
