//! What the reader of stacks is asked, and answers.

use std::io::{self, Read, Write};

use serde::de::DeserializeOwned;
use serde::{Deserialize, Serialize};

/// The longest message: the names of a stack are bounded, and its modules have paths.
const MAX_MESSAGE: usize = 4 << 20;

/// What is asked about a thread that waits in a system call.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Serialize, Deserialize)]
pub(super) struct Question {
    /// Which question it is, from 1 on.
    pub(super) number: u64,
    pub(super) thread: u32,
    pub(super) about: About,
}

/// What is to be told of it.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Serialize, Deserialize)]
pub(super) enum About {
    /// Its stack: it waits with these registers.
    Stack { sp: u64, pc: u64 },
    /// Its Windows program; or if it is Wine's server, whose it is that asked for this.
    Program { is_server: bool },
}

/// The answer.
#[derive(Clone, Debug, Default, PartialEq, Eq, Serialize, Deserialize)]
pub(super) struct Answer {
    /// To which question; 0 from a reader that has died, whatever it was asked.
    pub(super) number: u64,
    /// Path and build id.
    pub(super) modules: Vec<(Vec<u8>, String)>,
    /// The innermost first.
    pub(super) frames: Vec<FrameMessage>,
    pub(super) truncated: bool,
    /// Words of the program's memory by which the stack is known again: as long as they are the same, so is the stack.
    pub(super) marks: Vec<Mark>,
    /// It is known again in the same thread only.
    pub(super) of_thread: bool,
    /// Whose the call is.
    pub(super) program: ProgramMessage,
}

/// Whose a call is.
#[derive(Clone, Debug, Default, PartialEq, Eq, Serialize, Deserialize)]
pub(super) struct ProgramMessage {
    /// The thread that made it, or asked Wine's server for it; `None` if that can't be told.
    pub(super) thread: Option<u32>,
    /// The file of its Windows program.
    pub(super) file: Option<Vec<u8>>,
}

/// An address, and the word that is there.
pub(super) type Mark = (u64, u64);

/// The most marks of a stack, of machine code and of Python.
pub(super) const MAX_MARKS: usize = 256;

/// A frame.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize)]
pub(super) enum FrameMessage {
    Native { module: u32, offset: u64, symbol: Option<Vec<u8>>, file: Option<Vec<u8>>, line: Option<u32> },
    Python { file: Vec<u8>, line: u32, function: Vec<u8> },
}

/// Sends a message.
pub(super) fn send(mut to: impl Write, message: &impl Serialize) -> io::Result<()> {
    let body = postcard::to_allocvec(message).map_err(io::Error::other)?;
    let mut bytes = u32::try_from(body.len()).map_err(io::Error::other)?.to_ne_bytes().to_vec();
    bytes.extend(body);
    to.write_all(&bytes)
}

/// Receives one; an error too where the other end is gone.
pub(super) fn receive<T: DeserializeOwned>(mut from: impl Read) -> io::Result<T> {
    let mut length = [0; 4];
    from.read_exact(&mut length)?;
    let length = u32::from_ne_bytes(length) as usize;
    if length > MAX_MESSAGE {
        return Err(io::ErrorKind::InvalidData.into());
    }
    let mut body = vec![0; length];
    from.read_exact(&mut body)?;
    postcard::from_bytes(&body).map_err(io::Error::other)
}
