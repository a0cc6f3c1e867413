//! UDP by capability: who reaches what, seen from both ends.

use std::io::BufReader;
use std::process::{Child, Command, Stdio};

use lowbox_program_tests::{
    HOST, INTERNET, INTERNET_V6, LAN, Networks, Person, everyone, finish, script, wait_for,
};

const PYTHON: &str = "/usr/bin/python3";
const CLIENT: &str = "internetClient";
const SERVER: &str = "internetClientServer";
const PRIVATE: &str = "privateNetworkClientServer";

fn inside(networks: &Networks, person: &Person, options: &[&str], name: &str, arguments: &[&str]) -> Command {
    let text = std::fs::read_to_string(script(name)).expect("a program of these tests");
    let file = person.file(name, &text).display().to_string();
    let mut command = vec![PYTHON, "-B", &file];
    command.extend(arguments);
    networks.on_host(&person.inside(options, command))
}

fn capabilities<'a>(names: &[&'a str]) -> Vec<&'a str> {
    names.iter().flat_map(|name| ["--capability", name]).collect()
}

#[test]
fn each_combination_of_capabilities_lets_datagrams_reach_exactly_what_it_should() {
    let networks = Networks::make();
    // A place, and which of client, server and private opens it.
    let mapped = format!("::ffff:{INTERNET}");
    let places: [(&str, u16, &[&str]); 12] = [
        (INTERNET, 80, &[CLIENT, SERVER]),
        (INTERNET_V6, 81, &[CLIENT, SERVER]),
        (&mapped, 80, &[CLIENT, SERVER]),
        (LAN, 80, &[PRIVATE]),
        ("::ffff:10.7.0.2", 80, &[PRIVATE]),
        ("169.254.169.254", 80, &[]),
        ("::ffff:169.254.169.254", 80, &[]),
        ("127.0.0.1", 80, &[]),
        ("::ffff:127.0.0.1", 80, &[]),
        ("0.0.0.0", 80, &[]),
        (HOST, 80, &[]),
        ("2a00:7::1", 81, &[]),
    ];
    let arguments: Vec<String> =
        places.iter().map(|(address, port, _)| format!("{address},{port}")).collect();
    let arguments: Vec<&str> = arguments.iter().map(String::as_str).collect();
    everyone(|person| {
        let outside = networks.on_host(
            &person.plain([&[PYTHON, script("datagrams.py").to_str().unwrap()], &arguments[..]].concat()),
        );
        let told = finish(outside, 60).succeeded();
        // Whoever sends to 0.0.0.0 hears 127.0.0.1 answer.
        let reached = told.lines().filter(|line| line.ends_with(" reached reached")).count();
        assert_eq!(reached, places.len(), "not even outside: {told}");
        for bits in 0..8 {
            let all = [CLIENT, SERVER, PRIVATE];
            let held: Vec<&str> = (0..3).filter(|bit| bits & 1 << bit != 0).map(|bit| all[bit]).collect();
            let run = inside(&networks, person, &capabilities(&held), "datagrams.py", &arguments);
            let told = finish(run, 60).succeeded();
            assert_eq!(told.lines().count(), places.len());
            for (line, (address, _, opened_by)) in told.lines().zip(places) {
                let what = format!("{}: {address} with {held:?}: {line}", person.name);
                if opened_by.iter().any(|name| held.contains(name)) {
                    assert!(line.ends_with(" reached reached"), "{what}");
                } else {
                    assert!(!line.contains("reached"), "{what}");
                    // Who may not send anywhere hears it at once, if anything of networks is open.
                    let own = ["127.0.0.1", "::ffff:127.0.0.1", "0.0.0.0"].contains(&address);
                    assert!(own || held.is_empty() || line.contains("EACCES"), "{what}");
                }
            }
        }
    });
}

#[test]
fn a_loopback_exemption_and_an_allowed_host_open_their_port_alone() {
    let networks = Networks::make();
    let (loopback, internet) = ("127.0.0.1,80", format!("{INTERNET},80"));
    let places = [loopback, "::ffff:127.0.0.1,80", "127.0.0.2,80", "10.7.0.1,80", &internet, "10.7.0.2,80"];
    let expected = |person: &Person, options: &[&str], reached: &[&str]| {
        let told = finish(inside(&networks, person, options, "datagrams.py", &places), 60).succeeded();
        let lines: Vec<&str> =
            told.lines().filter_map(|line| line.strip_suffix(" reached reached")).collect();
        assert_eq!(lines, reached, "{} with {options:?}: {told}", person.name);
    };
    everyone(|person| {
        expected(person, &["--allow-loopback", "80"], &[loopback, "::ffff:127.0.0.1,80"]);
        expected(person, &["--allow-loopback", "81"], &[]);
        let host = format!("{INTERNET}:80");
        expected(person, &["--allow-host", &host], &[&internet]);
        expected(person, &["--allow-host", "93.184.216.34:81"], &[]);
    });
}

