//! What an `.appinstaller` file says.

use std::io::Read;
use std::path::Path;
use std::process::ExitCode;

use lowbox_linux::host::open_regular;
use lowbox_msix::app_installer::{AppInstaller, MAX_BYTES, OnLaunch, RemotePackage};
use serde::Serialize;

use super::package::failed;
use crate::failure::Failure;
use crate::output::{self, Page};

#[derive(Serialize)]
struct Answer {
    version: String,
    uri: Option<String>,
    main: Remote,
    optional: Vec<Remote>,
    related: Vec<Remote>,
    dependencies: Vec<Remote>,
    on_launch: Option<Launch>,
    in_background: bool,
    from_any_version: bool,
    update_uris: Vec<String>,
    repair_uris: Vec<String>,
}

#[derive(Serialize)]
struct Remote {
    bundle: bool,
    name: String,
    publisher: String,
    version: String,
    architecture: &'static str,
    uri: String,
}

#[derive(Serialize)]
struct Launch {
    hours_between: u8,
    show_prompt: bool,
    blocks_activation: bool,
}

/// Shows it.
pub fn show(path: &Path, json: bool) -> Result<ExitCode, Failure> {
    let file = open_regular(path).map_err(|error| failed(path, &error))?;
    let mut bytes = Vec::new();
    // One more than is read, so that a larger one is seen to be one.
    file.take(MAX_BYTES as u64 + 1).read_to_end(&mut bytes).map_err(|error| failed(path, &error))?;
    let answer = answer(AppInstaller::parse(&bytes).map_err(|error| failed(path, &error))?);
    if json {
        output::json(&answer)?;
        return Ok(ExitCode::SUCCESS);
    }
    let mut page = Page::new();
    page.field("version", &answer.version);
    page.field("newer ones", answer.uri.as_deref().unwrap_or("nowhere"));
    page.field(if answer.main.bundle { "bundle" } else { "package" }, &answer.main.line());
    let lists =
        [("optional", &answer.optional), ("related", &answer.related), ("needs", &answer.dependencies)];
    for (name, list) in lists {
        for (index, one) in list.iter().enumerate() {
            page.field(if index == 0 { name } else { "" }, &one.line());
        }
    }
    page.field("updates", &answer.updates());
    for (name, list) in [("or from", &answer.update_uris), ("repaired from", &answer.repair_uris)] {
        for (index, one) in list.iter().enumerate() {
            page.field(if index == 0 { name } else { "" }, one);
        }
    }
    page.print()?;
    Ok(ExitCode::SUCCESS)
}

impl Remote {
    fn of(package: RemotePackage) -> Remote {
        Remote {
            bundle: package.is_bundle,
            name: package.identity.name().to_owned(),
            publisher: package.identity.publisher().to_string(),
            version: package.identity.version().to_string(),
            architecture: package.identity.architecture().as_str(),
            uri: package.uri,
        }
    }

    fn line(&self) -> String {
        let Remote { name, version, architecture, publisher, uri, .. } = self;
        format!("{name} {version} {architecture}, {publisher}, {uri}")
    }
}

impl Answer {
    fn updates(&self) -> String {
        let mut when = Vec::new();
        if let Some(launch) = &self.on_launch {
            when.push(format!("at a start, {} hours after the last look", launch.hours_between));
        }
        if self.in_background {
            when.push("in the background".to_owned());
        }
        if when.is_empty() {
            return "never looked for".to_owned();
        }
        let lower = if self.from_any_version { "; a lower version too" } else { "" };
        format!("looked for {}{lower}", when.join(", and "))
    }
}

fn answer(file: AppInstaller) -> Answer {
    let all = |list: Vec<RemotePackage>| list.into_iter().map(Remote::of).collect();
    Answer {
        version: file.version.to_string(),
        uri: file.uri,
        main: Remote::of(file.main),
        optional: all(file.optional),
        related: all(file.related),
        dependencies: all(file.dependencies),
        on_launch: file.updates.on_launch.map(
            |OnLaunch { hours_between, show_prompt, blocks_activation }| Launch {
                hours_between,
                show_prompt,
                blocks_activation,
            },
        ),
        in_background: file.updates.in_background,
        from_any_version: file.updates.from_any_version,
        update_uris: file.update_uris,
        repair_uris: file.repair_uris,
    }
}
