//! `lowbox consent`: what the user has allowed and denied to packages, and taking it back.

mod answer;
mod grant;
mod list;
mod place;
mod revoke;
mod whose;

use std::path::PathBuf;
use std::process::ExitCode;

use clap::builder::{OsStringValueParser, TypedValueParser};
use clap::{Args, Subcommand};
use lowbox_linux::prepare::Grant;

use crate::failure::Failure;

/// `lowbox consent`.
#[derive(Debug, Args)]
#[command(after_help = "Examples:
  lowbox consent list
  lowbox consent show ~/Documents/report.odt
  lowbox consent grant --package python3 ./out:rw        for every later run of python3
  lowbox consent grant --package Contoso.App --capability webcam
  lowbox consent revoke ./out                            ends running containers that have it
  lowbox consent reset --package Contoso.App")]
pub struct Arguments {
    /// What to do.
    #[command(subcommand)]
    pub action: Action,
}

/// What can be done.
#[derive(Debug, Subcommand)]
pub enum Action {
    /// List what is allowed and denied
    List {
        /// Whose.
        #[command(flatten)]
        whose: Whose,
        /// Only what is for these files and folders
        paths: Vec<PathBuf>,
        /// Answer in JSON (see docs/json.md)
        #[arg(long)]
        json: bool,
    },
    /// Show who has consent for one file, folder or capability, and which running programs have it
    Show {
        /// Whose.
        #[command(flatten)]
        whose: Whose,
        /// Of what.
        #[command(flatten)]
        what: What,
        /// Answer in JSON (see docs/json.md)
        #[arg(long)]
        json: bool,
    },
    /// Allow files, folders or capabilities to every later run of a package
    Grant {
        /// To whom.
        #[command(flatten)]
        whose: Whose,
        /// Files and folders: r read and list, w write, create and delete, x execute
        #[arg(value_name = "PATH:LETTERS", required_unless_present = "capabilities",
            value_parser = OsStringValueParser::new().try_map(crate::arguments::grant))]
        grants: Vec<Grant>,
        /// A privacy-sensitive capability
        #[arg(long = "capability", value_name = "NAME")]
        capabilities: Vec<String>,
    },
    /// Take consents back, and end the running containers that have what they opened
    Revoke {
        /// From whom.
        #[command(flatten)]
        whose: Whose,
        /// What.
        #[command(flatten)]
        what: What,
        /// Don't end running containers: what they have open stays open
        #[arg(long)]
        keep_running: bool,
        /// Answer in JSON (see docs/json.md)
        #[arg(long)]
        json: bool,
    },
    /// Take everything back from a package
    Reset {
        /// From whom.
        #[command(flatten)]
        whose: Whose,
        /// Files and folders only
        #[arg(long)]
        files: bool,
        /// Capabilities only
        #[arg(long)]
        capabilities: bool,
        /// Don't end running containers: what they have open stays open
        #[arg(long)]
        keep_running: bool,
        /// Answer in JSON (see docs/json.md)
        #[arg(long)]
        json: bool,
    },
}

/// Options that say which package is meant.
#[derive(Debug, Args)]
pub struct Whose {
    /// The package: its family name (see lowbox token), its name, or the name of a command without a manifest
    #[arg(long, value_name = "FAMILY", conflicts_with = "manifest")]
    pub package: Option<String>,

    /// The package of this application manifest
    #[arg(long, value_name = "FILE")]
    pub manifest: Option<PathBuf>,
}

/// A file, a folder or a capability.
#[derive(Debug, Args)]
pub struct What {
    /// The file or folder; it need not exist any more
    #[arg(required_unless_present = "capability", conflicts_with = "capability")]
    pub path: Option<PathBuf>,

    /// The capability
    #[arg(long, value_name = "NAME")]
    pub capability: Option<String>,
}

/// Takes everything back from a package, and says what it was.
///
/// # Errors
/// The store's.
pub fn reset_all(whose: &Whose) -> Result<ExitCode, Failure> {
    revoke::reset(whose, false, false, false, false)
}

/// Carries it out.
pub fn execute(arguments: Arguments) -> Result<ExitCode, Failure> {
    match arguments.action {
        Action::List { whose, paths, json } => list::list(&whose, &paths, json),
        Action::Show { whose, what, json } => list::show(&whose, &what, json),
        Action::Grant { whose, grants, capabilities } => grant::grant(&whose, &grants, &capabilities),
        Action::Revoke { whose, what, keep_running, json } => {
            revoke::revoke(&whose, &what, keep_running, json)
        }
        Action::Reset { whose, files, capabilities, keep_running, json } => {
            revoke::reset(&whose, files, capabilities, keep_running, json)
        }
    }
}
