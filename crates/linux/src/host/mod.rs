//! The host as a plan needs to know it: the user, the file tree, the folders of packages, what was named on the command
//! line.

mod canonical;
pub mod doctor;
mod environment;
mod files;
mod folders;
mod mounts;
mod named;
mod names;
mod random;
mod remove_tree;
mod route;
mod search;
mod secret;
mod shown;
mod tree;
mod user;

pub use canonical::canonical;
pub use environment::{EnvironmentRequest, PASSED, environment};
pub use files::{append_to_file, open_lock_file, open_regular, open_to_append, replace_file};
pub use folders::{FolderError, Folders, library_folders};
pub(crate) use mounts::unescape;
pub use mounts::{kernel_mounts, touches, visible_mounts};
pub use named::{NameError, Named, name};
pub use names::{Addresses, LookupError, look_up};
pub use random::KernelRandom;
pub(crate) use remove_tree::remove_tree;
pub use route::route_to;
pub use search::{SearchError, find_program};
pub use secret::ask_secret;
pub use shown::Shown;
pub use tree::{RealTree, read_small_file};
pub use user::{HostUser, container_user};
