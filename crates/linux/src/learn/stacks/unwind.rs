//! From a function to its caller, by the unwind information that exceptions need (.eh_frame).
//!
//! At first only stack pointer and program counter are known, and no other register: asking for the rest would take ptrace(2), which
//! disturbs the call that waits. Compilers note where a function saved a register, so most become known further out. Where a function
//! finds its frame by a register that is not known yet, the frame is looked for on the stack; what can't be found so ends the stack.

use std::rc::Rc;

use gimli::{
    BaseAddresses, CfaRule, EhFrame, EhFrameHdr, Encoding, EndianSlice, EvaluationResult, Expression,
    Location, NativeEndian, Pointer, RegisterRule, UnwindContext, UnwindSection, Value,
};

use lowbox_profiler::record::MAX_FRAMES;

use super::elf::Placed;
use super::image::Image;
use super::memory::Memory;
use super::pe::{self, Pe};

type Bytes<'a> = EndianSlice<'a, NativeEndian>;

/// Numbers of registers in DWARF's counting.
#[cfg(target_arch = "x86_64")]
mod number {
    pub(super) const SP: usize = 7;
    pub(super) const FP: usize = 6;
    pub(super) const COUNT: usize = 17;
    /// Those that a function gives back as they were: rbx, rbp, r12 to r15.
    pub(super) const KEPT: [usize; 6] = [3, 6, 12, 13, 14, 15];
}
#[cfg(not(target_arch = "x86_64"))]
mod number {
    pub(super) const SP: usize = 31;
    pub(super) const FP: usize = 29;
    pub(super) const COUNT: usize = 33;
    /// x19 to x29, and the link register as long as the function calls nothing.
    pub(super) const KEPT: [usize; 12] = [19, 20, 21, 22, 23, 24, 25, 26, 27, 28, 29, 30];
}
use number::{COUNT, FP, KEPT, SP};

/// Instructions of one expression that are carried out.
const MAX_STEPS: u32 = 1000;

/// How far up the stack a frame is looked for.
#[cfg(target_arch = "x86_64")]
const MAX_SEARCH: u64 = 64 << 10;

/// Registers of a frame, as far as they are known.
#[derive(Clone, Debug)]
pub struct Frame {
    /// The program counter.
    pub pc: u64,
    /// The address behind a call; else one at which the thread itself is.
    pub(super) is_return: bool,
    /// Where `pc` is on the stack, for one that was found there.
    pub(super) slot: Option<u64>,
    registers: [Option<u64>; COUNT],
}

impl Frame {
    /// Of a thread that is there.
    pub fn innermost(pc: u64, sp: u64) -> Frame {
        let mut registers = [None; COUNT];
        registers[SP] = Some(sp);
        Frame { pc, is_return: false, slot: None, registers }
    }

    /// An address in the instruction that is meant.
    pub fn place(&self) -> u64 {
        self.pc.wrapping_sub(u64::from(self.is_return))
    }
}

/// What is loaded where an address is.
#[derive(Clone, Debug)]
pub enum Code {
    /// An ELF image, and how far from its own addresses it is loaded.
    Elf(Rc<Image>, u64),
    /// A PE image.
    Pe(Rc<Pe>),
}

/// What is further out.
#[expect(
    clippy::large_enum_variant,
    reason = "it lives for one step, and a box would cost more than it saves"
)]
#[derive(Clone, Debug)]
enum Outer {
    /// The caller.
    Caller(Frame),
    /// Nobody: the thread begins here.
    Nobody,
    /// It can't be found.
    Unknown,
}

/// The unwind information of a module.
#[derive(Debug)]
pub(super) struct Rules {
    /// Empty where there is none: then it is searched from its start.
    header: Placed,
    frames: Placed,
}

/// What is needed for each step, and costs more to make than a step does.
#[derive(Debug, Default)]
pub struct Unwinder {
    context: UnwindContext<usize>,
}

