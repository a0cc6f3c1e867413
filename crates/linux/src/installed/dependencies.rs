//! Packages that a package needs.

use std::fmt;

use lowbox_msix::manifest::PackageDependency;
use lowbox_msix::{Identity, Manifest, Publisher, Version};

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
    /// What is there is no framework, whose files are for others.
    pub is_program: bool,
}

impl fmt::Display for Missing {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        let Missing { name, publisher, needed, found, is_program } = self;
        write!(f, "it needs the package {name} {needed} of {publisher}, ")?;
        match found {
            Some(_) if *is_program => {
                write!(f, "which is no framework: its files are not for other packages")
            }
            Some(found) => write!(f, "and {found} is installed; install a newer one first"),
            None => write!(f, "which is not installed; install it first"),
        }
    }
}

/// Only frameworks are for others, as on Windows: a package must not read another one's files, or keep it from being removed, by naming it.
fn is_enough(package: &InstalledPackage, needed: &PackageDependency) -> bool {
    package.manifest.properties.framework && package.identity.version() >= needed.min_version
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
            Some(package) if is_enough(package, needed) => found.push(package),
            older => missing.push(Missing {
                name: needed.name.clone(),
                publisher: needed.publisher.clone(),
                needed: needed.min_version,
                found: older.map(|package| package.identity.version()),
                is_program: older.is_some_and(|package| !package.manifest.properties.framework),
            }),
        }
    }
    (found, missing)
}

fn graph<'a>(
    manifest: &Manifest,
    all: &'a [InstalledPackage],
) -> Result<Vec<&'a InstalledPackage>, InstalledError> {
    let mut graph: Vec<&InstalledPackage> = Vec::new();
    let (mut found, mut missing) = direct(manifest, all);
    while missing.is_empty() {
        let Some(one) = found.pop() else { return Ok(graph) };
        if graph.len() < MAX_GRAPH && !graph.iter().any(|have| std::ptr::eq(*have, one)) {
            graph.push(one);
            let (more, lacks) = direct(&one.manifest, all);
            found.extend(more);
            missing = lacks;
        }
    }
    Err(InstalledError::Dependencies(missing))
}

impl Repository {
    /// Checks that what a package needs is installed.
    pub(super) fn check_dependencies(
        &self,
        identity: &Identity,
        manifest: &Manifest,
    ) -> Result<(), InstalledError> {
        let all = self.packages()?;
        let needed = graph(manifest, &all)?;
        let is_itself = |name: &str, publisher: &Publisher| {
            name.eq_ignore_ascii_case(identity.name()) && publisher == identity.publisher()
        };
        let itself = manifest.package_dependencies.iter().any(|one| is_itself(&one.name, &one.publisher))
            || needed.iter().any(|one| is_itself(one.identity.name(), one.identity.publisher()));
        if itself { Err(InstalledError::NeedsItself(identity.full_name())) } else { Ok(()) }
    }

    /// Those of the installed packages that a package needs, and that those need.
    ///
    /// # Errors
    /// When one is missing.
    pub fn graph(&self, package: &InstalledPackage) -> Result<Vec<InstalledPackage>, InstalledError> {
        if package.manifest.package_dependencies.is_empty() {
            return Ok(Vec::new());
        }
        Ok(graph(&package.manifest, &self.packages()?)?.into_iter().cloned().collect())
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
