//! Which packages of a bundle a machine and its user need.

use super::manifest::{BundleManifest, BundledPackage, Kind};
use crate::Architecture;
use crate::qualifiers::fit;

/// The family of systems that native Linux programs are for.
const LINUX: &str = "Linux.All";

/// The machine and its user.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Machine {
    /// What it runs, the best first: `x64`, `x86`, `neutral` for a PC.
    pub architectures: Vec<Architecture>,
    /// Tags of languages, the preferred one first.
    pub languages: Vec<String>,
    /// The scale of its screen, in per cent.
    pub scale: u16,
}

/// What is taken: places in [`BundleManifest::packages`].
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Choice {
    /// The package with the programs.
    pub application: usize,
    /// Packages with resources for it.
    pub resources: Vec<usize>,
}

/// No package runs there.
#[derive(Clone, Debug, PartialEq, Eq, thiserror::Error)]
#[error("none of its packages is for this machine: it runs {runs}, and they are for {packages}")]
pub struct ChooseError {
    runs: String,
    packages: String,
}

/// Chooses: the application package of the best architecture, before others one for Linux, the newest of several; of packages with
/// resources those of the user's languages, of the scale that is nearest to the screen's, and those that are for nothing in particular.
///
/// Where none of a user's languages is there, those that the bundle calls its default are taken, or the first one's.
///
/// # Errors
/// When no application package is for one of the machine's architectures.
pub fn choose(manifest: &BundleManifest, machine: &Machine) -> Result<Choice, ChooseError> {
    let rank =
        |package: &BundledPackage| machine.architectures.iter().position(|one| *one == package.architecture);
    let is_candidate = |package: &BundledPackage| package.kind == Kind::Application && !package.is_stub;
    let candidates = manifest.packages.iter().enumerate().filter(|(_, package)| is_candidate(package));
    let best = candidates
        .filter_map(|(at, package)| {
            let linux = package.families.iter().any(|family| family.name.eq_ignore_ascii_case(LINUX));
            // The least is the best; of equal ones the first.
            Some(((!linux, rank(package)?, std::cmp::Reverse(package.version), at), at))
        })
        .min();
    let Some((_, application)) = best else {
        let list = |all: Vec<&str>| {
            let mut all = all;
            all.dedup();
            all.join(", ")
        };
        let packages = manifest.packages.iter().filter(|one| is_candidate(one));
        return Err(ChooseError {
            runs: list(machine.architectures.iter().map(|one| one.as_str()).collect()),
            packages: list(packages.map(|one| one.architecture.as_str()).collect()),
        });
    };
    let mut resources: Vec<usize> = Vec::new();
    resources.extend(languages(manifest, application, machine));
    resources.extend(scale(manifest, application, machine));
    let plain = resource_packages(manifest, machine).filter(|(_, package)| package.resources.is_empty());
    resources.extend(plain.map(|(at, _)| at));
    resources.sort_unstable();
    resources.dedup();
    Ok(Choice { application, resources })
}

/// Packages with resources that the machine can use.
fn resource_packages<'a>(
    manifest: &'a BundleManifest,
    machine: &'a Machine,
) -> impl Iterator<Item = (usize, &'a BundledPackage)> {
    manifest.packages.iter().enumerate().filter(|(_, package)| {
        package.kind == Kind::Resource
            && !package.is_stub
            && machine.architectures.contains(&package.architecture)
    })
}

fn tags(package: &BundledPackage) -> impl Iterator<Item = &str> {
    package.resources.iter().filter_map(|one| one.language.as_deref())
}

/// For each of the user's languages the packages that fit it best.
fn languages(manifest: &BundleManifest, application: usize, machine: &Machine) -> Vec<usize> {
    let packages: Vec<(usize, &BundledPackage)> =
        resource_packages(manifest, machine).filter(|(_, package)| tags(package).next().is_some()).collect();
    let fits = |package: &BundledPackage, wanted: &str| tags(package).map(|tag| fit(tag, wanted)).max();
    let mut taken = Vec::new();
    let mut found = false;
    for wanted in &machine.languages {
        let own = fits(&manifest.packages[application], wanted).unwrap_or_default();
        let best = packages.iter().filter_map(|(_, one)| fits(one, wanted)).max().unwrap_or_default();
        found |= own > 0 || best > 0;
        if best > 0 {
            let equal = packages.iter().filter(|(_, one)| fits(one, wanted) == Some(best));
            taken.extend(equal.map(|(at, _)| *at));
        }
    }
    if !found && tags(&manifest.packages[application]).next().is_none() {
        let default = packages.iter().filter(|(_, one)| one.is_default).map(|(at, _)| *at);
        taken.extend(default);
        if taken.is_empty() {
            taken.extend(packages.first().map(|(at, _)| *at));
        }
    }
    taken
}

/// The smallest scale that is enough, or else the largest; none if the application package has it itself.
fn scale(manifest: &BundleManifest, application: usize, machine: &Machine) -> Option<usize> {
    let scales =
        |package: &BundledPackage| package.resources.iter().filter_map(|one| one.scale).collect::<Vec<_>>();
    // How far from what is wished: what is too small comes last.
    let distance = |scale: u16| (scale < machine.scale, scale.abs_diff(machine.scale));
    let own = scales(&manifest.packages[application]).into_iter().map(distance).min();
    let best = resource_packages(manifest, machine)
        .filter_map(|(at, package)| Some((scales(package).into_iter().map(distance).min()?, at)))
        .min()?;
    own.is_none_or(|own| best.0 < own).then_some(best.1)
}
