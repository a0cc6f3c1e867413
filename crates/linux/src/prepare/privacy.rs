//! Privacy-sensitive capabilities: that the package declares one is not enough, the user has to allow it.

use std::time::{Duration, Instant};

use lowbox_policy::capability;

use super::{Caller, Notice, Request};
use crate::broker::{Answer, Asked, Prompter, Question};
use crate::store::{Decision, How, Store};

/// Who decides before a start what the store does not.
pub enum Asking<'a> {
    /// Everything is allowed, for this run.
    Allow,
    /// Somebody answers.
    User {
        /// Who is asked.
        prompter: &'a mut dyn Prompter,
        /// What is remembered as the way of the answer.
        how: How,
        /// How long each answer may take.
        patience: Duration,
    },
}

/// What was decided about a request's capabilities.
#[derive(Clone, Debug, Default, PartialEq, Eq)]
pub struct Decided {
    /// Those that the token has because the store says so, for [`Store::register_started`].
    pub allowed: Vec<String>,
    /// Those that it has for this run, by a policy.
    pub for_run: Vec<String>,
    /// Those that it has not, and other things that the user should know.
    pub notices: Vec<Notice>,
    /// How many questions were put.
    pub questions: u64,
}

/// Takes away from `request` what it needs consent for and has none. To be called before the launch begins, because the user
/// may take their time.
pub fn decide_capabilities(
    caller: &Caller,
    request: &mut Request,
    mut asking: Option<Asking<'_>>,
) -> Decided {
    let mut decided = Decided::default();
    if request.need_consent.is_empty() {
        return decided;
    }
    let mut store = match Store::open_existing(&caller.folders.data) {
        Ok(store) => store,
        Err(error) => {
            // Nobody is asked either: the answer "never" may be in there.
            decided.notices.push(Notice::Consents(error.to_string()));
            asking = None;
            None
        }
    };
    for name in std::mem::take(&mut request.need_consent) {
        let known = match store.as_ref().map(|store| store.capability_consent(&request.family_name, &name)) {
            Some(Ok(known)) => known.map(|consent| consent.decision),
            Some(Err(error)) => {
                decided.notices.push(Notice::Consents(error.to_string()));
                Some(Decision::Deny)
            }
            None => None,
        };
        let answer = match (known, &mut asking) {
            (Some(Decision::Allow), _) => {
                decided.allowed.push(name);
                continue;
            }
            (None, Some(Asking::Allow)) => {
                decided.for_run.push(name);
                continue;
            }
            (None, Some(Asking::User { prompter, patience, .. })) => {
                decided.questions += 1;
                let question = question(decided.questions, &request.family_name, &name);
                prompter.ask(&question, Instant::now() + *patience)
            }
            _ => None,
        };
        let lasting = match answer {
            Some(Answer::Allow) => Some(Decision::Allow),
            Some(Answer::Never) => Some(Decision::Deny),
            _ => None,
        };
        if let (Some(decision), Some(Asking::User { how, .. })) = (lasting, &asking) {
            match remember(caller, &mut store, request, &name, decision, *how) {
                Ok(()) if decision == Decision::Allow => decided.allowed.push(name.clone()),
                Ok(()) => {}
                Err(error) => {
                    decided.notices.push(Notice::Consents(format!("the answer is not remembered: {error}")));
                }
            }
        }
        if answer != Some(Answer::Allow) {
            request.capabilities.retain(|have| !have.eq_ignore_ascii_case(&name));
            decided.notices.push(Notice::Withheld {
                capability: name,
                package: request.family_name.clone(),
                denied: known.or(lasting) == Some(Decision::Deny),
            });
        }
    }
    decided
}

fn question(id: u64, package: &str, name: &str) -> Question {
    let title = capability(name).map_or(name, |known| known.guards).to_owned();
    Question {
        id,
        package: package.to_owned(),
        asked: Asked::Capability { name: name.to_owned(), title },
        asker: None,
    }
}

fn remember(
    caller: &Caller,
    store: &mut Option<Store>,
    request: &Request,
    name: &str,
    decision: Decision,
    how: How,
) -> Result<(), crate::store::StoreError> {
    let store = match store {
        Some(store) => store,
        None => store.insert(Store::open_or_create(&caller.folders.data)?),
    };
    store.remember_capability(&request.family_name, name, decision, how)
}
