//! Record files, read and put together.

use std::path::{Path, PathBuf};

use lowbox_linux::learn::EXTENSION;
use lowbox_profiler::Raw;
use lowbox_profiler::record::{Reader, Records};

use super::files;
use crate::failure::Failure;
use crate::output;

/// Larger ones are not read because they lie in a folder.
const MAX_FOUND: u64 = 1 << 30;

/// Reads all of them. What could not be read is said on standard error.
///
/// # Errors
/// When one is no record file.
pub fn gather(traces: &[PathBuf]) -> Result<Records, Failure> {
    let mut reader = Reader::new();
    for path in traces {
        if path.is_dir() {
            folder(path, &mut reader)?;
            continue;
        }
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

/// A folder stands for the record files in it. A program may have put others there: those are left out, and it is said.
fn folder(path: &Path, reader: &mut Reader) -> Result<(), Failure> {
    let failed = |error: std::io::Error| files::failed(path, &error);
    let mut all = Vec::new();
    for entry in std::fs::read_dir(path).map_err(failed)? {
        let file = entry.map_err(failed)?.path();
        if file.extension().is_some_and(|extension| extension == EXTENSION) {
            all.push(file);
        }
    }
    all.sort();
    let mut read = 0;
    for file in all {
        let found = file.symlink_metadata().ok().filter(|meta| meta.is_file());
        let why = match (found.map(|meta| meta.len()), files::open(&file)) {
            (Some(MAX_FOUND..), _) => {
                Some("it has more than 1 GiB; name it itself if it is meant".to_owned())
            }
            (Some(_), Ok(open)) => reader.read(open).err().map(|error| error.to_string()),
            _ => Some("it is no regular file, or can't be read".to_owned()),
        };
        match why {
            Some(why) => output::say(&format!("{} is left out: {why}", output::path(&file))),
            None => read += 1,
        }
    }
    match read {
        0 => Err(files::failed(path, &"there is no record file in this folder (*.trace)")),
        _ => Ok(()),
    }
}

/// Whether a program is meant by a name: its file's name, or its path.
pub fn is_named(exe: &Raw, name: &Path) -> bool {
    exe.as_path() == name || exe.as_path().file_name().is_some_and(|file| file == name.as_os_str())
}
