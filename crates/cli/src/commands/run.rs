//! `lowbox run`.

use std::process::ExitCode;

use lowbox_linux::launch::launch;
use lowbox_linux::limits::Limits;
use lowbox_linux::prepare::{Caller, PrepareError, Request, prepare};
use lowbox_linux::supervise::Event;

use crate::arguments::Run;
use crate::commands::denials::Denials;
use crate::failure::Failure;
use crate::output;
use crate::package::Package;

/// Runs the program; the exit code is its own.
pub fn execute(arguments: Run) -> Result<ExitCode, Failure> {
    // What the caller left open is neither the program's business nor lowbox's, but for what is named.
    if arguments.descriptors.iter().all(|named| named.number < 3) {
        lowbox_linux::close_descriptors_from(3).map_err(Failure::new)?;
    }
    let (program, rest) = arguments.command.split_first().expect("clap requires a program");
    let options = &arguments.package;
    let package = Package::of(options.manifest.as_deref(), options.name.as_deref(), program, &options.capabilities)?;
    let request = Request {
        family_name: package.identity.family_name(),
        publisher_id: package.identity.publisher().id(),
        capabilities: package.capabilities,
        less_privileged: options.lpac,
        program: program.clone(),
        arguments: rest.to_vec(),
        grants: arguments.grants,
        argument_grants: !arguments.no_argument_grants,
        object_files: arguments.object_files,
        environment: arguments.environment,
        descriptors: arguments.descriptors,
        limits: Limits {
            memory: arguments.memory,
            processes: arguments.pids,
            cpu_seconds: arguments.cpu_time,
            temporary_bytes: arguments.tmp_size,
        },
        observe: arguments.verbose,
        timings: arguments.timings,
        working_directory: arguments.working_directory,
    };
    let failed = |error: PrepareError| Failure::with_code(&error, error.exit_code());
    let caller = Caller::current().map_err(failed)?;
    let prepared = prepare(&caller, &request).map_err(failed)?;
    for notice in &prepared.notices {
        output::say(&notice.to_string());
    }
    let container = launch(&prepared.spec).map_err(|error| Failure::with_code(&error, error.exit_code()))?;
    if let Some(reason) = container.limits_per_process() {
        output::say(&format!(
            "--memory holds for each process and not for the program as a whole, because {reason}"
        ));
    }
    for (step, nanoseconds) in container.laps() {
        output::say(&format!("{:>7} µs  {step}", nanoseconds / 1000));
    }
    let mut denials = Denials::new(&caller, &request, &prepared);
    let ending = container
        .supervise(&mut |Event::Opened { flags, path }| denials.consider(flags, &path))
        .map_err(Failure::new)?;
    Ok(ExitCode::from(ending.exit_code()))
}

