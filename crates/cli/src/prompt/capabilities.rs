//! Privacy-sensitive capabilities: declaring them is not enough where somebody can be asked.

use std::time::{Duration, Instant};

use lowbox_linux::broker::{Answer, Asked, Prompting, Question};
use lowbox_policy::capability;

use crate::output;

/// Leaves those of `capabilities` out that are privacy-sensitive and are not allowed. Asks before the program starts, and nothing
/// where prompting is off.
pub fn settle(prompting: &mut Prompting, timeout: Duration, package: &str, capabilities: &mut Vec<String>) {
    let mut id = 0;
    capabilities.retain(|name| {
        let Some(known) = capability(name).filter(|known| known.privacy) else { return true };
        let allowed = match prompting {
            Prompting::Off | Prompting::Allow => true,
            Prompting::Deny => false,
            Prompting::Ask(prompter) => {
                id += 1;
                let asked = Asked::Capability { name: name.clone(), title: known.guards.to_owned() };
                let question = Question { id, package: package.to_owned(), asked, asker: None };
                prompter.ask(&question, Instant::now() + timeout) == Some(Answer::Allow)
            }
        };
        if !allowed {
            output::say(&format!("the program starts without the capability {name}, which was not allowed"));
        }
        allowed
    });
}
