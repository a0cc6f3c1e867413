//! Changing and executing what was granted for reading.

use super::super::attack::{Attack, Judge, attack};
use super::super::live::Live;
use Judge::{After, Changes, Gained};

const RO: &[&str] = &["--grant", "{ro}:r"];
const FILE: &str = "{ro}/file.txt";

pub const ATTACKS: &[Attack] = &[
    attack("ro-open-for-writing", "ro_open.py", Changes("{ro}"), &[FILE]).lowbox(RO),
    attack("ro-mmap", "ro_mmap", Changes("{ro}"), &[FILE]).lowbox(RO),
    attack("ro-reopen-o-path", "ro_reopen", Changes("{ro}"), &[FILE, "opath"]).lowbox(RO),
    attack("ro-reopen-proc-self-fd", "ro_reopen", Changes("{ro}"), &[FILE, "read"]).lowbox(RO),
    attack("ro-truncate", "ro_truncate", Changes("{ro}"), &[FILE]).lowbox(RO),
    attack("ro-chmod", "ro_attributes.py", Changes("{ro}"), &[FILE, "chmod"]).lowbox(RO),
    attack("ro-xattr", "ro_attributes.py", Changes("{ro}"), &[FILE, "xattr"]).lowbox(RO),
    attack("ro-utime", "ro_attributes.py", Changes("{ro}"), &[FILE, "utime"]).lowbox(RO),
    attack("ro-inode-flags", "ro_setflags", Gained, &[FILE]).lowbox(RO),
    attack("ro-change-folder", "ro_folder.py", Changes("{ro}"), &["{ro}"]).lowbox(RO),
    attack("ro-link-to-writable", "link_out.py", Changes("{rw}"), &["link", FILE, "{rw}/linked"])
        .lowbox(&["--grant", "{ro}:r", "--grant", "{rw}:rw"]),
    attack("noexec-direct", "exec_file.py", After(payload_ran), &["direct", "{ro}/payload"]).lowbox(RO),
    attack("noexec-by-descriptor", "exec_file.py", After(payload_ran), &["descriptor", "{ro}/payload"])
        .lowbox(RO),
    attack("noexec-by-ld-so", "exec_file.py", After(payload_ran), &["loader", "{ro}/payload"]).lowbox(RO),
    attack("noexec-mmap", "exec_mmap", Gained, &["exec", "{ro}/code.bin"]).lowbox(RO),
    attack("noexec-mprotect", "exec_mmap", Gained, &["mprotect", "{ro}/code.bin"]).lowbox(RO),
];

/// The payload puts these words together when it runs; they are not in its file.
fn payload_ran(live: &mut Live) -> std::io::Result<bool> {
    Ok(live.printed("attack").contains("PAYLOAD-RAN"))
}
