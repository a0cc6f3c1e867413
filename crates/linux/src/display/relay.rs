//! From Xephyr to the user's display: the bytes of one connection, which was set up before.

use std::io;
use std::os::fd::{AsFd, BorrowedFd, OwnedFd};
use std::sync::atomic::{AtomicBool, Ordering};

use rustix::io::{Errno, read, write};
use rustix::net::{Shutdown, accept, shutdown};

use super::outer::{ORDER, Outer};

/// Bytes on their way in one direction.
const BUFFER: usize = 64 * 1024;

/// Answers the first client of `listener`, and nobody else, until either side ends. `connected` becomes true when it is served.
pub(super) fn run(listener: OwnedFd, outer: &Outer, connected: &AtomicBool) -> io::Result<()> {
    let client = accept(&listener)?;
    drop(listener);
    read_first_request(client.as_fd())?;
    write_all(client.as_fd(), &outer.setup)?;
    connected.store(true, Ordering::Relaxed);
    let display = outer.socket.as_fd();
    std::thread::scope(|scope| {
        let (client, copy) = (client.as_fd(), std::thread::Builder::new().stack_size(128 * 1024));
        copy.spawn_scoped(scope, move || carry(display, client))?;
        carry(client, display);
        Ok(())
    })
}

/// The request that sets a connection up. Whatever cookie it shows is thrown away.
fn read_first_request(client: BorrowedFd<'_>) -> io::Result<()> {
    let mut head = [0_u8; 12];
    read_exact(client, &mut head)?;
    if head[0] != ORDER {
        return Err(io::ErrorKind::InvalidData.into());
    }
    for length in [[head[6], head[7]], [head[8], head[9]]] {
        let mut rest = usize::from(u16::from_ne_bytes(length)).next_multiple_of(4);
        let mut part = [0_u8; 256];
        while rest > 0 {
            let piece = rest.min(part.len());
            read_exact(client, &mut part[..piece])?;
            rest -= piece;
        }
    }
    Ok(())
}

/// Until one of them ends, which ends the other. Descriptors that come with bytes are closed by the kernel (recvmsg(2) alone takes them).
fn carry(from: BorrowedFd<'_>, to: BorrowedFd<'_>) {
    let mut buffer = vec![0_u8; BUFFER];
    loop {
        match read(from, &mut buffer) {
            Err(Errno::INTR) => {}
            Ok(length) if length > 0 && write_all(to, &buffer[..length]).is_ok() => {}
            Ok(_) | Err(_) => break,
        }
    }
    for end in [from, to] {
        let _ = shutdown(end, Shutdown::Both);
    }
}

fn read_exact(from: BorrowedFd<'_>, mut bytes: &mut [u8]) -> io::Result<()> {
    while !bytes.is_empty() {
        match read(from, &mut *bytes) {
            Ok(0) => return Err(io::ErrorKind::UnexpectedEof.into()),
            Ok(length) => bytes = &mut bytes[length..],
            Err(Errno::INTR) => {}
            Err(error) => return Err(error.into()),
        }
    }
    Ok(())
}

fn write_all(to: BorrowedFd<'_>, mut bytes: &[u8]) -> io::Result<()> {
    while !bytes.is_empty() {
        match write(to, bytes) {
            Ok(length) => bytes = &bytes[length..],
            Err(Errno::INTR) => {}
            Err(error) => return Err(error.into()),
        }
    }
    Ok(())
}

#[cfg(test)]
mod tests {
    use super::*;
    use std::io::{Read, Write};
    use std::os::unix::net::{UnixListener, UnixStream};

    fn relayed() -> (std::path::PathBuf, UnixStream, tempfile::TempDir) {
        let folder = tempfile::tempdir().unwrap();
        let path = folder.path().join("X0");
        let listener = UnixListener::bind(&path).unwrap();
        let (display, ours) = UnixStream::pair().unwrap();
        let outer =
            Outer { socket: ours.into(), setup: b"set up".to_vec(), screen: (1, 1), keyboard: Vec::new() };
        std::thread::spawn(move || run(listener.into(), &outer, &AtomicBool::new(false)));
        (path, display, folder)
    }

    #[test]
    fn the_display_hears_what_follows_the_first_request_and_never_the_clients_cookie() {
        let (path, mut display, _folder) = relayed();
        let mut client = UnixStream::connect(&path).unwrap();
        let head =
            [&[ORDER, 0][..], &11_u16.to_ne_bytes(), &[0; 2], &5_u16.to_ne_bytes(), &3_u16.to_ne_bytes()];
        client.write_all(&[&head.concat()[..], &[0; 2], b"proto\0\0\0abc\0request"].concat()).unwrap();
        let mut heard = [0; 7];
        display.read_exact(&mut heard).unwrap();
        assert_eq!(&heard, b"request");
        display.write_all(b" and an answer").unwrap();
        let mut told = [0; 20];
        client.read_exact(&mut told).unwrap();
        assert_eq!(&told, b"set up and an answer");
        assert!(UnixStream::connect(&path).is_err(), "there is one connection");
        drop(client);
        assert_eq!(display.read(&mut [0]).unwrap(), 0, "its end ends the other");
    }

    #[test]
    fn a_first_request_of_another_kind_ends_the_connection() {
        let (path, mut display, _folder) = relayed();
        UnixStream::connect(&path).unwrap().write_all(&[b'?'; 12]).unwrap();
        assert_eq!(display.read(&mut [0]).unwrap(), 0);
    }
}
