//! What kind of program a file is, by its first bytes and its name.

use crate::Architecture;
use crate::windows_image::machine;

/// How many of a program's first bytes [`program_kind`] wants.
pub const HEAD: usize = 4096;

/// A kind of program.
#[derive(Clone, Debug, PartialEq, Eq)]
pub enum ProgramKind {
    /// A Linux program (ELF).
    Linux(Architecture),
    /// A Windows program (PE).
    Windows(Architecture),
    /// A script, with the interpreter's path and its arguments: from its first line, or by its name.
    Script(Vec<String>),
}

impl ProgramKind {
    /// What it runs on.
    #[must_use]
    pub fn architecture(&self) -> Architecture {
        match self {
            ProgramKind::Linux(architecture) | ProgramKind::Windows(architecture) => *architecture,
            ProgramKind::Script(_) => Architecture::Neutral,
        }
    }
}

/// Interpreters of scripts that say nothing of one, by the ends of their names.
const BY_NAME: [(&str, &str); 8] = [
    ("py", "python3"),
    ("js", "node"),
    ("mjs", "node"),
    ("cjs", "node"),
    ("sh", "sh"),
    ("pl", "perl"),
    ("rb", "ruby"),
    ("php", "php"),
];

/// The kind of the program that begins so and is called so; `None` if it is none that is known.
#[must_use]
pub fn program_kind(head: &[u8], name: &str) -> Option<ProgramKind> {
    if head.starts_with(b"\x7fELF") {
        return Some(ProgramKind::Linux(elf(head)));
    }
    if head.starts_with(b"MZ") {
        return machine(head).map(ProgramKind::Windows);
    }
    if let Some(line) = head.strip_prefix(b"#!") {
        let line = line.split(|byte| *byte == b'\n').next().unwrap_or_default();
        let words = std::str::from_utf8(line).ok()?.split_ascii_whitespace();
        // env splits the rest itself; here it is split already.
        let words: Vec<String> = words.filter(|word| *word != "-S").map(str::to_owned).collect();
        return (!words.is_empty()).then_some(ProgramKind::Script(words));
    }
    let (_, extension) = name.rsplit_once('.')?;
    let known = BY_NAME.iter().find(|(one, _)| one.eq_ignore_ascii_case(extension))?;
    Some(ProgramKind::Script(vec!["/usr/bin/env".to_owned(), known.1.to_owned()]))
}

/// `e_machine` (the System V ABI's list).
fn elf(head: &[u8]) -> Architecture {
    let Some(machine) = head.get(18..20).and_then(|bytes| bytes.try_into().ok()) else {
        return Architecture::Neutral;
    };
    let machine =
        if head.get(5) == Some(&2) { u16::from_be_bytes(machine) } else { u16::from_le_bytes(machine) };
    match machine {
        3 => Architecture::X86,
        62 => Architecture::X64,
        40 => Architecture::Arm,
        183 => Architecture::Arm64,
        _ => Architecture::Neutral,
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn programs_are_known_by_their_headers_and_scripts_by_their_first_line_or_name() {
        let mut elf = vec![0; 64];
        elf[..6].copy_from_slice(b"\x7fELF\x02\x01");
        elf[18] = 62;
        assert_eq!(program_kind(&elf, "a"), Some(ProgramKind::Linux(Architecture::X64)));
        (elf[5], elf[18], elf[19]) = (2, 0, 183);
        assert_eq!(program_kind(&elf, "a"), Some(ProgramKind::Linux(Architecture::Arm64)));
        let mut pe = vec![0; 128];
        pe[..2].copy_from_slice(b"MZ");
        pe[0x3c] = 0x60;
        assert_eq!(program_kind(&pe, "a.exe"), None, "a DOS program");
        pe[0x60..0x66].copy_from_slice(b"PE\0\0\x64\x86");
        assert_eq!(program_kind(&pe, "a.exe"), Some(ProgramKind::Windows(Architecture::X64)));
        pe[0x3c..0x40].copy_from_slice(&[0xff; 4]);
        assert_eq!(program_kind(&pe, "a.exe"), None, "its header lies nowhere");
        let script = |text: &str, name: &str| match program_kind(text.as_bytes(), name) {
            Some(ProgramKind::Script(words)) => words.join(" "),
            other => format!("{other:?}"),
        };
        assert_eq!(script("#!/usr/bin/env -S python3 -u\nx", "a"), "/usr/bin/env python3 -u");
        assert_eq!(script("#! /bin/sh\n", "a.py"), "/bin/sh");
        assert_eq!(script("print(1)", "a.PY"), "/usr/bin/env python3");
        assert_eq!(script("#!\n", "a.py"), "None");
        assert_eq!(script("text", "a.txt"), "None");
    }
}
