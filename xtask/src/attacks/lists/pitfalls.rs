//! Holes that a review of the design found, and what else it wants tested.

use std::fs;
use std::io;
use std::os::unix::fs::PermissionsExt;
use std::process::Command;
use std::thread::sleep;
use std::time::Duration;

use super::super::attack::{Attack, Judge, Proof, attack};
use super::super::live::Live;
use Judge::{After, Gained, Leak, Watch};

const CORE_PATTERN: &str = "/proc/sys/kernel/core_pattern";
const TREE: &[&str] = &["--grant", "{tree}:r", "--objects", "{run}/objects"];
const OTHER_PACKAGE: &str =
    "{home}/.local/share/lowbox/packages/Contoso.Mail_8wekyb3d8bbwe/LocalState/mail.db";
const SWAP: &[&str] = &[
    "/usr/bin/python3",
    "-B",
    "{programs}/swap_during.py",
    "{checkout}/raced.json",
    "{home}/.aws/credentials",
    "--",
];
const RO: &[&str] = &["--grant", "{ro}:r"];

pub const ATTACKS: &[Attack] = &[
    attack(
        "root-core-pattern",
        "proc_write.py",
        After(core_pattern_changed),
        &[CORE_PATTERN, "core.lowbox-attack"],
    )
    .root_only()
    .alone()
    .prepare(remember_core_pattern),
    attack("root-shadow", "read_file.py", Leak, &["/etc/shadow"]).root_only().prepare(secret_is_shadow),
    attack("root-chmod-dev-null", "chmod.py", After(null_changed), &["/dev/null", "0777"]).root_only(),
    attack("root-sysrq-trigger", "proc_write.py", Gained, &["/proc/sysrq-trigger", "h"]).root_only().needs(
        |_| fs::metadata("/proc/sysrq-trigger").is_err().then_some("this kernel has no /proc/sysrq-trigger"),
    ),
    attack("proc-files-writable", "proc_writable.py", Gained, &[]).proof(Proof::Root),
    attack("proc-secrets", "proc_secrets.py", Gained, &[]).proof(Proof::Root),
    attack("argument-is-symlink", "read_file.py", Leak, &["{checkout}/config.json"]).argument_grants(),
    attack("argument-passes-symlink", "read_file.py", Leak, &["{checkout}/conf/credentials"])
        .argument_grants(),
    attack("argument-swapped-during-launch", "cat_argument", Leak, &["{checkout}/raced.json"])
        .around(SWAP)
        .argument_grants(),
    attack("grant-of-whole-home", "read_file.py", Leak, &[OTHER_PACKAGE])
        .lowbox(&["--grant", "{home}:rw"])
        .refusable(),
    attack("grant-of-lowbox-state", "read_file.py", Leak, &[OTHER_PACKAGE])
        .lowbox(&["--grant", "{home}/.local/share/lowbox:rw"])
        .refusable(),
    attack("hidden-child-is-replaced", "watch_hidden.py", Watch(replace_child), &["{tree}"])
        .lowbox(TREE)
        .prepare(hide_child),
    attack(
        "hidden-childs-parent-is-renamed",
        "watch_hidden.py",
        Watch(rename_parent),
        &["{tree}", "{tree}-moved"],
    )
    .lowbox(TREE)
    .prepare(hide_child),
    attack("later-mount-in-ro-grant", "later_mount.py", Watch(mount_later), &["{ro}/mnt"])
        .lowbox(RO)
        .root_only()
        .prepare(share_mounts),
    attack("core-dump-to-pipe-handler", "core_dump", After(handler_ran), &[])
        .root_only()
        .alone()
        .prepare(core_handler),
    attack("lease-on-ro-grant", "lease", Watch(host_writer_waits), &["{ro}/file.txt"]).lowbox(RO),
    attack("mountinfo-shows-host-mounts", "mountinfo.py", After(mount_seen), &[])
        .root_only()
        .prepare(mount_with_secret_name),
];

fn remember_core_pattern(live: &mut Live) -> io::Result<()> {
    let before = fs::read_to_string(CORE_PATTERN)?;
    live.scene.set("core_pattern", before.trim());
    Ok(())
}

/// Puts back what was there.
fn core_pattern_changed(live: &mut Live) -> io::Result<bool> {
    let (before, now) = (live.scene.get("core_pattern"), fs::read_to_string(CORE_PATTERN)?);
    fs::write(CORE_PATTERN, before)?;
    Ok(now.trim() != before)
}

