//! Hosts and loopback exemptions of a manifest, as far as they are refused. What they open is tried in tests/programs.

mod common;

use common::World;

const MANIFEST: &str = include_str!("../../msix/tests/data/valid/lowbox-network.xml");

#[test]
fn a_host_that_is_none_is_refused_with_its_line_and_what_to_write() {
    let world = World::new();
    for (name, says) in [
        ("a..b", "line 15, column 5: AllowedHost: \"a..b\" is no host name: write NAME"),
        ("pypi.org:443", "line 15, column 5: AllowedHost: \"pypi.org:443\" is no host name"),
        ("a:b", "line 15, column 5: AllowedHost: \"b\" is no port"),
        ("*.org", "line 15, column 5: AllowedHost Name \"*.org\" is not valid; write a host's name"),
    ] {
        world.file("AppxManifest.xml", &MANIFEST.replace("\"pypi.org\"", &format!("\"{name}\"")));
        let run = world.lowbox(["run", "--manifest", "AppxManifest.xml", "--", "/bin/true"]);
        run.expect(125).says(says).says("AppxManifest.xml: ");
    }
    world.file("AppxManifest.xml", MANIFEST);
    world.lowbox(["run", "--manifest", "AppxManifest.xml", "--", "/bin/true"]).expect(0);
}
