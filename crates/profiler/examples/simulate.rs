//! A record file of a made-up run, for trying reports and queries on any amount of data:
//!
//! `cargo run --release -p lowbox-profiler --example simulate -- COUNT MACHINE HOME > run.trace`
//!
//! COUNT different accesses, from up to 3,000 call stacks; the same arguments give the same bytes.

use std::io::{self, BufWriter};
use std::net::{IpAddr, Ipv4Addr};
use std::sync::Arc;

use lowbox_policy::Operation;
use lowbox_policy::network::{Protocol, Route};
use lowbox_profiler::Raw;
use lowbox_profiler::collect::{Collector, Event, Limits};
use lowbox_profiler::record::{
    Bus, Denial, Frame, Mode, Module, Node, Object, Process, Right, Run, Stack, TraceWriter, VERSION, Why,
};
use lowbox_security::AccessMask;

fn main() -> io::Result<()> {
    let mut arguments = std::env::args().skip(1);
    let count: u64 = arguments.next().and_then(|text| text.parse().ok()).unwrap_or(1000);
    let machine = arguments.next().unwrap_or_else(|| "simulated".to_owned());
    let home = arguments.next().unwrap_or_else(|| "/home/ada".to_owned());
    let run = Run {
        version: VERSION,
        lowbox: env!("CARGO_PKG_VERSION").to_owned(),
        package: "python3_ghb20fgj27mh0".to_owned(),
        publisher_id: "ghb20fgj27mh0".to_owned(),
        machine: machine.as_str().into(),
        mode: Mode::Learn,
        started: 1_795_000_000_000,
        command: ["python3", "report.py", "--year", "2026"].map(Raw::from).to_vec(),
        capabilities: Vec::new(),
        grants: Vec::new(),
        less_privileged: false,
        probes: false,
        drives: Vec::new(),
    };
    let mut trace = TraceWriter::new(BufWriter::new(io::stdout().lock()), &run)?;
    let mut collector = Collector::new(Limits::default());
    let modules: Vec<Arc<Module>> = ["/usr/bin/python3.13", "/usr/lib/x86_64-linux-gnu/libc.so.6"]
        .map(|path| Arc::new(Module { path: path.into(), build_id: "5d2c61a4".to_owned() }))
        .to_vec();
    let programs =
        ["/usr/bin/python3.13", "/usr/bin/python3.13", "/usr/bin/python3.13", "/usr/bin/git"].map(Raw::from);
    for number in 0..count {
        let exe = &programs[(number % 4) as usize];
        let (object, right) = access(number, &home);
        let right_mask = AccessMask::READ_DATA;
        let denial =
            Denial { desired: right_mask, missing: right_mask, on_parent: false, why: Why::NotAllowed };
        let at = run.started + number * 7 % 600_000;
        let event = Event { object: &object, right, denial, exe, site: 0, at };
        let details = || {
            let name = exe.file_name();
            let arguments = [name.as_bytes(), b"report.py", b"--year", b"2026"];
            (
                Process::new(1000 + (number % 4) as u32, 999, exe.clone(), arguments),
                Some(stack(number, &modules)),
            )
        };
        collector.add(&event, details, &mut trace)?;
        for again in 0..number % 5 {
            collector.add(&Event { at: at + again, ..event }, || unreachable!(), &mut trace)?;
        }
    }
    collector.checkpoint(&mut trace)
}

fn access(number: u64, home: &str) -> (Object, Right) {
    let file = |path: String| Object::File { path: path.as_str().into(), node: Node::File };
    let peer = |address: Ipv4Addr, port| Object::Network {
        address: IpAddr::V4(address),
        port,
        protocol: Protocol::Tcp,
        route: Route::Other,
        name: None,
    };
    let read = Right::Do(Operation::Read);
    let connect = Right::Do(Operation::Connect);
    let low = u8::try_from(number / 20 % 250).unwrap_or(1);
    let middle = u8::try_from(number / 5000 % 250).unwrap_or(1);
    match number % 20 {
        0..4 => (file(format!("{home}/Documents/year-{}/invoice-{number}.pdf", number % 12)), read),
        4 => (file(format!("{home}/Documents/out/report-{number}.html")), Right::Do(Operation::Create)),
        5..8 => (file(format!("{home}/Pictures/{}/IMG_{number}.jpg", number % 30)), read),
        8..11 => (file(format!("{home}/src/project/pkg{}/module_{number}.py", number % 40)), read),
        11 => (file(format!("/srv/data/{number}.csv")), read),
        12..14 => (peer(Ipv4Addr::new(93, 184, middle, low), 443), connect),
        14 => (peer(Ipv4Addr::new(10, 0, middle, low), 5432), connect),
        15 => (peer(Ipv4Addr::LOCALHOST, 8000 + u16::from(low % 3)), connect),
        16 => (
            Object::Device { path: format!("/dev/video{}", number / 20 % 4).as_str().into(), block: false },
            read,
        ),
        17 => (
            Object::UnixSocket { path: format!("/run/service-{}.sock", number / 20).as_str().into() },
            connect,
        ),
        18 => {
            let name = format!("org.example.Service{}", number / 20);
            (Object::BusName { bus: Bus::Session, name: name.as_str().into() }, Right::Use)
        }
        _ => (file(format!("/proc/{number}/environ")), read),
    }
}

/// One of 3,000.
fn stack(number: u64, modules: &[Arc<Module>]) -> Stack {
    let native = |module: usize, symbol: &str, offset| Frame::Native {
        module: Arc::clone(&modules[module]),
        offset,
        symbol: Some(symbol.into()),
        file: None,
        line: None,
    };
    let python = |function: &str, file: &str, line| Frame::Python {
        file: file.into(),
        line,
        function: function.into(),
    };
    let mut frames = vec![native(1, "openat64", 0xe_1a30), native(0, "_Py_open", 0x1f_00a2)];
    let step = u32::try_from(number / 20 % 3000).unwrap_or(0);
    match number % 20 {
        0..5 => frames.push(python("read_invoice", "/app/invoices.py", 20 + step % 40)),
        5..8 => frames.push(python("thumbnail", "/app/images.py", 11 + step % 25)),
        8..=10 => frames.push(python("get_code", "<frozen importlib._bootstrap_external>", 1130)),
        12..=15 => {
            frames.push(python("create_connection", "/usr/lib/python3.13/socket.py", 840));
            frames.push(python("fetch", "/app/rates.py", 7 + step % 30));
        }
        _ => frames.push(python("probe", "/app/system.py", 3 + step % 50)),
    }
    for depth in 0..step % 3 {
        frames.push(python("retry", "/app/retry.py", 9 + depth));
    }
    frames.push(python("build", "/app/report.py", 40 + step % 6));
    frames.push(python("main", "/app/report.py", 88));
    frames.push(python("<module>", "report.py", 3));
    frames.push(native(1, "__libc_start_main", 0x2_7cb0));
    Stack::new(frames, number.is_multiple_of(97))
}
