//! `lowbox list`: the packages that are installed.

use std::path::PathBuf;
use std::process::ExitCode;
use std::time::{Duration, UNIX_EPOCH};

use clap::Args;
use lowbox_linux::installed::{InstalledError, InstalledPackage};
use lowbox_linux::prepare::Caller;
use serde::Serialize;

use crate::failure::Failure;
use crate::installed::repository;
use crate::output::{self, Page};

/// `lowbox list`.
#[derive(Debug, Args)]
pub struct Arguments {
    /// Answer in JSON (see docs/json.md)
    #[arg(long)]
    pub json: bool,
}

#[derive(Serialize)]
struct Entry {
    family_name: String,
    full_name: Option<String>,
    name: Option<String>,
    version: Option<String>,
    display_name: Option<String>,
    publisher: Option<String>,
    signed_by: Option<String>,
    trusted: bool,
    installed: Option<String>,
    app_installer: Option<String>,
    folder: Option<PathBuf>,
    applications: Vec<Application>,
    /// The lowbox processes that run programs of it.
    running: Vec<u32>,
    /// Why it can't be read.
    error: Option<String>,
}

#[derive(Serialize)]
struct Application {
    id: String,
    executable: Option<String>,
    aliases: Vec<String>,
    file_types: Vec<String>,
    protocols: Vec<String>,
}

/// Lists.
pub fn execute(arguments: &Arguments) -> Result<ExitCode, Failure> {
    let caller = Caller::current().map_err(Failure::new)?;
    let all = match repository(&caller)? {
        Some(repository) => repository.list().map_err(Failure::new)?,
        None => Vec::new(),
    };
    let all: Vec<Entry> = all.into_iter().map(|(family, package)| entry(family, package)).collect();
    if arguments.json {
        output::json(&all)?;
        return Ok(ExitCode::SUCCESS);
    }
    if all.is_empty() {
        output::say("no packages are installed; lowbox install FILE installs one");
    }
    let mut page = Page::new();
    for one in &all {
        page.field("package", one.full_name.as_deref().unwrap_or(&one.family_name));
        if let Some(error) = &one.error {
            page.field("broken", error);
            continue;
        }
        let by = one.signed_by.as_deref().unwrap_or("nobody");
        page.field("signed by", &if one.trusted { by.to_owned() } else { format!("{by}, and not trusted") });
        for application in &one.applications {
            let text = std::iter::once(format!("{}!{}", one.family_name, application.id))
                .chain(application.aliases.iter().cloned())
                .collect::<Vec<_>>()
                .join("  ");
            page.field("application", &text);
        }
        if !one.running.is_empty() {
            page.field(
                "running",
                &one.running.iter().map(ToString::to_string).collect::<Vec<_>>().join(", "),
            );
        }
    }
    page.print()?;
    Ok(ExitCode::SUCCESS)
}

fn entry(family_name: String, package: Result<InstalledPackage, InstalledError>) -> Entry {
    let running = package.as_ref().ok().map(InstalledPackage::runs).transpose();
    let mut entry = Entry {
        family_name,
        full_name: None,
        name: None,
        version: None,
        display_name: None,
        publisher: None,
        signed_by: None,
        trusted: false,
        installed: None,
        app_installer: None,
        folder: None,
        applications: Vec::new(),
        running: Vec::new(),
        error: None,
    };
    match (package, running) {
        (Ok(package), Ok(running)) => {
            let applications = package.manifest.applications.iter().map(|one| Application {
                id: one.id.clone(),
                executable: one.executable.clone(),
                aliases: one.integration.aliases.iter().map(|alias| alias.command().to_owned()).collect(),
                file_types: one
                    .integration
                    .file_types
                    .iter()
                    .flat_map(|association| &association.types)
                    .map(|kind| kind.extension.clone())
                    .collect(),
                protocols: one.integration.protocols.clone(),
            });
            entry.applications = applications.collect();
            entry.name = Some(package.identity.name().to_owned());
            entry.version = Some(package.identity.version().to_string());
            entry.display_name = Some(package.manifest.properties.display_name.clone());
            entry.publisher = Some(package.record.publisher.clone());
            entry.signed_by.clone_from(&package.record.signed_by);
            entry.trusted = package.record.trusted;
            entry.installed = Some(time(package.record.installed));
            entry.app_installer.clone_from(&package.record.app_installer);
            entry.folder = Some(package.folder());
            entry.full_name = Some(package.record.full_name);
            entry.running = running.unwrap_or_default();
        }
        (Err(error), _) | (_, Err(error)) => entry.error = Some(error.to_string()),
    }
    entry
}

fn time(seconds: u64) -> String {
    humantime::format_rfc3339_seconds(UNIX_EPOCH + Duration::from_secs(seconds.min(253_402_300_799)))
        .to_string()
}
