//! Memory of the program, read within bounds.

use std::collections::HashMap;

use rustix::process::Pid;

use crate::sys;

const PAGE: usize = 4096;

/// The most pages that are read for one stack.
const MAX_PAGES: usize = 4096;

/// What can be read by address. The bytes are the program's.
pub trait Memory {
    /// Fills `into` from `address`; `None` where that can't be read as a whole.
    fn read(&mut self, address: u64, into: &mut [u8]) -> Option<()>;

    /// A number of 64 bits, as machines of this kind write it.
    fn word(&mut self, address: u64) -> Option<u64> {
        let mut bytes = [0; 8];
        self.read(address, &mut bytes)?;
        Some(u64::from_ne_bytes(bytes))
    }

    /// A number of 32 bits.
    fn half(&mut self, address: u64) -> Option<u32> {
        let mut bytes = [0; 4];
        self.read(address, &mut bytes)?;
        Some(u32::from_ne_bytes(bytes))
    }

    /// One byte.
    fn byte(&mut self, address: u64) -> Option<u8> {
        let mut bytes = [0];
        self.read(address, &mut bytes)?;
        Some(bytes[0])
    }
}

/// Memory of another process. Each page is read once, so a stack is of one moment as far as that can be had without stopping the
/// process.
#[derive(Debug)]
pub(super) struct Remote {
    process: Pid,
    pages: HashMap<u64, Option<Box<[u8; PAGE]>>>,
}

impl Remote {
    pub(super) fn new(process: Pid) -> Remote {
        Remote { process, pages: HashMap::new() }
    }

    fn page(&mut self, address: u64) -> Option<&[u8; PAGE]> {
        if self.pages.len() >= MAX_PAGES && !self.pages.contains_key(&address) {
            return None;
        }
        let process = self.process;
        let page = self.pages.entry(address).or_insert_with(|| {
            let mut page = Box::new([0; PAGE]);
            let read = sys::read_process_memory(process, address, &mut page[..]).ok()?;
            (read == PAGE).then_some(page)
        });
        page.as_deref()
    }
}

impl Memory for Remote {
    fn read(&mut self, address: u64, mut into: &mut [u8]) -> Option<()> {
        let mut at = address;
        while !into.is_empty() {
            let within = (at % PAGE as u64) as usize;
            let step = into.len().min(PAGE - within);
            let page = self.page(at - within as u64)?;
            into[..step].copy_from_slice(&page[within..within + step]);
            into = &mut into[step..];
            at = at.checked_add(step as u64)?;
        }
        Some(())
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn what_is_not_mapped_is_not_read_and_what_is_crosses_pages() {
        let own: Vec<u8> = (0..3 * PAGE).map(|at| at as u8).collect();
        let mut memory = Remote::new(rustix::process::getpid());
        let mut copy = vec![0; 2 * PAGE];
        memory.read(own.as_ptr() as u64 + 5, &mut copy).unwrap();
        assert_eq!(copy, own[5..5 + 2 * PAGE]);
        assert_eq!(memory.word(8), None);
        assert_eq!(memory.word(u64::MAX - 3), None);
    }
}
