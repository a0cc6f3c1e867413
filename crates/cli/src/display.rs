//! Which programs have a display of their own.

use std::ffi::OsString;

use lowbox_linux::display::Display;
use lowbox_linux::prepare::{Caller, Request};
use lowbox_linux::supervise::Event;
use lowbox_msix::Subsystem;

use crate::arguments::DisplayArguments;
use crate::output;
use crate::package::Package;

/// What speaks for a display, and what against it.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Wish {
    /// `--display`.
    Asked,
    /// `--no-display`.
    Refused,
    /// The program is a package's application that is not of the command line.
    Application,
    /// Nothing but what the program itself is.
    None,
}

impl Wish {
    /// What command line and package say.
    pub fn of(arguments: DisplayArguments, command: &[OsString], package: &Package) -> Wish {
        // A manifest's own program, not one that is named beside it.
        let is_own = package.installed.is_some() || command.is_empty();
        let application = package.manifest.as_ref().and_then(|manifest| manifest.application.as_ref());
        match (arguments.display, arguments.no_display) {
            (true, _) => Wish::Asked,
            (_, true) => Wish::Refused,
            _ if is_own && application.is_some_and(|one| !one.is_console) => Wish::Application,
            _ => Wish::None,
        }
    }
}

/// Gives the program a display, if it is to have one and there is one. `interface` is of a Windows program.
pub fn make_ready(caller: &Caller, request: &mut Request, wish: Wish, interface: Option<Subsystem>) {
    // Somebody who names another one means that one.
    if wish != Wish::Asked && request.environment.iter().any(|one| one.name == "DISPLAY") {
        return;
    }
    let is_said = match (wish, interface) {
        (Wish::Refused, _)
        | (Wish::None | Wish::Application, Some(Subsystem::Console))
        | (Wish::None, None) => return,
        (Wish::Asked, _) | (_, Some(Subsystem::Windows)) => true,
        // Many a package's program says nothing of its kind and has no windows.
        (Wish::Application, None) => request.observe,
    };
    match Display::nested(caller, &request.family_name) {
        Ok(display) => request.display = Some(display),
        Err(why) if is_said => say_none(&why),
        Err(_) => {}
    }
}

/// Says so when a program that nothing is denied to has lost its display.
pub fn say_if_gone(event: Event) {
    if let Event::NoDisplay(why) = event {
        say_none(&why);
    }
}

/// Says that the program has no display, or none any more.
pub fn say_none(why: &dyn std::fmt::Display) {
    output::say(&format!("the program has no display: {why}"));
}
