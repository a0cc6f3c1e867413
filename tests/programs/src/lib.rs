#![forbid(unsafe_code)]
//! What the tests of real programs share: people who run them, and runs with a time limit.

mod person;
mod python;
mod run;

pub use person::{Person, everyone, ordinary};
pub use python::compare_module;
pub use run::{Ended, finish, finish_with_input, until};
