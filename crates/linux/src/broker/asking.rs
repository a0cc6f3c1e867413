//! A thread that asks: whoever shows a question waits for a person, and everything else must not.

use std::io;
use std::os::fd::{AsFd, BorrowedFd, OwnedFd};
use std::sync::mpsc::{Receiver, Sender, channel};

use rustix::pipe::{PipeFlags, pipe_with};

/// The asking thread, from outside.
pub(super) struct Asking<Q, A> {
    questions: Sender<Q>,
    answers: Receiver<Option<A>>,
    ready: OwnedFd,
}

impl<Q: Send + 'static, A: Send + 'static> Asking<Q, A> {
    /// Starts it, with what asks one question after the other.
    ///
    /// # Errors
    /// What making a thread or a pipe reports.
    pub(super) fn start(mut ask: impl FnMut(&Q) -> Option<A> + Send + 'static) -> io::Result<Asking<Q, A>> {
        let (questions, to_ask) = channel::<Q>();
        let (answered, answers) = channel();
        let (ready, bell) = pipe_with(PipeFlags::CLOEXEC)?;
        std::thread::Builder::new().stack_size(256 * 1024).spawn(move || {
            for question in to_ask {
                let answer = ask(&question);
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
    pub(super) fn ask(&self, question: Q) -> bool {
        self.questions.send(question).is_ok()
    }

    /// The answer to the question asked last: `Err` if nobody asks any more.
    pub(super) fn answer(&self) -> Result<Option<A>, ()> {
        let mut bell = [0];
        match rustix::io::read(&self.ready, &mut bell) {
            Ok(1) => self.answers.recv().map_err(drop),
            _ => Err(()),
        }
    }
}
