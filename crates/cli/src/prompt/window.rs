//! Windows of lowbox's own on the user's display: a toolkit's helper is run for each. They end with lowbox.

use std::io::Read;
use std::os::unix::fs::MetadataExt;
use std::path::{Path, PathBuf};
use std::process::{Child, Command};
use std::sync::atomic::{AtomicU64, Ordering};
use std::sync::{Mutex, PoisonError};
use std::time::{Duration, Instant};

/// Where systems keep programs. A helper is never searched in PATH, which may name a folder that somebody else writes.
const FOLDERS: [&str; 3] = ["/usr/bin", "/usr/local/bin", "/run/current-system/sw/bin"];

/// A yes that comes sooner was typed for the window that had the keyboard before, and nobody has read the question.
pub const TO_READ: Duration = Duration::from_secs(1);

/// Whether there is a display to show something on.
pub fn has_display() -> bool {
    let display = ["WAYLAND_DISPLAY", "DISPLAY"];
    display.iter().any(|name| std::env::var_os(name).is_some_and(|value| !value.is_empty()))
}

/// The helper of this name, if it is installed.
pub fn helper(name: &str) -> Option<PathBuf> {
    FOLDERS.iter().map(|folder| Path::new(folder).join(name)).find(|path| only_root_writes(path))
}

/// The helpers that run, where the end of lowbox finds them too.
static SHOWN: Mutex<Vec<(u64, Child)>> = Mutex::new(Vec::new());

/// Counts windows.
static NEXT: AtomicU64 = AtomicU64::new(0);

/// Closes all windows that are open: there is nobody to ask for any more.
pub fn close_all() {
    let shown = std::mem::take(&mut *SHOWN.lock().unwrap_or_else(PoisonError::into_inner));
    for (_, mut child) in shown {
        let _ = child.kill();
        let _ = child.wait();
    }
}

/// A helper that runs; it ends with this.
pub struct Window(u64);

impl Window {
    /// Starts a helper, whose standard output is a pipe.
    ///
    /// # Errors
    /// What starting a program reports.
    pub fn open(command: &mut Command) -> std::io::Result<Window> {
        let child = command.spawn()?;
        let window = Window(NEXT.fetch_add(1, Ordering::Relaxed));
        SHOWN.lock().unwrap_or_else(PoisonError::into_inner).push((window.0, child));
        Ok(window)
    }

    /// Whether it ended well, and what it printed, cut after so many bytes; `None` if it has not ended at the deadline, or was closed.
    pub fn wait(self, deadline: Instant, most: u64) -> Option<(bool, Vec<u8>)> {
        let success = loop {
            if let Ok(Some(status)) = self.with(Child::try_wait)? {
                break status.success();
            }
            let left = deadline.saturating_duration_since(Instant::now());
            if left.is_zero() {
                return None;
            }
            std::thread::sleep(left.min(Duration::from_millis(20)));
        };
        let mut printed = Vec::new();
        // It has ended, and what it prints fits into a pipe.
        let output = self.with(|child| child.stdout.take())??;
        let read = output.take(most).read_to_end(&mut printed);
        Some((success && read.is_ok(), printed))
    }

    fn with<T>(&self, action: impl FnOnce(&mut Child) -> T) -> Option<T> {
        let mut shown = SHOWN.lock().unwrap_or_else(PoisonError::into_inner);
        shown.iter_mut().find(|(number, _)| *number == self.0).map(|(_, child)| action(child))
    }
}

impl Drop for Window {
    fn drop(&mut self) {
        let mut shown = SHOWN.lock().unwrap_or_else(PoisonError::into_inner);
        if let Some(at) = shown.iter().position(|(number, _)| *number == self.0) {
            let (_, mut child) = shown.swap_remove(at);
            let _ = child.kill();
            let _ = child.wait();
        }
    }
}

/// Whether a program and every folder above it belong to root, and nobody else can change them.
fn only_root_writes(path: &Path) -> bool {
    let Ok(real) = std::fs::canonicalize(path) else { return false };
    let safe = |path: &Path| path.metadata().is_ok_and(|meta| meta.uid() == 0 && meta.mode() & 0o022 == 0);
    real.ancestors().all(safe) && real.is_file()
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_helper_that_others_can_write_is_none() {
        let folder = tempfile::tempdir().unwrap();
        let path = folder.path().join("zenity");
        std::fs::write(&path, "").unwrap();
        assert!(!only_root_writes(&path));
        assert!(only_root_writes(Path::new("/usr/bin/env")));
    }

    #[test]
    fn two_windows_are_told_apart_and_what_is_cut_off_is_not_waited_for() {
        let shell = |script: &str| {
            let mut command = Command::new("/bin/sh");
            Window::open(command.args(["-c", script]).stdout(std::process::Stdio::piped())).unwrap()
        };
        let soon = Instant::now() + Duration::from_secs(20);
        let (one, other) = (shell("sleep 30"), shell("echo chosen; echo more"));
        assert_eq!(other.wait(soon, 6), Some((true, b"chosen".to_vec())));
        assert_eq!(shell("exit 1").wait(soon, 6), Some((false, Vec::new())));
        assert_eq!(one.wait(Instant::now(), 6), None);
        assert!(SHOWN.lock().unwrap().is_empty());
    }
}
