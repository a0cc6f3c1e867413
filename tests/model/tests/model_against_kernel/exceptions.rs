//! What the kernel permits and the access check denies, known and documented (ARCHITECTURE). The list is complete: a case that
//! is not on it fails.

use std::path::Path;

use lowbox_policy::{NodeKind, Operation};

use crate::compare::Comparison;
use crate::kernel::Kernel;
use crate::oracle::Need;

/// The exception that all of `denied` fall under. `None` where one does not, and where nothing is denied.
pub fn known(comparison: &Comparison<'_>, denied: &[&Need]) -> Option<&'static str> {
    let writes = |need: &&Need| {
        need.kind == NodeKind::Fifo
            && matches!(need.operation, Operation::Write | Operation::Append)
            && writes_fifo(comparison, &need.path)
    };
    (!denied.is_empty() && denied.iter().all(writes))
        .then_some("prompting: a FIFO in a readable folder of the frontier is written")
}

/// A read-only mount does not keep FIFOs from being written, and in the frontier Landlock leaves everything to the mounts: a
/// FIFO that the program may read, in a folder that is granted. One that is granted by itself is mounted apart.
pub fn writes_fifo(comparison: &Comparison<'_>, path: &Path) -> bool {
    let read = Need { operation: Operation::Read, path: path.to_owned(), kind: NodeKind::Fifo };
    comparison.runner.is_in_frontier(path)
        && comparison.oracle.allows(&read)
        && Kernel::new(comparison.plan).mount(path).is_some_and(|mount| mount.id.kind == NodeKind::Dir)
}
