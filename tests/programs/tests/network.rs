//! Networks by capability: who reaches what, seen from both ends.

use std::ffi::OsString;
use std::io::BufReader;
use std::process::{Child, Command, Stdio};

use lowbox_program_tests::{
    CLIENT, HOST, INTERNET, LAN, Networks, PLACES, PRIVATE, Person, SERVER, capabilities, everyone, finish,
    script, sets_of_capabilities, wait_for,
};

const PYTHON: &str = "/usr/bin/python3";

#[test]
fn each_combination_of_capabilities_reaches_exactly_what_it_should() {
    let networks = Networks::make();
    let arguments: Vec<String> =
        PLACES.iter().map(|(address, port, _)| format!("{address},{port}")).collect();
    let arguments: Vec<&str> = arguments.iter().map(String::as_str).collect();
    everyone(|person| {
        let outside = networks.on_host(
            &person.plain([&[PYTHON, script("reach.py").to_str().unwrap()], &arguments[..]].concat()),
        );
        let reached = finish(outside, 30).succeeded();
        assert_eq!(reached.matches(" reached").count(), PLACES.len(), "not even outside: {reached}");
        for held in sets_of_capabilities() {
            let run = networks.python_inside(person, &capabilities(&held), "reach.py", &arguments);
            let told = finish(run, 30).succeeded();
            for (line, (address, _, opened_by)) in told.lines().zip(PLACES) {
                let expected = opened_by.iter().any(|name| held.contains(name));
                assert_eq!(
                    line.ends_with(" reached"),
                    expected,
                    "{}: {address} with {held:?}: {line}",
                    person.name
                );
            }
            assert_eq!(told.lines().count(), PLACES.len());
        }
        let run = networks.python_inside(person, &["--allow-loopback", "80"], "reach.py", &arguments);
        let told = finish(run, 30).succeeded();
        let reached: Vec<&str> = told.lines().filter(|line| line.ends_with(" reached")).collect();
        assert_eq!(reached, ["127.0.0.1,80 reached", "::ffff:127.0.0.1,80 reached"], "{}", person.name);
    });
}

#[test]
fn names_are_resolved_as_far_as_the_network_is_open() {
    let networks = Networks::make();
    let names = ["web.example", "nas.local", "rebind.example", "nothing.example"];
    everyone(|person| {
        for (options, expected) in [
            (vec![], vec![]),
            (capabilities(&[CLIENT]), vec!["web.example 93.184.216.34", "rebind.example 93.184.216.34"]),
            (
                capabilities(&[CLIENT, PRIVATE]),
                vec![
                    "web.example 93.184.216.34",
                    "nas.local 10.7.0.2",
                    "rebind.example 10.7.0.2",
                    "rebind.example 93.184.216.34",
                ],
            ),
            (vec!["--allow-host", "web.example:80"], vec!["web.example 93.184.216.34"]),
            (vec!["--allow-host", "web.example:443"], vec![]),
            (vec!["--allow-host", "nas.local"], vec!["nas.local 10.7.0.2"]),
            // Whoever owns a public name can't lead into the private network with it.
            (vec!["--allow-host", "rebind.example"], vec!["rebind.example 93.184.216.34"]),
        ] {
            let told = finish(networks.python_inside(person, &options, "names.py", &names), 60).succeeded();
            let reached: Vec<&str> = told.lines().filter_map(|line| line.strip_suffix(" reached")).collect();
            assert_eq!(reached, expected, "{} with {options:?}: {told}", person.name);
        }
        // A name outside of the list is not even asked for, and an address without its name is none of the list's.
        let options = ["--allow-host", "web.example"];
        let told =
            finish(networks.python_inside(person, &options, "names.py", &["nas.local"]), 30).succeeded();
        assert_eq!(told, "nas.local unknown");
        let place = format!("{INTERNET},80");
        let told = finish(networks.python_inside(person, &options, "reach.py", &[&place]), 30).succeeded();
        assert_eq!(told, format!("{place} EACCES"));
    });
}

