//! Xephyr: an X server whose screen is a window.

use std::ffi::{OsStr, OsString};
use std::path::PathBuf;

use lowbox_msix::Identity;

use super::outer::Outer;
use super::{Display, Nested};
use crate::host::canonical;
use crate::launch::{DescriptorKind, NamedDescriptor};
use crate::limits::Limits;
use crate::prepare::Request;

/// Its name.
const SERVER: &str = "Xephyr";
/// Where sd_listen_fds(3) has it find what listens.
pub(super) const LISTENS_AT: i32 = 3;

/// What it is started by. What listens is for the process of this number (sd_listen_fds(3)), which is known inside alone; execve keeps it.
const START: &str = r#"LISTEN_FDS=1 LISTEN_PID=$$ exec "$0" "$@" -auth "$XAUTHORITY""#;

/// No sockets but the one that it inherits; the first client's end is not its own; keys and pointer stay the user's (Xephyr would grab them
/// at Ctrl-Shift); the window can be made larger. It draws pointers itself, because it can't have them drawn by the RENDER extension, of
/// which untrusted clients are not told (and Xephyr would die of that). Its own number is one that nothing is reached by.
const OPTIONS: &str =
    ":1 -nolisten tcp -nolisten unix -nolisten local -noreset -no-host-grab -resizeable -sw-cursor -noxv";

/// What it is told of the user's keyboard, in the order of [`Outer::keyboard`].
const KEYBOARD: [&str; 5] = ["-xkb-rules", "-xkb-model", "-xkb-layout", "-xkb-variant", "-xkb-options"];

/// Extensions that a program has no use for in a display of its own, or that reach beyond it: shared memory with the server's container,
/// drivers, typing into others, the server's other clients. (SECURITY: whoever connects is the same program anyway.)
const WITHOUT: [&str; 13] = [
    "MIT-SHM",
    // By it a program makes its window as large as the user's whole screen; the user can do so all the same.
    "RANDR",
    "XTEST",
    "RECORD",
    "SECURITY",
    "GLX",
    "DPMS",
    "X-Resource",
    "MIT-SCREEN-SAVER",
    "DOUBLE-BUFFER",
    "XVideo",
    "XVideo-MotionCompensation",
    "COMPOSITE",
];

/// What it may use, whatever its program asks of it: it takes some 40 MB without pictures, the keyboard's compiler for a moment, and little
/// on its own /tmp.
const MEMORY: u64 = 1 << 30;
const PROCESSES: u64 = 16;
const TEMPORARY: u64 = 16 << 20;

/// The first Xephyr of PATH.
pub fn find(path: Option<&OsStr>) -> Option<PathBuf> {
    let folders = std::env::split_paths(path?).filter(|folder| folder.is_absolute());
    folders
        .map(|folder| folder.join(SERVER))
        .find_map(|file| canonical(&file).ok().filter(|file| file.is_file()))
}

/// What stands above the window. Family names are letters, digits and a few signs; what is not is left out all the same, because this is
/// what tells the user whose window it is.
pub(super) fn title(family_name: &str) -> String {
    let plain = |letter: &char| letter.is_ascii_alphanumeric() || matches!(letter, '.' | '-' | '_');
    format!("[lowbox] {}", family_name.chars().filter(plain).take(120).collect::<String>())
}

/// The container of a nested server for such a display.
pub(super) fn request(nested: &Nested, outer: &Outer) -> Request {
    let (width, height) = outer.screen;
    // Room for the user's own windows beside it.
    let part = |pixels: u16| (u32::from(pixels) * 3 / 4).max(320);
    let screen = format!("{}x{}", part(width), part(height));
    let mut arguments: Vec<OsString> = vec!["-c".into(), START.into(), nested.server.clone().into()];
    arguments.extend(OPTIONS.split_whitespace().map(OsString::from));
    arguments.extend(["-screen", &screen, "-title", &nested.title].map(OsString::from));
    let keyboard = KEYBOARD.into_iter().zip(&outer.keyboard).filter(|(_, word)| !word.is_empty());
    arguments.extend(keyboard.flat_map(|(option, word)| [option, word]).map(OsString::from));
    arguments.extend(WITHOUT.iter().flat_map(|name| ["-extension", name]).map(OsString::from));
    Request {
        family_name: Identity::unpackaged(format!("lowbox display of {}", nested.package).as_bytes())
            .family_name(),
        // One that a program took over leaves nothing behind, not even for the same package's next one.
        in_memory: true,
        program: "/bin/sh".into(),
        arguments,
        descriptors: vec![NamedDescriptor { number: LISTENS_AT, kind: DescriptorKind::Socket }],
        limits: Limits {
            memory: Some(MEMORY),
            processes: Some(PROCESSES),
            temporary_bytes: Some(TEMPORARY),
            ..Limits::default()
        },
        less_privileged: true,
        working_directory: Some("/".into()),
        display: Some(Display { authority: nested.authority.clone(), nested: None }),
        ..Request::default()
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_title_is_plain_and_says_whose_window_it_is() {
        assert_eq!(title("Contoso.App_8wekyb3d8bbwe"), "[lowbox] Contoso.App_8wekyb3d8bbwe");
        assert_eq!(title("a\n\u{202e}b\x1b]0;c"), "[lowbox] ab0c");
        assert!(title(&"x".repeat(1000)).len() < 200);
    }
}
