//! Checking all blocks of a package, on all processors.

use std::sync::atomic::{AtomicBool, AtomicUsize, Ordering};

use lowbox_msix::block_map::MappedFile;
use lowbox_msix::container::Source;
use lowbox_msix::package::{Contents, PackageError};

use super::workers;

/// Reads all files, and checks each block's digest.
///
/// # Errors
/// With what was found wrong first.
pub fn check_blocks<S: Source + ?Sized>(source: &S, contents: &Contents) -> Result<(), PackageError> {
    let files: Vec<&MappedFile> = contents.files().map(|(file, _)| file).collect();
    for_each(&files, |file| {
        let mut reader = contents.reader(source, file);
        while reader.next_block()?.is_some() {}
        Ok(())
    })
}

/// Does something with each file, in several threads; none is begun after a failure.
pub(super) fn for_each<E: Send>(
    files: &[&MappedFile],
    work: impl Fn(&MappedFile) -> Result<(), E> + Sync,
) -> Result<(), E> {
    let (next, failed) = (AtomicUsize::new(0), AtomicBool::new(false));
    let run = || {
        while let Some(file) = files.get(next.fetch_add(1, Ordering::Relaxed)) {
            if failed.load(Ordering::Relaxed) {
                break;
            }
            if let Err(error) = work(file) {
                failed.store(true, Ordering::Relaxed);
                return Err(error);
            }
        }
        Ok(())
    };
    std::thread::scope(|scope| {
        let threads: Vec<_> = (1..workers().min(files.len())).map(|_| scope.spawn(run)).collect();
        let own = run();
        let others = threads
            .into_iter()
            .map(|thread| thread.join().unwrap_or_else(|panic| std::panic::resume_unwind(panic)));
        others.fold(own, |all, one| all.and(one))
    })
}
