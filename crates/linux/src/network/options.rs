//! Options that a program set on its socket before the broker's takes its place: a fixed list, of which nothing reaches another
//! destination.

use std::os::fd::{AsFd, BorrowedFd, OwnedFd};
use std::sync::OnceLock;

use rustix::net::{AddressFamily, SocketFlags, SocketType, socket_with};
use serde::{Deserialize, Serialize};

use crate::sys::{set_socket_option, socket_option};

/// An option as the list has it, with the value's bytes.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize)]
pub(crate) struct SetOption {
    /// Its place in the list.
    pub(crate) index: u8,
    /// At most [`MAX_VALUE`] bytes.
    pub(crate) value: Vec<u8>,
}

/// The longest value: a pair of longs, or the name of a congestion control.
const MAX_VALUE: usize = 16;

const SOCKET: i32 = libc::SOL_SOCKET;
const TCP: i32 = libc::IPPROTO_TCP;
const IP: i32 = libc::IPPROTO_IP;
const IPV6: i32 = libc::IPPROTO_IPV6;
/// SO_BUF_LOCK (Linux 5.17): which buffer sizes were set by hand. Others grow by themselves, and must go on to.
const SO_BUF_LOCK: i32 = 72;

/// The list (socket(7), tcp(7), ip(7), ipv6(7)). The first [`EARLY`] have a part in how a connection begins.
const LIST: [(i32, i32); 38] = [
    (SOCKET, libc::SO_PRIORITY),
    (TCP, libc::TCP_MAXSEG),
    (TCP, libc::TCP_SYNCNT),
    (TCP, libc::TCP_DEFER_ACCEPT),
    (TCP, libc::TCP_CONGESTION),
    (TCP, libc::TCP_QUICKACK),
    (IP, libc::IP_TOS),
    (IP, libc::IP_TTL),
    (IP, libc::IP_MTU_DISCOVER),
    (IPV6, libc::IPV6_V6ONLY),
    (IPV6, libc::IPV6_UNICAST_HOPS),
    (IPV6, libc::IPV6_MTU_DISCOVER),
    (IPV6, libc::IPV6_TCLASS),
    (IPV6, libc::IPV6_DONTFRAG),
    (SOCKET, libc::SO_REUSEADDR),
    (SOCKET, libc::SO_REUSEPORT),
    (SOCKET, libc::SO_KEEPALIVE),
    (SOCKET, libc::SO_LINGER),
    (SOCKET, libc::SO_OOBINLINE),
    (SOCKET, libc::SO_RCVLOWAT),
    (SOCKET, libc::SO_RCVTIMEO),
    (SOCKET, libc::SO_SNDTIMEO),
    (SOCKET, libc::SO_TIMESTAMP),
    (SOCKET, libc::SO_TIMESTAMPNS),
    (SOCKET, libc::SO_ZEROCOPY),
    (SOCKET, libc::SO_MAX_PACING_RATE),
    (TCP, libc::TCP_NODELAY),
    (TCP, libc::TCP_CORK),
    (TCP, libc::TCP_KEEPIDLE),
    (TCP, libc::TCP_KEEPINTVL),
    (TCP, libc::TCP_KEEPCNT),
    (TCP, libc::TCP_LINGER2),
    (TCP, libc::TCP_USER_TIMEOUT),
    (TCP, libc::TCP_NOTSENT_LOWAT),
    (IP, libc::IP_RECVERR),
    (IP, libc::IP_RECVTOS),
    (IP, libc::IP_BIND_ADDRESS_NO_PORT),
    (IPV6, libc::IPV6_RECVERR),
];

/// How many of the list have to be set before a connection begins.
const EARLY: usize = 14;

/// Which of the options.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(crate) enum Part {
    /// Those that a connection begins with: they travel to the broker.
    Early,
    /// The others: pid 1 sets them while nothing has been sent yet.
    Late,
    /// All: a socket that is bound needs them first.
    All,
}

/// Buffer sizes come after the list: they are set only if the program set them.
const BUFFERS: [(i32, u32); 2] = [(libc::SO_SNDBUF, 1), (libc::SO_RCVBUF, 2)];

