//! The host as a plan needs to know it: its file tree, the user, the package's folders.

mod tree;

pub use tree::RealTree;
