//! The table of accesses and the record file, together: nothing that was counted is lost.

mod common;

use std::collections::HashMap;
use std::io::{self, Write};
use std::sync::Arc;

use common::{event, file, no_entry, process, run, stack};
use lowbox_policy::Operation;
use lowbox_profiler::Raw;
use lowbox_profiler::collect::{Collector, Event, Limits};
use lowbox_profiler::record::{Reader, Records, Right, TraceError, TraceWriter};
use proptest::prelude::*;

fn read(bytes: &[u8]) -> Records {
    let mut reader = Reader::new();
    reader.read(bytes).unwrap();
    reader.finish()
}

#[test]
fn a_million_events_are_all_counted_though_the_table_holds_a_thousand() {
    let limits = Limits { entries: 1000, bytes: 1 << 20 };
    let mut collector = Collector::new(limits);
    let mut trace = TraceWriter::new(Vec::new(), &run("a")).unwrap();
    let files: Vec<_> = (0..5000).map(|number| file(&format!("/home/ada/{number}"))).collect();
    let mut expected: HashMap<usize, u64> = HashMap::new();
    let mut number = 1_usize;
    let mut captured = 0_u64;
    for at in 0..1_000_000_u64 {
        // A simple generator: which file is hit next must not follow the table's order.
        number = number.wrapping_mul(6_364_136_223_846_793_005).wrapping_add(1_442_695_040_888_963_407);
        let which = (number >> 33) % if at % 3 == 0 { 5000 } else { 50 };
        *expected.entry(which).or_default() += 1;
        let event = event(&files[which], at);
        let details = || {
            captured += 1;
            (process("/usr/bin/python3"), Some(stack(which as u64 % 7)))
        };
        collector.add(&event, details, &mut trace).unwrap();
    }
    assert!(collector.spilled() > 3, "the table was never full: {}", collector.spilled());
    assert!(captured < 500_000, "stacks are captured at first sight only: {captured}");
    collector.checkpoint(&mut trace).unwrap();
    let records = read(&trace.into_inner());
    assert_eq!(records.events(), 1_000_000);
    assert_eq!(records.accesses.len(), expected.len());
    assert_eq!((records.skipped_lines, records.left_out), (0, 0));
    for access in &records.accesses {
        let path = access.object.path().unwrap().to_string();
        let which: usize = path.rsplit('/').next().unwrap().parse().unwrap();
        assert_eq!(access.count, expected[&which], "{path}");
        assert_eq!(records.stacks[access.stack.unwrap()], stack(which as u64 % 7));
        assert!(access.first <= access.last);
    }
}

#[test]
fn one_object_is_kept_once_for_each_right_stack_and_program() {
    let mut collector = Collector::new(Limits::default());
    let mut trace = TraceWriter::new(Vec::new(), &run("a")).unwrap();
    let object = file("/etc/shadow");
    let (python, node) = (Raw::from("/usr/bin/python3"), Raw::from("/usr/bin/node"));
    for (site, exe, right, depth) in [
        (1, &python, Operation::Read, 1),
        (1, &python, Operation::Read, 1),
        (2, &python, Operation::Read, 2),
        // Another place that turns out to have the same stack.
        (3, &python, Operation::Read, 1),
        (1, &python, Operation::Write, 1),
        (1, &node, Operation::Read, 1),
    ] {
        let event =
            Event { object: &object, right: Right::Do(right), denial: no_entry(), exe, site, at: 10 + site };
        collector.add(&event, || (process("ignored"), Some(stack(depth))), &mut trace).unwrap();
    }
    collector.checkpoint(&mut trace).unwrap();
    let records = read(&trace.into_inner());
    let mut counts: Vec<u64> = records.accesses.iter().map(|access| access.count).collect();
    counts.sort_unstable();
    assert_eq!(counts, [1, 1, 1, 3]);
    let most = records.accesses.iter().find(|access| access.count == 3).unwrap();
    assert_eq!((most.first, most.last), (11, 13));
    assert_eq!(records.processes[most.process].exe, python);
}

/// Fails where it is told to.
struct Failing {
    bytes: Vec<u8>,
    room: usize,
}

impl Write for &mut Failing {
    fn write(&mut self, bytes: &[u8]) -> io::Result<usize> {
        let taken = bytes.len().min(self.room);
        if taken == 0 {
            return Err(io::ErrorKind::StorageFull.into());
        }
        self.bytes.extend(&bytes[..taken]);
        self.room -= taken;
        Ok(taken)
    }
    fn flush(&mut self) -> io::Result<()> {
        Ok(())
    }
}

#[test]
fn what_a_full_disk_refused_is_written_once_there_is_room() {
    let mut disk = Failing { bytes: Vec::new(), room: 700 };
    let mut collector = Collector::new(Limits::default());
    let mut failures = 0;
    {
        let mut trace = TraceWriter::new(&mut disk, &run("a")).unwrap();
        for at in 0..100 {
            let object = file(&format!("/data/{}", at % 10));
            let details = || (process("/bin/x"), Some(stack(at % 3)));
            failures += u64::from(collector.add(&event(&object, at), details, &mut trace).is_err());
        }
        assert!(failures > 0 && collector.refused() == 0);
    }
    // The run goes on in a section of its own: numbers are those of the section.
    disk.room = usize::MAX;
    let torn = read(&disk.bytes);
    assert!(torn.events() < 100 && torn.skipped_lines == 1);
}

