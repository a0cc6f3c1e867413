//! A socket of the host's network in the place of the program's own: at its number, at the numbers that are copies of it, and
//! in the epoll descriptors that watch it.

use std::io::{self, Read};
use std::mem::MaybeUninit;
use std::os::fd::{AsFd, BorrowedFd, OwnedFd};

use rustix::fs::{Mode, OFlags, RawDir, fstat, open, openat, readlinkat_raw};

use super::socket_call::{SocketCall, open_thread};
use crate::sys;

/// Descriptors that are looked at; a program with more loses copies and registrations beyond.
const MAX_DESCRIPTORS: usize = 65_536;

/// A registration of epoll(7).
struct Registration {
    epoll: OwnedFd,
    number: i32,
    events: u32,
    data: u64,
}

/// Where the call's socket is in the program's table: what another one in its place has to take over.
///
/// Between this look and the change the program may have changed its table itself. What it loses then is its own; what it gets is
/// the socket that was decided on, whatever its number.
pub(super) struct Places {
    /// Numbers, and whether each is closed by execve(2).
    copies: Vec<(i32, bool)>,
    registrations: Vec<Registration>,
}

impl Places {
    /// Looks.
    ///
    /// # Errors
    /// EBADF when the number is no longer the call's socket, ESRCH when the caller is gone.
    pub(super) fn of(call: &SocketCall) -> io::Result<Places> {
        let inode = fstat(&call.socket)?.st_ino;
        let table = Table::of(call.thread.as_raw_pid())?;
        let (copies, epolls) = table.copies(inode)?;
        if !copies.contains(&call.number) {
            return Err(io::Error::from_raw_os_error(libc::EBADF));
        }
        let registrations = registrations(&table, call, inode, &copies, &epolls);
        let copies = copies.into_iter().map(|number| (number, table.closes_on_exec(number))).collect();
        Ok(Places { copies, registrations })
    }

    /// Puts `new` there.
    ///
    /// # Errors
    /// ESRCH when nobody waits any more.
    pub(super) fn take(
        self,
        listener: BorrowedFd<'_>,
        call: &SocketCall,
        new: BorrowedFd<'_>,
    ) -> io::Result<()> {
        for (number, close_on_exec) in self.copies {
            sys::put_descriptor(listener, call.id, new, number, close_on_exec)?;
        }
        for Registration { epoll, number, events, data } in self.registrations {
            // Without it the program waits for what does not come; that is no more than it had.
            let _ = sys::move_registration(epoll.as_fd(), call.socket.as_fd(), new, number, events, data);
        }
        Ok(())
    }
}

fn registrations(
    table: &Table,
    call: &SocketCall,
    inode: u64,
    copies: &[i32],
    epolls: &[i32],
) -> Vec<Registration> {
    let mut found = Vec::new();
    if epolls.is_empty() {
        return found;
    }
    let Ok(process) = open_thread(call.thread) else { return found };
    for &number in epolls {
        let text = table.information(number);
        let watched = text
            .lines()
            .filter_map(watched)
            .filter(|(target, _, _, watched)| *watched == inode && copies.contains(target));
        for (target, events, data, _) in watched {
            if let Ok(epoll) = sys::duplicate_descriptor_of(process.as_fd(), number) {
                found.push(Registration { epoll, number: target, events, data });
            }
        }
    }
    found
}

/// A line of an epoll descriptor's fdinfo (proc(5)): number, events, data, inode.
fn watched(line: &str) -> Option<(i32, u32, u64, u64)> {
    // tfd:        5 events:       19 data:  7ffd  pos:0 ino:61 sdev:5
    let spaced = line.replace(':', " ");
    let words: Vec<&str> = spaced.split_whitespace().collect();
    let value = |name: &str| words.iter().position(|word| *word == name).and_then(|at| words.get(at + 1));
    Some((
        value("tfd")?.parse().ok()?,
        u32::from_str_radix(value("events")?, 16).ok()?,
        u64::from_str_radix(value("data")?, 16).ok()?,
        u64::from_str_radix(value("ino")?, 16).ok()?,
    ))
}

