//! How far a long work is: a bar on terminals, from its first second on.

use std::io::{IsTerminal, stderr};
use std::sync::mpsc::{Receiver, RecvTimeoutError, channel};
use std::time::Duration;

use indicatif::{ProgressBar, ProgressStyle};
use lowbox_linux::package::Progress;

/// What is done sooner needs no bar.
const PATIENCE: Duration = Duration::from_secs(1);
const STEP: Duration = Duration::from_millis(100);

/// Does the work, and shows how far it is.
pub fn shown<T>(what: &'static str, work: impl FnOnce(&Progress) -> T) -> T {
    let progress = Progress::new();
    if !stderr().is_terminal() {
        return work(&progress);
    }
    let (working, ended) = channel::<()>();
    std::thread::scope(|scope| {
        scope.spawn(|| show(what, &progress, ended));
        let result = work(&progress);
        drop(working);
        result
    })
}

/// The other end is closed when the work is done.
fn show(what: &'static str, progress: &Progress, ended: Receiver<()>) {
    let is_working = |time| ended.recv_timeout(time) == Err(RecvTimeoutError::Timeout);
    if !is_working(PATIENCE) {
        return;
    }
    let bar = ProgressBar::new(progress.total()).with_message(what);
    if let Ok(style) = ProgressStyle::with_template("{msg} {wide_bar} {bytes} of {total_bytes}, {eta}") {
        bar.set_style(style);
    }
    loop {
        bar.set_length(progress.total());
        bar.set_position(progress.done());
        if !is_working(STEP) {
            break;
        }
    }
    bar.finish_and_clear();
}
