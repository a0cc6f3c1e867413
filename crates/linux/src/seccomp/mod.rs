//! The seccomp filter: an allow-list as data (`calls.txt`), compiled to a balanced tree when lowbox is built.

#[allow(dead_code)]
mod compile;
// Run by build.rs; here for its types and its tests.
#[allow(dead_code)]
mod rules;

pub use compile::{Instruction, Mode};

/// Every filter, by mode; written by build.rs.
static FILTERS: &[(Mode, &[Instruction])] = include!(concat!(env!("OUT_DIR"), "/filters.rs"));

/// The filter of the network broker.
pub static NETWORK_BROKER: &[Instruction] = include!(concat!(env!("OUT_DIR"), "/network_broker.rs"));

/// The filter of a mode.
pub fn filter(mode: Mode) -> &'static [Instruction] {
    let (_, filter) = FILTERS.iter().find(|(have, _)| *have == mode).expect("build.rs writes every mode");
    filter
}
