//! The network broker's end: the container's too, at whatever moment.

use std::process::Stdio;
use std::time::{Duration, Instant};

use lowbox_program_tests::{INTERNET, Networks, Person, everyone, until};
use rustix::process::{Pid, Signal, kill_process};

/// Brokers that are killed, for each person.
const KILLED: u64 = 250;
/// So many at a time.
const LANES: u64 = 4;

#[test]
fn the_end_of_the_broker_at_any_moment_ends_the_container_and_opens_nothing() {
    let networks = Networks::make();
    everyone(|person| {
        std::thread::scope(|scope| {
            for lane in 0..LANES {
                let networks = &networks;
                scope.spawn(move || {
                    for round in (lane..KILLED).step_by(LANES as usize) {
                        kill_one(networks, person, round);
                    }
                });
            }
        });
    });
}

fn kill_one(networks: &Networks, person: &Person, round: u64) {
    let connects = format!("import socket\nwhile True: socket.create_connection(('{INTERNET}', 80)).close()");
    let inside = person.inside(["--capability", "internetClient"], ["/usr/bin/python3", "-c", &connects]);
    let mut command = networks.on_host(&inside);
    let mut child = command.stdin(Stdio::null()).stderr(Stdio::null()).spawn().expect("nsenter(1)");
    let mut broker = None;
    until(Duration::from_secs(10), || {
        broker = broker_of(child.id());
        broker.is_some() || child.try_wait().is_ok_and(|status| status.is_some())
    });
    let broker = broker.expect("a container with a network has a broker");
    std::thread::sleep(Duration::from_millis(round * 7 % 200));
    kill_process(broker, Signal::KILL).expect("it runs");
    let since = Instant::now();
    let ended = until(Duration::from_secs(10), || child.try_wait().is_ok_and(|s| s.is_some()));
    let _ = (child.kill(), child.wait());
    assert!(ended, "{}: it goes on {:?} after its broker", person.name, since.elapsed());
}

#[test]
fn the_broker_has_nothing_but_its_channels_and_its_sockets() {
    let networks = Networks::make();
    let script = format!(
        "import socket, sys
one = socket.create_connection(('{INTERNET}', 80))
two = socket.socket(socket.AF_INET, socket.SOCK_DGRAM)
two.connect(('{INTERNET}', 80))
two.send(b'x')
two.recv(10)
sys.stdin.read()"
    );
    everyone(|person| {
        let command = person.inside(["--capability", "internetClient"], ["/usr/bin/python3", "-c", &script]);
        let mut child = networks.on_host(&command).stdin(Stdio::piped()).spawn().expect("nsenter(1)");
        let mut broker = None;
        until(Duration::from_secs(10), || {
            broker = broker_of(child.id());
            broker.is_some()
        });
        let broker = broker.expect("a container with a network has a broker").as_raw_pid();
        let status = || std::fs::read_to_string(format!("/proc/{broker}/status")).expect("it runs");
        let line = |name: &str| {
            let status = status();
            let line = status.lines().find_map(|line| line.strip_prefix(name)).expect("proc(5)");
            line.split_whitespace().next().expect("a value").to_owned()
        };
        let limited = until(Duration::from_secs(10), || line("Seccomp:") == "2");
        assert!(limited, "{}: no filter", person.name);
        // With no_new_privs the bounding set gives nothing.
        for capabilities in ["CapInh:", "CapPrm:", "CapEff:", "CapAmb:"] {
            assert_eq!(line(capabilities), "0000000000000000", "{}: {capabilities}", person.name);
        }
        assert_eq!(line("NoNewPrivs:"), "1");
        assert_ne!(line("Uid:"), "0");
        // Both kinds of sockets work under the filter: the program has come to its end.
        let links = || -> Vec<String> {
            let folder = std::fs::read_dir(format!("/proc/{broker}/fd")).expect("it runs");
            let links = folder.filter_map(|entry| std::fs::read_link(entry.ok()?.path()).ok());
            links.map(|link| link.display().to_string()).collect()
        };
        for link in links() {
            let known = ["socket:", "anon_inode:[eventpoll]", "/dev/null"];
            assert!(known.iter().any(|known| link.starts_with(known)), "{}: {link}", person.name);
        }
        drop(child.stdin.take());
        assert!(child.wait().expect("a child").success(), "{}", person.name);
    });
}

/// The broker: of lowbox's children the one in lowbox's own pid namespace.
fn broker_of(started: u32) -> Option<Pid> {
    let own = std::fs::read_link(format!("/proc/{started}/ns/pid")).ok()?;
    let children = std::fs::read_to_string(format!("/proc/{started}/task/{started}/children")).ok()?;
    let name = std::fs::read_to_string(format!("/proc/{started}/comm")).ok()?;
    if name.trim() != "lowbox" {
        return None;
    }
    let broker = children.split_whitespace().filter_map(|pid| pid.parse::<i32>().ok()).find(|pid| {
        std::fs::read_link(format!("/proc/{pid}/ns/pid")).is_ok_and(|namespace| namespace == own)
    });
    broker.and_then(Pid::from_raw)
}