#[test]
fn what_explain_says_of_a_place_is_what_the_program_finds() {
    let networks = Networks::make();
    let names = ["web.example", "nas.local", "rebind.example"];
    let places = [INTERNET, LAN, "127.0.0.1", "169.254.169.254", HOST];
    everyone(|person| {
        let mut seen = (0, 0);
        for options in [
            &[][..],
            &["--capability", CLIENT],
            &["--capability", PRIVATE],
            &["--capability", CLIENT, "--capability", PRIVATE],
            &["--allow-host", "web.example:80", "--allow-host", "rebind.example"],
            &["--allow-host", "nas.local:443", "--allow-loopback", "80"],
            &["--allow-host", "10.7.0.2:80"],
        ] {
            let explained = |destination: &str| -> serde_json::Value {
                let arguments = [&["explain", "--json", "--connect", destination], options].concat();
                let told = finish(networks.on_host(&person.lowbox(&arguments)), 60).succeeded();
                serde_json::from_str(&told).expect("JSON")
            };
            let mut compare = |asked: &str, granted: bool, told: &str| {
                let what =
                    format!("{}: {asked} with {options:?}: explained {granted}, came {told}", person.name);
                assert_eq!(granted, told.ends_with(" reached"), "{what}");
                if granted { seen.0 += 1 } else { seen.1 += 1 }
            };
            let arguments: Vec<String> = places.iter().map(|place| format!("{place},80")).collect();
            let arguments: Vec<&str> = arguments.iter().map(String::as_str).collect();
            let told =
                finish(networks.python_inside(person, options, "reach.py", &arguments), 60).succeeded();
            assert_eq!(told.lines().count(), places.len(), "{told}");
            for (place, line) in places.iter().zip(told.lines()) {
                compare(place, explained(&format!("{place}:80"))["granted"]["tcp"] == true, line);
            }
            let told = finish(networks.python_inside(person, options, "names.py", &names), 60).succeeded();
            for name in names {
                let answer = explained(&format!("{name}:80"));
                for address in answer["addresses"].as_array().expect("a list") {
                    let start = format!("{name} {} ", address["address"].as_str().expect("a text"));
                    let line = told.lines().find(|line| line.starts_with(&start)).unwrap_or("unknown");
                    let granted = answer["resolves"] == true && address["tcp"]["granted"] == true;
                    compare(&start, granted, line);
                }
            }
        }
        assert!(seen.0 > 10 && seen.1 > 10, "{seen:?}");
    });
}

#[test]
fn a_manifest_opens_exactly_the_hosts_and_ports_that_it_lists_and_the_command_line_adds_to_it() {
    let networks = Networks::make();
    let names = ["web.example", "nas.local", "rebind.example"];
    let places: Vec<String> = [INTERNET, LAN, "127.0.0.1", "169.254.169.254", HOST]
        .iter()
        .map(|address| format!("{address},80"))
        .collect();
    let places: Vec<&str> = places.iter().map(String::as_str).collect();
    everyone(|person| {
        let host = |entry: &str| format!("    <net:AllowedHost {entry}/>");
        let loopback = "    <net:LoopbackExemption Port=\"80\"/>";
        let with_lan = format!("{}\n{loopback}", host(&format!("Name=\"{LAN}\" Port=\"80\"")));
        for (entries, options, expected_names, expected_places) in [
            (String::new(), &[][..], &[][..], &[][..]),
            (host("Name=\"web.example\" Port=\"80\""), &[], &["web.example 93.184.216.34"], &[]),
            (host("Name=\"web.example\" Port=\"443\""), &[], &[], &[]),
            (host("Name=\"nas.local\""), &[], &["nas.local 10.7.0.2"], &[]),
            // A public name does not open the private network, also where a manifest lists it.
            (host("Name=\"rebind.example\""), &[], &["rebind.example 93.184.216.34"], &[]),
            (with_lan, &[], &[], &["10.7.0.2,80", "127.0.0.1,80"]),
            (host("Name=\"10.7.0.2\" Port=\"81\""), &[], &[], &[]),
            (
                host("Name=\"web.example\""),
                &["--allow-host", "nas.local:80", "--allow-loopback", "80"],
                &["web.example 93.184.216.34", "nas.local 10.7.0.2"],
                &["127.0.0.1,80"],
            ),
        ] {
            let manifest = person.network_manifest("Contoso.Network", &entries).display().to_string();
            let options = [&["--manifest", &manifest], options].concat();
            let reached = |program: &str, asked: &[&str]| -> Vec<String> {
                let told = finish(networks.python_inside(person, &options, program, asked), 60).succeeded();
                let lines = told.lines().filter_map(|line| line.strip_suffix(" reached"));
                lines.map(str::to_owned).collect()
            };
            assert_eq!(reached("names.py", &names), expected_names, "{} with {entries}", person.name);
            assert_eq!(reached("reach.py", &places), expected_places, "{} with {entries}", person.name);
        }
    });
}

