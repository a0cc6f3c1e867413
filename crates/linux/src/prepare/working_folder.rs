//! The working folder of a program that asks: who is in a folder stays in the one that it was, so a consent to it has to
//! come before the start.

use std::path::Path;
use std::time::{Duration, Instant};

use lowbox_policy::frontier::frontier;
use lowbox_policy::{GrantRights, NodeKind};

use super::{Caller, Grant, Grantable, PrepareError, Request};
use crate::broker::{Answer, Asked, Prompting, Question};
use crate::host::Named;
use crate::store::{Decision, How, NewFileConsent, Store};

/// Asks about the working folder, if it is the user's and nothing decides about it yet; a consent is added to the request. `questions` counts
/// those that were put.
///
/// # Errors
/// [`PrepareError::NoFolder`] and its like, for a working folder that is none.
pub fn decide_working_folder(
    caller: &Caller,
    request: &mut Request,
    prompting: &mut Prompting,
    how: How,
    patience: Duration,
    questions: &mut u64,
) -> Result<(), PrepareError> {
    // Most programs never look at it: a line at each start of what was not asked helps nobody, unless it was asked for (-v).
    let is_nobody = matches!(prompting, Prompting::Ask(prompter) if !prompter.is_anybody_there());
    if !prompting.is_on() || (is_nobody && !request.observe) {
        return Ok(());
    }
    let path = super::working_directory(request)?;
    let home = caller.user.home.as_deref();
    let places = frontier(home, &path);
    let is_users = places.iter().any(|place| path.starts_with(place)) && !is_place_of_all(&path, home);
    if !is_users || request.grants.iter().any(|grant| covers(&grant.path, &path)) {
        return Ok(());
    }
    // What can't be named can't be granted, and the program starts in an empty folder, as without a question.
    let Ok(named) = crate::host::name(&path) else { return Ok(()) };
    if named.id.kind != NodeKind::Dir
        || Grantable::new(caller).check(&named, GrantRights::READ_WRITE).is_err()
    {
        return Ok(());
    }
    let mut store = Store::open_existing(&caller.folders.data).ok().flatten();
    if let Some(store) = &store {
        let covering = store.covering(&request.family_name, &named.path);
        // An entry that can't be read may be a no.
        if covering.map_or(true, |covering| covering.iter().any(|(_, standing)| !standing.is_void())) {
            return Ok(());
        }
    }
    let answer = match prompting {
        Prompting::Off | Prompting::Deny => None,
        Prompting::Allow => Some(Answer::This(GrantRights::READ_WRITE)),
        Prompting::Ask(prompter) => {
            *questions += 1;
            prompter.ask(&question(*questions, request, &named), Instant::now() + patience)
        }
    };
    let (decision, rights) = match answer {
        Some(Answer::This(rights)) if rights.read && GrantRights::READ_WRITE.contains(rights) => {
            (Decision::Allow, rights)
        }
        Some(Answer::Never) => (Decision::Deny, GrantRights::READ_WRITE),
        _ => return Ok(()),
    };
    let mut remembered = false;
    if matches!(prompting, Prompting::Ask(_)) {
        let read_only = decision == Decision::Allow && !rights.write;
        let new = NewFileConsent {
            package: &request.family_name,
            path: &named.path,
            object: named.id,
            decision,
            rights,
            read_only,
            how,
        };
        if store.is_none() {
            store = Store::open_or_create(&caller.folders.data).ok();
        }
        // An answer that is not remembered is asked for again; the store's own errors are told at the launch.
        remembered = store.is_some_and(|mut store| store.remember_file(&new).is_ok());
    }
    if decision == Decision::Allow && !remembered {
        request.consents.push(Grant { path: named.path, rights });
    }
    Ok(())
}

/// The home folder, and the folder of all media: no folders to grant as a whole.
fn is_place_of_all(path: &Path, home: Option<&Path>) -> bool {
    Some(path) == home || ["/media", "/run/media", "/mnt"].iter().any(|place| path == Path::new(place))
}

fn covers(grant: &Path, path: &Path) -> bool {
    crate::host::canonical(grant).is_ok_and(|grant| path.starts_with(grant))
}

fn question(id: u64, request: &Request, named: &Named) -> Question {
    Question {
        id,
        package: request.family_name.clone(),
        asked: Asked::File {
            path: named.path.clone(),
            kind: Some(NodeKind::Dir),
            makes: None,
            this: true,
            named: None,
            windows: None,
            wanted: GrantRights::READ_WRITE,
            folder: None,
        },
        asker: None,
    }
}
