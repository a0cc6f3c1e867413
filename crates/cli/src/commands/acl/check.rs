//! `lowbox acl check`: the access check from outside.

use std::process::ExitCode;

use clap::Args;

use super::batch;
use super::kind::KINDS;
use super::question::Question;
use crate::failure::Failure;
use crate::output;

/// `lowbox acl check`.
#[derive(Debug, Args)]
#[command(after_help = "Example:
  lowbox acl check --sddl 'D:(A;;FA;;;BU)(A;;FR;;;AC)' --sid S-1-5-21-1-2-3-1000 --sid BU --desired 0x120089 \\
      --package S-1-15-2-1-2-3-4-5-6-7

A batch reads lines of JSON such as
  {\"sddl\":\"D:(A;;FA;;;WD)\",\"sids\":[\"S-1-5-21-1-2-3-1000\",\"WD\"],\"desired\":\"0x1\"}
with the fields sddl, sids, desired, package, capabilities, lpac, integrity, deny_only, privileges and kind, and writes an
answer for each; for a line that it does not understand that is {\"error\": \"…\"}. See docs/json.md.")]
pub struct Arguments {
    /// The descriptor
    #[arg(long, value_name = "SDDL", required_unless_present = "batch")]
    pub sddl: Option<String>,

    /// The token's SIDs, the user's first, then groups; SDDL's aliases (BU, WD) are understood
    #[arg(long = "sid", value_name = "SID", required_unless_present = "batch")]
    pub sids: Vec<String>,

    /// The wanted rights; 0x2000000 asks for all there are
    #[arg(long, value_name = "MASK", required_unless_present = "batch")]
    pub desired: Option<String>,

    /// Make it the token of an AppContainer with this package SID
    #[arg(long, value_name = "SID")]
    pub package: Option<String>,

    /// A capability of the package
    #[arg(long = "capability", value_name = "NAME|SID", requires = "package")]
    pub capabilities: Vec<String>,

    /// Make it a less privileged AppContainer
    #[arg(long, requires = "package")]
    pub lpac: bool,

    /// Integrity level: untrusted, low, medium, medium-plus, high, system; low with --package, else medium
    #[arg(long, value_name = "LEVEL")]
    pub integrity: Option<String>,

    /// A group that matches denies only
    #[arg(long = "deny-only", value_name = "SID")]
    pub deny_only: Vec<String>,

    /// A privilege, such as SeTakeOwnershipPrivilege
    #[arg(long = "privilege", value_name = "NAME")]
    pub privileges: Vec<String>,

    /// What the object is, for generic rights
    #[arg(long, value_name = "KIND", default_value = "file", value_parser = KINDS.map(|(name, _)| name))]
    pub kind: String,

    /// Read questions from standard input, one a line
    #[arg(long, conflicts_with_all = ["sddl", "sids", "desired", "package", "integrity", "deny_only", "privileges"])]
    pub batch: bool,

    /// Answer in JSON, as this command always does
    #[arg(long)]
    pub json: bool,
}

/// Denied.
const DENIED: u8 = 1;

/// Checks.
pub fn execute(arguments: Arguments) -> Result<ExitCode, Failure> {
    if arguments.batch {
        return batch::execute();
    }
    let question = Question {
        sddl: arguments.sddl.unwrap_or_default(),
        sids: arguments.sids,
        desired: arguments.desired.unwrap_or_default(),
        package: arguments.package,
        capabilities: Some(arguments.capabilities),
        lpac: Some(arguments.lpac),
        integrity: arguments.integrity,
        deny_only: Some(arguments.deny_only),
        privileges: Some(arguments.privileges),
        kind: Some(arguments.kind),
    };
    let answer = question.answer().map_err(Failure::new)?;
    output::json(&answer)?;
    Ok(if answer.granted { ExitCode::SUCCESS } else { ExitCode::from(DENIED) })
}
