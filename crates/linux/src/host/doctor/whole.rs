//! The whole at last: a container with a program that does nothing.

use std::fs;

use super::Item;
use super::folders::leaving_no_folders;
use crate::launch::{Groundwork, LaunchError};
use crate::prepare::{Caller, PrepareError, Request, ground, prepare};

/// Runs true(1) as `lowbox run` would.
pub(super) fn container() -> Item {
    const NAME: &str = "a container";
    let caller = match Caller::current() {
        Ok(caller) => caller,
        Err(error) => return Item::missing(NAME, error.to_string(), "set HOME"),
    };
    let request = Request {
        family_name: format!("lowbox-doctor-{}", std::process::id()),
        program: "true".into(),
        working_directory: Some("/".into()),
        ..Request::default()
    };
    let packages = caller.folders.data.join("packages");
    leaving_no_folders(&packages, || {
        let item = run(&caller, &request, NAME);
        let _ = fs::remove_dir_all(packages.join(&request.family_name));
        item
    })
}

fn run(caller: &Caller, request: &Request, name: &'static str) -> Item {
    let prepared = match prepare(caller, request) {
        Ok(prepared) => prepared,
        Err(error) => return Item::missing(name, error.to_string(), "see the findings above"),
    };
    let launched = match ground(caller, request) {
        Ok(ground) => Groundwork::begin(ground).and_then(|groundwork| groundwork.launch(&prepared.spec)),
        Err(PrepareError::Descriptor(error)) => Err(error),
        Err(error) => return Item::missing(name, error.to_string(), "see the findings above"),
    };
    let container = match launched {
        Ok(container) => container,
        // That is about how doctor was started, not about the machine.
        Err(error @ LaunchError::Descriptor { .. }) => {
            return Item::reduced(
                name,
                format!("none was started here: {error}"),
                "start lowbox doctor in a terminal or a pipe",
            );
        }
        Err(error) => return Item::missing(name, error.to_string(), "see the findings above"),
    };
    match container.supervise(None, &mut |_| {}) {
        Ok(ending) if ending.exit_code() == 0 => Item::ok(name, "true(1) ran in one and ended"),
        Ok(ending) => Item::missing(
            name,
            format!("true(1) ran in one and ended with exit code {}", ending.exit_code()),
            "run it with `lowbox run -v -- true` and see what it says",
        ),
        Err(error) => Item::missing(
            name,
            format!("true(1) was started, but not waited for: {error}"),
            "see the findings above",
        ),
    }
}