#[test]
fn the_anycast_addresses_of_a_host_that_forwards_are_the_hosts_own() {
    let networks = Networks::make();
    let mut command = Command::new("sysctl");
    command.args(["-qw", "net.ipv6.conf.all.forwarding=1"]);
    assert!(networks.on_host(&command).status().expect("sysctl(8)").success());
    // Behind the router's address of the wire's own network (RFC 4291) is whatever listens on the host.
    let mut server = Command::new(PYTHON);
    server.args(["-B"]).arg(script("datagram_server.py")).arg("8083");
    let mut server =
        networks.on_host(&server).stdin(Stdio::null()).stdout(Stdio::piped()).spawn().expect("a server");
    let heard = std::cell::RefCell::new(BufReader::new(server.stdout.take().expect("piped")));
    wait_for(&mut heard.borrow_mut(), "READY");
    let knock = "import socket, sys
s = socket.socket(socket.AF_INET6, socket.SOCK_DGRAM)
try:
    s.sendto(b'knock', ('2a00:7::', 8083))
except OSError as error:
    print(error)";
    everyone(|person| {
        let outside = networks.on_host(&person.plain([PYTHON, "-c", knock]));
        assert_eq!(finish(outside, 20).succeeded(), "", "not even outside");
        wait_for(&mut heard.borrow_mut(), "peer");
        let held = capabilities(&[CLIENT, SERVER, PRIVATE]);
        finish(networks.on_host(&person.inside(held, [PYTHON, "-c", knock])), 20);
    });
    // What came in between would have been told before this one.
    let mut last = Command::new(PYTHON);
    last.args(["-c", &knock.replace("knock'", "bye'")]);
    assert!(networks.on_host(&last).status().expect("Python").success());
    let mut rest = String::new();
    std::io::Read::read_to_string(&mut *heard.borrow_mut(), &mut rest).expect("text");
    assert_eq!(rest.matches("peer").count(), 1, "the host's service heard the container: {rest}");
    end(server);
}

#[test]
fn a_question_to_everybody_nearby_is_answered_with_the_private_network_alone() {
    let networks = Networks::make();
    let mut responder = Command::new(PYTHON);
    let server = format!(
        "import socket
s = socket.socket(socket.AF_INET, socket.SOCK_DGRAM)
s.bind(('', 5353))
group = socket.inet_aton('224.0.0.251') + socket.inet_aton('{LAN}')
s.setsockopt(socket.IPPROTO_IP, socket.IP_ADD_MEMBERSHIP, group)
answers = socket.socket(socket.AF_INET, socket.SOCK_DGRAM)
answers.bind(('{LAN}', 0))
print('READY', flush=True)
while True:
    data, peer = s.recvfrom(100)
    answers.sendto(b'here', peer)"
    );
    responder.args(["-c", &server]);
    let mut responder = networks
        .in_world(&responder)
        .stdin(Stdio::null())
        .stdout(Stdio::piped())
        .spawn()
        .expect("nsenter(1)");
    wait_for(&mut BufReader::new(responder.stdout.take().expect("piped")), "READY");
    let ask = "import socket
s = socket.socket(socket.AF_INET, socket.SOCK_DGRAM)
s.settimeout(1)
s.sendto(b'who?', ('224.0.0.251', 5353))
try:
    told, peer = s.recvfrom(10)
    print(told.decode(), peer[0])
except TimeoutError:
    print('silent')";
    everyone(|person| {
        let outside = networks.on_host(&person.plain([PYTHON, "-c", ask]));
        assert_eq!(finish(outside, 20).succeeded(), format!("here {LAN}"), "not even outside");
        for (held, expected) in [(PRIVATE, format!("here {LAN}")), (SERVER, "silent".to_owned())] {
            let run = networks.on_host(&person.inside(capabilities(&[held]), [PYTHON, "-c", ask]));
            assert_eq!(finish(run, 20).succeeded(), expected, "{} with {held}", person.name);
        }
    });
    end(responder);
}

#[test]
fn what_programs_rely_on_with_udp_holds_through_the_relay() {
    let networks = Networks::make();
    let mut second = Command::new(PYTHON);
    let server = format!(
        "import socket
s = socket.socket(socket.AF_INET, socket.SOCK_DGRAM)
s.bind(('{INTERNET}', 53080))
print('READY', flush=True)
while True:
    data, peer = s.recvfrom(100)
    s.sendto(f'hello {{peer[0]}} {{peer[1]}}'.encode(), peer)"
    );
    second.args(["-c", &server]);
    let mut second =
        networks.in_world(&second).stdin(Stdio::null()).stdout(Stdio::piped()).spawn().expect("nsenter(1)");
    wait_for(&mut BufReader::new(second.stdout.take().expect("piped")), "READY");
    let expected = |stranger: &str| {
        format!(
            "lengths kept\nport same\nstranger {stranger}\nclosed port ECONNREFUSED\n\
             segments 500 1000 1000 1000\nloopback own\n"
        )
    };
    everyone(|person| {
        let outside =
            networks.on_host(&person.plain([PYTHON, script("datagram_ways.py").to_str().unwrap(), INTERNET]));
        let told = finish(outside, 60).succeeded();
        assert!(told.starts_with(&expected("heard")), "not even outside: {told}");
        let run = inside(&networks, person, &capabilities(&[CLIENT]), "datagram_ways.py", &[INTERNET]);
        let told = finish(run, 60).succeeded();
        assert_eq!(told, expected("unheard") + "liar unheard", "{}", person.name);
    });
    end(second);
}

