//! Rules that span the parts of a manifest. Nothing here refuses a manifest: the attributes of each
//! application decide about its isolation, whatever stands beside them.

use super::Manifest;
use super::isolation::{Generation, Isolation};
use super::reader::Reader;
use super::warning::Notice;
use crate::Version;
use roxmltree::Node;

/// First build that knows the `uap18` attributes.
const FIRST_UAP18: Version = Version([10, 0, 26100, 0]);
/// First build that knows `previewsecurity2`.
const FIRST_PREVIEW2: Version = Version([10, 0, 25357, 0]);
/// Extensions that register something global and so need `runFullTrust`.
const GLOBAL: [&str; 3] = ["windows.comServer", "windows.comInterface", "windows.firewallRules"];
const SILO_PREFIX: &str = "isolatedwin32-";

/// Adds the warnings that concern the manifest as a whole, at `node`.
pub(super) fn check(reader: &mut Reader<'_>, node: Node<'_, '_>, manifest: &Manifest) {
    let run_full_trust =
        manifest.capabilities.iter().any(|one| one.name.eq_ignore_ascii_case("runFullTrust"));
    let isolated = manifest.applications.iter().any(|one| one.isolation.is_isolated());
    let silo = manifest.applications.iter().any(|one| one.isolation.is_silo());
    let partial_trust = manifest.applications.iter().any(|one| one.partial_trust);
    let global = manifest
        .applications
        .iter()
        .flat_map(|one| &one.extensions)
        .chain(&manifest.extensions)
        .find(|one| GLOBAL.contains(&one.as_str()));

    match global {
        Some(category) if !run_full_trust => reader.warn(node, Notice::NeedsFullTrust(category.clone())),
        None if run_full_trust && isolated => reader.warn(node, Notice::FullTrustBesideIsolation),
        _ => {}
    }
    let of_silo = manifest.capabilities.iter().find(|one| {
        one.name.get(..SILO_PREFIX.len()).is_some_and(|head| head.eq_ignore_ascii_case(SILO_PREFIX))
    });
    if let Some(capability) = of_silo {
        let name = capability.name.clone();
        if partial_trust {
            reader.warn(node, Notice::SiloCapabilityWithPartialTrust(name));
        } else if !silo {
            reader.warn(node, Notice::SiloCapabilityWithoutSilo(name));
        }
    }
    for application in &manifest.applications {
        let id = || application.id.clone();
        if isolated && !application.isolation.is_isolated() {
            reader.warn(node, Notice::MixedIsolation(id()));
        }
        if application.isolation == Isolation::FullTrust && !run_full_trust {
            reader.warn(node, Notice::NoRunFullTrust(id()));
        }
        match application.generation {
            Some(Generation::Preview1 | Generation::Preview2) => reader.warn(node, Notice::PreviewForm(id())),
            Some(Generation::Uap18) if application.base_full_trust && !run_full_trust => {
                reader.warn(node, Notice::FullTrustEntryPointBeneath(id()));
            }
            _ => {}
        }
    }
    check_fallback(reader, node, manifest);
}

/// A silo whose package installs on systems that skip the attributes runs with full trust there.
fn check_fallback(reader: &mut Reader<'_>, node: Node<'_, '_>, manifest: &Manifest) {
    let needed = manifest.applications.iter().filter_map(|one| match one.generation? {
        Generation::Uap18 => Some(FIRST_UAP18),
        Generation::Preview2 => Some(FIRST_PREVIEW2),
        Generation::Preview1 => None,
    });
    let Some(needed) = needed.max() else { return };
    for family in &manifest.target_device_families {
        if family.name.eq_ignore_ascii_case("Windows.Desktop") && family.min_version < needed {
            reader.warn(node, Notice::FallsBackToFullTrust { found: family.min_version, needed });
        }
    }
}
