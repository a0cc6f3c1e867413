//! `--allow-reduced` on a machine without user namespaces: less is kept apart, but these must still hold
//! (pitfall 11).

use super::super::attack::{Attack, Judge, Templates, attack};
use Judge::{Appears, Changes, Dies, Event, Gained, Leak};

const NO_NAMESPACES: &[&str] = &["/bin/sh", "{programs}/no_namespaces.sh"];
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
    reduced("reduced-outlive-the-launcher", "outlive", Appears("{rw}/alive"), &["{rw}/alive"])
        .lowbox(&["--allow-reduced", "--grant", "{rw}:rw"])
        .patience(1600),
];
