//! `lowbox learn verify`: the scenario once more, isolated as `lowbox run` isolates it. What fails for want of a right?

use std::fmt::Write;
use std::fs::File;
use std::io::{BufReader, Seek, SeekFrom};
use std::path::{Path, PathBuf};
use std::process::ExitCode;

use clap::Args;
use lowbox_linux::host::open_regular;
use lowbox_linux::launch::Groundwork;
use lowbox_linux::learn::{Learned, Learner, RecordFile, world};
use lowbox_linux::prepare::{Caller, Learning, PrepareError, Request, decide_capabilities, ground, prepare};
use lowbox_linux::supervise::Event;
use lowbox_profiler::attribute::{World, attribute};
use lowbox_profiler::record::{Mode, Reader, Records};
use serde::Serialize;

use super::files;
use super::header::header;
use super::lacks::{Lack, lacks, text};
use super::program::{open_trace, say_how_much};
use super::told::Told;
use crate::arguments::Scenario;
use crate::commands::run::{launch_failed, register, say_of_launch, say_revoked};
use crate::display::{self, Wish};
use crate::failure::Failure;
use crate::output;
use crate::scenario;
use crate::windows;

/// `lowbox learn verify`.
#[derive(Debug, Args)]
#[command(
    after_help = "The exit code is the program's own; whether something is missing is said on standard error, and \
    with --json in a file.

Examples:
  lowbox learn verify --manifest AppxManifest.xml -- python3 app.py
  lowbox learn verify --grant ./out:rw --json answer.json -- python3 app.py"
)]
pub struct Arguments {
    /// The program and what it has.
    #[command(flatten)]
    pub scenario: Scenario,

    /// Record what only looks (stat, access) too
    #[arg(long)]
    pub probes: bool,

    /// The record file, to which each verification adds
    #[arg(long, value_name = "FILE", default_value = "lowbox-results/verify.trace")]
    pub trace: PathBuf,

    /// Write the answer to this file in JSON too (see docs/json.md); standard output is the program's
    #[arg(long, value_name = "FILE")]
    pub json: Option<PathBuf>,
}

/// What was found, as JSON.
#[derive(Serialize)]
struct Answer {
    missing: bool,
    exit_code: u8,
    probes: bool,
    try_probes: bool,
    unread: u64,
    trace: String,
    lacks: Vec<Lack>,
    #[serde(flatten)]
    told: Told,
}

/// Runs the program, isolated, and tells what it lacked; the exit code is the program's own.
pub fn execute(arguments: Arguments) -> Result<ExitCode, Failure> {
    let Arguments { scenario: options, probes, trace, json } = arguments;
    scenario::close_descriptors(&options, None)?;
    scenario::refuse_mistakes(&options)?;
    let package = scenario::package(&options)?;
    let _held = package.installed.clone();
    let wish = Wish::of(options.display, &options.command, &package);
    let mut request = Request {
        learns: Some(Learning { probes, enforced: true, records: None }),
        ..scenario::request(options, package)?
    };
    let failed = |error: PrepareError| Failure::with_code(&error, error.exit_code());
    let caller = Caller::current().map_err(failed)?;
    let interface = windows::make_ready(&caller, &mut request)?;
    display::make_ready(&caller, &mut request, wish, interface);
    // Nobody is asked: what is verified is what was declared and allowed.
    let decided = decide_capabilities(&caller, &mut request, None);
    let groundwork = Groundwork::begin(ground(&caller, &request).map_err(failed)?);
    let prepared = prepare(&caller, &request).map_err(failed)?;
    for notice in decided.notices.iter().chain(&prepared.notices) {
        output::say(&notice.to_string());
    }
    let world = world(&caller, &request, &prepared).map_err(failed)?;
    let file = open_trace(&trace)?;
    let trace_failed = |error: std::io::Error| files::failed(&trace, &error);
    let before = file.metadata().map_err(trace_failed)?.len();
    let launched = groundwork.and_then(|groundwork| groundwork.launch(&prepared.spec));
    let mut container = launched.map_err(|error| launch_failed(&error))?;
    if let Some(consented) = register(&caller, &request, &prepared, &decided) {
        container.end_when_revoked(consented);
    }
    say_of_launch(&container);
    let run = header(Mode::Enforce, probes, &request, &prepared);
    let file = RecordFile::unbounded(file);
    let learner = Learner::start(&mut container, &run, world.clone(), &prepared.spec, file, true);
    let learner = learner.map_err(trace_failed)?;
    lowbox_linux::supervise::release_input_and_output().map_err(Failure::new)?;
    let ending = container.supervise(None, &mut |event| match event {
        Event::Revoked(what) => say_revoked(&what),
        Event::NoDisplay(why) => display::say_none(&why),
        _ => {}
    });
    output::end_quiet();
    let learned = learner.finish();
    let exit_code = ending.map_err(Failure::new)?.exit_code();
    say_how_much(&learned, &trace);
    let records = section(&trace, before)?;
    let answer = Answer::new(&request.family_name, &records, &world, &learned, exit_code, probes, &trace);
    output::raw_message(&answer.text());
    if let Some(path) = json {
        let line = output::json_line(&answer)?;
        files::replace(&path, |file| std::io::Write::write_all(file, line.as_bytes()))?;
    }
    Ok(ExitCode::from(exit_code))
}

/// What this verification added to the file.
fn section(trace: &Path, before: u64) -> Result<Records, Failure> {
    let mut file: File = open_regular(trace).map_err(|error| files::failed(trace, &error))?;
    file.seek(SeekFrom::Start(before)).map_err(|error| files::failed(trace, &error))?;
    let mut reader = Reader::new();
    reader.read(BufReader::new(file)).map_err(|error| files::failed(trace, &error))?;
    Ok(reader.finish())
}

impl Answer {
    fn new(
        package: &str,
        records: &Records,
        world: &World,
        learned: &Learned,
        exit_code: u8,
        probes: bool,
        trace: &Path,
    ) -> Answer {
        let found = attribute(records, world);
        let lacks = lacks(records, &found);
        Answer {
            missing: !lacks.is_empty(),
            exit_code,
            probes,
            try_probes: exit_code != 0 && !probes && !lacks.iter().any(Lack::is_grantable),
            unread: learned.unread,
            trace: output::path(trace),
            lacks,
            told: Told::new(package, records, &found),
        }
    }

    /// For people.
    fn text(&self) -> String {
        let package = &self.told.package;
        let denied = "these accesses were denied, because nothing that the program has grants them";
        let mut said = match self.missing {
            true => format!("{package}: {denied}:\n{}", text(&self.lacks)),
            false if self.try_probes => String::new(),
            false => format!("{package}: nothing is missing"),
        };
        if self.try_probes {
            let _ = write!(
                said,
                "{package}: the program ended with {}, and nothing was denied that could be granted. If it decides by looking \
                 alone (stat, access), run this again with --probes",
                self.exit_code
            );
        }
        said
    }
}
