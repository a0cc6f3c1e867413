//! From a plan to a running program.
//!
//! [`Groundwork`] starts pid 1 of the container in its namespaces; once there is a plan it is handed to pid 1 (see `init`),
//! which completes the view, gives everything up that the program shall not have, and starts it.

pub(crate) mod control;
pub(crate) mod descriptors;
mod error;
pub(crate) mod failure;
mod groundwork;
pub(crate) mod handoff;
pub(crate) mod idmap;
pub(crate) mod lend;
pub(crate) mod memory_file;
pub(crate) mod message;
pub(crate) mod network;
pub(crate) mod pin;
pub(crate) mod pipes;
pub(crate) mod processors;
pub(crate) mod program;
pub(crate) mod pty;
mod reduced;
pub(crate) mod rules;
pub(crate) mod spec;
pub(crate) mod starter;
pub(crate) mod stdio;
pub(crate) mod stopwatch;
pub(crate) mod view;
pub(crate) mod wire;

pub use control::Step;
pub use error::LaunchError;
pub(crate) use groundwork::Asked;
pub use groundwork::{Ground, Groundwork, MINIMAL_LANDLOCK_ABI};
pub use reduced::{LOST, launch_reduced};
pub use spec::{Asks, ContainerUser, Learns, PackageData, ShownRecords, Spec, Verifies};
pub(crate) use spec::{IN_MEMORY, home};
pub use stdio::{DescriptorKind, NamedDescriptor, check_descriptors};
