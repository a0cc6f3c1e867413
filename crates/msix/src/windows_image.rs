//! What a Windows executable is, by its headers: a program that can be started, and of which machine, or why it is none.

use crate::Architecture;

/// What a file that begins as Windows executables do (`MZ`) is.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum WindowsImage {
    /// A program (PE).
    Program(Architecture, Subsystem),
    /// Code for other programs (a DLL).
    Library,
    /// A driver, which runs in no program.
    Driver,
    /// A program of DOS, or of Windows before it had processes of its own (NE, LE): no PE header is where it should be.
    Older,
}

/// What a program has of a user interface.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Subsystem {
    /// A terminal.
    Console,
    /// Windows.
    Windows,
}

/// Where the offset of the PE header stands.
const OFFSET: usize = 0x3c;
/// `IMAGE_FILE_EXECUTABLE_IMAGE` and `IMAGE_FILE_DLL` of the COFF header's characteristics.
const EXECUTABLE: u16 = 0x0002;
const DLL: u16 = 0x2000;
/// `IMAGE_SUBSYSTEM_NATIVE`.
const NATIVE: u16 = 1;
/// `IMAGE_SUBSYSTEM_WINDOWS_GUI`.
const GUI: u16 = 2;

/// What the file is that begins with `head`, of [`PROGRAM_HEAD`](crate::PROGRAM_HEAD) bytes if it has so many. `None`: nothing of Windows.
#[must_use]
pub fn windows_image(head: &[u8]) -> Option<WindowsImage> {
    head.starts_with(b"MZ").then(|| portable(head).unwrap_or(WindowsImage::Older))
}

/// The PE format: COFF header, then the optional header, in which the subsystem stands at the same place for 32 and 64 bits.
fn portable(head: &[u8]) -> Option<WindowsImage> {
    let header = header(head, 24 + 70)?;
    let word = |at: usize| u16::from_le_bytes([header[at], header[at + 1]]);
    let (characteristics, subsystem) = (word(22), word(24 + 68));
    if characteristics & DLL != 0 || characteristics & EXECUTABLE == 0 {
        return Some(WindowsImage::Library);
    }
    if subsystem == NATIVE {
        return Some(WindowsImage::Driver);
    }
    let interface = if subsystem == GUI { Subsystem::Windows } else { Subsystem::Console };
    Some(WindowsImage::Program(machine(head)?, interface))
}

/// So many bytes of the PE header.
fn header(head: &[u8], length: usize) -> Option<&[u8]> {
    let at = u32::from_le_bytes(head.get(OFFSET..OFFSET + 4)?.try_into().ok()?) as usize;
    head.get(at..at.checked_add(length)?).filter(|header| header.starts_with(b"PE\0\0"))
}

/// `Machine` of the COFF header (the PE format's list), of a program or a library.
pub(crate) fn machine(head: &[u8]) -> Option<Architecture> {
    let header = header(head, 6)?;
    Some(match u16::from_le_bytes([header[4], header[5]]) {
        0x014c => Architecture::X86,
        0x8664 => Architecture::X64,
        0x01c0 | 0x01c2 | 0x01c4 => Architecture::Arm,
        0xaa64 => Architecture::Arm64,
        _ => Architecture::Neutral,
    })
}

#[cfg(test)]
mod tests {
    use super::*;

    fn image(machine: u16, characteristics: u16, subsystem: u16) -> Vec<u8> {
        let mut head = vec![0; 256];
        head[..2].copy_from_slice(b"MZ");
        head[OFFSET] = 0x80;
        head[0x80..0x84].copy_from_slice(b"PE\0\0");
        head[0x84..0x86].copy_from_slice(&machine.to_le_bytes());
        head[0x96..0x98].copy_from_slice(&characteristics.to_le_bytes());
        head[0x80 + 92..0x80 + 94].copy_from_slice(&subsystem.to_le_bytes());
        head
    }

    #[test]
    fn programs_libraries_and_drivers_are_told_apart() {
        let of = |head: &[u8]| windows_image(head);
        assert_eq!(
            of(&image(0x8664, 0x22, 3)),
            Some(WindowsImage::Program(Architecture::X64, Subsystem::Console))
        );
        assert_eq!(
            of(&image(0x014c, 0x102, 2)),
            Some(WindowsImage::Program(Architecture::X86, Subsystem::Windows))
        );
        assert_eq!(
            of(&image(0xaa64, 0x22, 2)),
            Some(WindowsImage::Program(Architecture::Arm64, Subsystem::Windows))
        );
        assert_eq!(of(&image(0x8664, 0x2022, 2)), Some(WindowsImage::Library));
        assert_eq!(of(&image(0x8664, 0x20, 2)), Some(WindowsImage::Library), "an object file");
        assert_eq!(of(&image(0x8664, 0x22, 1)), Some(WindowsImage::Driver));
        assert_eq!(of(b"#!/bin/sh\n"), None);
    }

    #[test]
    fn what_is_cut_off_or_has_its_header_elsewhere_is_no_pe() {
        let whole = image(0x8664, 0x22, 3);
        assert_eq!(windows_image(&whole[..0xd0]), Some(WindowsImage::Older));
        assert_eq!(windows_image(b"MZ"), Some(WindowsImage::Older));
        let mut far = whole;
        far[OFFSET..OFFSET + 4].copy_from_slice(&[0xff; 4]);
        assert_eq!(windows_image(&far), Some(WindowsImage::Older));
    }
}
