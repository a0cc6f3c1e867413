//! The consent store survives what kills its writers.

mod common;

use std::collections::BTreeSet;
use std::io::{BufRead, BufReader, Read};
use std::process::{Child, Stdio};
use std::time::Duration;

use common::World;

/// Writers that are killed.
const KILLED: usize = 500;

/// Entries that each would write.
const ENTRIES: usize = 40;

#[test]
fn a_writer_that_is_killed_at_any_moment_loses_nothing_that_it_acknowledged() {
    let world = World::new();
    let grants: Vec<String> = (0..ENTRIES).map(|number| format!("f{number}:r")).collect();
    for number in 0..ENTRIES {
        world.file(format!("f{number}"), "");
    }
    let start = |round: usize| -> Child {
        let mut command = world.command(env!("CARGO_BIN_EXE_lowbox"));
        command.args(["consent", "grant", "--package", &format!("round{round}_8wekyb3d8bbwe")]).args(&grants);
        command.stdout(Stdio::null()).stderr(Stdio::piped()).spawn().unwrap()
    };
    let mut acknowledged: BTreeSet<String> = BTreeSet::new();
    let mut cut_short = 0;
    for round in (0..KILLED).step_by(2) {
        // Two at a time, so that one is killed while the other waits for it.
        let mut pair = [start(round), start(round + 1)];
        let mut said = pair.each_mut().map(|child| BufReader::new(child.stderr.take().unwrap()));
        let mut first = String::new();
        if round % 4 == 0 {
            // Anything from before the first write on, in an order that has no pattern.
            std::thread::sleep(Duration::from_micros((round as u64 * 7919) % 30_000));
        } else {
            // After so many writes, however long this machine takes for one.
            for _ in 0..1 + round * 7919 % (ENTRIES / 2) {
                said[0].read_line(&mut first).unwrap();
            }
        }
        for child in &mut pair {
            child.kill().unwrap();
        }
        said[0].read_to_string(&mut first).unwrap();
        let mut second = String::new();
        said[1].read_to_string(&mut second).unwrap();
        for ((child, said), number) in pair.iter_mut().zip([first, second]).zip([round, round + 1]) {
            child.wait().unwrap();
            let lines: Vec<&str> = said.lines().filter(|line| line.contains("is allowed")).collect();
            cut_short += usize::from(!lines.is_empty() && lines.len() < ENTRIES);
            for line in lines {
                let path = line.split(' ').nth(2).unwrap();
                acknowledged.insert(format!("round{number}_8wekyb3d8bbwe {path}"));
            }
        }
        if round % 50 == 0 {
            check(&world, &acknowledged);
        }
    }
    check(&world, &acknowledged);
    assert!(cut_short >= KILLED / 10, "only {cut_short} writers were killed between two writes");
}

/// Launches that are killed.
const LAUNCHES: usize = 100;

#[test]
fn a_lowbox_that_is_killed_at_any_moment_leaves_no_holder_and_a_whole_store() {
    let world = World::new();
    world.file("folder/f", "");
    world.lowbox(["consent", "grant", "--package", "app", "folder:r"]).expect(0);
    let folder = world.home().join(".local/share/lowbox");
    for round in 0..LAUNCHES {
        let mut command = world.command(env!("CARGO_BIN_EXE_lowbox"));
        command.args(["run", "--name", "app", "--", "sleep", "60"]).stderr(Stdio::null());
        let mut child = command.spawn().unwrap();
        std::thread::sleep(Duration::from_micros((round as u64 * 7919) % 40_000));
        child.kill().unwrap();
        child.wait().unwrap();
    }
    let shown = world.lowbox(["consent", "show", "folder", "--json"]).expect(0).json();
    assert_eq!(shown["held_by"].as_array().unwrap().len(), 0, "{shown}");
    let databases: Vec<_> = std::fs::read_dir(folder)
        .unwrap()
        .map(|entry| entry.unwrap().path())
        .filter(|path| path.extension().is_some_and(|extension| extension == "db"))
        .collect();
    assert_eq!(databases.len(), 2, "{databases:?}");
    for path in databases {
        is_whole(&path);
    }
    world.lowbox(["consent", "revoke", "folder"]).expect(0);
}

#[track_caller]
fn is_whole(path: &std::path::Path) {
    let database = rusqlite::Connection::open(path).unwrap();
    let whole: String = database.pragma_query_value(None, "integrity_check", |row| row.get(0)).unwrap();
    assert_eq!(whole, "ok", "{path:?}");
}

/// The database opens, is whole, and has all that was acknowledged.
fn check(world: &World, acknowledged: &BTreeSet<String>) {
    let listed = world.lowbox(["consent", "list", "--json"]).expect(0).json();
    let have: BTreeSet<String> = listed
        .as_array()
        .unwrap()
        .iter()
        .map(|one| format!("{} {}", one["package"].as_str().unwrap(), one["path"].as_str().unwrap()))
        .collect();
    let lost: Vec<&String> = acknowledged.difference(&have).collect();
    assert!(lost.is_empty(), "{lost:?}");
    let path = world.home().join(".local/share/lowbox/consent.db");
    if acknowledged.is_empty() && !path.exists() {
        return;
    }
    is_whole(&path);
}
