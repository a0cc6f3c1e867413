//! Threads whose stacks were read, and what is mapped in their processes.

use std::collections::{HashMap, VecDeque};
use std::fs::File;
use std::io::Read;
use std::rc::Rc;
use std::time::{Duration, Instant};

use super::space::Space;

/// The longest list of mappings that is looked at.
const MAX_MAPS: u64 = 2 << 20;
/// Address spaces that are kept.
const MAX_SPACES: usize = 16;
/// Threads that are kept.
const MAX_THREADS: usize = 256;
/// So long mappings are taken to be as they were, if nothing says otherwise: an address that was none of code then has them read again.
const LASTING: Duration = Duration::from_secs(1);

/// A thread.
#[derive(Clone, Debug)]
pub(super) struct Thread {
    identity: Identity,
    /// Its number in the innermost pid namespace that it is in: its own for itself.
    pub(super) own_number: Option<u64>,
    pub(super) space: Rc<Space>,
    read: Instant,
}

/// What changes when a thread's number is another's, and when the thread executes another program: when it was started, and where code
/// and stack begin, which the kernel chooses anew.
type Identity = [u64; 4];

/// The threads.
#[derive(Debug, Default)]
pub(super) struct Threads {
    threads: HashMap<u32, Thread>,
    spaces: VecDeque<Rc<Space>>,
}

impl Threads {
    /// What is known of a thread, and whether that was read just now.
    pub(super) fn of(&mut self, thread: u32) -> Option<(Thread, bool)> {
        let identity = identity(thread)?;
        let known = self.threads.get(&thread);
        if let Some(known) =
            known.filter(|known| known.identity == identity && known.read.elapsed() < LASTING)
        {
            return Some((known.clone(), false));
        }
        let own_number = own_number(thread);
        let new = Thread { identity, own_number, space: self.space(thread)?, read: Instant::now() };
        if self.threads.len() >= MAX_THREADS {
            self.threads.clear();
        }
        self.threads.insert(thread, new.clone());
        Some((new, true))
    }

    pub(super) fn forget(&mut self, thread: u32) {
        self.threads.remove(&thread);
    }

    fn space(&mut self, thread: u32) -> Option<Rc<Space>> {
        let mut text = Vec::with_capacity(16 << 10);
        let file = File::open(format!("/proc/{thread}/maps")).ok()?;
        file.take(MAX_MAPS).read_to_end(&mut text).ok()?;
        let known = self.spaces.iter().position(|space| space.text == text);
        let space = match known.and_then(|at| self.spaces.remove(at)) {
            Some(space) => space,
            None => Rc::new(Space::new(text)),
        };
        self.spaces.truncate(MAX_SPACES - 1);
        self.spaces.push_front(Rc::clone(&space));
        Some(space)
    }
}

fn identity(thread: u32) -> Option<Identity> {
    let mut text = [0; 1024];
    let length = File::open(format!("/proc/{thread}/task/{thread}/stat")).ok()?.read(&mut text).ok()?;
    // The second field is the program's name, in brackets, which may hold any; the third follows the last bracket.
    let end = text[..length].iter().rposition(|byte| *byte == b')')?;
    let fields: Vec<&str> =
        std::str::from_utf8(&text[end + 1..length]).ok()?.split_ascii_whitespace().collect();
    let field = |number: usize| fields.get(number - 3)?.parse::<u64>().ok();
    Some([field(22)?, field(26)?, field(27)?, field(28)?])
}

/// A thread's number in the innermost pid namespace that it is in.
pub(super) fn own_number(thread: u32) -> Option<u64> {
    let status = std::fs::read_to_string(format!("/proc/{thread}/status")).ok()?;
    let line = status.lines().find_map(|line| line.strip_prefix("NSpid:"))?;
    line.split_ascii_whitespace().next_back()?.parse().ok()
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_thread_is_read_once_until_it_is_forgotten() {
        let mut threads = Threads::default();
        let own = rustix::thread::gettid().as_raw_nonzero().get() as u32;
        let (first, fresh) = threads.of(own).unwrap();
        assert!(fresh && first.own_number == Some(u64::from(own)));
        assert!(first.space.is_code(a_thread_is_read_once_until_it_is_forgotten as *const () as u64));
        threads.forget(own);
        assert!(threads.of(own).unwrap().1);
        assert!(threads.of(u32::MAX >> 1).is_none());
    }
}
