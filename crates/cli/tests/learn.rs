//! `lowbox learn results` and `lowbox learn merge`, on record files made here.

mod common;

use std::fs;
use std::os::unix::fs::PermissionsExt;
use std::path::Path;

use common::{SILO, World, application, manifest};
use lowbox_policy::Operation;
use lowbox_profiler::Raw;
use lowbox_profiler::collect::{Collector, Event, Limits};
use lowbox_profiler::record::{Denial, Mode, Node, Object, Process, Right, Run, TraceWriter, VERSION, Why};
use lowbox_security::AccessMask;
use serde_json::json;

const READ: Right = Right::Do(Operation::Read);

/// A record file of a package, with accesses of files by programs.
fn trace(world: &World, name: &str, package: &str, accesses: &[(&str, &str)]) {
    let run = Run {
        version: VERSION,
        lowbox: "0.1.0".to_owned(),
        package: package.to_owned(),
        publisher_id: String::new(),
        machine: name.into(),
        mode: Mode::Learn,
        started: 1_795_000_000_000,
        command: vec!["./app".into()],
        capabilities: vec!["internetClient".to_owned()],
        grants: vec![format!("{}:r", world.work().join("granted").display()).as_str().into()],
        less_privileged: false,
        probes: false,
        drives: Vec::new(),
    };
    let mut trace = TraceWriter::new(Vec::new(), &run).unwrap();
    let mut collector = Collector::new(Limits::default());
    for (path, exe) in accesses {
        let object = Object::File { path: (*path).into(), node: Node::File };
        let mask = AccessMask::READ_DATA;
        let denial = Denial { desired: mask, missing: mask, on_parent: false, why: Why::NoEntry };
        let exe = Raw::from(*exe);
        let event = Event { object: &object, right: READ, denial, exe: &exe, site: 0, at: 1_795_000_000_000 };
        let details = || (Process::new(7, 1, exe.clone(), [&b"app"[..]]), None);
        collector.add(&event, details, &mut trace).unwrap();
    }
    fs::write(world.work().join(name), trace.into_inner()).unwrap();
}

/// A world whose user has a folder for documents.
fn world() -> (World, String) {
    let world = World::new();
    let documents = world.home().join("Documents");
    fs::create_dir_all(&documents).unwrap();
    (world, documents.join("a.txt").display().to_string())
}

fn read(world: &World, name: impl AsRef<Path>) -> String {
    fs::read_to_string(world.work().join(name)).unwrap()
}

#[test]
fn a_record_becomes_a_manifest_tables_a_summary_and_a_report() {
    let (world, document) = world();
    let file = world.work().join("notes.txt").display().to_string();
    trace(
        &world,
        "a.trace",
        "app_1234567890abc",
        &[(&document, "/bin/app"), (&file, "/bin/app"), ("/proc/1/mem", "/bin/app")],
    );
    let answer = world.lowbox(["learn", "results", "a.trace", "--json"]).expect(0).json();
    assert_eq!(answer[0]["package"], "app_1234567890abc");
    assert_eq!(answer[0]["capabilities"][0]["name"], "documentsLibrary");
    assert_eq!(answer[0]["capabilities"][0]["privacy"], true);
    assert_eq!(answer[0]["grants"], json!([format!("--grant {file}:r")]));
    assert_eq!((&answer[0]["nothing"], &answer[0]["proven"]), (&json!(1), &json!(true)));
    for path in answer[0]["files"].as_array().unwrap() {
        assert!(world.work().join(path.as_str().unwrap()).metadata().unwrap().len() > 0, "{path}");
    }
    let text = read(&world, "lowbox-results/AppxManifest.xml");
    assert!(text.contains("<!-- privacy-sensitive"), "{text}");
    let declared =
        world.lowbox(["capability", "list", "--declared-in", "lowbox-results/AppxManifest.xml", "--json"]);
    let names: Vec<_> =
        declared.expect(0).json().as_array().unwrap().iter().map(|one| one["name"].clone()).collect();
    assert_eq!(names, [json!("internetClient"), json!("documentsLibrary")], "what it had, and what it needs");
    let left_over: Vec<_> = fs::read_dir(world.work().join("lowbox-results"))
        .unwrap()
        .map(|one| one.unwrap().file_name())
        .collect();
    assert_eq!(left_over.len(), 6, "{left_over:?}");
    // The summary grows, the others are replaced.
    world.lowbox(["learn", "results", "a.trace"]).expect(0).prints("documentsLibrary");
    assert_eq!(read(&world, "lowbox-results/summary.txt").matches("== 20").count(), 2);
    assert_eq!(read(&world, "lowbox-results/AccessAttemptRecords.csv").lines().count(), 4);
}

