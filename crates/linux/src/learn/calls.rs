//! What a call does to which of its arguments.

use lowbox_policy::Operation;

use crate::sys::Notification;

/// A path of a call.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(super) struct At {
    /// The descriptor that a relative path starts from; AT_FDCWD for the working folder.
    pub(super) folder: i32,
    /// Where the path is in the caller's memory.
    pub(super) address: u64,
    /// A symbolic link at the end is followed.
    pub(super) follows: bool,
}

/// What a call does.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(super) enum Does {
    /// open(2) with these flags.
    Open(At, i32),
    /// Something to what is there.
    To(At, Operation),
    /// Something to what a descriptor stands for.
    ToDescriptor(i32, Operation),
    /// Makes something there.
    Make(At, Operation),
    /// Moves from one place to another, or changes both.
    Move(At, At, bool),
    /// Gives the first another name.
    Link(At, At),
    /// Connects a socket to an address, or sends to it: number, address, length.
    Connect(i32, u64, usize),
    /// Sends bytes to an address, or to the peer that the socket has.
    SendTo {
        /// The socket.
        number: i32,
        /// Where the bytes are, and how many.
        data: (u64, usize),
        /// The address and its length; 0 where there is none.
        to: (u64, usize),
    },
    /// Sends messages (struct msghdr): number, where the first is, how many, bytes from one to the next.
    Send(i32, u64, usize, u64),
    /// Gives a socket an address.
    Bind(i32, u64, usize),
    /// Listens.
    Listen(i32),
}

/// sizeof(struct msghdr) and of struct mmsghdr on 64-bit machines.
pub(super) const MESSAGE: u64 = 56;
const NUMBERED_MESSAGE: u64 = 64;
/// The kernel sends at most so many at once (UIO_MAXIOV).
const MAX_MESSAGES: usize = 1024;

fn at(folder: i32, address: u64) -> At {
    At { folder, address, follows: true }
}

fn entry(folder: i32, address: u64) -> At {
    At { folder, address, follows: false }
}

/// What the call does; `None` for one that is not looked at.
pub(super) fn does(call: &Notification) -> Option<Does> {
    let [a, b, c, d, e, f] = call.arguments;
    // The kernel reads descriptors, flags and lengths as int.
    let int = |argument: u64| argument as u32 as i32;
    let length = |argument: u64| argument as u32 as usize;
    let to = |folder, address, flags: u64, operation| {
        let flags = int(flags);
        if flags & libc::AT_EMPTY_PATH != 0 && address != 0 {
            // Whether the path is empty is seen when it is read.
            return Does::To(At { folder, address, follows: true }, operation);
        }
        Does::To(At { folder, address, follows: flags & libc::AT_SYMLINK_NOFOLLOW == 0 }, operation)
    };
    Some(match i64::from(call.number) {
        libc::SYS_openat => Does::Open(at(int(a), b), int(c)),
        libc::SYS_execve => Does::To(at(libc::AT_FDCWD, a), Operation::Execute),
        libc::SYS_execveat => to(int(a), b, e, Operation::Execute),
        libc::SYS_mmap => Does::ToDescriptor(int(e), Operation::Execute),
        libc::SYS_unlinkat if int(c) & libc::AT_REMOVEDIR != 0 => {
            Does::To(entry(int(a), b), Operation::Rmdir)
        }
        libc::SYS_unlinkat => Does::To(entry(int(a), b), Operation::Unlink),
        libc::SYS_renameat2 => {
            Does::Move(entry(int(a), b), entry(int(c), d), e as u32 & libc::RENAME_EXCHANGE != 0)
        }
        libc::SYS_mkdirat => Does::Make(entry(int(a), b), Operation::Mkdir),
        libc::SYS_mknodat => Does::Make(entry(int(a), b), node(c)),
        libc::SYS_linkat => {
            let follows = int(e) & (libc::AT_SYMLINK_FOLLOW | libc::AT_EMPTY_PATH) != 0;
            Does::Link(At { folder: int(a), address: b, follows }, entry(int(c), d))
        }
        libc::SYS_symlinkat => Does::Make(entry(int(b), c), Operation::Symlink),
        libc::SYS_truncate => Does::To(at(libc::AT_FDCWD, a), Operation::Truncate),
        libc::SYS_fchmod | libc::SYS_fchown => Does::ToDescriptor(int(a), Operation::Chmod),
        libc::SYS_fchmodat => Does::To(at(int(a), b), Operation::Chmod),
        libc::SYS_fchmodat2 => to(int(a), b, d, Operation::Chmod),
        libc::SYS_fchownat => to(int(a), b, e, Operation::Chmod),
        libc::SYS_utimensat if b == 0 => Does::ToDescriptor(int(a), Operation::Utime),
        libc::SYS_utimensat => to(int(a), b, d, Operation::Utime),
        libc::SYS_setxattr | libc::SYS_removexattr => Does::To(at(libc::AT_FDCWD, a), Operation::SetXattr),
        libc::SYS_lsetxattr | libc::SYS_lremovexattr => {
            Does::To(entry(libc::AT_FDCWD, a), Operation::SetXattr)
        }
        libc::SYS_fsetxattr | libc::SYS_fremovexattr => Does::ToDescriptor(int(a), Operation::SetXattr),
        libc::SYS_chdir => Does::To(at(libc::AT_FDCWD, a), Operation::Stat),
        libc::SYS_newfstatat | libc::SYS_faccessat2 => to(int(a), b, d, Operation::Stat),
        libc::SYS_statx => to(int(a), b, c, Operation::Stat),
        libc::SYS_statfs => Does::To(at(libc::AT_FDCWD, a), Operation::Stat),
        libc::SYS_readlinkat => Does::To(entry(int(a), b), Operation::Stat),
        libc::SYS_getxattr | libc::SYS_listxattr => Does::To(at(libc::AT_FDCWD, a), Operation::GetXattr),
        libc::SYS_lgetxattr | libc::SYS_llistxattr => Does::To(entry(libc::AT_FDCWD, a), Operation::GetXattr),
        libc::SYS_fgetxattr | libc::SYS_flistxattr => Does::ToDescriptor(int(a), Operation::GetXattr),
        libc::SYS_faccessat => Does::To(at(int(a), b), Operation::Stat),
        libc::SYS_connect => Does::Connect(int(a), b, length(c)),
        libc::SYS_sendto => Does::SendTo { number: int(a), data: (b, c as usize), to: (e, length(f)) },
        libc::SYS_sendmsg => Does::Send(int(a), b, 1, MESSAGE),
        libc::SYS_sendmmsg => Does::Send(int(a), b, length(c).min(MAX_MESSAGES), NUMBERED_MESSAGE),
        libc::SYS_bind => Does::Bind(int(a), b, length(c)),
        libc::SYS_listen => Does::Listen(int(a)),
        number => return old_call(number, call.arguments),
    })
}

