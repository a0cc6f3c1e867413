//! Running an installed package as it declares itself: with full trust, isolated by nothing.

use std::os::unix::process::CommandExt;
use std::process::{Command, ExitCode};

use lowbox_msix::{Application, Isolation};

use crate::arguments::Run;
use crate::failure::Failure;
use crate::output;
use crate::package::Package;

/// What a shell says of a program that is found and can't be run.
const NOT_RUNNABLE: u8 = 126;

/// The application of an installed package that is declared to have full trust.
pub fn declared(package: &Package) -> Option<Application> {
    package.installed.as_ref()?;
    let application = package.manifest.as_ref()?.application.as_ref()?;
    (application.isolation == Isolation::FullTrust).then(|| application.clone())
}

/// Runs it so where the user has said that; else says what can be done.
///
/// # Errors
/// When that was not said, or the program can't be run.
pub fn execute(run: &Run, package: &Package, application: Application) -> Result<ExitCode, Failure> {
    let name = package.identity.aumid(&application.id);
    if !run.full_trust {
        return Err(Failure::new(format!(
            "{name} is declared to run with full trust, that is, with all your rights, and is not run so unasked. lowbox isolate makes an isolated \
             package of it; lowbox run --full-trust {name} runs it as it is"
        )));
    }
    let own = package.command(&run.scenario.command)?;
    output::say(&format!("{name} runs with all your rights: NOTHING of it is isolated"));
    let error = Command::new(&own.program).args(&own.arguments).exec();
    Err(Failure::with_code(format!("{}: {error}", output::path(own.program.as_ref())), NOT_RUNNABLE))
}
