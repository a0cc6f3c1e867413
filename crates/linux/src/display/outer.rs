//! The user's display: a connection to it that is untrusted (the SECURITY extension).
//!
//! lowbox connects as the user, has the server make an untrusted cookie, and connects with that. Only the second connection is handed on. It
//! is set up here, because a display that lets in everybody of this user or machine (xhost(1)) would take a client for a trusted one that
//! shows no cookie.

use std::io::{self, Read, Write};
use std::net::TcpStream;
use std::os::fd::OwnedFd;
use std::os::unix::net::UnixStream;
use std::time::Duration;

use rustix::system::uname;
use x11rb_protocol::parse_display::{ConnectAddress, ParsedDisplay, parse_display};
use x11rb_protocol::protocol::xproto::Setup;
use x11rb_protocol::x11_utils::TryParse;
use x11rb_protocol::xauth::{Family, get_auth};

use super::NoDisplay;
use super::authority::PROTOCOL;

/// A connection that is set up.
#[derive(Debug)]
pub(super) struct Outer {
    pub(super) socket: OwnedFd,
    /// What the server answered to the first request.
    pub(super) setup: Vec<u8>,
    /// Pixels of the screen that DISPLAY names.
    pub(super) screen: (u16, u16),
    /// Rules, model, layout, variant and options of the user's keyboard, as far as they are known.
    pub(super) keyboard: Vec<String>,
}

/// How long a display may take to answer.
const PATIENCE: Duration = Duration::from_secs(10);
/// Seconds that the cookie lasts while nobody is connected by it.
const UNUSED: u32 = 10;
/// The byte that says in which order the rest is.
pub(super) const ORDER: u8 = if cfg!(target_endian = "little") { b'l' } else { b'B' };
/// X11's version.
const VERSION: u16 = 11;
/// InternAtom, GetProperty, and the longest property that is read, in words of four bytes.
const INTERN_ATOM: u8 = 16;
const GET_PROPERTY: u8 = 20;
const MOST: u32 = 256;
/// QueryExtension; SecurityGenerateAuthorization of the SECURITY extension.
const QUERY_EXTENSION: u8 = 98;
const GENERATE_AUTHORIZATION: u8 = 1;
/// XSecurityTimeout and XSecurityTrustLevel of its value mask, and the level of clients without trust.
const TIMEOUT_AND_TRUST_LEVEL: u32 = 0b11;
const UNTRUSTED: u32 = 1;

/// Connects to the display of lowbox's environment without any rights over other windows.
pub(super) fn connect() -> Result<Outer, NoDisplay> {
    let display = parse_display(None).map_err(|error| NoDisplay::Name(error.to_string()))?;
    let (mut trusted, family, address) = open(&display)?;
    let (name, cookie) = get_auth(family, &address, display.display).ok().flatten().unwrap_or_default();
    let told = set_up(&mut trusted, &name, &cookie)?;
    let security = extension(&mut trusted)?.ok_or(NoDisplay::NotSeparable)?;
    let cookie = untrusted_cookie(&mut trusted, security)?;
    let keyboard = keyboard(&mut trusted, &told)?;
    let (mut tried, ..) = open(&display)?;
    set_up(&mut tried, PROTOCOL, &cookie)?;
    // Untrusted clients are not told of it.
    if extension(&mut tried)?.is_some() {
        return Err(NoDisplay::NotSeparated);
    }
    let (mut connection, ..) = open(&display)?;
    let setup = set_up(&mut connection, PROTOCOL, &cookie)?;
    // A server whose last client goes may begin anew, and forget what it made: so these stay until now.
    drop((trusted, tried));
    let screen = screen(&setup, display.screen)?;
    connection.endlessly()?;
    Ok(Outer { socket: connection.into(), setup, screen, keyboard })
}

enum Stream {
    Unix(UnixStream),
    Tcp(TcpStream),
}

impl Stream {
    fn within(self, patience: Option<Duration>) -> io::Result<Stream> {
        match &self {
            Stream::Unix(socket) => {
                socket.set_read_timeout(patience)?;
                socket.set_write_timeout(patience)?;
            }
            Stream::Tcp(socket) => {
                socket.set_nodelay(true)?;
                socket.set_read_timeout(patience)?;
                socket.set_write_timeout(patience)?;
            }
        }
        Ok(self)
    }

