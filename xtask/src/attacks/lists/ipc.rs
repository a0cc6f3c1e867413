//! Ways to talk to processes outside.

use super::super::attack::{Attack, Judge, attack};
use super::super::setup::Setup;
use Judge::{Event, Leak, Outside};

const RO: &[&str] = &["--grant", "{ro}:r"];
const RW: &[&str] = &["--grant", "{rw}:rw"];
const SOCKET: &str = "{ro}/socket";
const DGRAM: &str = "{ro}/log";
const ABSTRACT: &str = "@lowbox-{secret}";

/// A stream socket of the host.
const fn stream(name: &'static str, at: &'static [&'static str], victim: &'static [&'static str]) -> Attack {
    attack(name, "unix_stream.py", Event, at).victim(victim).lowbox(RO)
}

/// A datagram socket of the host; `args`: socket or pair, type, how to send, where to.
const fn datagram(name: &'static str, args: &'static [&'static str]) -> Attack {
    attack(name, "unix_dgram", Event, args).victim(&["unix", "dgram", DGRAM]).lowbox(RO)
}

const fn way(name: &'static str, args: &'static [&'static str]) -> Attack {
    attack(name, "unix_ways.py", Event, args).victim(&["unix", "stream", SOCKET]).lowbox(RO)
}

const fn race(name: &'static str, args: &'static [&'static str]) -> Attack {
    attack(name, "unix_race", Event, args).victim(&["unix", "stream", SOCKET]).lowbox(RO)
}

const fn x11(name: &'static str, mode: &'static [&'static str]) -> Attack {
    attack(name, "x11.py", Outside, mode)
        .around(&["/usr/bin/python3", "-B", "{programs}/x11_session.py"])
        .needs(x_server)
}

pub const ATTACKS: &[Attack] = &[
    stream("abstract-stream", &[ABSTRACT], &["unix", "stream", ABSTRACT]),
    stream("unix-in-tmp", &["{scene}/socket"], &["unix", "stream", "{scene}/socket"]),
    stream("unix-in-run", &["/run/lowbox-{secret}"], &["unix", "stream", "/run/lowbox-{secret}"]).root_only(),
    stream("unix-in-runtime-dir-bus", &["{run}/bus"], &["unix", "stream", "{run}/bus"]),
    stream("unix-ssh-agent", &["{run}/agent"], &["unix", "stream", "{run}/agent"])
        .env(&[("SSH_AUTH_SOCK", "{run}/agent")])
        .lowbox(&["--env", "SSH_AUTH_SOCK"]),
    stream("unix-wayland", &["{run}/wayland-0"], &["unix", "stream", "{run}/wayland-0"]),
    stream("unix-pipewire", &["{run}/pipewire-0"], &["unix", "stream", "{run}/pipewire-0"]),
    stream("unix-in-ro-grant", &["{ro}/socket"], &["unix", "stream", "{ro}/socket"]),
    stream("unix-in-rw-grant", &["{rw}/socket"], &["unix", "stream", "{rw}/socket"]).lowbox(RW),
    stream("unix-gpg-agent", &["{home}/S.gpg-agent"], &["unix", "stream", "{home}/S.gpg-agent"]),
    way("unix-by-symlink", &["symlink", SOCKET]),
    way("unix-by-relative-path", &["relative", SOCKET]),
    way("unix-by-folder-descriptor", &["folder-descriptor", SOCKET]),
    way("unix-by-socket-descriptor", &["socket-descriptor", SOCKET]),
    way("unix-by-process-root", &["process-root", SOCKET]),
    way("unix-seqpacket", &["seqpacket", SOCKET]).victim(&["unix", "seqpacket", SOCKET]),
    race("unix-address-race", &["address", SOCKET]),
    race("unix-path-race", &["path", SOCKET]),
    attack("peer-pidfd", "peer_pidfd", Leak, &["{ro}/socket", "{victim_fd}"])
        .victim(&["unix", "stream", "{ro}/socket"])
        .lowbox(RO),
    datagram("datagram-sendto", &["socket", "2", "sendto", DGRAM]),
    datagram("datagram-sendto-high-bits", &["socket", "0x100000002", "sendto", DGRAM]),
    datagram("datagram-raw-type", &["socket", "3", "sendto", DGRAM]),
    datagram("pair-sendto", &["pair", "2", "sendto", DGRAM]),
    datagram("pair-sendmsg", &["pair", "2", "sendmsg", DGRAM]),
    datagram("pair-sendmmsg", &["pair", "2", "sendmmsg", DGRAM]),
    datagram("pair-connect", &["pair", "2", "connect", DGRAM]),
    datagram("pair-raw-type-sendto", &["pair", "3", "sendto", DGRAM]),
    datagram("pair-high-bits-sendto", &["pair", "0x100080002", "sendto", DGRAM]),
    attack("pair-abstract-sendto", "unix_dgram", Event, &["pair", "2", "sendto", ABSTRACT])
        .victim(&["unix", "dgram", ABSTRACT]),
    attack("pair-abstract-connect", "unix_dgram", Event, &["pair", "2", "connect", ABSTRACT])
        .victim(&["unix", "dgram", ABSTRACT]),
    attack("fifo-in-ro-grant", "fifo_write.py", Event, &["{ro}/fifo"])
        .victim(&["fifo", "{ro}/fifo"])
        .lowbox(RO),
    attack("fifo-in-tmp", "fifo_write.py", Event, &["{scene}/fifo"]).victim(&["fifo", "{scene}/fifo"]),
    attack("sysv-shared-memory", "sysv_shm", Leak, &["{victim_key}", "{victim_segment}"]).victim(&["sysv"]),
    attack("sysv-message-queue", "sysv_msg", Leak, &["{victim_key}"]).victim(&["sysv"]),
    attack("posix-shared-memory", "posix_shm", Leak, &["/lowbox-{token}"])
        .victim(&["posix", "lowbox-{token}"]),
    attack("posix-message-queue", "posix_mq", Leak, &["/lowbox-{token}"])
        .victim(&["posix", "lowbox-{token}"]),
    x11("x11-screenshot", &["screenshot", "DISPLAY"]),
    x11("x11-read-keys", &["keys", "DISPLAY"]),
    x11("x11-send-keys", &["send", "DISPLAY"]),
    x11("x11-clipboard", &["clipboard", "DISPLAY"]),
];

fn x_server(_: &Setup) -> Option<&'static str> {
    (!std::path::Path::new("/usr/bin/Xvfb").exists()).then_some("Xvfb is not installed (package xvfb)")
}