#[test]
fn results_go_through_no_link_that_nobody_named() {
    let (world, _) = world();
    let other = world.work().join("other");
    fs::create_dir(&other).unwrap();
    fs::write(other.join("AppxManifest.xml"), "another project's").unwrap();
    std::os::unix::fs::symlink(&other, world.work().join("lowbox-results")).unwrap();
    trace(&world, "a.trace", "app_1234567890123", &[("/home/x/y", "/usr/bin/app")]);
    world.lowbox(["learn", "results", "a.trace"]).expect(125).says("symbolic link");
    world.lowbox(["learn", "--no-results", "--", "true"]).expect(125).says("symbolic link");
    world.lowbox(["learn", "verify", "--", "true"]).expect(125).says("symbolic link");
    assert_eq!(fs::read_dir(&other).unwrap().count(), 1);
    assert_eq!(fs::read_to_string(other.join("AppxManifest.xml")).unwrap(), "another project's");
    world.lowbox(["learn", "results", "a.trace", "--out", "other/."]).expect(0);
}

#[test]
fn what_was_granted_is_covered_already() {
    let (world, _) = world();
    let file = world.work().join("granted/x").display().to_string();
    trace(&world, "a.trace", "app_1234567890abc", &[(&file, "/bin/app")]);
    let answer = world.lowbox(["learn", "results", "a.trace", "--what-if", "--json"]).expect(0).json();
    assert_eq!((&answer[0]["grants"], &answer[0]["nothing"]), (&json!([]), &json!(0)));
}

