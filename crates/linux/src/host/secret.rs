//! A password, asked for on the terminal without being shown.

use std::fs::File;
use std::io::{self, Read, Write};
use std::os::fd::AsFd;

use rustix::fs::{Mode, OFlags, open};
use rustix::termios::{LocalModes, OptionalActions, Termios, tcgetattr, tcsetattr};

/// The longest, in bytes.
const MOST: usize = 1024;

/// Shows `question` on the controlling terminal, and reads a line that nobody sees. `None` if the user cancels (control-C, control-D).
///
/// # Errors
/// When there is no terminal, or the line is no text.
pub fn ask_secret(question: &str) -> io::Result<Option<String>> {
    let terminal = open("/dev/tty", OFlags::RDWR | OFlags::NOCTTY | OFlags::CLOEXEC, Mode::empty())?;
    let mut terminal = File::from(terminal);
    let before = tcgetattr(&terminal)?;
    let mut hidden = before.clone();
    // Byte by byte, so that control-C is seen here and the modes are put back.
    hidden.local_modes.remove(LocalModes::ECHO | LocalModes::ICANON | LocalModes::ISIG);
    tcsetattr(&terminal, OptionalActions::Flush, &hidden)?;
    let again = Again { terminal: terminal.try_clone()?, modes: before };
    terminal.write_all(question.as_bytes())?;
    let line = read_line(&mut terminal);
    drop(again);
    terminal.write_all(b"\n")?;
    line
}

/// Puts a terminal's modes back.
struct Again {
    terminal: File,
    modes: Termios,
}

impl Drop for Again {
    fn drop(&mut self) {
        // A terminal that is gone has no modes.
        let _ = tcsetattr(self.terminal.as_fd(), OptionalActions::Flush, &self.modes);
    }
}

fn read_line(terminal: &mut impl Read) -> io::Result<Option<String>> {
    const CONTROL_C: u8 = 3;
    const CONTROL_D: u8 = 4;
    const CONTROL_U: u8 = 0x15;
    let mut line = Vec::new();
    loop {
        let mut byte = [0];
        if terminal.read(&mut byte)? == 0 {
            return Ok(None);
        }
        match byte[0] {
            b'\r' | b'\n' => break,
            CONTROL_C | CONTROL_D => return Ok(None),
            CONTROL_U => line.clear(),
            0x7f | 0x08 => {
                // A whole character.
                while line.pop().is_some_and(|byte| byte & 0xC0 == 0x80) {}
            }
            byte if line.len() < MOST => line.push(byte),
            _ => return Err(io::Error::other("that is too long for a password")),
        }
    }
    String::from_utf8(line).map(Some).map_err(|_| io::Error::other("that is no text in UTF-8"))
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_line_is_read_with_what_was_erased() {
        let read = |bytes: &[u8]| read_line(&mut &*bytes).unwrap();
        assert_eq!(read(b"secret\r"), Some("secret".to_owned()));
        assert_eq!(read("a\u{e4}\u{7f}b\n".as_bytes()), Some("ab".to_owned()));
        assert_eq!(read(b"wrong\x15right\n"), Some("right".to_owned()));
        assert_eq!(read(b"\n"), Some(String::new()));
        assert_eq!(read(b"ab\x03"), None);
        assert_eq!(read(b"ab"), None);
        assert!(read_line(&mut &[b'a'; 2000][..]).is_err());
        assert!(read_line(&mut &b"\xff\n"[..]).is_err());
    }
}
