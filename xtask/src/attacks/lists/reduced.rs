//! `--allow-reduced` on a machine without user namespaces: less is kept apart, but these must still hold
//! (pitfall 11).

use super::super::attack::{Attack, Judge, Templates, attack};
use super::super::live::Live;
use super::super::setup::Setup;
use std::io;

use Judge::{After, Appears, Changes, Dies, Event, Gained, Leak};

const NO_NAMESPACES: &[&str] = &["/bin/sh", "{programs}/no_namespaces.sh"];
/// A user who types a password while the program is in the background; unconfined it has a session of its own.
const STARTED: Templates = &[
    "/usr/bin/python3",
    "-B",
    "{programs}/pty_background.py",
    "started",
    "{secret}",
    "/bin/sh",
    "{programs}/no_namespaces.sh",
];
const CONTINUED: Templates = &[
    "/usr/bin/python3",
    "-B",
    "{programs}/pty_background.py",
    "continued",
    "{secret}",
    "/bin/sh",
    "{programs}/no_namespaces.sh",
];
/// lowbox can't read which children it has, and so could not end them.
const CHILDREN_UNSEEN: Templates = &[
    NO_NAMESPACES[0],
    NO_NAMESPACES[1],
    "/bin/sh",
    "-c",
    "exec strace --daemonize --output=/dev/null --trace-path=/proc/$$/task/$$/children --inject=openat:error=EACCES \"$@\"",
    "sh",
];
const RO: Templates = &["--allow-reduced", "--grant", "{ro}:r"];
const FILE: &str = "{ro}/file.txt";
const BUS: &str = "{run}/bus";
const LOG: &str = "{run}/log";
const ABSTRACT: &str = "@lowbox-{secret}";

const fn reduced(name: &'static str, program: &'static str, judge: Judge, args: Templates) -> Attack {
    attack(name, program, judge, args).around(NO_NAMESPACES).lowbox(&["--allow-reduced"]).user_only()
}

pub const ATTACKS: &[Attack] = &[
    reduced("reduced-read-ssh-key", "read_file.py", Leak, &["{home}/.ssh/id_ed25519"]),
    reduced("reduced-write-bashrc", "write_file.py", Changes("{home}/.bashrc"), &["{home}/.bashrc", "evil"]),
    reduced(
        "reduced-attributes",
        "attributes_by_path.py",
        Changes("{home}/notes.txt"),
        &["{home}/notes.txt"],
    ),
    reduced("reduced-inode-flags", "inode_flags", After(no_dump), &["flags", FILE]).lowbox(RO).needs(flags),
    reduced("reduced-extended-flags", "inode_flags", After(no_dump), &["extended", FILE])
        .lowbox(RO)
        .needs(flags),
    reduced("reduced-read-attribute", "read_attribute.py", Leak, &["{home}/notes.txt"])
        .prepare(secret_attribute),
    reduced("reduced-keystrokes-when-continued", "terminal_read.py", Leak, &[])
        .around(CONTINUED)
        .unconfined(&["setsid", "--wait"]),
    reduced("reduced-keystrokes-when-started", "terminal_read.py", Leak, &[])
        .around(STARTED)
        .unconfined(&["setsid", "--wait"]),
    reduced("reduced-unix-stream", "unix_stream.py", Event, &[BUS]).victim(&["unix", "stream", BUS]),
    reduced("reduced-abstract-stream", "unix_stream.py", Event, &[ABSTRACT])
        .victim(&["unix", "stream", ABSTRACT]),
    reduced("reduced-unix-datagram", "unix_dgram", Event, &["socket", "2", "sendto", LOG])
        .victim(&["unix", "dgram", LOG]),
    reduced("reduced-pair-sendto", "unix_dgram", Event, &["pair", "2", "sendto", LOG])
        .victim(&["unix", "dgram", LOG]),
    reduced("reduced-tcp", "tcp_connect.py", Event, &["plain", "127.0.0.1", "{victim_port}"]).victim(&[
        "inet",
        "tcp",
        "127.0.0.1",
    ]),
    reduced("reduced-udp", "udp_send.py", Event, &["127.0.0.1", "{victim_port}"]).victim(&[
        "inet",
        "udp",
        "127.0.0.1",
    ]),
    reduced("reduced-kill", "kill", Dies, &["kill", "{victim_pid}", "9"]).victim(&["process"]),
    reduced("reduced-prlimit", "prlimit", Gained, &["{victim_pid}"]).victim(&["process"]),
    reduced("reduced-sysv-shared-memory", "sysv_shm", Leak, &["{victim_key}", "{victim_segment}"])
        .victim(&["sysv"]),
    reduced("reduced-posix-message-queue", "posix_mq", Leak, &["/lowbox-{token}"])
        .victim(&["posix", "lowbox-{token}"]),
    reduced("reduced-outlive-the-launcher-unseen", "outlive", Appears("{rw}/alive"), &["{rw}/alive"])
        .around(CHILDREN_UNSEEN)
        .lowbox(&["--allow-reduced", "--grant", "{rw}:rw"])
        .needs(Setup::strace)
        .patience(1600)
        .refusable(),
    reduced("reduced-outlive-the-launcher", "outlive", Appears("{rw}/alive"), &["{rw}/alive"])
        .lowbox(&["--allow-reduced", "--grant", "{rw}:rw"])
        .patience(1600),
];

fn secret_attribute(live: &mut Live) -> io::Result<()> {
    let (notes, secret) = (live.scene.at("{home}/notes.txt"), live.scene.get("secret"));
    let flags = rustix::fs::XattrFlags::empty();
    Ok(rustix::fs::setxattr(notes, "user.lowbox-secret", secret.as_bytes(), flags)?)
}

fn no_dump(live: &mut Live) -> io::Result<bool> {
    let file = std::fs::File::open(live.scene.at(FILE))?;
    Ok(rustix::fs::ioctl_getflags(&file)?.contains(rustix::fs::IFlags::NODUMP))
}

/// Whether the file system of the scene has inode flags.
fn flags(_: &Setup) -> Option<&'static str> {
    let has = tempfile::tempfile().is_ok_and(|file| rustix::fs::ioctl_getflags(&file).is_ok());
    (!has).then_some("the file system of temporary files has no inode flags")
}
