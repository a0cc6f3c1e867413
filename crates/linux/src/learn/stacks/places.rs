//! Places in programs from which calls were made, and the stacks that led there.

use std::collections::HashMap;
use std::sync::Arc;

use lowbox_profiler::Raw;
use lowbox_profiler::record::Stack;
use rustix::process::Pid;

use super::Registers;
use super::message::Mark;
use crate::sys;

/// The most bytes that all places take; beyond it they are forgotten.
const MAX_BYTES: usize = 32 << 20;
/// The most places of one stack pointer and program counter; beyond it the oldest is forgotten.
const MAX_ALIKE: usize = 32;

/// A place.
#[derive(Debug)]
pub(crate) struct Place {
    /// Its number, for [`lowbox_profiler::collect::Event::site`].
    pub(crate) site: u64,
    /// The stack.
    pub(crate) stack: Stack,
    /// What it is known by.
    pub(super) marks: Vec<Mark>,
    /// It is known in this thread only.
    pub(super) thread: Option<u32>,
}

/// The places, by program and registers. Two calls can be made at the same ones by different ways: a function beside another with
/// as large a frame, or Python's functions, which have no frames of machine code. So what a stack was read from is compared too.
#[derive(Debug, Default)]
pub(super) struct Places {
    known: HashMap<(Raw, Registers), Vec<Arc<Place>>>,
    bytes: usize,
}

impl Places {
    /// The place at which a thread waits, if it was there before, by the same way.
    pub(super) fn find(&self, thread: u32, exe: &Raw, registers: Registers) -> Option<Arc<Place>> {
        let known = self.known.get(&(exe.clone(), registers))?;
        let process = Pid::from_raw(thread as i32)?;
        let is_here = |place: &&Arc<Place>| {
            place.thread.is_none_or(|own| own == thread) && are_there(process, &place.marks)
        };
        known.iter().rev().find(is_here).cloned()
    }

    pub(super) fn add(&mut self, exe: &Raw, registers: Registers, place: Arc<Place>) {
        if self.bytes >= MAX_BYTES {
            self.known.clear();
            self.bytes = 0;
        }
        self.bytes += exe.len() + size_of::<Place>() + place.stack.size() + size_of_val(&place.marks[..]);
        let alike = self.known.entry((exe.clone(), registers)).or_default();
        if alike.len() >= MAX_ALIKE {
            alike.remove(0);
        }
        alike.push(place);
    }
}

fn are_there(process: Pid, marks: &[Mark]) -> bool {
    let (addresses, words): (Vec<u64>, Vec<u64>) = marks.iter().copied().unzip();
    addresses.is_empty() || sys::read_process_words(process, &addresses).is_some_and(|now| now == words)
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_place_is_known_as_long_as_what_led_there_is_the_same() {
        let own = std::process::id();
        let mut stack = [1_u64, 2, 3];
        let registers = Registers { sp: 1, pc: 2 };
        let exe = Raw::from(&b"/bin/a"[..]);
        let mut places = Places::default();
        let place = |thread, marks| Arc::new(Place { site: 7, stack: Stack::default(), marks, thread });
        let address = |at: usize| stack.as_ptr() as u64 + 8 * at as u64;
        places.add(&exe, registers, place(None, vec![(address(0), 1), (address(2), 3)]));
        assert!(places.find(own, &exe, registers).is_some_and(|place| place.site == 7));
        assert!(places.find(own, &Raw::from(&b"/bin/b"[..]), registers).is_none());
        assert!(places.find(own, &exe, Registers { sp: 1, pc: 3 }).is_none());
        stack[2] = 4;
        assert!(std::hint::black_box(&stack)[2] == 4 && places.find(own, &exe, registers).is_none());
        places.add(&exe, registers, place(Some(own + 1), vec![]));
        assert!(places.find(own, &exe, registers).is_none());
        places.add(&exe, registers, place(Some(own), vec![(8, 1)]));
        assert!(places.find(own, &exe, registers).is_none());
    }

    #[test]
    fn places_without_end_are_forgotten() {
        let mut places = Places::default();
        let exe = Raw::from(&b"/bin/a"[..]);
        let marks = vec![(8, 1); 512];
        for number in 0..3 * (MAX_BYTES / size_of_val(&marks[..])) as u64 {
            let place = Place { site: number, stack: Stack::default(), marks: marks.clone(), thread: None };
            places.add(&exe, Registers { sp: number / 100, pc: 0 }, Arc::new(place));
        }
        let kept = places.known.values().map(Vec::len).sum::<usize>();
        assert!(kept > 0 && kept * size_of_val(&marks[..]) <= MAX_BYTES);
        assert!(places.known.values().all(|alike| alike.len() <= MAX_ALIKE));
    }
}
