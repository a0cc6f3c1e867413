//! The seccomp filter: an allow-list as data ([`rules`]) compiled to a balanced tree ([`compile`]).

mod compile;
mod rules;

pub use compile::{Filter, Mode, compile};
pub use rules::{Action, Condition, Rule, RulesError, builtin};
