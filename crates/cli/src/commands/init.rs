//! `lowbox init`: the beginning of a package.

use std::path::PathBuf;
use std::process::ExitCode;

use clap::Args;
use lowbox_linux::package::{New, init};
use lowbox_msix::Publisher;
use lowbox_msix::part_name::MANIFEST;
use serde::Serialize;

use crate::failure::Failure;
use crate::output;

/// `lowbox init`.
#[derive(Debug, Args)]
#[command(
    after_help = "Writes a commented AppxManifest.xml and pictures, and changes nothing that is there. A program whose name does not end in .exe \
                        gets a launcher of such a name, because other tools take no other programs.

Examples:
  lowbox init app/ --exe report.py
  cd app && lowbox pack"
)]
pub struct Arguments {
    /// The folder
    #[arg(value_name = "DIR", default_value = ".")]
    pub folder: PathBuf,

    /// The program in it: a script, or a Linux or Windows program; found by itself where there is only one
    #[arg(long = "exe", value_name = "PATH")]
    pub program: Option<PathBuf>,

    /// The package's name; that of the folder if it is not given
    #[arg(long, value_name = "NAME")]
    pub name: Option<String>,

    /// Who signs it: the subject of a certificate
    #[arg(long, value_name = "SUBJECT", default_value = "CN=Developer")]
    pub publisher: String,

    /// Answer in JSON (see docs/json.md)
    #[arg(long)]
    pub json: bool,
}

#[derive(Serialize)]
struct Answer {
    folder: PathBuf,
    family_name: String,
    full_name: String,
    program: Option<String>,
    executable: Option<String>,
    written: Vec<String>,
}

/// Begins.
pub fn execute(arguments: &Arguments) -> Result<ExitCode, Failure> {
    let visible = |error: &dyn std::fmt::Display| Failure::new(output::visible(&error.to_string()));
    let publisher = Publisher::new(&arguments.publisher).map_err(|error| visible(&error))?;
    let (folder, name) = (&arguments.folder, arguments.name.as_deref());
    let new = New { folder, program: arguments.program.as_deref(), name, publisher };
    let made = init(&new).map_err(|error| visible(&error))?;
    let identity = &made.manifest.identity;
    let answer = Answer {
        folder: folder.clone(),
        family_name: identity.family_name(),
        full_name: identity.full_name(),
        executable: made.manifest.application(None).and_then(|one| one.executable.clone()),
        program: made.program,
        written: made.written,
    };
    if arguments.json {
        output::json(&answer)?;
        return Ok(ExitCode::SUCCESS);
    }
    let executable = output::visible(answer.executable.as_deref().unwrap_or_default());
    let program = match &answer.program {
        None => format!("{executable}, to be replaced by your own"),
        Some(program) if program.replace('/', "\\") == executable => output::visible(program),
        Some(program) => format!("{}, started by {executable}", output::visible(program)),
    };
    // Without a slash at its end.
    let plain: PathBuf = folder.components().collect();
    let (shown, manifest) = (output::path(&plain), output::path(&plain.join(MANIFEST)));
    output::say(&format!("{shown}: {}; its program is {program}", answer.full_name));
    output::say(&format!("wrote {}", output::visible(&answer.written.join(", "))));
    output::say(&format!("next: edit {manifest}; lowbox pack {shown}; lowbox cert new and lowbox sign"));
    Ok(ExitCode::SUCCESS)
}
