//! The installer's run: a container with an identity of its own and nothing granted but the folder that the installer lies in.

use std::ffi::OsString;
use std::path::Path;

use lowbox_linux::capture::{CaptureError, Session};
use lowbox_linux::launch::Groundwork;
use lowbox_linux::prepare::{Caller, Grant, PrepareError, Request, ground, prepare};
use lowbox_linux::supervise::{Ending, hear_signals};
use lowbox_linux::wine::{PrefixOf, Template, WineRun};
use lowbox_policy::GrantRights;

use crate::commands::run::launch_failed;
use crate::failure::Failure;
use crate::{output, windows};

/// Runs it; Wine's template above which it ran, and its exit code.
pub fn run(
    caller: &Caller,
    session: &Session,
    installer: &Path,
    arguments: &[OsString],
) -> Result<(Template, u8), Failure> {
    let failed = |error: PrepareError| Failure::with_code(&error, error.exit_code());
    let said = |error: std::io::Error| Failure::new(format!("{}: {error}", output::path(installer)));
    let program = std::fs::canonicalize(installer).map_err(said)?;
    let folder = program.parent().unwrap_or(Path::new("/")).to_owned();
    let mut request = Request {
        family_name: session.family_name().to_owned(),
        program: program.clone().into(),
        arguments: arguments.to_vec(),
        working_directory: Some(folder.clone()),
        ..Request::default()
    };
    // The whole home folder can't be granted, and what is in it is not the installer's.
    if caller.user.home.as_deref() != Some(&folder) && folder.parent().is_some() {
        request.grants.push(Grant { path: folder, rights: GrantRights::READ });
    }
    windows::make_ready(caller, &mut request)?;
    let Some(WineRun { prefix: PrefixOf::Package(template), .. }) = request.wine.clone() else {
        return Err(Failure::new(format!("{}: it is no Windows program", output::path(installer))));
    };
    if template.is_copied() {
        return Err(Failure::new(CaptureError::NoOverlay(template.prefix())));
    }
    let groundwork = Groundwork::begin(ground(caller, &request).map_err(failed)?);
    let prepared = prepare(caller, &request).map_err(failed)?;
    for notice in &prepared.notices {
        output::say(&notice.to_string());
    }
    let container = groundwork.and_then(|groundwork| groundwork.launch(&prepared.spec));
    let container = container.map_err(|error| launch_failed(&error))?;
    let ending = container.supervise(None, &mut |_| {}).map_err(Failure::new)?;
    // Looking through what it did can take a while.
    hear_signals();
    match ending {
        Ending::Exited(code) => Ok((template, code)),
        Ending::Signaled(_) | Ending::Killed => {
            let what = "the installer was ended by a signal, so nothing was made of what it did";
            Err(Failure::with_code(what, ending.exit_code()))
        }
    }
}
