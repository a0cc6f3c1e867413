//! What `learn results` says on standard output.

use std::fmt::Write;
use std::path::PathBuf;

use lowbox_profiler::Raw;
use lowbox_profiler::attribute::{Attribution, CoveredBy};
use lowbox_profiler::record::Records;
use serde::Serialize;

/// What was found for one package, as JSON.
#[derive(Serialize)]
pub struct Told {
    /// Its family name.
    pub package: String,
    /// The capabilities that are needed.
    pub capabilities: Vec<Needed>,
    /// No set of fewer capabilities does.
    pub at_least: u32,
    /// That set is proven to be smallest.
    pub proven: bool,
    /// The options of `lowbox run`, where no capability fits.
    pub grants: Vec<String>,
    /// Hosts that may do in the place of the capabilities of networks.
    pub hosts: Vec<String>,
    /// The prompting capability would have the user asked instead.
    pub prompting: bool,
    /// Different accesses that nothing covers.
    pub nothing: usize,
    /// Different accesses.
    pub accesses: usize,
    /// Accesses in all.
    pub events: u64,
    /// The manifest that was edited or made.
    pub manifest: Option<String>,
    /// What was added to it.
    pub added: Vec<String>,
    /// The files that were written; with `--what-if`, that would be.
    pub files: Vec<String>,
}

/// A capability.
#[derive(Serialize)]
pub struct Needed {
    name: &'static str,
    privacy: bool,
    accesses: u64,
    only: u64,
    opens: usize,
    unused: usize,
}

impl Told {
    /// What was found.
    pub fn new(package: &str, records: &Records, found: &Attribution) -> Told {
        let needed = found.capabilities.iter().map(|needed| Needed {
            name: needed.capability.name,
            privacy: needed.capability.privacy,
            accesses: needed.accesses,
            only: needed.only,
            opens: needed.exposed.len(),
            unused: needed.exposed.iter().filter(|one| one.used == 0).count(),
        });
        Told {
            package: Raw::from(package).to_string(),
            capabilities: needed.collect(),
            at_least: found.at_least,
            proven: found.proven,
            grants: found.grants.iter().map(ToString::to_string).collect(),
            hosts: found.hosts.iter().map(ToString::to_string).collect(),
            prompting: found.prompting,
            nothing: found.outcomes.iter().filter(|one| matches!(one.by, CoveredBy::Nothing(_))).count(),
            accesses: records.accesses.len(),
            events: records.events(),
            manifest: None,
            added: Vec::new(),
            files: Vec::new(),
        }
    }

    /// The files that go with it.
    pub fn with_files(mut self, files: &[PathBuf]) -> Told {
        self.files = files.iter().map(|path| crate::output::path(path)).collect();
        self
    }

    /// For people.
    pub fn text(&self, what_if: bool) -> String {
        let mut text = String::new();
        // Writing to a string does not fail.
        let _ = self.write(what_if, &mut text);
        text
    }

    fn write(&self, what_if: bool, text: &mut String) -> std::fmt::Result {
        writeln!(text, "{}: {} different accesses, {} in all", self.package, self.accesses, self.events)?;
        if self.capabilities.is_empty() {
            writeln!(text, "  no capability is needed")?;
        }
        for needed in &self.capabilities {
            let privacy = if needed.privacy { ", privacy-sensitive" } else { "" };
            writeln!(text, "  {}  ({} accesses{privacy})", needed.name, needed.accesses)?;
        }
        if !self.proven {
            writeln!(text, "  (not proven minimal: at least {} are needed)", self.at_least)?;
        }
        if !self.hosts.is_empty() {
            let more = if self.hosts.len() > 5 {
                format!(" and {} more", self.hosts.len() - 5)
            } else {
                String::new()
            };
            let hosts: Vec<String> =
                self.hosts.iter().take(5).map(|host| format!("--allow-host {host}")).collect();
            writeln!(text, "  (in the place of a whole network these may do: {}{more})", hosts.join(" "))?;
        }
        for grant in self.grants.iter().take(20) {
            writeln!(text, "  {grant}")?;
        }
        if self.grants.len() > 20 {
            writeln!(text, "  and {} more grants", self.grants.len() - 20)?;
        }
        if self.nothing > 0 {
            writeln!(text, "  {} accesses are covered by nothing; the report says why", self.nothing)?;
        }
        let (would, wrote) = if what_if { ("would be ", "would write") } else { ("", "wrote") };
        if let Some(manifest) = &self.manifest {
            match self.added.as_slice() {
                [] => writeln!(text, "  {manifest} declares everything already")?,
                added => writeln!(text, "  {manifest}: {would}added {}", added.join(", "))?,
            }
        }
        for file in &self.files {
            writeln!(text, "  {wrote} {file}")?;
        }
        Ok(())
    }
}
