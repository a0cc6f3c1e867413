//! `lowbox list`: the packages that are installed.

use std::path::PathBuf;
use std::process::ExitCode;

use clap::Args;
use lowbox_linux::installed::{InstalledError, InstalledPackage};
use lowbox_linux::prepare::Caller;
use serde::Serialize;

use crate::failure::Failure;
use crate::installed::repository;
use crate::output::{self, Page, Style};
use crate::when;

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
    let all: Vec<Entry> = match repository(&caller)? {
        Some(repository) => {
            let all = repository.list().map_err(Failure::new)?.into_iter();
            all.map(|(family, package)| {
                let commands = package.as_ref().map(|one| repository.commands(one)).unwrap_or_default();
                entry(family, package, &commands)
            })
            .collect()
        }
        None => Vec::new(),
    };
    if arguments.json {
        output::json(&all)?;
        return Ok(ExitCode::SUCCESS);
    }
    if all.is_empty() {
        output::say("no packages are installed; lowbox install FILE installs one");
    }
    table(&all).print()?;
    Ok(ExitCode::SUCCESS)
}

/// A line for each package, under headings.
fn table(all: &[Entry]) -> Page {
    let mut page = Page::new();
    if all.is_empty() {
        return page;
    }
    let lines: Vec<[String; COLUMNS]> = all.iter().map(|one| line(one, all)).collect();
    let width = |column: usize| {
        let cells = lines.iter().map(|line| line[column].chars().count());
        cells.chain([HEADINGS[column].len()]).max().unwrap_or_default()
    };
    let widths: [usize; COLUMNS] = std::array::from_fn(width);
    let padded = |line: &[String; COLUMNS]| {
        line.iter().zip(widths).map(|(cell, width)| format!("{cell:<width$}  ")).collect::<String>()
    };
    page.styled(&[(Style::Strong, padded(&HEADINGS.map(str::to_owned)).trim_end())]);
    lines.iter().for_each(|line| page.line(&padded(line)));
    page
}

/// How many columns there are.
const COLUMNS: usize = 5;
const HEADINGS: [&str; COLUMNS] = ["NAME", "VERSION", "INSTALLED", "SIGNED BY", "STARTED BY"];

/// What is told of a package: by the shortest name that it alone has.
fn line(one: &Entry, all: &[Entry]) -> [String; COLUMNS] {
    let is_only = all.iter().filter(|other| other.name == one.name).count() == 1;
    let name = one.name.as_ref().filter(|_| is_only).unwrap_or(&one.family_name);
    // What a package holds is anybody's: made visible before it is measured.
    let name = output::visible(name);
    if let Some(error) = &one.error {
        return [name, "broken".to_owned(), String::new(), String::new(), output::visible(error)];
    }
    let by = output::visible(one.signed_by.as_deref().unwrap_or("nobody"));
    let day = one.installed.as_deref().and_then(|time| time.split('T').next()).unwrap_or_default();
    let commands = one.applications.iter().map(|application| match application.aliases.as_slice() {
        [] => format!("lowbox run {name}!{}", application.id),
        aliases => aliases.join(", "),
    });
    let mut commands = commands.collect::<Vec<_>>().join(", ");
    if !one.running.is_empty() {
        let pids: Vec<String> = one.running.iter().map(ToString::to_string).collect();
        commands.push_str(&format!(" (runs: process {})", pids.join(", ")));
    }
    [
        name,
        one.version.clone().unwrap_or_default(),
        day.to_owned(),
        if one.trusted { by } else { format!("{by}, not trusted") },
        output::visible(&commands),
    ]
}

fn entry(
    family_name: String,
    package: Result<InstalledPackage, InstalledError>,
    commands: &[String],
) -> Entry {
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
                aliases: one
                    .integration
                    .aliases
                    .iter()
                    .map(|alias| alias.command().to_owned())
                    .filter(|command| commands.contains(command))
                    .collect(),
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
            entry.installed = Some(when::time(package.record.installed));
            entry.app_installer.clone_from(&package.record.app_installer);
            entry.folder = Some(package.folder());
            entry.full_name = Some(package.record.full_name);
            entry.running = running.unwrap_or_default();
        }
        (Err(error), _) | (_, Err(error)) => entry.error = Some(error.to_string()),
    }
    entry
}
