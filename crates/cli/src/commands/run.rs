//! `lowbox run`.

use std::ffi::OsString;
use std::process::ExitCode;

use lowbox_linux::launch::{Groundwork, LOST, LaunchError, Spec, launch_reduced};
use lowbox_linux::limits::Limits;
use lowbox_linux::prepare::{Caller, Grant, PrepareError, Request, ground, prepare};
use lowbox_linux::supervise::Event;
use lowbox_policy::GrantRights;

use crate::arguments::Run;
use crate::commands::denials::Denials;
use crate::commands::unreached::Unreached;
use crate::failure::Failure;
use crate::output;
use crate::package::Package;

/// Runs the program; the exit code is its own.
pub fn execute(arguments: Run) -> Result<ExitCode, Failure> {
    // What the caller left open is neither the program's business nor lowbox's, but for what is named.
    if arguments.descriptors.iter().all(|named| named.number < 3) {
        lowbox_linux::close_descriptors_from(3).map_err(Failure::new)?;
    }
    refuse_mistakes(&arguments)?;
    let options = &arguments.package;
    let called = arguments.command.first().map(OsString::as_os_str);
    let package = Package::of(options, called)?;
    let mut grants = arguments.grants.grants;
    let (program, rest) = match arguments.command.split_first() {
        Some((program, rest)) => (program.clone(), rest),
        None => {
            let own = package.own_program()?;
            grants.push(Grant { path: own.folder, rights: GrantRights::READ_EXECUTE });
            (own.program.into_os_string(), [].as_slice())
        }
    };
    let request = Request {
        family_name: package.identity.family_name(),
        publisher_id: package.identity.publisher().id(),
        capabilities: package.capabilities,
        less_privileged: options.lpac,
        program,
        arguments: rest.to_vec(),
        grants,
        argument_grants: !arguments.no_argument_grants,
        object_files: arguments.grants.object_files,
        environment: arguments.environment,
        descriptors: arguments.descriptors,
        loopback_ports: arguments.network.loopback_ports,
        hosts: arguments.network.hosts,
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
    // Pid 1 makes what every container has while the plan is made here.
    let groundwork = Groundwork::begin(ground(&caller, &request).map_err(failed)?);
    let prepared = prepare(&caller, &request).map_err(failed)?;
    for notice in &prepared.notices {
        output::say(&notice.to_string());
    }
    let container = match groundwork.and_then(|groundwork| groundwork.launch(&prepared.spec)) {
        Ok(container) => container,
        Err(error) if error.is_about_namespaces() && arguments.allow_reduced => {
            return run_reduced(&prepared.spec, &error);
        }
        Err(error) => return Err(launch_failed(&error)),
    };
    if let Some(reason) = container.limits_per_process() {
        output::say(&format!(
            "--memory holds for each process and not for the program as a whole, because {reason}"
        ));
    }
    for (step, nanoseconds) in container.laps() {
        output::say(&format!("{:>7} µs  {step}", nanoseconds / 1000));
    }
    lowbox_linux::supervise::release_input_and_output().map_err(Failure::new)?;
    let mut denials = Denials::new(&caller, &request, &prepared);
    let mut unreached = Unreached::new(&request, &prepared);
    let ending = container
        .supervise(&mut |event| match event {
            Event::Opened { flags, path } => denials.consider(flags, &path),
            Event::Unreached { address, bind } => unreached.consider(address, bind),
        })
        .map_err(Failure::new)?;
    drop((denials, unreached));
    // The program has ended, and whoever waits for it need not wait until the plan is taken apart.
    std::process::exit(ending.exit_code().into())
}

/// What a person can hardly have meant.
fn refuse_mistakes(arguments: &Run) -> Result<(), Failure> {
    if let Some(program) = arguments.command.first().filter(|word| word.as_encoded_bytes().starts_with(b"-"))
    {
        let shown = output::path(program.as_ref());
        return Err(Failure::new(format!(
            "{shown} is no option of lowbox run (see lowbox run --help); a program of that name is run as ./{shown}"
        )));
    }
    if let Some(bytes) = arguments.memory.filter(|bytes| *bytes < LEAST_MEMORY) {
        return Err(Failure::new(format!(
            "--memory {bytes}: no program starts in so few bytes; give it {} at least",
            LEAST_MEMORY
        )));
    }
    Ok(())
}

/// Where no cgroup is delegated the limit is of the address space, of pid 1 too.
const LEAST_MEMORY: u64 = 16 << 20;

fn launch_failed(error: &LaunchError) -> Failure {
    Failure::with_code(error, error.exit_code())
}

/// Runs without namespaces, as the user allowed, and says what is lost.
fn run_reduced(spec: &Spec, reason: &LaunchError) -> Result<ExitCode, Failure> {
    let lost: Vec<String> = LOST.iter().map(|lost| format!("\n  - {lost}")).collect();
    output::say(&format!(
        "{reason}\nrunning with less isolation, because of --allow-reduced:{}",
        lost.concat()
    ));
    let container = launch_reduced(spec).map_err(|error| launch_failed(&error))?;
    lowbox_linux::supervise::release_input_and_output().map_err(Failure::new)?;
    let ending = container.supervise().map_err(Failure::new)?;
    Ok(ExitCode::from(ending.exit_code()))
}
