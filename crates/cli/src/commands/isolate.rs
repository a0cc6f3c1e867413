//! `lowbox isolate`: from full trust to Win32 app isolation.

mod output_file;
mod told;

use std::fs;
use std::path::{Path, PathBuf};
use std::process::ExitCode;

use clap::Args;
use lowbox_msix::Version;
use lowbox_msix::manifest::edit::NewCapability;
use lowbox_msix::manifest::edit::isolate::{self, IsolateError, Options, isolate, prompt_for_access};
use lowbox_policy::{Verdict, capability};
use lowbox_profiler::results::declaration;

use super::package::failed;
use crate::failure::Failure;
use crate::output;
use crate::package::capability_name;
use output_file::Input;

/// `lowbox isolate`.
#[derive(Debug, Args)]
#[command(
    after_help = "The package keeps its family name, and so its data; its version is raised. It has to be signed anew. What stands against isolation is \
                        said, and nothing is written then.

Examples:
  lowbox isolate app.msix -o isolated.msix
  lowbox isolate app.msix -o isolated.msix --form field --drop windows.firewallRules
  lowbox isolate AppxManifest.xml -o isolated.xml"
)]
pub struct Arguments {
    /// The package; or an AppxManifest.xml, or a folder with one
    #[arg(value_name = "FILE")]
    pub input: PathBuf,

    /// What to write: a package, or a manifest
    #[arg(short, long, value_name = "FILE")]
    pub output: PathBuf,

    /// Which attributes
    #[arg(long, value_enum, default_value_t)]
    pub form: Form,

    /// The new version; the next one if it is not given
    #[arg(long, value_name = "VERSION")]
    pub version: Option<Version>,

    /// Leave out this extension (by its category) or capability
    #[arg(long, value_name = "NAME")]
    pub drop: Vec<String>,

    /// Keep this extension, with runFullTrust if it needs it, and the application's program in place of its own
    #[arg(long, value_name = "CATEGORY")]
    pub keep: Vec<String>,

    /// Declare this capability too
    #[arg(long = "capability", value_name = "NAME")]
    pub capabilities: Vec<String>,

    /// Don't declare isolatedWin32-promptForAccess: the user is not asked for files, they are denied
    #[arg(long)]
    pub no_prompt: bool,

    /// Let older systems, which don't isolate, install it and run it with full trust
    #[arg(long)]
    pub allow_fallback: bool,

    /// Answer in JSON (see docs/json.md)
    #[arg(long)]
    pub json: bool,
}

/// Forms of the attributes.
#[derive(Clone, Copy, Debug, Default, clap::ValueEnum)]
pub enum Form {
    /// As documented: EntryPoint stays Windows.FullTrustApplication beneath the attributes of uap18
    #[default]
    Documented,
    /// As reported to work: the attributes of uap18 alone
    Field,
}

/// Isolates; the exit code is 1 if something stands against it.
pub fn execute(arguments: &Arguments) -> Result<ExitCode, Failure> {
    let found = |path: &Path| fs::canonicalize(path).ok();
    if found(&arguments.input).is_some_and(|input| found(&arguments.output) == Some(input)) {
        let what = "it is what is to be isolated; name another file for the result";
        return Err(failed(&arguments.output, &what));
    }
    let input = Input::open(&arguments.input)?;
    let options = options(arguments)?;
    let isolated = match isolate(input.manifest(), &options) {
        Ok(isolated) => isolated,
        Err(IsolateError::Blocked(blockers)) => {
            told::blocked(arguments, &blockers)?;
            return Ok(ExitCode::FAILURE);
        }
        Err(error) => return Err(failed(&arguments.input, &error)),
    };
    input.write(&arguments.output, &isolated)?;
    told::done(arguments, &input, &isolated)?;
    Ok(ExitCode::SUCCESS)
}

fn options(arguments: &Arguments) -> Result<Options, Failure> {
    let mut capabilities = Vec::new();
    if !arguments.no_prompt {
        capabilities.push(prompt_for_access());
    }
    for name in &arguments.capabilities {
        capabilities.push(declared(name)?);
    }
    let refused = lowbox_policy::capabilities().filter(|one| matches!(one.verdict, Verdict::Refuse(_)));
    Ok(Options {
        form: match arguments.form {
            Form::Documented => isolate::Form::Documented,
            Form::Field => isolate::Form::Field,
        },
        version: arguments.version,
        drop: arguments.drop.clone(),
        keep: arguments.keep.clone(),
        fallback: arguments.allow_fallback,
        refused: refused.map(|one| one.name.to_owned()).collect(),
        capabilities,
    })
}

fn declared(name: &str) -> Result<NewCapability, Failure> {
    let name = capability_name(name).map_err(Failure::new)?;
    match capability(&name) {
        Some(known) => match known.verdict {
            Verdict::Refuse(why) => Err(Failure::new(format!("{name} is refused: {why}"))),
            _ => Ok(NewCapability { comment: None, commented_out: false, ..declaration(&known) }),
        },
        None => Err(Failure::new(format!(
            "`{}` is not in the catalogue, so it is not known which element declares it; write it into the manifest by hand \
             (lowbox capability list)",
            output::visible(&name)
        ))),
    }
}
