#![forbid(unsafe_code)]
//! What the test and the probe inside the container say to each other: one line per action, one line per result.

use std::path::{Path, PathBuf};

use lowbox_policy::objects::{escape, unescape};

/// What the probe tries. Each is one real system call or a short fixed sequence.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Hash, PartialOrd, Ord)]
pub enum Action {
    /// statx(2) of the name itself.
    Stat,
    /// readlink(2).
    ReadLink,
    /// getxattr(2) of [`XATTR`].
    GetXattr,
    /// listxattr(2).
    ListXattr,
    /// open(2) for reading, and read a byte.
    Read,
    /// open(2) of a directory, and read an entry.
    List,
    /// inotify_add_watch(2).
    Watch,
    /// execve(2) in a child.
    Execute,
    /// connect(2) to a unix socket.
    Connect,
    /// chmod(2): the group's execute bit changes.
    Chmod,
    /// utimensat(2) with a time of the past, which only the owner may set.
    SetTimes,
    /// utimensat(2) to now, for which write permission is enough.
    Touch,
    /// setxattr(2) of [`XATTR`].
    SetXattr,
    /// open(2) for writing, and write a byte.
    Write,
    /// open(2) for appending, and write a byte.
    Append,
    /// open(2) with O_WRONLY and O_TRUNC.
    TruncateForWriting,
    /// open(2) with O_RDONLY and O_TRUNC.
    TruncateForReading,
    /// open(2) with O_CREAT and O_EXCL.
    Create,
    /// mknod(2) of a regular file.
    MakeFile,
    /// open(2) with O_TMPFILE, then linkat(2) to the name.
    LinkTemporary,
    /// mkdir(2).
    Mkdir,
    /// symlink(2).
    Symlink,
    /// mknod(2) of a FIFO.
    MakeFifo,
    /// bind(2) of a unix socket.
    MakeSocket,
    /// link(2) to the second path.
    Link,
    /// rename(2) to the second path, which is free, and back.
    Rename,
    /// renameat2(2) with RENAME_EXCHANGE, and back.
    Exchange,
    /// rename(2) over the second path, which exists.
    RenameOver,
    /// unlink(2).
    Unlink,
    /// rmdir(2).
    Rmdir,
}

/// The extended attribute that the host sets on files and directories.
pub const XATTR: &str = "user.lowbox-model";

impl Action {
    /// Every action.
    pub const ALL: [Action; 30] = [
        Action::Stat,
        Action::ReadLink,
        Action::GetXattr,
        Action::ListXattr,
        Action::Read,
        Action::List,
        Action::Watch,
        Action::Execute,
        Action::Connect,
        Action::Chmod,
        Action::SetTimes,
        Action::Touch,
        Action::SetXattr,
        Action::Write,
        Action::Append,
        Action::TruncateForWriting,
        Action::TruncateForReading,
        Action::Create,
        Action::MakeFile,
        Action::LinkTemporary,
        Action::Mkdir,
        Action::Symlink,
        Action::MakeFifo,
        Action::MakeSocket,
        Action::Link,
        Action::Rename,
        Action::Exchange,
        Action::RenameOver,
        Action::Unlink,
        Action::Rmdir,
    ];

    fn named(name: &str) -> Option<Action> {
        Action::ALL.into_iter().find(|action| format!("{action:?}") == name)
    }
}

/// One thing to try.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Attempt {
    /// What.
    pub action: Action,
    /// On what.
    pub path: PathBuf,
    /// The second path, of those actions that have one.
    pub other: Option<PathBuf>,
}

impl Attempt {
    /// As a line of the probe's input, without the line's end.
    pub fn to_line(&self) -> String {
        let other = self.other.as_deref().map_or_else(|| "-".to_owned(), |path| escape(path.as_os_str()));
        format!("{:?} {} {other}", self.action, escape(self.path.as_os_str()))
    }

    /// Reads such a line.
    pub fn parse(line: &str) -> Option<Attempt> {
        let mut words = line.split(' ');
        let action = Action::named(words.next()?)?;
        let path = unescape(words.next()?)?.into();
        let other = match words.next()? {
            "-" => None,
            word => Some(unescape(word)?.into()),
        };
        words.next().is_none().then_some(Attempt { action, path, other })
    }
}

/// What came of it.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Outcome {
    /// It succeeded, on the object with this device and inode number (0 and 0 where that says nothing).
    Done {
        /// `st_dev`.
        dev: u64,
        /// `st_ino`.
        ino: u64,
    },
    /// It succeeded and could not be undone: the object with this device and inode number has moved.
    Moved {
        /// `st_dev`.
        dev: u64,
        /// `st_ino`.
        ino: u64,
    },
    /// The right was there, but a folder that is not empty stays.
    NotEmpty {
        /// `st_dev`.
        dev: u64,
        /// `st_ino`.
        ino: u64,
    },
    /// It failed with this error number.
    Failed(i32),
}

impl Outcome {
    /// As a line of the probe's output, without the line's end.
    pub fn to_line(self) -> String {
        match self {
            Outcome::Done { dev, ino } => format!("done {dev} {ino}"),
            Outcome::Moved { dev, ino } => format!("moved {dev} {ino}"),
            Outcome::NotEmpty { dev, ino } => format!("not-empty {dev} {ino}"),
            Outcome::Failed(errno) => format!("failed {errno}"),
        }
    }

    /// Reads such a line.
    pub fn parse(line: &str) -> Option<Outcome> {
        let words: Vec<&str> = line.split(' ').collect();
        match words.as_slice() {
            ["done", dev, ino] => Some(Outcome::Done { dev: dev.parse().ok()?, ino: ino.parse().ok()? }),
            ["moved", dev, ino] => Some(Outcome::Moved { dev: dev.parse().ok()?, ino: ino.parse().ok()? }),
            ["not-empty", dev, ino] => {
                Some(Outcome::NotEmpty { dev: dev.parse().ok()?, ino: ino.parse().ok()? })
            }
            ["failed", errno] => Some(Outcome::Failed(errno.parse().ok()?)),
            _ => None,
        }
    }
}

/// Where the second name of a pair that is exchanged or renamed lies, for messages.
pub fn shown(path: &Path, other: Option<&Path>) -> String {
    match other {
        Some(other) => format!("{} → {}", path.display(), other.display()),
        None => path.display().to_string(),
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use std::ffi::OsString;
    use std::os::unix::ffi::OsStringExt;

    #[test]
    fn lines_are_read_as_they_were_written() {
        let strange = PathBuf::from(OsString::from_vec(b"/a b\n/\xff\\-".to_vec()));
        for action in Action::ALL {
            for other in [None, Some(strange.clone())] {
                let attempt = Attempt { action, path: strange.clone(), other };
                assert_eq!(Attempt::parse(&attempt.to_line()), Some(attempt));
            }
        }
        for outcome in [
            Outcome::Done { dev: 3, ino: u64::MAX },
            Outcome::Moved { dev: 1, ino: 2 },
            Outcome::NotEmpty { dev: 1, ino: 2 },
            Outcome::Failed(13),
        ] {
            assert_eq!(Outcome::parse(&outcome.to_line()), Some(outcome));
        }
    }
}
