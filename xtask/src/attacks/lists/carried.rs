//! What a grant carries along: set-uid files that a program of root's could fill, and the host's processes.

use std::fs;
use std::io;
use std::os::unix::fs::PermissionsExt;
use std::path::Path;
use std::process::Command;

use super::super::attack::{Attack, Judge, Templates, attack};
use super::super::live::Live;
use super::super::setup::Setup;
use Judge::{After, Leak};

const RW: Templates = &["--grant", "{rw}:rw"];
const RO: Templates = &["--grant", "{ro}:r"];
const TOOLS: &str = "{rw}/tools";
/// Root whom the modes of folders hold back, as in a container of somebody else's.
const WITHOUT_OVERRIDE: Templates = &["setpriv", "--bounding-set=-dac_override,-dac_read_search", "--"];
/// A /proc beneath the granted folder, as in a chroot, and a process that only it shows.
const PROC_IN_GRANT: Templates = &[
    "unshare",
    "--user",
    "--map-current-user",
    "--pid",
    "--fork",
    "--kill-child",
    "--mount-proc={ro}/mnt",
    "/bin/sh",
    "-c",
    "/usr/bin/python3 -c 'import time; time.sleep(30)' \"$0\" & exec \"$@\"",
    "{secret}",
];
/// The same where lowbox can't read what is mounted.
const UNSEEN: Templates = &[
    PROC_IN_GRANT[0],
    PROC_IN_GRANT[1],
    PROC_IN_GRANT[2],
    PROC_IN_GRANT[3],
    PROC_IN_GRANT[4],
    PROC_IN_GRANT[5],
    PROC_IN_GRANT[6],
    PROC_IN_GRANT[7],
    PROC_IN_GRANT[8],
    PROC_IN_GRANT[9],
    PROC_IN_GRANT[10],
    "strace",
    "--daemonize",
    "--output=/dev/null",
    "--trace-path=/proc/self/mountinfo",
    "--inject=openat:error=EACCES",
];

pub const ATTACKS: &[Attack] = &[
    attack("fill-a-setuid-file", "setuid_fill", After(setuid_file_was_filled), &[TOOLS])
        .lowbox(RW)
        .prepare(setuid_tool)
        .root_only()
        .refusable(),
    attack("fill-a-setuid-file-in-a-closed-folder", "setuid_fill", After(setuid_file_was_filled), &[TOOLS])
        .lowbox(RW)
        .prepare(closed_setuid_tool)
        .around(WITHOUT_OVERRIDE)
        .root_only()
        .refusable(),
    attack("file-systems-encryption-key", "fs_key", After(key_was_added), &["{rw}/encrypted"])
        .lowbox(RW)
        .prepare(encrypted_file_system)
        .needs(encryption)
        .root_only(),
    attack("host-processes-in-a-grant", "read_cmdlines.py", Leak, &["{ro}/mnt"])
        .around(PROC_IN_GRANT)
        .lowbox(RO)
        .user_only()
        .refusable(),
    attack("host-processes-in-a-grant-unseen", "read_cmdlines.py", Leak, &["{ro}/mnt"])
        .around(UNSEEN)
        .lowbox(RO)
        .needs(Setup::strace)
        .user_only()
        .refusable(),
];

/// A set-uid file of root's, as in a folder of built system tools.
fn setuid_tool(live: &mut Live) -> io::Result<()> {
    fs::create_dir(live.scene.at(TOOLS))?;
    let tool = live.scene.at(TOOLS).join("tool");
    fs::write(&tool, "#!/bin/true\n")?;
    fs::set_permissions(tool, fs::Permissions::from_mode(0o4755))
}

/// The same, and nobody but root with all capabilities can list its folder.
fn closed_setuid_tool(live: &mut Live) -> io::Result<()> {
    setuid_tool(live)?;
    fs::set_permissions(live.scene.at(TOOLS), fs::Permissions::from_mode(0o300))
}

fn setuid_file_was_filled(live: &mut Live) -> io::Result<bool> {
    let tool = live.scene.at(TOOLS).join("tool");
    let set_uid = tool.metadata()?.permissions().mode() & 0o4000 != 0;
    Ok(set_uid && fs::read(tool)?.starts_with(b"#!/evil"))
}

/// What the attack needs of the machine.
fn encryption(_: &Setup) -> Option<&'static str> {
    let there = ["/sys/fs/ext4/features/encryption", "/dev/loop-control", "/sbin/mkfs.ext4"];
    (!there.iter().all(|path| Path::new(path).exists()))
        .then_some("no ext4 with encryption, mkfs.ext4 or loop device")
}

fn encrypted_file_system(live: &mut Live) -> io::Result<()> {
    let script = "mkdir {rw}/encrypted; truncate -s 20M {run}/image; mkfs.ext4 -q -O encrypt {run}/image
mount -o loop {run}/image {rw}/encrypted; chmod 777 {rw}/encrypted";
    sh(&live.scene.expand(script))
}

fn key_was_added(live: &mut Live) -> io::Result<bool> {
    sh(&live.scene.expand("umount {rw}/encrypted"))?;
    Ok(live.printed("attack").contains("GAINED"))
}

fn sh(script: &str) -> io::Result<()> {
    match Command::new("/bin/sh").args(["-ec", script]).status()?.success() {
        true => Ok(()),
        false => Err(io::Error::other(format!("failed: {script}"))),
    }
}