#[test]
fn a_udp_server_hears_those_peers_that_its_capabilities_name() {
    let networks = Networks::make();
    let from = |source: &str, word: &str| {
        let mut command = Command::new(PYTHON);
        command.arg(script("datagram_client.py")).args([HOST, "8081", source, word]);
        finish(networks.in_world(&command), 20).succeeded()
    };
    let from_host = |address: &str| {
        let mut command = Command::new(PYTHON);
        command.arg(script("datagram_client.py")).args([address, "8081"]);
        finish(networks.on_host(&command), 20).succeeded()
    };
    everyone(|person| {
        for family in ["", "4"] {
            let arguments: Vec<&str> = ["8081", family].into_iter().filter(|one| !one.is_empty()).collect();
            for held in [&[CLIENT][..], &[SERVER], &[PRIVATE], &[SERVER, PRIVATE]] {
                let server = start(&networks, person, held, &arguments);
                let told = |reached: bool, told: &str, whom: &str| {
                    let what = format!("{}: {arguments:?} with {held:?} from {whom}: {told}", person.name);
                    assert_eq!(told == "served", reached, "{what}");
                };
                told(held.contains(&SERVER), &from(INTERNET, "knock"), "the internet");
                told(held.contains(&PRIVATE), &from(LAN, "knock"), "the private network");
                told(false, &from_host("127.0.0.1"), "loopback");
                told(false, &from_host(HOST), "the host");
                end(server);
            }
        }
    });
}

#[test]
fn a_udp_port_that_the_host_has_is_taken_and_one_that_a_server_left_is_free() {
    let networks = Networks::make();
    let on_host = |arguments: &[&str]| {
        let mut command = Command::new(PYTHON);
        command.arg("-B").arg(script("datagram_server.py")).args(arguments);
        let mut child =
            networks.on_host(&command).stdin(Stdio::null()).stdout(Stdio::piped()).spawn().expect("a server");
        let ready = wait_for(&mut BufReader::new(child.stdout.take().expect("piped")), "READY");
        (child, ready)
    };
    everyone(|person| {
        let (host, ready) = on_host(&["8082", "4"]);
        assert_eq!(ready, "READY 8082");
        let run = inside(&networks, person, &capabilities(&[PRIVATE]), "datagram_server.py", &["8082", "4"]);
        assert_eq!(finish(run, 20).succeeded(), format!("READY failed {}", libc_eaddrinuse()));
        end(host);
        // One that has said goodbye leaves its port with the container until the next one knocks.
        let script = person.file(
            "two.py",
            &format!(
                "import socket, sys, time\n{}",
                "s = socket.socket(socket.AF_INET, socket.SOCK_DGRAM)
s.bind(('0.0.0.0', 8082))
print('READY', flush=True)
data, peer = s.recvfrom(100)
s.sendto(b'served', peer)
s.close()
print('closed', flush=True)
time.sleep(60)"
            ),
        );
        let run = networks
            .on_host(&person.inside(capabilities(&[PRIVATE]), vec![PYTHON, "-B", script.to_str().unwrap()]));
        let mut run = run;
        let mut child = run.stdin(Stdio::null()).stdout(Stdio::piped()).spawn().expect("nsenter(1)");
        let mut output = BufReader::new(child.stdout.take().expect("piped"));
        wait_for(&mut output, "READY");
        let knock = || {
            let mut command = Command::new(PYTHON);
            command.arg(script_path()).args([HOST, "8082", LAN]);
            finish(networks.in_world(&command), 20).succeeded()
        };
        assert_eq!(knock(), "served");
        wait_for(&mut output, "closed");
        assert_ne!(knock(), "served");
        let (host, ready) = on_host(&["8082", "4"]);
        assert_eq!(ready, "READY 8082", "{}", person.name);
        end(host);
        end(child);
    });
}

fn script_path() -> std::path::PathBuf {
    script("datagram_client.py")
}

fn libc_eaddrinuse() -> i32 {
    rustix::io::Errno::ADDRINUSE.raw_os_error()
}

/// A running server.
fn start(networks: &Networks, person: &Person, held: &[&str], arguments: &[&str]) -> Child {
    let mut run = inside(networks, person, &capabilities(held), "datagram_server.py", arguments);
    let mut child = run.stdin(Stdio::null()).stdout(Stdio::piped()).spawn().expect("nsenter(1)");
    let mut output = BufReader::new(child.stdout.take().expect("piped"));
    assert_eq!(wait_for(&mut output, "READY"), "READY 8081");
    std::thread::spawn(move || std::io::copy(&mut output, &mut std::io::sink()));
    child
}

fn end(mut child: Child) {
    let _ = child.kill();
    let _ = child.wait();
}
