//! The built-in catalogue for a user with a home folder.

use lowbox_policy::{PlanOptions, Variables, built_in_objects};
use lowbox_profiler::attribute::World;
use lowbox_profiler::record::{Access, Object, Records, Right};
use lowbox_security::derive::{capability_sid, package_sid};
use lowbox_security::{AppContainer, Group, Integrity, Token};
use std::sync::Arc;

pub fn token(capabilities: &[&str]) -> Token {
    Token {
        user: "S-1-22-1-1000".parse().unwrap(),
        groups: vec![Group { sid: "S-1-22-2-1000".parse().unwrap(), deny_only: false }],
        app_container: Some(AppContainer {
            package: package_sid("app_1234567890abc"),
            capabilities: capabilities.iter().map(|name| capability_sid(name)).collect(),
            less_privileged: false,
        }),
        integrity: Integrity::Low,
        privileges: Vec::new(),
    }
}

pub fn world(capabilities: &[&str]) -> World {
    let variables: Variables = [
        ("home", "/home/me"),
        ("documents", "/home/me/Documents"),
        ("pictures", "/home/me/Pictures"),
        ("music", "/home/me/Music"),
        ("videos", "/home/me/Videos"),
        ("runtime", "/run/user/1000"),
        ("config", "/home/me/.config"),
        ("data", "/home/me/.local/share"),
    ]
    .into_iter()
    .collect();
    let token = token(capabilities);
    World {
        objects: built_in_objects(&variables, &token).unwrap(),
        token,
        loopback_ports: Vec::new(),
        hosts: Vec::new(),
        frontier: lowbox_policy::frontier::frontier(Some("/home/me".as_ref()), "/home/me".as_ref()),
        options: PlanOptions::default(),
    }
}

/// Records of one run of one process.
pub fn records(accesses: Vec<(Object, Right)>) -> Records {
    let mut records = Records::default();
    records.runs.push(super::run("app_1234567890abc"));
    records.processes.push(super::process("/usr/bin/python3"));
    records.stacks.push(super::stack(1));
    records.accesses = accesses
        .into_iter()
        .enumerate()
        .map(|(at, (object, right))| Access {
            object: Arc::new(object),
            right,
            denial: super::no_entry(),
            count: at as u64 + 1,
            first: 1_764_000_000_000 + at as u64,
            last: 1_764_000_001_000 + at as u64,
            run: 0,
            process: 0,
            stack: Some(0),
        })
        .collect();
    records
}

pub fn file_access(path: &str) -> (Object, Right) {
    (super::file(path), Right::Do(lowbox_policy::Operation::Read))
}
