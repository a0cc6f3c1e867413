//! Tables of accesses.

use std::io::{self, Write};

use super::html::{Text, number};
use crate::attribute::{Attribution, CoveredBy};
use crate::record::{Access, Frame, Records, Stack};
use crate::results::row::time;

/// Accesses of one table that are in the page for everybody; the script shows the others.
pub const FIRST: usize = 100;

/// Frames of a stack that are listed.
const FRAMES: usize = 40;

/// The first rows of those that `which` picks, and how many there are besides.
pub fn write(
    records: &Records,
    found: &Attribution,
    which: impl Fn(CoveredBy) -> bool,
    why: bool,
    out: &mut impl Write,
) -> io::Result<()> {
    let picked: Vec<(&Access, CoveredBy)> = records
        .accesses
        .iter()
        .zip(&found.outcomes)
        .filter(|(_, outcome)| which(outcome.by))
        .map(|(access, outcome)| (access, outcome.by))
        .collect();
    write!(
        out,
        "<div class=\"wide\"><table><thead><tr><th>Object<th>Wanted<th class=\"number\">Times<th>Program<th>Last{}\
         <th>Call stack</tr></thead><tbody>",
        if why { "<th>Why nothing covers it" } else { "" }
    )?;
    for (access, by) in picked.iter().take(FIRST) {
        let process = &records.processes[access.process];
        write!(
            out,
            "<tr><td class=\"object\">{}<td>{}<td class=\"number\">{}<td>{}<td class=\"when\">{}",
            Text(named(records, access)),
            access.right.words(),
            number(access.count),
            Text(&process.exe),
            &time(access.last).replace('T', " ")[..19]
        )?;
        if let (true, CoveredBy::Nothing(why)) = (why, by) {
            write!(out, "<td>{}", Text(why))?;
        }
        write!(out, "<td>")?;
        if let Some(stack) = access.stack {
            self::stack(&records.stacks[stack], out)?;
        }
        writeln!(out, "</tr>")?;
    }
    writeln!(out, "</tbody></table></div>")?;
    if picked.len() > FIRST {
        writeln!(
            out,
            "<p class=\"soft\">These are the first {FIRST} of {}. <a href=\"#all\">All of them</a>, or the table \
             AccessAttemptRecords.csv beside this page.</p>",
            number(picked.len() as u64)
        )?;
    }
    Ok(())
}

/// The object, and what a Windows program called it.
pub(super) fn named(records: &Records, access: &Access) -> String {
    match records.runs[access.run].windows_name(&access.object) {
        Some(name) => format!("{} ({name})", access.object),
        None => access.object.to_string(),
    }
}

fn stack(stack: &Stack, out: &mut impl Write) -> io::Result<()> {
    // The innermost Python function says more than the system call's wrapper.
    let head = stack.frames.iter().find(|frame| frame.is_python()).or(stack.frames.first());
    let Some(head) = head else { return Ok(()) };
    write!(out, "<details><summary>{}</summary><ol class=\"stack\">", Text(head))?;
    for frame in stack.frames.iter().take(FRAMES) {
        let python = if matches!(frame, Frame::Python { .. }) { "<b>" } else { "" };
        let end = if python.is_empty() { "" } else { "</b>" };
        write!(out, "<li>{python}{}{end}", Text(frame))?;
    }
    if stack.truncated || stack.frames.len() > FRAMES {
        write!(out, "<li>… (truncated)")?;
    }
    write!(out, "</ol></details>")
}
