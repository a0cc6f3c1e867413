//! What is needed, as declarations for a manifest.

use lowbox_msix::manifest::edit::NewCapability;
use lowbox_policy::{Capability, capability};

use crate::attribute::{Attribution, PROMPTING};

/// The capabilities that are needed, for [`add_capabilities`](lowbox_msix::manifest::edit::add_capabilities). Privacy-sensitive
/// ones have a comment; the prompting capability is commented out, and there only if it would be of use.
pub fn declarations(found: &Attribution) -> Vec<NewCapability> {
    let needed = found.capabilities.iter().map(|needed| declaration(&needed.capability));
    let prompting = found.prompting.then(|| capability(PROMPTING)).flatten().map(|prompting| NewCapability {
        comment: Some(
            "prompting: the user is asked at the first access to a file that is not granted. Prompts interrupt, and \
             weaken the sandbox: take the capability in only where nothing else will do"
                .to_owned(),
        ),
        commented_out: true,
        ..declaration(&prompting)
    });
    needed.chain(prompting).collect()
}

/// The declaration of a capability of the catalogue.
pub fn declaration(capability: &Capability) -> NewCapability {
    NewCapability {
        name: capability.name.to_owned(),
        element: capability.element,
        namespace_uri: capability.namespace_uri().to_owned(),
        prefix: capability.namespace.map(str::to_owned),
        comment: capability.privacy.then(|| {
            format!(
                "privacy-sensitive ({}): the user is asked, and can change the answer later",
                capability.guards.replace("--", "-")
            )
        }),
        commented_out: false,
    }
}
