//! `lowbox update`: newer versions of packages that an `.appinstaller` installed.

use std::path::Path;
use std::process::ExitCode;

use clap::Args;
use lowbox_linux::installed::InstalledPackage;
use lowbox_linux::prepare::Caller;
use lowbox_msix::Identity;

use super::install::{Allowed, Installer, Location, Told, app_installer, tell};
use super::package::failed;
use crate::failure::Failure;
use crate::output;

/// `lowbox update`.
#[derive(Debug, Args)]
#[command(
    after_help = "Looks at the .appinstaller that a package was installed by. Nothing is looked for unasked: lowbox has no service, and starts no program \
later for it.

Examples:
  lowbox update                    all that have one
  lowbox update Contoso.App"
)]
pub struct Arguments {
    /// The packages: names, family names or full names
    #[arg(value_name = "NAME")]
    pub names: Vec<String>,

    /// What may be installed.
    #[command(flatten)]
    pub allowed: Allowed,

    /// Answer in JSON (see docs/json.md)
    #[arg(long)]
    pub json: bool,
}

/// Updates; one that can't be updated keeps none of the others from it.
pub fn execute(arguments: &Arguments) -> Result<ExitCode, Failure> {
    let caller = Caller::current().map_err(Failure::new)?;
    let installer = Installer::new(&caller, &arguments.allowed)?;
    let mut packages = Vec::new();
    if arguments.names.is_empty() {
        let all = installer.repository.list().map_err(Failure::new)?;
        let all = all.into_iter().filter_map(|(_, package)| package.ok());
        packages.extend(all.filter(|package| package.record.app_installer.is_some()));
    }
    for name in &arguments.names {
        packages.push(installer.repository.find(name).map_err(Failure::new)?);
    }
    if packages.is_empty() {
        output::say("no installed package came by an .appinstaller, so there is nothing to look for");
    }
    let (mut told, mut failure) = (Vec::new(), None);
    for package in &packages {
        match update(&installer, package) {
            Ok(Some(installed)) => told.extend(installed),
            Ok(None) => output::say(&format!("{} is the newest", package.record.full_name)),
            Err(error) => {
                if let Some(earlier) = failure.replace(error) {
                    crate::failure::report(earlier);
                }
            }
        }
    }
    tell(&told, &caller, arguments.json)?;
    failure.map_or(Ok(ExitCode::SUCCESS), Err)
}

/// `None`: there is nothing newer.
fn update(installer: &Installer<'_>, package: &InstalledPackage) -> Result<Option<Vec<Told>>, Failure> {
    let Some(place) = &package.record.app_installer else {
        return Err(Failure::new(format!(
            "{} was not installed by an .appinstaller, so nobody knows where newer versions are; lowbox install FILE installs one",
            package.record.full_name
        )));
    };
    let location = Location::named(Path::new(place));
    let file = app_installer(&location)?;
    check_same(package, &file.main.identity).map_err(|what| failed(&location.shown(), &what))?;
    let (offered, have) = (file.main.identity.version(), package.identity.version());
    let takes_older = file.updates.from_any_version || installer.takes_older();
    if offered == have || (offered < have && !takes_older) {
        return Ok(None);
    }
    Ok(Some(installer.by_app_installer(&location, &file)?.iter().map(Told::of).collect()))
}

/// An update is one of that package: who can write the `.appinstaller` must not bring others in by it, but for what the package says that it needs.
fn check_same(package: &InstalledPackage, offered: &Identity) -> Result<(), String> {
    // As the manifest says: what nobody vouches for is installed under another publisher.
    let own = &package.manifest.identity;
    if own.name().eq_ignore_ascii_case(offered.name()) && own.publisher() == offered.publisher() {
        return Ok(());
    }
    Err(format!(
        "it names {} of {} now, and {} of {} was installed by it; lowbox install {} installs the other one, if that is meant",
        offered.name(),
        offered.publisher(),
        own.name(),
        own.publisher(),
        package.record.app_installer.as_deref().unwrap_or_default()
    ))
}
