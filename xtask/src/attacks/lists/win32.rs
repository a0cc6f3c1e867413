//! Windows programs, by Wine: what a program can do to the user and the machine through Win32, through Wine's own ways to Linux, and by the
//! kernel's calls without Wine. Each works in a plain Wine.

use std::io;
use std::path::Path;

use super::super::attack::{Attack, Judge, Proof, attack};
use super::super::live::Live;
use super::super::setup::Setup;
use super::super::wine;
use Judge::{After, Appears, Changes, Dies, Event, Gained, Leak};

const RO: &[&str] = &["--grant", "{ro}:r"];
const RW: &[&str] = &["--grant", "{rw}:rw"];
const KEY: &str = "={home}/.ssh/id_ed25519";
const OTHER_PACKAGE: &str =
    "={home}/.local/share/lowbox/packages/Contoso.Mail_8wekyb3d8bbwe/LocalState/mail.db";
const ABSTRACT: &str = "@lowbox-{secret}";
/// A browser that leaves a mark, before all others in PATH.
const BROWSER: &[(&str, &str)] = &[("PATH", "{home}/.local/bin:/usr/local/bin:/usr/bin:/bin")];
/// Privilege in a user namespace of its own, where it spoils nothing; the user stays who he is, since Wine asks who owns the prefix.
const NAMESPACES: &[&str] = &["unshare", "--user", "--map-current-user", "--keep-caps", "--mount", "--"];

const fn windows(
    name: &'static str,
    program: &'static str,
    judge: Judge,
    args: &'static [&'static str],
) -> Attack {
    attack(name, program, judge, args).needs(|_| wine::lacking())
}

