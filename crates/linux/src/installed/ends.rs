//! What the rest of the system is told of a package: the files in its version's folder, and the links that lead to them.

use std::path::{Path, PathBuf};

use lowbox_msix::manifest::Application;
use lowbox_msix::package::Contents;
use lowbox_msix::{Identity, Manifest};

use super::desktop::Entry;
use super::install::{Install, is_free};
use super::launcher::launcher;
use super::links::{LAUNCHERS, Wanted};
use super::media_types::{self, Known};
use super::package::{CURRENT, FILES};
use super::words::Words;
use super::{LeftOut, Places};

/// Schemes that are no package's.
const RESERVED: [&str; 1] = ["file"];

/// Files and links.
#[derive(Default)]
pub(super) struct Ends {
    /// By their names in the version's folder.
    pub(super) files: Vec<(PathBuf, Vec<u8>)>,
    pub(super) links: Vec<Wanted>,
    pub(super) left_out: Vec<LeftOut>,
}

/// What they are made of.
pub(super) struct Subject<'a> {
    pub(super) identity: &'a Identity,
    pub(super) manifest: &'a Manifest,
    pub(super) contents: &'a Contents,
    pub(super) words: &'a Words,
    /// The package's folder among those that are installed.
    pub(super) family_folder: &'a Path,
}

impl Ends {
    pub(super) fn of(subject: &Subject<'_>, known: &Known, how: &Install, places: &Places) -> Ends {
        let Subject { identity, manifest, contents, words, family_folder } = subject;
        let mut ends = Ends::default();
        let family = identity.family_name();
        let mut own_types: Vec<&str> = Vec::new();
        for application in manifest.applications.iter().filter(|one| one.executable.is_some()) {
            let name = identity.aumid(&application.id);
            ends.add_aliases(application, &name, how, places);
            let media_types = ends.media_types(application, known, &mut own_types);
            if !application.is_listed && media_types.is_empty() {
                continue;
            }
            let picture = application.logo.as_deref().unwrap_or(&manifest.properties.logo);
            let icon = words
                .picture(contents, picture)
                .map(|picture| family_folder.join(CURRENT).join(FILES).join(picture));
            let entry = Entry {
                name: words
                    .text(application.display_name.as_deref().unwrap_or(&manifest.properties.display_name)),
                comment: manifest.properties.description.as_deref().map(|text| words.text(text)),
                lowbox: &how.lowbox,
                application: &name,
                icon: icon.as_deref(),
                is_console: application.is_console,
                is_listed: application.is_listed,
                opens_addresses: !application.integration.protocols.is_empty(),
                media_types: &media_types,
            };
            let file = format!("{family}_{}.desktop", application.id);
            ends.add(format!("desktop/{file}"), entry.text(), places.applications.join(file));
        }
        if !own_types.is_empty() {
            let (file, text) = (format!("{family}.xml"), media_types::database(&own_types));
            ends.add(format!("mime/{file}"), text.into_bytes(), places.mime.join("packages").join(file));
        }
        ends
    }

    fn add(&mut self, name: String, text: Vec<u8>, at: PathBuf) {
        self.files.push((PathBuf::from(&name), text));
        self.links.push(Wanted { at, to: name });
    }

    fn add_aliases(&mut self, application: &Application, name: &str, how: &Install, places: &Places) {
        for alias in &application.integration.aliases {
            let command = alias.command();
            if alias.executable.as_ref().is_some_and(|own| application.executable.as_ref() != Some(own)) {
                let why = "its extension names another program than the application's".to_owned();
                self.left_out.push(LeftOut { name: command.to_owned(), why });
            } else if let Err(left_out) = is_free(command, how, &places.commands) {
                self.left_out.push(left_out);
            } else {
                let text = launcher(&how.lowbox, name);
                self.add(format!("{LAUNCHERS}/{command}"), text, places.commands.join(command));
            }
        }
    }

    /// The types of files and addresses that an application opens; those that only the package knows are added to `own`.
    fn media_types<'a>(
        &mut self,
        application: &'a Application,
        known: &Known,
        own: &mut Vec<&'a str>,
    ) -> Vec<String> {
        let mut types = Vec::new();
        for one in application.integration.file_types.iter().flat_map(|association| &association.types) {
            if one.extension == "*" {
                let why = "no desktop has a type for any file; lowbox open takes any".to_owned();
                self.left_out.push(LeftOut { name: "any type of file".to_owned(), why });
                continue;
            }
            match known.of(&one.extension) {
                Some(known) => types.push(known.to_owned()),
                None => {
                    own.push(&one.extension);
                    types.push(media_types::own(&one.extension));
                }
            }
        }
        for scheme in &application.integration.protocols {
            if RESERVED.contains(&scheme.as_str()) {
                let why = "files are opened by their types".to_owned();
                self.left_out.push(LeftOut { name: format!("{scheme}:"), why });
            } else {
                types.push(format!("x-scheme-handler/{scheme}"));
            }
        }
        types.sort();
        types.dedup();
        types
    }
}
