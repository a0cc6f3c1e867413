//! What `lowbox capture` says: what is in the package, and what is not.

use std::path::PathBuf;

use lowbox_linux::capture::Staged;
use serde::Serialize;

use super::Arguments;
use crate::failure::Failure;
use crate::output;

/// So many lines are for people to read; all are in the JSON.
const MOST_LINES: usize = 20;

#[derive(Serialize)]
struct Answer<'a> {
    package: Option<&'a PathBuf>,
    folder: Option<&'a PathBuf>,
    full_name: String,
    family_name: String,
    publisher: &'a str,
    applications: Vec<Application<'a>>,
    files: usize,
    bytes: u64,
    values: usize,
    left_out: Vec<LeftOut<'a>>,
}

#[derive(Serialize)]
struct Application<'a> {
    id: &'a str,
    name: &'a str,
    executable: &'a str,
    alias: Option<&'a str>,
}

#[derive(Serialize)]
struct LeftOut<'a> {
    what: &'a str,
    why: &'a str,
}

/// Says it.
pub fn tell(arguments: &Arguments, staged: &Staged) -> Result<(), Failure> {
    let identity = &staged.manifest.identity;
    let answer = Answer {
        package: arguments.output.as_ref(),
        folder: arguments.folder.as_ref(),
        full_name: identity.full_name(),
        family_name: identity.family_name(),
        publisher: identity.publisher().as_str(),
        applications: staged
            .applications
            .iter()
            .map(|one| Application {
                id: &one.id,
                name: &one.display_name,
                executable: &one.executable,
                alias: one.alias.as_deref(),
            })
            .collect(),
        files: staged.files,
        bytes: staged.bytes,
        values: staged.values,
        left_out: staged.left_out.iter().map(|one| LeftOut { what: &one.what, why: one.why }).collect(),
    };
    if arguments.json {
        return output::json(&answer);
    }
    for one in &answer.applications {
        output::say(&format!("{} starts {}", output::visible(one.name), output::visible(one.executable)));
    }
    for one in answer.left_out.iter().take(MOST_LINES) {
        output::say(&format!("left out: {}: {}", output::visible(one.what), one.why));
    }
    if let Some(more) = answer.left_out.len().checked_sub(MOST_LINES).filter(|more| *more > 0) {
        output::say(&format!("left out: {more} more (--json names all)"));
    }
    let made = answer.package.or(answer.folder).map_or(String::new(), |path| output::path(path));
    output::say(&format!(
        "{made}: {}, {} files of {} bytes and {} values of the registry; its publisher is {}",
        answer.full_name,
        answer.files,
        answer.bytes,
        answer.values,
        output::visible(answer.publisher)
    ));
    output::say(match answer.package {
        Some(_) => {
            "it is not signed: lowbox sign does that, with a certificate of that publisher (lowbox cert new)"
        }
        None => "next: look at AppxManifest.xml in it, then lowbox pack and lowbox sign",
    });
    Ok(())
}
