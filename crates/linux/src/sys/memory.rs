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

/// Copies the path at `address` of process `pid`, without its NUL: what of it is on its first page first, which is nearly always
/// all, and half the price of two.
///
/// # Errors
/// As [`read_process_memory`]; ENAMETOOLONG when there is no NUL within PATH_MAX, EFAULT where its memory ends before.
pub fn read_process_path(pid: Pid, address: u64) -> io::Result<Vec<u8>> {
    const PAGE: u64 = 4096;
    let mut path = vec![0_u8; libc::PATH_MAX as usize];
    let mut have = 0;
    while have < path.len() {
        let at = address.wrapping_add(have as u64);
        let step = (path.len() - have).min((PAGE - at % PAGE) as usize);
        let read = read_process_memory(pid, at, &mut path[have..have + step])?;
        let new = &path[have..have + read];
        if let Some(end) = new.iter().position(|&byte| byte == 0) {
            path.truncate(have + end);
            return Ok(path);
        }
        if read < step {
            return Err(io::Error::from_raw_os_error(libc::EFAULT));
        }
        have += read;
    }
    Err(io::Error::from_raw_os_error(libc::ENAMETOOLONG))
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

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_path_is_read_over_a_page_border_and_not_beyond_what_is_mapped() {
        const PAGE: usize = 4096;
        let own = rustix::process::getpid();
        // SAFETY: a fresh anonymous mapping of three pages, of which the last is taken away again; nobody else knows of it.
        let pages = unsafe {
            let (read_write, private) =
                (libc::PROT_READ | libc::PROT_WRITE, libc::MAP_PRIVATE | libc::MAP_ANONYMOUS);
            let at = libc::mmap(std::ptr::null_mut(), 3 * PAGE, read_write, private, -1, 0);
            assert_ne!(at, libc::MAP_FAILED);
            assert_eq!(libc::munmap(at.cast::<u8>().add(2 * PAGE).cast(), PAGE), 0);
            std::slice::from_raw_parts_mut(at.cast::<u8>(), 2 * PAGE)
        };
        let address = pages.as_ptr() as u64;
        let fails =
            |from: usize| read_process_path(own, address + from as u64).expect_err("no path").raw_os_error();
        pages.fill(b'a');
        assert_eq!(fails(0), Some(libc::ENAMETOOLONG));
        assert_eq!(fails(2 * PAGE - 3), Some(libc::EFAULT));
        assert_eq!(fails(2 * PAGE), Some(libc::EFAULT));
        pages[PAGE + 2] = 0;
        assert_eq!(read_process_path(own, address + PAGE as u64 - 3).expect("a path"), b"aaaaa");
        pages[PAGE - 1] = 0;
        assert_eq!(read_process_path(own, address + PAGE as u64 - 3).expect("a path"), b"aa");
        assert_eq!(read_process_path(own, address + PAGE as u64 - 1).expect("a path"), b"");
    }
}
