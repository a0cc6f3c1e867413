//! What a path leads to, link by link, also where nothing is there yet.

use std::collections::VecDeque;
use std::ffi::OsString;
use std::fs;
use std::path::{Component, Path, PathBuf};

/// Links after which the kernel gives up as well (path_resolution(7)).
const MAX_LINKS: usize = 40;

/// A resolved path.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Resolved {
    /// Absolute, without symbolic links, `.` and `..`.
    pub path: PathBuf,
    /// The links on the way: where each lies, and what is written in it.
    pub links: Vec<(PathBuf, PathBuf)>,
}

/// Follows `path` from `start`, an absolute folder.
///
/// # Errors
/// A message for loops and for `..` behind something that isn't there.
pub fn resolve(start: &Path, path: &Path) -> Result<Resolved, String> {
    let mut waiting: VecDeque<OsString> = VecDeque::new();
    let mut here = PathBuf::from("/");
    let mut links = Vec::new();
    queue_first(&mut waiting, &start.join(path));
    while let Some(name) = waiting.pop_front() {
        if name == ".." {
            if fs::symlink_metadata(&here).is_err() {
                return Err(format!("{}: there is no such folder to go up from", here.display()));
            }
            here.pop();
            continue;
        }
        let next = here.join(&name);
        match fs::read_link(&next) {
            Ok(target) => {
                if links.len() == MAX_LINKS {
                    return Err(format!("{}: too many symbolic links", path.display()));
                }
                if target.is_absolute() {
                    here = PathBuf::from("/");
                }
                queue_first(&mut waiting, &target);
                links.push((next, target));
            }
            Err(_) => here = next,
        }
    }
    Ok(Resolved { path: here, links })
}

/// Puts the names of a path before those that wait.
fn queue_first(waiting: &mut VecDeque<OsString>, path: &Path) {
    for component in path.components().rev() {
        match component {
            Component::Normal(name) => waiting.push_front(name.to_owned()),
            Component::ParentDir => waiting.push_front("..".into()),
            _ => {}
        }
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use std::os::unix::fs::symlink;

    #[test]
    fn links_are_followed_one_by_one_and_what_is_missing_stays() {
        let folder = tempfile::tempdir().unwrap();
        let folder = fs::canonicalize(folder.path()).unwrap();
        fs::create_dir_all(folder.join("real/deep")).unwrap();
        symlink("real/deep", folder.join("way")).unwrap();
        symlink(folder.join("nowhere"), folder.join("real/deep/dangling")).unwrap();
        let resolved = resolve(&folder, Path::new("./way/../deep/dangling/x")).unwrap();
        assert_eq!(resolved.path, folder.join("nowhere/x"));
        let at: Vec<&Path> = resolved.links.iter().map(|(link, _)| link.as_path()).collect();
        assert_eq!(at, [folder.join("way"), folder.join("real/deep/dangling")]);
    }

    #[test]
    fn a_circle_of_links_and_a_step_up_from_nothing_are_said() {
        let folder = tempfile::tempdir().unwrap();
        symlink("b", folder.path().join("a")).unwrap();
        symlink("a", folder.path().join("b")).unwrap();
        assert!(resolve(folder.path(), Path::new("a")).unwrap_err().contains("too many"));
        assert!(resolve(folder.path(), Path::new("missing/../x")).unwrap_err().contains("no such folder"));
    }
}
