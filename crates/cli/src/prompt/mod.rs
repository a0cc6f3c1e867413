//! Who answers a running program's questions: the user at the terminal, the user in a dialog, the program that started
//! lowbox, a policy, or nobody.

mod capabilities;
mod dialog;
mod line;
mod messages;
mod nobody;
mod policy;
mod protocol;
mod rehearsal;
mod terminal;
mod words;

use std::time::Duration;

use lowbox_linux::broker::{Prompter, Prompting};
use lowbox_linux::launch::NamedDescriptor;
use lowbox_linux::supervise::{TerminalGate, terminal_to_ask_at};

use crate::arguments::PromptArguments;
use crate::failure::Failure;
pub use capabilities::settle as settle_capabilities;
pub use dialog::close as close_dialog;
pub use policy::Policy;
pub use rehearsal::Rehearsal;

/// The capability whose declaration turns prompting on.
pub const PROMPT_FOR_ACCESS: &str = "isolatedWin32-promptForAccess";

/// What was decided about questions before the launch.
pub struct Decision {
    /// Who decides.
    pub prompting: Prompting,
    /// The program gets a terminal of its own, whose bytes pass this gate: questions are asked on the real one.
    pub terminal: Option<TerminalGate>,
    /// How long an answer may take.
    pub timeout: Duration,
    /// Descriptors at which lowbox asks, and that nobody else may have.
    pub private_descriptors: Vec<i32>,
}

/// Decides from the command line and the declared capabilities. Called before lowbox opens descriptors or starts threads.
///
/// # Errors
/// A descriptor that is no socket of the caller's own, or that is lent as well.
pub fn decide(
    arguments: &PromptArguments,
    lent: &[NamedDescriptor],
    capabilities: &[String],
    package: &str,
) -> Result<Decision, Failure> {
    let declared = capabilities.iter().any(|name| name == PROMPT_FOR_ACCESS);
    let policy = arguments.prompt.or(declared.then_some(Policy::Ask));
    let (mut terminal, mut private_descriptors) = (None, Vec::new());
    let prompting = match policy {
        None => Prompting::Off,
        Some(Policy::Allow) => Prompting::Allow,
        Some(Policy::Deny) => Prompting::Deny,
        Some(Policy::Ask) => Prompting::Ask(choose(&mut terminal)),
        Some(Policy::Program(number)) => {
            let lent: Vec<i32> = lent.iter().map(|named| named.number).collect();
            let program = protocol::Program::at(number, &lent, package)?;
            private_descriptors.extend(program.descriptor());
            Prompting::Ask(Box::new(program))
        }
    };
    Ok(Decision { prompting, terminal, timeout: Duration::from_secs(arguments.timeout), private_descriptors })
}

/// The user at the terminal in whose foreground lowbox is, else in a dialog, else nobody. `terminal` is set where the program
/// has to get a terminal of its own.
pub fn choose(terminal: &mut Option<TerminalGate>) -> Box<dyn Prompter> {
    if terminal_to_ask_at() {
        let gate = terminal.insert(TerminalGate::default()).clone();
        return Box::new(terminal::AtTerminal::new(gate));
    }
    match dialog::Dialog::find() {
        Some(dialog) => Box::new(dialog),
        None => Box::new(nobody::Nobody),
    }
}
