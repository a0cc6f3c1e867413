//! Outside processes through /proc; setuid programs.

use std::io;
use std::os::unix::fs::MetadataExt;

use super::super::attack::{Attack, Judge, Proof, attack};
use super::super::live::Live;
use super::super::setup::Setup;
use Judge::{After, Gained, Leak};

const SSH_KEY: &str = "{home}/.ssh/id_ed25519";
const VICTIM: &[&str] = &["process"];
const RW: &[&str] = &["--grant", "{rw}:rw"];

const fn proc(name: &'static str, args: &'static [&'static str]) -> Attack {
    attack(name, "proc_outside.py", Leak, args).victim(VICTIM)
}

pub const ATTACKS: &[Attack] = &[
    proc("proc-pid-root", &["root", "{victim_pid}", "0", "0", SSH_KEY]),
    proc("proc-pid-environ", &["environ", "{victim_pid}", "0", "0", SSH_KEY]),
    proc("proc-pid-mem", &["mem", "{victim_pid}", "{victim_address}", "0", SSH_KEY]),
    proc("proc-pid-fd", &["fd", "{victim_pid}", "0", "{victim_fd}", SSH_KEY]),
    attack("setuid-in-grant", "setuid_run.py", Gained, &["{foreign}"]).needs(root_made_it),
    attack("setuid-su-and-sudo", "setuid_su.py", Gained, &[]).proof(Proof::User),
    attack("make-setuid-file", "setuid_make", After(setuid_file_exists), &["{rw}"]).lowbox(RW),
    attack("make-device-node", "mknod_device", Gained, &["{rw}"]).lowbox(RW).proof(Proof::Root),
];

fn root_made_it(setup: &Setup) -> Option<&'static str> {
    (!setup.foreign_setuid().exists())
        .then_some("only root can make a setuid file of another user: run the attacks as root")
}

fn setuid_file_exists(live: &mut Live) -> io::Result<bool> {
    for entry in std::fs::read_dir(live.scene.at("{rw}"))? {
        if entry?.metadata()?.mode() & 0o6000 != 0 {
            return Ok(true);
        }
    }
    Ok(false)
}
