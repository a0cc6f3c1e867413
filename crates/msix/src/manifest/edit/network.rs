//! Adding hosts and loopback exemptions to a manifest in place (docs/manifest-network.md).

use super::layout::Layout;
use super::scope::Scope;
use super::{EditError, Edited, Manifest, apply, namespace, parse, same_but, text};

/// What is to be opened beside the capabilities.
#[derive(Clone, Debug, Default, PartialEq, Eq)]
pub struct NewNetwork {
    /// Hosts, each with its one port or every one.
    pub hosts: Vec<(String, Option<u16>)>,
    /// Ports of the host's loopback, from 1.
    pub loopback_ports: Vec<u16>,
}

/// Adds the entries that `bytes` does not declare yet, behind those that it has. Doing it again changes nothing.
///
/// # Errors
/// [`EditError`], also for more entries than a manifest may have; nothing is ever written half.
pub fn add_network(bytes: &[u8], new: &NewNetwork) -> Result<Edited, EditError> {
    let before = Manifest::parse(bytes)?;
    let wanted = missing(new, &before);
    let added = wanted.told();
    if added.is_empty() {
        return Ok(Edited { bytes: bytes.to_vec(), added });
    }
    let decoded = text::decode(bytes)?;
    let document = parse(&decoded)?;
    let root = document.root_element();
    let parent = root.children().find(|node| node.has_tag_name((namespace::LOWBOX_NETWORK, "Network")));
    let mut scope = Scope::new(&decoded, root, parent);
    let prefix = scope.prefix_of(namespace::LOWBOX_NETWORK, "net")?;
    let lines = wanted.lines(&prefix)?;
    let layout = Layout::new(&decoded, root);
    let mut all = vec![match parent {
        Some(parent) => layout.append(parent, &lines)?,
        None => layout.new_child(&format!("{prefix}Network"), &lines)?,
    }];
    all.extend(scope.declarations()?);
    let changed = text::encode_like(bytes, &apply(&decoded, all));
    verify(&before, &changed, &wanted)?;
    Ok(Edited { bytes: changed, added })
}

fn missing(new: &NewNetwork, before: &Manifest) -> NewNetwork {
    let mut wanted = NewNetwork::default();
    for (name, port) in &new.hosts {
        let same = |have: &str, of: Option<u16>| have.eq_ignore_ascii_case(name) && of == *port;
        let declared = before.network.hosts.iter().any(|have| same(&have.name, have.port))
            || wanted.hosts.iter().any(|(have, of)| same(have, *of));
        if !declared {
            wanted.hosts.push((name.clone(), *port));
        }
    }
    for port in &new.loopback_ports {
        if !before.network.loopback_ports.contains(port) && !wanted.loopback_ports.contains(port) {
            wanted.loopback_ports.push(*port);
        }
    }
    wanted
}

impl NewNetwork {
    /// For people.
    fn told(&self) -> Vec<String> {
        let host = |(name, port): &(String, Option<u16>)| match port {
            Some(port) => format!("AllowedHost {name} port {port}"),
            None => format!("AllowedHost {name}"),
        };
        let exemption = |port: &u16| format!("LoopbackExemption {port}");
        self.hosts.iter().map(host).chain(self.loopback_ports.iter().map(exemption)).collect()
    }

    fn lines(&self, prefix: &str) -> Result<Vec<String>, EditError> {
        let plain = |byte: u8| byte.is_ascii_alphanumeric() || matches!(byte, b'-' | b'_' | b'.' | b':');
        let mut lines = Vec::new();
        for (name, port) in &self.hosts {
            if name.is_empty() || !name.bytes().all(plain) {
                return Err(EditError::Unsafe("the name of a host holds what no name or address does"));
            }
            let port = port.map_or_else(String::new, |port| format!(" Port=\"{port}\""));
            lines.push(format!("<{prefix}AllowedHost Name=\"{name}\"{port}/>"));
        }
        let exemption = |port: &u16| format!("<{prefix}LoopbackExemption Port=\"{port}\"/>");
        lines.extend(self.loopback_ports.iter().map(exemption));
        Ok(lines)
    }
}

/// Reads what was written: it has to be the old manifest, with the additions.
fn verify(before: &Manifest, changed: &[u8], wanted: &NewNetwork) -> Result<(), EditError> {
    let after = Manifest::parse(changed)
        .map_err(|error| EditError::Refused { added: wanted.told().join(", "), error })?;
    let hosts = |manifest: &Manifest| -> Vec<(String, Option<u16>)> {
        manifest.network.hosts.iter().map(|host| (host.name.clone(), host.port)).collect()
    };
    let hosts_kept = hosts(&after) == [hosts(before), wanted.hosts.clone()].concat();
    let ports = [&before.network.loopback_ports[..], &wanted.loopback_ports].concat();
    let same = same_but(before, &after)
        && after.capabilities == before.capabilities
        && hosts_kept
        && after.network.loopback_ports == ports;
    if same { Ok(()) } else { Err(EditError::Unsafe("read again it is not what it was, with the additions")) }
}
