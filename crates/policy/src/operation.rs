//! What a program does to a file, in terms of access rights.

use lowbox_security::AccessMask;
use serde::{Deserialize, Serialize};

/// An operation on a file, as a system call would do it.
#[derive(Clone, Copy, Debug, PartialEq, Eq, PartialOrd, Ord, Hash, Serialize, Deserialize)]
#[serde(rename_all = "kebab-case")]
pub enum Operation {
    /// Open a file and read it.
    Read,
    /// Open a file for writing.
    Write,
    /// Open a file for appending.
    Append,
    /// Cut a file (`truncate`, `O_TRUNC`).
    Truncate,
    /// Make a regular file.
    Create,
    /// Make a directory.
    Mkdir,
    /// Make a symbolic link.
    Symlink,
    /// Make a socket or a FIFO.
    MakeSpecial,
    /// List a directory.
    List,
    /// Remove a file.
    Unlink,
    /// Remove a directory.
    Rmdir,
    /// Move something away from here.
    RenameFrom,
    /// Move a file here.
    RenameTo,
    /// Move a directory here.
    RenameDirTo,
    /// Give a file another name: the file's side.
    LinkFrom,
    /// Give a file another name: the new name's side.
    LinkTo,
    /// Run a program.
    Execute,
    /// Look at size, times, owner, mode.
    Stat,
    /// Change the mode or owner.
    Chmod,
    /// Change the times.
    Utime,
    /// Read an extended attribute.
    GetXattr,
    /// Write an extended attribute.
    SetXattr,
    /// Connect to a unix socket.
    Connect,
}

impl Operation {
    /// Every operation.
    pub const ALL: [Operation; 23] = [
        Operation::Read,
        Operation::Write,
        Operation::Append,
        Operation::Truncate,
        Operation::Create,
        Operation::Mkdir,
        Operation::Symlink,
        Operation::MakeSpecial,
        Operation::List,
        Operation::Unlink,
        Operation::Rmdir,
        Operation::RenameFrom,
        Operation::RenameTo,
        Operation::RenameDirTo,
        Operation::LinkFrom,
        Operation::LinkTo,
        Operation::Execute,
        Operation::Stat,
        Operation::Chmod,
        Operation::Utime,
        Operation::GetXattr,
        Operation::SetXattr,
        Operation::Connect,
    ];

    /// The rights that it needs on the object itself and on the object's parent directory. Bits as in MS-FSCC and
    /// MS-FSA: FILE_ADD_FILE is WRITE_DATA on a directory, FILE_ADD_SUBDIRECTORY is APPEND_DATA, FILE_LIST_DIRECTORY is
    /// READ_DATA. DELETE may also come from DELETE_CHILD on the parent; the check itself knows that.
    pub fn desired(self) -> (AccessMask, AccessMask) {
        let none = AccessMask::NONE;
        match self {
            Operation::Read | Operation::List => (AccessMask::READ_DATA, none),
            Operation::Write | Operation::Truncate => (AccessMask::WRITE_DATA, none),
            Operation::Append => (AccessMask::APPEND_DATA, none),
            Operation::Create
            | Operation::Symlink
            | Operation::MakeSpecial
            | Operation::RenameTo
            | Operation::LinkTo => (none, AccessMask::WRITE_DATA),
            Operation::Mkdir | Operation::RenameDirTo => (none, AccessMask::APPEND_DATA),
            Operation::Unlink | Operation::Rmdir | Operation::RenameFrom => (AccessMask::DELETE, none),
            Operation::LinkFrom | Operation::Chmod | Operation::Utime => (AccessMask::WRITE_ATTRIBUTES, none),
            Operation::Execute => (AccessMask::EXECUTE | AccessMask::READ_DATA, none),
            Operation::Stat => (AccessMask::READ_ATTRIBUTES, none),
            Operation::GetXattr => (AccessMask::READ_EA, none),
            Operation::SetXattr => (AccessMask::WRITE_EA, none),
            Operation::Connect => (AccessMask::READ_DATA | AccessMask::WRITE_DATA, none),
        }
    }

    /// The letters of a `--grant` that allows it.
    pub fn grant_letters(self) -> &'static str {
        match self {
            Operation::Read | Operation::List | Operation::Stat | Operation::GetXattr => "r",
            Operation::Execute => "rx",
            _ => "rw",
        }
    }

    /// Whether the grant must be on the folder that holds the object.
    pub fn concerns_parent(self) -> bool {
        !self.desired().1.is_empty()
            || matches!(self, Operation::Unlink | Operation::Rmdir | Operation::RenameFrom)
    }

    /// The operation's name on command lines and in JSON.
    pub fn keyword(self) -> &'static str {
        match self {
            Operation::Read => "read",
            Operation::Write => "write",
            Operation::Append => "append",
            Operation::Truncate => "truncate",
            Operation::Create => "create",
            Operation::Mkdir => "mkdir",
            Operation::Symlink => "symlink",
            Operation::MakeSpecial => "make-special",
            Operation::List => "list",
            Operation::Unlink => "unlink",
            Operation::Rmdir => "rmdir",
            Operation::RenameFrom => "rename-from",
            Operation::RenameTo => "rename-to",
            Operation::RenameDirTo => "rename-dir-to",
            Operation::LinkFrom => "link-from",
            Operation::LinkTo => "link-to",
            Operation::Execute => "execute",
            Operation::Stat => "stat",
            Operation::Chmod => "chmod",
            Operation::Utime => "utime",
            Operation::GetXattr => "get-xattr",
            Operation::SetXattr => "set-xattr",
            Operation::Connect => "connect",
        }
    }

    /// The operation of that name.
    pub fn from_keyword(keyword: &str) -> Option<Operation> {
        Operation::ALL.into_iter().find(|operation| operation.keyword() == keyword)
    }

    /// The operation as people call it ("reading").
    pub fn name(self) -> &'static str {
        match self {
            Operation::Read => "reading",
            Operation::Write => "writing",
            Operation::Append => "appending",
            Operation::Truncate => "truncating",
            Operation::Create => "creating a file",
            Operation::Mkdir => "creating a folder",
            Operation::Symlink => "making a symbolic link",
            Operation::MakeSpecial => "making a socket or FIFO",
            Operation::List => "listing",
            Operation::Unlink => "deleting",
            Operation::Rmdir => "deleting the folder",
            Operation::RenameFrom => "moving away",
            Operation::RenameTo => "moving a file here",
            Operation::RenameDirTo => "moving a folder here",
            Operation::LinkFrom => "linking to it",
            Operation::LinkTo => "making a hard link here",
            Operation::Execute => "running",
            Operation::Stat => "looking at attributes",
            Operation::Chmod => "changing the mode",
            Operation::Utime => "changing the times",
            Operation::GetXattr => "reading extended attributes",
            Operation::SetXattr => "writing extended attributes",
            Operation::Connect => "connecting",
        }
    }
}
