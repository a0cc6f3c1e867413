//! Which arguments of a call name files, and what the call wants of them.

use lowbox_policy::GrantRights;

use crate::sys::Notification;

/// One path of a call.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(super) struct Named {
    /// The descriptor that a relative path starts from; AT_FDCWD for the working folder.
    pub(super) folder: i32,
    /// Where the path is in the caller's memory.
    pub(super) address: u64,
    /// What the call needs.
    pub(super) wanted: GrantRights,
    /// It may make the object.
    pub(super) creates: bool,
    /// It makes a name, which is a change of the folder.
    pub(super) changes_name: bool,
    /// A folder's name.
    pub(super) makes_folder: bool,
    /// A symbolic link at the end is followed.
    pub(super) follows: bool,
    /// It only looks.
    pub(super) probe: bool,
    /// It opens a folder, and nothing but a folder.
    pub(super) lists: bool,
}

impl Named {
    fn new(folder: i32, address: u64, wanted: GrantRights) -> Named {
        Named {
            folder,
            address,
            wanted,
            creates: false,
            changes_name: false,
            makes_folder: false,
            follows: true,
            probe: false,
            lists: false,
        }
    }

    /// A file at a whole path that is to be changed, or made.
    pub(super) fn changed(creates: bool) -> Named {
        Named { creates, ..Named::new(libc::AT_FDCWD, 0, GrantRights::READ_WRITE) }
    }

    /// A folder at a whole path that is to be made.
    pub(super) fn made_folder() -> Named {
        Named::new_folder(libc::AT_FDCWD, 0)
    }

    fn new_folder(folder: i32, address: u64) -> Named {
        let named = Named::new(folder, address, GrantRights::READ_WRITE);
        Named { changes_name: true, makes_folder: true, follows: false, ..named }
    }

    fn looked_at(folder: i32, address: u64, follows: bool) -> Named {
        Named { follows, probe: true, ..Named::new(folder, address, GrantRights::READ) }
    }
}

/// The paths of a call that the filter reported. None for a call that needs no consent.
pub(super) fn named_by(call: &Notification) -> Vec<Named> {
    let [a, b, c, d, ..] = call.arguments;
    // The kernel reads descriptors and flags as int.
    let int = |argument: u64| argument as u32 as i32;
    let here = libc::AT_FDCWD;
    match i64::from(call.number) {
        libc::SYS_openat => opened(int(a), b, int(c)),
        #[cfg(target_arch = "x86_64")]
        libc::SYS_open => opened(here, a, int(b)),
        #[cfg(target_arch = "x86_64")]
        libc::SYS_creat => opened(here, a, libc::O_CREAT | libc::O_WRONLY | libc::O_TRUNC),
        libc::SYS_chdir => vec![Named::new(here, a, GrantRights::READ)],
        libc::SYS_truncate => vec![Named::new(here, a, GrantRights::READ_WRITE)],
        libc::SYS_execve => vec![Named::new(here, a, GrantRights::READ_EXECUTE)],
        libc::SYS_mkdirat => vec![Named::new_folder(int(a), b)],
        libc::SYS_statx => vec![Named::looked_at(int(a), b, int(c) & libc::AT_SYMLINK_NOFOLLOW == 0)],
        libc::SYS_newfstatat => vec![Named::looked_at(int(a), b, int(d) & libc::AT_SYMLINK_NOFOLLOW == 0)],
        libc::SYS_faccessat => vec![Named::looked_at(int(a), b, true)],
        libc::SYS_faccessat2 => vec![Named::looked_at(int(a), b, int(d) & libc::AT_SYMLINK_NOFOLLOW == 0)],
        number => old_call(number, call.arguments),
    }
}

#[cfg(target_arch = "x86_64")]
fn old_call(number: i64, [a, ..]: [u64; 6]) -> Vec<Named> {
    let here = libc::AT_FDCWD;
    match number {
        libc::SYS_mkdir => vec![Named::new_folder(here, a)],
        libc::SYS_stat | libc::SYS_access => vec![Named::looked_at(here, a, true)],
        libc::SYS_lstat => vec![Named::looked_at(here, a, false)],
        _ => Vec::new(),
    }
}

#[cfg(not(target_arch = "x86_64"))]
fn old_call(_: i64, _: [u64; 6]) -> Vec<Named> {
    Vec::new()
}

fn opened(folder: i32, address: u64, flags: i32) -> Vec<Named> {
    // A descriptor that only names something is a look.
    if flags & libc::O_PATH != 0 {
        return vec![Named::looked_at(folder, address, flags & libc::O_NOFOLLOW == 0)];
    }
    // O_TMPFILE holds O_DIRECTORY's bit.
    let nameless = flags & libc::O_TMPFILE == libc::O_TMPFILE;
    let reads_only =
        flags & libc::O_ACCMODE == libc::O_RDONLY && flags & (libc::O_TRUNC | libc::O_CREAT) == 0;
    let wanted = if reads_only { GrantRights::READ } else { GrantRights::READ_WRITE };
    let new = libc::O_CREAT | libc::O_EXCL;
    vec![Named {
        creates: flags & libc::O_CREAT != 0,
        changes_name: flags & new == new && !nameless,
        follows: flags & libc::O_NOFOLLOW == 0,
        lists: reads_only && !nameless && flags & libc::O_DIRECTORY != 0,
        ..Named::new(folder, address, wanted)
    }]
}

#[cfg(test)]
mod tests {
    use super::*;

    fn call(number: i64, arguments: [u64; 6]) -> Notification {
        Notification { id: 1, pid: 2, number: number as i32, arguments }
    }

    #[test]
    fn what_is_wanted_follows_from_the_flags_whose_upper_half_means_nothing() {
        let open = |flags: i32| {
            named_by(&call(libc::SYS_openat, [3, 0x1000, flags as u32 as u64 | 1 << 40, 0, 0, 0]))[0]
        };
        assert_eq!(open(libc::O_RDONLY).wanted, GrantRights::READ);
        assert!(open(libc::O_WRONLY).wanted.write && open(libc::O_RDONLY | libc::O_TRUNC).wanted.write);
        assert!(
            open(libc::O_RDWR | libc::O_CREAT).creates && !open(libc::O_RDWR | libc::O_CREAT).changes_name
        );
        let new = open(libc::O_WRONLY | libc::O_CREAT | libc::O_EXCL);
        assert!(new.changes_name && !new.makes_folder);
        assert!(open(libc::O_PATH).probe);
        assert_eq!(open(libc::O_RDONLY).folder, 3);
    }

    #[test]
    fn a_folder_that_is_made_changes_the_folder_above() {
        let made = named_by(&call(libc::SYS_mkdirat, [u64::from(u32::MAX - 99), 1, 0, 0, 0, 0]));
        assert_eq!(made.iter().map(|named| (named.folder, named.address)).collect::<Vec<_>>(), [(-100, 1)]);
        assert!(made.iter().all(|named| named.changes_name && named.makes_folder && named.wanted.write));
    }
}
