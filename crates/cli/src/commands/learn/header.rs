//! The header of a section of records.

use std::fs;
use std::os::unix::ffi::OsStrExt;
use std::path::PathBuf;
use std::time::{SystemTime, UNIX_EPOCH};

use lowbox_linux::learn::granted;
use lowbox_linux::prepare::{Prepared, Request};
use lowbox_policy::GrantRights;
use lowbox_profiler::Raw;
use lowbox_profiler::record::{Drive, Mode, Run, VERSION};

/// What a run is, for those who read its records.
pub fn header(mode: Mode, probes: bool, request: &Request, prepared: &Prepared) -> Run {
    let grant = |(path, rights): (PathBuf, GrantRights)| {
        Raw::from([path.as_os_str().as_bytes(), b":", rights.to_string().as_bytes()].concat())
    };
    let drive = |drive: &lowbox_linux::wine::Drive| Drive {
        letter: drive.letter,
        folder: Raw::from(drive.folder.as_path()),
    };
    let words = std::iter::once(&request.program).chain(&request.arguments);
    Run {
        version: VERSION,
        lowbox: env!("CARGO_PKG_VERSION").to_owned(),
        package: request.family_name.clone(),
        publisher_id: request.publisher_id.clone(),
        machine: Raw::from(fs::read_to_string("/proc/sys/kernel/hostname").unwrap_or_default().trim()),
        mode,
        started: SystemTime::now().duration_since(UNIX_EPOCH).unwrap_or_default().as_millis() as u64,
        command: words.map(|word| Raw::from(word.as_bytes())).collect(),
        capabilities: request.capabilities.clone(),
        grants: granted(request, prepared).into_iter().map(grant).collect(),
        less_privileged: request.less_privileged,
        probes,
        drives: prepared.spec.wine.iter().flat_map(|wine| &wine.drives).map(drive).collect(),
    }
}