const fn call(name: &'static str, args: &'static [&'static str]) -> Attack {
    windows(name, "call.exe", Gained, args)
}

/// At an outside process of Linux's.
const fn process(name: &'static str, judge: Judge, args: &'static [&'static str]) -> Attack {
    windows(name, "outside_process.exe", judge, args).victim(&["process"])
}

/// At another Windows program of the user's, in the same plain Wine, outside.
const fn program(name: &'static str, judge: Judge, args: &'static [&'static str]) -> Attack {
    windows(name, "wine_program.exe", judge, args).victim(&[
        "command",
        "{wine}",
        "{programs}/victim.exe",
        "{secret}",
    ])
}

pub const ATTACKS: &[Attack] = &[
    windows("win32-reads-home-through-drive-z", "read_file.exe", Leak, &["drive", KEY]),
    windows("win32-reads-home-through-long-name-of-z", "read_file.exe", Leak, &["long-drive", KEY]),
    windows("win32-reads-home-through-device-z", "read_file.exe", Leak, &["device-drive", KEY]),
    windows("win32-reads-home-through-unix-namespace", "read_file.exe", Leak, &["unix", KEY]),
    windows("win32-reads-home-through-unix-device", "read_file.exe", Leak, &["device-unix", KEY]),
    windows("win32-reads-home-by-absolute-unix-path", "read_file.exe", Leak, &["absolute", KEY]),
    windows("win32-reads-home-above-working-folder", "read_file.exe", Leak, &["relative", KEY]),
    windows("win32-reads-home-by-ntcreatefile", "read_native.exe", Leak, &[KEY]),
    windows(
        "win32-reads-home-by-drive-it-defines",
        "read_by_drive.exe",
        Leak,
        &["={home}", ".ssh\\id_ed25519"],
    ),
    windows("win32-reads-home-by-symlink-it-makes", "read_by_link.exe", Leak, &["symbolic", "={rw}", KEY])
        .lowbox(RW),
    windows("win32-reads-home-by-hard-link-it-makes", "read_by_link.exe", Leak, &["hard", "={rw}", KEY])
        .lowbox(RW),
    windows("win32-reads-home-by-link-in-a-grant", "read_file.exe", Leak, &["unix", "={rw}/link"]).lowbox(RW),
    windows("win32-reads-data-of-another-package", "read_file.exe", Leak, &["unix", OTHER_PACKAGE]),
    windows("win32-reads-registry-of-users-wine", "read_file.exe", Leak, &["unix", "={home}/.wine/user.reg"])
        .prepare(users_wine),
    windows("win32-lists-home", "list_folder.exe", Leak, &["drive", "={home}/Documents"]),
    windows(
        "win32-writes-startup-file",
        "write_file.exe",
        Changes("{home}/.bashrc"),
        &["unix", "={home}/.bashrc"],
    ),
    windows(
        "win32-writes-autostart-entry",
        "write_file.exe",
        Appears("{home}/.config/autostart/evil.desktop"),
        &["drive", "={home}/.config/autostart/evil.desktop"],
    ),
    windows(
        "win32-deletes-in-home",
        "delete_file.exe",
        Changes("{home}/notes.txt"),
        &["unix", "={home}/notes.txt"],
    ),
    windows("win32-changes-read-only-grant", "change_read_only.exe", Changes("{ro}"), &["={ro}/file.txt"])
        .lowbox(RO),
    native("win32-starts-native-by-start-unix", &["start", "={home}/evil"]),
    native("win32-starts-native-by-createprocess", &["unix", "={home}/evil"]),
    native("win32-starts-native-by-absolute-path", &["absolute", "={home}/evil"]),
    native("win32-starts-native-by-fork-and-execve", &["fork", "={home}/evil"]),
    windows("win32-runs-native-from-memory", "execute_from_memory.exe", Leak, &["/bin/cat", KEY]),
    windows(
        "win32-opens-browser",
        "open_browser.exe",
        Appears("{scene}/opened"),
        &["http://browser.invalid/"],
    )
    .prepare(browser)
    .env(BROWSER)
    .patience(2000),
    windows(
        "win32-registers-autostart-in-users-wine",
        "autostart.exe",
        After(users_registry_has_it),
        &["{token}"],
    ),
    windows("win32-reads-secrets-in-environment", "environment.exe", Leak, &[])
        .env(&[("AWS_SECRET_ACCESS_KEY", "{secret}")]),
    windows("win32-opens-serial-port", "serial_port.exe", Gained, &[]).needs(serial_port).proof(Proof::Root),
    process("win32-reads-environment-of-a-process", Leak, &["environ", "{victim_pid}"]),
    process("win32-reads-memory-by-process-vm", Leak, &["vm", "{victim_pid}", "{victim_address}"]),
    process("win32-reads-memory-by-proc-mem", Leak, &["mem", "{victim_pid}", "{victim_address}"]),
    process("win32-traces-a-process", Leak, &["ptrace", "{victim_pid}", "{victim_address}"]),
    process("win32-takes-descriptor-of-a-process", Leak, &["descriptor", "{victim_pid}", "{victim_fd}"]),
    process("win32-kills-a-process", Dies, &["kill", "{victim_pid}"]),
    program("win32-reads-memory-of-other-wine-program", Leak, &["read", "{victim_address}"]),
    program("win32-opens-section-of-other-wine-program", Leak, &["section"]),
    program("win32-ends-other-wine-program", Dies, &["end"]),
    windows("win32-connects-to-loopback-by-winsock", "connect_tcp.exe", Event, &["winsock", "{victim_port}"])
        .victim(TCP),
    windows("win32-connects-to-loopback-by-the-kernel", "connect_tcp.exe", Event, &["raw", "{victim_port}"])
        .victim(TCP),
    windows("win32-connects-to-loopback-by-sending", "connect_tcp.exe", Event, &["fast", "{victim_port}"])
        .victim(TCP),
    windows("win32-sends-datagram-to-loopback", "connect_tcp.exe", Event, &["udp", "{victim_port}"])
        .victim(&["inet", "udp", "127.0.0.1"]),
    windows("win32-connects-to-abstract-socket", "connect_unix.exe", Event, &[ABSTRACT])
        .victim(&["unix", "stream", ABSTRACT]),
    windows("win32-connects-to-session-bus", "connect_unix.exe", Event, &["={run}/bus"]).victim(&[
        "unix",
        "stream",
        "{run}/bus",
    ]),
    // Where Wine keeps its servers' sockets; the harness has its own folder of that kind, since the machine's is in use.
    windows("win32-connects-to-other-wineserver", "connect_unix.exe", Event, &["={scene}/socket"]).victim(&[
        "unix",
        "stream",
        "{scene}/socket",
    ]),
    call("win32-calls-io-uring-setup", &["io_uring_setup"]),
    call("win32-calls-userfaultfd", &["userfaultfd"]),
    call("win32-calls-bpf", &["bpf"]).proof(Proof::Root),
    call("win32-calls-perf-event-open", &["perf_event_open"]),
    call("win32-calls-unshare", &["unshare"]),
    call("win32-calls-mount", &["mount", "={work}"]).unconfined(NAMESPACES),
    call("win32-calls-fsopen", &["fsopen"]).unconfined(NAMESPACES),
    call("win32-calls-chroot", &["chroot", "={work}"]).unconfined(NAMESPACES),
    call("win32-calls-keyctl", &["keyctl"]),
    call("win32-calls-personality", &["personality"]),
    call("win32-calls-modify-ldt", &["modify_ldt"]),
    call("win32-calls-ptrace", &["ptrace"]),
    call("win32-opens-packet-socket", &["packet_socket"]).proof(Proof::Root),
];

const TCP: &[&str] = &["inet", "tcp", "127.0.0.1"];

/// A program of Linux's that makes a file in the home.
const fn native(name: &'static str, args: &'static [&'static str]) -> Attack {
    windows(name, "start_native.exe", Appears("{home}/evil"), args)
}

/// Another prefix than the one that the attack runs in, with a secret in its registry.
fn users_wine(live: &mut Live) -> io::Result<()> {
    let text = format!(
        "WINE REGISTRY Version 2\n\n[Software\\\\Mail]\n\"Password\"=\"{}\"\n",
        live.scene.get("secret")
    );
    std::fs::create_dir(live.scene.at("{home}/.wine"))?;
    std::fs::write(live.scene.at("{home}/.wine/user.reg"), text)
}

fn browser(live: &mut Live) -> io::Result<()> {
    use std::os::unix::fs::PermissionsExt;
    let at = live.scene.at("{home}/.local/bin/xdg-open");
    std::fs::write(&at, live.scene.expand("#!/bin/sh\necho \"$@\" > {scene}/opened\n"))?;
    std::fs::set_permissions(&at, std::fs::Permissions::from_mode(0o755))
}

/// Whether the user's own Wine starts the program from now on.
fn users_registry_has_it(live: &mut Live) -> io::Result<bool> {
    let token = live.scene.get("token");
    let found = wine::registry(live.setup)?;
    Ok(found.contains(token))
}

fn serial_port(_: &Setup) -> Option<&'static str> {
    let none = || (!Path::new("/dev/ttyS0").exists()).then_some("this machine has no serial port");
    wine::lacking().or_else(none)
}
