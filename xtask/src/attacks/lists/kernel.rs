//! System calls that give power over the machine or its kernel. Those that need privilege are proved unconfined as root of a
//! user namespace, or as root.

use super::super::attack::{Attack, Judge, Proof, attack};
use super::super::setup::Setup;
use Judge::{Gained, Leak, Outside};

/// Root of a user namespace of its own, with namespaces that may be spoilt.
const NAMESPACES: &[&str] = &["unshare", "--user", "--map-root-user", "--mount", "--net", "--uts", "--"];
const KEYRING: &[&str] = &["/usr/bin/python3", "-B", "{programs}/keyring_session.py"];
const SECRET: &[(&str, &str)] = &[("VICTIM_SECRET", "{secret}")];
const RW: &[&str] = &["--grant", "{rw}:rw"];
const RO: &[&str] = &["--grant", "{ro}:r"];

const fn call(name: &'static str) -> Attack {
    attack(name, name, Gained, &[])
}

const fn in_namespaces(name: &'static str) -> Attack {
    call(name).unconfined(NAMESPACES)
}

const fn as_root(name: &'static str) -> Attack {
    call(name).proof(Proof::Root)
}

pub const ATTACKS: &[Attack] = &[
    in_namespaces("mount"),
    in_namespaces("umount"),
    in_namespaces("remount"),
    in_namespaces("pivot_root"),
    in_namespaces("chroot"),
    in_namespaces("fsopen"),
    in_namespaces("open_tree"),
    in_namespaces("move_mount"),
    in_namespaces("mount_setattr"),
    attack("unshare-user", "unshare", Gained, &["10000000"]),
    attack("unshare-mount", "unshare", Gained, &["20000"]).unconfined(NAMESPACES),
    attack("unshare-net", "unshare", Gained, &["40000000"]).unconfined(NAMESPACES),
    attack("unshare-pid", "unshare", Gained, &["20000000"]).unconfined(NAMESPACES),
    attack("clone-user-namespace", "clone_ns", Gained, &["10000000"]),
    attack("clone-user-namespace-high-bits", "clone_ns", Gained, &["110000000"]),
    attack("clone-mount-namespace", "clone_ns", Gained, &["20000"]).unconfined(NAMESPACES),
    attack("clone3-user-namespace", "clone3_ns", Gained, &[]),
    in_namespaces("setns"),
    as_root("bpf"),
    call("perf_event_open"),
    call("userfaultfd"),
    call("io_uring_setup"),
    attack("keyctl-read-session-key", "keyctl_read", Leak, &[]).around(KEYRING).env(SECRET),
    attack("add_key", "add_key", Outside, &[]).around(KEYRING).env(SECRET),
    attack("request_key", "request_key", Leak, &[]).around(KEYRING).env(SECRET),
    as_root("kexec_load"),
    as_root("init_module"),
    call("personality"),
    call("int80"),
    call("x32"),
    call("modify_ldt"),
    attack("open_by_handle_at", "open_by_handle_at", Leak, &["{ro}", "{victim_type}", "{victim_handle}"])
        .lowbox(RO)
        .victim(&["handle", "{home}/.ssh/id_ed25519"])
        .proof(Proof::Root),
    call("listmount"),
    call("statmount"),
    attack("fanotify", "fanotify", Gained, &["{ro}"]).lowbox(RO),
    call("quotactl"),
    attack("swapon", "swapon", Gained, &["{rw}/swap"]).lowbox(RW).proof(Proof::Root),
    attack("acct", "acct", Gained, &["{rw}/acct"]).lowbox(RW).proof(Proof::Root),
    as_root("settimeofday"),
    in_namespaces("sethostname"),
    as_root("syslog"),
    as_root("ioperm"),
    as_root("ns_ioctl").needs(mount_namespaces_can_be_walked),
    call("pidfd_namespace"),
    attack("memfd-exec-gains-nothing", "memfd_exec", Leak, &["{home}/.ssh/id_ed25519"]).within_reach(),
];

/// NS_MNT_GET_NEXT came with Linux 6.12.
fn mount_namespaces_can_be_walked(_: &Setup) -> Option<&'static str> {
    let release = std::fs::read_to_string("/proc/sys/kernel/osrelease").unwrap_or_default();
    let mut numbers = release.split(['.', '-']).map_while(|n| n.parse::<u32>().ok());
    let version = (numbers.next().unwrap_or(0), numbers.next().unwrap_or(0));
    (version < (6, 12)).then_some("walking mount namespaces came with Linux 6.12")
}
