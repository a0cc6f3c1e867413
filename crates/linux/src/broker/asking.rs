//! The thread that asks: a prompter waits for a person, and everything else must not.

use std::io;
use std::os::fd::{AsFd, BorrowedFd, OwnedFd};
use std::sync::mpsc::{Receiver, Sender, channel};
use std::time::{Duration, Instant};

use rustix::pipe::{PipeFlags, pipe_with};

use super::{Answer, Prompter, Question};

/// The asking thread, from outside.
pub(super) struct Asking {
    questions: Sender<Question>,
    answers: Receiver<Option<Answer>>,
    ready: OwnedFd,
}

impl Asking {
    pub(super) fn start(mut prompter: Box<dyn Prompter>, timeout: Duration) -> io::Result<Asking> {
        let (questions, to_ask) = channel::<Question>();
        let (answered, answers) = channel();
        let (ready, bell) = pipe_with(PipeFlags::CLOEXEC)?;
        std::thread::Builder::new().stack_size(256 * 1024).spawn(move || {
            for question in to_ask {
                let answer = prompter.ask(&question, Instant::now() + timeout);
                if answered.send(answer).is_err() || rustix::io::write(&bell, b"!").is_err() {
                    return;
                }
            }
        })?;
        Ok(Asking { questions, answers, ready })
    }

    /// Readable when an answer is there, or when nobody asks any more.
    pub(super) fn ready(&self) -> BorrowedFd<'_> {
        self.ready.as_fd()
    }

    /// Asks; false if nobody asks any more.
    pub(super) fn ask(&self, question: Question) -> bool {
        self.questions.send(question).is_ok()
    }

    /// The answer to the question asked last: `Err` if nobody asks any more.
    pub(super) fn answer(&self) -> Result<Option<Answer>, ()> {
        let mut bell = [0];
        match rustix::io::read(&self.ready, &mut bell) {
            Ok(1) => self.answers.recv().map_err(drop),
            _ => Err(()),
        }
    }
}
