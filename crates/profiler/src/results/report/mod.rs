//! `report.html`: one page with everything, for people. It loads nothing, and can be read without its script, which only adds a
//! search over all rows.
//!
//! Names in it are the program's making. They are escaped when the page is made; the script sets text by `textContent`
//! alone; and a Content Security Policy allows this very script and style and nothing else.

mod html;
mod icicle;
mod look;
mod needs;
mod packed;
mod table;

use std::collections::BTreeSet;
use std::io::{self, Write};

use html::{Text, number, policy_hash};

use super::row::time;
use crate::attribute::{Attribution, CoveredBy};
use crate::record::Records;

const STYLE: &str = include_str!("style.css");
const SCRIPT: &str = include_str!("script.js");

/// Writes the page. `made` is when, in milliseconds since 1970.
///
/// # Errors
/// When the writer fails.
pub fn write_report(records: &Records, found: &Attribution, made: u64, out: impl Write) -> io::Result<()> {
    let out = &mut io::BufWriter::new(out);
    let packages: BTreeSet<&str> = records.runs.iter().map(|run| run.package.as_str()).collect();
    let title =
        packages.iter().map(|name| crate::Raw::from(*name).to_string()).collect::<Vec<_>>().join(", ");
    writeln!(
        out,
        "<!DOCTYPE html>\n<html lang=\"en\">\n<head>\n<meta charset=\"utf-8\">\n\
         <meta http-equiv=\"Content-Security-Policy\" content=\"default-src &#39;none&#39;; style-src {}; script-src {}; \
         base-uri &#39;none&#39;; form-action &#39;none&#39;\">\n\
         <meta name=\"viewport\" content=\"width=device-width, initial-scale=1\">\n<meta name=\"referrer\" content=\"no-referrer\">\n\
         <title>What {} needs</title>\n<style>{STYLE}</style>\n</head>\n<body>",
        Text(policy_hash(STYLE)),
        Text(policy_hash(SCRIPT)),
        Text(&title)
    )?;
    header(records, found, &title, made, out)?;
    writeln!(out, "<main>")?;
    needs::write(records, found, out)?;
    writeln!(
        out,
        "<h2 id=\"who\">Who asked for what</h2><p class=\"soft\">Programs, their calls from the outermost down, and at \
         the ends what covers the accesses. The width is the number of different accesses.</p>"
    )?;
    needs::legend(found, out)?;
    icicle::write(records, found, out)?;
    needs::accesses(records, found, out)?;
    unattributed(records, found, out)?;
    needs::exposed(found, out)?;
    all(records, out)?;
    writeln!(out, "</main>")?;
    footer(records, out)?;
    packed::write(records, found, out)?;
    writeln!(out, "<script>{SCRIPT}</script>\n</body>\n</html>")?;
    out.flush()
}

fn header(
    records: &Records,
    found: &Attribution,
    title: &str,
    made: u64,
    out: &mut impl Write,
) -> io::Result<()> {
    let programs: BTreeSet<_> =
        records.accesses.iter().map(|one| &records.processes[one.process].exe).collect();
    let nothing = found.outcomes.iter().filter(|one| matches!(one.by, CoveredBy::Nothing(_))).count();
    let first = records.runs.iter().map(|run| run.started).min().unwrap_or_default();
    let runs =
        if records.runs.len() == 1 { "1 run".to_owned() } else { format!("{} runs", records.runs.len()) };
    writeln!(
        out,
        "<header><h1>What {} needs</h1><p>{runs}, the first at {}. This page was made at {} UTC.</p>",
        Text(title),
        &time(first).replace('T', " ")[..16],
        &time(made).replace('T', " ")[..16]
    )?;
    let commands: BTreeSet<String> = records
        .runs
        .iter()
        .filter(|run| !run.command.is_empty())
        .map(|run| {
            run.command.iter().map(|word| html::shell_word(word.as_bytes())).collect::<Vec<_>>().join(" ")
        })
        .collect();
    for command in commands.iter().take(5) {
        writeln!(out, "<p><code>{}</code></p>", Text(command))?;
    }
    let cells = [
        (found.capabilities.len() as u64, "capabilities needed"),
        (found.grants.len() as u64, "grants where none fits"),
        (nothing as u64, "accesses covered by nothing"),
        (records.accesses.len() as u64, "different accesses"),
        (records.events(), "accesses in all"),
        (programs.len() as u64, "programs"),
    ];
    write!(out, "<div class=\"numbers\">")?;
    for (count, what) in cells {
        write!(out, "<div><b>{}</b><span>{what}</span></div>", number(count))?;
    }
    writeln!(
        out,
        "</div><nav><a href=\"#needs\">What is needed</a><a href=\"#who\">Who asked</a><a href=\"#accesses\">Accesses</a>\
         <a href=\"#nothing\">Covered by nothing</a><a href=\"#exposed\">What is opened beyond that</a></nav></header>"
    )
}

fn unattributed(records: &Records, found: &Attribution, out: &mut impl Write) -> io::Result<()> {
    writeln!(out, "<h2 id=\"nothing\">Covered by nothing</h2>")?;
    let nothing = |by: CoveredBy| matches!(by, CoveredBy::Nothing(_));
    if !found.outcomes.iter().any(|outcome| nothing(outcome.by)) {
        return writeln!(out, "<p class=\"soft\">Every access is covered by something above.</p>");
    }
    writeln!(
        out,
        "<p class=\"soft\">Neither a capability nor a grant makes these work. Programs often do without: try it.</p>"
    )?;
    writeln!(out, "<div class=\"card\"><div class=\"body\">")?;
    table::write(records, found, nothing, true, out)?;
    writeln!(out, "</div></div>")
}

/// The place for all rows, which the script fills.
fn all(records: &Records, out: &mut impl Write) -> io::Result<()> {
    writeln!(
        out,
        "<section id=\"all\" hidden><h2>All accesses</h2><div class=\"tools\"><input id=\"find\" type=\"search\" \
         placeholder=\"Find in objects and programs\" aria-label=\"Find in objects and programs\"><select id=\"cover\" \
         aria-label=\"Covered by\"><option value=\"\">covered by anything</option></select><button id=\"back\">Back</button>\
         <button id=\"next\">Next</button><span id=\"place\" class=\"soft\"></span></div><div class=\"card\"><div class=\"body wide\">\
         <table><thead><tr><th>Object<th>Wanted<th class=\"number\">Times<th>Program<th>Covered by<th>Last<th>Call stack</tr>\
         </thead><tbody id=\"rows\"></tbody></table></div></div></section>"
    )?;
    if records.accesses.len() > packed::MAX_ROWS {
        writeln!(
            out,
            "<p class=\"soft\">The page holds the first {} accesses; the tables beside it hold all.</p>",
            number(packed::MAX_ROWS as u64)
        )?;
    }
    Ok(())
}

fn footer(records: &Records, out: &mut impl Write) -> io::Result<()> {
    writeln!(
        out,
        "<footer><p>Objects, command lines and call stacks are as the program reported them: a hostile one can make them up. \
         A backslash in names begins an escape: <code>\\\\</code> is one, <code>\\xNN</code> another byte.</p>"
    )?;
    if records.skipped_lines > 0 || records.left_out > 0 {
        writeln!(
            out,
            "<p>{} lines of the record files could not be read, {} accesses were left out for want of room.</p>",
            number(records.skipped_lines),
            number(records.left_out)
        )?;
    }
    if records.runs.iter().any(|run| !run.probes) {
        writeln!(out, "<p>Looking alone (stat, access) was not recorded in every run.</p>")?;
    }
    writeln!(out, "</footer>")
}
