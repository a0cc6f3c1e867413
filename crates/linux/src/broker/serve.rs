//! The broker's thread.

use std::io;
use std::os::fd::{AsFd, OwnedFd};

use rustix::event::{PollFd, PollFlags, Timespec, poll};
use rustix::pipe::{PipeFlags, pipe_with};

use super::Broker;
use super::Notice;
use super::choosing::Choices;
use super::desk::{Answers, Desk, Stop};
use super::touch::receive_touch;
use crate::launch::Asked;

/// The broker at work, from the loop that stays beside the program.
#[derive(Debug)]
pub(crate) struct Desktop {
    thread: Option<std::thread::JoinHandle<()>>,
    ended: OwnedFd,
}

/// How the broker ended.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(crate) enum Ended {
    /// With the container.
    WithContainer,
    /// The container has to end now.
    Container,
}

impl Desktop {
    /// Starts the thread.
    ///
    /// # Errors
    /// What making a thread or a pipe reports.
    pub(crate) fn start(mut broker: Broker, asked: Asked) -> io::Result<Desktop> {
        let (ended, telling) = pipe_with(PipeFlags::CLOEXEC)?;
        let answers = Answers::of(std::mem::take(&mut broker.prompting), broker.timeout)?;
        let choices = Choices::by(broker.chooser.take())?;
        let thread = std::thread::Builder::new().stack_size(1024 * 1024).spawn(move || {
            let mut desk = Desk::new(asked, broker, answers, choices);
            if let Some(stop) = serve(&mut desk) {
                if stop == Stop::Grantor {
                    desk.say(&Notice::GrantorGone);
                }
                let _ = rustix::io::write(&telling, b"!");
            }
            desk.memory().close();
        })?;
        Ok(Desktop { thread: Some(thread), ended })
    }

    /// Readable when the broker has ended.
    pub(crate) fn ended(&self) -> &OwnedFd {
        &self.ended
    }

    /// How, once it has.
    pub(crate) fn how(&self) -> Ended {
        let mut byte = [0];
        match rustix::io::read(&self.ended, &mut byte) {
            Ok(1) => Ended::Container,
            _ => Ended::WithContainer,
        }
    }

    /// Waits until it has put its things in order; the container has ended.
    pub(crate) fn finish(mut self) {
        if let Some(thread) = self.thread.take() {
            let _ = thread.join();
        }
    }
}

/// Until the container has ended, or has to.
fn serve(desk: &mut Desk) -> Option<Stop> {
    if let Some(stop) = desk.revoke() {
        return Some(stop);
    }
    loop {
        desk.tell();
        let patience = desk.memory().patience();
        let patience = patience.and_then(|timeout| Timespec::try_from(timeout).ok());
        let (touched, gone, answered, chosen, changed) = {
            let mut events = vec![
                PollFd::new(desk.touches(), PollFlags::IN),
                PollFd::new(desk.grantor().socket(), PollFlags::IN),
            ];
            let answer = match &desk.answers {
                Answers::Ask(asking) => {
                    events.push(PollFd::from_borrowed_fd(asking.ready(), PollFlags::IN));
                    Some(events.len() - 1)
                }
                _ => None,
            };
            let choice = desk.choices.ready().map(|fd| {
                events.push(PollFd::from_borrowed_fd(fd, PollFlags::IN));
                events.len() - 1
            });
            let watch = desk.watched().map(|fd| {
                events.push(PollFd::from_borrowed_fd(fd, PollFlags::IN));
                events.len() - 1
            });
            match poll(&mut events, patience.as_ref()) {
                Ok(_) | Err(rustix::io::Errno::INTR) => {}
                Err(_) => return Some(Stop::Grantor),
            }
            let is = |place: usize| !events[place].revents().is_empty();
            let changed = watch.is_some_and(is) || patience.is_some();
            (is(0), is(1), answer.is_some_and(is), choice.is_some_and(is), changed)
        };
        if changed && let Some(stop) = desk.revoke() {
            return Some(stop);
        }
        if answered {
            let answer = match &desk.answers {
                Answers::Ask(asking) => asking.answer(),
                _ => Err(()),
            };
            match answer {
                Ok(answer) => desk.answered(answer),
                Err(()) => desk.nobody_answers(),
            }
        }
        if chosen {
            desk.chosen();
        }
        if touched {
            match receive_touch(desk.touches().as_fd()) {
                Ok(Some(touch)) => desk.touched(touch),
                Ok(None) => return None,
                Err(error) if error.kind() == io::ErrorKind::WouldBlock => {}
                // The end of the socket, or something that pid 1 never says.
                Err(_) => return None,
            }
        }
        if gone {
            return Some(Stop::Grantor);
        }
    }
}