    fn endlessly(&mut self) -> io::Result<()> {
        match self {
            Stream::Unix(socket) => {
                socket.set_read_timeout(None)?;
                socket.set_write_timeout(None)
            }
            Stream::Tcp(socket) => {
                socket.set_read_timeout(None)?;
                socket.set_write_timeout(None)
            }
        }
    }

    fn write(&mut self, bytes: &[u8]) -> Result<(), NoDisplay> {
        match self {
            Stream::Unix(socket) => socket.write_all(bytes),
            Stream::Tcp(socket) => socket.write_all(bytes),
        }
        .map_err(NoDisplay::Unreachable)
    }

    fn read(&mut self, length: usize) -> Result<Vec<u8>, NoDisplay> {
        let mut bytes = vec![0; length];
        match self {
            Stream::Unix(socket) => socket.read_exact(&mut bytes),
            Stream::Tcp(socket) => socket.read_exact(&mut bytes),
        }
        .map_err(NoDisplay::Unreachable)?;
        Ok(bytes)
    }
}

impl From<Stream> for OwnedFd {
    fn from(stream: Stream) -> OwnedFd {
        match stream {
            Stream::Unix(socket) => socket.into(),
            Stream::Tcp(socket) => socket.into(),
        }
    }
}

/// A connection, and the address by which its cookie is found.
fn open(display: &ParsedDisplay) -> Result<(Stream, Family, Vec<u8>), NoDisplay> {
    let local = || (Family::LOCAL, uname().nodename().to_bytes().to_vec());
    let is_path = display.host.starts_with('/');
    let by_path = is_path.then(|| ConnectAddress::Socket(display.host.clone()));
    let mut failed = io::Error::from(io::ErrorKind::NotFound);
    for address in by_path.into_iter().chain(display.connect_instruction().filter(|_| !is_path)) {
        let opened = match address {
            ConnectAddress::Socket(path) => UnixStream::connect(path).map(Stream::Unix),
            ConnectAddress::Hostname(host, port) => TcpStream::connect((host, port)).map(Stream::Tcp),
            _ => continue,
        };
        match opened.and_then(|stream| stream.within(Some(PATIENCE))) {
            Ok(stream) => {
                let (family, address) = match &stream {
                    Stream::Unix(_) => local(),
                    Stream::Tcp(socket) => match socket.peer_addr().map(|peer| peer.ip()) {
                        Ok(std::net::IpAddr::V4(ip)) if !ip.is_loopback() => {
                            (Family::INTERNET, ip.octets().to_vec())
                        }
                        Ok(std::net::IpAddr::V6(ip)) if !ip.is_loopback() => {
                            (Family::INTERNET6, ip.octets().to_vec())
                        }
                        // As for every client of the same machine.
                        _ => local(),
                    },
                };
                return Ok((stream, family, address));
            }
            Err(error) => failed = error,
        }
    }
    Err(NoDisplay::Unreachable(failed))
}

/// The first request of a connection, and the answer as it is.
fn set_up(stream: &mut Stream, protocol: &[u8], cookie: &[u8]) -> Result<Vec<u8>, NoDisplay> {
    let mut request = vec![ORDER, 0];
    for number in [VERSION, 0, protocol.len() as u16, cookie.len() as u16, 0] {
        request.extend(number.to_ne_bytes());
    }
    pad_to(&mut request, protocol);
    pad_to(&mut request, cookie);
    stream.write(&request)?;
    let mut answer = stream.read(8)?;
    let rest = usize::from(u16::from_ne_bytes([answer[6], answer[7]])) * 4;
    answer.extend(stream.read(rest)?);
    if answer[0] != 1 {
        let reason = answer.get(8..8 + usize::from(answer[1])).unwrap_or_default();
        return Err(NoDisplay::Refused(String::from_utf8_lossy(reason).trim().to_owned()));
    }
    Ok(answer)
}

/// The number of the SECURITY extension, if this connection may use it.
fn extension(stream: &mut Stream) -> Result<Option<u8>, NoDisplay> {
    const NAME: &[u8] = b"SECURITY";
    let mut request = (NAME.len() as u16).to_ne_bytes().to_vec();
    request.extend([0; 2]);
    pad_to(&mut request, NAME);
    let answer = ask(stream, QUERY_EXTENSION, 0, &request)?;
    Ok((answer[8] != 0).then_some(answer[9]))
}