impl Unwinder {
    /// The frames from `start` outwards, and whether there are more. `code` says what is loaded at an address; `is_code` whether any is.
    pub fn walk(
        &mut self,
        start: Frame,
        mut code: impl FnMut(u64, &mut dyn Memory) -> Option<Code>,
        is_code: &dyn Fn(u64) -> bool,
        memory: &mut dyn Memory,
    ) -> (Vec<Frame>, bool) {
        let mut frame = start;
        let mut all = Vec::new();
        loop {
            let code = code(frame.place(), memory);
            let mut walk = Walk { memory, is_code };
            let outer = match &code {
                Some(Code::Pe(pe)) => outer_of_pe(pe, &frame, &mut walk).unwrap_or(Outer::Unknown),
                Some(Code::Elf(image, bias)) => match &image.rules {
                    Some(rules) => {
                        rules.step(&frame, *bias, &mut walk, &mut self.context).unwrap_or(Outer::Unknown)
                    }
                    None => outer_by_frame_pointer(&frame, &mut walk),
                },
                None => outer_by_frame_pointer(&frame, &mut walk),
            };
            all.push(frame);
            frame = match outer {
                Outer::Nobody => return (all, false),
                Outer::Caller(outer) if all.len() <= MAX_FRAMES => outer,
                Outer::Caller(_) | Outer::Unknown => return (all, true),
            };
        }
    }
}

/// What a walk over a stack needs beside registers.
struct Walk<'a> {
    memory: &'a mut dyn Memory,
    /// Whether there is code.
    is_code: &'a dyn Fn(u64) -> bool,
}

impl Rules {
    pub(super) fn new(header: Placed, frames: Placed) -> Rules {
        // Linkers write the table's length in 32 bits; other lengths can be as large as to overflow where gimli reckons with them.
        let is_usual = header.bytes.get(2).is_some_and(|encoding| *encoding == gimli::DW_EH_PE_udata4.0);
        Rules { header: if is_usual { header } else { Placed::default() }, frames }
    }

    /// Where the header says that the rest is.
    pub(super) fn frames_of(header: &Placed) -> Option<u64> {
        let bases = BaseAddresses::default().set_eh_frame_hdr(header.address);
        let parsed = EhFrameHdr::new(&header.bytes, NativeEndian).parse(&bases, 8).ok()?;
        match parsed.eh_frame_ptr() {
            Pointer::Direct(address) => Some(address),
            Pointer::Indirect(_) => None,
        }
    }

    pub(super) fn size(&self) -> usize {
        self.header.bytes.len() + self.frames.bytes.len()
    }

