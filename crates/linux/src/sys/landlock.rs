//! The two Landlock calls that the crate `landlock` does not expose on their own: the version, and enforcing a ruleset
//! from a child that must not allocate.

use std::io;
use std::os::fd::{AsRawFd, BorrowedFd};

const CREATE_RULESET_VERSION: u32 = 1;

/// The Landlock ABI of the running kernel, 0 if there is none (landlock_create_ruleset(2)).
pub fn landlock_abi() -> u32 {
    // SAFETY: with the version flag the kernel takes a null attribute of size 0 and returns a number.
    let version = unsafe {
        libc::syscall(
            libc::SYS_landlock_create_ruleset,
            std::ptr::null::<u8>(),
            0_usize,
            CREATE_RULESET_VERSION,
        )
    };
    u32::try_from(version).unwrap_or(0)
}

/// Enforces `ruleset` on the calling thread (landlock_restrict_self(2)); no_new_privs must be set.
///
/// # Errors
/// What the kernel reports: EPERM without no_new_privs, E2BIG past 16 layers.
pub fn restrict_self(ruleset: BorrowedFd<'_>) -> io::Result<()> {
    // SAFETY: the descriptor is open for the whole call; the call takes no pointers.
    let result = unsafe { libc::syscall(libc::SYS_landlock_restrict_self, ruleset.as_raw_fd(), 0_u32) };
    if result == 0 { Ok(()) } else { Err(io::Error::last_os_error()) }
}
