//! Whether programs can have windows.

use std::ffi::OsString;

use super::Item;
use crate::display::{NoDisplay, find_server, try_outer};

/// Looks for Xephyr, and connects to the user's display as a launch does.
pub(super) fn displays(variable: &dyn Fn(&str) -> Option<OsString>) -> Item {
    const NAME: &str = "displays";
    let none = |why: NoDisplay, advice: &str| {
        Item::reduced(NAME, format!("programs have no windows: {why}"), advice)
    };
    if variable("DISPLAY").is_none_or(|name| name.is_empty()) {
        return Item::ok(NAME, format!("programs have no windows here: {}", NoDisplay::NotSet));
    }
    let Some(server) = find_server(variable("PATH").as_deref()) else {
        return none(NoDisplay::NoServer, "install xserver-xephyr, or its like of your distribution");
    };
    match try_outer() {
        Ok(()) => Item::ok(
            NAME,
            format!(
                "programs can have windows (--display), by {} and a connection without rights",
                server.display()
            ),
        ),
        Err(why) => none(why, "see docs/displays.md for which displays can be used"),
    }
}