/// The hash field of root, or at least root's line.
fn secret_is_shadow(live: &mut Live) -> io::Result<()> {
    let shadow = fs::read_to_string("/etc/shadow")?;
    live.scene.set("secret", shadow.lines().next().unwrap_or("root:"));
    Ok(())
}

fn null_changed(_: &mut Live) -> io::Result<bool> {
    let changed = fs::metadata("/dev/null")?.permissions().mode() & 0o777 != 0o666;
    fs::set_permissions("/dev/null", fs::Permissions::from_mode(0o666))?;
    Ok(changed)
}

/// An objects file with a descriptor that denies one child of the granted folder to every package.
fn hide_child(live: &mut Live) -> io::Result<()> {
    fs::write(live.scene.at("{run}/objects"), live.scene.expand(OBJECTS))
}
const OBJECTS: &str = "tree {tree}/denied D:(D;OICI;FA;;;AC)\n";

fn leaked(live: &mut Live) -> io::Result<bool> {
    live.wait()?;
    Ok(live.printed("attack").contains(live.scene.get("secret")))
}

/// What an editor's atomic save does, and the same with a folder.
fn replace_child(live: &mut Live) -> io::Result<bool> {
    if live.ready() {
        for turn in 0..10 {
            let new = live.scene.at("{tree}").join(format!("new{turn}"));
            fs::create_dir(&new)?;
            fs::write(new.join("secret.txt"), live.scene.get("secret"))?;
            fs::rename(live.scene.at("{tree}/denied"), live.scene.at("{run}").join(format!("old{turn}")))?;
            fs::rename(&new, live.scene.at("{tree}/denied"))?;
            sleep(Duration::from_millis(50));
        }
    }
    leaked(live)
}

fn rename_parent(live: &mut Live) -> io::Result<bool> {
    if live.ready() {
        for _ in 0..10 {
            fs::rename(live.scene.at("{tree}"), live.scene.at("{tree}-moved"))?;
            sleep(Duration::from_millis(40));
            fs::rename(live.scene.at("{tree}-moved"), live.scene.at("{tree}"))?;
            sleep(Duration::from_millis(40));
        }
    }
    leaked(live)
}

fn sh(script: &str) -> io::Result<()> {
    match Command::new("/bin/sh").args(["-ec", script]).status()?.success() {
        true => Ok(()),
        false => Err(io::Error::other(format!("failed: {script}"))),
    }
}

/// As on most distributions, where every mount is shared.
fn share_mounts(live: &mut Live) -> io::Result<()> {
    sh(&live.scene.expand("mount --bind {ro} {ro}; mount --make-shared {ro}"))
}

fn mount_later(live: &mut Live) -> io::Result<bool> {
    if live.ready() {
        sh(&live.scene.expand("mount -t tmpfs -o mode=777 later {ro}/mnt"))?;
    }
    live.wait()?;
    let written = live.scene.at("{ro}/mnt/written-from-inside").exists();
    sh(&live.scene.expand("umount {ro}/mnt || true; umount {ro}"))?;
    Ok(written)
}

fn core_handler(live: &mut Live) -> io::Result<()> {
    remember_core_pattern(live)?;
    let handler = live.scene.at("{run}/handler");
    fs::write(&handler, live.scene.expand("#!/bin/sh\ntouch {run}/handled\n"))?;
    fs::set_permissions(&handler, fs::Permissions::from_mode(0o755))?;
    fs::write(CORE_PATTERN, format!("|{}", handler.display()))
}

fn handler_ran(live: &mut Live) -> io::Result<bool> {
    let ran = super::super::live::until(400, || live.scene.at("{run}/handled").exists());
    fs::write(CORE_PATTERN, live.scene.get("core_pattern"))?;
    Ok(ran)
}

/// A writer of the host gets EWOULDBLOCK while a lease is held, instead of waiting for it.
fn host_writer_waits(live: &mut Live) -> io::Result<bool> {
    live.ready();
    let flags = rustix::fs::OFlags::WRONLY | rustix::fs::OFlags::NONBLOCK;
    let opened = rustix::fs::open(live.scene.at("{ro}/file.txt"), flags, rustix::fs::Mode::empty());
    Ok(opened.is_err_and(|error| error == rustix::io::Errno::WOULDBLOCK))
}

fn mount_with_secret_name(live: &mut Live) -> io::Result<()> {
    sh(&live.scene.expand("mkdir {run}/{secret}; mount -t tmpfs hidden {run}/{secret}"))
}

fn mount_seen(live: &mut Live) -> io::Result<bool> {
    sh(&live.scene.expand("umount {run}/{secret}"))?;
    leaked(live)
}
