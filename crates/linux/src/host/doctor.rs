//! What this machine enforces, found out by doing: each probe does in a forked child what a launch would do, so that the
//! answer holds for this kernel as it is configured, under whatever already confines lowbox.

mod displays;
mod folders;
mod kernel;
mod namespaces;
mod networks;
mod probe;
mod resources;
mod whole;
mod windows;

use std::ffi::OsString;

use super::user::HostUser;

/// One finding.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Item {
    /// A short name that stays the same between versions.
    pub name: &'static str,
    /// How it stands.
    pub state: State,
    /// What was found, and what it means for programs in an AppContainer.
    pub meaning: String,
    /// What to do about it.
    pub advice: Option<String>,
}

/// How a finding stands.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum State {
    /// As it should be.
    Ok,
    /// Programs run isolated, and something beside is weaker or not there.
    Reduced,
    /// `lowbox run` refuses to start programs for want of it.
    Missing,
}

impl Item {
    fn ok(name: &'static str, meaning: impl Into<String>) -> Item {
        Item { name, state: State::Ok, meaning: meaning.into(), advice: None }
    }

    fn reduced(name: &'static str, meaning: impl Into<String>, advice: impl Into<String>) -> Item {
        Item { name, state: State::Reduced, meaning: meaning.into(), advice: Some(advice.into()) }
    }

    fn missing(name: &'static str, meaning: impl Into<String>, advice: impl Into<String>) -> Item {
        Item { name, state: State::Missing, meaning: meaning.into(), advice: Some(advice.into()) }
    }
}

/// Examines the machine for the calling user. Starts short-lived processes; leaves nothing behind.
///
/// The calling process must be single-threaded, as for a launch.
pub fn examine() -> Vec<Item> {
    let variable = |name: &str| -> Option<OsString> { std::env::var_os(name) };
    let user = HostUser::current(&variable);
    vec![
        namespaces::user_namespaces(&user),
        namespaces::each(&user),
        namespaces::proc_mount(&user),
        namespaces::outer_proc(),
        kernel::landlock(),
        kernel::seccomp(),
        kernel::ptrace_scope(),
        kernel::core_dumps(),
        networks::networks(),
        networks::datagrams(&user),
        displays::displays(&variable),
        resources::id_mapped_mounts(&user, &variable),
        resources::cgroup(),
        resources::open_files(),
        resources::groups(&user),
        folders::data(&user, &variable),
        folders::configuration(&user, &variable),
        windows::programs(),
        whole::container(),
    ]
}
