//! That a caller may look into its keeper, which only the kernel can tell.
//!
//! Each caller has a file in memory of the keeper's, with a random number. Nothing leads to it but the keeper's own descriptor, which the kernel
//! opens in /proc for who may look into the keeper (proc_pid_fd(5)): for who has all of its capabilities, and is in its Landlock domain or in one
//! above. The keeper asks the same of the caller ([`Peer::surroundings`](super::peer::Peer::surroundings)); where each may look into the other they
//! are restricted alike, and there is no other way to tell: a domain has no name.

use std::os::fd::{AsFd, AsRawFd, OwnedFd};

use rustix::fs::{Mode, OFlags, open};
use rustix::io::Errno;
use rustix::net::SendFlags;
use rustix::net::sockopt::socket_peercred;
use rustix::rand::{GetRandomFlags, getrandom};

use super::message::Answer;
use crate::launch::memory_file::{read_bytes, write_bytes};
use crate::launch::message::send;

/// A random number.
pub(super) type Secret = [u8; 32];

/// What a caller has to find.
pub(super) struct Proof {
    secret: Secret,
    /// Stays open until the caller has looked.
    _file: OwnedFd,
}

impl Proof {
    /// Tells a caller where to look.
    ///
    /// # Errors
    /// The system's.
    pub(super) fn offer(caller: &OwnedFd) -> std::io::Result<Proof> {
        let mut secret = Secret::default();
        if getrandom(&mut secret[..], GetRandomFlags::empty())? != secret.len() {
            return Err(Errno::IO.into());
        }
        let file = write_bytes(&secret)?;
        send(caller.as_fd(), &Answer::Look(file.as_raw_fd()), &[], SendFlags::DONTWAIT)?;
        Ok(Proof { secret, _file: file })
    }

    pub(super) fn is_given(&self, found: Option<Secret>) -> bool {
        found == Some(self.secret)
    }
}

/// What the keeper at the other end has as this descriptor; `None` for who may not look.
pub(super) fn find(keeper: &OwnedFd, number: i32) -> Option<Secret> {
    let keeper = socket_peercred(keeper.as_fd()).ok()?.pid.as_raw_pid();
    let file = open(format!("/proc/{keeper}/fd/{number}"), OFlags::RDONLY | OFlags::CLOEXEC, Mode::empty());
    read_bytes(&file.ok()?, Secret::default().len() as u64).ok()?.try_into().ok()
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::launch::control::channel;
    use crate::launch::message::receive;
    use rustix::net::RecvFlags;

    #[test]
    fn who_may_look_finds_the_number_and_each_caller_has_another() {
        let (keeper, caller) = channel().unwrap();
        let [one, other] = [0; 2].map(|_| {
            let proof = Proof::offer(&keeper).unwrap();
            let answer = receive::<Answer>(caller.as_fd(), RecvFlags::empty()).unwrap().unwrap().0;
            let Answer::Look(number) = answer else { panic!("{answer:?}") };
            (proof, find(&caller, number))
        });
        for (proof, found) in [&one, &other] {
            assert!(found.is_some() && proof.is_given(*found));
            assert!(!proof.is_given(None) && !proof.is_given(Some(Secret::default())));
        }
        assert!(!one.0.is_given(other.1));
    }
}
