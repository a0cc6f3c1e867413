//! What becomes of the prefix that Wine made, before it is anybody's template.

use std::fs::{self, DirBuilder, File, OpenOptions};
use std::io::{self, Read, Write};
use std::os::unix::fs::{DirBuilderExt, MetadataExt, OpenOptionsExt, lchown, symlink};
use std::path::{Path, PathBuf};

use rustix::fs::CWD;

use crate::host::remove_tree;
use crate::launch::pin::open_without_links;
use crate::wine::{DRIVES, Wine};

/// What is added to the files of Wine's registry.
const REGISTRY: [(&str, &str); 3] = [
    // Wine's default is Windows 7.
    ("user.reg", "\n[Software\\\\Wine] 1\n\"Version\"=\"win10\"\n"),
    // No window manager runs on the nested display that a program gets (`crate::display`), so Wine draws the frames of windows itself.
    ("user.reg", "\n[Software\\\\Wine\\\\X11 Driver] 1\n\"Managed\"=\"N\"\n"),
    // The driver that lists network interfaces does so over netlink, which the filter refuses. It ends of that (Wine 8) with its lock held,
    // and whoever asks next waits for ever: as Node.js, where it listens. Without the driver they are told that there are none.
    ("system.reg", "\n[System\\\\CurrentControlSet\\\\Services\\\\nsiproxy] 1\n\"Start\"=dword:00000004\n"),
];

/// Beside the prefix: links before they have their places.
const LINKS: &str = "links";

/// Takes away what leads out of the prefix, and sets what a package shall find.
pub(super) fn clean(prefix: &Path, wine: &Wine) -> io::Result<()> {
    let owner = fs::symlink_metadata(prefix)?;
    let own = |path: &Path| give(path, &owner);
    let folder = open_without_links(CWD, prefix)?;
    // Drives are of each run. Debian's Wine notes the socket's folder of this container in `wineserver`.
    for gone in [DRIVES, "wineserver"] {
        remove_tree(&folder, gone.as_ref())?;
    }
    DirBuilder::new().mode(0o755).create(prefix.join(DRIVES))?;
    own(&prefix.join(DRIVES))?;
    // Else Wine would make the whole prefix anew in each package.
    let stamp = prefix.join(".update-timestamp");
    let _ = fs::remove_file(&stamp);
    fs::write(&stamp, "disable\n")?;
    own(&stamp)?;
    for (file, added) in REGISTRY {
        let registry = OpenOptions::new().append(true).custom_flags(libc::O_NOFOLLOW).open(prefix.join(file));
        registry?.write_all(added.as_bytes())?;
    }
    replace_links(&prefix.join("drive_c"), &own)?;
    let mut shared = Vec::new();
    for (copies, originals) in wine.libraries_by_folder() {
        find_shared(&prefix.join("drive_c/windows").join(copies), &originals, &mut shared)?;
    }
    share(&shared, &prefix.with_file_name(LINKS), &own)
}

/// A folder in the place of each link: Wine links the user's folders to those of HOME.
fn replace_links(folder: &Path, own: &dyn Fn(&Path) -> io::Result<()>) -> io::Result<()> {
    for entry in fs::read_dir(folder)? {
        let entry = entry?;
        let (path, kind) = (entry.path(), entry.file_type()?);
        if kind.is_symlink() {
            fs::remove_file(&path)?;
            DirBuilder::new().mode(0o755).create(&path)?;
            own(&path)?;
        } else if kind.is_dir() {
            replace_links(&path, own)?;
        }
    }
    Ok(())
}

/// Wine copies its own libraries into each prefix. Finds those that are the same byte for byte.
fn find_shared(copies: &Path, originals: &Path, shared: &mut Vec<(PathBuf, PathBuf)>) -> io::Result<()> {
    let Ok(entries) = fs::read_dir(copies) else { return Ok(()) };
    for entry in entries {
        let entry = entry?;
        let path = entry.path();
        if entry.file_type()?.is_dir() {
            // system32/drivers and its like: Wine keeps all in one folder.
            find_shared(&path, originals, shared)?;
            continue;
        }
        let original = originals.join(entry.file_name());
        if is_same(&path, &original)? {
            shared.push((path, original));
        }
    }
    Ok(())
}

/// Puts links to the originals in the place of copies: 700 MB less. All links are made before the first copy goes: for some seconds ext4
/// looks at each inode that was given back before it takes another one.
fn share(
    shared: &[(PathBuf, PathBuf)],
    links: &Path,
    own: &dyn Fn(&Path) -> io::Result<()>,
) -> io::Result<()> {
    DirBuilder::new().mode(0o700).create(links)?;
    let link = |number: usize| links.join(number.to_string());
    for (number, (_, original)) in shared.iter().enumerate() {
        symlink(original, link(number))?;
        own(&link(number))?;
    }
    for (number, (copy, _)) in shared.iter().enumerate() {
        fs::rename(link(number), copy)?;
    }
    fs::remove_dir(links)
}

/// Whether two files hold the same. All of Wine's libraries are compared, so it is done in parts that the processor keeps at hand.
fn is_same(copy: &Path, original: &Path) -> io::Result<bool> {
    const PART: u64 = 64 << 10;
    let mut copy = File::open(copy)?;
    let Ok(mut original) = File::open(original) else { return Ok(false) };
    let length = copy.metadata()?.len();
    if length != original.metadata()?.len() {
        return Ok(false);
    }
    let (mut ours, mut theirs) = (vec![0; PART as usize], vec![0; PART as usize]);
    let mut left = length;
    while left > 0 {
        let part = left.min(PART) as usize;
        copy.read_exact(&mut ours[..part])?;
        original.read_exact(&mut theirs[..part])?;
        if ours[..part] != theirs[..part] {
            return Ok(false);
        }
        left -= part as u64;
    }
    Ok(true)
}

/// Gives what lowbox put into a prefix to whom the prefix belongs.
pub(super) fn give(path: &Path, owner: &fs::Metadata) -> io::Result<()> {
    match owner.uid() {
        uid if uid == rustix::process::geteuid().as_raw() => Ok(()),
        uid => lchown(path, Some(uid), Some(owner.gid())),
    }
}
