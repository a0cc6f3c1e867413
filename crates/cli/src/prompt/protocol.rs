//! Asking the program that started lowbox: JSON lines over an inherited socket. docs/prompt-protocol.md is its description.

use std::io::{self, Read, Write};
use std::os::fd::AsRawFd;
use std::os::unix::net::UnixStream;
use std::time::{Duration, Instant};

use lowbox_linux::broker::{Answer, Prompter, Question, answering_socket};

use super::messages::{Sent, posed};
use super::reading::{Broken, LONGEST_LINE, Lines, Received, VERSION, answers, greeting, meaning};
use crate::failure::Failure;
use crate::output;

/// The program at the other end of the socket. Whatever it does that is not in the description ends the connection, and
/// from then on every question is answered with *no*.
pub struct Program {
    /// `None` once the connection has ended.
    socket: Option<UnixStream>,
    package: String,
    received: Lines,
    greeted: bool,
}

impl Program {
    /// Takes over descriptor `number`; `lent` are those that the program inherits.
    ///
    /// # Errors
    /// When it is no end of a pair of sockets of this user's, or is lent as well.
    pub fn at(number: i32, lent: &[i32], package: &str) -> Result<Program, Failure> {
        let socket = answering_socket(number, lent)
            .map_err(|error| Failure::new(format!("--prompt fd:{number}: {error}")))?;
        let socket = UnixStream::from(socket);
        socket.set_nonblocking(false).map_err(Failure::new)?;
        Ok(Program {
            socket: Some(socket),
            package: package.to_owned(),
            received: Lines::default(),
            greeted: false,
        })
    }

    /// The socket's descriptor.
    pub fn descriptor(&self) -> Option<i32> {
        self.socket.as_ref().map(AsRawFd::as_raw_fd)
    }

    fn put(&mut self, question: &Question, deadline: Instant) -> Result<Option<Answer>, Broken> {
        if !self.greeted {
            let hello = Sent::Hello { protocol: "lowbox-prompt", version: VERSION, package: &self.package };
            send(self.socket()?, &hello, deadline)?;
            match self.receive(deadline)? {
                Some(received) => greeting(&received).map(|()| self.greeted = true)?,
                None => return Err(Broken("it did not greet in time".to_owned())),
            }
        }
        send(self.socket()?, &posed(question, answers(question), deadline), deadline)?;
        loop {
            match self.receive(deadline)? {
                Some(received) => {
                    if let Some(answer) = meaning(question, &received)? {
                        return Ok(Some(answer));
                    }
                }
                None => {
                    // A peer that does not read gets a little time.
                    let soon = Instant::now() + Duration::from_millis(100);
                    send(self.socket()?, &Sent::Cancel { id: question.id, reason: "timeout" }, soon)?;
                    return Ok(None);
                }
            }
        }
    }

    fn socket(&self) -> Result<&UnixStream, Broken> {
        self.socket.as_ref().ok_or_else(|| Broken("the connection has ended".to_owned()))
    }

    /// The next line; `None` at the deadline.
    fn receive(&mut self, deadline: Instant) -> Result<Option<Received>, Broken> {
        loop {
            if let Some(received) = self.received.next()? {
                return Ok(Some(received));
            }
            let Some(left) = left_until(deadline) else { return Ok(None) };
            let mut socket = self.socket()?;
            socket.set_read_timeout(Some(left))?;
            let mut buffer = [0; LONGEST_LINE];
            match socket.read(&mut buffer[..self.received.room()]) {
                Ok(0) => return Err(Broken("it closed the connection".to_owned())),
                Ok(count) => self.received.take(&buffer[..count]),
                Err(error) if is_a_wait(&error) => {}
                Err(error) => return Err(error.into()),
            }
        }
    }
}

impl Prompter for Program {
    fn ask(&mut self, question: &Question, deadline: Instant) -> Option<Answer> {
        self.socket.as_ref()?;
        self.put(question, deadline).unwrap_or_else(|Broken(why)| {
            self.socket = None;
            output::say(&format!(
                "the program that answers questions (--prompt fd:N) is not listened to any more: {why}; every question is \
                 answered with no"
            ));
            None
        })
    }
}

impl From<io::Error> for Broken {
    fn from(error: io::Error) -> Broken {
        Broken(error.to_string())
    }
}

fn is_a_wait(error: &io::Error) -> bool {
    matches!(error.kind(), io::ErrorKind::WouldBlock | io::ErrorKind::Interrupted | io::ErrorKind::TimedOut)
}

/// More than nothing, which a socket would take for ever.
fn left_until(deadline: Instant) -> Option<Duration> {
    let left = deadline.saturating_duration_since(Instant::now());
    (!left.is_zero()).then(|| left.max(Duration::from_millis(1)))
}

fn send(mut socket: &UnixStream, message: &Sent<'_>, deadline: Instant) -> Result<(), Broken> {
    let mut line = serde_json::to_vec(message).map_err(io::Error::from)?;
    line.push(b'\n');
    let mut rest = line.as_slice();
    while !rest.is_empty() {
        let Some(left) = left_until(deadline) else {
            return Err(Broken("it does not read".to_owned()));
        };
        socket.set_write_timeout(Some(left))?;
        match socket.write(rest) {
            Ok(count) => rest = &rest[count..],
            Err(error) if is_a_wait(&error) => {}
            Err(error) => return Err(error.into()),
        }
    }
    Ok(())
}

#[cfg(test)]
#[path = "protocol_tests.rs"]
mod tests;
