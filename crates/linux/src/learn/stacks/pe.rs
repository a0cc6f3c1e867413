//! A PE image, as a program has it in memory: how to find callers in it, and what its functions are called.
//!
//! Wine maps such a file or copies it, section by section, so nothing of it is read but memory. The formats are Microsoft's
//! (learn.microsoft.com: *PE Format*, *x64 exception handling*).

use pe_unwind_info::x86_64::{Register, UnwindInfo, UnwindInfoFlags, UnwindState, XmmRegister};

use std::ops::ControlFlow;

use super::elf::{u16_at, u32_at};
use super::memory::Memory;
use super::symbols::MAX_NAME;
use crate::wine::told::WAS;

/// Its headers are in the first page, as linkers write them.
const HEADERS: usize = 4096;
const MACHINE_X64: u16 = 0x8664;
/// IMAGE_FILE_DLL.
const IS_LIBRARY: u16 = 0x2000;
/// Of the optional header of 64-bit images.
const MAGIC: u16 = 0x20b;
/// Places of the directories of exports and of unwind information in it.
const EXPORTS: usize = 112;
const FUNCTIONS: usize = 112 + 3 * 8;
/// Begin, end, and where to find how it is unwound.
const FUNCTION: u32 = 12;
/// The most exported names that are looked at.
const MAX_EXPORTS: u32 = 1 << 16;
/// So often one function's unwind information may go on in another's.
const MAX_CHAIN: usize = 32;

/// The image.
#[derive(Debug)]
pub struct Pe {
    base: u64,
    /// The functions that have unwind information: where their table is, and how many they are.
    functions: (u32, u32),
    /// Exported functions: where each is, and where its name is.
    exports: Vec<(u32, u32)>,
    /// It is a library and no program.
    pub(super) is_library: bool,
}

/// General registers, in the processor's counting; `None` for what is not known.
pub(super) type Registers = [Option<u64>; 16];

/// Number of the stack pointer in it.
pub(super) const STACK: usize = 4;

impl Pe {
    /// Reads the headers of what is loaded at `base`; `None` if it is no image of 64-bit Windows on x86.
    pub fn read(base: u64, memory: &mut dyn Memory) -> Option<Pe> {
        let mut headers = vec![0; HEADERS];
        memory.read(base, &mut headers)?;
        if !headers.starts_with(b"MZ") {
            return None;
        }
        let at = u32_at(&headers, 0x3c)? as usize;
        let coff = headers.get(at..)?.strip_prefix(b"PE\0\0")?;
        let optional = coff.get(20..)?;
        if u16_at(coff, 0)? != MACHINE_X64 || u16_at(optional, 0)? != MAGIC {
            return None;
        }
        let directory = |place: usize| Some((u32_at(optional, place)?, u32_at(optional, place + 4)?));
        let (functions, length) = directory(FUNCTIONS)?;
        let mut pe = Pe {
            base,
            functions: (functions, length / FUNCTION),
            exports: Vec::new(),
            is_library: u16_at(coff, 18)? & IS_LIBRARY != 0,
        };
        if let (exports @ 1.., 40..) = directory(EXPORTS)? {
            pe.exports = pe.read_exports(exports, memory).unwrap_or_default();
        }
        Some(pe)
    }

    fn bytes(&self, address: u32, length: usize, memory: &mut dyn Memory) -> Option<Vec<u8>> {
        let mut bytes = vec![0; length];
        memory.read(self.base.checked_add(u64::from(address))?, &mut bytes)?;
        Some(bytes)
    }

    fn read_exports(&self, directory: u32, memory: &mut dyn Memory) -> Option<Vec<(u32, u32)>> {
        let directory = self.bytes(directory, 40, memory)?;
        let field = |at: usize| u32_at(&directory, at);
        let (functions, names) = (field(20)?.min(MAX_EXPORTS), field(24)?.min(MAX_EXPORTS));
        let addresses = self.bytes(field(28)?, functions as usize * 4, memory)?;
        let name_table = self.bytes(field(32)?, names as usize * 4, memory)?;
        let numbers = self.bytes(field(36)?, names as usize * 2, memory)?;
        let export = |at: usize| {
            let number = usize::from(u16_at(&numbers, at * 2)?);
            Some((u32_at(&addresses, number * 4)?, u32_at(&name_table, at * 4)?))
        };
        let mut exports: Vec<(u32, u32)> = (0..names as usize).filter_map(export).collect();
        exports.sort_unstable();
        Some(exports)
    }

    /// Where in the image an address is.
    pub(super) fn offset(&self, address: u64) -> u64 {
        address.wrapping_sub(self.base)
    }

