//! Memory of other processes, and what of our own must not be inherited.

use std::io;

use rustix::process::Pid;

/// Copies up to `buffer.len()` bytes at `address` of process `pid` (process_vm_readv(2)); returns how many were read.
///
/// The bytes are the program's and change under one's hands: read once, decide on the copy.
///
/// # Errors
/// ESRCH when the process is gone, EPERM without ptrace access, EFAULT for an unmapped address.
pub fn read_process_memory(pid: Pid, address: u64, buffer: &mut [u8]) -> io::Result<usize> {
    let local = libc::iovec { iov_base: buffer.as_mut_ptr().cast(), iov_len: buffer.len() };
    // A read that starts before a page boundary and ends past it fails as a whole if the second page is unmapped, so
    // the far side is given as one vector per page.
    const PAGE: u64 = 4096;
    let mut remote = [libc::iovec { iov_base: std::ptr::null_mut(), iov_len: 0 }; 4];
    let mut at = address;
    let mut left = buffer.len() as u64;
    let mut count = 0;
    while left > 0 && count < remote.len() {
        let step = left.min(PAGE - at % PAGE);
        remote[count] = libc::iovec { iov_base: at as *mut libc::c_void, iov_len: step as usize };
        at = at.wrapping_add(step);
        left -= step;
        count += 1;
    }
    // SAFETY: `local` describes `buffer`, exclusively borrowed for the call; the remote addresses are never dereferenced
    // here, the kernel checks them against the other process's address space.
    let read = unsafe {
        libc::process_vm_readv(
            pid.as_raw_pid(),
            &raw const local,
            1,
            remote.as_ptr(),
            count as libc::c_ulong,
            0,
        )
    };
    usize::try_from(read).map_err(|_| io::Error::last_os_error())
}

/// Copies these parts of the memory of process `pid`, each an address and a length, one behind the other, by one process_vm_readv(2); at
/// most 1,024 parts (UIO_MAXIOV). Whether all could be read, and fill `into`.
pub fn read_process_parts(pid: Pid, parts: &[(u64, usize)], into: &mut [u8]) -> bool {
    let local = libc::iovec { iov_base: into.as_mut_ptr().cast(), iov_len: into.len() };
    let part = |&(address, length): &(u64, usize)| libc::iovec {
        iov_base: address as *mut libc::c_void,
        iov_len: length,
    };
    let remote: Vec<libc::iovec> = parts.iter().map(part).collect();
    // SAFETY: `local` describes `into`, exclusively borrowed for the call; the remote addresses are never dereferenced here, the kernel
    // checks them against the other process's address space.
    let read = unsafe {
        libc::process_vm_readv(
            pid.as_raw_pid(),
            &raw const local,
            1,
            remote.as_ptr(),
            remote.len() as libc::c_ulong,
            0,
        )
    };
    usize::try_from(read) == Ok(into.len())
}

/// Writes `bytes` at `address` of process `pid` (process_vm_writev(2)), as a system call that it made would.
///
/// # Errors
/// ESRCH when the process is gone, EPERM without ptrace access, EFAULT where it may not write itself.
pub fn write_process_memory(pid: Pid, address: u64, bytes: &[u8]) -> io::Result<()> {
    let local = libc::iovec { iov_base: bytes.as_ptr().cast_mut().cast(), iov_len: bytes.len() };
    let remote = libc::iovec { iov_base: address as *mut libc::c_void, iov_len: bytes.len() };
    // SAFETY: `local` describes `bytes`, which the kernel only reads; the remote address is never dereferenced here, the kernel
    // checks it against the other process's address space.
    let written =
        unsafe { libc::process_vm_writev(pid.as_raw_pid(), &raw const local, 1, &raw const remote, 1, 0) };
    match usize::try_from(written) {
        Ok(written) if written == bytes.len() => Ok(()),
        Ok(_) => Err(io::Error::from_raw_os_error(libc::EFAULT)),
        Err(_) => Err(io::Error::last_os_error()),
    }
}

/// Overwrites the strings of the process's initial environment with zeros: pid 1 of a container is a copy of lowbox, and
/// `/proc/1/environ` shall hold nothing of the user's. Copies on the heap stay; only dumpability guards those.
pub fn erase_environment() {
    unsafe extern "C" {
        static mut environ: *mut *mut libc::c_char;
    }
    // SAFETY: called by a single-threaded process. `environ` is null or a null-terminated array of pointers to
    // C strings in writable memory (the kernel's initial stack, or the C library's heap); each is overwritten within its
    // own length, then the array is made empty so that nothing reads it again.
    unsafe {
        if environ.is_null() {
            return;
        }
        let mut entry = environ;
        while !(*entry).is_null() {
            let length = libc::strlen(*entry);
            std::ptr::write_bytes(*entry, 0, length);
            entry = entry.add(1);
        }
        *environ = std::ptr::null_mut();
    }
}

/// Gives the pages of the program's code back, and the allocator's free ones; code that runs again is read again from its
/// file. What stays beside a program for hours is a small loop, not what started it.
pub fn release_memory() {
    let maps = std::fs::read_to_string("/proc/self/maps").unwrap_or_default();
    for line in maps.lines() {
        let mut fields = line.split_whitespace();
        let (Some(range), Some("r-xp"), Some(inode)) = (fields.next(), fields.next(), fields.nth(2)) else {
            continue;
        };
        let range = range.split_once('-').and_then(|(start, end)| {
            Some((usize::from_str_radix(start, 16).ok()?, usize::from_str_radix(end, 16).ok()?))
        });
        if let (Some((start, end)), true) = (range, inode != "0") {
            // SAFETY: the range is a private, never written, executable mapping of a file, as the kernel lists it just now;
            // MADV_DONTNEED only drops its pages, and touching them again reads the same bytes from the same file.
            unsafe { libc::madvise(start as *mut libc::c_void, end - start, libc::MADV_DONTNEED) };
        }
    }
    drop(maps);
    // SAFETY: malloc_trim takes an integer and may be called at any time.
    #[cfg(target_env = "gnu")]
    unsafe {
        libc::malloc_trim(0)
    };
}
