//! A step that failed in pid 1, before lowbox makes a message of it.

use std::io;
use std::path::PathBuf;

use super::control::Step;

/// A step that failed in pid 1.
#[derive(Debug)]
pub(crate) struct Failure {
    pub(crate) step: Step,
    pub(crate) path: PathBuf,
    pub(crate) errno: i32,
}

impl Failure {
    pub(crate) fn new(step: Step, path: impl Into<PathBuf>, error: impl Into<io::Error>) -> Failure {
        let errno = error.into().raw_os_error().unwrap_or(libc::EIO);
        Failure { step, path: path.into(), errno }
    }

    pub(crate) fn at<E: Into<io::Error>>(step: Step, path: impl Into<PathBuf>) -> impl FnOnce(E) -> Failure {
        move |error| Failure::new(step, path, error)
    }
}
