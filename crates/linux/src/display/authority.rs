//! Cookies: who shows one may connect.

use std::io;

use rustix::rand::{GetRandomFlags, getrandom};

/// How a cookie is used.
pub(super) const PROTOCOL: &[u8] = b"MIT-MAGIC-COOKIE-1";
/// Of the addresses in a file of cookies: any.
const FAMILY_WILD: u16 = 0xffff;

/// The cookie of a nested server, which is random and known to nobody else.
#[derive(Clone, Debug, PartialEq, Eq)]
pub(crate) struct Authority([u8; 16]);

impl Authority {
    /// A new one.
    pub(super) fn random() -> io::Result<Authority> {
        let mut cookie = [0; 16];
        match getrandom(&mut cookie, GetRandomFlags::empty())? == cookie.len() {
            true => Ok(Authority(cookie)),
            false => Err(io::ErrorKind::UnexpectedEof.into()),
        }
    }

    /// As a file of cookies (XAUTHORITY) with one entry, which holds for whatever reads it: family, address, number of the display, protocol,
    /// cookie, each with its length before it (libXau's format).
    pub(crate) fn file(&self) -> Vec<u8> {
        let mut file = FAMILY_WILD.to_be_bytes().to_vec();
        for part in [&b""[..], b"", PROTOCOL, &self.0] {
            file.extend((part.len() as u16).to_be_bytes());
            file.extend(part);
        }
        file
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_file_of_cookies_is_read_as_xauth_reads_it() {
        let file = Authority(*b"0123456789abcdef").file();
        assert_eq!(file, b"\xff\xff\0\0\0\0\0\x12MIT-MAGIC-COOKIE-1\0\x100123456789abcdef");
        assert_ne!(Authority::random().unwrap(), Authority::random().unwrap());
    }
}
