//! `lowbox run`.

mod kept;

use std::process::ExitCode;

use lowbox_linux::broker::{Broker, Notice};
use lowbox_linux::launch::{Groundwork, LOST, LaunchError, launch_reduced};
use lowbox_linux::prepare::{
    Caller, Decided, PrepareError, Prepared, Request, decide_capabilities, decide_working_folder, ground,
    prepare,
};
use lowbox_linux::store::Held;
use lowbox_linux::supervise::{Consented, Container, Ending, Event};

use crate::arguments::Run;
use crate::commands::denials::Denials;
use crate::commands::full_trust;
use crate::commands::soak;
use crate::commands::unreached::Unreached;
use crate::display::{self, Wish};
use crate::failure::Failure;
use crate::installed::Chosen;
use crate::output;
use crate::prompt::{self, Policy};
use crate::scenario;
use crate::windows;

/// Runs the program; the exit code is its own.
pub fn execute(arguments: Run) -> Result<ExitCode, Failure> {
    let question = match arguments.prompt.prompt {
        Some(Policy::Program(number)) => Some(number),
        _ => None,
    };
    scenario::close_descriptors(&arguments.scenario, question)?;
    scenario::refuse_mistakes(&arguments.scenario)?;
    if arguments.report_only {
        return soak::execute(arguments.scenario, arguments.timings);
    }
    let package = scenario::package(&arguments.scenario)?;
    // Its files stay as long as it runs.
    let held = package.installed.clone();
    if let Some(application) = full_trust::declared(&package) {
        return full_trust::execute(&arguments, &package, application);
    }
    if arguments.full_trust {
        return Err(Failure::new(
            "--full-trust is for installed packages that are declared to run with full trust, and this is none",
        ));
    }
    let mut decision = prompt::decide(
        &arguments.prompt,
        &arguments.scenario.descriptors,
        &package.capabilities,
        &package.identity.family_name(),
    )?;
    let wish = Wish::of(arguments.scenario.display, &arguments.scenario.command, &package);
    let opens = arguments.scenario.is_installed;
    let mut request = Request {
        observe: arguments.verbose,
        asks: decision.prompting.is_on(),
        chooses: decision.chooser.is_some(),
        terminal: decision.terminal.clone(),
        private_descriptors: decision.private_descriptors.clone(),
        timings: arguments.timings,
        ..scenario::request(arguments.scenario, package)?
    };
    let failed = |error: PrepareError| Failure::with_code(&error, error.exit_code());
    let caller = Caller::current().map_err(failed)?;
    let interface = windows::make_ready(&caller, &mut request)?;
    display::make_ready(&caller, &mut request, wish, interface);
    // Questions come before the launch begins: the user may take their time.
    let mut decided = decide_capabilities(&caller, &mut request, decision.asking());
    let never = arguments.no_keep_warm || arguments.allow_reduced;
    if let Some(seconds) = kept::seconds(arguments.keep_warm, never, &request)? {
        return kept::execute(&caller, request, &decided, held, seconds);
    }
    // What is opened with it is what the user gives it.
    if !opens {
        decide_working_folder(
            &caller,
            &mut request,
            &mut decision.prompting,
            decision.how,
            decision.timeout,
            &mut decided.questions,
        )
        .map_err(failed)?;
    }
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
    say_of_launch(&container);
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
            .choosing(decision.chooser)
            .going_on(run, &decided)
    });
    if decision.terminal.is_some() {
        output::lines_end_at_a_raw_terminal();
    }
    let name = held.as_ref().map(Chosen::name);
    let mut denials = Denials::new(&caller, &request, &prepared, name);
    let mut unreached = Unreached::new(&request, &prepared);
    let ending = container.supervise(broker, &mut |event| match event {
        Event::Opened { flags, path } => denials.consider(flags, &path),
        Event::Unreached { address, bind } => unreached.consider(address, bind),
        Event::NoDisplay(why) => display::say_none(&why),
        Event::Revoked(what) => say_revoked(&what),
    });
    output::end_quiet();
    prompt::close_windows();
    let ending = ending.map_err(Failure::new)?;
    drop((denials, unreached, held));
    // The program has ended, and whoever waits for it need not wait until the plan is taken apart.
    std::process::exit(ending.exit_code().into())
}

/// How its limits hold, and how long its steps took where that was asked for.
pub(super) fn say_of_launch(container: &Container) {
    if let Some(reason) = container.limits_per_process() {
        output::say(&format!(
            "--memory holds for each process and not for the program as a whole, because {reason}"
        ));
    }
    for (step, nanoseconds) in container.laps() {
        output::say(&format!("{:>7} µs  {step}", nanoseconds / 1000));
    }
}

/// Makes the running container known to those who revoke what it has by consent.
pub(super) fn register(
    caller: &Caller,
    request: &Request,
    prepared: &Prepared,
    decided: &Decided,
) -> Option<Consented> {
    let (folder, program) = (&caller.folders.data, &prepared.spec.program);
    Consented::register(folder, &request.family_name, program, &prepared.consented, &decided.allowed)
        .unwrap_or_else(|error| {
            output::say(&format!("a revoked consent ends this program not before it ends itself: {error}"));
            None
        })
}

pub(super) fn say_revoked(what: &Held) {
    let what = match what {
        Held::File(path) => output::path(path),
        Held::Capability(name) => name.clone(),
    };
    output::say(&format!("the program is ended, because the consent to {what} was revoked"));
}

pub(super) fn launch_failed(error: &LaunchError) -> Failure {
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
