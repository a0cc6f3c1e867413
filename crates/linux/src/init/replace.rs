//! A socket of the host's network in the place of the program's own: at its number, at the numbers that are copies of it, and
//! in the epoll descriptors that watch it.

use std::io;
use std::os::fd::{AsFd, BorrowedFd, OwnedFd};
use std::path::PathBuf;

use rustix::fs::fstat;

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

/// Puts `new` in the place of the call's socket.
///
/// Between the looks at the program's table and the change it may have changed it itself. What it loses then is its own; what
/// it gets is the socket that was decided on, whatever its number.
///
/// # Errors
/// EBADF when the number is no longer the call's socket, ESRCH when nobody waits any more.
pub(super) fn replace(listener: BorrowedFd<'_>, call: &SocketCall, new: BorrowedFd<'_>) -> io::Result<()> {
    let inode = fstat(&call.socket)?.st_ino;
    let table = Table { thread: call.thread.as_raw_pid() };
    let (copies, epolls) = table.copies(inode)?;
    if !copies.contains(&call.number) {
        return Err(io::Error::from_raw_os_error(libc::EBADF));
    }
    let registrations = registrations(&table, call, inode, &copies, &epolls);
    for number in copies {
        let close_on_exec = table.closes_on_exec(number);
        sys::put_descriptor(listener, call.id, new, number, close_on_exec)?;
    }
    for Registration { epoll, number, events, data } in registrations {
        // Without it the program waits for what does not come; that is no more than it had.
        let _ = sys::move_registration(epoll.as_fd(), call.socket.as_fd(), new, number, events, data);
    }
    Ok(())
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

/// The table of descriptors of a thread, as /proc shows it.
struct Table {
    thread: i32,
}

impl Table {
    /// The numbers of the socket with this inode, and those of epoll descriptors.
    fn copies(&self, inode: u64) -> io::Result<(Vec<i32>, Vec<i32>)> {
        let socket = PathBuf::from(format!("socket:[{inode}]"));
        let (mut copies, mut epolls) = (Vec::new(), Vec::new());
        for entry in std::fs::read_dir(format!("/proc/{}/fd", self.thread))?.take(MAX_DESCRIPTORS) {
            let entry = entry?;
            let Some(number) = entry.file_name().to_str().and_then(|name| name.parse().ok()) else {
                continue;
            };
            match std::fs::read_link(entry.path()) {
                Ok(target) if target == socket => copies.push(number),
                Ok(target) if target.as_os_str() == "anon_inode:[eventpoll]" => epolls.push(number),
                // It was closed meanwhile.
                _ => {}
            }
        }
        Ok((copies, epolls))
    }

    fn information(&self, number: i32) -> String {
        std::fs::read_to_string(format!("/proc/{}/fdinfo/{number}", self.thread)).unwrap_or_default()
    }

    fn closes_on_exec(&self, number: i32) -> bool {
        let text = self.information(number);
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