    /// The function at an offset: begin, end, and where its unwind information is.
    fn function(&self, offset: u32, memory: &mut dyn Memory) -> Option<[u32; 3]> {
        let (table, count) = self.functions;
        let mut entry = |number: u32| {
            let bytes =
                self.bytes(table.checked_add(number.checked_mul(FUNCTION)?)?, FUNCTION as usize, memory)?;
            Some([u32_at(&bytes, 0)?, u32_at(&bytes, 4)?, u32_at(&bytes, 8)?])
        };
        let (mut low, mut high) = (0, count);
        while low < high {
            let middle = low + (high - low) / 2;
            let found = entry(middle)?;
            if offset < found[0] {
                high = middle;
            } else if offset >= found[1] {
                low = middle + 1;
            } else {
                return Some(found);
            }
        }
        None
    }

    /// The exported function at an offset: none of its neighbours, as the nearest name of a function that has none would be.
    pub(super) fn name(&self, offset: u64, memory: &mut dyn Memory) -> Option<Vec<u8>> {
        let offset = u32::try_from(offset).ok()?;
        let [begin, ..] = self.function(offset, memory)?;
        let behind = self.exports.partition_point(|(address, _)| *address <= offset);
        let (address, name) = *self.exports.get(behind.checked_sub(1)?)?;
        if address < begin {
            return None;
        }
        let at = self.base.checked_add(u64::from(name))?;
        let mut text = Vec::new();
        while text.len() < MAX_NAME {
            match memory.byte(at + text.len() as u64)? {
                0 => break,
                byte => text.push(byte),
            }
        }
        // Where the add-on answers first, Wine's own function has another name, which nobody knows.
        Some(text.strip_prefix(WAS.as_bytes()).map(<[u8]>::to_vec).unwrap_or(text))
    }

    /// The caller's registers and where it goes on, and where on the stack that is said. `place` is in the function.
    pub(super) fn step(
        &self,
        place: u64,
        registers: Registers,
        memory: &mut dyn Memory,
    ) -> Option<(Registers, u64, u64)> {
        let offset = u32::try_from(self.offset(place)).ok()?;
        let mut state = State { registers, memory, is_known: true };
        let mut next = self.function(offset, state.memory);
        let mut is_first = true;
        for _ in 0..MAX_CHAIN {
            let Some([begin, _, unwind]) = next.take() else { break };
            let bytes = self.unwind_bytes(unwind, state.memory)?;
            let info = UnwindInfo::parse(&bytes)?;
            let done = offset.saturating_sub(begin);
            // What a prologue has not done yet needs not be undone. Epilogues are of no matter: nobody calls from one, but as its first
            // instruction.
            for (at, operation) in info.unwind_operations() {
                if is_first && u32::from(at) > done {
                    continue;
                }
                match info.resolve_operation(&mut state, &operation)? {
                    ControlFlow::Continue(()) => {}
                    // An interrupt's frame, which no program's stack has.
                    ControlFlow::Break(_) => return None,
                }
            }
            if !state.is_known {
                return None;
            }
            is_first = false;
            if info.flags().contains(UnwindInfoFlags::CHAININFO) {
                let entry = bytes.get(codes_end(&bytes)..)?;
                next = Some([u32_at(entry, 0)?, u32_at(entry, 4)?, u32_at(entry, 8)?]);
            }
        }
        let slot = state.registers[STACK]?;
        let pc = state.memory.word(slot)?;
        state.registers[STACK] = Some(slot.checked_add(8)?);
        Some((state.registers, pc, slot))
    }

    /// How long it is its header says.
    fn unwind_bytes(&self, address: u32, memory: &mut dyn Memory) -> Option<Vec<u8>> {
        let codes = codes_end(&self.bytes(address, 4, memory)?);
        // Behind them a handler, or the entry that it goes on with.
        let whole = self.bytes(address, codes + FUNCTION as usize, memory);
        whole.or_else(|| self.bytes(address, codes, memory))
    }
}

/// Where unwind codes end, which come in pairs, behind a header of four bytes.
fn codes_end(unwind: &[u8]) -> usize {
    4 + unwind.get(2).map_or(0, |count| usize::from(*count).next_multiple_of(2) * 2)
}

/// What is undone.
struct State<'a> {
    registers: Registers,
    memory: &'a mut dyn Memory,
    /// No register was needed that is not known.
    is_known: bool,
}

impl UnwindState for State<'_> {
    fn read_register(&mut self, register: Register) -> u64 {
        let value = self.registers[register as usize];
        self.is_known &= value.is_some();
        value.unwrap_or_default()
    }

    fn read_stack(&mut self, address: u64) -> Option<u64> {
        self.memory.word(address).filter(|_| self.is_known)
    }

    fn write_register(&mut self, register: Register, value: u64) {
        self.registers[register as usize] = Some(value);
    }

    fn write_xmm_register(&mut self, _: XmmRegister, _: u128) {}
}

#[cfg(test)]
#[path = "pe_tests.rs"]
mod tests;
