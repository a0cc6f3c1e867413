//! Where a path leads on the host, for a user who named it by links of their own.

use std::collections::VecDeque;
use std::ffi::{OsStr, OsString};
use std::io;
use std::os::fd::OwnedFd;
use std::os::unix::ffi::{OsStrExt, OsStringExt};
use std::path::{Component, Path, PathBuf};

use lowbox_policy::os_bytes;
use rustix::fs::{
    FileType, Mode, OFlags, PROC_SUPER_MAGIC, ResolveFlags, fstat, fstatfs, open, openat2, readlinkat,
};
use rustix::io::Errno;
use serde::{Deserialize, Serialize};

/// As the kernel's (path_resolution(7)).
const MOST_FOLLOWED: usize = 40;

/// Links of the path itself, beside those that one of them leads through.
const MOST_LINKS: usize = 8;

/// As the kernel's PATH_MAX.
const MOST_BYTES: usize = 4096;

/// Of all that is told of links: it travels in one message.
const MOST_BYTES_OF_LINKS: usize = 8192;

/// Names that are looked up: the program has a say in how many there are, and the broker waits.
const MOST_STEPS: usize = 4096;

/// A link on the way.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize)]
pub(in crate::broker) struct Link {
    /// Where it is: no component above it is a link.
    #[serde(with = "os_bytes")]
    pub(in crate::broker) at: PathBuf,
    /// What it leads to in the end: no component is a link.
    #[serde(with = "os_bytes")]
    pub(in crate::broker) to: PathBuf,
}

/// What a path leads to. It was so a moment ago: whoever uses it opens the path without following a link.
#[derive(Debug, PartialEq, Eq, Serialize, Deserialize)]
pub(in crate::broker) struct Resolved {
    /// No component is a link; the last one may be missing.
    #[serde(with = "os_bytes")]
    pub(in crate::broker) path: PathBuf,
    pub(in crate::broker) links: Vec<Link>,
    /// Where each link is that was followed, also those that another one led to.
    #[serde(with = "os_bytes::list")]
    pub(in crate::broker) followed: Vec<PathBuf>,
}

/// Follows the links of an absolute path, a last one too if `follow`.
///
/// # Errors
/// ENOENT; EACCES; ELOOP for too many links and for those of /proc; ENAMETOOLONG.
pub(super) fn resolve(path: &Path, follow: bool) -> io::Result<Resolved> {
    let root = open("/", OFlags::PATH | OFlags::DIRECTORY | OFlags::CLOEXEC, Mode::empty())?;
    let (mut at, mut here) = (PathBuf::from("/"), root.try_clone()?);
    let mut left = components(path);
    let (mut links, mut followed, mut told, mut steps) = (Vec::new(), Vec::new(), 0, 0);
    // A link of the path itself that is being followed, and how much is left behind it.
    let mut outer: Option<(PathBuf, usize)> = None;
    while let Some(name) = left.pop_front() {
        steps += 1;
        if steps > MOST_STEPS {
            return Err(Errno::LOOP.into());
        }
        if name == ".." {
            // `at` has no links, so above it is what its text says.
            at.pop();
            here = open_itself(&here, &name)?;
        } else {
            let next = at.join(&name);
            match open_itself(&here, &name) {
                Err(Errno::NOENT) if left.is_empty() => at = next,
                Err(error) => return Err(error.into()),
                Ok(object) if is_link(&object)? && (follow || !left.is_empty()) => {
                    told += next.as_os_str().len();
                    followed.push(next.clone());
                    if followed.len() > MOST_FOLLOWED || fstatfs(&object)?.f_type == PROC_SUPER_MAGIC {
                        return Err(Errno::LOOP.into());
                    }
                    let target = OsString::from_vec(readlinkat(&object, "", Vec::new())?.into_bytes());
                    let target = Path::new(&target);
                    outer.get_or_insert((next, left.len()));
                    if target.is_absolute() {
                        at = PathBuf::from("/");
                        here = root.try_clone()?;
                    }
                    components(target).into_iter().rev().for_each(|name| left.push_front(name));
                }
                Ok(object) => (at, here) = (next, object),
            }
        }
        let bytes: usize = left.iter().map(|name| name.len() + 1).sum();
        if at.as_os_str().as_bytes().len() + bytes > MOST_BYTES {
            return Err(Errno::NAMETOOLONG.into());
        }
        if let Some((link, _)) = outer.take_if(|(_, behind)| left.len() == *behind) {
            told += link.as_os_str().len() + at.as_os_str().len();
            links.push(Link { at: link, to: at.clone() });
        }
        if links.len() > MOST_LINKS || told > MOST_BYTES_OF_LINKS {
            return Err(Errno::LOOP.into());
        }
    }
    Ok(Resolved { path: at, links, followed })
}

fn components(path: &Path) -> VecDeque<OsString> {
    let plain = path.components().filter(|part| !matches!(part, Component::RootDir | Component::CurDir));
    plain.map(|part| part.as_os_str().to_owned()).collect()
}