#[test]
fn a_sink_that_recovers_gets_everything() {
    let mut collector = Collector::new(Limits { entries: 4, bytes: 1 << 20 });
    let mut sink = common::Flaky::default();
    let (mut refused, mut taken) = (0, 0);
    for at in 0..1000_u64 {
        sink.fails = at % 7 < 3;
        let object = file(&format!("/data/{}", at % 11));
        let details = || (process("/bin/x"), Some(stack(at % 3)));
        let before = collector.refused();
        let _ = collector.add(&event(&object, at), details, &mut sink);
        let lost = collector.refused() - before;
        refused += lost;
        taken += 1 - lost;
    }
    sink.fails = false;
    collector.checkpoint(&mut sink).unwrap();
    assert!(refused > 0 && collector.spilled() > 10);
    assert_eq!(sink.counts.values().sum::<u64>(), taken, "what is not refused is told");
}

#[test]
fn a_torn_last_line_is_skipped_and_counted_and_the_next_run_appends_after_it() {
    let mut file_bytes = section("a", 3);
    let whole = read(&file_bytes).events();
    assert_eq!(whole, 3);
    file_bytes.truncate(file_bytes.len() - 5);
    let torn = read(&file_bytes);
    assert_eq!((torn.events(), torn.skipped_lines), (2, 1));
    file_bytes.extend(section("b", 2));
    let both = read(&file_bytes);
    assert_eq!((both.events(), both.skipped_lines, both.runs.len()), (4, 1, 2));
}

#[test]
fn a_file_cut_anywhere_keeps_every_whole_line() {
    let bytes = section("a", 4);
    for length in 0..bytes.len() {
        let mut reader = Reader::new();
        match reader.read(&bytes[..length]) {
            Ok(()) => assert!(reader.finish().skipped_lines <= 1),
            Err(error) => assert!(matches!(error, TraceError::NoRun), "{error}"),
        }
    }
}

#[test]
fn a_newer_format_and_another_kind_of_file_are_refused_by_name() {
    let newer = br#"{"run":{"version":2,"lowbox":"9.9.9","package":"p","mode":"learn","started":1}}"#;
    let error = Reader::new().read(&newer[..]).unwrap_err();
    assert!(error.to_string().contains("9.9.9"), "{error}");
    let error = Reader::new().read(&b"<Package/>\n"[..]).unwrap_err();
    assert!(matches!(error, TraceError::NoRun));
}

#[test]
fn hostile_lines_are_skipped() {
    let mut bytes = section("a", 1);
    let long = format!("{{\"process\":{{\"id\":1,\"pid\":1,\"exe\":\"{}\"}}}}\n", "a".repeat(1 << 20));
    bytes.extend(long.as_bytes());
    for bad in [
        r#"{"count":{"id":77,"count":5,"last":1}}"#,
        r#"{"count":{"id":0,"count":0,"last":1}}"#,
        r#"{"access":{"id":9,"object":{"kind":"file","path":"/x","node":"file"},"right":"read","denial":{"desired":"0x1","missing":"0x1","why":"no-entry"},"count":1,"first":1,"last":1,"process":99}}"#,
        r#"{"stack":{"id":9,"frames":[{"module":99,"offset":1}]}}"#,
        r#"{"later":{}}"#,
        "[[[[",
    ] {
        bytes.extend(bad.as_bytes());
        bytes.push(b'\n');
    }
    let records = read(&bytes);
    assert_eq!((records.events(), records.skipped_lines), (1, 7));
}

#[test]
fn the_same_accesses_of_several_files_are_added_up() {
    let mut reader = Reader::new();
    for package in ["a", "a", "b"] {
        reader.read(&section(package, 2)[..]).unwrap();
    }
    let records = reader.finish();
    assert_eq!(records.runs.len(), 3);
    let counts: Vec<u64> = records.accesses.iter().map(|access| access.count).collect();
    assert_eq!(counts, [2, 2, 1, 1], "packages are kept apart");
    assert_eq!(records.stacks.len(), 2);
}

/// A section with so many different accesses, the last line being one.
fn section(package: &str, accesses: u64) -> Vec<u8> {
    let mut trace = TraceWriter::new(Vec::new(), &run(package)).unwrap();
    let mut collector = Collector::new(Limits::default());
    for at in 0..accesses {
        let object = file(&format!("/{at}"));
        let details = || (process("/bin/x"), Some(stack(at % 2)));
        collector.add(&event(&object, at), details, &mut trace).unwrap();
    }
    trace.into_inner()
}

proptest! {
    #[test]
    fn what_is_written_is_read(accesses in common::accesses()) {
        let mut trace = TraceWriter::new(Vec::new(), &run("p")).unwrap();
        let mut collector = Collector::new(Limits { entries: 5, bytes: 4096 });
        let mut expected: HashMap<_, u64> = HashMap::new();
        for (at, (object, right, stack)) in accesses.iter().enumerate() {
            let exe = Raw::from("/bin/x");
            let site = expected.len() as u64;
            let event = Event { object, right: *right, denial: no_entry(), exe: &exe, site, at: at as u64 };
            collector.add(&event, || (process("/bin/x"), stack.clone()), &mut trace).unwrap();
            *expected.entry((object.clone(), *right, stack.clone())).or_default() += 1;
        }
        collector.checkpoint(&mut trace).unwrap();
        let records = read(&trace.into_inner());
        prop_assert_eq!(records.skipped_lines, 0);
        let found: HashMap<_, u64> = records.accesses.iter().map(|access| {
            let stack = access.stack.map(|at| records.stacks[at].clone());
            ((Arc::unwrap_or_clone(access.object.clone()), access.right, stack), access.count)
        }).collect();
        prop_assert_eq!(found.values().sum::<u64>(), accesses.len() as u64);
        for key in found.keys() {
            prop_assert!(expected.contains_key(key));
        }
    }
}
