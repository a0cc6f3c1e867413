//! Windows programs: Wine's files are made before the first of them is started.

use std::io::{IsTerminal, stderr};
use std::time::Duration;

use indicatif::{ProgressBar, ProgressStyle};
use lowbox_linux::prepare::{Caller, Request};
use lowbox_linux::wine::{PrefixOf, Template, Wine, WineError, WineRun, bring_in, needed};
use lowbox_msix::Subsystem;

use crate::failure::Failure;
use crate::output;

/// Finds out whether the program is one, and makes ready what it takes to run it; gives what user interface it has then. No thread may run yet.
///
/// # Errors
/// No Wine, a program that Wine does not run here, Wine's files that can't be made.
pub fn make_ready(caller: &Caller, request: &mut Request) -> Result<Option<Subsystem>, Failure> {
    let failed = |error: WineError| Failure::with_code(&error, error.exit_code());
    let Some((wine, interface)) = needed(caller, request).map_err(failed)? else { return Ok(None) };
    let template = match Template::find(caller, &wine).map_err(failed)? {
        Some(template) => template,
        None => make(caller, &wine).map_err(failed)?,
    };
    for notice in bring_in(caller, &wine, &template, request).map_err(failed)? {
        output::say(&notice);
    }
    request.wine = Some(WineRun { wine, prefix: PrefixOf::Package(template), alone: false });
    Ok(Some(interface))
}

fn make(caller: &Caller, wine: &Wine) -> Result<Template, WineError> {
    output::say("making Wine's files, once for all Windows programs; this takes some ten seconds");
    let bar = match stderr().is_terminal() {
        true => ProgressBar::new(0),
        false => ProgressBar::hidden(),
    };
    if let Ok(style) = ProgressStyle::with_template("making Wine's files {wide_bar} {pos} of {len}") {
        bar.set_style(style);
    }
    let mut steps = 0_u32;
    let made = Template::make(caller, wine, &mut |done, total| {
        steps += 1;
        // No bar for what another lowbox has made meanwhile.
        if Template::TICK * steps > Duration::from_secs(1) {
            bar.set_length(total);
            bar.set_position(done);
        }
    });
    bar.finish_and_clear();
    if let Some(why) = made.as_ref().ok().and_then(Template::not_told) {
        output::say(&format!("Windows programs are not told of their container: {}", output::visible(&why)));
    }
    made
}
