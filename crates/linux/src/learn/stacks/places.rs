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
    pub(super) marks: Marks,
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
        let is_here =
            |place: &&Arc<Place>| place.thread.is_none_or(|own| own == thread) && place.marks.are_in(process);
        known.iter().rev().find(is_here).cloned()
    }

    pub(super) fn add(&mut self, exe: &Raw, registers: Registers, place: Arc<Place>) {
        if self.bytes >= MAX_BYTES {
            self.known.clear();
            self.bytes = 0;
        }
        self.bytes += exe.len() + size_of::<Place>() + place.stack.size() + place.marks.size();
        let alike = self.known.entry((exe.clone(), registers)).or_default();
        if alike.len() >= MAX_ALIKE {
            alike.remove(0);
        }
        alike.push(place);
    }
}

/// Words of a program's memory, in the order of their addresses.
#[derive(Debug, Default)]
pub(super) struct Marks {
    /// Where in what is read each is, and what it is.
    words: Vec<(usize, u64)>,
    /// What is read: an address and a length. Most marks are near others, and each part costs as much as some hundred words.
    parts: Vec<(u64, usize)>,
}

/// Marks that are no further apart are read together.
const NEAR: u64 = 1024;
const WORD: usize = size_of::<u64>();

impl Marks {
    pub(super) fn new(mut marks: Vec<Mark>) -> Marks {
        marks.sort_unstable();
        let mut all = Marks::default();
        let mut length = 0;
        for (address, word) in marks {
            let new = match all.parts.last_mut() {
                Some((start, held)) if address - *start < *held as u64 + NEAR => {
                    let grown = (address - *start) as usize + WORD;
                    length += grown.saturating_sub(*held);
                    *held = grown.max(*held);
                    None
                }
                _ => Some((address, WORD)),
            };
            length += new.map_or(0, |(_, held)| held);
            all.parts.extend(new);
            let (start, held) = all.parts[all.parts.len() - 1];
            all.words.push((length - held + (address - start) as usize, word));
        }
        all
    }

    fn length(&self) -> usize {
        self.parts.iter().map(|(_, length)| length).sum()
    }

    /// Whether the process has them still.
    fn are_in(&self, process: Pid) -> bool {
        let mut bytes = vec![0; self.length()];
        if !sys::read_process_parts(process, &self.parts, &mut bytes) {
            return self.parts.is_empty();
        }
        self.words.iter().all(|(at, word)| bytes[*at..*at + WORD] == word.to_ne_bytes())
    }

    fn size(&self) -> usize {
        size_of_val(&self.words[..]) + size_of_val(&self.parts[..])
    }
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
        let place = |thread, marks| {
            Arc::new(Place { site: 7, stack: Stack::default(), marks: Marks::new(marks), thread })
        };
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
        let marks: Vec<Mark> = (0..512).map(|at| (at * 4096, at)).collect();
        let size = Marks::new(marks.clone()).size();
        for number in 0..3 * (MAX_BYTES / size) as u64 {
            let marks = Marks::new(marks.clone());
            let place = Place { site: number, stack: Stack::default(), marks, thread: None };
            places.add(&exe, Registers { sp: number / 100, pc: 0 }, Arc::new(place));
        }
        let kept = places.known.values().map(Vec::len).sum::<usize>();
        assert!(kept > 0 && kept * size <= MAX_BYTES);
        assert!(places.known.values().all(|alike| alike.len() <= MAX_ALIKE));
    }

    #[test]
    fn marks_that_are_near_are_read_together() {
        let words: Vec<u64> = (0..2000).collect();
        let address = |at: usize| words.as_ptr() as u64 + 8 * at as u64;
        let mark = |at: usize| (address(at), at as u64);
        let own = rustix::process::getpid();
        // The same one twice, one that overlaps, some near, some far.
        let marks =
            Marks::new(vec![mark(1900), mark(3), mark(0), mark(3), mark(100), mark(1000), mark(1001)]);
        assert_eq!(marks.parts.len(), 3, "{marks:?}");
        assert!(marks.are_in(own));
        for wrong in [0, 100, 1001, 1900] {
            let mut marks: Vec<Mark> = [0, 3, 100, 1000, 1001, 1900].map(mark).into();
            marks.iter_mut().filter(|(at, _)| *at == address(wrong)).for_each(|(_, word)| *word += 1);
            assert!(!Marks::new(marks).are_in(own), "{wrong}");
        }
        assert!(!Marks::new(vec![mark(0), (8, 0)]).are_in(own));
        assert!(Marks::new(vec![(u64::MAX, 0), (u64::MAX - 3, 0)]).parts.len() == 1);
    }
}
