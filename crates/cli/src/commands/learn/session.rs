//! `lowbox learn start`, `stop` and `status`: several runs whose records are looked at together.

use std::io::{BufReader, BufWriter, Write};
use std::path::PathBuf;
use std::process::ExitCode;
use std::time::{Duration, UNIX_EPOCH};

use clap::Args;
use lowbox_linux::learn::EXTENSION;
use lowbox_linux::learn::session::Session;
use lowbox_linux::prepare::Caller;
use lowbox_profiler::Raw;
use lowbox_profiler::record::{Reader, Records};
use serde::Serialize;

use super::results;
use super::{files, gathered::gather};
use crate::failure::Failure;
use crate::output;

/// `lowbox learn start`.
#[derive(Debug, Args)]
pub struct Start {
    /// What to call the session
    pub name: String,
}

/// `lowbox learn stop`.
#[derive(Debug, Args)]
pub struct Stop {
    /// Add the capabilities that are missing to this manifest, in place
    #[arg(long, value_name = "FILE")]
    pub manifest: Option<PathBuf>,

    /// The folder for the results and for the session's records
    #[arg(long, value_name = "DIR", default_value = "lowbox-results")]
    pub out: PathBuf,

    /// Answer in JSON (see docs/json.md)
    #[arg(long)]
    pub json: bool,
}

/// `lowbox learn status`.
#[derive(Debug, Args)]
pub struct Status {
    /// Answer in JSON (see docs/json.md)
    #[arg(long)]
    pub json: bool,
}

/// Begins a session.
pub fn start(arguments: &Start) -> Result<ExitCode, Failure> {
    let session = Session::start(&caller()?.folders, &arguments.name).map_err(Failure::new)?;
    output::bytes(
        format!(
            "the session {} has begun: what lowbox learn -- PROGRAM records is added to it, until lowbox learn stop\n",
            session.name
        )
        .as_bytes(),
    )?;
    Ok(ExitCode::SUCCESS)
}

/// Ends it, and tells what its runs need.
pub fn stop(arguments: Stop) -> Result<ExitCode, Failure> {
    let session = Session::current(&caller()?.folders).map_err(Failure::new)?;
    let session =
        session.ok_or_else(|| Failure::new("no session runs; begin one: lowbox learn start NAME"))?;
    let session = session.stop().map_err(Failure::new)?;
    let runs = session.files().map_err(Failure::new)?;
    let going_on = runs.iter().filter(|run| run.running).count();
    if runs.is_empty() {
        output::say(&format!("the session {} is over; nothing was run in it", session.name));
        session.remove().map_err(Failure::new)?;
        return Ok(ExitCode::SUCCESS);
    }
    let place = session.path();
    let kept = |error: Failure| {
        let place = output::path(&place);
        output::say(&format!("the session is over, and its records are kept: lowbox learn results {place}"));
        error
    };
    let trace = keep_records(&session, &arguments).map_err(kept)?;
    if going_on > 0 {
        output::say(&format!(
            "{going_on} of its runs still go on: what they do from now on is not in these results, but added to {}",
            output::path(&place)
        ));
    }
    let Stop { manifest, out, json } = arguments;
    let traces = vec![trace];
    let (exe, package, what_if) = (None, None, false);
    results::execute(&results::Arguments { traces, exe, package, manifest, what_if, out, json })
        .map_err(kept)
        .inspect(|_| {
            if going_on == 0
                && let Err(error) = session.remove()
            {
                output::say(&error.to_string());
            }
        })
}

/// Puts what the runs recorded together in one file in the folder for the results.
fn keep_records(session: &Session, arguments: &Stop) -> Result<PathBuf, Failure> {
    let records = gather(&[session.path()])?;
    files::check_results(&arguments.out)?;
    std::fs::create_dir_all(&arguments.out).map_err(|error| files::failed(&arguments.out, &error))?;
    let mut path = arguments.out.join(format!("{}.{EXTENSION}", session.name));
    if path.symlink_metadata().is_ok() {
        // An earlier session's of the same name.
        path = arguments.out.join(format!("{}.{}.{EXTENSION}", session.name, session.started));
    }
    files::replace(&path, |file| {
        let mut file = BufWriter::new(file);
        records.write(&mut file)?;
        file.flush()
    })?;
    Ok(path)
}

/// A session as JSON.
#[derive(Serialize)]
struct Told {
    name: String,
    started: String,
    runs: bool,
    folder: String,
    programs: Vec<Program>,
    accesses: usize,
    events: u64,
}

/// A run of it.
#[derive(Serialize)]
struct Program {
    file: String,
    package: Option<String>,
    command: Vec<String>,
    running: bool,
    accesses: usize,
    events: u64,
}

/// Lists sessions.
pub fn status(arguments: &Status) -> Result<ExitCode, Failure> {
    let sessions = Session::all(&caller()?.folders).map_err(Failure::new)?;
    let told = sessions.iter().map(Told::new).collect::<Result<Vec<_>, _>>()?;
    if arguments.json {
        output::json(&told)?;
        return Ok(ExitCode::SUCCESS);
    }
    let mut text = String::new();
    if told.is_empty() {
        text.push_str("no session runs; begin one: lowbox learn start NAME\n");
    }
    told.iter().for_each(|one| text.push_str(&one.text()));
    output::bytes(text.as_bytes())?;
    Ok(ExitCode::SUCCESS)
}

impl Told {
    fn new(session: &Session) -> Result<Told, Failure> {
        let mut together = Reader::new();
        let mut programs = Vec::new();
        for found in session.files().map_err(Failure::new)? {
            let mut own = Reader::new();
            // A run that has just begun has no header yet.
            let _ = own.read(BufReader::new(session.read(&found).map_err(Failure::new)?));
            let _ = together.read(BufReader::new(session.read(&found).map_err(Failure::new)?));
            programs.push(Program::new(found.name, found.running, &own.finish()));
        }
        let all = together.finish();
        Ok(Told {
            name: session.name.clone(),
            started: humantime::format_rfc3339_seconds(UNIX_EPOCH + Duration::from_millis(session.started))
                .to_string(),
            runs: session.runs,
            folder: output::path(&session.path()),
            programs,
            accesses: all.accesses.len(),
            events: all.events(),
        })
    }

    fn text(&self) -> String {
        let state = if self.runs { "runs" } else { "was stopped" };
        let mut text = format!(
            "{} {state}, begun {}: {} runs, {} different accesses, {} in all\n",
            output::visible(&self.name),
            self.started,
            self.programs.len(),
            self.accesses,
            self.events
        );
        for program in &self.programs {
            let state = if program.running { ", goes on" } else { "" };
            let command = program.command.join(" ");
            text.push_str(&format!("  {command}: {} different accesses{state}\n", program.accesses));
        }
        if !self.runs {
            text.push_str(&format!("  lowbox learn results {}\n", self.folder));
        }
        text
    }
}

impl Program {
    fn new(file: String, running: bool, records: &Records) -> Program {
        let run = records.runs.first();
        Program {
            file,
            package: run.map(|run| Raw::from(run.package.as_str()).to_string()),
            command: run.map(|run| run.command.iter().map(Raw::to_string).collect()).unwrap_or_default(),
            running,
            accesses: records.accesses.len(),
            events: records.events(),
        }
    }
}

fn caller() -> Result<Caller, Failure> {
    Caller::current().map_err(|error| Failure::new(&error))
}
