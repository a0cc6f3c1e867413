//! `lowbox explain --connect`. Whether it is true is tried in tests/programs, with networks.

mod common;

use common::World;
use serde_json::{Value, json};

fn answer(world: &World, destination: &str, options: &[&str]) -> Value {
    let arguments = [&["explain", "--json", "--connect", destination], options].concat();
    world.lowbox(arguments).expect(0).json()
}

#[test]
fn a_denied_address_says_what_it_is_and_what_would_grant_it_and_that_is_true() {
    let world = World::new();
    let capability = |name: &str| json!({"kind": "capability", "name": name});
    let host = |argument: &str| json!({"kind": "allow-host", "argument": argument});
    for (destination, classes, would_grant) in [
        (
            "93.184.216.34:443",
            json!(["internet"]),
            vec![capability("internetClient"), capability("internetClientServer"), host("93.184.216.34:443")],
        ),
        (
            "[fd00::1]:80",
            json!(["private"]),
            vec![capability("privateNetworkClientServer"), host("[fd00::1]:80")],
        ),
        ("127.0.0.1:5432", json!(["loopback"]), vec![json!({"kind": "allow-loopback", "port": 5432})]),
        ("169.254.169.254:80", json!(["linklocal"]), vec![]),
        // NAT64 of a private address: both, and no single capability opens both.
        ("[64:ff9b::a00:1]:80", json!(["internet", "private"]), vec![host("[64:ff9b::a00:1]:80")]),
    ] {
        let denied = answer(&world, destination, &[]);
        assert_eq!(denied["granted"], json!({"tcp": false, "udp": false}), "{denied:#}");
        assert_eq!(denied["resolves"], Value::Null);
        let address = &denied["addresses"][0];
        assert_eq!(address["classes"], classes, "{destination}");
        assert_eq!(address["tcp"]["would_grant"], Value::from(would_grant.clone()), "{destination}");
        for suggestion in would_grant {
            let kind = suggestion["kind"].as_str().unwrap();
            let value = [&suggestion["name"], &suggestion["argument"], &suggestion["port"]];
            let value = value.into_iter().find(|value| !value.is_null()).unwrap().to_string();
            let granted = answer(&world, destination, &[&format!("--{kind}"), value.trim_matches('"')]);
            let tcp = &granted["addresses"][0]["tcp"];
            assert_eq!(tcp["granted"], true, "{suggestion}: {granted:#}");
            assert_eq!(tcp["would_grant"], json!([]));
            assert!(tcp["checks"].as_array().unwrap().iter().any(|check| check["granted"] == true));
        }
    }
}

#[test]
fn a_manifest_is_asked_about_and_the_entry_that_grants_is_named() {
    let world = World::new();
    let text = include_str!("../../msix/tests/data/valid/lowbox-network.xml");
    let file = world.file("AppxManifest.xml", &text.replace("pypi.org", "10.1.2.3")).display().to_string();
    let manifest = ["--manifest", file.as_str()];
    for (destination, granted, way) in [
        ("93.184.216.34:80", true, "class"),
        ("10.1.2.3:443", true, "allowed-host"),
        ("10.1.2.3:80", false, ""),
        ("127.0.0.1:5432", true, "loopback-exemption"),
        ("127.0.0.1:5433", false, ""),
    ] {
        let answer = answer(&world, destination, &manifest);
        assert_eq!(answer["granted"], json!({"tcp": granted, "udp": granted}), "{destination}: {answer:#}");
        let checks = answer["addresses"][0]["tcp"]["checks"].as_array().unwrap();
        let by: Vec<&str> = checks
            .iter()
            .filter(|check| check["granted"] == true)
            .map(|check| check["way"].as_str().unwrap())
            .collect();
        assert_eq!(by, if granted { vec![way] } else { vec![] }, "{destination}");
    }
    let page = world.lowbox(["explain", "--connect", "127.0.0.1:5432", "--manifest", &file]).expect(0);
    let page = page.prints("connect to 127.0.0.1:5432: granted by TCP, granted by UDP");
    page.prints("the host itself, destinations.txt: denied")
        .prints("the host itself, a loopback exemption: granted");
}

#[test]
fn discovery_is_private_by_udp_alone() {
    let answer = answer(&World::new(), "224.0.0.251:5353", &["--capability", "privateNetworkClientServer"]);
    assert_eq!(answer["granted"], json!({"tcp": false, "udp": true}), "{answer:#}");
    assert_eq!(answer["addresses"][0]["udp"]["checks"][0]["class"], "private");
}

#[test]
fn a_name_of_the_hosts_table_needs_no_resolver_and_leads_where_the_table_says() {
    let world = World::new();
    let table = std::fs::read_to_string("/etc/hosts").unwrap_or_default();
    if !table.lines().any(|line| line.starts_with("127.0.0.1") && line.contains("localhost")) {
        println!("left out: /etc/hosts has no localhost");
        return;
    }
    let denied = answer(&world, "localhost:5432", &[]);
    assert_eq!((&denied["resolves"], &denied["granted"]["tcp"]), (&true.into(), &false.into()), "{denied:#}");
    let granted = answer(&world, "127.0.0.1:5432", &["--allow-loopback", "5432"]);
    assert_eq!(granted["granted"]["tcp"], true);
}

#[test]
fn what_is_no_destination_is_refused_with_what_to_write() {
    let world = World::new();
    for (destination, says) in [
        ("10.0.0.1", "name a port too: HOST:PORT"),
        ("a b:80", "is no host name"),
        ("a:http", "is no port"),
        ("no-such-name.invalid:80", "give an address in its place"),
    ] {
        world.lowbox(["explain", "--connect", destination]).expect(125).says(says);
    }
    world.lowbox(["explain"]).expect(125);
    world.lowbox(["explain", "/etc/hosts", "--connect", "a:1"]).expect(125).says("cannot be used with");
}
