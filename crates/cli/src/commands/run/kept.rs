//! Windows programs whose container is kept, and those that join it.

use std::any::Any;
use std::process::ExitCode;

use lowbox_linux::keep::{Keeping, NotStarted, Stdio, has_known_filters, start};
use lowbox_linux::limits::Limits;
use lowbox_linux::prepare::{Caller, Decided, Request};
use lowbox_linux::supervise::Event;

use super::say_revoked;
use crate::failure::Failure;
use crate::installed::{Chosen, repository, take};
use crate::output;

/// What says for how many seconds, where no option does.
const VARIABLE: &str = "LOWBOX_KEEP_WARM";
/// Unless anybody says so.
const SECONDS: u32 = 60;
/// The most.
const A_DAY: u32 = 86_400;

/// For how long the container of a program is kept; `None` if it is not. Only plain runs of Windows programs keep one, and join one: what is
/// asked, observed, limited or lent beside 0 to 2 is a matter of one program.
///
/// # Errors
/// When the variable says something else.
pub fn seconds(said: Option<u32>, never: bool, request: &Request) -> Result<Option<u32>, Failure> {
    let is_plain = request.wine.is_some()
        && !(request.observe || request.asks || request.timings)
        && request.terminal.is_none()
        && request.display.is_none()
        && request.descriptors.is_empty()
        && request.private_descriptors.is_empty()
        && request.limits == Limits::default()
        && Stdio::can_be_lent()
        && has_known_filters();
    if !is_plain || never {
        return Ok(None);
    }
    let seconds = match (said, std::env::var_os(VARIABLE)) {
        (Some(seconds), _) => seconds,
        (None, None) => SECONDS,
        (None, Some(text)) => {
            let seconds = text.to_str().and_then(|text| text.trim().parse().ok());
            seconds.filter(|seconds| *seconds <= A_DAY).ok_or_else(|| {
                Failure::new(format!(
                    "{VARIABLE} is a number of seconds, {A_DAY} at most, or 0 to keep no container"
                ))
            })?
        }
    };
    Ok((seconds > 0).then_some(seconds))
}

/// Runs the program in its package's container.
///
/// # Errors
/// When it is not started.
pub fn execute(
    caller: &Caller,
    request: Request,
    decided: &Decided,
    held: Option<Chosen>,
    keep: u32,
) -> Result<ExitCode, Failure> {
    let failed = |error: NotStarted| Failure::with_code(&error, error.exit_code());
    decided.notices.iter().for_each(|notice| output::say(&notice.to_string()));
    let request = Request { kept: true, ..request };
    let hold = || -> Result<Box<dyn Any>, String> {
        let Some(chosen) = held.clone() else { return Ok(Box::new(())) };
        let again = || {
            let repository = repository(caller)?.ok_or_else(|| Failure::new("no package is installed"))?;
            take(&repository, chosen.package.clone(), chosen.application.clone())
        };
        let again = again().map_err(|failure| failure.message().to_owned())?;
        // What is the caller's to drop is not dropped here.
        std::mem::forget(chosen);
        Ok(Box::new(again))
    };
    let stdio = Stdio::take(caller, &request).map_err(|error| failed(error.into()))?;
    let keeping = Keeping { caller, request: &request, decided, keep, hold: &hold };
    let joined = start(&keeping, stdio, &mut |notice| output::say(notice)).map_err(failed)?;
    lowbox_linux::supervise::release_input_and_output().map_err(Failure::new)?;
    let ending = joined.supervise(&mut |event| {
        if let Event::Revoked(what) = event {
            say_revoked(&what);
        }
    });
    let ending = ending.map_err(Failure::new)?;
    drop(held);
    std::process::exit(ending.exit_code().into())
}
