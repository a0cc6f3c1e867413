//! What a path leads to, and what a call wants of it.

use std::ffi::{OsStr, OsString};
use std::fs::File;
use std::io::Read;
use std::os::fd::{AsRawFd, OwnedFd};
use std::os::unix::ffi::OsStrExt;
use std::os::unix::fs::OpenOptionsExt;
use std::path::{Component, Path, PathBuf};

use lowbox_policy::Operation;
use lowbox_profiler::Raw;
use lowbox_profiler::record::{Node, Object};
use rustix::fs::{CWD, FileType, Mode, OFlags, fstat, openat, readlinkat};
use rustix::io::Errno;

/// What a path leads to on the host.
#[derive(Clone, Debug, PartialEq, Eq)]
pub(super) enum Found {
    /// Something, under this path without links.
    There(PathBuf, FileType),
    /// Nothing yet; it would be made at this path without links.
    Missing(PathBuf),
    /// Neither it nor its folder.
    Nothing,
}

/// So many dangling links are followed (path_resolution(7): 40 in all).
const MAX_LINKS: usize = 40;

/// Looks a whole path up, as the user sees the tree.
pub(super) fn find(path: &Path, follows: bool) -> Found {
    let mut path = path.to_owned();
    for _ in 0..MAX_LINKS {
        match open_path(&path, follows) {
            Ok(object) => return there(&object).unwrap_or(Found::Nothing),
            Err(Errno::NOENT) => {}
            Err(_) => return Found::Nothing,
        }
        let (Some(folder), Some(name)) = (path.parent(), path.file_name()) else { return Found::Nothing };
        let Ok(folder) = open_path(folder, true) else { return Found::Nothing };
        let Some(Found::There(place, FileType::Directory)) = there(&folder) else { return Found::Nothing };
        match readlinkat(&folder, name, Vec::new()) {
            // A link that leads to nothing: what is made is made there.
            Ok(target) if follows => path = place.join(OsStr::from_bytes(target.as_bytes())),
            _ => return Found::Missing(place.join(name)),
        }
    }
    Found::Nothing
}

/// The symbolic links on the way to what a path led to: inside, each has to be there too. At the end one is on the way only if it
/// was followed.
pub(super) fn links(path: &Path, follows: bool, found: &Path) -> Vec<PathBuf> {
    if path == found {
        return Vec::new();
    }
    let mut links: Vec<PathBuf> = Vec::new();
    let mut place = PathBuf::from("/");
    // The next one is the last.
    let mut left: Vec<OsString> = parts(path);
    while let Some(part) = left.pop() {
        match part.as_bytes() {
            b".." => drop(place.pop()),
            _ => {
                place.push(&part);
                if left.is_empty() && !follows {
                    break;
                }
                let Ok(target) = readlinkat(CWD, &place, Vec::new()) else { continue };
                if links.len() == MAX_LINKS {
                    break;
                }
                links.push(place.clone());
                let target = Path::new(OsStr::from_bytes(target.as_bytes()));
                if target.is_absolute() {
                    place = PathBuf::from("/");
                } else {
                    place.pop();
                }
                left.extend(parts(target));
            }
        }
    }
    links
}

/// The names of a path, the first last.
fn parts(path: &Path) -> Vec<OsString> {
    let names =
        path.components().rev().filter(|part| matches!(part, Component::Normal(_) | Component::ParentDir));
    names.map(|part| part.as_os_str().to_owned()).collect()
}

fn open_path(path: &Path, follows: bool) -> rustix::io::Result<OwnedFd> {
    let flags = OFlags::PATH | OFlags::CLOEXEC;
    openat(CWD, path, if follows { flags } else { flags | OFlags::NOFOLLOW }, Mode::empty())
}

/// What a descriptor of the caller's own stands for.
fn there(object: &OwnedFd) -> Option<Found> {
    let kind = FileType::from_raw_mode(fstat(object).ok()?.st_mode);
    let path = std::fs::read_link(format!("/proc/self/fd/{}", object.as_raw_fd())).ok()?;
    is_named(&path).then_some(Found::There(path, kind))
}

/// What the link of a descriptor in /proc says: a path, unless it is a pipe, a socket, or was removed.
fn is_named(path: &Path) -> bool {
    path.is_absolute() && !path.as_os_str().as_bytes().ends_with(b" (deleted)")
}

/// What a descriptor of another process stands for, by its link in /proc.
pub(super) fn behind(link: &str) -> Option<PathBuf> {
    std::fs::read_link(link).ok().filter(|path| is_named(path))
}

