//! DER is decoded after a look at its shape: `der` sorts each SET OF it reads in quadratic time, and a certificate's extensions are
//! compared with each other, before anybody was found to be trusted.

use der::{Decode, ErrorKind};

/// Elements of a SET (or of what takes its place under a tag of its own). Real ones have fewer than ten.
const MAX_IN_SET: usize = 64;
/// Elements of a SEQUENCE. The longest real ones are lists of revoked certificates.
const MAX_IN_SEQUENCE: usize = 4096;
/// Elements within each other.
const MAX_DEPTH: usize = 64;

const SEQUENCE: u8 = 0x30;
const CONSTRUCTED: u8 = 0x20;

/// Decodes what has a shape that can be decoded in a time that grows with its length.
///
/// # Errors
/// What `der` says, and an overflow for too many elements in one.
pub(super) fn decode<'a, T: Decode<'a>>(bytes: &'a [u8]) -> der::Result<T> {
    if !is_decodable(bytes) {
        return Err(ErrorKind::Overflow.into());
    }
    T::from_der(bytes)
}

/// An element that is looked through.
struct Open {
    /// Where it ends.
    end: usize,
    most: usize,
    seen: usize,
}

/// Whether no element has too many others in it. What is no DER is left to the decoder, which gets as far as this does.
fn is_decodable(bytes: &[u8]) -> bool {
    let mut open = vec![Open { end: bytes.len(), most: MAX_IN_SEQUENCE, seen: 0 }];
    let mut at = 0;
    while let Some(element) = open.last_mut() {
        if at >= element.end {
            open.pop();
            continue;
        }
        let Some((tag, start, end)) = header(bytes, at).filter(|(_, _, end)| *end <= element.end) else {
            at = element.end;
            continue;
        };
        element.seen += 1;
        if element.seen > element.most {
            return false;
        }
        if tag & CONSTRUCTED == 0 {
            at = end;
            continue;
        }
        if open.len() >= MAX_DEPTH {
            return false;
        }
        let most = if tag == SEQUENCE { MAX_IN_SEQUENCE } else { MAX_IN_SET };
        open.push(Open { end, most, seen: 0 });
        at = start;
    }
    true
}

/// The element at a place: its tag, where its content starts and ends. Lengths as `der` reads them, of up to four bytes.
fn header(bytes: &[u8], at: usize) -> Option<(u8, usize, usize)> {
    let tag = *bytes.get(at)?;
    let first = *bytes.get(at + 1)?;
    let (length, start) = match first {
        0..=0x7f => (usize::from(first), at + 2),
        0x81..=0x84 => {
            let count = usize::from(first & 0x7f);
            let digits = bytes.get(at + 2..at + 2 + count)?;
            (digits.iter().fold(0, |length, byte| length << 8 | usize::from(*byte)), at + 2 + count)
        }
        _ => return None,
    };
    Some((tag, start, start.checked_add(length)?))
}

#[cfg(test)]
mod tests {
    use super::*;

    /// An element with these bytes in it.
    fn element(tag: u8, content: &[u8]) -> Vec<u8> {
        let length = u32::try_from(content.len()).expect("a short content");
        let mut bytes = vec![tag, 0x84];
        bytes.extend(length.to_be_bytes());
        bytes.extend(content);
        bytes
    }

    #[test]
    fn a_set_of_a_few_elements_is_decoded_and_one_of_many_is_not() {
        let null = [5, 0];
        for tag in [0x31, 0xa0, 0xa1] {
            assert!(is_decodable(&element(SEQUENCE, &element(tag, &null.repeat(MAX_IN_SET)))));
            assert!(!is_decodable(&element(SEQUENCE, &element(tag, &null.repeat(MAX_IN_SET + 1)))));
        }
        assert!(is_decodable(&element(SEQUENCE, &null.repeat(MAX_IN_SEQUENCE))));
        assert!(!is_decodable(&element(SEQUENCE, &null.repeat(MAX_IN_SEQUENCE + 1))));
    }

    #[test]
    fn what_stands_behind_an_element_that_lies_about_its_length_is_counted_where_the_decoder_gets() {
        let many = element(0x31, &[5, 0].repeat(MAX_IN_SET + 1));
        let short = element(SEQUENCE, &[5, 9, 1]);
        assert!(!is_decodable(&element(SEQUENCE, &[short, many].concat())));
    }

    #[test]
    fn elements_in_each_other_are_counted() {
        let mut bytes = vec![5, 0];
        for _ in 0..MAX_DEPTH {
            bytes = element(SEQUENCE, &bytes);
        }
        assert!(!is_decodable(&bytes));
        // What `der` would say of the rest is its own business.
        assert!(is_decodable(&bytes[6..]));
        assert!(is_decodable(&[0x30, 0x80, 5, 0, 0, 0]));
    }
}
