//! Who has the terminal at the moment: the program, by way of the threads that carry its bytes, or a question.

use std::io;
use std::os::fd::OwnedFd;
use std::sync::{Arc, Condvar, Mutex, MutexGuard, PoisonError};

use rustix::event::{EventfdFlags, eventfd};

/// Shared by the threads that carry a program's bytes and by whoever asks the user at the real terminal.
#[derive(Clone, Debug, Default)]
pub struct TerminalGate(Arc<Inner>);

#[derive(Debug, Default)]
struct Inner {
    state: Mutex<State>,
    changed: Condvar,
}

#[derive(Debug, Default)]
struct State {
    holds: usize,
    passing: usize,
    /// How many questions there were.
    questions: u64,
    ended: bool,
    /// Others go on, whose words are not shown.
    others_go_on: bool,
    /// Written to when a hold ends.
    bell: Option<Arc<OwnedFd>>,
}

/// While this lives, nothing of the program reaches the terminal, and nothing typed reaches the program: what it writes
/// waits, and so does the program once the buffers on the way are full.
#[derive(Debug)]
pub struct Held(TerminalGate);

/// While this lives, bytes may be moved; short, and without waiting for anybody.
pub(crate) struct Passing<'g>(&'g TerminalGate);

impl TerminalGate {
    /// Takes the terminal from the program, for a question. Returns once no byte is on its way any more; `None` once the program
    /// has ended: what it left is being shown, and there is nobody to ask for.
    pub fn hold(&self) -> Option<Held> {
        let held = self.pause()?;
        self.lock().questions += 1;
        Some(held)
    }

    /// The same without a question: the terminal stays as it is.
    pub(crate) fn pause(&self) -> Option<Held> {
        let mut state = self.lock();
        state.holds += 1;
        while state.passing > 0 {
            state = self.0.changed.wait(state).unwrap_or_else(PoisonError::into_inner);
        }
        if state.ended {
            state.holds -= 1;
            return None;
        }
        Some(Held(self.clone()))
    }

    /// Waits until the terminal is the program's.
    pub(crate) fn pass(&self) -> Passing<'_> {
        let mut state = self.lock();
        while state.holds > 0 && !state.ended {
            state = self.0.changed.wait(state).unwrap_or_else(PoisonError::into_inner);
        }
        state.passing += 1;
        Passing(self)
    }

    /// An eventfd(2) that can be read once a hold has ended: for the one thread that waits for more than the gate.
    ///
    /// # Errors
    /// What eventfd(2) reports.
    pub(crate) fn bell(&self) -> io::Result<Arc<OwnedFd>> {
        let bell = Arc::new(eventfd(0, EventfdFlags::CLOEXEC | EventfdFlags::NONBLOCK)?);
        self.lock().bell = Some(Arc::clone(&bell));
        Ok(bell)
    }

    /// How many questions there were until now.
    pub(crate) fn questions(&self) -> u64 {
        self.lock().questions
    }

    /// Whether the terminal is not the program's at the moment.
    pub(crate) fn is_held(&self) -> bool {
        self.lock().holds > 0
    }

    /// The program has ended: what it wrote before is shown, whatever question is open.
    pub(crate) fn end(&self) {
        self.lock().ended = true;
        self.0.changed.notify_all();
    }

    /// The same where other processes, which don't end with it, have its terminal: nothing else would wake whoever shows.
    pub(crate) fn end_before_others(&self) {
        self.end();
        let mut state = self.lock();
        state.others_go_on = true;
        if let Some(bell) = &state.bell {
            let _ = rustix::io::write(bell, &1_u64.to_ne_bytes());
        }
    }

    pub(super) fn others_go_on(&self) -> bool {
        self.lock().others_go_on
    }

    /// Whether [`TerminalGate::end`] was called.
    pub(crate) fn has_ended(&self) -> bool {
        self.lock().ended
    }

    fn lock(&self) -> MutexGuard<'_, State> {
        self.0.state.lock().unwrap_or_else(PoisonError::into_inner)
    }
}

impl Held {
    /// Does something with the terminal unless the program has ended: then its modes are as they were before lowbox, or are just being
    /// made so.
    pub(super) fn unless_ended<T>(&self, action: impl FnOnce() -> T) -> Option<T> {
        let state = self.0.lock();
        (!state.ended).then(action)
    }
}

impl Drop for Held {
    fn drop(&mut self) {
        let mut state = self.0.lock();
        state.holds -= 1;
        if let Some(bell) = &state.bell {
            // Full is as good.
            let _ = rustix::io::write(bell, &1_u64.to_ne_bytes());
        }
        drop(state);
        self.0.0.changed.notify_all();
    }
}

impl Drop for Passing<'_> {
    fn drop(&mut self) {
        self.0.lock().passing -= 1;
        self.0.0.changed.notify_all();
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use std::sync::atomic::{AtomicBool, Ordering};
    use std::time::Duration;

    #[test]
    fn what_is_held_passes_only_afterwards_or_when_the_program_has_ended() {
        for ends in [false, true] {
            let gate = TerminalGate::default();
            let held = gate.hold().unwrap();
            let passed = Arc::new(AtomicBool::new(false));
            let (theirs, seen) = (gate.clone(), Arc::clone(&passed));
            let thread = std::thread::spawn(move || {
                let _passing = theirs.pass();
                seen.store(true, Ordering::SeqCst);
            });
            std::thread::sleep(Duration::from_millis(50));
            assert!(!passed.load(Ordering::SeqCst));
            if ends {
                gate.end();
            } else {
                drop(held);
            }
            thread.join().unwrap();
            assert_eq!(gate.hold().is_none(), ends);
        }
    }

    #[test]
    fn the_bell_rings_when_a_hold_ends_and_not_before() {
        let gate = TerminalGate::default();
        let bell = gate.bell().unwrap();
        let held = gate.hold().unwrap();
        let rings = || rustix::io::read(&*bell, &mut [0; 8]).is_ok();
        assert!(!rings());
        drop(held);
        assert!(rings());
        assert!(!rings());
    }

    #[test]
    fn a_hold_waits_for_what_is_on_its_way() {
        let gate = TerminalGate::default();
        let passing = gate.pass();
        let theirs = gate.clone();
        let thread = std::thread::spawn(move || drop(theirs.hold()));
        std::thread::sleep(Duration::from_millis(50));
        assert!(!thread.is_finished());
        drop(passing);
        thread.join().unwrap();
    }
}
