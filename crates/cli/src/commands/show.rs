//! `lowbox show`: what a package says of itself.

use std::ffi::OsStr;
use std::path::PathBuf;
use std::process::ExitCode;

use clap::Args;
use lowbox_linux::package::{machine, tree};
use lowbox_linux::prepare::Caller;
use lowbox_msix::bundle::Machine;
use lowbox_msix::package::Package;
use lowbox_msix::resources::{Resources, Wanted};
use lowbox_msix::{Identity, Isolation, Manifest};
use lowbox_policy::capability;
use serde::Serialize;

use super::app_installer;
use super::package::{Opened, open_any, signature};
use crate::failure::Failure;
use crate::installed::find;
use crate::output::{self, Page};

/// `lowbox show`.
#[derive(Debug, Args)]
#[command(after_help = "What a package says of itself. Whether it is true is what lowbox verify finds out.

Examples:
  lowbox show app.msix
  lowbox show app.msixbundle
  lowbox show app.appinstaller
  lowbox show Contoso.App          one that is installed")]
pub struct Arguments {
    /// The package, bundle or .appinstaller file, or the name of an installed package
    #[arg(value_name = "FILE|NAME")]
    pub package: PathBuf,

    /// Its files too
    #[arg(long)]
    pub files: bool,

    /// Answer in JSON (see docs/json.md)
    #[arg(long)]
    pub json: bool,
}

#[derive(Serialize)]
struct Answer {
    full_name: String,
    family_name: String,
    name: String,
    version: String,
    architecture: String,
    publisher: String,
    display_name: String,
    logo: String,
    publisher_display_name: String,
    signed_by: Option<String>,
    applications: Vec<Application>,
    capabilities: Vec<Capability>,
    dependencies: Vec<String>,
    digest: Option<&'static str>,
    files: Vec<File>,
    bytes: u64,
    warnings: Vec<String>,
    /// Where it is installed.
    folder: Option<PathBuf>,
}

impl Answer {
    /// Puts in place of `ms-resource:` names what they stand for, and of the logo the file that is meant.
    fn name_by(&mut self, resources: &Resources, package: &Package) {
        let Machine { languages, scale, .. } = machine();
        let wanted = Wanted { languages, scale, target_size: None };
        for name in [&mut self.display_name, &mut self.publisher_display_name] {
            if let Some(text) = resources.text(name, &wanted) {
                *name = text.to_owned();
            }
        }
        if let Some(file) = resources.file(&package.manifest().properties.logo, &wanted) {
            self.logo = file.to_owned();
        }
    }
}

#[derive(Serialize)]
struct Application {
    id: String,
    executable: Option<String>,
    isolation: String,
}

#[derive(Serialize)]
struct Capability {
    name: String,
    known: bool,
    privacy: bool,
}

#[derive(Serialize)]
struct File {
    name: String,
    size: u64,
    compressed: Option<u64>,
}

/// How names of files end that are shown.
const FILES: [&str; 5] = ["msix", "appx", "msixbundle", "appxbundle", "appinstaller"];

/// Shows.
pub fn execute(arguments: &Arguments) -> Result<ExitCode, Failure> {
    let path = &arguments.package;
    if path.extension().is_some_and(|extension| extension.eq_ignore_ascii_case("appinstaller")) {
        return app_installer::show(path, arguments.json);
    }
    let ends_so = |end: &OsStr| FILES.iter().any(|one| end.eq_ignore_ascii_case(one));
    let is_file = path.exists() || path.extension().is_some_and(ends_so);
    if let Some(name) = path.to_str().filter(|name| !is_file && !name.contains('/')) {
        let answer = installed(name)?;
        return shown(&answer, arguments);
    }
    let (file, opened) = open_any(path)?;
    let Opened::Package(package) = opened else { return super::bundle::show(path, arguments.json) };
    let signer = signature(path, &file, &package)?.map(|signature| signature.subject());
    let mut answer = answer(&package, signer);
    match Resources::of_package(&file, package.contents()) {
        Ok(None) => {}
        Ok(Some(resources)) => answer.name_by(&resources, &package),
        Err(error) => answer.warnings.push(error.to_string()),
    }
    shown(&answer, arguments)
}

fn shown(answer: &Answer, arguments: &Arguments) -> Result<ExitCode, Failure> {
    if arguments.json {
        output::json(answer)?;
    } else {
        page(answer, arguments.files)?;
    }
    Ok(ExitCode::SUCCESS)
}

