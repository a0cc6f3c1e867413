//! What becomes of a touch that nothing has decided yet.

use super::Prompter;

/// Who decides. With [`Prompting::Off`] there is no broker, and what is not granted does not exist.
#[derive(Default)]
pub enum Prompting {
    /// Nobody is asked, and nothing is granted while the program runs.
    #[default]
    Off,
    /// Every question is answered with what was wanted, without asking. What must never be granted stays denied.
    Allow,
    /// Every question is answered with *no*, without asking. What the user consented to before is granted.
    Deny,
    /// Somebody is asked. [`Prompter::ask`] blocks, so it is called by a thread that does nothing else.
    Ask(Box<dyn Prompter>),
}

impl Prompting {
    /// Whether a broker stays beside the program.
    pub fn is_on(&self) -> bool {
        !matches!(self, Prompting::Off)
    }
}

impl std::fmt::Debug for Prompting {
    fn fmt(&self, f: &mut std::fmt::Formatter<'_>) -> std::fmt::Result {
        f.write_str(match self {
            Prompting::Off => "Off",
            Prompting::Allow => "Allow",
            Prompting::Deny => "Deny",
            Prompting::Ask(_) => "Ask",
        })
    }
}
