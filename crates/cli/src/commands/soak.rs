//! `lowbox run --report-only`: nothing is denied, and what the declaration lacks is recorded for as long as the program runs.

use std::process::ExitCode;

use lowbox_linux::launch::Groundwork;
use lowbox_linux::learn::{Learned, Learner, RecordFolder, world};
use lowbox_linux::prepare::{Caller, Learning, PrepareError, Request, ground, prepare};
use lowbox_profiler::record::Mode;

use super::learn::header;
use super::run::{launch_failed, say_of_launch};
use crate::arguments::Scenario;
use crate::display::{self, Wish};
use crate::failure::Failure;
use crate::output;
use crate::scenario;
use crate::windows;

/// The folder of records, beside the package's private folders.
const RECORDS: &str = "Records";

/// Runs the program; the exit code is its own.
pub fn execute(arguments: Scenario, timings: bool) -> Result<ExitCode, Failure> {
    let package = scenario::package(&arguments)?;
    let _held = package.installed.clone();
    let wish = Wish::of(arguments.display, &arguments.command, &package);
    let failed = |error: PrepareError| Failure::with_code(&error, error.exit_code());
    let caller = Caller::current().map_err(failed)?;
    let place = caller.folders.data.join("packages").join(package.identity.family_name()).join(RECORDS);
    let folder_failed =
        |error: std::io::Error| Failure::new(format!("the records {}: {error}", output::path(&place)));
    let folder = RecordFolder::open_or_create(&place).map_err(folder_failed)?;
    let room = folder.settle().map_err(folder_failed)?;
    let learns = Learning { probes: false, enforced: false, records: Some(folder.path().to_owned()) };
    let mut request = Request {
        // What is declared is not missing, whether the user has allowed it yet or not.
        need_consent: Vec::new(),
        learns: Some(learns),
        timings,
        ..scenario::request(arguments, package)?
    };
    let interface = windows::make_ready(&caller, &mut request)?;
    display::make_ready(&caller, &mut request, wish, interface);
    output::say(
        "report only: NOTHING is denied. The program sees your files and networks as you do; run only what you would run anyway",
    );
    if caller.user.is_root() {
        output::say("as root it has root's files, though none of root's capabilities");
    }
    let shown = output::path(folder.path());
    match room {
        true => output::say(&format!(
            "what it lacks is recorded in {shown}; it reads that in lowbox-records in its home folder. Results: \
             lowbox learn results {shown}"
        )),
        false => output::say(&format!(
            "the records in {shown} are full, and NOTHING is recorded of this run; move what is there away: lowbox \
             learn results {shown}"
        )),
    }
    let groundwork = Groundwork::begin(ground(&caller, &request).map_err(failed)?);
    let prepared = prepare(&caller, &request).map_err(failed)?;
    for notice in &prepared.notices {
        output::say(&notice.to_string());
    }
    let world = world(&caller, &request, &prepared).map_err(failed)?;
    let file = folder.begin(true).map_err(folder_failed)?;
    let file = if room { file } else { file.full() };
    let launched = groundwork.and_then(|groundwork| groundwork.launch(&prepared.spec));
    let mut container = launched.map_err(|error| launch_failed(&error))?;
    say_of_launch(&container);
    let header = header(Mode::Soak, false, &request, &prepared);
    let learner =
        Learner::start(&mut container, &header, world, &prepared.spec, file, true).map_err(folder_failed)?;
    lowbox_linux::supervise::release_input_and_output().map_err(Failure::new)?;
    let ending = container.supervise(None, &mut display::say_if_gone);
    output::end_quiet();
    say_what_is_lost(&learner.finish(), room);
    if !folder.is_in_place() {
        output::say(&format!(
            "{shown} IS NOT THE FOLDER ANY MORE to which was recorded: the program, or somebody else, has moved a folder above it. What is there now \
             is not what lowbox wrote"
        ));
    }
    Ok(ExitCode::from(ending.map_err(Failure::new)?.exit_code()))
}

/// Only what went wrong: a program that is watched for months is not to be heard of each time.
fn say_what_is_lost(learned: &Learned, room: bool) {
    if learned.full && room {
        output::say(&format!(
            "the records have become full; {} denials more are not recorded",
            learned.left_out
        ));
    }
    if let Some(error) = &learned.error {
        output::say(&format!("the records could not be written as a whole: {error}"));
    }
}
