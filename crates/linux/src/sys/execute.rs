//! execve(2) with everything prepared, so that a child that borrows memory need not allocate.

use std::ffi::{CString, OsStr, OsString, c_char};
use std::io;
use std::os::fd::OwnedFd;
use std::os::unix::ffi::{OsStrExt, OsStringExt};
use std::path::Path;

/// A program with its arguments and environment in the form that the kernel takes.
pub struct Image {
    program: CString,
    arguments: Vec<*const c_char>,
    environment: Vec<*const c_char>,
    // What the pointers point into.
    _strings: Vec<CString>,
}

impl Image {
    /// Prepares `program` with `arguments` (the zeroth included) and `environment`.
    ///
    /// # Errors
    /// InvalidInput for a NUL byte anywhere.
    pub fn new(
        program: &Path,
        arguments: &[OsString],
        environment: &[(OsString, OsString)],
    ) -> io::Result<Image> {
        let c_string = |text: &OsStr| CString::new(text.as_bytes()).map_err(io::Error::from);
        let program = c_string(program.as_os_str())?;
        let mut strings = Vec::with_capacity(arguments.len() + environment.len());
        for argument in arguments {
            strings.push(c_string(argument)?);
        }
        for (name, value) in environment {
            let mut pair = name.clone().into_vec();
            pair.push(b'=');
            pair.extend(value.as_bytes());
            strings.push(CString::new(pair)?);
        }
        let mut pointers = strings.iter().map(|string| string.as_ptr());
        let mut arguments: Vec<_> = pointers.by_ref().take(arguments.len()).collect();
        let mut environment: Vec<_> = pointers.collect();
        arguments.push(std::ptr::null());
        environment.push(std::ptr::null());
        Ok(Image { program, arguments, environment, _strings: strings })
    }

    /// Executes the program; returns only if that fails. Allocates nothing.
    pub fn execute(&self) -> io::Error {
        // Not execve(2): where touches are told, pid 1 would wait for this process and this process for pid 1.
        // SAFETY: the three pointers point to NUL-terminated strings and null-terminated arrays of them, all owned by
        // `self` and so alive; the descriptor and the flags are plain integers.
        unsafe {
            libc::syscall(
                libc::SYS_execveat,
                libc::AT_FDCWD,
                self.program.as_ptr(),
                self.arguments.as_ptr(),
                self.environment.as_ptr(),
                0,
            );
        }
        io::Error::last_os_error()
    }
}

/// Ends the process at once, without running exit handlers: in pid 1 of a container there is nothing to flush.
pub fn exit_now(code: i32) -> ! {
    // SAFETY: _exit takes an integer and does not return.
    unsafe { libc::_exit(code) }
}

/// Marks every descriptor from `first` on as close-on-exec (close_range(2)). Allocates nothing.
///
/// # Errors
/// ENOSYS before Linux 5.9, EINVAL before 5.11.
pub fn close_on_exec_from(first: u32) -> io::Result<()> {
    close_range(first, libc::CLOSE_RANGE_CLOEXEC)
}

/// Closes every descriptor from `first` on: what a caller left open is not the program's business, nor lowbox's. For the
/// very start of a process, before anything owns a descriptor.
///
/// # Errors
/// ENOSYS before Linux 5.9.
pub fn close_from(first: u32) -> io::Result<()> {
    close_range(first, 0)
}

/// Closes every descriptor from 3 on but those of `kept`. For the very start of a process, or of a fork that never returns to
/// what owns the others.
///
/// # Errors
/// ENOSYS before Linux 5.9.
pub fn close_all_but(kept: &[i32]) -> io::Result<()> {
    let mut numbers: Vec<u32> =
        kept.iter().filter_map(|&number| u32::try_from(number).ok()).filter(|number| *number > 2).collect();
    numbers.sort_unstable();
    let mut first = 3;
    for number in numbers {
        if number > first {
            close_between(first, number - 1, 0)?;
        }
        first = number + 1;
    }
    close_range(first, 0)
}

/// Takes over descriptor `number`, which the caller of lowbox named for lowbox itself: a copy that is close-on-exec, and the
/// number is closed.
///
/// # Errors
/// EBADF if it is not open.
pub fn take_descriptor(number: i32) -> io::Result<OwnedFd> {
    let copy = super::with_descriptor(number, |fd| Ok(rustix::io::fcntl_dupfd_cloexec(fd, 3)?))?;
    close_descriptor(number)?;
    Ok(copy)
}

/// Closes descriptor `number`, which nothing in this process uses any more.
///
/// # Errors
/// EBADF for a negative number.
pub fn close_descriptor(number: i32) -> io::Result<()> {
    let number = u32::try_from(number).map_err(|_| io::Error::from_raw_os_error(libc::EBADF))?;
    close_between(number, number, 0)
}

fn close_range(first: u32, flags: u32) -> io::Result<()> {
    close_between(first, u32::MAX, flags)
}

fn close_between(first: u32, last: u32, flags: u32) -> io::Result<()> {
    // SAFETY: plain integers. Callers promise that nothing in this process owns a descriptor that is closed.
    let result = unsafe { libc::syscall(libc::SYS_close_range, first, last, flags) };
    if result == 0 { Ok(()) } else { Err(io::Error::last_os_error()) }
}
