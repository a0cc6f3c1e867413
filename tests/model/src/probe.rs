#![forbid(unsafe_code)]
//! The probe: runs inside the container, tries what standard input says, and tells what came of it on standard output.

use std::ffi::OsStr;
use std::io::{BufRead, Write};
use std::os::fd::{AsFd, AsRawFd, OwnedFd};
use std::os::unix::ffi::OsStrExt;
use std::os::unix::net::{UnixListener, UnixStream};
use std::path::{Path, PathBuf};
use std::process::{Command, ExitCode, Stdio};

use lowbox_model_test::{Action, Attempt, Outcome, XATTR};
use rustix::fs::inotify;
use rustix::fs::{
    AtFlags, CWD, FileType, Mode, OFlags, RawDir, RenameFlags, Timespec, Timestamps, XattrFlags,
};
use rustix::io::{Errno, Result};

fn main() -> ExitCode {
    let mut out = String::new();
    for line in std::io::stdin().lock().lines() {
        let Some(attempt) = line.ok().as_deref().and_then(Attempt::parse) else {
            eprintln!("the probe does not understand its input");
            return ExitCode::FAILURE;
        };
        // Before, because it may be gone afterwards, else afterwards, because it may be new.
        let path = led(&attempt);
        let before = identity_of(&path);
        let outcome = match attempt_it(&attempt, &path) {
            Ok(DONE) => before.or_else(|| identity_of(&path)).unwrap_or(DONE),
            Ok(Outcome::Moved { .. }) => match before {
                Some(Outcome::Done { dev, ino }) => Outcome::Moved { dev, ino },
                _ => MOVED,
            },
            Ok(outcome) => outcome,
            Err(Errno::NOTEMPTY) => match before {
                Some(Outcome::Done { dev, ino }) => Outcome::NotEmpty { dev, ino },
                _ => Outcome::Failed(Errno::NOTEMPTY.raw_os_error()),
            },
            Err(error) => Outcome::Failed(error.raw_os_error()),
        };
        out.push_str(&outcome.to_line());
        out.push('\n');
    }
    match std::io::stdout().lock().write_all(out.as_bytes()) {
        Ok(()) => ExitCode::SUCCESS,
        Err(_) => ExitCode::FAILURE,
    }
}

/// Done, on what is said elsewhere.
const DONE: Outcome = Outcome::Done { dev: 0, ino: 0 };
const MOVED: Outcome = Outcome::Moved { dev: 0, ino: 0 };

/// Grants beneath the container's own `/tmp` lie apart, and a link of the container's leads there. What does not act on
/// the name itself acts on what was granted.
const APART: &str = "/.granted";

fn led(attempt: &Attempt) -> PathBuf {
    let on_the_name = attempt.other.is_some() || matches!(attempt.action, Action::Unlink | Action::Rmdir);
    if on_the_name { attempt.path.clone() } else { apart(&attempt.path) }
}

fn apart(path: &Path) -> PathBuf {
    match rustix::fs::readlink(path, Vec::new()) {
        Ok(target) if target.to_bytes().starts_with(APART.as_bytes()) => {
            OsStr::from_bytes(target.to_bytes()).into()
        }
        _ => path.to_owned(),
    }
}