#[test]
fn what_a_program_made_of_its_socket_before_it_connects_holds_afterwards() {
    let networks = Networks::make();
    everyone(|person| {
        let run =
            networks.python_inside(person, &capabilities(&[CLIENT]), "descriptors.py", &[INTERNET, "80"]);
        assert_eq!(finish(run, 60).succeeded(), "kept\nrefused\napart\nswapped", "{}", person.name);
    });
}

#[test]
fn a_server_is_reached_by_those_peers_that_its_capabilities_name() {
    let networks = Networks::make();
    let from = |source: &str, port: &str| {
        let client = script("client.py").display().to_string();
        let mut command = Command::new(PYTHON);
        command.args([&client, HOST, port, source]);
        finish(networks.in_world(&command), 20).succeeded()
    };
    let from_host = |address: &str, port: &str| {
        let mut command = Command::new(PYTHON);
        command.arg(script("client.py")).args([address, port]);
        finish(networks.on_host(&command), 20).succeeded()
    };
    everyone(|person| {
        for how in ["blocking", "asyncio", "listen"] {
            for held in [&[CLIENT][..], &[SERVER], &[PRIVATE], &[SERVER, PRIVATE]] {
                let (server, port) = start(&networks, person, held, how);
                let told = |reached: bool, told: &str, whom: &str| {
                    let what = format!("{}: {how} with {held:?} from {whom}: {told}", person.name);
                    assert_eq!(told == "served", reached, "{what}");
                };
                told(held.contains(&SERVER), &from(INTERNET, &port), "the internet");
                told(held.contains(&PRIVATE), &from(LAN, &port), "the private network");
                // By whatever address: who connects is on the host.
                told(false, &from_host("127.0.0.1", &port), "loopback");
                told(false, &from_host(HOST, &port), "the host");
                end(server);
            }
        }
    });
}

/// A running server and its port.
fn start(networks: &Networks, person: &Person, held: &[&str], how: &str) -> (Child, String) {
    let mut run = networks.python_inside(person, &capabilities(held), "serve.py", &[how]);
    let mut child = run.stdin(Stdio::null()).stdout(Stdio::piped()).spawn().expect("nsenter(1)");
    let mut output = BufReader::new(child.stdout.take().expect("piped"));
    let ready = wait_for(&mut output, "READY");
    std::thread::spawn(move || std::io::copy(&mut output, &mut std::io::sink()));
    (child, ready.split_whitespace().last().expect("a port").to_owned())
}

fn end(mut child: Child) {
    let _ = child.kill();
    let _ = child.wait();
}

