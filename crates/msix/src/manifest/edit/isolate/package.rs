//! What is the package's: its version, the systems it is for, its capabilities.

use roxmltree::Node;

use super::super::change::{attribute, value, without_element};
use super::super::namespace;
use super::blocker::Obstacle;
use super::{IsolateError, Options, Plan};
use crate::manifest::namespace::Namespace;
use crate::version::Version;

pub(super) const RUN_FULL_TRUST: &str = "runFullTrust";
/// The first system that knows the attributes, and the one that the documentation says it was tested on.
const FIRST: Version = Version([10, 0, 26100, 0]);
const TESTED: Version = Version([10, 0, 26226, 0]);

/// The version that the isolated package has. The fourth number is the Store's.
pub(super) fn next_version(old: Version, options: &Options) -> Result<Version, IsolateError> {
    if let Some(new) = options.version {
        return if new > old { Ok(new) } else { Err(IsolateError::Version { new, old }) };
    }
    let mut parts = old.0;
    for at in (0..3).rev() {
        if let Some(next) = parts[at].checked_add(1) {
            parts[at] = next;
            parts[at + 1..].fill(0);
            return Ok(Version(parts));
        }
    }
    Err(IsolateError::LastVersion(old))
}

/// Plans the edits.
pub(super) fn edit(plan: &mut Plan<'_, '_>, version: Version) {
    for node in plan.root.children().filter(|node| node.tag_name().namespace() == Some(namespace::FOUNDATION))
    {
        match node.tag_name().name() {
            "Identity" => {
                if let Some(one) = attribute(node, Namespace::None, "Version") {
                    let what = format!("Version {} becomes {version}", plan.before.identity.version());
                    plan.insertions.push(value(one, &version.to_string()));
                    plan.change(node, what, "systems that have the package take only a higher one");
                }
            }
            "Dependencies" => families(plan, node),
            "Capabilities" => capabilities(plan, node),
            _ => {}
        }
    }
}

fn families(plan: &mut Plan<'_, '_>, parent: Node<'_, '_>) {
    let nodes: Vec<_> = parent
        .children()
        .filter(|node| node.has_tag_name((namespace::FOUNDATION, "TargetDeviceFamily")))
        .collect();
    let name = |node: &Node<'_, '_>| node.attribute("Name").unwrap_or_default().to_ascii_lowercase();
    let mut has_isolating =
        nodes.iter().any(|node| ["windows.desktop", "linux.all"].contains(&name(node).as_str()));
    for node in nodes {
        let own = name(&node);
        let is_general =
            own == "windows.universal" || own == "windows7.desktop" || own.starts_with("msixcore.");
        if is_general && has_isolating {
            if !plan.options.fallback {
                plan.insertions.push(without_element(plan.text, node));
                let what =
                    format!("TargetDeviceFamily {} left out", node.attribute("Name").unwrap_or_default());
                plan.change(
                    node,
                    what,
                    "such systems don't isolate, and would run the program with full trust",
                );
            }
            continue;
        }
        if is_general && let Some(one) = attribute(node, Namespace::None, "Name") {
            plan.insertions.push(value(one, "Windows.Desktop"));
            let what = format!("TargetDeviceFamily {} becomes Windows.Desktop", one.value());
            plan.change(node, what, "Win32 app isolation is there on desktop systems only");
            has_isolating = true;
        } else if !own.starts_with("windows.") {
            continue;
        }
        if !plan.options.fallback {
            raise(plan, node, "MinVersion", FIRST, "older systems would run the program with full trust");
        }
        raise(
            plan,
            node,
            "MaxVersionTested",
            TESTED,
            "the documentation's version for isolated applications",
        );
    }
}

fn raise(plan: &mut Plan<'_, '_>, node: Node<'_, '_>, name: &'static str, to: Version, why: &'static str) {
    let Some(one) = attribute(node, Namespace::None, name) else { return };
    if one.value().parse::<Version>().is_ok_and(|found| found < to) {
        plan.insertions.push(value(one, &to.to_string()));
        plan.change(node, format!("{name} {} becomes {to}", one.value()), why);
    }
}

fn capabilities(plan: &mut Plan<'_, '_>, parent: Node<'_, '_>) {
    for node in parent.children().filter(Node::is_element) {
        let Some(name) = node.attribute("Name") else { continue };
        let full_trust = name.eq_ignore_ascii_case(RUN_FULL_TRUST) && !plan.needs_full_trust;
        if full_trust || plan.drops(name) {
            plan.insertions.push(without_element(plan.text, node));
            let why = if full_trust { "an isolated application has none" } else { "asked for with --drop" };
            plan.change(node, format!("capability {name} removed"), why);
        } else if plan.options.refused.iter().any(|one| one.eq_ignore_ascii_case(name)) {
            plan.block(node, Obstacle::Capability(name.to_owned()));
        }
    }
}
