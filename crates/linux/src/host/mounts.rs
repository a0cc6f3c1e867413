//! Mounts of the host that hold no files of the user's but doors into the kernel: a grant must not carry them along.

use std::ffi::OsString;
use std::fs;
use std::io;
use std::os::unix::ffi::OsStringExt;
use std::path::{Path, PathBuf};

use rustix::fs::{AtFlags, CWD, StatxFlags, statx};

/// File systems whose files are the kernel's own state, devices or other processes.
const KERNEL: [&str; 22] = [
    "proc",
    "sysfs",
    "devtmpfs",
    "devpts",
    "cgroup",
    "cgroup2",
    "securityfs",
    "debugfs",
    "tracefs",
    "bpf",
    "configfs",
    "pstore",
    "efivarfs",
    "mqueue",
    "binfmt_misc",
    "nsfs",
    "selinuxfs",
    "smackfs",
    "fusectl",
    "rpc_pipefs",
    "nfsd",
    "resctrl",
];

/// Where the kernel's own file systems are mounted (proc(5), mountinfo).
///
/// # Errors
/// What reading /proc/self/mountinfo reports: then nobody knows what a grant carries along.
pub fn kernel_mounts() -> io::Result<Vec<(PathBuf, String)>> {
    let text = fs::read("/proc/self/mountinfo")?;
    Ok(text.split(|&byte| byte == b'\n').filter_map(kernel_mount).collect())
}

fn kernel_mount(line: &[u8]) -> Option<(PathBuf, String)> {
    let mut fields = line.split(|&byte| byte == b' ');
    let path = fields.nth(4)?;
    let kind = fields.skip_while(|field| *field != b"-").nth(1)?;
    let kind = std::str::from_utf8(kind).ok().filter(|kind| KERNEL.contains(kind))?;
    Some((PathBuf::from(OsString::from_vec(unescape(path))), kind.to_owned()))
}

/// Every mount but those of processes (proc), as far as nothing covers it, the outermost first.
///
/// # Errors
/// What reading /proc/self/mountinfo reports.
pub fn visible_mounts() -> io::Result<Vec<PathBuf>> {
    let text = fs::read("/proc/self/mountinfo")?;
    let mut mounts: Vec<PathBuf> =
        text.split(|&byte| byte == b'\n').filter_map(numbered_mount).filter_map(visible).collect();
    mounts.sort_by_key(|path| path.iter().count());
    Ok(mounts)
}

/// Its number and its place.
fn numbered_mount(line: &[u8]) -> Option<(u64, PathBuf)> {
    let mut fields = line.split(|&byte| byte == b' ');
    let number = std::str::from_utf8(fields.next()?).ok()?.parse().ok()?;
    let path = fields.nth(3)?;
    let kind = fields.skip_while(|field| *field != b"-").nth(1)?;
    (kind != b"proc").then(|| (number, PathBuf::from(OsString::from_vec(unescape(path)))))
}

fn visible((number, path): (u64, PathBuf)) -> Option<PathBuf> {
    let found = statx(CWD, &path, AtFlags::SYMLINK_NOFOLLOW, StatxFlags::MNT_ID).ok()?;
    (found.stx_mnt_id == number).then_some(path)
}

/// The first of `mounts` that lies at, beneath or above `path`: above means that `path` is on it.
pub fn touches<'m>(path: &Path, mounts: &'m [(PathBuf, String)]) -> Option<&'m (PathBuf, String)> {
    mounts.iter().find(|(mount, _)| mount.starts_with(path) || path.starts_with(mount))
}

/// `\ooo` for space, tab, newline and backslash.
pub(crate) fn unescape(field: &[u8]) -> Vec<u8> {
    let mut result = Vec::with_capacity(field.len());
    let mut rest = field;
    while let Some((&byte, after)) = rest.split_first() {
        let digits =
            after.get(..3).filter(|digits| byte == b'\\' && digits.iter().all(|d| (b'0'..=b'7').contains(d)));
        match digits {
            Some(&[a, b, c]) => {
                result.push((a - b'0').wrapping_mul(64) + (b - b'0') * 8 + (c - b'0'));
                rest = &after[3..];
            }
            _ => {
                result.push(byte);
                rest = after;
            }
        }
    }
    result
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn the_root_comes_first_and_what_shows_processes_is_left_out() {
        let mounts = visible_mounts().unwrap();
        assert_eq!(mounts.first().map(PathBuf::as_path), Some(Path::new("/")));
        assert!(!mounts.iter().any(|path| path == Path::new("/proc")));
        let line = b"41 28 0:38 / /a\\040b rw - tmpfs tmpfs rw";
        assert_eq!(numbered_mount(line), Some((41, PathBuf::from("/a b"))));
    }

    #[test]
    fn a_chroots_proc_is_found_beneath_the_chroot() {
        let line = b"41 28 0:38 / /srv/my\\040root/proc rw,relatime shared:5 - proc proc rw";
        let mounts = vec![kernel_mount(line).unwrap()];
        assert_eq!(mounts[0], (PathBuf::from("/srv/my root/proc"), "proc".to_owned()));
        assert!(touches(Path::new("/srv"), &mounts).is_some());
        assert!(touches(Path::new("/srv/my root/proc/1"), &mounts).is_some());
        assert!(touches(Path::new("/srv/other"), &mounts).is_none());
        assert!(kernel_mount(b"28 1 8:1 / / rw - ext4 /dev/sda1 rw").is_none());
    }
}
