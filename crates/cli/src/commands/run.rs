//! `lowbox run`.

use std::ffi::OsString;
use std::process::ExitCode;

use lowbox_linux::broker::{Broker, Notice};
use lowbox_linux::launch::{Groundwork, LOST, LaunchError, launch_reduced};
use lowbox_linux::limits::Limits;
use lowbox_linux::prepare::{
    Caller, Decided, Grant, PrepareError, Prepared, Request, decide_capabilities, decide_working_folder,
    ground, prepare,
};
use lowbox_linux::store::Held;
use lowbox_linux::supervise::{Consented, Ending, Event};
use lowbox_policy::GrantRights;

use crate::arguments::Run;
use crate::commands::denials::Denials;
use crate::commands::unreached::Unreached;
use crate::failure::Failure;
use crate::output;
use crate::package::Package;
use crate::prompt::{self, Policy};

/// Runs the program; the exit code is its own.
pub fn execute(arguments: Run) -> Result<ExitCode, Failure> {
    // What the caller left open is neither the program's business nor lowbox's, but for what is named.
    if arguments.descriptors.iter().all(|named| named.number < 3) {
        match arguments.prompt.prompt {
            Some(Policy::Program(number)) => lowbox_linux::close_descriptors_but(&[number]),
            _ => lowbox_linux::close_descriptors_from(3),
        }
        .map_err(Failure::new)?;
    }
    refuse_mistakes(&arguments)?;
    let options = &arguments.package;
    let called = arguments.command.first().map(OsString::as_os_str);
    let mut package = Package::of(options, called)?;
    package.open(arguments.network);
    let mut decision = prompt::decide(
        &arguments.prompt,
        &arguments.descriptors,
        &package.capabilities,
        &package.identity.family_name(),
    )?;
    let mut grants = arguments.grants.grants;
    let (program, rest) = match arguments.command.split_first() {
        Some((program, rest)) => (program.clone(), rest),
        None => {
            let own = package.own_program()?;
            grants.push(Grant { path: own.folder, rights: GrantRights::READ_EXECUTE });
            (own.program.into_os_string(), [].as_slice())
        }
    };
    let mut request = Request {
        family_name: package.identity.family_name(),
        publisher_id: package.identity.publisher().id(),
        capabilities: package.capabilities,
        need_consent: package.need_consent,
        less_privileged: options.lpac,
        program,
        arguments: rest.to_vec(),
        grants,
        consents: Vec::new(),
        argument_grants: !arguments.no_argument_grants,
        object_files: arguments.grants.object_files,
        environment: arguments.environment,
        descriptors: arguments.descriptors,
        loopback_ports: package.loopback_ports,
        hosts: package.hosts,
        limits: Limits {
            memory: arguments.memory,
            processes: arguments.pids,
            cpu_seconds: arguments.cpu_time,
            temporary_bytes: arguments.tmp_size,
        },
        observe: arguments.verbose,
        asks: decision.prompting.is_on(),
        terminal: decision.terminal.clone(),
        private_descriptors: decision.private_descriptors.clone(),
        timings: arguments.timings,
        learns: None,
        working_directory: arguments.working_directory,
    };
    let failed = |error: PrepareError| Failure::with_code(&error, error.exit_code());
    let caller = Caller::current().map_err(failed)?;
    // Questions come before the launch begins: the user may take their time.
    let mut decided = decide_capabilities(&caller, &mut request, decision.asking());
    decide_working_folder(
        &caller,
        &mut request,
        &mut decision.prompting,
        decision.how,
        decision.timeout,
        &mut decided.questions,
    )
    .map_err(failed)?;
    // Pid 1 makes what every container has while the plan is made here.
    let groundwork = Groundwork::begin(ground(&caller, &request).map_err(failed)?);
    let prepared = prepare(&caller, &request).map_err(failed)?;
    for notice in decided.notices.iter().chain(&prepared.notices) {
        output::say(&notice.to_string());
    }
    let mut container = match groundwork.and_then(|groundwork| groundwork.launch(&prepared.spec)) {
        Ok(container) => container,
        Err(error) if error.is_about_namespaces() && arguments.allow_reduced => {
            if decision.prompting.is_on() {
                output::say(
                    "without namespaces nothing can be granted while the program runs, so nothing is asked then",
                );
            }
            return run_reduced(&caller, &request, &prepared, &decided, &error);
        }
        Err(error) => return Err(launch_failed(&error)),
    };
    let mut run = None;
    match register(&caller, &request, &prepared, &decided) {
        Some(consented) if decision.prompting.is_on() => match consented.into_run() {
            Ok(registered) => run = Some(registered),
            Err(what) => {
                say_revoked(&what);
                drop(container);
                return Ok(ExitCode::from(Ending::Killed.exit_code()));
            }
        },
        Some(consented) => container.end_when_revoked(consented),
        None => {}
    }
    if let Some(reason) = container.limits_per_process() {
        output::say(&format!(
            "--memory holds for each process and not for the program as a whole, because {reason}"
        ));
    }
    for (step, nanoseconds) in container.laps() {
        output::say(&format!("{:>7} µs  {step}", nanoseconds / 1000));
    }
    lowbox_linux::supervise::release_input_and_output().map_err(Failure::new)?;
    let timings = arguments.timings;
    let say = Box::new(move |notice: &Notice| {
        output::say(&notice.to_string());
        if let (Notice::Granted { decided, .. }, true) = (notice, timings) {
            output::say(&format!("decided at {decided}"));
        }
    });
    let broker = decision.prompting.is_on().then(|| {
        Broker::new(&caller, &request, &prepared, decision.prompting, decision.how, decision.timeout, say)
            .going_on(run, &decided)
    });
    if decision.terminal.is_some() {
        output::lines_end_at_a_raw_terminal();
    }
    let mut denials = Denials::new(&caller, &request, &prepared);
    let mut unreached = Unreached::new(&request, &prepared);
    let ending = container.supervise(broker, &mut |event| match event {
        Event::Opened { flags, path } => denials.consider(flags, &path),
        Event::Unreached { address, bind } => unreached.consider(address, bind),
        Event::Revoked(what) => say_revoked(&what),
    });
    output::end_quiet();
    prompt::close_dialog();
    let ending = ending.map_err(Failure::new)?;
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

/// Makes the running container known to those who revoke what it has by consent.
fn register(caller: &Caller, request: &Request, prepared: &Prepared, decided: &Decided) -> Option<Consented> {
    let (folder, program) = (&caller.folders.data, &prepared.spec.program);
    Consented::register(folder, &request.family_name, program, &prepared.consented, &decided.allowed)
        .unwrap_or_else(|error| {
            output::say(&format!("a revoked consent ends this program not before it ends itself: {error}"));
            None
        })
}

fn say_revoked(what: &Held) {
    let what = match what {
        Held::File(path) => output::path(path),
        Held::Capability(name) => name.clone(),
    };
    output::say(&format!("the program is ended, because the consent to {what} was revoked"));
}

fn launch_failed(error: &LaunchError) -> Failure {
    Failure::with_code(error, error.exit_code())
}

/// Runs without namespaces, as the user allowed, and says what is lost.
fn run_reduced(
    caller: &Caller,
    request: &Request,
    prepared: &Prepared,
    decided: &Decided,
    reason: &LaunchError,
) -> Result<ExitCode, Failure> {
    let lost: Vec<String> = LOST.iter().map(|lost| format!("\n  - {lost}")).collect();
    output::say(&format!(
        "{reason}\nrunning with less isolation, because of --allow-reduced:{}",
        lost.concat()
    ));
    let mut container = launch_reduced(&prepared.spec).map_err(|error| launch_failed(&error))?;
    if let Some(consented) = register(caller, request, prepared, decided) {
        container.end_when_revoked(consented);
    }
    lowbox_linux::supervise::release_input_and_output().map_err(Failure::new)?;
    let on_event = &mut |event| {
        if let Event::Revoked(what) = event {
            say_revoked(&what);
        }
    };
    let ending = container.supervise(on_event).map_err(Failure::new)?;
    Ok(ExitCode::from(ending.exit_code()))
}