fn attempt_it(attempt: &Attempt, path: &Path) -> Result<Outcome> {
    let other = attempt.other.as_deref().unwrap_or(path);
    match attempt.action {
        Action::Stat => drop(rustix::fs::lstat(path)?),
        Action::ReadLink => drop(rustix::fs::readlink(path, Vec::new())?),
        Action::GetXattr => drop(rustix::fs::lgetxattr(path, XATTR, &mut [0u8; 64])?),
        Action::ListXattr => drop(rustix::fs::llistxattr(path, &mut [0u8; 1024])?),
        Action::Read => {
            let file = open(path, OFlags::RDONLY)?;
            match rustix::io::read(&file, &mut [0u8; 1]) {
                // An empty FIFO with a writer.
                Ok(_) | Err(Errno::AGAIN) => {}
                Err(error) => return Err(error),
            }
            return identity(&file);
        }
        Action::List => {
            let directory = open(path, OFlags::RDONLY | OFlags::DIRECTORY)?;
            let mut buffer = Vec::with_capacity(4096);
            let mut entries = RawDir::new(directory.as_fd(), buffer.spare_capacity_mut());
            entries.next().transpose()?;
            return identity(&directory);
        }
        Action::Watch => {
            let instance = inotify::init(inotify::CreateFlags::CLOEXEC)?;
            inotify::add_watch(&instance, path, inotify::WatchFlags::ALL_EVENTS)?;
        }
        Action::Execute => execute(path)?,
        Action::Connect => drop(UnixStream::connect(path).map_err(errno)?),
        Action::Chmod => {
            let mode = Mode::from_raw_mode(rustix::fs::stat(path)?.st_mode) ^ Mode::XGRP;
            rustix::fs::chmodat(CWD, path, mode & Mode::from(0o7777), AtFlags::empty())?;
        }
        Action::SetTimes => {
            let past = Timespec { tv_sec: 1_000_000_007, tv_nsec: 0 };
            set_times(path, past)?;
        }
        Action::Touch => set_times(path, Timespec { tv_sec: 0, tv_nsec: rustix::fs::UTIME_NOW })?,
        Action::SetXattr => rustix::fs::lsetxattr(path, XATTR, b"changed", XattrFlags::empty())?,
        Action::Write => {
            let file = open(path, OFlags::WRONLY)?;
            rustix::io::write(&file, b"W")?;
            return identity(&file);
        }
        Action::Append => {
            let file = open(path, OFlags::WRONLY | OFlags::APPEND)?;
            rustix::io::write(&file, b"A")?;
            return identity(&file);
        }
        Action::TruncateForWriting => return identity(&open(path, OFlags::WRONLY | OFlags::TRUNC)?),
        Action::TruncateForReading => return identity(&open(path, OFlags::RDONLY | OFlags::TRUNC)?),
        // The name may be made although the file can't be opened then.
        Action::Create => match open(path, OFlags::WRONLY | OFlags::CREATE | OFlags::EXCL) {
            Err(error) if rustix::fs::lstat(path).is_err() => return Err(error),
            _ => {}
        },
        Action::MakeFile => rustix::fs::mknodat(CWD, path, FileType::RegularFile, MODE, 0)?,
        Action::LinkTemporary => {
            let folder = apart(path.parent().unwrap_or(path));
            let file = open(&folder, OFlags::WRONLY | OFlags::TMPFILE)?;
            let itself = format!("/proc/self/fd/{}", file.as_raw_fd());
            rustix::fs::linkat(CWD, itself, CWD, path, AtFlags::SYMLINK_FOLLOW)?;
        }
        Action::Mkdir => rustix::fs::mkdir(path, Mode::from(0o777))?,
        Action::Symlink => rustix::fs::symlink("nowhere", path)?,
        Action::MakeFifo => rustix::fs::mknodat(CWD, path, FileType::Fifo, MODE, 0)?,
        Action::MakeSocket => drop(UnixListener::bind(path).map_err(errno)?),
        Action::Link => rustix::fs::link(path, other)?,
        Action::Rename => {
            rustix::fs::rename(path, other)?;
            return Ok(if rustix::fs::rename(other, path).is_ok() { DONE } else { MOVED });
        }
        Action::Exchange => {
            let exchange = || rustix::fs::renameat_with(CWD, path, CWD, other, RenameFlags::EXCHANGE);
            exchange()?;
            return Ok(if exchange().is_ok() { DONE } else { MOVED });
        }
        Action::RenameOver => {
            rustix::fs::rename(path, other)?;
            return Ok(MOVED);
        }
        Action::Unlink => rustix::fs::unlink(path)?,
        Action::Rmdir => rustix::fs::rmdir(path)?,
    }
    Ok(DONE)
}

const MODE: Mode = Mode::from_raw_mode(0o666);

/// Which object is at a path. It may be one of the container's own.
fn identity_of(path: &Path) -> Option<Outcome> {
    let found = rustix::fs::lstat(path).ok()?;
    Some(Outcome::Done { dev: found.st_dev, ino: found.st_ino })
}

/// Never blocks, never takes a terminal, never follows a link in the last component.
fn open(path: &Path, flags: OFlags) -> Result<OwnedFd> {
    let flags = flags | OFlags::CLOEXEC | OFlags::NONBLOCK | OFlags::NOCTTY | OFlags::NOFOLLOW;
    rustix::fs::open(path, flags, MODE)
}

fn identity(file: &OwnedFd) -> Result<Outcome> {
    let found = rustix::fs::fstat(file)?;
    Ok(Outcome::Done { dev: found.st_dev, ino: found.st_ino })
}

fn set_times(path: &Path, time: Timespec) -> Result<()> {
    let times = Timestamps { last_access: time, last_modification: time };
    rustix::fs::utimensat(CWD, path, &times, AtFlags::empty())
}

/// Whether the kernel starts it; what it then does is its own business.
fn execute(path: &Path) -> Result<()> {
    let quiet = Stdio::null;
    let mut child =
        Command::new(path).stdin(quiet()).stdout(quiet()).stderr(quiet()).spawn().map_err(errno)?;
    child.wait().map_err(errno)?;
    Ok(())
}

fn errno(error: std::io::Error) -> Errno {
    Errno::from_io_error(&error).unwrap_or(Errno::INVAL)
}
