//! The table as JSON lines.

use std::io::{self, BufRead, Read, Write};

use super::row::Row;
use crate::record::MAX_LINE;

/// Writes one object a line, with the names of the columns.
///
/// # Errors
/// When the writer fails.
pub fn write_jsonl(rows: impl Iterator<Item = Row>, mut out: impl Write) -> io::Result<()> {
    for row in rows {
        serde_json::to_writer(&mut out, &row)?;
        out.write_all(b"\n")?;
    }
    Ok(())
}

/// Reads them. Says how many lines were skipped.
///
/// # Errors
/// When the reader fails.
pub fn read_jsonl(mut lines: impl BufRead, mut each: impl FnMut(Row)) -> io::Result<u64> {
    let (mut skipped, mut bytes) = (0, Vec::new());
    loop {
        bytes.clear();
        if lines.by_ref().take(MAX_LINE as u64 + 1).read_until(b'\n', &mut bytes)? == 0 {
            return Ok(skipped);
        }
        let long = bytes.len() > MAX_LINE;
        if long && bytes.last() != Some(&b'\n') {
            lines.skip_until(b'\n')?;
        }
        if bytes.trim_ascii().is_empty() {
            continue;
        }
        match serde_json::from_slice::<Row>(&bytes) {
            Ok(row) if !long && row.is_printable() && !row.kind.is_empty() => each(row),
            _ => skipped += 1,
        }
    }
}