/// The object at a path, for an operation on it.
pub(super) fn object(path: &Path, kind: FileType, operation: Operation) -> Object {
    let path = Raw::from(path);
    let changes_name = matches!(
        operation,
        Operation::Unlink | Operation::RenameFrom | Operation::LinkFrom | Operation::Stat
    );
    let node = match kind {
        FileType::CharacterDevice | FileType::BlockDevice if !changes_name => {
            return Object::Device { path, block: kind == FileType::BlockDevice };
        }
        FileType::Socket if operation == Operation::Connect => return Object::UnixSocket { path },
        FileType::CharacterDevice | FileType::BlockDevice => Node::Device,
        FileType::Socket => Node::Socket,
        FileType::Directory => Node::Directory,
        FileType::Symlink => Node::Symlink,
        FileType::Fifo => Node::Fifo,
        FileType::RegularFile | FileType::Unknown => Node::File,
    };
    Object::File { path, node }
}

/// The object that an operation would make.
pub(super) fn new_object(path: &Path, operation: Operation) -> Object {
    let node = match operation {
        Operation::Mkdir | Operation::RenameDirTo => Node::Directory,
        Operation::Symlink => Node::Symlink,
        Operation::MakeSpecial => Node::Fifo,
        _ => Node::File,
    };
    Object::File { path: path.into(), node }
}

/// What open(2) with these flags does to what is there. Nothing for an open that fails whoever makes it, and for one that only
/// names the object.
pub(super) fn opened(kind: FileType, flags: i32) -> Vec<Operation> {
    let writes = flags & libc::O_ACCMODE != libc::O_RDONLY;
    let nameless = flags & libc::O_TMPFILE == libc::O_TMPFILE;
    let new = libc::O_CREAT | libc::O_EXCL;
    if flags & libc::O_PATH != 0 || (flags & new == new && !nameless) || kind == FileType::Symlink {
        return Vec::new();
    }
    if kind == FileType::Directory {
        return match (nameless, writes) {
            // A file without a name takes the right to make one.
            (true, true) => vec![Operation::Write],
            (false, false) if flags & libc::O_CREAT == 0 => vec![Operation::List],
            _ => Vec::new(),
        };
    }
    if flags & libc::O_DIRECTORY != 0 {
        return Vec::new();
    }
    let mut all = Vec::new();
    if flags & libc::O_ACCMODE != libc::O_WRONLY {
        all.push(Operation::Read);
    }
    if writes {
        all.push(if flags & libc::O_APPEND != 0 { Operation::Append } else { Operation::Write });
    }
    if flags & libc::O_TRUNC != 0 && (!writes || flags & libc::O_APPEND != 0) {
        all.push(Operation::Truncate);
    }
    all
}

/// Whether an open with these flags can do nothing but open a folder, and no link, for listing.
pub(super) fn only_lists(flags: i32) -> bool {
    let needed = libc::O_DIRECTORY | libc::O_NOFOLLOW;
    let others = libc::O_ACCMODE | libc::O_CREAT | libc::O_PATH | (libc::O_TMPFILE & !libc::O_DIRECTORY);
    flags & needed == needed && flags & others == libc::O_RDONLY
}

/// The interpreter of a script (execve(2)), which the kernel opens without a call of the program's.
pub(super) fn interpreter(path: &Path) -> Option<PathBuf> {
    // O_NONBLOCK: what was a regular file may be a FIFO by now.
    let flags = libc::O_NONBLOCK | libc::O_NOCTTY;
    let file = File::options().read(true).custom_flags(flags).open(path).ok()?;
    let mut start = Vec::new();
    file.metadata().ok().filter(|meta| meta.is_file())?;
    // BINPRM_BUF_SIZE.
    file.take(256).read_to_end(&mut start).ok()?;
    let line = start.strip_prefix(b"#!")?.split(|&byte| byte == b'\n').next()?;
    let word = line.split(|byte| matches!(byte, b' ' | b'\t' | 0)).find(|word| !word.is_empty())?;
    Some(PathBuf::from(OsStr::from_bytes(word))).filter(|path| path.is_absolute())
}

#[cfg(test)]
mod tests {
    use super::*;
    use std::os::unix::fs::symlink;

