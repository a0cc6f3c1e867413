//! `summary.txt`: what was found, as text for people.

use std::collections::BTreeMap;
use std::io::{self, Write};

use crate::Raw;
use crate::attribute::{Attribution, CoveredBy, Grant};
use crate::record::Records;

use super::row::time;

/// What the summary says beside the records.
#[derive(Clone, Debug, Default)]
pub struct Context {
    /// When it is made, milliseconds since 1970.
    pub at: u64,
    /// The record files.
    pub inputs: Vec<Raw>,
    /// The manifest that was edited.
    pub manifest: Option<Raw>,
    /// The capabilities that were added to it.
    pub added: Vec<String>,
}

/// Resources without a capability that are listed one by one.
const SHOWN: usize = 50;

/// Writes the summary, made to be appended to those of earlier runs.
///
/// # Errors
/// When the writer fails.
pub fn write_summary(
    records: &Records,
    found: &Attribution,
    context: &Context,
    mut out: impl Write,
) -> io::Result<()> {
    writeln!(out, "== {} ==", time(context.at))?;
    for input in &context.inputs {
        writeln!(out, "Record file: {input}")?;
    }
    let mut packages: Vec<&str> = records.runs.iter().map(|run| run.package.as_str()).collect();
    packages.sort_unstable();
    packages.dedup();
    for package in packages {
        writeln!(out, "Package: {}", Raw::from(package))?;
    }
    let mut programs: BTreeMap<&Raw, u64> = BTreeMap::new();
    for access in &records.accesses {
        *programs.entry(&records.processes[access.process].exe).or_default() += 1;
    }
    for (program, accesses) in programs {
        writeln!(out, "Program: {program} ({accesses} different accesses)")?;
    }
    let unclear = records.accesses.iter().filter(|access| records.processes[access.process].unclear).count();
    if unclear > 0 {
        writeln!(
            out,
            "Of {unclear} different accesses by Wine's server it is not known which program asked for them."
        )?;
    }
    writeln!(
        out,
        "{} different accesses that were not granted, {} in all.",
        records.accesses.len(),
        records.events()
    )?;
    if records.left_out > 0 || records.skipped_lines > 0 {
        writeln!(
            out,
            "Not looked at: {} accesses for want of room, {} lines that could not be read.",
            records.left_out, records.skipped_lines
        )?;
    }
    needs(records, found, &mut out)?;
    if let Some(manifest) = &context.manifest {
        match context.added.as_slice() {
            [] => writeln!(out, "Manifest: {manifest}: unchanged, it declares everything")?,
            added => writeln!(out, "Manifest: {manifest}: added {}", added.join(", "))?,
        }
    }
    unattributed(records, found, &mut out)?;
    writeln!(out)
}

fn needs(records: &Records, found: &Attribution, out: &mut impl Write) -> io::Result<()> {
    if found.capabilities.is_empty() {
        writeln!(out, "Capabilities: none are needed.")?;
    } else {
        let proven = match found.proven {
            true => String::new(),
            false => format!(" (not proven minimal: at least {} are needed)", found.at_least),
        };
        writeln!(out, "Capabilities{proven}:")?;
    }
    for needed in &found.capabilities {
        let privacy = if needed.capability.privacy { ", privacy-sensitive" } else { "" };
        let unused = needed.exposed.iter().filter(|one| one.used == 0).count();
        writeln!(
            out,
            "  {} ({} accesses, {} of them by nothing else{privacy}); opens {} objects, {unused} of them unused",
            needed.capability.name,
            needed.accesses,
            needed.only,
            needed.exposed.len()
        )?;
    }
    if !found.hosts.is_empty() {
        let hosts: Vec<String> = found.hosts.iter().map(|host| format!("--allow-host {host}")).collect();
        writeln!(out, "  (In the place of a whole network these hosts may do: {}.)", hosts.join(" "))?;
    }
    if !found.grants.is_empty() {
        writeln!(out, "Grants, where no capability fits:")?;
    }
    for grant in &found.grants {
        match windows_name(records, grant) {
            Some(name) => writeln!(out, "  {grant}  ({name})")?,
            None => writeln!(out, "  {grant}")?,
        }
    }
    if found.prompting {
        writeln!(out, "  (The user could be asked for some of them: isolatedWin32-promptForAccess.)")?;
    }
    Ok(())
}

/// What a Windows program called the folder or file that a grant is for.
fn windows_name(records: &Records, grant: &Grant) -> Option<String> {
    let Grant::Path { path, .. } = grant else { return None };
    records.runs.iter().find_map(|run| run.windows_path(path))
}

fn unattributed(records: &Records, found: &Attribution, out: &mut impl Write) -> io::Result<()> {
    let none: Vec<_> = records
        .accesses
        .iter()
        .zip(&found.outcomes)
        .filter_map(|(access, outcome)| match outcome.by {
            CoveredBy::Nothing(why) => Some((access, why)),
            _ => None,
        })
        .collect();
    if none.is_empty() {
        return Ok(());
    }
    writeln!(out, "Covered by nothing:")?;
    for (access, why) in none.iter().take(SHOWN) {
        let named = records.runs[access.run].windows_name(&access.object);
        let named = named.map(|name| format!(" ({name})")).unwrap_or_default();
        writeln!(out, "  {} {}{named} ({} times): {why}", access.right.words(), access.object, access.count)?;
    }
    if none.len() > SHOWN {
        writeln!(out, "  and {} more; the table has them all", none.len() - SHOWN)?;
    }
    Ok(())
}
