//! Packages that a package needs.

use std::fmt;

use lowbox_msix::manifest::PackageDependency;
use lowbox_msix::{Manifest, Publisher, Version};

use super::{InstalledError, InstalledPackage, Repository};

/// Frameworks that need one another are followed so far.
const MAX_GRAPH: usize = 128;

/// A package that is needed and not there.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Missing {
    /// Its name.
    pub name: String,
    /// Its publisher.
    pub publisher: Publisher,
    /// The version that is needed.
    pub needed: Version,
    /// The one that is there.
    pub found: Option<Version>,
}

impl fmt::Display for Missing {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        let Missing { name, publisher, needed, found } = self;
        write!(f, "it needs the package {name} {needed} of {publisher}, ")?;
        match found {
            Some(found) => write!(f, "and {found} is installed; install a newer one first"),
            None => write!(f, "which is not installed; install it first"),
        }
    }
}

fn is(package: &InstalledPackage, needed: &PackageDependency) -> bool {
    package.identity.name().eq_ignore_ascii_case(&needed.name)
        && *package.identity.publisher() == needed.publisher
}

fn direct<'a>(manifest: &Manifest, all: &'a [InstalledPackage]) -> (Vec<&'a InstalledPackage>, Vec<Missing>) {
    let (mut found, mut missing) = (Vec::new(), Vec::new());
    for needed in &manifest.package_dependencies {
        let best = all.iter().filter(|package| is(package, needed));
        let best = best.max_by_key(|package| package.identity.version());
        match best {
            Some(package) if package.identity.version() >= needed.min_version => found.push(package),
            older => missing.push(Missing {
                name: needed.name.clone(),
                publisher: needed.publisher.clone(),
                needed: needed.min_version,
                found: older.map(|package| package.identity.version()),
            }),
        }
    }
    (found, missing)
}

impl Repository {
    /// Checks that what a package needs is installed.
    pub(super) fn check_dependencies(&self, manifest: &Manifest) -> Result<(), InstalledError> {
        let missing = direct(manifest, &self.packages()?).1;
        if missing.is_empty() { Ok(()) } else { Err(InstalledError::Dependencies(missing)) }
    }

    /// Those of the installed packages that a package needs, and that those need.
    ///
    /// # Errors
    /// When one is missing.
    pub fn graph(&self, package: &InstalledPackage) -> Result<Vec<InstalledPackage>, InstalledError> {
        if package.manifest.package_dependencies.is_empty() {
            return Ok(Vec::new());
        }
        let all = self.packages()?;
        let mut graph: Vec<&InstalledPackage> = Vec::new();
        let mut manifests = vec![&package.manifest];
        while let Some(manifest) = manifests.pop() {
            let (found, missing) = direct(manifest, &all);
            if !missing.is_empty() {
                return Err(InstalledError::Dependencies(missing));
            }
            for one in found {
                if graph.len() < MAX_GRAPH && !graph.iter().any(|have| std::ptr::eq(*have, one)) {
                    graph.push(one);
                    manifests.push(&one.manifest);
                }
            }
        }
        Ok(graph.into_iter().cloned().collect())
    }

    /// The full names of those that need this one.
    pub(super) fn dependents(&self, package: &InstalledPackage) -> Result<Vec<String>, InstalledError> {
        let all = self.packages()?;
        let needs = |other: &&InstalledPackage| {
            other.manifest.package_dependencies.iter().any(|needed| is(package, needed))
        };
        Ok(all.iter().filter(needs).map(|other| other.record.full_name.clone()).collect())
    }

    /// Those that can be read.
    fn packages(&self) -> Result<Vec<InstalledPackage>, InstalledError> {
        Ok(self.list()?.into_iter().filter_map(|(_, package)| package.ok()).collect())
    }
}
