//! From a package, a bundle or an `.appinstaller` to installed packages.

use std::path::Path;
use std::time::SystemTime;

use clap::Args;
use lowbox_linux::installed::{Install, Installation, NewPackage, Repository};
use lowbox_linux::package::{PackageFile, machine};
use lowbox_linux::prepare::Caller;
use lowbox_msix::app_installer::{self, AppInstaller, RemotePackage};
use lowbox_msix::bundle::{Bundle, choose};
use lowbox_msix::container::Source;
use lowbox_msix::package::Package;
use lowbox_msix::signature::{Trust, UnixTime};
use lowbox_msix::{Identity, Manifest};

use super::fits::{check_fits, check_trust_level};
use super::location::Location;
use crate::arguments::size;
use crate::commands::package::{Opened, failed, opened};
use crate::failure::Failure;
use crate::progress;
use crate::trust::{TrustArguments, Verdict, distrust, judge, seconds};

/// What is fetched has no more bytes unless more are allowed.
const MAX_FETCHED: u64 = 8 << 30;

/// Options that say what may be installed.
#[derive(Debug, Args)]
pub struct Allowed {
    /// Who is trusted.
    #[command(flatten)]
    pub trust: TrustArguments,

    /// Install it although it is not signed, under a family name of its own
    #[arg(long)]
    pub allow_unsigned: bool,

    /// Install it although nobody whom you trust has signed it, under a family name of its own
    #[arg(long)]
    pub allow_untrusted: bool,

    /// In place of a newer version too
    #[arg(long)]
    pub allow_downgrade: bool,

    /// In place of a package of the same version with other files too, as while it is being developed; its data stay
    #[arg(long)]
    pub replace: bool,

    /// Install it with the private data and consents that a program under its name left before it was installed
    #[arg(long)]
    pub take_data: bool,

    /// The most bytes that its files may have, for example 20G (8G if it is not said)
    #[arg(long, value_name = "BYTES", value_parser = size)]
    pub max_size: Option<u64>,

    /// Install a package of programs that run with full trust, that is, with all your rights
    #[arg(long)]
    pub full_trust: bool,
}

/// What an `.appinstaller` names.
struct Named<'a> {
    /// The `.appinstaller`.
    from: &'a Location,
    package: &'a RemotePackage,
    /// What it says to be needed by it.
    needs: &'a [RemotePackage],
    /// It is needed by another one.
    is_needed: bool,
}

/// How a package is installed.
struct How<'a> {
    named: Option<&'a Named<'a>>,
    install: Install,
}

/// Who installs.
pub struct Installer<'a> {
    allowed: &'a Allowed,
    trust: Trust,
    now: UnixTime,
    how: Install,
    /// Where to.
    pub repository: Repository,
}

