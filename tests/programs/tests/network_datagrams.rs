//! UDP by capability: who reaches what, seen from both ends.

use std::io::BufReader;
use std::process::{Child, Command, Stdio};

use lowbox_program_tests::{
    CLIENT, HOST, INTERNET, LAN, Networks, PLACES, PRIVATE, Person, SERVER, capabilities, everyone, finish,
    script, sets_of_capabilities, wait_for,
};

const PYTHON: &str = "/usr/bin/python3";

#[test]
fn each_combination_of_capabilities_lets_datagrams_reach_exactly_what_it_should() {
    let networks = Networks::make();
    let arguments: Vec<String> =
        PLACES.iter().map(|(address, port, _)| format!("{address},{port}")).collect();
    let arguments: Vec<&str> = arguments.iter().map(String::as_str).collect();
    everyone(|person| {
        let outside = networks.on_host(
            &person.plain([&[PYTHON, script("datagrams.py").to_str().unwrap()], &arguments[..]].concat()),
        );
        let told = finish(outside, 60).succeeded();
        // Whoever sends to 0.0.0.0 hears 127.0.0.1 answer.
        let reached = told.lines().filter(|line| line.ends_with(" reached reached")).count();
        assert_eq!(reached, PLACES.len(), "not even outside: {told}");
        for held in sets_of_capabilities() {
            let run = networks.python_inside(person, &capabilities(&held), "datagrams.py", &arguments);
            let told = finish(run, 60).succeeded();
            assert_eq!(told.lines().count(), PLACES.len());
            for (line, (address, _, opened_by)) in told.lines().zip(PLACES) {
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
        let told = finish(networks.python_inside(person, options, "datagrams.py", &places), 60).succeeded();
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
fn a_bind_that_fails_takes_no_port_of_the_hosts() {
    let networks = Networks::make();
    let hold = |address: &str, port: u16| {
        let family = if address == "::" { "AF_INET6" } else { "AF_INET" };
        let script = format!(
            "import socket, sys
s = socket.socket(socket.{family}, socket.SOCK_DGRAM)
if s.family == socket.AF_INET6: s.setsockopt(socket.IPPROTO_IPV6, socket.IPV6_V6ONLY, 1)
try: s.bind(('{address}', {port}))
except OSError as error: sys.exit(f'READY {{error}}')
print('READY', flush=True)
sys.stdin.read()"
        );
        let mut command = Command::new(PYTHON);
        command.args(["-c", &script]);
        let mut command = networks.on_host(&command);
        let mut child =
            command.stdin(Stdio::piped()).stdout(Stdio::piped()).stderr(Stdio::null()).spawn().expect("it");
        let mut told = String::new();
        std::io::BufRead::read_line(&mut BufReader::new(child.stdout.take().expect("piped")), &mut told)
            .expect("text");
        (child, told == "READY\n")
    };
    let script = "import socket, time
def attempt(sock, address):
    try: sock.bind(address); return 'bound'
    except OSError as error: return str(error.errno)
fresh = lambda: socket.socket(socket.AF_INET, socket.SOCK_DGRAM)
first = fresh()
told = [attempt(first, ('0.0.0.0', 8090)), attempt(first, ('0.0.0.0', 8091)), attempt(fresh(), ('10.99.0.1', 8092))]
print('READY', *told, attempt(fresh(), ('0.0.0.0', 8093)), flush=True)
time.sleep(60)";
    everyone(|person| {
        let (theirs, held) = hold("::", 8093);
        assert!(held);
        let run = networks.on_host(&person.inside(capabilities(&[PRIVATE]), [PYTHON, "-c", script]));
        let mut run = run;
        let mut child = run.stdin(Stdio::null()).stdout(Stdio::piped()).spawn().expect("nsenter(1)");
        let ready = wait_for(&mut BufReader::new(child.stdout.take().expect("piped")), "READY");
        // EINVAL, EADDRNOTAVAIL, EADDRINUSE.
        assert_eq!(ready, "READY bound 22 99 98", "{}", person.name);
        for (port, free) in [(8090, false), (8091, true), (8092, true), (8093, true)] {
            let (holder, held) = hold("0.0.0.0", port);
            assert_eq!(held, free, "{}: {port}", person.name);
            end(holder);
        }
        end(child);
        end(theirs);
    });
}

#[test]
fn groups_are_heard_by_the_hosts_programs_that_joined_them_alone() {
    let networks = Networks::make();
    let mut member = Command::new(PYTHON);
    let joins = format!(
        "import socket
s = socket.socket(socket.AF_INET, socket.SOCK_DGRAM)
s.bind(('', 8095))
group = socket.inet_aton('239.9.9.9') + socket.inet_aton('{HOST}')
s.setsockopt(socket.IPPROTO_IP, socket.IP_ADD_MEMBERSHIP, group)
print('READY', flush=True)
while True: print('heard', s.recv(100).decode(), flush=True)"
    );
    member.args(["-c", &joins]);
    let mut member =
        networks.on_host(&member).stdin(Stdio::null()).stdout(Stdio::piped()).spawn().expect("nsenter(1)");
    let heard = std::cell::RefCell::new(BufReader::new(member.stdout.take().expect("piped")));
    wait_for(&mut heard.borrow_mut(), "READY");
    everyone(|person| {
        let mut run =
            networks.python_inside(person, &capabilities(&[PRIVATE]), "datagram_server.py", &["8094", "4"]);
        let mut child = run.stdin(Stdio::null()).stdout(Stdio::piped()).spawn().expect("nsenter(1)");
        let mut output = BufReader::new(child.stdout.take().expect("piped"));
        wait_for(&mut output, "READY");
        let tell = format!(
            "import socket
s = socket.socket(socket.AF_INET, socket.SOCK_DGRAM)
s.setsockopt(socket.IPPROTO_IP, socket.IP_MULTICAST_IF, socket.inet_aton('{LAN}'))
s.sendto(b'all', ('239.9.9.9', 8094))
s.sendto(b'members', ('239.9.9.9', 8095))"
        );
        let mut world = Command::new(PYTHON);
        world.args(["-c", &tell]);
        assert!(networks.in_world(&world).status().expect("Python").success());
        // The group does reach the host, after what was sent to the server's port.
        wait_for(&mut heard.borrow_mut(), "heard members");
        let mut knock = Command::new(PYTHON);
        knock.arg(script("datagram_client.py")).args([HOST, "8094", LAN, "bye"]);
        assert_eq!(finish(networks.in_world(&knock), 20).succeeded(), "served");
        let mut told = String::new();
        std::io::Read::read_to_string(&mut output, &mut told).expect("text");
        assert_eq!(told, format!("peer {LAN}\n"), "{}: it heard the group", person.name);
        end(child);
    });
    end(member);
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
        let run = networks.python_inside(person, &capabilities(&[CLIENT]), "datagram_ways.py", &[INTERNET]);
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
        let run =
            networks.python_inside(person, &capabilities(&[PRIVATE]), "datagram_server.py", &["8082", "4"]);
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
    let mut run = networks.python_inside(person, &capabilities(held), "datagram_server.py", arguments);
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
