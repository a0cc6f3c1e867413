//! Processes and stacks, by number.

use std::collections::{HashMap, VecDeque};

/// What is numbered and written once.
#[derive(Debug)]
pub(super) struct Table<T> {
    numbers: HashMap<T, u32>,
    next: u32,
    /// Not written yet.
    pending: VecDeque<(u32, T)>,
}

impl<T> Default for Table<T> {
    fn default() -> Table<T> {
        Table { numbers: HashMap::new(), next: 0, pending: VecDeque::new() }
    }
}

impl<T: Eq + std::hash::Hash + Clone> Table<T> {
    /// The number, and whether it is new.
    pub fn number(&mut self, one: T) -> (u32, bool) {
        if let Some(&number) = self.numbers.get(&one) {
            return (number, false);
        }
        let number = self.next;
        self.next += 1;
        self.pending.push_back((number, one.clone()));
        self.numbers.insert(one, number);
        (number, true)
    }

    /// Hands what is not written yet to `write`, in order, until it fails.
    pub fn write<E>(&mut self, mut write: impl FnMut(u32, &T) -> Result<(), E>) -> Result<(), E> {
        while let Some((number, one)) = self.pending.front() {
            write(*number, one)?;
            self.pending.pop_front();
        }
        Ok(())
    }

    /// Forgets what was written; numbers go on.
    pub fn forget(&mut self) {
        self.numbers.clear();
    }
}
