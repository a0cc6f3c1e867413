//! `lowbox learn -- PROGRAM`: runs the scenario, records what the access check would deny, and says what is needed.

use std::ffi::OsString;
use std::fs::{self, File};
use std::path::{Path, PathBuf};
use std::process::ExitCode;

use clap::Args;
use clap::builder::{OsStringValueParser, TypedValueParser};
use lowbox_linux::host::{EnvironmentRequest, open_to_append};
use lowbox_linux::launch::{Groundwork, LaunchError, NamedDescriptor};
use lowbox_linux::learn::session::Session;
use lowbox_linux::learn::{Learned, Learner, RecordFile, world};
use lowbox_linux::prepare::{Caller, Learning, PrepareError, Request, ground, prepare};
use lowbox_profiler::record::Mode;

use super::files::check_results;
use super::header::header;
use super::results;
use crate::arguments::{DisplayArguments, GrantArguments, NetworkArguments, PackageArguments};
use crate::display::{self, Wish};
use crate::failure::Failure;
use crate::output;
use crate::package::Package;
use crate::windows;

/// `lowbox learn -- PROGRAM`.
#[derive(Debug, Args)]
pub struct Program {
    /// Who the program is, and which capabilities it has already.
    #[command(flatten)]
    pub package: PackageArguments,

    /// What it is granted beside them already.
    #[command(flatten)]
    pub grants: GrantArguments,

    /// What it may reach of networks already.
    #[command(flatten)]
    pub network: NetworkArguments,

    /// Record what only looks (stat, access) too; slower, and much of it is of no consequence
    #[arg(long)]
    pub probes: bool,

    /// Don't read call stacks: records say what was accessed and by which program, not from where in it
    #[arg(long)]
    pub no_stacks: bool,

    /// The folder for the results
    #[arg(long, value_name = "DIR", default_value = "lowbox-results")]
    pub out: PathBuf,

    /// The record file, to which each run adds (records.trace in the folder for the results, unless given)
    #[arg(long, value_name = "FILE")]
    pub trace: Option<PathBuf>,

    /// Only record; lowbox learn results finds out what is needed
    #[arg(long)]
    pub no_results: bool,

    /// Don't grant the files that are named as arguments
    #[arg(long)]
    pub no_argument_grants: bool,

    /// Pass a variable on (NAME) or set it (NAME=VALUE)
    #[arg(long = "env", value_name = "NAME[=VALUE]",
        value_parser = OsStringValueParser::new().try_map(|text: OsString| EnvironmentRequest::parse(&text)))]
    pub environment: Vec<EnvironmentRequest>,

    /// Pass a descriptor on that would be closed or refused; KIND is file, pipe, terminal, null or socket
    #[arg(long = "fd", value_name = "NUMBER:KIND")]
    pub descriptors: Vec<NamedDescriptor>,

    /// Start in this folder
    #[arg(long = "chdir", value_name = "PATH")]
    pub working_directory: Option<PathBuf>,

    /// Whether it has windows.
    #[command(flatten)]
    pub display: DisplayArguments,

    /// The program and its arguments; without one, the application of the manifest
    #[arg(
        required_unless_present = "manifest",
        trailing_var_arg = true,
        allow_hyphen_values = true,
        value_name = "PROGRAM"
    )]
    pub command: Vec<OsString>,
}

/// What there is no isolation from in this mode.
const WARNING: &str = "learning: the program sees your files and networks as you do, so learn only about programs that you would run \
                       anyway";

