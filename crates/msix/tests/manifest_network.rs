//! lowbox's own extension: allowed hosts and loopback exemptions.

use lowbox_msix::manifest::MAX_ENTRIES;
use lowbox_msix::{Manifest, ManifestError};

const FIXTURE: &str = include_str!("data/valid/lowbox-network.xml");
/// The line of the first entry.
const LINE: u32 = 15;

/// The fixture with these entries.
fn with(entries: &str) -> Result<Manifest, ManifestError> {
    let (before, rest) = FIXTURE.split_once("<net:Network>\n").unwrap();
    let (_, after) = rest.split_once("  </net:Network>").unwrap();
    Manifest::parse(format!("{before}<net:Network>\n{entries}</net:Network>{after}").as_bytes())
}

#[test]
fn hosts_and_ports_are_read_in_their_order() {
    let network = Manifest::parse(FIXTURE.as_bytes()).unwrap().network;
    let hosts: Vec<(&str, Option<u16>, u32)> =
        network.hosts.iter().map(|host| (host.name.as_str(), host.port, host.position.line)).collect();
    assert_eq!(hosts, [("pypi.org", Some(443), LINE), ("2001:db8::1", None, LINE + 1)]);
    assert_eq!(network.loopback_ports, [5432]);
    let same = with(
        "<net:AllowedHost Name='nas'/><net:AllowedHost Name='nas' Port='80'/><net:LoopbackExemption Port='65535'/>",
    );
    assert_eq!(same.unwrap().network.hosts.len(), 2);
    assert_eq!(with("").unwrap().network, Default::default());
}

#[test]
fn a_malformed_entry_is_refused_at_its_place_with_what_to_write() {
    for (entry, says) in [
        ("<net:AllowedHost/>", "AllowedHost (\"urn:lowbox:manifest:network\") has no Name; name the host"),
        ("<net:AllowedHost Name=''/>", "AllowedHost Name \"\" is not valid; write a host's name"),
        ("<net:AllowedHost Name='*.example.com'/>", "without wildcard"),
        ("<net:AllowedHost Name='exa\u{301}mple'/>", "in ASCII"),
        ("<net:AllowedHost Name='[::1]'/>", "brackets"),
        ("<net:AllowedHost Name='a' Port='0'/>", "Port \"0\" is not valid; write a number from 1 to 65535"),
        ("<net:AllowedHost Name='a' Port='65536'/>", "65536"),
        ("<net:AllowedHost Name='a' Port='+80'/>", "+80"),
        ("<net:AllowedHost Name='a' Port='080'/>", "080"),
        ("<net:AllowedHost Name='a' net:Port='80'/>", "the attributes without prefix"),
        ("<net:AllowedHost Name='a' Protocol='udp'/>", "attribute Protocol is not known"),
        ("<net:AllowedHost Name='a'><net:Port/></net:AllowedHost>", "element Port"),
        ("<net:AllowHost Name='a'/>", "lowbox knows Network in Package, with AllowedHost (Name, Port)"),
        ("<AllowedHost Name='a'/>", "element AllowedHost is not known"),
        ("<net:LoopbackExemption/>", "has no Port; name a port"),
        ("<net:LoopbackExemption Port='http'/>", "Port \"http\" is not valid"),
        (
            "<net:LoopbackExemption Port='1'/><net:LoopbackExemption Port='1'/>",
            "\"1\" stands here a second time",
        ),
        ("<net:AllowedHost Name='a'/><net:AllowedHost Name='A'/>", "\"A\" stands here a second time"),
        ("<net:AllowedHost Name='a'>every port</net:AllowedHost>", "stray text"),
    ] {
        let error = with(entry).expect_err(entry);
        assert_eq!(error.position.map(|at| at.line), Some(LINE), "{entry}: {error}");
        assert!(error.to_string().contains(says), "{entry}: {error}");
    }
    let ports = |count: usize| -> String {
        (1..=count).map(|port| format!("<net:LoopbackExemption Port='{port}'/>")).collect()
    };
    assert!(with(&ports(MAX_ENTRIES)).is_ok());
    assert!(with(&ports(MAX_ENTRIES + 1)).unwrap_err().to_string().contains("at most 100"));
}

#[test]
fn what_would_open_nothing_or_make_the_package_invalid_elsewhere_is_refused() {
    let unlisted = FIXTURE.replace(" desktop7 net\"", " desktop7\"");
    let error = Manifest::parse(unlisted.as_bytes()).unwrap_err();
    assert!(error.to_string().contains("list its prefix in IgnorableNamespaces"), "{error}");
    // Ignorable or not: entries where they are not read would be lost without a word.
    for place in ["<Capabilities>", "<Resources>", "<Properties>"] {
        let misplaced = FIXTURE.replace(place, &format!("{place}<net:AllowedHost Name='a'/>"));
        let error = Manifest::parse(misplaced.as_bytes()).unwrap_err();
        assert!(error.to_string().contains("lowbox knows Network in Package"), "{place}: {error}");
    }
    let twice = FIXTURE.replace("</Package>", "<net:Network/></Package>");
    assert!(Manifest::parse(twice.as_bytes()).unwrap_err().to_string().contains("second time"));
}
