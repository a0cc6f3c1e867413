//! Checking all blocks of a package, on all processors: a large file in segments, so that it is nobody's alone.

use std::collections::HashMap;
use std::sync::atomic::{AtomicBool, Ordering};
use std::sync::{Arc, Mutex, MutexGuard, PoisonError};

use lowbox_msix::block_map::MappedFile;
use lowbox_msix::container::Source;
use lowbox_msix::package::{Buffers, Checksum, Contents, FileReader, PackageError, Segment};
use lowbox_msix::signature::{Signature, SignatureError};

use super::Progress;
use super::workers;

/// Blocks of a segment: 4 MiB of data.
const SEGMENT: usize = 64;

/// Reads all files, and checks each block's digest.
///
/// # Errors
/// With what was found wrong first.
pub fn check_blocks<S: Source + ?Sized>(
    source: &S,
    contents: &Contents,
    progress: &Progress,
) -> Result<(), PackageError> {
    progress.begin(data(contents));
    let nothing = |_: &MappedFile| Ok(());
    for_each_segment(source, contents, nothing, |(), reader, _| {
        while let Some(block) = reader.next_block()? {
            progress.add(block.len());
        }
        Ok(())
    })
}

/// The same, and meanwhile whether the package is what was signed: each takes its part of the processors.
///
/// # Errors
/// When it is not what was signed, before what is wrong with blocks.
pub fn check_signed<S: Source + ?Sized>(
    source: &S,
    contents: &Contents,
    signature: &Signature,
    progress: &Progress,
) -> Result<(), SignatureError> {
    std::thread::scope(|scope| {
        let blocks = scope.spawn(|| check_blocks(source, contents, progress));
        signature.check_contents(source, contents)?;
        Ok(blocks.join().unwrap_or_else(|panic| std::panic::resume_unwind(panic))?)
    })
}

/// Bytes of data of all files.
pub(super) fn data(contents: &Contents) -> u64 {
    contents.files().map(|(file, _)| file.size).fold(0, u64::saturating_add)
}

/// A file of several segments, between them.
struct Shared<T> {
    opened: Arc<T>,
    left: usize,
    /// Of each segment its checksum, once it has one.
    checksums: Vec<Option<Checksum>>,
}

/// Does `work` with each segment of each file, in several threads; none is begun after a failure. A file is opened once, when the first of its
/// segments is, and stays open until its last one is done.
pub(super) fn for_each_segment<S: Source + ?Sized, T: Send + Sync, E: From<PackageError> + Send>(
    source: &S,
    contents: &Contents,
    open: impl Fn(&MappedFile) -> Result<T, E> + Sync,
    work: impl Fn(&T, &mut FileReader<'_, S>, u64) -> Result<(), E> + Sync,
) -> Result<(), E> {
    let files: Vec<&MappedFile> = contents.files().map(|(file, _)| file).collect();
    let mut segments = files.iter().enumerate().flat_map(|(number, file)| {
        contents.segments(file, SEGMENT).enumerate().map(move |(at, segment)| (number, at, segment))
    });
    let segments: Mutex<&mut (dyn Iterator<Item = (usize, usize, Segment)> + Send)> =
        Mutex::new(&mut segments);
    let shared: Mutex<HashMap<usize, Shared<T>>> = Mutex::default();
    let failed = AtomicBool::new(false);
    let one = |number: usize, at: usize, segment: Segment, buffers: Buffers| -> Result<Buffers, E> {
        let file = files[number];
        let mut reader = contents.segment_reader(source, file, segment, buffers);
        if segment.is_all_of(file) {
            work(&open(file)?, &mut reader, 0)?;
            return Ok(reader.into_parts().1);
        }
        let opened = opened(&mut lock(&shared), number, file, &open)?;
        work(&opened, &mut reader, segment.offset())?;
        drop(opened);
        let (checksum, buffers) = reader.into_parts();
        if let Some(checksums) = done(&mut lock(&shared), number, at, checksum) {
            contents.check_checksum(file, checksums)?;
        }
        Ok(buffers)
    };
    let run = || {
        let mut buffers = Buffers::default();
        loop {
            let next = lock(&segments).next();
            let Some((number, at, segment)) = next.filter(|_| !failed.load(Ordering::Relaxed)) else {
                return Ok(());
            };
            buffers =
                one(number, at, segment, buffers).inspect_err(|_| failed.store(true, Ordering::Relaxed))?;
        }
    };
    std::thread::scope(|scope| {
        let threads: Vec<_> = (1..workers()).map(|_| scope.spawn(run)).collect();
        let own = run();
        let others = threads
            .into_iter()
            .map(|thread| thread.join().unwrap_or_else(|panic| std::panic::resume_unwind(panic)));
        others.fold(own, |all, one| all.and(one))
    })
}

fn opened<T, E>(
    shared: &mut HashMap<usize, Shared<T>>,
    number: usize,
    file: &MappedFile,
    open: impl Fn(&MappedFile) -> Result<T, E>,
) -> Result<Arc<T>, E> {
    if let Some(shared) = shared.get(&number) {
        return Ok(Arc::clone(&shared.opened));
    }
    let count = file.blocks.len().div_ceil(SEGMENT);
    let opened = Arc::new(open(file)?);
    let checksums = std::iter::repeat_with(|| None).take(count).collect();
    let one = Shared { opened: Arc::clone(&opened), left: count, checksums };
    shared.insert(number, one);
    Ok(opened)
}

/// Notes a segment's checksum; all of them, if it was the last one.
fn done<T>(
    shared: &mut HashMap<usize, Shared<T>>,
    number: usize,
    at: usize,
    checksum: Checksum,
) -> Option<Vec<Checksum>> {
    let one = shared.get_mut(&number)?;
    one.checksums[at] = Some(checksum);
    one.left -= 1;
    if one.left > 0 {
        return None;
    }
    Some(shared.remove(&number)?.checksums.into_iter().flatten().collect())
}

fn lock<T: ?Sized>(mutex: &Mutex<T>) -> MutexGuard<'_, T> {
    mutex.lock().unwrap_or_else(PoisonError::into_inner)
}
