//! Which package is meant.

use std::collections::BTreeSet;
use std::fs;

use lowbox_linux::prepare::Caller;
use lowbox_linux::store::Store;
use lowbox_msix::Identity;

use super::Whose;
use crate::failure::Failure;
use crate::installed::repository;
use crate::output;
use crate::package::read_manifest;

impl Whose {
    /// The family name; `None` if no package is named.
    ///
    /// # Errors
    /// A manifest that can't be read, a name that several packages have or that is none.
    pub fn family(&self, caller: &Caller, store: Option<&Store>) -> Result<Option<String>, Failure> {
        if let Some(path) = &self.manifest {
            return Ok(Some(read_manifest(path)?.identity.family_name()));
        }
        self.package.as_deref().map(|name| family(name, caller, store)).transpose()
    }

    /// The family name of the package that has to be named.
    ///
    /// # Errors
    /// As [`Whose::family`], and if none is named.
    pub fn required(&self, caller: &Caller, store: Option<&Store>) -> Result<String, Failure> {
        self.family(caller, store)?.ok_or_else(|| {
            Failure::new(
                "say whose consent: --package FAMILY (lowbox consent list names them) or --manifest FILE",
            )
        })
    }
}

/// A family name as it is; else the one package of that name that is installed or has consents or private data; else a bare command's.
fn family(name: &str, caller: &Caller, store: Option<&Store>) -> Result<String, Failure> {
    if is_family(name) {
        return Ok(name.to_owned());
    }
    let mut known = BTreeSet::new();
    if let Some(store) = store {
        known.extend(store.file_consents(None).map_err(Failure::new)?.into_iter().map(|one| one.package));
        known.extend(
            store.capability_consents(None).map_err(Failure::new)?.into_iter().map(|one| one.package),
        );
    }
    let packages = fs::read_dir(caller.folders.data.join("packages"));
    let names = packages.into_iter().flatten().flatten().map(|entry| entry.file_name());
    known.extend(names.filter_map(|name| name.into_string().ok()).filter(|name| is_family(name)));
    if let Some(repository) = repository(caller)? {
        known.extend(repository.list().map_err(Failure::new)?.into_iter().map(|(family, _)| family));
    }
    let named =
        |family: &&String| family.rsplit_once('_').is_some_and(|(have, _)| have.eq_ignore_ascii_case(name));
    let found: Vec<&String> = known.iter().filter(named).collect();
    match found.as_slice() {
        [] => Ok(Identity::unpackaged(name.as_bytes()).family_name()),
        [one] => Ok((*one).clone()),
        several => {
            let several: Vec<&str> = several.iter().map(|family| family.as_str()).collect();
            Err(Failure::new(format!(
                "{} is the name of several packages; choose one: {}",
                output::visible(name),
                several.join(", ")
            )))
        }
    }
}

/// Name, underscore, the 13 characters of a publisher id.
fn is_family(text: &str) -> bool {
    text.rsplit_once('_').is_some_and(|(name, id)| {
        !name.is_empty()
            && id.len() == 13
            && id.bytes().all(|byte| byte.is_ascii_lowercase() || byte.is_ascii_digit())
    })
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_family_name_ends_in_a_publisher_id() {
        assert!(is_family("Contoso.App_8wekyb3d8bbwe"));
        for other in ["python3", "a_b", "_8wekyb3d8bbwe", "my_8wekyb3d8bbw!"] {
            assert!(!is_family(other), "{other}");
        }
    }
}
