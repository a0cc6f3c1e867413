//! Canonical paths, from the kernel.

use std::fs;
use std::io;
use std::os::fd::AsRawFd;
use std::os::unix::ffi::OsStrExt;
use std::path::{Path, PathBuf};

use rustix::fs::{CWD, Mode, OFlags, open};

use crate::launch::pin::open_without_links;

/// The path of what `path` leads to, links followed. The kernel is asked as a whole, because walking the components takes a
/// call for each: first whether there is a link at all.
///
/// # Errors
/// What open(2) reports: ENOENT, EACCES, ELOOP, …
pub fn canonical(path: &Path) -> io::Result<PathBuf> {
    if is_plain(path) && open_without_links(CWD, path).is_ok() {
        return Ok(path.to_owned());
    }
    let object = open(path, OFlags::PATH | OFlags::CLOEXEC, Mode::empty())?;
    fs::read_link(format!("/proc/self/fd/{}", object.as_raw_fd()))
}

/// Absolute, and every component a name.
fn is_plain(path: &Path) -> bool {
    let name = |part: &[u8]| !matches!(part, b"" | b"." | b"..");
    let parts = path.as_os_str().as_bytes().strip_prefix(b"/");
    parts.is_some_and(|parts| parts.split(|&byte| byte == b'/').all(name))
}

#[cfg(test)]
mod tests {
    use super::*;
    use std::os::unix::fs::symlink;

    #[test]
    fn links_dots_and_doubled_slashes_are_resolved_and_plain_paths_stay() {
        let folder = tempfile::tempdir().unwrap();
        let folder = fs::canonicalize(folder.path()).unwrap();
        fs::write(folder.join("file"), "").unwrap();
        symlink("file", folder.join("link")).unwrap();
        let shown = folder.display();
        for path in ["file", "link", "./file", "/file", "../{name}/file"] {
            let path = path.replace("{name}", folder.file_name().unwrap().to_str().unwrap());
            assert_eq!(
                canonical(Path::new(&format!("{shown}/{path}"))).unwrap(),
                folder.join("file"),
                "{path}"
            );
        }
        assert_eq!(canonical(Path::new("/")).unwrap(), Path::new("/"));
        let missing = canonical(&folder.join("nothing")).unwrap_err();
        assert_eq!(missing.kind(), io::ErrorKind::NotFound);
    }
}
