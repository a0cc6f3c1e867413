//! Record files, read and put together.

use std::path::{Path, PathBuf};

use lowbox_profiler::Raw;
use lowbox_profiler::record::{Reader, Records};

use super::files;
use crate::failure::Failure;
use crate::output;

/// Reads all of them. What could not be read is said on standard error.
///
/// # Errors
/// When one is no record file.
pub fn gather(traces: &[PathBuf]) -> Result<Records, Failure> {
    let mut reader = Reader::new();
    for path in traces {
        let file = files::open(path)?;
        reader.read(file).map_err(|error| Failure::new(format!("{}: {error}", output::path(path))))?;
    }
    let records = reader.finish();
    if records.skipped_lines > 0 {
        output::say(&format!(
            "{} lines of the record files could not be read and were skipped (a crash tears the last one off)",
            records.skipped_lines
        ));
    }
    if records.left_out > 0 {
        output::say(&format!("{} accesses were left out: there are too many of them", records.left_out));
    }
    Ok(records)
}

/// Whether a program is meant by a name: its file's name, or its path.
pub fn is_named(exe: &Raw, name: &Path) -> bool {
    exe.as_path() == name || exe.as_path().file_name().is_some_and(|file| file == name.as_os_str())
}
