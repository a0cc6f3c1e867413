//! What failed for want of a right, access by access.

use std::collections::HashMap;
use std::fmt::Write;

use lowbox_profiler::attribute::{Attribution, CoveredBy};
use lowbox_profiler::record::Records;
use serde::Serialize;

/// After so many the rest is in the records.
const MAX_SHOWN: usize = 50;

/// An access that was denied.
#[derive(Debug, Serialize)]
pub struct Lack {
    kind: &'static str,
    object: String,
    right: &'static str,
    why: &'static str,
    count: u64,
    exe: String,
    /// Options of `lowbox run`, each of which would grant it; the one that is best for all accesses together comes first.
    would_grant: Vec<String>,
    /// Why nothing would.
    not_grantable: Option<&'static str>,
    #[serde(skip)]
    words: &'static str,
}

impl Lack {
    /// Whether something would grant it.
    pub fn is_grantable(&self) -> bool {
        !self.would_grant.is_empty()
    }
}

/// All of them, in the order in which they were first seen.
pub fn lacks(records: &Records, found: &Attribution) -> Vec<Lack> {
    let pairs = records.accesses.iter().zip(&found.outcomes);
    let lack = pairs.map(|(access, outcome)| {
        let capability = |name: &str| format!("--capability {name}");
        let (mut would_grant, not_grantable) = match outcome.by {
            CoveredBy::Capability(at) => (vec![capability(found.capabilities[at].capability.name)], None),
            CoveredBy::Both(one, other) => {
                let both = [one, other].map(|at| capability(found.capabilities[at].capability.name));
                (vec![both.join(" ")], None)
            }
            CoveredBy::Grant(at) => (vec![found.grants[at].to_string()], None),
            CoveredBy::Nothing(why) => (Vec::new(), Some(why)),
            CoveredBy::Already => (Vec::new(), None),
        };
        for capability in outcome.alternatives.iter().map(|name| capability(name)) {
            if !would_grant.contains(&capability) {
                would_grant.push(capability);
            }
        }
        Lack {
            kind: access.object.kind(),
            object: access.object.to_string(),
            right: access.right.name(),
            why: access.denial.why.name(),
            count: access.count,
            exe: records.processes[access.process].exe.to_string(),
            would_grant,
            not_grantable,
            words: access.right.words(),
        }
    });
    lack.collect()
}

/// For people.
pub fn text(lacks: &[Lack]) -> String {
    let mut text = String::new();
    // What several programs, or several places of one, were denied is one line for people.
    let mut shown: Vec<(&Lack, u64)> = Vec::new();
    let mut places: HashMap<(&str, &str), usize> = HashMap::new();
    for lack in lacks {
        match places.get(&(lack.words, lack.object.as_str())) {
            Some(at) => shown[*at].1 += lack.count,
            None => {
                places.insert((lack.words, &lack.object), shown.len());
                shown.push((lack, lack.count));
            }
        }
    }
    for (lack, count) in shown.iter().take(MAX_SHOWN) {
        let times = if *count > 1 { format!(" ({count} times)") } else { String::new() };
        // Writing to a string does not fail.
        let _ = writeln!(text, "  {} {}{times}", lack.words, lack.object);
        if let Some(first) = lack.would_grant.first() {
            let _ = writeln!(text, "    would grant it: {first}");
        }
        if let Some(why) = lack.not_grantable {
            let _ = writeln!(text, "    nothing grants it: {why}");
        }
    }
    if shown.len() > MAX_SHOWN {
        let _ = writeln!(text, "  and {} more", shown.len() - MAX_SHOWN);
    }
    text
}
