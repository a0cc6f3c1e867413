//! The seccomp filter: an allow-list as data (`calls.txt`; `wine.txt` says what of it Windows programs have), compiled to a balanced tree when lowbox is built.

#[allow(dead_code)]
mod compile;
// Run by build.rs; here for its types and its tests.
#[allow(dead_code)]
mod rules;

pub use compile::{Instruction, Mode};

/// Every filter, by mode; written by build.rs.
static FILTERS: &[(Mode, &[Instruction])] = include!(concat!(env!("OUT_DIR"), "/filters.rs"));

/// The filters of Windows programs and of Wine's server, by mode.
static WINE: &[(Mode, &[Instruction])] = include!(concat!(env!("OUT_DIR"), "/wine.rs"));

/// The filter on top of that which Windows programs have and Wine's server has not.
pub static WITHOUT_PTRACE: &[Instruction] = include!(concat!(env!("OUT_DIR"), "/without_ptrace.rs"));

/// The filter of the network broker.
pub static NETWORK_BROKER: &[Instruction] = include!(concat!(env!("OUT_DIR"), "/network_broker.rs"));

/// The filter of a mode.
pub fn filter(mode: Mode) -> &'static [Instruction] {
    of_mode(FILTERS, mode)
}

/// The filter of a mode for Windows programs. There is none without namespaces.
pub fn wine_filter(mode: Mode) -> &'static [Instruction] {
    of_mode(WINE, mode)
}

fn of_mode(filters: &'static [(Mode, &[Instruction])], mode: Mode) -> &'static [Instruction] {
    let (_, filter) = filters.iter().find(|(have, _)| *have == mode).expect("build.rs writes every mode");
    filter
}
