//! Hosts and loopback exemptions are added in place: nothing else moves.

use lowbox_msix::Manifest;
use lowbox_msix::manifest::edit::{EditError, NewNetwork, add_network};

const NET: &str = "urn:lowbox:manifest:network";

fn manifest(attributes: &str, end: &str) -> String {
    format!(
        r#"<?xml version="1.0" encoding="utf-8"?>
<!-- kept -->
<Package xmlns="http://schemas.microsoft.com/appx/manifest/foundation/windows10"
    xmlns:uap="http://schemas.microsoft.com/appx/manifest/uap/windows10" {attributes}>
  <Identity Name="Contoso.App"  Publisher='CN=Contoso' Version="1.0.0.0"/>
  <Properties>
    <DisplayName>App</DisplayName>
    <PublisherDisplayName>Contoso</PublisherDisplayName>
    <Logo>logo.png</Logo>
  </Properties>
  <Dependencies>
    <TargetDeviceFamily Name="Linux.All" MinVersion="0.0.0.0" MaxVersionTested="0.0.0.0"/>
  </Dependencies>
  <Applications>
    <Application Id="App" EntryPoint="Windows.FullTrustApplication" Executable="a">
      <uap:VisualElements DisplayName="App" Description="App" BackgroundColor="transparent"
          Square150x150Logo="logo.png" Square44x44Logo="logo.png"/>
    </Application>
  </Applications>
{end}</Package>
"#
    )
}

fn new(hosts: &[(&str, Option<u16>)], ports: &[u16]) -> NewNetwork {
    let hosts = hosts.iter().map(|(name, port)| ((*name).to_owned(), *port)).collect();
    NewNetwork { hosts, loopback_ports: ports.to_vec() }
}

#[test]
fn an_element_is_made_with_its_namespace_and_what_was_there_stays() {
    let old = manifest("IgnorableNamespaces=\"uap\"", "");
    let added =
        add_network(old.as_bytes(), &new(&[("pypi.org", Some(443)), ("nas", None)], &[5432])).unwrap();
    assert_eq!(added.added, ["AllowedHost pypi.org port 443", "AllowedHost nas", "LoopbackExemption 5432"]);
    let text = String::from_utf8(added.bytes.clone()).unwrap();
    let element = "\n  <net:Network>\n    <net:AllowedHost Name=\"pypi.org\" Port=\"443\"/>\n    <net:AllowedHost Name=\"nas\"/>\n    \
                   <net:LoopbackExemption Port=\"5432\"/>\n  </net:Network>";
    assert!(text.contains(element), "{text}");
    let taken_out = text
        .replace(element, "")
        .replace(&format!(" xmlns:net=\"{NET}\""), "")
        .replace("\"uap net\"", "\"uap\"");
    assert_eq!(taken_out, old);
    let again = add_network(&added.bytes, &new(&[("PyPI.org", Some(443))], &[5432])).unwrap();
    assert_eq!((again.bytes, again.added.len()), (added.bytes, 0));
}

#[test]
fn entries_come_behind_those_that_are_there_whatever_the_element_looks_like() {
    let attributes = format!("xmlns:n=\"{NET}\" IgnorableNamespaces=\"n\"");
    for (element, expected) in [
        ("  <n:Network/>\n", "  <n:Network>\n    <n:LoopbackExemption Port=\"2\"/>\n  </n:Network>\n"),
        (
            "  <n:Network>\n    <!-- mine -->\n  </n:Network>\n",
            "  <n:Network>\n    <!-- mine -->\n    <n:LoopbackExemption Port=\"2\"/>\n  </n:Network>\n",
        ),
        (
            "  <n:Network>\n    <n:LoopbackExemption Port='1' /> <!-- one -->\n  </n:Network>\n",
            "  <n:Network>\n    <n:LoopbackExemption Port='1' /> <!-- one -->\n    <n:LoopbackExemption Port=\"2\"/>\n  </n:Network>\n",
        ),
    ] {
        let old = manifest(&attributes, element);
        let added = add_network(old.as_bytes(), &new(&[], &[2])).unwrap();
        assert_eq!(String::from_utf8(added.bytes).unwrap(), manifest(&attributes, expected));
    }
}

#[test]
fn more_than_a_manifest_may_have_and_names_that_end_attributes_are_refused() {
    let old = manifest("", "");
    let ports: Vec<u16> = (1..=101).collect();
    assert!(matches!(add_network(old.as_bytes(), &new(&[], &ports)), Err(EditError::Refused { .. })));
    for name in ["a\"/><x", "", "a b"] {
        assert!(matches!(add_network(old.as_bytes(), &new(&[(name, None)], &[])), Err(EditError::Unsafe(_))));
    }
    let kept = add_network(old.as_bytes(), &new(&[], &ports[..100])).unwrap();
    assert_eq!(Manifest::parse(&kept.bytes).unwrap().network.loopback_ports, ports[..100]);
}
