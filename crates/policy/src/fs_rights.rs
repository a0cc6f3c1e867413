//! Landlock's file-system rights as a set of bits.

use std::fmt;
use std::ops::{BitAnd, BitOr, BitOrAssign, Not};

use serde::{Deserialize, Serialize};

/// A set of Landlock file-system rights, with the bit values of `linux/landlock.h`
/// (`LANDLOCK_ACCESS_FS_*`, ABI 5 and later), so that the launcher can hand it to the kernel as it is.
#[derive(Clone, Copy, PartialEq, Eq, PartialOrd, Ord, Hash, Default, Serialize, Deserialize)]
pub struct FsRights(pub u32);

impl FsRights {
    /// No right at all.
    pub const NONE: FsRights = FsRights(0);
    /// Execute a file.
    pub const EXECUTE: FsRights = FsRights(1 << 0);
    /// Open a file for writing.
    pub const WRITE_FILE: FsRights = FsRights(1 << 1);
    /// Open a file for reading.
    pub const READ_FILE: FsRights = FsRights(1 << 2);
    /// Open a directory, that is, list it.
    pub const READ_DIR: FsRights = FsRights(1 << 3);
    /// Remove or rename an empty directory (checked on its parent).
    pub const REMOVE_DIR: FsRights = FsRights(1 << 4);
    /// Remove or rename anything that is not a directory (checked on its parent).
    pub const REMOVE_FILE: FsRights = FsRights(1 << 5);
    /// Make a directory.
    pub const MAKE_DIR: FsRights = FsRights(1 << 7);
    /// Make a regular file.
    pub const MAKE_REG: FsRights = FsRights(1 << 8);
    /// Make a unix socket.
    pub const MAKE_SOCK: FsRights = FsRights(1 << 9);
    /// Make a FIFO.
    pub const MAKE_FIFO: FsRights = FsRights(1 << 10);
    /// Make a symbolic link.
    pub const MAKE_SYM: FsRights = FsRights(1 << 12);
    /// Link or rename from one directory to another.
    pub const REFER: FsRights = FsRights(1 << 13);
    /// Truncate a file.
    pub const TRUNCATE: FsRights = FsRights(1 << 14);
    /// ioctl on a device that was opened.
    pub const IOCTL_DEV: FsRights = FsRights(1 << 15);

    /// Everything that makes a file or directory: `MAKE_REG | MAKE_SOCK | MAKE_FIFO | MAKE_SYM`
    /// (one NT right, FILE_ADD_FILE, stands for all of them).
    pub const MAKE_FILE_LIKE: FsRights =
        FsRights(Self::MAKE_REG.0 | Self::MAKE_SOCK.0 | Self::MAKE_FIFO.0 | Self::MAKE_SYM.0);
    /// Every right that needs a writable mount.
    pub const WRITES: FsRights = FsRights(
        Self::WRITE_FILE.0
            | Self::TRUNCATE.0
            | Self::REMOVE_DIR.0
            | Self::REMOVE_FILE.0
            | Self::MAKE_DIR.0
            | Self::MAKE_FILE_LIKE.0
            | Self::REFER.0,
    );
    /// The rights that the kernel accepts in a rule on something that is not a directory.
    pub const FILE_ONLY: FsRights = FsRights(
        Self::EXECUTE.0 | Self::WRITE_FILE.0 | Self::READ_FILE.0 | Self::TRUNCATE.0 | Self::IOCTL_DEV.0,
    );
    /// Every right that this crate ever plans.
    pub const ALL: FsRights =
        FsRights(Self::WRITES.0 | Self::EXECUTE.0 | Self::READ_FILE.0 | Self::READ_DIR.0 | Self::IOCTL_DEV.0);

    /// Whether every right of `other` is in this set.
    pub const fn contains(self, other: FsRights) -> bool {
        self.0 & other.0 == other.0
    }

    /// Whether this set and `other` share a right.
    pub const fn intersects(self, other: FsRights) -> bool {
        self.0 & other.0 != 0
    }

    /// Whether no right is in the set.
    pub const fn is_empty(self) -> bool {
        self.0 == 0
    }

    /// This set without the rights of `other`.
    pub const fn without(self, other: FsRights) -> FsRights {
        FsRights(self.0 & !other.0)
    }
}

const NAMES: [(FsRights, &str); 14] = [
    (FsRights::EXECUTE, "execute"),
    (FsRights::WRITE_FILE, "write-file"),
    (FsRights::READ_FILE, "read-file"),
    (FsRights::READ_DIR, "read-dir"),
    (FsRights::REMOVE_DIR, "remove-dir"),
    (FsRights::REMOVE_FILE, "remove-file"),
    (FsRights::MAKE_DIR, "make-dir"),
    (FsRights::MAKE_REG, "make-reg"),
    (FsRights::MAKE_SOCK, "make-sock"),
    (FsRights::MAKE_FIFO, "make-fifo"),
    (FsRights::MAKE_SYM, "make-sym"),
    (FsRights::REFER, "refer"),
    (FsRights::TRUNCATE, "truncate"),
    (FsRights::IOCTL_DEV, "ioctl-dev"),
];

impl fmt::Display for FsRights {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        let mut rest = self.0;
        let mut first = true;
        for (right, name) in NAMES {
            if self.contains(right) {
                f.write_str(if first { "" } else { "+" })?;
                f.write_str(name)?;
                first = false;
                rest &= !right.0;
            }
        }
        match (rest, first) {
            (0, true) => f.write_str("nothing"),
            (0, false) => Ok(()),
            (rest, true) => write!(f, "{rest:#x}"),
            (rest, false) => write!(f, "+{rest:#x}"),
        }
    }
}

impl fmt::Debug for FsRights {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        write!(f, "FsRights({self})")
    }
}

impl BitOr for FsRights {
    type Output = FsRights;
    fn bitor(self, other: FsRights) -> FsRights {
        FsRights(self.0 | other.0)
    }
}

impl BitOrAssign for FsRights {
    fn bitor_assign(&mut self, other: FsRights) {
        self.0 |= other.0;
    }
}

impl BitAnd for FsRights {
    type Output = FsRights;
    fn bitand(self, other: FsRights) -> FsRights {
        FsRights(self.0 & other.0)
    }
}

impl Not for FsRights {
    type Output = FsRights;
    fn not(self) -> FsRights {
        FsRights(!self.0)
    }
}
