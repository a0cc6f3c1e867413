//! Trees on the host's disk: made before a launch, looked at from outside afterwards.

use std::collections::BTreeMap;
use std::fs::{self, File, OpenOptions, Permissions};
use std::io;
use std::os::unix::fs::{MetadataExt, OpenOptionsExt, PermissionsExt, chown, symlink};
use std::os::unix::net::UnixListener;
use std::path::{Path, PathBuf};

use lowbox_model_test::XATTR;
use lowbox_policy::NodeKind;
use rustix::fs::{CWD, FileType, Mode, OFlags, Timespec, Timestamps, XattrFlags};

use crate::case::{Node, Tree};
use crate::runner::Runner;

/// What can be seen of a node from outside.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Seen {
    pub dev: u64,
    pub ino: u64,
    pub mode: u32,
    pub uid: u32,
    pub gid: u32,
    pub modified: (i64, i64),
    pub content: Option<Vec<u8>>,
    pub xattr: Option<Vec<u8>>,
}

/// A tree that stands on the disk.
pub struct Standing {
    pub before: BTreeMap<PathBuf, Seen>,
    /// FIFOs are held open at both ends, so that neither side waits; sockets have a listener.
    fifos: Vec<(PathBuf, File)>,
    listeners: Vec<(PathBuf, UnixListener)>,
}

/// 2001, in seconds.
const LONG_AGO: i64 = 1_000_000_000;

impl Standing {
    /// Makes the tree.
    pub fn build(tree: &Tree, runner: &Runner) -> io::Result<Standing> {
        let mut standing = Standing { before: BTreeMap::new(), fifos: Vec::new(), listeners: Vec::new() };
        for node in &tree.nodes {
            standing.make(node)?;
        }
        // From the leaves up: what is made in a folder changes it.
        for node in tree.nodes.iter().rev() {
            finish(node, runner)?;
        }
        for node in &tree.nodes {
            standing.before.insert(node.path.clone(), look(&node.path)?);
        }
        Ok(standing)
    }

    fn make(&mut self, node: &Node) -> io::Result<()> {
        let path = &node.path;
        match node.kind {
            NodeKind::Dir => fs::create_dir(path)?,
            NodeKind::File => {
                let content = if node.script { b"#!/bin/sh\nexit 0\n".to_vec() } else { program() };
                fs::write(path, content)?;
            }
            NodeKind::Symlink => symlink(&node.target, path)?,
            NodeKind::Socket => {
                let listener = UnixListener::bind(path)?;
                listener.set_nonblocking(true)?;
                self.listeners.push((path.clone(), listener));
            }
            NodeKind::Fifo => {
                rustix::fs::mknodat(CWD, path, FileType::Fifo, Mode::from(0o666), 0)?;
                let flags = OFlags::NONBLOCK.bits() as i32;
                let both = OpenOptions::new().read(true).write(true).custom_flags(flags).open(path)?;
                self.fifos.push((path.clone(), both));
            }
            NodeKind::CharDevice | NodeKind::BlockDevice => {
                // The null device.
                let number = rustix::fs::makedev(1, 3);
                rustix::fs::mknodat(CWD, path, FileType::CharacterDevice, Mode::from(0o666), number)?;
            }
        }
        Ok(())
    }

    /// FIFOs into which something was written.
    pub fn written_fifos(&mut self) -> Vec<PathBuf> {
        let mut written = Vec::new();
        for (path, fifo) in &mut self.fifos {
            if matches!(io::Read::read(fifo, &mut [0u8; 16]), Ok(count) if count > 0) {
                written.push(path.clone());
            }
        }
        written
    }

    /// Sockets to which something has connected.
    pub fn reached_sockets(&self) -> Vec<PathBuf> {
        self.listeners.iter().filter(|(_, l)| l.accept().is_ok()).map(|(path, _)| path.clone()).collect()
    }
}

fn finish(node: &Node, runner: &Runner) -> io::Result<()> {
    let path = &node.path;
    if matches!(node.kind, NodeKind::Dir | NodeKind::File) {
        rustix::fs::setxattr(path, XATTR, b"host", XattrFlags::empty())?;
    }
    if runner.is_root && node.own {
        std::os::unix::fs::lchown(path, Some(runner.program_uid), Some(runner.program_gid))?;
    }
    if node.kind == NodeKind::Symlink {
        return Ok(());
    }
    fs::set_permissions(path, Permissions::from_mode(node.mode))?;
    let time = Timespec { tv_sec: LONG_AGO, tv_nsec: 0 };
    let times = Timestamps { last_access: time, last_modification: time };
    rustix::fs::utimensat(CWD, path, &times, rustix::fs::AtFlags::SYMLINK_NOFOLLOW)?;
    Ok(())
}

