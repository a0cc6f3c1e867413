//! Opening the file of a module.

use std::fs::File;
use std::os::fd::{AsRawFd, OwnedFd};

use rustix::fs::{FileType, Mode, OFlags, ResolveFlags, Stat, fstat, major, minor, open, openat2};

use super::maps::Mapping;

/// Finds the file that is mapped there, without doing anything to what may lie at its path by now: what is found is held without
/// being opened, and opened only if it is a regular file, and the one that is mapped.
pub(super) fn find(thread: u32, mapping: &Mapping) -> Option<(OwnedFd, Stat)> {
    let what = |found: OwnedFd| {
        let stat = fstat(&found).ok()?;
        (FileType::from_raw_mode(stat.st_mode) == FileType::RegularFile).then_some((found, stat))
    };
    let flags = OFlags::PATH | OFlags::CLOEXEC;
    let range = &mapping.range;
    // This leads to the very file, removed or not, and takes a capability.
    let link = format!("/proc/{thread}/map_files/{:x}-{:x}", range.start, range.end);
    if let Ok(found) = open(link, flags, Mode::empty()) {
        return what(found);
    }
    let root = open(format!("/proc/{thread}/root"), flags, Mode::empty()).ok()?;
    let within = ResolveFlags::IN_ROOT | ResolveFlags::NO_SYMLINKS | ResolveFlags::NO_MAGICLINKS;
    let path = mapping.path.as_slice();
    let found = openat2(root, path, flags | OFlags::NOFOLLOW, Mode::empty(), within).ok()?;
    let (found, stat) = what(found)?;
    let device = (major(stat.st_dev), minor(stat.st_dev));
    // Some file systems have a device for each part of theirs, and mappings tell another one.
    let is_same = stat.st_ino == mapping.inode && (device == mapping.device || device.0 == 0);
    is_same.then_some((found, stat))
}

/// Opens what was found for reading.
pub(super) fn reopen(found: &OwnedFd) -> Option<File> {
    let flags = OFlags::RDONLY | OFlags::NONBLOCK | OFlags::NOCTTY | OFlags::CLOEXEC;
    let link = format!("/proc/self/fd/{}", found.as_raw_fd());
    open(link, flags, Mode::empty()).ok().map(File::from)
}
