//! The attacks, by group.

use super::attack::Attack;

mod broker;
mod carried;
mod descriptors;
mod display;
mod files;
mod files_proc;
mod ipc;
mod kernel;
mod network;
mod network_open;
mod pitfalls;
mod processes;
mod reduced;
mod resources;
mod sockets;
mod terminal;
mod win32;
mod writes;

/// The groups that are tried while learning too: the program sees the user's files and networks then, and nothing else.
pub const WHILE_LEARNING: [&str; 5] = [
    "processes",
    "kernel surface",
    "kernel surface: sockets",
    "ipc: a display of its own",
    "descriptors and environment",
];

/// All attacks with their group.
pub fn all() -> impl Iterator<Item = (&'static str, &'static Attack)> {
    [
        ("files", files::ATTACKS),
        ("files: read-only grants", writes::ATTACKS),
        ("files: other processes, setuid", files_proc::ATTACKS),
        ("processes", processes::ATTACKS),
        ("terminal", terminal::ATTACKS),
        ("kernel surface", kernel::ATTACKS),
        ("kernel surface: sockets", sockets::ATTACKS),
        ("ipc", ipc::ATTACKS),
        ("ipc: a display of its own", display::ATTACKS),
        ("network", network::ATTACKS),
        ("network: what stays shut when it is open", network_open::ATTACKS),
        ("descriptors and environment", descriptors::ATTACKS),
        ("resources", resources::ATTACKS),
        ("pitfalls", pitfalls::ATTACKS),
        ("what a grant carries along", carried::ATTACKS),
        ("broker", broker::ATTACKS),
        ("reduced isolation", reduced::ATTACKS),
        ("Windows programs", win32::ATTACKS),
    ]
    .into_iter()
    .flat_map(|(group, attacks)| attacks.iter().map(move |attack| (group, attack)))
}
