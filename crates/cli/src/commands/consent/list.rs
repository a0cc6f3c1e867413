//! `lowbox consent list` and `show`.

use std::path::{Path, PathBuf};
use std::process::ExitCode;

use lowbox_linux::prepare::Caller;
use lowbox_linux::store::{Held, Store};
use serde::Serialize;

use super::answer::{Entry, Holder};
use super::place::places;
use super::{What, Whose};
use crate::failure::Failure;
use crate::output::{self, Page, Style};
use crate::package::capability_name;

/// The answer of `show` as JSON.
#[derive(Serialize)]
struct Answer {
    entries: Vec<Entry>,
    /// Running containers that have it.
    held_by: Vec<Holder>,
}

/// Lists entries.
pub fn list(whose: &Whose, paths: &[PathBuf], json: bool) -> Result<ExitCode, Failure> {
    let caller = Caller::current().map_err(Failure::new)?;
    let store = Store::open_existing(&caller.folders.data).map_err(Failure::new)?;
    let family = whose.family(&caller, store.as_ref())?;
    let wanted = paths.iter().map(|path| places(path)).collect::<Result<Vec<_>, _>>()?.concat();
    let mut entries = Vec::new();
    if let Some(store) = &store {
        let files = store.file_consents(family.as_deref()).map_err(Failure::new)?;
        let files = files.iter().filter(|one| paths.is_empty() || wanted.contains(&one.path));
        entries.extend(files.map(Entry::of_file));
        if paths.is_empty() {
            let capabilities = store.capability_consents(family.as_deref()).map_err(Failure::new)?;
            entries.extend(capabilities.iter().map(Entry::of_capability));
        }
        entries.sort_by(|one, other| one.package().cmp(other.package()));
    }
    if json {
        output::json(&entries)?;
    } else {
        page(&entries).print()?;
    }
    Ok(ExitCode::SUCCESS)
}

/// Shows what there is for one object, and who has it. The exit code is 1 when there is nothing.
pub fn show(whose: &Whose, what: &What, json: bool) -> Result<ExitCode, Failure> {
    let caller = Caller::current().map_err(Failure::new)?;
    let mut store = Store::open_existing(&caller.folders.data).map_err(Failure::new)?;
    let family = whose.family(&caller, store.as_ref())?;
    let mut answer = Answer { entries: Vec::new(), held_by: Vec::new() };
    if let Some(store) = &mut store {
        let wanted = what.places()?;
        let capability = what.capability()?;
        let files = store.file_consents(family.as_deref()).map_err(Failure::new)?;
        answer.entries.extend(files.iter().filter(|one| wanted.contains(&one.path)).map(Entry::of_file));
        let capabilities = store.capability_consents(family.as_deref()).map_err(Failure::new)?;
        let meant = |name: &str| capability.as_deref().is_some_and(|meant| meant.eq_ignore_ascii_case(name));
        answer
            .entries
            .extend(capabilities.iter().filter(|one| meant(&one.capability)).map(Entry::of_capability));
        for (run, held) in store.runs(family.as_deref()).map_err(Failure::new)? {
            let holds = held.iter().filter(|held| match held {
                Held::File(path) => wanted.contains(path),
                Held::Capability(name) => meant(name),
            });
            answer.held_by.extend(holds.map(|held| Holder::new(&run, held, None)));
        }
    }
    let nothing = answer.entries.is_empty() && answer.held_by.is_empty();
    if json {
        output::json(&answer)?;
    } else {
        let mut page = page(&answer.entries);
        for holder in &answer.held_by {
            page.line(&holder.in_words());
        }
        page.print()?;
    }
    Ok(if nothing { ExitCode::from(1) } else { ExitCode::SUCCESS })
}

fn page(entries: &[Entry]) -> Page {
    let mut page = Page::new();
    let mut package = None;
    for entry in entries {
        if package != Some(entry.package()) {
            page.styled(&[(Style::Strong, entry.package())]);
            package = Some(entry.package());
        }
        entry.line(&mut page);
    }
    if entries.is_empty() {
        page.line("no consents");
    }
    page
}

impl What {
    /// The paths that are meant; empty for a capability.
    pub(super) fn places(&self) -> Result<Vec<PathBuf>, Failure> {
        self.path.as_deref().map_or_else(|| Ok(Vec::new()), |path: &Path| places(path))
    }

    /// The capability that is meant.
    pub(super) fn capability(&self) -> Result<Option<String>, Failure> {
        self.capability.as_deref().map(|name| capability_name(name).map_err(Failure::new)).transpose()
    }
}
