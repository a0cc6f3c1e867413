//! What comes in from the parent: descriptors, environment; and the launcher's own file.

use std::io;
use std::os::unix::fs::PermissionsExt;

use super::super::attack::{Attack, Judge, attack};
use super::super::live::Live;
use Judge::{Changes, Event, Gained, Leak, Outside};

const KEY: &str = "{home}/.ssh/id_ed25519";
const NOTES: &str = "{home}/notes.txt";
const OPEN_FILE: &[&str] = &["/bin/sh", "-c", "exec 7<\"$0\"; exec \"$@\"", KEY];
const OPEN_FOLDER: &[&str] = &["/bin/sh", "-c", "exec 8</; exec \"$@\"", "sh"];
const STDIN_FOLDER: &[&str] = &["/bin/sh", "-c", "exec \"$@\" </", "sh"];
const STDERR_FOLDER: &[&str] = &["/bin/sh", "-c", "exec \"$@\" 2</", "sh"];
const STDIN_NOTES: &[&str] = &["/bin/sh", "-c", "exec 0<\"$0\"; exec \"$@\"", NOTES];
const FILE_SEVEN: &[&str] = &["/bin/sh", "-c", "exec 7<\"$0\"; exec \"$@\"", NOTES];
const LENT_UNIX: &[&str] = &["/usr/bin/python3", "-B", "{programs}/lent_socket.py", "unix"];
const LENT_INET: &[&str] = &["/usr/bin/python3", "-B", "{programs}/lent_socket.py", "inet"];
const SENT_UNIX: &[&str] = &["/usr/bin/python3", "-B", "{programs}/lent_socket.py", "unix", "--sent"];
const SENT_INET: &[&str] = &["/usr/bin/python3", "-B", "{programs}/lent_socket.py", "inet", "--sent"];
const SOCKET_SEVEN: &[&str] = &["--fd", "7:socket"];
const ABSTRACT: &str = "@lowbox-{secret}";
const STDIN_O_PATH: &[&str] = &["/usr/bin/python3", "-B", "{programs}/opath_stdin.py", "/"];
const STDIN_SOCKET: &[&str] = &["/usr/bin/python3", "-B", "{programs}/socket_stdin.py"];

pub const ATTACKS: &[Attack] = &[
    attack("inherited-file", "read_fds.py", Leak, &[KEY]).around(OPEN_FILE),
    attack("inherited-folder", "read_fds.py", Leak, &[KEY]).around(OPEN_FOLDER),
    attack("stdin-folder-read", "use_fd", Leak, &["0", KEY]).around(STDIN_FOLDER).refusable(),
    attack("stdin-folder-change", "use_fd", Changes(KEY), &["0", KEY]).around(STDIN_FOLDER).refusable(),
    attack("stdin-o-path-folder", "use_fd", Leak, &["0", KEY]).around(STDIN_O_PATH).refusable(),
    attack("stderr-folder", "use_fd", Leak, &["2", KEY]).around(STDERR_FOLDER).refusable(),
    attack("stdin-socket", "socket_use.py", Outside, &[KEY]).around(STDIN_SOCKET).refusable(),
    attack("stdin-socket-scm-rights", "socket_use.py", Leak, &[KEY]).around(STDIN_SOCKET).refusable(),
    attack("stdin-reopen-for-writing", "reopen_stdin.py", Changes(NOTES), &[])
        .around(STDIN_NOTES)
        .refusable()
        .within_reach(),
    attack("stdin-change-attributes", "fd_attributes.py", Changes(NOTES), &["0"])
        .around(STDIN_NOTES)
        .refusable()
        .within_reach(),
    attack("stdin-change-attributes-by-mode", "fd_attributes.py", Changes(NOTES), &["0"])
        .around(STDIN_NOTES)
        .prepare(notes_for_everybody)
        .refusable()
        .within_reach(),
    attack("lent-file-change-attributes", "fd_attributes.py", Changes(NOTES), &["7"])
        .around(FILE_SEVEN)
        .lowbox(&["--fd", "7:file"])
        .refusable()
        .within_reach(),
    attack("lent-socket-abstract", "connect_lent.py", Event, &[ABSTRACT])
        .around(LENT_UNIX)
        .lowbox(SOCKET_SEVEN)
        .victim(&["unix", "stream", ABSTRACT])
        .refusable()
        .within_reach(),
    attack("sent-socket-abstract", "connect_lent.py", Event, &[ABSTRACT])
        .around(SENT_UNIX)
        .lowbox(SOCKET_SEVEN)
        .victim(&["unix", "stream", ABSTRACT])
        .within_reach(),
    attack("lent-socket-tcp", "connect_lent.py", Event, &["127.0.0.1", "{victim_port}"])
        .around(LENT_INET)
        .lowbox(SOCKET_SEVEN)
        .victim(&["inet", "tcp", "127.0.0.1"])
        .refusable()
        .within_reach(),
    attack("sent-socket-tcp", "connect_lent.py", Event, &["127.0.0.1", "{victim_port}"])
        .around(SENT_INET)
        .lowbox(SOCKET_SEVEN)
        .victim(&["inet", "tcp", "127.0.0.1"])
        .within_reach(),
    attack("ld-preload", "preload_target", Gained, &[]).env(&[("LD_PRELOAD", "{programs}/preload")]),
    attack("secret-in-environment", "environment.py", Leak, &[])
        .env(&[("AWS_SECRET_ACCESS_KEY", "{secret}")]),
    attack("overwrite-the-launcher", "overwrite_launcher", Changes("{run}/launcher"), &["{side}"])
        .unconfined(&["{run}/launcher"])
        .prepare(own_launcher)
        .patience(1300)
        .within_reach(),
];

/// Whoever may write a file may change its times and attributes, not only its owner.
fn notes_for_everybody(live: &mut Live) -> io::Result<()> {
    std::fs::set_permissions(live.scene.at(NOTES), std::fs::Permissions::from_mode(0o666))
}

/// A launcher whose file the attack may spoil: a copy of lowbox, or of the careless one.
fn own_launcher(live: &mut Live) -> io::Result<()> {
    let launcher = live.scene.at("{run}/launcher");
    let original = if live.side.is_confined() { "{lowbox}" } else { "{programs}/launcher" };
    std::fs::copy(live.scene.at(original), &launcher)?;
    live.scene.set("lowbox", &launcher.to_string_lossy());
    Ok(())
}
