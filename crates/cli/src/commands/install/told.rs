//! What was installed, for people and for programs.

use std::path::PathBuf;

use lowbox_linux::installed::Installation;
use lowbox_linux::prepare::Caller;
use lowbox_policy::capability;
use serde::Serialize;

use crate::failure::Failure;
use crate::output::{self, Page};

/// An installed package.
#[derive(Serialize)]
pub struct Told {
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

impl Told {
    /// What there is to tell of an installation.
    pub fn of(installed: &Installation) -> Told {
        let package = &installed.package;
        let manifest = &package.manifest;
        let left_out = installed.left_out.iter();
        Told {
            full_name: package.record.full_name.clone(),
            family_name: package.identity.family_name(),
            version: package.identity.version().to_string(),
            before: installed.before.map(|version| version.to_string()),
            unchanged: installed.unchanged,
            signed_by: package.record.signed_by.clone(),
            trusted: package.record.trusted,
            commands: installed.commands.clone(),
            left_out: left_out.map(|one| LeftOut { name: one.name.clone(), why: one.why.clone() }).collect(),
            applications: manifest.applications.iter().map(|one| package.identity.aumid(&one.id)).collect(),
            capabilities: manifest.capabilities.iter().map(|declared| declared.name.clone()).collect(),
        }
    }
}

/// Tells it.
///
/// # Errors
/// When standard output can't be written.
pub fn tell(all: &[Told], caller: &Caller, json: bool) -> Result<(), Failure> {
    if json {
        return output::json(&all);
    }
    all.iter().try_for_each(|told| told.page().print())?;
    let path = caller.variable("PATH").unwrap_or_default();
    for told in all {
        for one in &told.left_out {
            output::say(&format!("left out: {}: {}", one.name, one.why));
        }
        if !told.trusted {
            output::say(&format!(
                "nobody whom you trust vouches for this package, so it has a family name of its own, {}: data and consents of a signed one are not its",
                told.family_name
            ));
        }
    }
    let folder = all.iter().flat_map(|told| &told.commands).find_map(|command| command.parent());
    if let Some(folder) = folder.filter(|folder| std::env::split_paths(&path).all(|one| one != *folder)) {
        output::say(&format!("{} is not in PATH, where its commands are", output::path(folder)));
    }
    Ok(())
}

impl Told {
    fn page(&self) -> Page {
        let mut page = Page::new();
        page.field(if self.unchanged { "unchanged" } else { "installed" }, &self.full_name);
        if let Some(before) = &self.before {
            page.field("in place of", before);
        }
        let by = self.signed_by.as_deref().unwrap_or("nobody");
        page.field("signed by", &if self.trusted { by.to_owned() } else { format!("{by}, and not trusted") });
        for (index, application) in self.applications.iter().enumerate() {
            page.field(if index == 0 { "run it by" } else { "" }, &format!("lowbox run '{application}'"));
        }
        for command in &self.commands {
            page.field("", &output::path(command));
        }
        for (index, name) in self.capabilities.iter().enumerate() {
            let asked = capability(name).is_some_and(|known| known.privacy);
            let text = if asked { format!("{name}  you are asked when it starts") } else { name.clone() };
            page.field(if index == 0 { "it may use" } else { "" }, &text);
        }
        page
    }
}
