//! `lowbox install`: a package becomes the user's.

use std::path::PathBuf;
use std::process::ExitCode;
use std::time::SystemTime;

use clap::Args;
use lowbox_linux::installed::{Install, Installation, NewPackage, Repository};
use lowbox_linux::prepare::Caller;
use lowbox_msix::manifest::TargetDeviceFamily;
use lowbox_msix::{Architecture, Isolation, Manifest};
use lowbox_policy::capability;
use serde::Serialize;

use super::package::{failed, open};
use crate::arguments::size;
use crate::failure::Failure;
use crate::output::{self, Page};
use crate::progress;
use crate::trust::{TrustArguments, Verdict, distrust, judge, seconds};

/// `lowbox install`.
#[derive(Debug, Args)]
#[command(
    after_help = "For you alone, without any privilege: all of it or nothing. A newer version takes the place of the older one, and its data stay. Programs \
that run go on with the version that they were started from.

Examples:
  lowbox install app.msix
  lowbox install app.msix --trust publisher.pem     whom you trust for this package
  lowbox run Contoso.App                            runs it (lowbox list names what is there)"
)]
pub struct Arguments {
    /// The package
    #[arg(value_name = "FILE")]
    pub package: PathBuf,

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

    /// The most bytes that its files may have, for example 20G (8G if it is not said)
    #[arg(long, value_name = "BYTES", value_parser = size)]
    pub max_size: Option<u64>,

    /// Install a package of programs that run with full trust, that is, with all your rights
    #[arg(long)]
    pub full_trust: bool,

    /// Answer in JSON (see docs/json.md)
    #[arg(long)]
    pub json: bool,
}

#[derive(Serialize)]
struct Answer {
    full_name: String,
    family_name: String,
    version: String,
    before: Option<String>,
    unchanged: bool,
    signed_by: Option<String>,
    trusted: bool,
    commands: Vec<PathBuf>,
    left_out: Vec<LeftOut>,
    applications: Vec<String>,
    capabilities: Vec<String>,
}

#[derive(Serialize)]
struct LeftOut {
    name: String,
    why: String,
}

/// Installs.
pub fn execute(arguments: &Arguments) -> Result<ExitCode, Failure> {
    let path = &arguments.package;
    let caller = Caller::current().map_err(Failure::new)?;
    let (file, package) = open(path)?;
    let wrong = |what: String| failed(path, &what);
    check_fits(package.manifest()).map_err(wrong)?;
    check_trust_level(package.manifest(), arguments.full_trust).map_err(wrong)?;
    let publisher = package.manifest().identity.publisher().as_str();
    let now = seconds(SystemTime::now());
    let verdict = judge(&file, package.contents(), publisher, &arguments.trust.trust()?, now)
        .map_err(|error| failed(path, &error))?;
    check_allowed(&verdict, arguments).map_err(wrong)?;
    let repository = Repository::open_or_create(&caller.folders, caller.user.home.as_deref())
        .map_err(|error| failed(path, &error))?;
    let new = NewPackage {
        source: &file,
        package: &package,
        signed_by: verdict.signed_by().map(|by| by.subject.clone()),
        trusted: verdict.is_trusted(),
    };
    let how = Install {
        allow_downgrade: arguments.allow_downgrade,
        max_size: arguments.max_size,
        app_installer: None,
        lowbox: std::env::current_exe().map_err(|error| Failure::new(format!("lowbox itself: {error}")))?,
        path: caller.variable("PATH"),
        data_dirs: caller.variable("XDG_DATA_DIRS"),
    };
    let installed = progress::shown("installing", |progress| repository.install(&new, &how, progress))
        .map_err(|error| failed(path, &error))?;
    tell(&installed, package.manifest(), &caller, arguments.json)?;
    Ok(ExitCode::SUCCESS)
}

