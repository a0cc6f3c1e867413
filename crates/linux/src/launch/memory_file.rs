//! Values in files in memory (memfd_create(2)), whose descriptors go with a message: what is too long for one, and for a reader that is not to wait.

use std::io;
use std::os::fd::OwnedFd;

use rustix::fs::{MemfdFlags, fstat, memfd_create};
use serde::Serialize;
use serde::de::DeserializeOwned;

/// Writes a value into a new file in memory.
///
/// # Errors
/// What memfd_create(2) and write(2) report.
pub(crate) fn write(value: &impl Serialize) -> io::Result<OwnedFd> {
    let bytes = postcard::to_allocvec(value).map_err(io::Error::other)?;
    write_bytes(&bytes)
}

/// The same of bytes.
///
/// # Errors
/// As [`write`].
pub(crate) fn write_bytes(bytes: &[u8]) -> io::Result<OwnedFd> {
    let file = memfd_create("lowbox", MemfdFlags::CLOEXEC)?;
    let mut left = bytes;
    while !left.is_empty() {
        left = &left[rustix::io::write(&file, left)?..];
    }
    Ok(file)
}

/// Reads such a file.
///
/// # Errors
/// What pread(2) reports; InvalidData for one that is too long, or holds something else.
pub(crate) fn read<T: DeserializeOwned>(file: &OwnedFd, most: u64) -> io::Result<T> {
    let bytes = read_bytes(file, most)?;
    postcard::from_bytes(&bytes).map_err(|_| io::ErrorKind::InvalidData.into())
}

/// The bytes of such a file.
///
/// # Errors
/// As [`read`].
pub(crate) fn read_bytes(file: &OwnedFd, most: u64) -> io::Result<Vec<u8>> {
    let size = u64::try_from(fstat(file)?.st_size).unwrap_or(u64::MAX);
    if size > most {
        return Err(io::ErrorKind::InvalidData.into());
    }
    let mut bytes = vec![0_u8; size as usize];
    let mut at = 0;
    while at < bytes.len() {
        match rustix::io::pread(file, &mut bytes[at..], at as u64)? {
            0 => return Err(io::ErrorKind::UnexpectedEof.into()),
            read => at += read,
        }
    }
    Ok(bytes)
}