/// What has this name in a folder, a link itself.
fn open_itself(folder: &OwnedFd, name: &OsStr) -> rustix::io::Result<OwnedFd> {
    let flags = OFlags::PATH | OFlags::NOFOLLOW | OFlags::CLOEXEC;
    openat2(folder, name, flags, Mode::empty(), ResolveFlags::NO_SYMLINKS | ResolveFlags::NO_MAGICLINKS)
}

fn is_link(object: &OwnedFd) -> rustix::io::Result<bool> {
    Ok(FileType::from_raw_mode(fstat(object)?.st_mode) == FileType::Symlink)
}

#[cfg(test)]
mod tests {
    use super::*;
    use std::fs;
    use std::os::unix::fs::symlink;

    fn folder() -> (tempfile::TempDir, PathBuf) {
        let folder = tempfile::tempdir().unwrap();
        let path = fs::canonicalize(folder.path()).unwrap();
        fs::create_dir_all(path.join("disk/docs/sub")).unwrap();
        fs::write(path.join("disk/docs/sub/a"), "").unwrap();
        (folder, path)
    }

    fn link(at: PathBuf, to: PathBuf) -> Link {
        Link { at, to }
    }

    #[test]
    fn links_of_the_path_are_told_with_what_they_lead_to_and_those_on_the_way_there_are_not() {
        let (_kept, top) = folder();
        symlink("../disk/./docs", top.join("disk/by-way")).unwrap();
        symlink(top.join("disk/by-way"), top.join("Documents")).unwrap();
        symlink("sub/../sub", top.join("disk/docs/inner")).unwrap();
        let found = resolve(&top.join("Documents/inner/a"), true).unwrap();
        assert_eq!(found.path, top.join("disk/docs/sub/a"));
        let first = link(top.join("Documents"), top.join("disk/docs"));
        let second = link(top.join("disk/docs/inner"), top.join("disk/docs/sub"));
        assert_eq!(found.links, [first, second]);
        let inner = top.join("disk/docs/inner");
        assert_eq!(found.followed, [top.join("Documents"), top.join("disk/by-way"), inner]);
        // Without one it is what it is.
        let plain = top.join("disk/docs/sub/a");
        assert_eq!(
            resolve(&plain, true).unwrap(),
            Resolved { path: plain, links: Vec::new(), followed: Vec::new() }
        );
    }

    #[test]
    fn the_last_name_may_be_missing_and_a_last_link_stands_for_itself_where_it_is_not_followed() {
        let (_kept, top) = folder();
        symlink("disk/docs", top.join("Documents")).unwrap();
        symlink("disk/new", top.join("dangling")).unwrap();
        assert_eq!(resolve(&top.join("Documents/new"), true).unwrap().path, top.join("disk/docs/new"));
        assert_eq!(resolve(&top.join("dangling"), true).unwrap().path, top.join("disk/new"));
        let itself = resolve(&top.join("Documents"), false).unwrap();
        assert_eq!(itself, Resolved { path: top.join("Documents"), links: Vec::new(), followed: Vec::new() });
        let errno = |path: &str| resolve(&top.join(path), true).unwrap_err().raw_os_error();
        assert_eq!(errno("Documents/none/a"), Some(libc::ENOENT));
        assert_eq!(errno("disk/docs/sub/a/b"), Some(libc::ENOTDIR));
    }

    #[test]
    fn what_is_told_of_links_and_the_names_that_are_looked_up_are_bounded() {
        let (_kept, top) = folder();
        let mut deep = top.clone();
        // A path that is made of many short names, and a link at its end that leads there again.
        while deep.as_os_str().len() < 2000 {
            deep.push("d");
        }
        fs::create_dir_all(&deep).unwrap();
        symlink(&deep, deep.join("l")).unwrap();
        symlink(".", deep.join("here")).unwrap();
        for name in ["l", "here"] {
            let again = (0..8).fold(deep.clone(), |path, _| path.join(name));
            assert_eq!(resolve(&again, true).unwrap_err().raw_os_error(), Some(libc::ELOOP), "{name}");
        }
        let once = resolve(&deep.join("l"), true).unwrap();
        assert_eq!((once.path, once.links.len()), (deep, 1));
    }

    #[test]
    fn loops_links_of_proc_and_names_that_grow_are_refused() {
        let (_kept, top) = folder();
        symlink("loop", top.join("loop")).unwrap();
        symlink("/proc/self/root", top.join("root")).unwrap();
        symlink("/proc/self/cwd", top.join("cwd")).unwrap();
        symlink(format!("{}grow", "x/../".repeat(700)), top.join("grow")).unwrap();
        fs::create_dir(top.join("x")).unwrap();
        for (name, expected) in [("loop", libc::ELOOP), ("root/etc", libc::ELOOP), ("cwd/x", libc::ELOOP)] {
            let found = resolve(&top.join(name), true).unwrap_err();
            assert_eq!(found.raw_os_error(), Some(expected), "{name}");
        }
        assert!(resolve(&top.join("grow"), true).is_err());
        let mut many = top.join("disk/docs");
        for _ in 0..MOST_LINKS {
            symlink(".", many.join("here")).or_else(|_| fs::metadata(many.join("here")).map(drop)).unwrap();
            many.push("here");
        }
        assert_eq!(resolve(&many, true).unwrap().links.len(), MOST_LINKS);
        assert!(resolve(&many.join("here"), true).is_err());
    }
}
