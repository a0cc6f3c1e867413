//! Reading, writing and learning of files that were not granted.

use super::super::attack::{Attack, Judge, attack};
use Judge::{Appears, Changes, Gained, Leak};

const RW: &[&str] = &["--grant", "{rw}:rw"];
const OTHER_PACKAGE: &str =
    "{home}/.local/share/lowbox/packages/Contoso.Mail_8wekyb3d8bbwe/LocalState/mail.db";

pub const ATTACKS: &[Attack] = &[
    attack("read-ssh-key", "read_file.py", Leak, &["{home}/.ssh/id_ed25519"]),
    attack("read-cloud-credentials", "read_file.py", Leak, &["{home}/.aws/credentials"]),
    attack("read-browser-profile", "read_file.py", Leak, &["{home}/.mozilla/firefox/x.default/logins.json"]),
    attack("read-other-package", "read_file.py", Leak, &[OTHER_PACKAGE]),
    attack("write-bashrc", "write_file.py", Changes("{home}/.bashrc"), &["{home}/.bashrc", "evil"]),
    attack("write-profile", "write_file.py", Changes("{home}/.profile"), &["{home}/.profile", "evil"]),
    attack(
        "write-autostart",
        "write_file.py",
        Appears("{home}/.config/autostart/evil.desktop"),
        &["{home}/.config/autostart/evil.desktop", "evil"],
    ),
    attack(
        "write-path-hijack",
        "write_file.py",
        Appears("{home}/.local/bin/ls"),
        &["{home}/.local/bin/ls", "evil"],
    ),
    attack("write-cron", "write_file.py", Changes("{cron}"), &["{cron}/tab", "evil"]),
    attack("learn-names", "list_names.py", Leak, &["{home}"]),
    attack("learn-names-beside-a-grant", "list_names.py", Leak, &["{home}/Documents"]).lowbox(RW),
    attack("learn-that-a-file-exists", "stat_name.py", Gained, &["{home}/.aws/credentials"]),
    attack("hard-link-out", "link_out.py", Appears("{home}/out"), &["link", "{rw}/file.txt", "{home}/out"])
        .lowbox(RW),
    attack("rename-out", "link_out.py", Appears("{home}/out"), &["rename", "{rw}/file.txt", "{home}/out"])
        .lowbox(RW),
    attack("hard-link-in", "link_in.py", Leak, &["link", "{home}/.ssh/id_ed25519", "{rw}/in"]).lowbox(RW),
    attack("rename-in", "link_in.py", Leak, &["rename", "{home}/.ssh/id_ed25519", "{rw}/in"]).lowbox(RW),
    attack("symlink-in-grant-own", "link_in.py", Leak, &["symlink", "{home}/.ssh/id_ed25519", "{rw}/in"])
        .lowbox(RW),
    attack("symlink-in-grant-found", "read_file.py", Leak, &["{rw}/link"]).lowbox(RW),
    attack("read-from-write-only-grant", "read_file.py", Leak, &["{rw}/secret.txt"])
        .lowbox(&["--grant", "{rw}:w"])
        .refusable(),
    attack("swap-race", "swap_race", Leak, &["{rw}", "{home}/.ssh/id_ed25519"]).lowbox(RW).patience(500),
];
