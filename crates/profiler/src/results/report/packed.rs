//! All rows, for the page's script: JSON, deflated, base64.

use std::collections::HashMap;
use std::io::{self, Write};

use base64::prelude::BASE64_STANDARD;
use base64::write::EncoderWriter;
use serde::Serialize;

use super::table::named;
use crate::attribute::Attribution;
use crate::record::Records;
use crate::results::row::covered;

/// The most rows that a page holds; the tables hold all.
pub const MAX_ROWS: usize = 250_000;

#[derive(Default, Serialize)]
struct Packed {
    programs: Vec<String>,
    kinds: Vec<String>,
    rights: Vec<String>,
    covers: Vec<(String, String)>,
    frames: Vec<String>,
    /// Places in `frames`; -1 at the end of one that is truncated.
    stacks: Vec<Vec<i64>>,
    rows: Vec<PackedRow>,
}

/// Kind, object, right, count, first, last, program, cover, stack (-1: none).
type PackedRow = (usize, String, usize, u64, u64, u64, usize, usize, i64);

/// Writes the element.
pub fn write(records: &Records, found: &Attribution, out: &mut impl Write) -> io::Result<()> {
    let mut packed = Packed::default();
    let (mut programs, mut kinds, mut rights, mut covers, mut stacks, mut frames) =
        (HashMap::new(), HashMap::new(), HashMap::new(), HashMap::new(), HashMap::new(), HashMap::new());
    for (access, outcome) in records.accesses.iter().zip(&found.outcomes).take(MAX_ROWS) {
        let exe = &records.processes[access.process].exe;
        let program = place(&mut programs, exe, &mut packed.programs, || exe.to_string());
        let kind = access.object.kind();
        let kind = place(&mut kinds, kind, &mut packed.kinds, || kind.to_owned());
        let right = place(&mut rights, access.right, &mut packed.rights, || access.right.words().to_owned());
        let (covered, by) = covered(found, outcome.by);
        let key = (covered, by.clone());
        let cover = place(&mut covers, key, &mut packed.covers, || (covered.to_owned(), by));
        let stack = match access.stack {
            None => -1,
            Some(at) => {
                let stack = &records.stacks[at];
                let frames_of = || {
                    let all = stack.frames.iter();
                    let numbers = all.map(|frame| {
                        place(&mut frames, frame, &mut packed.frames, || frame.to_string()) as i64
                    });
                    numbers.chain(stack.truncated.then_some(-1)).collect()
                };
                place(&mut stacks, at, &mut packed.stacks, frames_of) as i64
            }
        };
        let object = named(records, access);
        packed.rows.push((
            kind,
            object,
            right,
            access.count,
            access.first,
            access.last,
            program,
            cover,
            stack,
        ));
    }
    let json = serde_json::to_vec(&packed)?;
    let deflated = miniz_oxide::deflate::compress_to_vec_zlib(&json, 6);
    write!(out, "<script type=\"text/plain\" id=\"packed\">")?;
    let mut encoder = EncoderWriter::new(&mut *out, &BASE64_STANDARD);
    encoder.write_all(&deflated)?;
    encoder.finish()?;
    drop(encoder);
    writeln!(out, "</script>")
}

/// The number of a value in its list.
fn place<K: std::hash::Hash + Eq, T>(
    known: &mut HashMap<K, usize>,
    key: K,
    list: &mut Vec<T>,
    make: impl FnOnce() -> T,
) -> usize {
    *known.entry(key).or_insert_with(|| {
        list.push(make());
        list.len() - 1
    })
}
