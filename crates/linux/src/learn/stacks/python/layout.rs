//! Where CPython keeps what. From 3.13 on it publishes that itself (`_Py_DebugOffsets`, at the start of `_PyRuntime`, made for
//! profilers); in 3.11 and 3.12 it is the same in every release for 64-bit machines (Include/internal of those).

use crate::learn::stacks::memory::Memory;

/// Owners of a frame from this on are the interpreter itself: the frame only marks where its loop was entered
/// (`FRAME_OWNED_BY_CSTACK` in 3.12 and 3.13, `FRAME_OWNED_BY_INTERPRETER` in 3.14).
pub(super) const INTERPRETERS_OWN: u8 = 3;

/// Offsets.
#[derive(Clone, Debug)]
pub(super) struct Layout {
    /// In `_PyRuntime`: the first interpreter.
    pub(super) interpreters: u64,
    /// In an interpreter: the next one, the first thread.
    pub(super) next_interpreter: u64,
    pub(super) threads: u64,
    /// In a thread: the next one, its number.
    pub(super) next_thread: u64,
    pub(super) thread_number: u64,
    innermost: Innermost,
    /// In a frame.
    pub(super) frame_previous: u64,
    pub(super) frame_code: u64,
    pub(super) frame_instruction: u64,
    pub(super) frame_owner: u64,
    /// In a frame of 3.11: that it is the first of its loop.
    frame_is_entry: Option<u64>,
    /// In code.
    pub(super) code_file: u64,
    pub(super) code_name: u64,
    pub(super) code_lines: u64,
    pub(super) code_first_line: u64,
    pub(super) code_instructions: u64,
    /// In a string: how long it is, what it is, and where its characters begin if they are ASCII, and if not.
    pub(super) text_length: u64,
    pub(super) text_state: u64,
    pub(super) text_ascii: u64,
    pub(super) text_other: u64,
}

/// How a thread names its innermost frame.
#[derive(Clone, Copy, Debug)]
enum Innermost {
    At(u64),
    /// In what the first names, at the second.
    Within(u64, u64),
}

const PYTHON_3_11: Layout = Layout {
    interpreters: 40,
    next_interpreter: 0,
    threads: 16,
    next_thread: 8,
    thread_number: 160,
    innermost: Innermost::Within(56, 8),
    frame_previous: 48,
    frame_code: 32,
    frame_instruction: 56,
    frame_owner: 69,
    frame_is_entry: Some(68),
    code_file: 112,
    code_name: 128,
    code_lines: 136,
    code_first_line: 72,
    code_instructions: 184,
    text_length: 16,
    text_state: 32,
    text_ascii: 48,
    text_other: 72,
};

const PYTHON_3_12: Layout = Layout {
    interpreters: 40,
    next_interpreter: 0,
    threads: 72,
    next_thread: 8,
    thread_number: 144,
    innermost: Innermost::Within(56, 0),
    frame_previous: 8,
    frame_code: 0,
    frame_instruction: 56,
    frame_owner: 70,
    frame_is_entry: None,
    code_file: 112,
    code_name: 128,
    code_lines: 136,
    code_first_line: 68,
    code_instructions: 192,
    text_length: 16,
    text_state: 32,
    text_ascii: 40,
    text_other: 56,
};

/// Where `_Py_DebugOffsets` has them, in words of 64 bits.
struct Published {
    threads: usize,
    thread: usize,
    frame: usize,
    code: usize,
    text: usize,
}

const PUBLISHED_3_13: Published = Published { threads: 9, thread: 19, frame: 28, code: 34, text: 67 };
const PUBLISHED_3_14: Published = Published { threads: 9, thread: 22, frame: 31, code: 39, text: 77 };
const PUBLISHED_WORDS: usize = 81;

/// `_Py_Debug_Cookie`.
const COOKIE: &[u8; 8] = b"xdebugpy";

impl Layout {
    /// Of the version that `Py_Version` says.
    pub(super) fn of(runtime: u64, version: u64, memory: &mut dyn Memory) -> Option<Layout> {
        match version >> 16 {
            0x030b => Some(PYTHON_3_11),
            0x030c => Some(PYTHON_3_12),
            0x030d => published(runtime, version, &PUBLISHED_3_13, memory),
            0x030e => published(runtime, version, &PUBLISHED_3_14, memory),
            _ => None,
        }
    }

    /// The innermost frame of a thread; 0 if it runs none. What told so is added to `marks`.
    pub(super) fn innermost(
        &self,
        thread: u64,
        memory: &mut dyn Memory,
        marks: &mut Vec<(u64, u64)>,
    ) -> Option<u64> {
        let mut word = |address: Option<u64>| {
            let word = memory.word(address?)?;
            marks.push((address?, word));
            Some(word)
        };
        match self.innermost {
            Innermost::At(offset) => word(thread.checked_add(offset)),
            Innermost::Within(offset, within) => {
                let inner = word(thread.checked_add(offset))?;
                word(inner.checked_add(within))
            }
        }
    }

    /// Whether the loop was entered with this frame.
    pub(super) fn begins_loop(&self, frame: u64, memory: &mut dyn Memory) -> bool {
        let is_entry = self.frame_is_entry.and_then(|offset| memory.byte(frame.checked_add(offset)?));
        is_entry.is_some_and(|byte| byte != 0)
    }
}

/// Of structures of any size nothing lies further in than this.
const MAX_OFFSET: u64 = 1 << 20;

fn published(runtime: u64, version: u64, at: &Published, memory: &mut dyn Memory) -> Option<Layout> {
    let mut bytes = [0; PUBLISHED_WORDS * 8];
    memory.read(runtime, &mut bytes)?;
    let word = |number: usize| u64::from_ne_bytes(bytes[number * 8..][..8].try_into().expect("eight bytes"));
    // Without the global lock strings and code are laid out otherwise.
    let without_lock = word(2) != 0;
    if bytes[..8] != *COOKIE || word(1) != version || without_lock {
        return None;
    }
    let offset = |number: usize| Some(word(number)).filter(|offset| *offset <= MAX_OFFSET);
    let text_ascii = offset(at.text + 3)?;
    Some(Layout {
        interpreters: offset(5)?,
        next_interpreter: offset(at.threads - 1)?,
        threads: offset(at.threads)?,
        next_thread: offset(at.thread + 2)?,
        innermost: Innermost::At(offset(at.thread + 4)?),
        thread_number: offset(at.thread + 6)?,
        frame_previous: offset(at.frame + 1)?,
        frame_code: offset(at.frame + 2)?,
        frame_instruction: offset(at.frame + 3)?,
        frame_owner: offset(at.frame + 5)?,
        frame_is_entry: None,
        code_file: offset(at.code + 1)?,
        code_name: offset(at.code + 3)?,
        code_lines: offset(at.code + 4)?,
        code_first_line: offset(at.code + 5)?,
        code_instructions: offset(at.code + 9)?,
        text_state: offset(at.text + 1)?,
        text_length: offset(at.text + 2)?,
        text_ascii,
        // Behind the length and the address of a copy in UTF-8.
        text_other: text_ascii + 16,
    })
}
