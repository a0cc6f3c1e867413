//! The report in a browser: hostile names are text and nothing else.

mod common;

use std::path::{Path, PathBuf};
use std::process::Command;
use std::sync::Arc;

use common::file;
use common::world::{records, world};
use lowbox_policy::Operation;
use lowbox_profiler::Raw;
use lowbox_profiler::attribute::attribute;
use lowbox_profiler::record::{Bus, Frame, Module, Object, Process, Records, Right, Stack};
use lowbox_profiler::results::write_report;

/// What would leave a mark on the page if it ran, or were taken for a part of it.
const HOSTILE: [&str; 9] = [
    "<script>document.documentElement.dataset.broken=1</script>",
    "<img src=x onerror=\"document.documentElement.dataset.broken=2\">",
    "\"><svg onload=document.documentElement.dataset.broken=3>",
    "'><b id=broken>",
    "</script><script>document.documentElement.dataset.broken=4</script>",
    "</title><body id=broken onload=document.documentElement.dataset.broken=5>",
    "--></style><b id=broken>",
    "<iframe srcdoc='<script>parent.document.documentElement.dataset.broken=6</script>'>",
    "javascript:document.documentElement.dataset.broken=7",
];

fn hostile() -> Records {
    let mut accesses = Vec::new();
    for name in HOSTILE {
        let path = |folder: &str| format!("{folder}/{}", name.replace('/', "\u{2044}"));
        let real = format!("/home/me/Documents/{name}");
        accesses.push((file(&real), Right::Do(Operation::Read)));
        accesses.push((file(&path("/home/me/work")), Right::Do(Operation::Write)));
        accesses.push((Object::BusName { bus: Bus::Session, name: name.into() }, Right::Use));
        accesses.push((Object::HostName { name: name.into() }, Right::Resolve));
        accesses.push((Object::Other { class: name.into(), name: name.into() }, Right::Use));
    }
    let mut records = records(accesses);
    for (at, name) in HOSTILE.iter().enumerate() {
        let raw = Raw::from(*name);
        records.processes.push(Process::new(9, 1, raw.clone(), [name.as_bytes()]));
        let module = Arc::new(Module { path: raw.clone(), build_id: (*name).to_owned() });
        records.stacks.push(Stack::new(
            vec![
                Frame::Native { module: module.clone(), offset: 1, symbol: None, file: None, line: None },
                Frame::Native {
                    module,
                    offset: 1,
                    symbol: Some(raw.clone()),
                    file: Some(raw.clone()),
                    line: Some(1),
                },
                Frame::Python { file: raw.clone(), line: 1, function: raw },
            ],
            true,
        ));
        for access in &mut records.accesses[at * 5..at * 5 + 5] {
            access.process = records.processes.len() - 1;
            access.stack = Some(records.stacks.len() - 1);
        }
    }
    records.runs[0].package = HOSTILE[0].to_owned();
    records.runs[0].command = HOSTILE.map(Raw::from).to_vec();
    records
}

fn page(records: &Records) -> String {
    let found = attribute(records, &world(&[]));
    let mut bytes = Vec::new();
    write_report(records, &found, 1_795_000_000_000, &mut bytes).unwrap();
    String::from_utf8(bytes).unwrap()
}

#[test]
fn the_page_loads_nothing_and_has_one_script_and_one_style() {
    let page = page(&hostile());
    assert_eq!(page.matches("<script").count(), 2, "the packed rows and the script");
    assert_eq!(page.matches("<style").count(), 1);
    for never in [
        " src=",
        "onerror=\"",
        "<iframe",
        "<img",
        "<b id",
        "http:",
        "https:",
        "url(",
        "@import",
        "unsafe-inline",
    ] {
        assert!(!page.replace("&lt;img src=x", "").contains(never), "{never}");
    }
    assert!(page.contains("default-src &#39;none&#39;"));
    assert!(!page.contains("innerHTML") && page.contains("textContent"));
}

#[test]
fn without_accesses_there_is_a_page_too() {
    let page = page(&records(Vec::new()));
    assert!(page.contains("Nothing beyond what every program is given"));
}

/// The page as a browser has it after its scripts ran.
fn rendered(page: &Path) -> Option<String> {
    let folder = page.parent()?.join("profile");
    let output = Command::new("chromium")
        .args([
            "--headless",
            "--no-sandbox",
            "--disable-gpu",
            "--disable-quic",
            "--no-first-run",
            "--disable-background-networking",
            "--disable-component-update",
            "--disable-sync",
            "--virtual-time-budget=10000",
            "--dump-dom",
        ])
        .arg(format!("--user-data-dir={}", folder.display()))
        .arg(format!("file://{}", page.display()))
        .output()
        .ok()?;
    Some(String::from_utf8_lossy(&output.stdout).into_owned())
}

#[test]
fn in_a_browser_hostile_names_run_nothing_and_are_read_as_they_are() {
    let there = Command::new("chromium").arg("--version").output();
    if !there.is_ok_and(|output| output.status.success()) {
        eprintln!("SKIPPED 1 test of the report in a browser: chromium is not installed");
        return;
    }
    let folder: PathBuf = std::env::temp_dir().join(format!("lowbox-report-{}", std::process::id()));
    std::fs::create_dir_all(&folder).unwrap();
    // The names do run where they are not escaped.
    let plain = folder.join("plain.html");
    std::fs::write(&plain, format!("<!DOCTYPE html><title>x</title><p>{}", HOSTILE.join(" "))).unwrap();
    let dom = rendered(&plain).unwrap();
    assert!(dom.contains("data-broken") && dom.contains("id=\"broken\""), "the names are harmless: {dom}");
    let report = folder.join("report.html");
    std::fs::write(&report, page(&hostile())).unwrap();
    let dom = rendered(&report).unwrap();
    std::fs::remove_dir_all(&folder).unwrap();
    assert!(dom.contains("data-ready=\"all\""), "the page's own script did not run");
    let head = &dom[..dom.find("<style").unwrap()];
    assert!(!head.contains("data-broken") && !dom.contains("id=\"broken\""), "{head}");
    assert_eq!(dom.matches("<script").count(), 2);
    // Once in the page's own table and once in the script's.
    let name = "/home/me/Documents/&lt;script&gt;document";
    assert!(dom.matches(name).count() >= 2, "{}", dom.matches(name).count());
}