/// What is at `path` now.
pub fn look(path: &Path) -> io::Result<Seen> {
    let found = fs::symlink_metadata(path)?;
    let plain = found.is_dir() || found.is_file();
    let mut value = [0u8; 64];
    let xattr = if plain { rustix::fs::lgetxattr(path, XATTR, &mut value).ok() } else { None };
    Ok(Seen {
        dev: found.dev(),
        ino: found.ino(),
        mode: found.mode(),
        uid: found.uid(),
        gid: found.gid(),
        modified: (found.mtime(), found.mtime_nsec()),
        content: if found.is_file() { read_anyway(path, found.mode()) } else { None },
        xattr: xattr.map(|length| value[..length].to_vec()),
    })
}

/// An ordinary user may have closed a file to himself; the mode is put back.
fn read_anyway(path: &Path, mode: u32) -> Option<Vec<u8>> {
    if let Ok(content) = fs::read(path) {
        return Some(content);
    }
    fs::set_permissions(path, Permissions::from_mode(0o600)).ok()?;
    let content = fs::read(path).ok();
    fs::set_permissions(path, Permissions::from_mode(mode & 0o7777)).ok()?;
    content
}

/// Every path in the tree as it is now, with its kind.
pub fn walk(root: &Path) -> io::Result<Vec<(PathBuf, bool)>> {
    let mut all = Vec::new();
    let mut folders = vec![root.to_owned()];
    while let Some(folder) = folders.pop() {
        for entry in fs::read_dir(&folder)? {
            let entry = entry?;
            let is_dir = entry.file_type()?.is_dir();
            if is_dir {
                folders.push(entry.path());
            }
            all.push((entry.path(), is_dir));
        }
    }
    Ok(all)
}

/// Removes a folder, whatever modes are in it.
pub fn remove(folder: &Path) -> io::Result<()> {
    if !rustix::process::geteuid().is_root() {
        let mut folders = vec![folder.to_owned()];
        while let Some(folder) = folders.pop() {
            let _ = fs::set_permissions(&folder, Permissions::from_mode(0o700));
            for entry in fs::read_dir(&folder)?.flatten() {
                if entry.file_type().is_ok_and(|kind| kind.is_dir()) {
                    folders.push(entry.path());
                }
            }
        }
    }
    fs::remove_dir_all(folder)
}

/// Makes a folder that everybody may pass through.
pub fn open_folder(path: &Path) -> io::Result<()> {
    fs::create_dir_all(path)?;
    fs::set_permissions(path, Permissions::from_mode(0o755))?;
    let _ = chown(path, None, None);
    Ok(())
}

/// A static program that ends at once, as small as an ELF file can be for this machine; a script for others.
fn program() -> Vec<u8> {
    let (machine, code): (u16, &[u8]) = if cfg!(target_arch = "x86_64") {
        // xor edi, edi; mov eax, 60 (exit); syscall
        (62, &[0x31, 0xff, 0xb8, 60, 0, 0, 0, 0x0f, 0x05])
    } else if cfg!(target_arch = "aarch64") {
        // mov x0, 0; mov x8, 93 (exit); svc 0
        (183, &[0, 0, 0x80, 0xd2, 0xa8, 0x0b, 0x80, 0xd2, 1, 0, 0, 0xd4])
    } else {
        return b"#!/bin/sh\nexit 0\n".to_vec();
    };
    const START: u64 = 0x40_0000;
    let size = 120 + code.len() as u64;
    let mut file = b"\x7fELF\x02\x01\x01\0\0\0\0\0\0\0\0\0".to_vec();
    for half in [2u16, machine] {
        file.extend(half.to_le_bytes());
    }
    file.extend(1u32.to_le_bytes());
    for word in [START + 120, 64, 0] {
        file.extend(word.to_le_bytes());
    }
    file.extend(0u32.to_le_bytes());
    for half in [64u16, 56, 1, 0, 0, 0] {
        file.extend(half.to_le_bytes());
    }
    for half in [1u32, 5] {
        file.extend(half.to_le_bytes());
    }
    for word in [0, START, START, size, size, 0x1000] {
        file.extend(word.to_le_bytes());
    }
    file.extend(code);
    file
}