#[test]
fn curl_pip_and_git_work_over_tls() {
    let networks = Networks::make();
    let web = networks.web();
    std::fs::write(web.join("page"), "a page\n").expect("a file");
    // The smallest wheel, in an index of one package, and a repository for git's dumb transport.
    let script = format!(
        "set -e; cd '{}'; mkdir -p simple/tiny repository
        {PYTHON} - <<'END'
import zipfile
with zipfile.ZipFile('simple/tiny/tiny-1.0-py3-none-any.whl', 'w') as wheel:
    wheel.writestr('tiny.py', 'ANSWER = 42\\n')
    wheel.writestr('tiny-1.0.dist-info/METADATA', 'Metadata-Version: 2.1\\nName: tiny\\nVersion: 1.0\\n')
    wheel.writestr('tiny-1.0.dist-info/WHEEL', 'Wheel-Version: 1.0\\nGenerator: test\\nRoot-Is-Purelib: true\\nTag: py3-none-any\\n')
    wheel.writestr('tiny-1.0.dist-info/RECORD', '')
END
        echo '<a href=\"tiny-1.0-py3-none-any.whl\">tiny</a>' > simple/tiny/index.html
        cd repository; git init -q .; echo text > file; git add file
        git -c user.name=t -c user.email=t@example.com commit -qm first; git update-server-info
        chmod -R a+rX '{}'",
        web.display(),
        web.display()
    );
    finish(shell(&script), 60).succeeded();
    everyone(|person| {
        let certificate =
            person.file("ca.pem", &std::fs::read_to_string(networks.certificate()).expect("the certificate"));
        let out = person.folder("out");
        let mut options: Vec<OsString> = vec!["--name".into(), "tls".into()];
        options.extend(Person::grant(&certificate, "r"));
        options.extend(Person::grant(&out, "rw"));
        let ca = certificate.display();
        let out = out.display();
        let script = format!(
            "set -e; cd {out}; rm -rf clone site
            curl -sS --cacert {ca} https://web.example/page
            {PYTHON} -m pip --disable-pip-version-check --no-cache-dir install -q --target site --cert {ca} \
              --index-url https://web.example/simple/ tiny 2>&1
            PYTHONPATH=site {PYTHON} -c 'import tiny; print(tiny.ANSWER)'
            git -c http.sslCAInfo={ca} clone -q https://web.example/repository/.git clone; cat clone/file"
        );
        let mut open = options.clone();
        open.extend(["--capability".into(), CLIENT.into()]);
        let run = networks.on_host(&person.inside(&open, ["/bin/bash", "-c", &script]));
        assert_eq!(finish(run, 120).succeeded(), "a page\n42\ntext", "{}", person.name);
        let mut by_name = options.clone();
        by_name.extend(["--allow-host".into(), "web.example:443".into()]);
        let run = networks.on_host(&person.inside(&by_name, ["/bin/bash", "-c", &script]));
        assert_eq!(finish(run, 120).succeeded(), "a page\n42\ntext", "{}", person.name);
        let curl = ["curl", "-sS", "https://web.example/page"];
        let run = networks.on_host(&person.inside(&options, curl));
        assert_ne!(finish(run, 60).code(), Some(0), "{}: without a capability", person.name);
    });
}

fn shell(script: &str) -> Command {
    let mut command = Command::new("/bin/bash");
    command.args(["-c", script]);
    command
}

#[test]
fn node_connects_and_serves() {
    let networks = Networks::make();
    everyone(|person| {
        let text = format!(
            "const net = require('net'), http = require('http');
            const server = http.createServer((q, a) => a.end('served')).listen(0, '127.0.0.1', () => {{
              http.get({{port: server.address().port}}, (answer) => answer.on('data', (text) => {{
                console.log('own', String(text)); server.close();
                const peer = net.connect(80, '{INTERNET}');
                peer.on('data', (text) => {{ console.log(String(text).slice(0, 5)); peer.end(); }});
              }}));
            }});"
        );
        for held in [CLIENT, SERVER] {
            let run = networks.on_host(&person.inside(capabilities(&[held]), ["node", "-e", &text]));
            assert_eq!(finish(run, 60).succeeded(), "own served\nhello", "{} with {held}", person.name);
        }
    });
}

#[test]
fn the_reason_is_said_and_what_would_open_it() {
    let networks = Networks::make();
    everyone(|person| {
        let places = [format!("{INTERNET},80"), format!("{LAN},80"), "169.254.169.254,80".to_owned()];
        let places: Vec<&str> = places.iter().map(String::as_str).collect();
        for options in [&["-v"][..], &["-v", "--allow-loopback", "1"]] {
            let ended = finish(networks.python_inside(person, options, "reach.py", &places), 30);
            for wanted in [
                "denied: connect to 93.184.216.34:80 (the internet)\n  would grant it: --capability internetClient\n",
                "denied: connect to 10.7.0.2:80 (the private network)\n  would grant it: --capability privateNetworkClientServer\n",
                "denied: connect to 169.254.169.254:80 (link-local or a metadata service)\n  no capability grants it\n",
            ] {
                assert!(ended.stderr.contains(wanted), "{}: {}", person.name, ended.stderr);
            }
        }
    });
}
