//! The results of 10^5 accesses: how long they take to make, and the report to open in a browser without a window.

use std::fs;
use std::io;
use std::path::Path;
use std::process::{Command, Stdio};
use std::time::Instant;

use super::super::result::Line;
use super::super::sample::median;
use super::super::scene::Scene;
use super::merge::simulate;

const ACCESSES: u64 = 100_000;

/// Milliseconds until the page has loaded.
const TARGET: f64 = 2000.0;

/// A page that opens the report in a frame and says how long that took.
const OPENER: &str = "<!doctype html><body><script>\
    const start = performance.now();\
    const frame = document.createElement('iframe');\
    frame.style.width = '1200px'; frame.style.height = '900px';\
    frame.onload = () => { const said = document.createElement('p');\
        said.textContent = 'TOOK ' + (performance.now() - start) + ' ms'; document.body.append(said); };\
    frame.src = 'report.html'; document.body.append(frame);\
    </script></body>";

/// Makes it and opens it.
pub fn report(scene: &Scene) -> io::Result<Vec<Line>> {
    let folder = scene.work.path().join("report");
    fs::create_dir_all(&folder)?;
    let trace = folder.join("records.trace");
    simulate(scene, ACCESSES, "one", &trace)?;
    let start = Instant::now();
    let mut results = Command::new(&scene.lowbox);
    results.args(["learn", "results", "--out"]).arg(&folder).arg(&trace);
    results.env("XDG_DATA_HOME", scene.work.path().join("data")).stdin(Stdio::null());
    let output = results.output()?;
    if !output.status.success() {
        return Err(io::Error::other(String::from_utf8_lossy(&output.stderr).into_owned()));
    }
    let made = start.elapsed().as_secs_f64();
    let size = fs::metadata(folder.join("report.html"))?.len() as f64 / f64::from(1 << 20);
    let mut lines = vec![
        Line::new("results of 10^5 accesses", made, "s")
            .note("from the record file to all tables and the report"),
        Line::new("report.html", size, "MiB"),
    ];
    let there = Command::new("chromium").arg("--version").stdin(Stdio::null()).output();
    if !there.is_ok_and(|output| output.status.success()) {
        lines.push(Line::new("opening it: not measured", 0.0, "").note("chromium is not installed"));
        return Ok(lines);
    }
    fs::write(folder.join("opener.html"), OPENER)?;
    let times = (0..5).map(|_| opened(&folder)).collect::<io::Result<Vec<f64>>>()?;
    lines.push(
        Line::new("the report opens in Chromium", median(&times), "ms")
            .at_most(TARGET)
            .note("of 5 runs; from asking for it until it has loaded; the browser's own start is not in it"),
    );
    Ok(lines)
}

fn opened(folder: &Path) -> io::Result<f64> {
    let profile = tempfile::tempdir()?;
    let mut browser = Command::new("chromium");
    browser.args(["--headless", "--no-sandbox", "--disable-gpu", "--timeout=60000", "--dump-dom"]);
    browser.arg(format!("--user-data-dir={}", profile.path().display()));
    browser.arg(format!("file://{}", folder.join("opener.html").display()));
    let output = browser.stdin(Stdio::null()).stderr(Stdio::null()).output()?;
    let page = String::from_utf8_lossy(&output.stdout).into_owned();
    let told = page.rsplit_once("TOOK ").and_then(|(_, rest)| rest.split(' ').next()?.parse().ok());
    told.ok_or_else(|| io::Error::other("the browser does not say how long it took"))
}