    fn step(
        &self,
        frame: &Frame,
        bias: u64,
        walk: &mut Walk<'_>,
        context: &mut UnwindContext<usize>,
    ) -> Option<Outer> {
        let place = frame.place().wrapping_sub(bias);
        let bases =
            BaseAddresses::default().set_eh_frame_hdr(self.header.address).set_eh_frame(self.frames.address);
        let mut section = EhFrame::new(&self.frames.bytes, NativeEndian);
        section.set_address_size(8);
        let header = EhFrameHdr::new(&self.header.bytes, NativeEndian).parse(&bases, 8).ok();
        let table = header.as_ref().and_then(|header| header.table());
        let entry = match table {
            Some(table) => {
                // Of the nearest function; the table may name any address for it.
                let found = table.lookup(place, &bases).ok()?.direct().ok()?;
                let offset = usize::try_from(found.checked_sub(self.frames.address)?).ok()?;
                let entry = section.fde_from_offset(&bases, offset.into(), EhFrame::cie_from_offset);
                entry.and_then(|entry| {
                    let holds = entry.contains(place);
                    if holds { Ok(entry) } else { Err(gimli::Error::NoUnwindInfoForAddress) }
                })
            }
            None => section.fde_for_address(&bases, place, EhFrame::cie_from_offset),
        };
        // Machine code that was made by other means, as parts of a JIT compiler's run time.
        let Ok(entry) = entry else { return Some(outer_by_frame_pointer(frame, walk)) };
        let row = entry.unwind_info_for_address(&section, &bases, context, place).ok()?;
        let encoding = entry.cie().encoding();
        let return_register = entry.cie().return_address_register();
        let evaluate = |expression: Expression<Bytes<'_>>, start: Option<u64>, walk: &mut Walk<'_>| {
            evaluate(expression, encoding, start, frame, walk.memory)
        };

        let base = match row.cfa() {
            CfaRule::RegisterAndOffset { register, offset } => {
                let number = usize::from(register.0);
                let known = match frame.registers.get(number)? {
                    Some(known) => *known,
                    None if number == FP && *offset == 16 => {
                        let start = entry.initial_address().wrapping_add(bias);
                        frame_pointer(start, frame.registers[SP]?, walk)?
                    }
                    None => return None,
                };
                known.checked_add_signed(*offset)?
            }
            CfaRule::Expression(expression) => evaluate(expression.get(&section).ok()?, None, walk)?,
        };
        let mut registers = [None; COUNT];
        for kept in KEPT {
            registers[kept] = frame.registers[kept];
        }
        let (mut return_address, mut slot) = (None, None);
        let mut is_end = row.register(return_register).is_none() && cfg!(target_arch = "x86_64");
        for (register, rule) in row.registers() {
            let value = match rule {
                RegisterRule::Undefined => {
                    is_end |= *register == return_register;
                    None
                }
                RegisterRule::SameValue => frame.registers.get(usize::from(register.0)).copied().flatten(),
                RegisterRule::Offset(offset) => walk.memory.word(base.checked_add_signed(*offset)?),
                RegisterRule::ValOffset(offset) => base.checked_add_signed(*offset),
                RegisterRule::Register(other) => frame.registers.get(usize::from(other.0)).copied().flatten(),
                RegisterRule::Expression(expression) => {
                    let address = evaluate(expression.get(&section).ok()?, Some(base), walk);
                    address.and_then(|address| walk.memory.word(address))
                }
                RegisterRule::ValExpression(expression) => {
                    evaluate(expression.get(&section).ok()?, Some(base), walk)
                }
                _ => None,
            };
            if *register == return_register {
                return_address = value;
                if let RegisterRule::Offset(offset) = rule {
                    slot = base.checked_add_signed(*offset);
                }
            }
            if let Some(register) = registers.get_mut(usize::from(register.0)) {
                *register = value;
            }
        }
        if is_end {
            return Some(Outer::Nobody);
        }
        // Where it is not saved it is still in its register.
        let link = frame.registers.get(usize::from(return_register.0)).copied().flatten();
        let pc = match return_address.or(link)? & ADDRESS {
            0 => return Some(Outer::Nobody),
            pc => pc,
        };
        let signal = entry.is_signal_trampoline();
        if !signal {
            // The caller's frame is further out, or this is no call stack; but for what finds its caller's stack by an expression, as Wine
            // does where a program enters the Unix side of a system call, which has a stack of its own.
            let sp = frame.registers[SP]?;
            let is_elsewhere = frame.is_return && matches!(row.cfa(), CfaRule::Expression(_));
            if !is_elsewhere && (base < sp || (base == sp && frame.is_return)) {
                return None;
            }
            registers[SP] = Some(base);
        } else if registers[SP].is_none() {
            registers[SP] = Some(base);
        }
        (walk.is_code)(pc).then_some(Outer::Caller(Frame { pc, is_return: !signal, slot, registers }))
    }
}

/// The caller of a function of a PE image.
#[cfg(target_arch = "x86_64")]
fn outer_of_pe(pe: &Pe, frame: &Frame, walk: &mut Walk<'_>) -> Option<Outer> {
    /// DWARF's numbers of registers in the order of the processor's.
    const NUMBERS: [usize; 16] = [0, 2, 1, 3, 7, 6, 4, 5, 8, 9, 10, 11, 12, 13, 14, 15];
    /// What a function gives back as it was: rbx, rsp, rbp, rsi, rdi, r12 to r15.
    const KEPT: [usize; 9] = [3, 4, 5, 6, 7, 12, 13, 14, 15];
    let mut registers: pe::Registers = [None; 16];
    for kept in KEPT {
        registers[kept] = frame.registers[NUMBERS[kept]];
    }
    let sp = frame.registers[SP]?;
    let (registers, pc, slot) = pe.step(frame.place(), registers, walk.memory)?;
    if pc == 0 {
        return Some(Outer::Nobody);
    }
    let mut outer = [None; COUNT];
    for (at, value) in registers.into_iter().enumerate() {
        outer[NUMBERS[at]] = value;
    }
    let is_outer = outer[SP].is_some_and(|outer| outer > sp) && (walk.is_code)(pc);
    is_outer.then_some(Outer::Caller(Frame { pc, is_return: true, slot: Some(slot), registers: outer }))
}

