//! `lowbox consent grant`.

use std::process::ExitCode;

use lowbox_linux::prepare::{Caller, Grant, Grantable};
use lowbox_linux::store::{Decision, How, NewFileConsent, Store};
use lowbox_policy::{Verdict, capability};

use super::Whose;
use crate::failure::Failure;
use crate::output;
use crate::package::capability_name;

/// Remembers that the user allows it. Everything is looked at before anything is remembered.
pub fn grant(whose: &Whose, grants: &[Grant], capabilities: &[String]) -> Result<ExitCode, Failure> {
    let caller = Caller::current().map_err(Failure::new)?;
    let known = Store::open_existing(&caller.folders.data).map_err(Failure::new)?;
    let family = whose.required(&caller, known.as_ref())?;
    drop(known);
    let capabilities = capabilities.iter().map(|name| may_consent(name)).collect::<Result<Vec<_>, _>>()?;
    let grantable = Grantable::new(&caller);
    let mut named = Vec::with_capacity(grants.len());
    for grant in grants {
        named.push((grantable.name(&grant.path, grant.rights).map_err(Failure::new)?, grant.rights));
    }
    let mut store = Store::open_or_create(&caller.folders.data).map_err(Failure::new)?;
    for (named, rights) in &named {
        let consent = store
            .replace_file(&NewFileConsent {
                package: &family,
                path: &named.path,
                object: named.id,
                decision: Decision::Allow,
                rights: *rights,
                read_only: false,
                how: How::Command,
            })
            .map_err(Failure::new)?;
        output::say(&format!("{family}: {} is allowed ({})", output::path(&consent.path), consent.rights));
    }
    for name in &capabilities {
        store.remember_capability(&family, name, Decision::Allow, How::Command).map_err(Failure::new)?;
        output::say(&format!("{family}: {name} is allowed, where the package declares it"));
    }
    Ok(ExitCode::SUCCESS)
}

/// The name of a capability that is asked for.
fn may_consent(name: &str) -> Result<String, Failure> {
    let name = capability_name(name).map_err(Failure::new)?;
    let Some(known) = capability(&name) else {
        return Err(Failure::new(format!(
            "{name} is not in the catalogue, so nobody asks for consent to it"
        )));
    };
    if let Verdict::Refuse(why) = known.verdict {
        return Err(Failure::new(format!("the capability {name} is refused: {why}")));
    }
    if !known.privacy {
        return Err(Failure::new(format!(
            "{name} is not privacy-sensitive: a package that declares it has it (lowbox capability list)"
        )));
    }
    Ok(name)
}
