//! Parts of records for tests.
#![allow(dead_code)] // Each test program uses some of it.

pub mod world;

use std::collections::HashMap;
use std::net::IpAddr;
use std::sync::{Arc, LazyLock};

use lowbox_policy::Operation;
use lowbox_policy::network::{Protocol, Route};
use lowbox_profiler::Raw;
use lowbox_profiler::collect::{Event, First, Sink};
use lowbox_profiler::record::{
    Denial, Frame, Mode, Module, Node, Object, Process, Right, Run, Stack, VERSION, Why,
};
use lowbox_security::AccessMask;
use proptest::prelude::*;

static X: LazyLock<Raw> = LazyLock::new(|| Raw::from("/bin/x"));

pub fn run(package: &str) -> Run {
    Run {
        version: VERSION,
        lowbox: "0.1.0".to_owned(),
        package: package.to_owned(),
        publisher_id: String::new(),
        machine: "host".into(),
        mode: Mode::Learn,
        started: 1_000,
        command: vec!["/bin/x".into()],
        capabilities: Vec::new(),
        grants: Vec::new(),
        less_privileged: false,
        probes: false,
        drives: Vec::new(),
    }
}

pub fn file(path: &str) -> Object {
    Object::File { path: path.into(), node: Node::File }
}

pub fn network(address: &str, port: u16) -> Object {
    let address: IpAddr = address.parse().unwrap();
    Object::Network { address, port, protocol: Protocol::Tcp, route: Route::Other, name: None }
}

pub fn no_entry() -> Denial {
    let right = AccessMask::READ_DATA;
    Denial { desired: right, missing: right, on_parent: false, why: Why::NoEntry }
}

pub fn event(object: &Object, at: u64) -> Event<'_> {
    Event { object, right: Right::Do(Operation::Read), denial: no_entry(), exe: &X, site: 0, at }
}

pub fn process(exe: &str) -> Process {
    Process::new(7, 1, exe.into(), [exe.as_bytes(), b"--flag"])
}

pub fn stack(number: u64) -> Stack {
    let module = Arc::new(Module { path: "/lib/libc.so.6".into(), build_id: "ab12".to_owned() });
    let native = |offset| Frame::Native {
        module: Arc::clone(&module),
        offset,
        symbol: Some("openat".into()),
        file: None,
        line: None,
    };
    let python = Frame::Python { file: "/app.py".into(), line: number as u32, function: "main".into() };
    Stack::new(vec![native(number), python, native(99)], false)
}

/// A sink that fails when it is told to, and remembers counts otherwise.
#[derive(Default)]
pub struct Flaky {
    pub fails: bool,
    pub counts: HashMap<u64, u64>,
}

impl Sink for Flaky {
    type Error = ();
    fn process(&mut self, _: u32, _: &Process) -> Result<(), ()> {
        if self.fails { Err(()) } else { Ok(()) }
    }
    fn stack(&mut self, _: u32, _: &Stack) -> Result<(), ()> {
        if self.fails { Err(()) } else { Ok(()) }
    }
    fn access(&mut self, first: &First<'_>) -> Result<(), ()> {
        if self.fails {
            return Err(());
        }
        assert!(self.counts.insert(first.id, first.count).is_none(), "told twice");
        Ok(())
    }
    fn count(&mut self, id: u64, count: u64, _: u64) -> Result<(), ()> {
        if self.fails {
            return Err(());
        }
        let known = self.counts.get_mut(&id).expect("the access is told before its count");
        assert!(*known < count);
        *known = count;
        Ok(())
    }
}

/// Any accesses, names of any bytes.
pub fn accesses() -> impl Strategy<Value = Vec<(Object, Right, Option<Stack>)>> {
    let name = proptest::collection::vec(any::<u8>(), 0..12).prop_map(Raw::from);
    let name = prop_oneof![Just(Raw::from("/a")), name];
    let object = prop_oneof![
        name.clone().prop_map(|path| Object::File { path, node: Node::Directory }),
        name.clone().prop_map(|name| Object::AbstractSocket { name }),
        (any::<u32>(), any::<u16>(), proptest::option::of(name.clone())).prop_map(|(address, port, name)| {
            Object::Network {
                address: IpAddr::V4(address.into()),
                port,
                protocol: Protocol::Udp,
                route: Route::Local,
                name,
            }
        }),
        (name.clone(), name.clone()).prop_map(|(class, name)| Object::Other { class, name }),
        (name.clone(), any::<bool>()).prop_map(|(path, block)| Object::Device { path, block }),
    ];
    let right = prop_oneof![Just(Right::Do(Operation::Read)), Just(Right::Accept), Just(Right::Use)];
    let frame = (name, any::<u64>(), any::<u32>(), any::<bool>()).prop_map(|(name, offset, line, python)| {
        if python {
            Frame::Python { file: name.clone(), line, function: name }
        } else {
            let module = Arc::new(Module { path: name.clone(), build_id: String::new() });
            Frame::Native { module, offset, symbol: Some(name), file: None, line: Some(line) }
        }
    });
    let frames = proptest::collection::vec(frame, 0..4);
    let stack =
        proptest::option::of((frames, any::<bool>()).prop_map(|(frames, cut)| Stack::new(frames, cut)));
    proptest::collection::vec((object, right, stack), 0..40)
}