/// What differs on `socket` from a fresh one, of this part of the list.
pub(crate) fn set_on(socket: BorrowedFd<'_>, v6: bool, part: Part) -> Vec<SetOption> {
    let fresh = fresh_values(v6);
    let mut set = Vec::new();
    for (index, (level, name)) in LIST.iter().enumerate() {
        let wanted = match part {
            Part::Early => index < EARLY,
            Part::Late => index >= EARLY,
            Part::All => true,
        };
        if !wanted || (*level == IPV6 && !v6) {
            continue;
        }
        let value = read(socket, *level, *name);
        if let Some(value) = value.filter(|value| fresh.get(index).is_none_or(|f| f.as_ref() != Some(value)))
        {
            set.push(SetOption { index: index as u8, value });
        }
    }
    if part == Part::Late {
        return set;
    }
    let locked = read(socket, SOCKET, SO_BUF_LOCK).and_then(|value| integer(&value)).unwrap_or(0) as u32;
    for (index, (name, bit)) in BUFFERS.iter().enumerate() {
        if locked & bit != 0
            && let Some(size) = read(socket, SOCKET, *name).and_then(|value| integer(&value))
        {
            // The kernel tells the double of what was asked for.
            let value = (size / 2).to_ne_bytes().to_vec();
            set.push(SetOption { index: (LIST.len() + index) as u8, value });
        }
    }
    set
}

/// Sets them, as far as the kernel lets this process: an option that it refuses has no effect on where a socket leads.
pub(crate) fn apply(socket: BorrowedFd<'_>, options: &[SetOption]) {
    for SetOption { index, value } in options.iter().take(LIST.len() + BUFFERS.len()) {
        let index = usize::from(*index);
        let option = LIST.get(index).copied().or_else(|| {
            index
                .checked_sub(LIST.len())
                .and_then(|index| BUFFERS.get(index))
                .map(|(name, _)| (SOCKET, *name))
        });
        if let Some((level, name)) = option.filter(|_| value.len() <= MAX_VALUE) {
            let _ = set_socket_option(socket, level, name, value);
        }
    }
}

/// Undoes SO_REUSEPORT.
///
/// # Errors
/// What setsockopt(2) reports.
pub(crate) fn unset_shared_port(socket: BorrowedFd<'_>) -> std::io::Result<()> {
    set_socket_option(socket, SOCKET, libc::SO_REUSEPORT, &0_i32.to_ne_bytes())
}

fn integer(value: &[u8]) -> Option<i32> {
    Some(i32::from_ne_bytes(value.get(..4)?.try_into().ok()?))
}

fn read(socket: BorrowedFd<'_>, level: i32, name: i32) -> Option<Vec<u8>> {
    let mut buffer = [0_u8; MAX_VALUE];
    let length = socket_option(socket, level, name, &mut buffer).ok()?;
    Some(buffer[..length].to_vec())
}

/// The values of a socket that nobody touched, read once.
fn fresh_values(v6: bool) -> &'static [Option<Vec<u8>>] {
    static FRESH: [OnceLock<Vec<Option<Vec<u8>>>>; 2] = [OnceLock::new(), OnceLock::new()];
    FRESH[usize::from(v6)].get_or_init(|| {
        let family = if v6 { AddressFamily::INET6 } else { AddressFamily::INET };
        let socket: Option<OwnedFd> =
            socket_with(family, SocketType::STREAM, SocketFlags::CLOEXEC, None).ok();
        let value = |(level, name): &(i32, i32)| read(socket.as_ref()?.as_fd(), *level, *name);
        LIST.iter().map(value).collect()
    })
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn what_was_set_on_one_socket_is_set_on_another_and_nothing_else() {
        let make =
            || socket_with(AddressFamily::INET6, SocketType::STREAM, SocketFlags::CLOEXEC, None).unwrap();
        let (one, other) = (make(), make());
        assert_eq!(set_on(one.as_fd(), true, Part::All), []);
        let set = [
            (TCP, libc::TCP_NODELAY, 1),
            (SOCKET, libc::SO_KEEPALIVE, 1),
            (SOCKET, libc::SO_RCVBUF, 9000),
            (IPV6, libc::IPV6_V6ONLY, 1),
        ];
        for (level, name, value) in set {
            set_socket_option(one.as_fd(), level, name, &i32::to_ne_bytes(value)).unwrap();
        }
        let options = set_on(one.as_fd(), true, Part::All);
        assert_eq!(options.len(), set.len());
        let parts = [Part::Early, Part::Late].map(|part| set_on(one.as_fd(), true, part));
        // The buffer's size and IPV6_V6ONLY have a part in how a connection begins.
        assert_eq!(parts.each_ref().map(Vec::len), [2, 2]);
        assert!(parts.concat().iter().all(|option| options.contains(option)));
        apply(other.as_fd(), &options);
        assert_eq!(set_on(other.as_fd(), true, Part::All), options);
        // What is not in the list, and what is too long, has no effect.
        apply(
            other.as_fd(),
            &[SetOption { index: 255, value: vec![1; 4] }, SetOption { index: 0, value: vec![1; 17] }],
        );
        assert_eq!(set_on(other.as_fd(), true, Part::All), options);
    }
}