    #[test]
    fn links_are_followed_to_what_is_there_and_to_what_would_be_made() {
        let folder = tempfile::tempdir().unwrap();
        let real = std::fs::canonicalize(folder.path()).unwrap();
        std::fs::write(real.join("file"), "").unwrap();
        symlink("file", real.join("link")).unwrap();
        symlink("new", real.join("dangling")).unwrap();
        symlink("loop", real.join("loop")).unwrap();
        let file = Found::There(real.join("file"), FileType::RegularFile);
        assert_eq!(find(&real.join("link"), true), file);
        assert_eq!(find(&real.join("./../").join(real.file_name().unwrap()).join("file"), true), file);
        assert_eq!(find(&real.join("link"), false), Found::There(real.join("link"), FileType::Symlink));
        assert_eq!(find(&real.join("dangling"), true), Found::Missing(real.join("new")));
        assert_eq!(find(&real.join("loop"), true), Found::Nothing);
        assert_eq!(find(&real.join("none/none"), true), Found::Nothing);
        assert_eq!(find(&real.join("file/x"), true), Found::Nothing);
    }

    #[test]
    fn the_links_on_the_way_are_all_that_were_followed() {
        let folder = tempfile::tempdir().unwrap();
        let real = std::fs::canonicalize(folder.path()).unwrap();
        std::fs::create_dir_all(real.join("a/b")).unwrap();
        std::fs::write(real.join("a/b/file"), "").unwrap();
        symlink("a", real.join("one")).unwrap();
        symlink(real.join("one/b"), real.join("two")).unwrap();
        symlink("file", real.join("a/b/end")).unwrap();
        symlink("loop", real.join("loop")).unwrap();
        let file = real.join("a/b/file");
        assert_eq!(links(&file, true, &file), Vec::<PathBuf>::new());
        let way = |path: &str, follows| links(&real.join(path), follows, &file);
        assert_eq!(way("./a//b/../b/file", true), Vec::<PathBuf>::new());
        let expected = ["two", "one", "a/b/end"].map(|name| real.join(name));
        assert_eq!(way("two/end", true), expected);
        assert_eq!(way("two/end", false), expected[..2]);
        assert_eq!(way("loop", true).len(), MAX_LINKS);
    }

    #[test]
    fn an_open_is_what_its_flags_and_the_object_make_of_it() {
        use FileType::{Directory, RegularFile};
        let of = |kind, flags| opened(kind, flags);
        assert_eq!(of(RegularFile, libc::O_RDONLY), [Operation::Read]);
        assert_eq!(of(RegularFile, libc::O_RDWR | libc::O_CREAT), [Operation::Read, Operation::Write]);
        assert_eq!(of(RegularFile, libc::O_WRONLY | libc::O_APPEND), [Operation::Append]);
        assert_eq!(of(RegularFile, libc::O_RDONLY | libc::O_TRUNC), [Operation::Read, Operation::Truncate]);
        assert_eq!(of(Directory, libc::O_RDONLY | libc::O_DIRECTORY), [Operation::List]);
        assert_eq!(of(Directory, libc::O_RDWR | libc::O_TMPFILE), [Operation::Write]);
        for fails in [
            of(RegularFile, libc::O_CREAT | libc::O_EXCL | libc::O_WRONLY),
            of(RegularFile, libc::O_DIRECTORY),
            of(Directory, libc::O_WRONLY),
            of(RegularFile, libc::O_PATH),
        ] {
            assert_eq!(fails, []);
        }
    }

    #[test]
    fn an_open_that_only_lists_makes_and_follows_nothing() {
        let lists = libc::O_DIRECTORY | libc::O_NOFOLLOW | libc::O_CLOEXEC;
        assert!(only_lists(lists) && only_lists(lists | libc::O_NONBLOCK));
        let more = [libc::O_RDWR, libc::O_CREAT, libc::O_PATH, libc::O_TMPFILE | libc::O_RDWR];
        assert!(more.iter().all(|flag| !only_lists(lists | flag)));
        assert!(!only_lists(libc::O_DIRECTORY) && !only_lists(libc::O_NOFOLLOW));
    }

    #[test]
    fn a_script_names_its_interpreter() {
        let folder = tempfile::tempdir().unwrap();
        let script = folder.path().join("script");
        for (text, expected) in [
            ("#!/usr/bin/python3 -u\nprint()", Some("/usr/bin/python3")),
            ("#! /bin/sh", Some("/bin/sh")),
            ("#!relative\n", None),
            ("#!\n", None),
            ("\x7fELF", None),
        ] {
            std::fs::write(&script, text).unwrap();
            assert_eq!(interpreter(&script), expected.map(PathBuf::from), "{text}");
        }
    }
}