/// What the user's keyboard is (`_XKB_RULES_NAMES`, of which untrusted clients are not told): words of plain letters and signs, or nothing.
fn keyboard(stream: &mut Stream, setup: &[u8]) -> Result<Vec<String>, NoDisplay> {
    const NAME: &[u8] = b"_XKB_RULES_NAMES";
    let mut request = (NAME.len() as u16).to_ne_bytes().to_vec();
    request.extend([0; 2]);
    pad_to(&mut request, NAME);
    let answer = ask(stream, INTERN_ATOM, 1, &request)?;
    let (setup, _) = Setup::try_parse(setup).map_err(|error| NoDisplay::Refused(error.to_string()))?;
    let Some(root) = setup.roots.first().map(|screen| screen.root) else { return Ok(Vec::new()) };
    let mut request = root.to_ne_bytes().to_vec();
    request.extend(&answer[8..12]);
    // Of any type, from its beginning on.
    for number in [0, 0, MOST] {
        request.extend(u32::to_ne_bytes(number));
    }
    if answer[8..12] == [0; 4] {
        return Ok(Vec::new());
    }
    let answer = ask(stream, GET_PROPERTY, 0, &request)?;
    let length = u32::from_ne_bytes([answer[16], answer[17], answer[18], answer[19]]) as usize;
    // Of bytes alone.
    let text = answer.get(32..32 + length).filter(|_| answer[1] == 8).unwrap_or_default();
    Ok(words(text))
}

fn words(text: &[u8]) -> Vec<String> {
    let is_plain = |letter: char| letter.is_ascii_alphanumeric() || "_-+:,()".contains(letter);
    let words = text.split(|byte| *byte == 0).take(5).map(String::from_utf8_lossy);
    words.map(|word| if word.chars().all(is_plain) { word.into_owned() } else { String::new() }).collect()
}

fn untrusted_cookie(stream: &mut Stream, security: u8) -> Result<Vec<u8>, NoDisplay> {
    let mut request = Vec::new();
    for number in [PROTOCOL.len() as u16, 0] {
        request.extend(number.to_ne_bytes());
    }
    request.extend(TIMEOUT_AND_TRUST_LEVEL.to_ne_bytes());
    pad_to(&mut request, PROTOCOL);
    for value in [UNUSED, UNTRUSTED] {
        request.extend(value.to_ne_bytes());
    }
    let answer = ask(stream, security, GENERATE_AUTHORIZATION, &request)?;
    let length = usize::from(u16::from_ne_bytes([answer[12], answer[13]]));
    let cookie = answer.get(32..32 + length).filter(|cookie| !cookie.is_empty());
    cookie.map(<[u8]>::to_vec).ok_or_else(|| NoDisplay::Refused("it makes no cookie".to_owned()))
}

/// A request, and its answer of 32 bytes at least.
fn ask(stream: &mut Stream, opcode: u8, detail: u8, body: &[u8]) -> Result<Vec<u8>, NoDisplay> {
    let mut request = vec![opcode, detail];
    request.extend((1 + (body.len() / 4) as u16).to_ne_bytes());
    request.extend(body);
    stream.write(&request)?;
    loop {
        let mut answer = stream.read(32)?;
        match answer[0] {
            0 => return Err(NoDisplay::Refused(format!("error {} of its protocol", answer[1]))),
            1 => {
                let words = u32::from_ne_bytes([answer[4], answer[5], answer[6], answer[7]]);
                // None of these answers is long.
                let words = words.min(u32::from(u16::MAX));
                answer.extend(stream.read(words as usize * 4)?);
                return Ok(answer);
            }
            // An event that every client gets.
            _ => {}
        }
    }
}

fn screen(setup: &[u8], number: u16) -> Result<(u16, u16), NoDisplay> {
    let (setup, _) = Setup::try_parse(setup).map_err(|error| NoDisplay::Refused(error.to_string()))?;
    let screen = setup.roots.get(usize::from(number)).or_else(|| setup.roots.first());
    let screen = screen.ok_or_else(|| NoDisplay::Refused("it has no screen".to_owned()))?;
    Ok((screen.width_in_pixels, screen.height_in_pixels))
}

fn pad_to(request: &mut Vec<u8>, part: &[u8]) {
    request.extend(part);
    request.resize(request.len().next_multiple_of(4), 0);
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_keyboard_is_described_by_plain_words() {
        assert_eq!(
            words(b"evdev\0pc105\0de,us\0\0grp:alt_shift_toggle\0"),
            ["evdev", "pc105", "de,us", "", "grp:alt_shift_toggle"]
        );
        assert_eq!(words(b"a b\0-x\xff\0\n"), ["", "", ""]);
        assert_eq!(words(b""), [""]);
    }
}