/// An installed package.
fn installed(name: &str) -> Result<Answer, Failure> {
    let caller = Caller::current().map_err(Failure::new)?;
    let (_, package) = find(&caller, name)?;
    let folder = package.folder();
    let files = tree(&folder).map_err(Failure::new)?.files;
    let files: Vec<File> = files
        .iter()
        .map(|file| File { name: file.name.to_string(), size: file.size, compressed: None })
        .collect();
    Ok(Answer {
        bytes: files.iter().map(|file| file.size).sum(),
        files,
        folder: Some(folder),
        ..said(&package.manifest, &package.identity, package.record.signed_by)
    })
}

fn answer(package: &Package, signed_by: Option<String>) -> Answer {
    let files = package.contents().files().map(|(file, part)| File {
        name: file.name.to_string(),
        size: file.size,
        compressed: Some(part.entry.compressed),
    });
    Answer {
        digest: Some(package.contents().block_map().algorithm.name()),
        bytes: package.contents().files().map(|(file, _)| file.size).sum(),
        files: files.collect(),
        ..said(package.manifest(), &package.manifest().identity, signed_by)
    }
}

/// What the manifest says.
fn said(manifest: &Manifest, identity: &Identity, signed_by: Option<String>) -> Answer {
    let applications = manifest.applications.iter().map(|application| Application {
        id: application.id.clone(),
        executable: application.executable.clone(),
        isolation: isolation(application.isolation).to_owned(),
    });
    let capabilities = manifest.capabilities.iter().map(|declared| {
        let known = capability(&declared.name);
        let privacy = known.is_some_and(|known| known.privacy);
        Capability { name: declared.name.clone(), known: known.is_some(), privacy }
    });
    let needed = manifest.package_dependencies.iter();
    Answer {
        full_name: identity.full_name(),
        family_name: identity.family_name(),
        name: identity.name().to_owned(),
        version: identity.version().to_string(),
        architecture: identity.architecture().as_str().to_owned(),
        publisher: identity.publisher().to_string(),
        display_name: manifest.properties.display_name.clone(),
        logo: manifest.properties.logo.clone(),
        publisher_display_name: manifest.properties.publisher_display_name.clone(),
        signed_by,
        applications: applications.collect(),
        capabilities: capabilities.collect(),
        dependencies: needed.map(|needed| format!("{} {}", needed.name, needed.min_version)).collect(),
        digest: None,
        bytes: 0,
        files: Vec::new(),
        folder: None,
        warnings: manifest.warnings.iter().map(ToString::to_string).collect(),
    }
}

fn isolation(isolation: Isolation) -> &'static str {
    match isolation {
        Isolation::AppContainer => "AppContainer",
        Isolation::AppSilo => "Win32 app isolation",
        Isolation::Universal => "universal application",
        Isolation::Undeclared => "undeclared",
        Isolation::FullTrust => "full trust",
    }
}

fn page(answer: &Answer, files: bool) -> Result<(), Failure> {
    let mut page = Page::new();
    page.field("name", &answer.display_name);
    page.field("publisher", &format!("{} ({})", answer.publisher_display_name, answer.publisher));
    page.field("full name", &answer.full_name);
    page.field("package family", &answer.family_name);
    page.field("signed by", answer.signed_by.as_deref().unwrap_or("nobody"));
    for (index, application) in answer.applications.iter().enumerate() {
        let executable = application.executable.as_deref().unwrap_or("no program");
        let text = format!("{}: {executable}, {}", application.id, application.isolation);
        page.field(if index == 0 { "applications" } else { "" }, &text);
    }
    for (index, capability) in answer.capabilities.iter().enumerate() {
        let mut text = capability.name.clone();
        if capability.privacy {
            text.push_str("  privacy-sensitive");
        }
        if !capability.known {
            text.push_str("  not in the catalogue");
        }
        page.field(if index == 0 { "capabilities" } else { "" }, &text);
    }
    for (index, dependency) in answer.dependencies.iter().enumerate() {
        page.field(if index == 0 { "needs" } else { "" }, dependency);
    }
    let digest = answer.digest.map_or_else(String::new, |digest| format!("; {digest}"));
    page.field("files", &format!("{}, of {} bytes{digest}", answer.files.len(), answer.bytes));
    if let Some(folder) = &answer.folder {
        page.field("in", &output::path(folder));
    }
    if files {
        for file in &answer.files {
            let compressed = file.compressed.map_or_else(String::new, |bytes| bytes.to_string());
            page.line(&format!("{:>12} {compressed:>12}  {}", file.size, file.name));
        }
    }
    for warning in &answer.warnings {
        page.field("warning", warning);
    }
    page.print()
}
