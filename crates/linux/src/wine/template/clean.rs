//! What becomes of the prefix that Wine made, before it is anybody's template.

use std::fs::{self, DirBuilder, File, OpenOptions};
use std::io::{self, Read, Write};
use std::os::unix::fs::{DirBuilderExt, MetadataExt, OpenOptionsExt, lchown, symlink};
use std::path::Path;

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
    for (copies, originals) in wine.libraries_by_folder() {
        share(&prefix.join("drive_c/windows").join(copies), &originals, &own)?;
    }
    Ok(())
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

/// Wine copies its own libraries into each prefix. Those that are the same byte for byte are links to Wine's here: 700 MB less.
fn share(copies: &Path, originals: &Path, own: &dyn Fn(&Path) -> io::Result<()>) -> io::Result<()> {
    let Ok(entries) = fs::read_dir(copies) else { return Ok(()) };
    for entry in entries {
        let entry = entry?;
        let path = entry.path();
        if entry.file_type()?.is_dir() {
            // system32/drivers and its like: Wine keeps all in one folder.
            share(&path, originals, own)?;
            continue;
        }
        let original = originals.join(entry.file_name());
        if is_same(&path, &original)? {
            fs::remove_file(&path)?;
            symlink(&original, &path)?;
            own(&path)?;
        }
    }
    Ok(())
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
