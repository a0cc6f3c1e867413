//! `lowbox consent revoke` and `reset`: what is removed, who has it, and what became of them.

use std::path::Path;
use std::process::ExitCode;
use std::time::{Duration, Instant};

use lowbox_linux::prepare::Caller;
use lowbox_linux::store::{Effect, Held, Outcome, Pending, Revoked, RevokedWhat, Store};
use serde::Serialize;

use super::answer::{Entry, Holder};
use super::{What, Whose};
use crate::failure::Failure;
use crate::output;

/// How long running containers have to react.
const PATIENCE: Duration = Duration::from_secs(5);

/// The exit code when something runs on with what was revoked.
const RUNS_ON: u8 = 2;

/// The exit code when there was nothing to revoke.
const NOTHING: u8 = 1;

/// The answer as JSON.
#[derive(Default, Serialize)]
struct Answer {
    removed: Vec<Entry>,
    held_by: Vec<Holder>,
}

/// Revokes the consents for one object.
pub fn revoke(whose: &Whose, what: &What, keep_running: bool, json: bool) -> Result<ExitCode, Failure> {
    let caller = Caller::current().map_err(Failure::new)?;
    let store = Store::open_existing(&caller.folders.data).map_err(Failure::new)?;
    let family = whose.family(&caller, store.as_ref())?;
    let places = what.places()?;
    let capability = what.capability()?;
    let mut all = Vec::new();
    all.extend(places.iter().map(|path| RevokedWhat::File(path)));
    all.extend(capability.as_deref().map(RevokedWhat::Capability));
    let (answer, runs_on) = carry_out(store, family.as_deref(), &all, keep_running)?;
    let nothing = answer.removed.is_empty() && answer.held_by.is_empty();
    if nothing && let Some(path) = &what.path {
        output::say(&format!(
            "no consent for {}{}",
            output::path(path),
            hint(&caller, family.as_deref(), &places)?
        ));
    } else if nothing && let Some(name) = &capability {
        output::say(&format!("no consent for {name}"));
    }
    report(&answer, json)?;
    Ok(ExitCode::from(match (runs_on, nothing) {
        (true, _) => RUNS_ON,
        (_, true) => NOTHING,
        _ => 0,
    }))
}

/// Revokes everything of a package.
pub fn reset(
    whose: &Whose,
    files: bool,
    capabilities: bool,
    keep_running: bool,
    json: bool,
) -> Result<ExitCode, Failure> {
    let caller = Caller::current().map_err(Failure::new)?;
    let store = Store::open_existing(&caller.folders.data).map_err(Failure::new)?;
    let family = whose.required(&caller, store.as_ref())?;
    let both = files == capabilities;
    let all: Vec<RevokedWhat<'_>> = [(files, RevokedWhat::Files), (capabilities, RevokedWhat::Capabilities)]
        .into_iter()
        .filter(|(named, _)| *named || both)
        .map(|(_, what)| what)
        .collect();
    let (answer, runs_on) = carry_out(store, Some(&family), &all, keep_running)?;
    if answer.removed.is_empty() {
        output::say(&format!("{family} had no consents"));
    }
    report(&answer, json)?;
    Ok(ExitCode::from(if runs_on { RUNS_ON } else { 0 }))
}

/// Revokes, and waits for those who have it. `true`: something runs on with what was revoked, against what was asked for.
fn carry_out(
    store: Option<Store>,
    family: Option<&str>,
    all: &[RevokedWhat<'_>],
    keep_running: bool,
) -> Result<(Answer, bool), Failure> {
    let (mut answer, mut runs_on) = (Answer::default(), false);
    let Some(mut store) = store else { return Ok((answer, false)) };
    let effect = if keep_running { Effect::Detach } else { Effect::End };
    let mut told = Vec::new();
    for what in all {
        let Revoked { files, capabilities, told: more } =
            store.revoke(family, *what, effect).map_err(Failure::new)?;
        answer.removed.extend(files.iter().map(Entry::of_file));
        answer.removed.extend(capabilities.iter().map(Entry::of_capability));
        told.extend(more);
    }
    let deadline = Instant::now() + PATIENCE;
    for pending in &told {
        let outcome = wait(&mut store, pending, deadline)?;
        runs_on |= match outcome {
            "ended" | "detached" => false,
            "next-start" => !keep_running,
            _ => true,
        };
        answer.held_by.push(Holder::of_pending(pending, outcome));
    }
    Ok((answer, runs_on))
}

/// What became of it: only an end that has happened is reported as one.
fn wait(store: &mut Store, pending: &Pending, deadline: Instant) -> Result<&'static str, Failure> {
    loop {
        // In this order: who ends after the first look has answered nothing to the second.
        let answer = store.outcome(pending.id).map_err(Failure::new)?;
        if !store.is_running(pending.run.id).map_err(Failure::new)? {
            return Ok("ended");
        }
        match answer {
            Some(Outcome::Detached) => return Ok("detached"),
            Some(Outcome::NextStart) => return Ok("next-start"),
            Some(Outcome::Ending) | None if Instant::now() >= deadline => return Ok("no-answer"),
            Some(Outcome::Ending) | None => std::thread::sleep(Duration::from_millis(10)),
        }
    }
}

fn report(answer: &Answer, json: bool) -> Result<(), Failure> {
    if json {
        return output::json(answer);
    }
    let mut page = output::Page::new();
    for entry in &answer.removed {
        page.line(&format!("removed from {}:", entry.package()));
        entry.line(&mut page);
    }
    for holder in &answer.held_by {
        page.line(&format!("{}: {}", holder.in_words(), holder.outcome_in_words()));
    }
    page.print()
}

/// Where the path is opened by the consent for a folder above it, or by what a running program has of it.
fn hint(caller: &Caller, family: Option<&str>, places: &[std::path::PathBuf]) -> Result<String, Failure> {
    let Some(mut store) = Store::open_existing(&caller.folders.data).map_err(Failure::new)? else {
        return Ok(String::new());
    };
    let all = store.file_consents(family).map_err(Failure::new)?;
    let above = |path: &Path| places.iter().any(|place| place.starts_with(path));
    let consents = all.into_iter().map(|consent| (consent.package, consent.path));
    let runs = store.runs(family).map_err(Failure::new)?.into_iter();
    // By a policy: there is no entry.
    let held = runs.flat_map(|(run, held)| {
        held.into_iter().filter_map(move |held| match held {
            Held::File(path) => Some((run.package.clone(), path)),
            Held::Capability(_) => None,
        })
    });
    Ok(consents.chain(held).find(|(_, path)| above(path)).map_or_else(String::new, |(package, path)| {
        format!("; {package} has one for {}, which holds it", output::path(&path))
    }))
}