/// The table of descriptors of a thread, as /proc shows it. Every connection is looked up in it, so each name is resolved from its
/// folder, and nothing is asked twice.
struct Table {
    links: OwnedFd,
    information: OwnedFd,
}

/// Longer than what the kernel prints of a socket (proc(5), fdinfo); of an epoll descriptor with many registrations more is read.
const INFORMATION: usize = 512;

impl Table {
    fn of(thread: i32) -> io::Result<Table> {
        let flags = OFlags::RDONLY | OFlags::DIRECTORY | OFlags::CLOEXEC;
        let thread = open(format!("/proc/{thread}"), OFlags::PATH | flags, Mode::empty())?;
        Ok(Table {
            links: openat(&thread, c"fd", flags, Mode::empty())?,
            information: openat(&thread, c"fdinfo", OFlags::PATH | flags, Mode::empty())?,
        })
    }

    /// The numbers of the socket with this inode, and those of epoll descriptors.
    fn copies(&self, inode: u64) -> io::Result<(Vec<i32>, Vec<i32>)> {
        let socket = format!("socket:[{inode}]");
        let (mut copies, mut epolls) = (Vec::new(), Vec::new());
        let mut entries = [MaybeUninit::uninit(); 2048];
        let mut entries = RawDir::new(&self.links, &mut entries);
        let mut seen = 0;
        while let Some(entry) = entries.next().filter(|_| seen < MAX_DESCRIPTORS) {
            seen += 1;
            let entry = entry?;
            let name = entry.file_name();
            let Some(number) = name.to_str().ok().and_then(|name| name.parse().ok()) else { continue };
            let mut target = [MaybeUninit::uninit(); 64];
            match readlinkat_raw(&self.links, name, &mut target) {
                Ok((target, _)) if *target == *socket.as_bytes() => copies.push(number),
                Ok((target, _)) if *target == *b"anon_inode:[eventpoll]" => epolls.push(number),
                // It was closed meanwhile, or is something else.
                _ => {}
            }
        }
        Ok((copies, epolls))
    }

    fn information(&self, number: i32) -> String {
        let file =
            openat(&self.information, number.to_string(), OFlags::RDONLY | OFlags::CLOEXEC, Mode::empty());
        let Ok(file) = file else { return String::new() };
        let mut text = Vec::with_capacity(INFORMATION);
        let mut file = std::fs::File::from(file);
        // To the end: what is read in parts is made in parts, a line at a time.
        if file.read_to_end(&mut text).is_err() {
            return String::new();
        }
        String::from_utf8(text).unwrap_or_default()
    }

    fn closes_on_exec(&self, number: i32) -> bool {
        let mut text = [0; INFORMATION];
        let file =
            openat(&self.information, number.to_string(), OFlags::RDONLY | OFlags::CLOEXEC, Mode::empty());
        let length = file.and_then(|file| rustix::io::read(file, &mut text)).unwrap_or(0);
        let text = std::str::from_utf8(&text[..length]).unwrap_or_default();
        let flags = text.lines().find_map(|line| line.strip_prefix("flags:"));
        let flags = flags.and_then(|flags| i32::from_str_radix(flags.trim(), 8).ok());
        // What can't be told is not left to other programs.
        flags.is_none_or(|flags| flags & libc::O_CLOEXEC != 0)
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_registration_is_read_from_what_the_kernel_prints() {
        let line = "tfd:        5 events: 8000201d data:         ffff00000005  pos:0 ino:1a2b sdev:8";
        assert_eq!(watched(line), Some((5, 0x8000_201d, 0xffff_0000_0005, 0x1a2b)));
        assert_eq!(watched("pos:\t0"), None);
    }
}