#[test]
fn a_manifest_is_edited_in_place_and_keeps_mode_and_links() {
    let (world, document) = world();
    let text = manifest(&application("App", "a", SILO), r#"<Capability Name="internetClient"/>"#);
    let path = world.file("real/AppxManifest.xml", &text);
    fs::set_permissions(&path, fs::Permissions::from_mode(0o640)).unwrap();
    std::os::unix::fs::symlink("real/AppxManifest.xml", world.work().join("m.xml")).unwrap();
    let family =
        world.lowbox(["token", "--manifest", "m.xml", "--json"]).expect(0).json()["package"]["family_name"]
            .as_str()
            .unwrap()
            .to_owned();
    trace(&world, "a.trace", &family, &[(&document, "/bin/app")]);
    let what_if = world.lowbox(["learn", "results", "a.trace", "--manifest", "m.xml", "--what-if"]).expect(0);
    what_if.prints("would be added documentsLibrary");
    assert_eq!(read(&world, "m.xml"), text);
    assert!(!world.work().join("lowbox-results").exists(), "what-if writes nothing");
    world
        .lowbox(["learn", "results", "a.trace", "--manifest", "m.xml"])
        .expect(0)
        .prints("added documentsLibrary");
    let edited = read(&world, "m.xml");
    assert!(edited.contains(r#"<uap:Capability Name="documentsLibrary"/>"#), "{edited}");
    assert!(fs::symlink_metadata(world.work().join("m.xml")).unwrap().is_symlink());
    assert_eq!(fs::metadata(&path).unwrap().permissions().mode() & 0o777, 0o640);
    world
        .lowbox(["learn", "results", "a.trace", "--manifest", "m.xml"])
        .expect(0)
        .prints("declares everything already");
    assert_eq!(read(&world, "m.xml"), edited);
    trace(&world, "b.trace", "other_1234567890abc", &[(&document, "/bin/app")]);
    world
        .lowbox(["learn", "results", "b.trace", "--manifest", "m.xml"])
        .expect(125)
        .says("other_1234567890abc");
}

#[test]
fn accesses_are_chosen_by_program_and_package() {
    let (world, document) = world();
    trace(&world, "a.trace", "one_1234567890abc", &[(&document, "/bin/app"), ("/srv/x", "/bin/helper")]);
    trace(&world, "b.trace", "two_1234567890abc", &[(&document, "/bin/app")]);
    let both = ["learn", "results", "a.trace", "b.trace", "--what-if", "--json"];
    let of = |more: &[&str]| world.lowbox(both.iter().chain(more)).expect(0).json();
    assert_eq!(of(&[]).as_array().unwrap().len(), 2);
    let one = of(&["--package", "one_1234567890abc", "--exe", "helper"]);
    assert_eq!((&one[0]["accesses"], &one[0]["capabilities"]), (&json!(1), &json!([])));
    assert_eq!(of(&["--exe", "/bin/app"])[1]["accesses"], 1);
    world.lowbox(both.iter().chain(&["--package", "three"])).expect(125).says("one_1234567890abc");
    // Several packages have a folder each.
    world.lowbox(["learn", "results", "a.trace", "b.trace", "--out", "r"]).expect(0);
    assert!(world.work().join("r/two_1234567890abc/report.html").exists());
}

#[test]
fn what_is_no_record_file_is_refused_and_a_torn_one_is_read() {
    let (world, document) = world();
    world.file("x", "<html>");
    world.lowbox(["learn", "results", "x"]).expect(125).says("no record file");
    world.lowbox(["learn", "results", "missing"]).expect(125).says("missing: ");
    world.lowbox(["learn", "results", "."]).expect(125).says("no record file in this folder");
    let fifo = std::process::Command::new("mkfifo").arg(world.work().join("fifo")).status().unwrap();
    assert!(fifo.success());
    world.lowbox(["learn", "results", "fifo"]).expect(125).says("no regular file");
    trace(&world, "a.trace", "one_1234567890abc", &[(&document, "/bin/app"), ("/srv/x", "/bin/app")]);
    let path = world.work().join("a.trace");
    let bytes = fs::read(&path).unwrap();
    fs::write(&path, &bytes[..bytes.len() - 3]).unwrap();
    let done = world.lowbox(["learn", "results", "a.trace", "--what-if", "--json"]).expect(0).says("1 lines");
    assert_eq!(done.json()[0]["accesses"], 1);
    // A folder stands for the record files in it, and for nothing else that is there.
    fs::write(world.work().join("torn.trace"), "").unwrap();
    assert!(
        std::process::Command::new("mkfifo").arg(world.work().join("f.trace")).status().unwrap().success()
    );
    let done = world.lowbox(["learn", "results", ".", "--what-if", "--json"]).expect(0);
    let done = done.says("torn.trace is left out").says("f.trace is left out");
    assert_eq!(done.json()[0]["accesses"], 1);
}

#[test]
fn records_tables_and_manifests_are_merged_with_their_like() {
    let (world, document) = world();
    trace(&world, "a.trace", "one_1234567890abc", &[(&document, "/bin/app"), ("/srv/x", "/bin/app")]);
    trace(&world, "b.trace", "one_1234567890abc", &[(&document, "/bin/app")]);
    world.lowbox(["learn", "merge", "a.trace", "b.trace", "--out", "both.trace"]).expect(0);
    let answer = world.lowbox(["learn", "results", "both.trace", "--out", "r", "--json"]).expect(0).json();
    assert_eq!((&answer[0]["accesses"], &answer[0]["events"]), (&json!(2), &json!(3)));
    for kind in ["csv", "jsonl"] {
        let table = format!("r/AccessAttemptRecords.{kind}");
        let merged = world.lowbox(["learn", "merge", &table, &table]).expect(0).out;
        let lines = if kind == "csv" { 3 } else { 2 };
        assert_eq!(merged.lines().count(), lines, "{merged}");
        let four = if kind == "csv" { ",4," } else { "\"count\":4" };
        assert!(merged.contains(four), "{merged}");
    }
    let first = manifest(&application("App", "a", SILO), r#"<Capability Name="internetClient"/>"#);
    world.file("1.xml", &first);
    world
        .file("2.xml", &manifest(&application("App", "a", SILO), r#"<uap:Capability Name="musicLibrary"/>"#));
    let merged = world.lowbox(["learn", "merge", "1.xml", "2.xml"]).expect(0).out;
    assert!(
        merged.contains("\"internetClient\"") && merged.contains("<uap:Capability Name=\"musicLibrary\"/>"),
        "{merged}"
    );
    world.lowbox(["learn", "merge", "1.xml", "a.trace"]).expect(125).says("of one kind");
    world.lowbox(["learn", "merge", "1.xml"]).expect(125);
}