#[cfg(not(target_arch = "x86_64"))]
fn outer_of_pe(_pe: &Pe, _frame: &Frame, _walk: &mut Walk<'_>) -> Option<Outer> {
    None
}

/// What pointers to code may have above this is a signature of theirs.
#[cfg(target_arch = "x86_64")]
const ADDRESS: u64 = u64::MAX;
#[cfg(not(target_arch = "x86_64"))]
const ADDRESS: u64 = (1 << 48) - 1;

fn evaluate(
    expression: Expression<Bytes<'_>>,
    encoding: Encoding,
    start: Option<u64>,
    frame: &Frame,
    memory: &mut dyn Memory,
) -> Option<u64> {
    let mut evaluation = expression.evaluation(encoding);
    evaluation.set_max_iterations(MAX_STEPS);
    if let Some(start) = start {
        evaluation.set_initial_value(start);
    }
    let mut state = evaluation.evaluate().ok()?;
    for _ in 0..MAX_STEPS {
        state = match state {
            EvaluationResult::Complete => {
                return match evaluation.result().last()?.location {
                    Location::Address { address } => Some(address),
                    _ => None,
                };
            }
            EvaluationResult::RequiresRegister { register, .. } => {
                let known = frame.registers.get(usize::from(register.0)).copied().flatten()?;
                evaluation.resume_with_register(Value::Generic(known)).ok()?
            }
            EvaluationResult::RequiresMemory { address, size: 8, space: None, .. } => {
                evaluation.resume_with_memory(Value::Generic(memory.word(address)?)).ok()?
            }
            _ => return None,
        };
    }
    None
}

/// The frame pointer of a function that has one, where it is not known: the function pushed its caller's first, so its own frame
/// begins below a return address. That is one that follows a direct call of this very function; others may be left over from calls
/// that have returned.
#[cfg(target_arch = "x86_64")]
fn frame_pointer(start: u64, sp: u64, walk: &mut Walk<'_>) -> Option<u64> {
    const CALL: u8 = 0xe8;
    let slots = (sp..sp.checked_add(MAX_SEARCH)?).step_by(8);
    for slot in slots {
        let return_address = walk.memory.word(slot.checked_add(8)?)?;
        let Some(call) = return_address.checked_sub(5).filter(|call| (walk.is_code)(*call)) else { continue };
        let mut instruction = [0; 5];
        if walk.memory.read(call, &mut instruction).is_none() || instruction[0] != CALL {
            continue;
        }
        let distance = i32::from_le_bytes(instruction[1..].try_into().ok()?);
        if return_address.wrapping_add_signed(i64::from(distance)) == start {
            return Some(slot);
        }
    }
    None
}

#[cfg(not(target_arch = "x86_64"))]
fn frame_pointer(_start: u64, _sp: u64, _walk: &mut Walk<'_>) -> Option<u64> {
    None
}

/// The caller of a frame of which no unwind information tells, as machine code that is made at run time: by its frame pointer.
fn outer_by_frame_pointer(frame: &Frame, walk: &mut Walk<'_>) -> Outer {
    let find = |walk: &mut Walk<'_>| {
        let (sp, fp) = (frame.registers[SP]?, frame.registers[FP]?);
        // A function that is being entered or left has not set it: only who called has.
        if !frame.is_return || fp < sp {
            return None;
        }
        let mut registers = [None; COUNT];
        registers[FP] = Some(walk.memory.word(fp)?);
        registers[SP] = Some(fp.checked_add(16)?);
        let slot = fp.checked_add(8)?;
        let pc = walk.memory.word(slot)? & ADDRESS;
        (walk.is_code)(pc).then_some(Frame { pc, is_return: true, slot: Some(slot), registers })
    };
    find(walk).map_or(Outer::Unknown, Outer::Caller)
}
