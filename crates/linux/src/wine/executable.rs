//! Recognising a Windows program by the first bytes of its file, which are read once.

use std::io::{self, Read};
use std::path::Path;

use lowbox_msix::{Architecture, PROGRAM_HEAD, Subsystem, WindowsImage, windows_image};

use super::WineError;
use crate::host::open_regular;

/// The first bytes of a regular file.
pub(super) fn head(path: &Path, bytes: usize) -> io::Result<Vec<u8>> {
    let mut head = Vec::with_capacity(bytes);
    open_regular(path)?.take(bytes as u64).read_to_end(&mut head)?;
    Ok(head)
}

/// What user interface it has, if the file is a Windows program that Wine can run here. What can't be read is none: the launch says why it
/// can't be.
///
/// # Errors
/// [`WineError::NotRunnable`] for one that it can't run.
pub(super) fn windows_program(path: &Path) -> Result<Option<Subsystem>, WineError> {
    // Most programs are none, and one page is read of them.
    let Some(image) = head(path, PROGRAM_HEAD).ok().and_then(|head| windows_image(&head)) else {
        return Ok(None);
    };
    let why = match image {
        WindowsImage::Program(Architecture::X64, interface) => return Ok(Some(interface)),
        WindowsImage::Program(Architecture::X86, _) => {
            "a 32-bit Windows program, and lowbox runs 64-bit ones: 32-bit code needs calls (modify_ldt and those of the 32-bit ABI) that \
             its filter refuses. Use the program's 64-bit edition"
        }
        WindowsImage::Program(..) => {
            "a Windows program for another processor. Use the program's edition for x64"
        }
        WindowsImage::Library => "a Windows library (DLL) and no program",
        WindowsImage::Driver => "a Windows driver and no program",
        WindowsImage::Older => {
            "a program of DOS or of 16-bit Windows (it has no PE header), which Wine does not run here. Try an emulator such as dosbox"
        }
    };
    Err(WineError::NotRunnable { path: path.to_owned(), why })
}
