//! What learning costs: programs at work beside strace(1), events by the million, and what is made of the records.

mod cost;
mod events;
mod merge;
mod report;

pub use cost::{cargo, find, forks, imports};
pub use events::events;
pub use merge::{SIMULATE, merge};
pub use report::report;

use std::ffi::OsStr;
use std::path::Path;
use std::process::{Command, Stdio};

use super::scene::Scene;

/// Turns the capture of call stacks off.
const WITHOUT_STACKS: &str = "--no-stacks";

/// `lowbox learn OPTIONS -- COMMAND`, recorded in `trace`.
fn learn(scene: &Scene, trace: &Path, options: &[&OsStr], command: &[&str]) -> Command {
    let mut learn = Command::new(&scene.lowbox);
    learn.args(["learn", "--no-results", "--trace"]).arg(trace).args(options).arg("--").args(command);
    learn.env("XDG_DATA_HOME", scene.work.path().join("data")).current_dir("/");
    learn
}

/// Whether this lowbox captures call stacks.
fn captures_stacks(scene: &Scene) -> bool {
    let help = Command::new(&scene.lowbox).args(["learn", "--help"]).stdin(Stdio::null()).output();
    help.is_ok_and(|output| String::from_utf8_lossy(&output.stdout).contains(WITHOUT_STACKS))
}