impl Installer<'_> {
    /// For the caller.
    ///
    /// # Errors
    /// A certificate that can't be read, a folder that can't be had.
    pub fn new<'a>(caller: &Caller, allowed: &'a Allowed) -> Result<Installer<'a>, Failure> {
        let lowbox =
            std::env::current_exe().map_err(|error| Failure::new(format!("lowbox itself: {error}")))?;
        Ok(Installer {
            allowed,
            trust: allowed.trust.trust()?,
            now: seconds(SystemTime::now()),
            how: Install {
                allow_downgrade: allowed.allow_downgrade,
                replace: allowed.replace,
                take_data: allowed.take_data,
                max_size: allowed.max_size,
                app_installer: None,
                lowbox,
                path: caller.variable("PATH"),
                data_dirs: caller.variable("XDG_DATA_DIRS"),
            },
            repository: Repository::open_or_create(&caller.folders, caller.user.home.as_deref())
                .map_err(Failure::new)?,
        })
    }

    /// Installs what is there, and before it what an `.appinstaller` says that it needs.
    ///
    /// # Errors
    /// The first that can't be installed.
    pub fn install(&self, location: &Location) -> Result<Vec<Installation>, Failure> {
        location.check()?;
        if location.is_app_installer() {
            return self.by_app_installer(location, &app_installer(location)?);
        }
        self.package_at(location, None, None)
    }

    /// Whether an older version may take the place of a newer one.
    pub fn takes_older(&self) -> bool {
        self.allowed.allow_downgrade
    }

    /// What an `.appinstaller` names.
    ///
    /// # Errors
    /// The first that can't be installed.
    pub fn by_app_installer(
        &self,
        location: &Location,
        file: &AppInstaller,
    ) -> Result<Vec<Installation>, Failure> {
        let updates = match &file.uri {
            Some(uri) => location.beside(uri)?,
            None => absolute(location)?,
        };
        let named =
            Named { from: location, package: &file.main, needs: &file.dependencies, is_needed: false };
        self.named(&named, Some(updates.to_string()))
    }

    fn has(&self, needed: &RemotePackage) -> bool {
        let found = self.repository.find(&needed.identity.family_name());
        found.is_ok_and(|package| package.identity.version() >= needed.identity.version())
    }

    fn named(&self, named: &Named<'_>, app_installer: Option<String>) -> Result<Vec<Installation>, Failure> {
        self.package_at(&named.from.beside(&named.package.uri)?, Some(named), app_installer)
    }

    fn package_at(
        &self,
        location: &Location,
        named: Option<&Named<'_>>,
        app_installer: Option<String>,
    ) -> Result<Vec<Installation>, Failure> {
        let limit = self.allowed.max_size.unwrap_or(MAX_FETCHED);
        let file = location.open(&self.repository, limit)?;
        let path = location.shown();
        let opened = opened(&path, &file)?;
        if let Some(named) = named {
            check_expected(opened.identity(), named.package).map_err(|what| failed(&path, &what))?;
        }
        let how = How { named, install: Install { app_installer, ..self.how.clone() } };
        match &opened {
            Opened::Package(package) => self.package(&path, (&file, package), true, &how),
            Opened::Bundle(bundle) => self.bundle(location, &file, bundle, &how),
        }
    }

    /// The package of a bundle that is for this machine.
    fn bundle(
        &self,
        location: &Location,
        file: &PackageFile,
        bundle: &Bundle,
        how: &How<'_>,
    ) -> Result<Vec<Installation>, Failure> {
        let path = &location.shown();
        let publisher = bundle.manifest().identity.publisher().as_str();
        let outer = judge(file, bundle.contents(), publisher, &self.trust, self.now)
            .map_err(|error| failed(path, &error))?;
        self.check_allowed(&outer).map_err(|what| failed(path, &what))?;
        let trusted = outer.is_trusted();
        let choice = choose(bundle.manifest(), &machine()).map_err(|error| failed(path, &error))?;
        let listed = &bundle.manifest().packages[choice.application];
        let member = bundle.member(file, listed).map_err(|error| failed(path, &error))?;
        if let Some((slice, package)) = member {
            return self.package(path, (&slice, &package), trusted, how);
        }
        let Location::File(path) = location else {
            let what = "the packages of this bundle are files beside it; fetch them all into one folder, and install the bundle there";
            return Err(failed(path, &what));
        };
        let beside = path.parent().unwrap_or(Path::new("")).join(listed.file.as_str());
        let file = PackageFile::open(&beside).map_err(|error| failed(&beside, &error))?;
        let package = bundle.check_member(&file, listed).map_err(|error| failed(&beside, &error))?;
        self.package(&beside, (&file, &package), trusted, how)
    }

    /// A package by itself, or of something that is trusted or not.
    fn package<S: Source + ?Sized>(
        &self,
        path: &Path,
        (source, package): (&S, &Package),
        is_of_trusted: bool,
        how: &How<'_>,
    ) -> Result<Vec<Installation>, Failure> {
        let wrong = |what: String| failed(path, &what);
        check_fits(package.manifest()).map_err(wrong)?;
        check_trust_level(package.manifest(), self.allowed.full_trust).map_err(wrong)?;
        let publisher = package.manifest().identity.publisher().as_str();
        let verdict = judge(source, package.contents(), publisher, &self.trust, self.now)
            .map_err(|error| failed(path, &error))?;
        self.check_allowed(&verdict).map_err(wrong)?;
        let new = NewPackage {
            source,
            package,
            signed_by: verdict.signed_by().map(|by| by.subject.clone()),
            trusted: is_of_trusted && verdict.is_trusted(),
        };
        let mut installed = match how.named {
            Some(named) => self.needed(path, named, package.manifest())?,
            None => Vec::new(),
        };
        let one =
            progress::shown("installing", |progress| self.repository.install(&new, &how.install, progress));
        installed.push(one.map_err(|error| failed(path, &error))?);
        Ok(installed)
    }

    /// Installs the frameworks that a package of an `.appinstaller` says itself that it needs: the signer of the package answers for that, and
    /// for the `.appinstaller` nobody does.
    fn needed(
        &self,
        path: &Path,
        named: &Named<'_>,
        manifest: &Manifest,
    ) -> Result<Vec<Installation>, Failure> {
        if named.is_needed && !manifest.properties.framework {
            return Err(failed(path, &"the .appinstaller says that it is needed, and it is no framework"));
        }
        let says = |needed: &&RemotePackage| {
            manifest.package_dependencies.iter().any(|one| {
                one.name.eq_ignore_ascii_case(needed.identity.name())
                    && one.publisher == *needed.identity.publisher()
            })
        };
        let mut installed = Vec::new();
        for package in named.needs.iter().filter(says).filter(|needed| !self.has(needed)) {
            let needed = Named { from: named.from, package, needs: &[], is_needed: true };
            installed.extend(self.named(&needed, None)?);
        }
        Ok(installed)
    }

    /// Refuses what is not trusted, unless that was allowed.
    fn check_allowed(&self, verdict: &Verdict) -> Result<(), String> {
        match verdict {
            Verdict::Unsigned if !self.allowed.allow_unsigned => Err(
                "it is not signed, so anybody can have made it; --allow-unsigned installs it under a family name of its own"
                    .to_owned(),
            ),
            Verdict::Untrusted(_, why) if !self.allowed.allow_untrusted => Err(format!(
                "{}; --allow-untrusted installs it under a family name of its own",
                distrust(why)
            )),
            _ => Ok(()),
        }
    }
}

/// Reads an `.appinstaller`.
///
/// # Errors
/// When it can't be had, or is none; with line and column.
pub fn app_installer(location: &Location) -> Result<AppInstaller, Failure> {
    let bytes = location.read(app_installer::MAX_BYTES)?;
    AppInstaller::parse(&bytes).map_err(|error| failed(&location.shown(), &error))
}

/// A path as it is found from everywhere.
fn absolute(location: &Location) -> Result<Location, Failure> {
    Ok(match location {
        Location::File(path) => {
            Location::File(std::path::absolute(path).map_err(|error| failed(path, &error))?)
        }
        url => url.clone(),
    })
}

/// What is fetched has to be what the `.appinstaller` says.
fn check_expected(found: &Identity, expected: &RemotePackage) -> Result<(), String> {
    let expected = &expected.identity;
    let same = found.name() == expected.name()
        && found.publisher() == expected.publisher()
        && found.version() == expected.version();
    if same {
        return Ok(());
    }
    Err(format!(
        "it is {} {} of {}, and the .appinstaller says that {} {} of {} is there",
        found.name(),
        found.version(),
        found.publisher(),
        expected.name(),
        expected.version(),
        expected.publisher()
    ))
}
