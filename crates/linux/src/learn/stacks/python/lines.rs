//! The table of lines in a code object (Objects/locations.md in CPython: 3.11 and later).

/// The line of an instruction; `None` where it has none.
pub(super) fn line(table: &[u8], first: u32, instruction: u64) -> Option<u32> {
    let (mut line, mut start, mut at) = (i64::from(first), 0_u64, 0);
    while let Some(&head) = table.get(at) {
        let (code, length) = (head >> 3 & 15, u64::from(head & 7) + 1);
        at += 1;
        // Only the first byte of an entry has the highest bit.
        let rest = &table[at..];
        let end = rest.iter().position(|byte| byte & 0x80 != 0).unwrap_or(rest.len());
        let delta = match code {
            15 => None,
            13 | 14 => Some(signed(&rest[..end])),
            10..=12 => Some(i64::from(code) - 10),
            _ => Some(0),
        };
        line = line.wrapping_add(delta.unwrap_or(0));
        if instruction < start + length {
            return delta.and_then(|_| u32::try_from(line).ok());
        }
        start += length;
        at += end;
    }
    None
}

/// Six bits in each byte, the lowest first; another bit says that there is more. The sign is the lowest bit of all.
fn signed(bytes: &[u8]) -> i64 {
    let (mut value, mut shift) = (0_u64, 0);
    for byte in bytes.iter().take(10) {
        value |= u64::from(byte & 0x3f).checked_shl(shift).unwrap_or(0);
        shift += 6;
        if byte & 0x40 == 0 {
            break;
        }
    }
    let half = (value >> 1) as i64;
    if value & 1 == 1 { -half } else { half }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn each_kind_of_entry_moves_the_line() {
        let table = [
            0x80 | (11 << 3) | 1, // two instructions, one line on
            4,
            8,
            0x80 | (15 << 3), // one, without a line
            0x80 | (13 << 3), // one, sixty-four lines on
            0x40,
            0x02,
            0x80 | (14 << 3), // one, three lines back
            0x07,
            0,
            1,
            1,
            0x80 | (2 << 3), // one, the same line
            0x11,
        ];
        let found: Vec<_> = (0..7).map(|at| line(&table, 10, at)).collect();
        assert_eq!(found, [Some(11), Some(11), None, Some(75), Some(72), Some(72), None]);
    }
}
