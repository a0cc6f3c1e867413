//! Where a thread is that waits in a system call.

use std::fs::File;
use std::io::Read;

/// What the kernel tells without stopping the thread: two registers of all.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Hash)]
pub(crate) struct Registers {
    /// The stack pointer.
    pub(crate) sp: u64,
    /// The program counter, behind the instruction that made the call.
    pub(crate) pc: u64,
}

impl Registers {
    /// Of a thread that waits; `None` when it does not, or may not be looked into.
    pub(crate) fn of(thread: u32) -> Option<Registers> {
        let mut text = [0; 256];
        let length = File::open(format!("/proc/{thread}/syscall")).ok()?.read(&mut text).ok()?;
        parse(&text[..length])
    }
}

/// The call's number, its six arguments, sp and pc. Who runs has the word *running* instead.
fn parse(text: &[u8]) -> Option<Registers> {
    let mut words = std::str::from_utf8(text).ok()?.split_ascii_whitespace().skip(7);
    let mut word = || u64::from_str_radix(words.next()?.strip_prefix("0x")?, 16).ok();
    let (sp, pc) = (word()?, word()?);
    Some(Registers { sp, pc })
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn who_waits_has_registers_and_who_runs_has_none() {
        let waits = b"257 0xffffff9c 0x7ffd 0x0 0x0 0x0 0x0 0x7ffe12345678 0x7f0123456789\n";
        assert_eq!(parse(waits), Some(Registers { sp: 0x7ffe_1234_5678, pc: 0x7f01_2345_6789 }));
        assert_eq!(parse(b"running\n"), None);
        assert_eq!(parse(b"-1 0x7ffe12345678 0x7f0123456789\n"), None);
    }
}
