//! `Network`, an extension of lowbox's own: hosts and ports of the host's loopback that the package may connect to beside its
//! capabilities. Its namespace has to be ignorable, so that every other reader of manifests drops it.

use super::error::{ManifestError, Position, Problem, clip};
use super::namespace::Namespace;
use super::reader::Reader;
use roxmltree::Node;

/// Most entries of each kind.
pub const MAX_ENTRIES: usize = 100;

/// What `Network` declares.
#[derive(Clone, Debug, Default, PartialEq, Eq)]
pub struct NetworkDeclarations {
    /// `AllowedHost`, in order.
    pub hosts: Vec<DeclaredHost>,
    /// The ports of `LoopbackExemption`, from 1, in order.
    pub loopback_ports: Vec<u16>,
}

/// One `AllowedHost`.
#[derive(Clone, Debug, PartialEq, Eq, Hash)]
pub struct DeclaredHost {
    /// `Name`: 1 to 253 letters, digits, `-`, `_`, `.` and `:` (which only an IPv6 address has). Whether it is the name of a
    /// host or an address is for whoever allows it to say.
    pub name: String,
    /// `Port`, from 1; `None` for every one.
    pub port: Option<u16>,
    /// Where it stands.
    pub position: Position,
}

/// Reads the `Network` element.
pub(super) fn read(reader: &Reader<'_>, parent: Node<'_, '_>) -> Result<NetworkDeclarations, ManifestError> {
    reader.require_ignorable(parent)?;
    reader.check_attributes(parent, &[])?;
    let mut declared = NetworkDeclarations::default();
    for node in reader.elements(parent)? {
        match (Namespace::of(node.tag_name().namespace()), node.tag_name().name()) {
            (Namespace::LowboxNetwork, "AllowedHost") => {
                let host = read_host(reader, node)?;
                let again =
                    |one: &DeclaredHost| one.port == host.port && one.name.eq_ignore_ascii_case(&host.name);
                add(reader, node, &mut declared.hosts, again, host.clone(), &host.name)?;
            }
            (Namespace::LowboxNetwork, "LoopbackExemption") => {
                reader.check_attributes(node, &["Port"])?;
                let hint = "name a port of the host's loopback, like Port=\"5432\"";
                let text = reader.required(node, "Port", hint)?;
                let port = port(reader, node, text)?;
                add(reader, node, &mut declared.loopback_ports, |one| *one == port, port, text)?;
            }
            _ => {
                reader.unknown_element(node)?;
                continue;
            }
        }
        for child in reader.elements(node)? {
            reader.unknown_element(child)?;
        }
    }
    Ok(declared)
}

fn add<T>(
    reader: &Reader<'_>,
    node: Node<'_, '_>,
    list: &mut Vec<T>,
    again: impl Fn(&T) -> bool,
    one: T,
    shown: &str,
) -> Result<(), ManifestError> {
    if list.len() == MAX_ENTRIES {
        let what = "hosts or loopback exemptions";
        return Err(reader.error(node, Problem::Limit { what, limit: MAX_ENTRIES }));
    }
    if list.iter().any(again) {
        let (what, name, hint) = ("entry", clip(shown), "remove one");
        return Err(reader.error(node, Problem::Duplicate { what, name, hint }));
    }
    list.push(one);
    Ok(())
}

fn read_host(reader: &Reader<'_>, node: Node<'_, '_>) -> Result<DeclaredHost, ManifestError> {
    reader.check_attributes(node, &["Name", "Port"])?;
    let name = reader.required(node, "Name", "name the host, like Name=\"pypi.org\"")?;
    let plain = |byte: u8| byte.is_ascii_alphanumeric() || matches!(byte, b'-' | b'_' | b'.' | b':');
    // RFC 1035: 253 characters.
    if !(1..=253).contains(&name.len()) || !name.bytes().all(plain) {
        let rule = "write a host's name in ASCII or an address, without wildcard and brackets, like pypi.org or 2001:db8::1";
        return Err(reader.value(node, "AllowedHost Name", name, rule));
    }
    let port = node.attribute("Port").map(|text| port(reader, node, text)).transpose()?;
    Ok(DeclaredHost { name: name.to_owned(), port, position: reader.at(node) })
}

/// `xs:unsignedShort` without sign, leading zeros and the port 0.
fn port(reader: &Reader<'_>, node: Node<'_, '_>, text: &str) -> Result<u16, ManifestError> {
    let digits = text.starts_with(|c: char| matches!(c, '1'..='9'));
    text.parse().ok().filter(|_| digits).ok_or_else(|| {
        reader.value(
            node,
            "Port",
            text,
            "write a number from 1 to 65535, or leave a host's out for every port",
        )
    })
}