fn node(mode: u64) -> Operation {
    match mode as u32 & libc::S_IFMT {
        libc::S_IFIFO | libc::S_IFSOCK => Operation::MakeSpecial,
        _ => Operation::Create,
    }
}

#[cfg(target_arch = "x86_64")]
fn old_call(number: i64, [a, b, c, d, ..]: [u64; 6]) -> Option<Does> {
    let here = libc::AT_FDCWD;
    let int = |argument: u64| argument as u32 as i32;
    Some(match number {
        libc::SYS_open => Does::Open(at(here, a), int(b)),
        libc::SYS_creat => Does::Open(at(here, a), libc::O_CREAT | libc::O_WRONLY | libc::O_TRUNC),
        libc::SYS_unlink => Does::To(entry(here, a), Operation::Unlink),
        libc::SYS_rmdir => Does::To(entry(here, a), Operation::Rmdir),
        libc::SYS_rename => Does::Move(entry(here, a), entry(here, b), false),
        libc::SYS_renameat => Does::Move(entry(int(a), b), entry(int(c), d), false),
        libc::SYS_mkdir => Does::Make(entry(here, a), Operation::Mkdir),
        libc::SYS_mknod => Does::Make(entry(here, a), node(b)),
        libc::SYS_link => Does::Link(entry(here, a), entry(here, b)),
        libc::SYS_symlink => Does::Make(entry(here, b), Operation::Symlink),
        libc::SYS_chmod | libc::SYS_chown => Does::To(at(here, a), Operation::Chmod),
        libc::SYS_lchown => Does::To(entry(here, a), Operation::Chmod),
        libc::SYS_utime | libc::SYS_utimes => Does::To(at(here, a), Operation::Utime),
        libc::SYS_futimesat if b == 0 => Does::ToDescriptor(int(a), Operation::Utime),
        libc::SYS_futimesat => Does::To(at(int(a), b), Operation::Utime),
        libc::SYS_stat | libc::SYS_access => Does::To(at(here, a), Operation::Stat),
        libc::SYS_lstat | libc::SYS_readlink => Does::To(entry(here, a), Operation::Stat),
        _ => return None,
    })
}

#[cfg(not(target_arch = "x86_64"))]
fn old_call(number: i64, [a, b, c, d, ..]: [u64; 6]) -> Option<Does> {
    // Architectures with the old table of renames have this one of it.
    let int = |argument: u64| argument as u32 as i32;
    (number == libc::SYS_renameat).then(|| Does::Move(entry(int(a), b), entry(int(c), d), false))
}

#[cfg(test)]
mod tests {
    use super::*;
    use std::str::FromStr;

    fn call(number: i64, arguments: [u64; 6]) -> Notification {
        Notification { id: 1, pid: 2, number: number as i32, arguments }
    }

    #[test]
    fn every_call_that_the_filter_reports_is_looked_at() {
        let text = include_str!("../seccomp/calls.txt");
        let mut looked_at = 0;
        for line in text.lines() {
            let head = line.split('#').next().unwrap().split(" if ").next().unwrap().trim();
            let mut words: Vec<&str> = head.split_whitespace().collect();
            let action = words.pop();
            let reported =
                ["learn", "observe", "touch", "probe", "glance", "xattr", "notify", "listen", "bind"];
            if !action.is_some_and(|action| reported.contains(&action)) {
                continue;
            }
            for name in words.iter().filter(|name| **name != "reduced") {
                let number = syscalls::Sysno::from_str(name).unwrap().id();
                let found = does(&call(i64::from(number), [1, 2, 3, 4, 5, 6]));
                assert!(found.is_some(), "{name} is reported and not looked at");
                looked_at += 1;
            }
        }
        assert!(looked_at > 55, "{looked_at}");
    }

    #[test]
    fn the_upper_half_of_descriptors_and_flags_means_nothing() {
        let high = 1 << 40;
        let opened = does(&call(libc::SYS_openat, [3 | high, 0x1000, 2 | high, 0, 0, 0]));
        assert_eq!(opened, Some(Does::Open(at(3, 0x1000), 2)));
        let removed = does(&call(libc::SYS_unlinkat, [u64::from(u32::MAX - 99), 7, 0x200 | high, 0, 0, 0]));
        assert_eq!(removed, Some(Does::To(entry(libc::AT_FDCWD, 7), Operation::Rmdir)));
    }

    #[test]
    fn times_without_a_path_are_those_of_the_descriptor() {
        let call = call(libc::SYS_utimensat, [5, 0, 0, 0, 0, 0]);
        assert_eq!(does(&call), Some(Does::ToDescriptor(5, Operation::Utime)));
    }
}
