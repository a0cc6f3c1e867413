//! Little-endian fields and tables, one after the other, within what there is.

use super::error::ResourcesError;

/// What is left of a section.
#[derive(Clone, Copy)]
pub(super) struct Fields<'a> {
    rest: &'a [u8],
    /// Of what, for errors.
    what: &'static str,
}

impl<'a> Fields<'a> {
    pub(super) fn new(rest: &'a [u8], what: &'static str) -> Fields<'a> {
        Fields { rest, what }
    }

    pub(super) fn is_empty(&self) -> bool {
        self.rest.is_empty()
    }

    pub(super) fn bytes(&mut self, count: usize) -> Result<&'a [u8], ResourcesError> {
        let (first, rest) = self.rest.split_at_checked(count).ok_or(ResourcesError::CutOff(self.what))?;
        self.rest = rest;
        Ok(first)
    }

    pub(super) fn u8(&mut self) -> Result<u8, ResourcesError> {
        Ok(self.bytes(1)?[0])
    }

    pub(super) fn u16(&mut self) -> Result<u16, ResourcesError> {
        let bytes = self.bytes(2)?;
        Ok(u16::from_le_bytes([bytes[0], bytes[1]]))
    }

    pub(super) fn u32(&mut self) -> Result<u32, ResourcesError> {
        let bytes = self.bytes(4)?;
        Ok(u32::from_le_bytes([bytes[0], bytes[1], bytes[2], bytes[3]]))
    }

    /// Several of 16 bits.
    pub(super) fn u16s<const N: usize>(&mut self) -> Result<[u16; N], ResourcesError> {
        let mut all = [0; N];
        for one in &mut all {
            *one = self.u16()?;
        }
        Ok(all)
    }

    /// A table whose entries have `size` bytes each.
    pub(super) fn table(&mut self, count: usize, size: usize) -> Result<Vec<Fields<'a>>, ResourcesError> {
        let length = count.checked_mul(size).ok_or(ResourcesError::CutOff(self.what))?;
        let what = self.what;
        Ok(self.bytes(length)?.chunks_exact(size).map(|rest| Fields { rest, what }).collect())
    }

    /// Text of so many units of UTF-16, the last of which ends it.
    pub(super) fn wide(&mut self, units: usize) -> Result<String, ResourcesError> {
        let length = units.checked_mul(2).ok_or(ResourcesError::CutOff(self.what))?;
        match wide_text(self.bytes(length)?) {
            Some(text) if units > 0 => Ok(text),
            _ => Err(ResourcesError::Wrong("a text in it is none, or has no end")),
        }
    }
}

/// UTF-16 with a zero at the end, and none before.
pub(super) fn wide_text(bytes: &[u8]) -> Option<String> {
    let (pairs, rest) = bytes.as_chunks::<2>();
    let (last, units) = pairs.split_last()?;
    let text: String = char::decode_utf16(units.iter().map(|pair| u16::from_le_bytes(*pair)))
        .collect::<Result<_, _>>()
        .ok()?;
    (rest.is_empty() && *last == [0, 0] && !text.contains('\0')).then_some(text)
}

/// UTF-8 with a zero at the end, and none before.
pub(super) fn narrow_text(bytes: &[u8]) -> Option<String> {
    let text = std::str::from_utf8(bytes).ok()?.strip_suffix('\0')?;
    (!text.contains('\0')).then(|| text.to_owned())
}
