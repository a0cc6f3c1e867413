//! A million records of a hundred simulated machines, merged by the query that docs/profiler.md has.

use std::collections::HashMap;
use std::fs::{self, File};
use std::io::{self, BufRead, BufReader};
use std::path::Path;
use std::process::{Command, Stdio};
use std::time::Instant;

use super::super::result::Line;
use super::super::scene::Scene;

const MACHINES: u64 = 100;

/// Each machine has some more than the one before: together a million.
fn accesses_of(machine: u64) -> u64 {
    9_010 + 20 * machine
}

/// Runs the query and adds up what it gives, beside a sum made from the record files themselves.
pub fn merge(scene: &Scene) -> io::Result<Vec<Line>> {
    let python = std::env::var("LOWBOX_DUCKDB_PYTHON").unwrap_or_else(|_| "python3".to_owned());
    let there = Command::new(&python).args(["-c", "import duckdb"]).stdin(Stdio::null()).output();
    if !there.is_ok_and(|output| output.status.success()) {
        let why = format!("{python} has no module duckdb; LOWBOX_DUCKDB_PYTHON names one that has");
        return Ok(vec![Line::new("merging: not measured", 0.0, "").note(why)]);
    }
    let folder = scene.work.path().join("machines");
    let (mut records, mut events, mut different) = (0, 0, 0);
    let start = Instant::now();
    for machine in 0..MACHINES {
        let place = folder.join(format!("m{machine}"));
        fs::create_dir_all(&place)?;
        let trace = place.join("records.trace");
        simulate(scene, accesses_of(machine), &format!("m{machine}"), &trace)?;
        let (own, all) = counted(&trace)?;
        records += own;
        events += all;
        different = different.max(own);
        let mut results = Command::new(&scene.lowbox);
        results.args(["learn", "results", "--out"]).arg(&place).arg(&trace);
        results.env("XDG_DATA_HOME", scene.work.path().join("data"));
        let output = results.stdin(Stdio::null()).output()?;
        if !output.status.success() {
            return Err(io::Error::other(String::from_utf8_lossy(&output.stderr).into_owned()));
        }
        // Only what is merged is kept.
        for name in ["records.trace", "AccessAttemptRecords.csv", "AccessAttemptRecords.jsonl", "report.html"]
        {
            fs::remove_file(place.join(name))?;
        }
    }
    let made = start.elapsed().as_secs_f64();
    let start = Instant::now();
    let said = query(&python, &folder)?;
    let merged = start.elapsed().as_secs_f64();
    fs::remove_dir_all(&folder)?;
    let expected = format!("{different} {events} {MACHINES}");
    if said != expected {
        return Err(io::Error::other(format!(
            "rows, events and machines are {said} by the query and {expected} by the record files"
        )));
    }
    Ok(vec![
        Line::new("records that are merged", records as f64, "")
            .note(format!("{events} events, {different} rows of it")),
        Line::new("the documented query on them", merged, "s").note("DuckDB's start included"),
        Line::new("their results made before", made, "s").note(format!("{MACHINES} × lowbox learn results")),
    ])
}

/// The first query of the part on merging: rows, their counts' sum, and the most machines of one.
fn query(python: &str, folder: &Path) -> io::Result<String> {
    let text = include_str!("../../../../docs/profiler.md");
    let query = text.split("## Merging").nth(1).and_then(|text| text.split("```sql\n").nth(1));
    let query = query.and_then(|rest| rest.split("```").next());
    let query = query.ok_or_else(|| io::Error::other("docs/profiler.md has no query"))?;
    // Its progress would be among what it says.
    let script = "import duckdb, sys\n\
                  duckdb.sql('SET enable_progress_bar = false')\n\
                  found = duckdb.sql(sys.argv[1])\n\
                  names, rows = found.columns, found.fetchall()\n\
                  count, machines = names.index('count'), names.index('machines')\n\
                  print(len(rows), sum(row[count] for row in rows), max(row[machines] for row in rows))";
    let mut duckdb = Command::new(python);
    duckdb.args(["-c", script, query]).current_dir(folder).stdin(Stdio::null());
    let output = duckdb.output()?;
    match output.status.success() {
        true => Ok(String::from_utf8_lossy(&output.stdout).trim().to_owned()),
        false => Err(io::Error::other(String::from_utf8_lossy(&output.stderr).into_owned())),
    }
}

/// Different accesses of a record file, and their counts' sum.
fn counted(trace: &Path) -> io::Result<(u64, u64)> {
    let mut counts: HashMap<u64, u64> = HashMap::new();
    for line in BufReader::new(File::open(trace)?).lines() {
        let line = line?;
        if line.is_empty() {
            continue;
        }
        let value: serde_json::Value = serde_json::from_str(&line)?;
        for kind in ["access", "count"] {
            if let (Some(id), Some(count)) = (value[kind]["id"].as_u64(), value[kind]["count"].as_u64()) {
                counts.insert(id, count);
            }
        }
    }
    Ok((counts.len() as u64, counts.values().sum()))
}

/// Writes the record file of a made-up run (crates/profiler/examples/simulate.rs).
pub fn simulate(scene: &Scene, count: u64, machine: &str, trace: &Path) -> io::Result<()> {
    let mut simulate = Command::new(scene.lowbox.with_file_name(SIMULATE));
    simulate.args([&count.to_string(), machine]).stdin(Stdio::null()).stdout(File::create(trace)?);
    match simulate.status()?.success() {
        true => Ok(()),
        false => Err(io::Error::other("the simulated run failed")),
    }
}

/// The example's program, beside lowbox.
pub const SIMULATE: &str = "simulate";
