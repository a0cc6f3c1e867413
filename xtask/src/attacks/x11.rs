//! Attacks in C at a display: what they take.

use std::path::Path;

/// The folder of their sources.
pub const SOURCES: &str = "display";

/// Headers, each of another package.
const HEADERS: [&str; 3] = ["X11/Xlib.h", "X11/extensions/XInput2.h", "X11/extensions/XTest.h"];

/// What they need and this machine lacks.
pub fn lacking() -> Option<&'static str> {
    let has = |header: &&str| Path::new("/usr/include").join(header).exists();
    if !Path::new("/usr/bin/Xvfb").exists() {
        Some("Xvfb is not installed (package xvfb)")
    } else if !HEADERS.iter().all(has) {
        Some("headers of X11 are missing (packages libx11-dev, libxi-dev, libxtst-dev)")
    } else {
        None
    }
}