fn tell(installed: &Installation, manifest: &Manifest, caller: &Caller, json: bool) -> Result<(), Failure> {
    let package = &installed.package;
    let answer = Answer {
        full_name: package.record.full_name.clone(),
        family_name: package.identity.family_name(),
        version: package.identity.version().to_string(),
        before: installed.before.map(|version| version.to_string()),
        unchanged: installed.unchanged,
        signed_by: package.record.signed_by.clone(),
        trusted: package.record.trusted,
        commands: installed.commands.clone(),
        left_out: installed
            .left_out
            .iter()
            .map(|one| LeftOut { name: one.name.clone(), why: one.why.clone() })
            .collect(),
        applications: manifest
            .applications
            .iter()
            .map(|application| package.identity.aumid(&application.id))
            .collect(),
        capabilities: manifest.capabilities.iter().map(|declared| declared.name.clone()).collect(),
    };
    if json {
        return output::json(&answer);
    }
    let mut page = Page::new();
    page.field(if answer.unchanged { "unchanged" } else { "installed" }, &answer.full_name);
    if let Some(before) = &answer.before {
        page.field("in place of", before);
    }
    let by = answer.signed_by.as_deref().unwrap_or("nobody");
    page.field("signed by", &if answer.trusted { by.to_owned() } else { format!("{by}, and not trusted") });
    for (index, application) in answer.applications.iter().enumerate() {
        page.field(if index == 0 { "run it by" } else { "" }, &format!("lowbox run '{application}'"));
    }
    for command in &answer.commands {
        page.field("", &output::path(command));
    }
    for (index, name) in answer.capabilities.iter().enumerate() {
        let asked = capability(name).is_some_and(|known| known.privacy);
        let text = if asked { format!("{name}  you are asked when it starts") } else { name.clone() };
        page.field(if index == 0 { "it may use" } else { "" }, &text);
    }
    page.print()?;
    for one in &answer.left_out {
        output::say(&format!("left out: {}: {}", one.name, one.why));
    }
    if !answer.trusted {
        output::say(&format!(
            "nobody whom you trust vouches for this package, so it has a family name of its own, {}: data and consents of a signed one are not its",
            answer.family_name
        ));
    }
    let folder = answer.commands.first().and_then(|command| command.parent());
    let path = caller.variable("PATH").unwrap_or_default();
    if let Some(folder) = folder.filter(|folder| std::env::split_paths(&path).all(|one| one != *folder)) {
        output::say(&format!("{} is not in PATH, where its commands are", output::path(folder)));
    }
    Ok(())
}

/// What is not trusted is installed only where that was allowed.
fn check_allowed(verdict: &Verdict, arguments: &Arguments) -> Result<(), String> {
    match verdict {
        Verdict::Unsigned if !arguments.allow_unsigned => Err(
            "it is not signed, so anybody can have made it; --allow-unsigned installs it under a family name of its own".to_owned(),
        ),
        Verdict::Untrusted(_, why) if !arguments.allow_untrusted => Err(format!(
            "{}; --allow-untrusted installs it under a family name of its own",
            distrust(why)
        )),
        _ => Ok(()),
    }
}

/// Whether a package is for systems like this one.
fn check_fits(manifest: &Manifest) -> Result<(), String> {
    let ours = |family: &TargetDeviceFamily| {
        let name = family.name.to_ascii_lowercase();
        ["linux.all", "platform.all"].contains(&name.as_str()) || name.starts_with("windows.")
    };
    if !manifest.target_device_families.iter().any(ours) {
        let names: Vec<&str> = manifest.target_device_families.iter().map(|one| one.name.as_str()).collect();
        return Err(format!(
            "it is for {}; lowbox installs packages for Linux.All, Platform.All and Windows",
            names.join(", ")
        ));
    }
    let architecture = manifest.identity.architecture();
    let runs = match architecture {
        Architecture::Neutral => true,
        Architecture::X64 | Architecture::X86 => cfg!(target_arch = "x86_64"),
        Architecture::Arm64 | Architecture::X86a64 => cfg!(target_arch = "aarch64"),
        Architecture::Arm => cfg!(any(target_arch = "arm", target_arch = "aarch64")),
    };
    if runs {
        Ok(())
    } else {
        Err(format!(
            "it is for {architecture} processors, and this machine has others; look for a package for it"
        ))
    }
}

/// Programs with full trust are not installed unasked.
fn check_trust_level(manifest: &Manifest, allowed: bool) -> Result<(), String> {
    let full = manifest.applications.iter().find(|one| one.isolation == Isolation::FullTrust);
    match full.filter(|_| !allowed) {
        None => Ok(()),
        Some(application) => Err(format!(
            "its application {} is declared to run with full trust, that is, with all your rights. lowbox isolate makes an isolated package of it; \
             --full-trust installs it as it is",
            application.id
        )),
    }
}
