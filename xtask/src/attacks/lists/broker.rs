//! Brokered access: what a program tries while the user, or a policy, answers for what it touches.

use std::fs;
use std::io;

use super::super::attack::{Attack, Judge, attack};
use super::super::live::Live;
use Judge::{Appears, Changes, Event, Leak, Outside};

const KEY: &str = "{home}/.ssh/id_ed25519";
const ALLOW: &[&str] = &["--prompt", "allow"];
const DENY_FIFO: &[&str] = &["--prompt", "deny", "--grant", "{ro}:r"];
const RW: &[&str] = &["--grant", "{rw}:rw"];
/// The user says no to what lies in .ssh, and yes to everything else.
const USER: &[&str] = &["/usr/bin/python3", "-B", "{programs}/answering.py", "/.ssh"];
/// An object file that denies the keys to every package.
const KEYS_DENIED: &[&str] = &["--prompt", "allow", "--objects", "{run}/objects"];

pub const ATTACKS: &[Attack] = &[
    attack("broker-race-read", "race", Leak, &["read", "{home}/docs/id_ed25519", KEY])
        .around(USER)
        .prepare(same_length)
        .at_home(),
    attack("broker-race-write", "race", Changes("{home}/.ssh"), &["write", "{home}/docs/id_ed25519", KEY])
        .around(USER)
        .prepare(same_length)
        .at_home(),
    attack("broker-race-link", "relink", Leak, &["{home}/docs", KEY])
        .around(USER)
        .prepare(same_length)
        .at_home(),
    attack("broker-link-in-grant", "read_file.py", Leak, &["{rw}/link"]).around(USER).lowbox(RW).at_home(),
    attack("broker-asks-about-a-link", "read_file.py", Outside, &["{rw}/link"])
        .around(&["/usr/bin/python3", "-B", "{programs}/answering.py", "/no-such-name/"])
        .unconfined(&["/bin/echo", "OUTSIDE", "TRIED"])
        .lowbox(RW)
        .at_home(),
    attack("broker-catalogue-deny", "read_file.py", Leak, &[KEY])
        .lowbox(KEYS_DENIED)
        .prepare(deny_keys)
        .at_home(),
    attack("broker-catalogue-deny-working-folder", "read_file.py", Leak, &[KEY])
        .lowbox(&["--prompt", "allow", "--objects", "{run}/objects", "--chdir", "{home}/.ssh"])
        .prepare(deny_keys)
        .at_home(),
    attack("broker-catalogue-deny-list", "list_names.py", Leak, &["{home}/Documents"])
        .lowbox(KEYS_DENIED)
        .prepare(deny_keys)
        .at_home(),
    attack("broker-other-package", "read_file.py", Leak, &[OTHER_PACKAGE]).lowbox(ALLOW).at_home(),
    attack(
        "broker-consent-database",
        "write_file.py",
        Appears("{home}/.local/share/lowbox/consent.db"),
        &["{home}/.local/share/lowbox/consent.db", "mine"],
    )
    .lowbox(ALLOW)
    .at_home(),
    attack(
        "broker-object-files",
        "write_file.py",
        Appears("{home}/.config/lowbox/objects.d/mine"),
        &["{home}/.config/lowbox/objects.d/mine", "x"],
    )
    .lowbox(ALLOW)
    .at_home(),
    attack("broker-whole-home", "write_file.py", Appears("{home}/new"), &["{home}/new", "x"])
        .lowbox(ALLOW)
        .at_home(),
    attack(
        "broker-system-file",
        "write_file.py",
        Appears("/etc/lowbox-attack"),
        &["/etc/lowbox-attack", "x"],
    )
    .lowbox(ALLOW)
    .root_only()
    .prepare(no_system_file)
    .at_home(),
    attack("broker-fifo-in-ro-grant", "fifo_write.py", Event, &["{ro}/fifo"])
        .victim(&["fifo", "{ro}/fifo"])
        .lowbox(DENY_FIFO)
        .at_home(),
];

const OTHER_PACKAGE: &str =
    "{home}/.local/share/lowbox/packages/Contoso.Mail_8wekyb3d8bbwe/LocalState/mail.db";

/// A file to grant whose path is as long as that of the key.
fn same_length(live: &mut Live) -> io::Result<()> {
    let docs = live.scene.at("{home}/docs");
    fs::create_dir_all(&docs)?;
    fs::write(docs.join("id_ed25519"), "granted\n")
}

fn deny_keys(live: &mut Live) -> io::Result<()> {
    fs::write(live.scene.at("{run}/objects"), live.scene.expand(OBJECTS))
}
const OBJECTS: &str = "tree {home}/.ssh D:(D;OICI;FA;;;AC)\ntree {home}/Documents D:(D;OICI;FA;;;AC)\n";

fn no_system_file(_: &mut Live) -> io::Result<()> {
    match fs::remove_file("/etc/lowbox-attack") {
        Err(error) if error.kind() != io::ErrorKind::NotFound => Err(error),
        _ => Ok(()),
    }
}
