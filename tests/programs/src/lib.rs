#![forbid(unsafe_code)]
//! What the tests of real programs share: people who run them, and runs with a time limit.

mod person;
mod processes;
mod python;
mod run;
mod session;
mod tmux;

pub use person::{Person, WITHOUT_NAMESPACES, everyone, ordinary};
pub use processes::{pids_with, unique_sleep};
pub use python::compare_module;
pub use run::{Ended, finish, finish_with_input, until};
pub use session::{Session, words, words_of};
pub use tmux::Tmux;
