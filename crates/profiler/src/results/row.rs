//! One access with everything about it, as the tables have it. docs/profiler.md explains the columns.

use std::time::{Duration, UNIX_EPOCH};

use serde::{Deserialize, Serialize};

use crate::attribute::{Attribution, CoveredBy};
use crate::record::{Access, Records};

/// A row. Texts of the program's making are in the written form of [`Raw`](crate::Raw).
#[derive(Clone, Debug, Default, PartialEq, Eq, Serialize, Deserialize)]
#[serde(default)]
pub struct Row {
    /// Package family name.
    pub package: String,
    /// Where it was recorded.
    pub machine: String,
    /// `learn`, `soak` or `enforce`.
    pub mode: String,
    /// The kind of the object.
    pub kind: String,
    /// The object.
    pub object: String,
    /// What a Windows program called it.
    pub windows: String,
    /// The class of a network object's address.
    pub class: String,
    /// What was to be done.
    pub right: String,
    /// The rights that it needs, `0x…`.
    pub desired: String,
    /// Those that were missing.
    pub missing: String,
    /// They are rights on the object's folder.
    pub on_parent: bool,
    /// Why it was denied.
    pub why: String,
    /// How often.
    pub count: u64,
    /// First time, RFC 3339 with milliseconds, UTC.
    pub first: String,
    /// Last time.
    pub last: String,
    /// Process number of the first.
    pub pid: u32,
    /// Its program.
    pub exe: String,
    /// Its command line.
    pub arguments: Vec<String>,
    /// It is Wine's server, and which program it did this for could not be told.
    pub unclear: bool,
    /// What covers it: `capability`, `grant`, `already` or `nothing`.
    pub covered: String,
    /// The capability's name, the grant's option, or why nothing covers it.
    pub by: String,
    /// All capabilities that would, each alone.
    pub alternatives: Vec<String>,
    /// The call stack, the innermost frame first.
    pub stack: Vec<String>,
    /// Outer frames are missing.
    pub truncated: bool,
}

/// The columns, in their order.
pub const COLUMNS: [&str; 24] = [
    "package",
    "machine",
    "mode",
    "kind",
    "object",
    "windows",
    "class",
    "right",
    "desired",
    "missing",
    "on_parent",
    "why",
    "count",
    "first",
    "last",
    "pid",
    "exe",
    "arguments",
    "unclear",
    "covered",
    "by",
    "alternatives",
    "stack",
    "truncated",
];

/// The rows, one at a time, in the order of the records.
pub fn rows<'a>(records: &'a Records, found: &'a Attribution) -> impl Iterator<Item = Row> + 'a {
    records.accesses.iter().enumerate().map(|(at, access)| row(records, found, at, access))
}

fn row(records: &Records, found: &Attribution, at: usize, access: &Access) -> Row {
    let run = &records.runs[access.run];
    let process = &records.processes[access.process];
    let stack = access.stack.map(|stack| &records.stacks[stack]);
    let outcome = &found.outcomes[at];
    let (covered, by) = covered(found, outcome.by);
    Row {
        package: run.package.clone(),
        machine: run.machine.to_string(),
        mode: run.mode.name().to_owned(),
        kind: access.object.kind().to_owned(),
        object: access.object.to_string(),
        windows: run.windows_name(&access.object).unwrap_or_default(),
        class: access.object.class().map_or("", lowbox_policy::network::Class::name).to_owned(),
        right: access.right.name().to_owned(),
        desired: access.denial.desired.to_string(),
        missing: access.denial.missing.to_string(),
        on_parent: access.denial.on_parent,
        why: access.denial.why.name().to_owned(),
        count: access.count,
        first: time(access.first),
        last: time(access.last),
        pid: process.pid,
        exe: process.exe.to_string(),
        arguments: process.arguments.iter().map(ToString::to_string).collect(),
        unclear: process.unclear,
        covered: covered.to_owned(),
        by,
        alternatives: outcome.alternatives.iter().map(|name| (*name).to_owned()).collect(),
        stack: stack.into_iter().flat_map(|stack| &stack.frames).map(ToString::to_string).collect(),
        truncated: stack.is_some_and(|stack| stack.truncated),
    }
}

/// The columns `covered` and `by`.
pub(super) fn covered(found: &Attribution, by: CoveredBy) -> (&'static str, String) {
    match by {
        CoveredBy::Already => ("already", String::new()),
        CoveredBy::Capability(at) => ("capability", found.capabilities[at].capability.name.to_owned()),
        CoveredBy::Both(one, other) => {
            let name = |at: usize| found.capabilities[at].capability.name;
            ("capability", format!("{} and {}", name(one), name(other)))
        }
        CoveredBy::Grant(at) => ("grant", found.grants[at].to_string()),
        CoveredBy::Nothing(why) => ("nothing", why.to_owned()),
    }
}

/// RFC 3339 with milliseconds, in UTC. A time that no calendar has is the last that one has.
pub(super) fn time(milliseconds: u64) -> String {
    /// The end of the year 9999.
    const LAST: u64 = 253_402_300_799_999;
    let at = UNIX_EPOCH + Duration::from_millis(milliseconds.min(LAST));
    humantime::format_rfc3339_millis(at).to_string()
}

impl Row {
    /// Whether all its texts are such as this crate writes. What was read from elsewhere may hold anything, and goes on to
    /// tables and terminals.
    pub(super) fn is_printable(&self) -> bool {
        let texts = [
            &self.package,
            &self.machine,
            &self.mode,
            &self.kind,
            &self.object,
            &self.windows,
            &self.class,
            &self.right,
            &self.desired,
            &self.missing,
            &self.why,
            &self.first,
            &self.last,
            &self.exe,
            &self.covered,
            &self.by,
        ];
        let lists = self.arguments.iter().chain(&self.alternatives).chain(&self.stack);
        texts.into_iter().chain(lists).all(|text| text.chars().all(crate::raw::is_printable))
    }
}
