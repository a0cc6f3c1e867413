//! Who answers a running program's questions: the user at the terminal, the user in a dialog, the program that started
//! lowbox, a policy, or nobody.

mod chooser;
mod dialog;
mod line;
mod messages;
mod nobody;
mod policy;
mod protocol;
mod reading;
mod terminal;
mod window;
mod words;

use std::time::Duration;

use lowbox_linux::broker::{Chooser, Prompter, Prompting};
use lowbox_linux::launch::NamedDescriptor;
use lowbox_linux::prepare::{Asking, PROMPT_FOR_ACCESS};
use lowbox_linux::store::How;
use lowbox_linux::supervise::{TerminalGate, terminal_to_ask_at};

use crate::arguments::PromptArguments;
use crate::failure::Failure;
pub use policy::Policy;
pub use window::close_all as close_windows;

/// What was decided about questions before the launch.
pub struct Decision {
    /// Who decides.
    pub prompting: Prompting,
    /// The program gets a terminal of its own, whose bytes pass this gate: questions are asked on the real one.
    pub terminal: Option<TerminalGate>,
    /// How answers are given, for the consent store.
    pub how: How,
    /// Who chooses files in the place of a Windows program's own dialogs, if anybody can.
    pub chooser: Option<Box<dyn Chooser>>,
    /// How long an answer may take.
    pub timeout: Duration,
    /// Descriptors at which lowbox asks, and that nobody else may have.
    pub private_descriptors: Vec<i32>,
}

impl Decision {
    /// Who decides before the start, if anybody does.
    pub fn asking(&mut self) -> Option<Asking<'_>> {
        match &mut self.prompting {
            Prompting::Ask(prompter) => {
                Some(Asking::User { prompter: prompter.as_mut(), how: self.how, patience: self.timeout })
            }
            Prompting::Allow => Some(Asking::Allow),
            Prompting::Off | Prompting::Deny => None,
        }
    }
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
    let declared = capabilities.iter().any(|name| name.eq_ignore_ascii_case(PROMPT_FOR_ACCESS));
    let policy = arguments.prompt.or(declared.then_some(Policy::Ask));
    let (mut terminal, mut private_descriptors) = (None, Vec::new());
    let mut how = How::Prompt;
    let mut chooser: Option<Box<dyn Chooser>> = None;
    let prompting = match policy {
        None => Prompting::Off,
        Some(Policy::Allow) => Prompting::Allow,
        Some(Policy::Deny) => Prompting::Deny,
        Some(Policy::Ask) => {
            chooser = chooser::FileChooser::find().map(|found| Box::new(found) as Box<dyn Chooser>);
            Prompting::Ask(choose(&mut terminal, &mut how))
        }
        Some(Policy::Program(number)) => {
            how = How::FrontEnd;
            let lent: Vec<i32> = lent.iter().map(|named| named.number).collect();
            let program = protocol::Program::at(number, &lent, package)?;
            private_descriptors.extend(program.descriptor());
            Prompting::Ask(Box::new(program))
        }
    };
    let timeout = Duration::from_secs(arguments.timeout);
    Ok(Decision { prompting, terminal, how, chooser, timeout, private_descriptors })
}

/// The user at the terminal in whose foreground lowbox is, else in a dialog, else nobody. `terminal` is set where the program
/// has to get a terminal of its own.
fn choose(terminal: &mut Option<TerminalGate>, how: &mut How) -> Box<dyn Prompter> {
    if terminal_to_ask_at() {
        let gate = terminal.insert(TerminalGate::default()).clone();
        return Box::new(terminal::AtTerminal::new(gate));
    }
    match dialog::Dialog::find() {
        Some(dialog) => {
            *how = How::Dialog;
            Box::new(dialog)
        }
        None => Box::new(nobody::Nobody),
    }
}
