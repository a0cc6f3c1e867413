//! What CPython runs in a thread: its functions, read from its memory. Versions 3.11 to 3.14.
//!
//! No crate does this within bounds: `py-spy` maps files that the program may cut off meanwhile, opens them by paths that it may
//! have put anything at, and brings a hundred crates.

mod layout;
mod lines;
mod text;

use lowbox_profiler::record::MAX_FRAMES;

use super::memory::Memory;
use layout::Layout;
use lines::line;
use text::{bytes, text};

/// Interpreters and threads that are looked at.
const MAX_THREADS: usize = 4096;
/// The longest name or path that is kept, in characters.
const MAX_TEXT: u64 = 4096;
/// The longest table of lines.
const MAX_TABLE: u64 = 1 << 20;

/// A function that runs.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct PythonFrame {
    /// The source file.
    pub file: Vec<u8>,
    /// The line.
    pub line: u32,
    /// Its qualified name.
    pub function: Vec<u8>,
}

/// The functions of a thread.
#[derive(Debug, Default, PartialEq, Eq)]
pub struct PythonStack {
    /// Those of each call of the interpreter's loop, the innermost first. Python calls Python within the loop; what is called by way of
    /// C begins another one.
    pub loops: Vec<Vec<PythonFrame>>,
    /// There are more further out.
    pub truncated: bool,
    /// Addresses and what is there, by which the stack is known again: frames, and which instruction of what code they are at.
    pub marks: Vec<(u64, u64)>,
}

/// An interpreter in a process.
#[derive(Clone, Debug)]
pub struct Python {
    runtime: u64,
    layout: Layout,
}

impl Python {
    /// By the addresses of `_PyRuntime` and `Py_Version`; `None` for versions that are not known.
    pub fn find(runtime: u64, version: u64, memory: &mut dyn Memory) -> Option<Python> {
        let layout = Layout::of(runtime, memory.word(version)?, memory)?;
        Some(Python { runtime, layout })
    }

    /// What the thread runs that the kernel calls `thread` in the innermost pid namespace. `None` if it runs no Python.
    pub fn stack(&self, thread: u64, memory: &mut dyn Memory) -> Option<PythonStack> {
        let state = self.thread(thread, memory)?;
        let mut stack = PythonStack::default();
        let mut entry = Vec::new();
        let mut count = 0;
        let mut frame = self.layout.innermost(state, memory, &mut stack.marks)?;
        // One more than is kept, so that it is seen that there are more. The interpreter's own marks are not counted.
        for _ in 0..2 * MAX_FRAMES {
            if frame == 0 || count > MAX_FRAMES {
                break;
            }
            let owner = memory.byte(frame.checked_add(self.layout.frame_owner)?)?;
            if owner >= layout::INTERPRETERS_OWN {
                stack.loops.push(std::mem::take(&mut entry));
            } else {
                match self.frame(frame, memory) {
                    Some(one) => entry.push(one),
                    None => stack.truncated = true,
                }
                count += 1;
                if self.layout.begins_loop(frame, memory) {
                    stack.loops.push(std::mem::take(&mut entry));
                }
            }
            let layout = &self.layout;
            for offset in [layout.frame_code, layout.frame_instruction, layout.frame_previous] {
                let address = frame.checked_add(offset)?;
                stack.marks.extend(memory.word(address).map(|word| (address, word)));
            }
            match memory.word(frame.checked_add(self.layout.frame_previous)?) {
                Some(previous) => frame = previous,
                None => {
                    stack.truncated = true;
                    break;
                }
            }
        }
        stack.truncated |= frame != 0;
        stack.loops.push(entry);
        stack.loops.retain(|one| !one.is_empty());
        Some(stack)
    }

    /// The thread's state. Where the interpreter has one only it is that, whatever it has noted: a child of fork(2) has another number
    /// than its parent.
    fn thread(&self, number: u64, memory: &mut dyn Memory) -> Option<u64> {
        let layout = &self.layout;
        let mut all = Vec::new();
        let mut interpreter = memory.word(self.runtime.checked_add(layout.interpreters)?)?;
        for _ in 0..MAX_THREADS {
            if interpreter == 0 {
                break;
            }
            let mut thread = memory.word(interpreter.checked_add(layout.threads)?)?;
            while thread != 0 && all.len() < MAX_THREADS {
                if memory.word(thread.checked_add(layout.thread_number)?)? == number {
                    return Some(thread);
                }
                all.push(thread);
                thread = memory.word(thread.checked_add(layout.next_thread)?)?;
            }
            interpreter = memory.word(interpreter.checked_add(layout.next_interpreter)?)?;
        }
        match all[..] {
            [only] => Some(only),
            _ => None,
        }
    }

    fn frame(&self, frame: u64, memory: &mut dyn Memory) -> Option<PythonFrame> {
        let layout = &self.layout;
        // The lowest bits of a reference are notes of the interpreter's.
        let code = memory.word(frame.checked_add(layout.frame_code)?)? & !7;
        let mut part = |offset: u64| memory.word(code.checked_add(offset)?);
        let (file, name, table) =
            (part(layout.code_file)?, part(layout.code_name)?, part(layout.code_lines)?);
        let first = memory.half(code.checked_add(layout.code_first_line)?)?;
        let at = memory.word(frame.checked_add(layout.frame_instruction)?)?;
        let start = code.checked_add(layout.code_instructions)?;
        let offset = at.checked_sub(start);
        let table = bytes(table, MAX_TABLE, memory).unwrap_or_default();
        Some(PythonFrame {
            file: text(file, MAX_TEXT, layout, memory)?,
            line: offset.and_then(|offset| line(&table, first, offset / 2)).unwrap_or(first),
            function: text(name, MAX_TEXT, layout, memory)?,
        })
    }
}