/// Runs the program, records, and tells what is needed; the exit code is the program's own.
pub fn execute(arguments: Program) -> Result<ExitCode, Failure> {
    if arguments.descriptors.iter().all(|named| named.number < 3) {
        lowbox_linux::close_descriptors_from(3).map_err(Failure::new)?;
    }
    let mut package = Package::of_command(&arguments.package, &arguments.command, false)?;
    let _held = package.installed.clone();
    package.open(&arguments.network);
    let wish = Wish::of(arguments.display, &arguments.command, &package);
    let family_name = package.identity.family_name();
    let failed = |error: PrepareError| Failure::with_code(&error, error.exit_code());
    let caller = Caller::current().map_err(failed)?;
    let mut request = request(&arguments, package)?;
    let interface = windows::make_ready(&caller, &mut request)?;
    display::make_ready(&caller, &mut request, wish, interface);
    output::say(WARNING);
    if caller.user.is_root() {
        output::say("as root it has root's files, though none of root's capabilities");
    }
    let groundwork = Groundwork::begin(ground(&caller, &request).map_err(failed)?);
    let prepared = prepare(&caller, &request).map_err(failed)?;
    for notice in &prepared.notices {
        output::say(&notice.to_string());
    }
    let world = world(&caller, &request, &prepared).map_err(failed)?;
    let session = match arguments.trace {
        // That one was named, and no other.
        Some(_) => None,
        None => Session::current(&caller.folders).map_err(Failure::new)?,
    };
    let joined = session.as_ref().map(Session::join).transpose().map_err(Failure::new)?.flatten();
    let session = session.filter(|_| joined.is_some());
    let trace = match &session {
        Some(session) => session.path(),
        None => arguments.trace.clone().unwrap_or_else(|| arguments.out.join("records.trace")),
    };
    let file = match joined {
        Some(file) => file,
        None => RecordFile::unbounded(open_trace(&trace)?),
    };
    if let Some(session) = &session {
        output::say(&format!("this run is a part of the session {}", session.name));
    }
    let launch_failed = |error: LaunchError| Failure::with_code(&error, error.exit_code());
    let mut container =
        groundwork.and_then(|groundwork| groundwork.launch(&prepared.spec)).map_err(launch_failed)?;
    let run = header(Mode::Learn, arguments.probes, &request, &prepared);
    let learner = Learner::start(&mut container, &run, world, &prepared.spec, file, !arguments.no_stacks)
        .map_err(|error| Failure::new(format!("{}: {error}", output::path(&trace))))?;
    lowbox_linux::supervise::release_input_and_output().map_err(Failure::new)?;
    let ending = container.supervise(None, &mut display::say_if_gone);
    output::end_quiet();
    let trace = session.as_ref().map_or(trace, Session::path);
    say_how_much(&learner.finish(), &trace);
    let ending = ending.map_err(Failure::new)?;
    if let Some(session) = session {
        say_of_session(&session);
    } else if !arguments.no_results {
        let told = results::find(&results::Arguments {
            traces: vec![trace],
            exe: None,
            package: Some(family_name),
            manifest: arguments.package.manifest,
            what_if: false,
            out: arguments.out,
            json: false,
        })?;
        // Standard output is the program's.
        told.iter().for_each(|one| output::raw_message(&one.text(false)));
    }
    say_of_end(ending.exit_code(), &arguments.environment, prepared.spec.home());
    Ok(ExitCode::from(ending.exit_code()))
}

/// What may explain what it did, or did not do.
fn say_of_end(code: u8, environment: &[EnvironmentRequest], home: &Path) {
    let home = match environment.iter().any(|one| one.name == "HOME") {
        true => String::new(),
        false => {
            format!("; HOME was {} and not your home folder, as when it runs isolated", output::path(home))
        }
    };
    output::say(&format!("the program's exit code was {code}{home}"));
}

fn request(arguments: &Program, package: Package) -> Result<Request, Failure> {
    let mut grants = arguments.grants.grants.clone();
    let own = package.command(&arguments.command)?;
    grants.extend(own.grants);
    Ok(Request {
        family_name: package.identity.family_name(),
        publisher_id: package.identity.publisher().id(),
        package: package.told(),
        // Privacy-sensitive ones too: what is declared need not be learned.
        capabilities: package.capabilities,
        less_privileged: arguments.package.lpac,
        program: own.program,
        arguments: own.arguments,
        package_folders: own.package_folders,
        grants,
        argument_grants: !arguments.no_argument_grants,
        object_files: arguments.grants.object_files.clone(),
        environment: arguments.environment.clone(),
        descriptors: arguments.descriptors.clone(),
        loopback_ports: package.loopback_ports,
        hosts: package.hosts,
        learns: Some(Learning { probes: arguments.probes, ..Learning::default() }),
        working_directory: arguments.working_directory.clone(),
        ..Request::default()
    })
}

/// Opens the record file for appending. The program of an earlier run may have put anything in its place.
pub fn open_trace(path: &Path) -> Result<File, Failure> {
    if let Some(folder) = path.parent() {
        check_results(folder)?;
    }
    let failed = |error: std::io::Error| Failure::new(format!("{}: {error}", output::path(path)));
    if let Some(folder) = path.parent().filter(|folder| !folder.as_os_str().is_empty()) {
        fs::create_dir_all(folder).map_err(failed)?;
    }
    open_to_append(path).map_err(failed)
}

fn say_of_session(session: &Session) {
    match session.still_runs() {
        true => output::say(&format!(
            "the session {} goes on; lowbox learn stop ends it and finds out what is needed",
            session.name
        )),
        false => output::say(&format!(
            "the session {} was stopped while this program ran: what it did after that is not in the session's results; \
             lowbox learn results {}",
            session.name,
            output::path(&session.path())
        )),
    }
}

/// What was recorded, and what was not.
pub fn say_how_much(learned: &Learned, trace: &Path) {
    output::say(&format!("{} accesses recorded in {}", learned.recorded, output::path(trace)));
    if learned.unread > 0 {
        output::say(&format!(
            "{} calls named what could not be read (their process had ended, or may not be looked into), and are not recorded",
            learned.unread
        ));
    }
    if learned.left_out > 0 {
        output::say(&format!(
            "{} denials more are left out, because no reader takes so many different accesses",
            learned.left_out
        ));
    }
    if learned.without_stack > 0 {
        output::say(&format!(
            "{} times the call stack could not be read (its thread had ended, may not be looked into, or took too long to read)",
            learned.without_stack
        ));
    }
    if let Some(error) = &learned.error {
        output::say(&format!(
            "the record file could not be written as a whole: {error}; {} accesses are lost",
            learned.lost
        ));
    }
}
