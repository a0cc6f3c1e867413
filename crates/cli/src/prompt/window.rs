//! Windows of lowbox's own on the user's display: a toolkit's helper is run for each. They end with lowbox.

use std::os::unix::fs::MetadataExt;
use std::path::{Path, PathBuf};
use std::process::Command;
use std::sync::atomic::{AtomicU64, Ordering};
use std::sync::{Mutex, PoisonError};
use std::time::{Duration, Instant};

use lowbox_linux::supervise::Helper;

/// Where systems keep programs. A helper is never searched in PATH, which may name a folder that somebody else writes.
const FOLDERS: [&str; 3] = ["/usr/bin", "/usr/local/bin", "/run/current-system/sw/bin"];

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
static SHOWN: Mutex<Vec<(u64, Helper)>> = Mutex::new(Vec::new());

/// Counts windows.
static NEXT: AtomicU64 = AtomicU64::new(0);

/// Closes all windows that are open: there is nobody to ask for any more.
pub fn close_all() {
    let shown = std::mem::take(&mut *SHOWN.lock().unwrap_or_else(PoisonError::into_inner));
    shown.into_iter().for_each(|(_, helper)| helper.end());
}

/// A helper that runs; it ends with this.
pub struct Window(u64);

/// A helper that has ended.
pub struct Closed {
    /// It ended well.
    pub success: bool,
    /// What it printed, cut.
    pub printed: Vec<u8>,
    /// For how long a person can have seen it.
    pub was_seen_for: Duration,
}

impl Window {
    /// Starts a helper.
    ///
    /// # Errors
    /// What starting a program reports.
    pub fn open(command: &mut Command) -> std::io::Result<Window> {
        let helper = Helper::start(command)?;
        let window = Window(NEXT.fetch_add(1, Ordering::Relaxed));
        SHOWN.lock().unwrap_or_else(PoisonError::into_inner).push((window.0, helper));
        Ok(window)
    }

    /// Waits for its end, and cuts what it printed after so many bytes; `None` if it has not ended at the deadline, or was closed.
    pub fn wait(self, deadline: Instant, most: u64) -> Option<Closed> {
        loop {
            if let Ok(Some(status)) = self.with(Helper::look)? {
                let was_seen_for = self.with(|helper| helper.was_seen_for())?;
                let printed = self.with(|helper| helper.printed(most))?;
                let success = status.success() && printed.is_ok();
                return Some(Closed { success, printed: printed.unwrap_or_default(), was_seen_for });
            }
            let left = deadline.saturating_duration_since(Instant::now());
            if left.is_zero() {
                return None;
            }
            std::thread::sleep(left.min(Duration::from_millis(20)));
        }
    }

    fn with<T>(&self, action: impl FnOnce(&mut Helper) -> T) -> Option<T> {
        let mut shown = SHOWN.lock().unwrap_or_else(PoisonError::into_inner);
        shown.iter_mut().find(|(number, _)| *number == self.0).map(|(_, helper)| action(helper))
    }
}

impl Drop for Window {
    fn drop(&mut self) {
        let mut shown = SHOWN.lock().unwrap_or_else(PoisonError::into_inner);
        if let Some(at) = shown.iter().position(|(number, _)| *number == self.0) {
            let (_, helper) = shown.swap_remove(at);
            helper.end();
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
        let shell = |script: &str| Window::open(Command::new("/bin/sh").args(["-c", script])).unwrap();
        let soon = Instant::now() + Duration::from_secs(20);
        let ended =
            |window: Window, until| window.wait(until, 6).map(|closed| (closed.success, closed.printed));
        let (one, other) = (shell("sleep 30"), shell("echo chosen; echo more"));
        assert_eq!(ended(other, soon), Some((true, b"chosen".to_vec())));
        assert_eq!(ended(shell("exit 1"), soon), Some((false, Vec::new())));
        assert_eq!(ended(one, Instant::now()), None);
        assert!(SHOWN.lock().unwrap().is_empty());
    }
}
