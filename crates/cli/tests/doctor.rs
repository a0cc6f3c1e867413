//! `lowbox doctor`, on this machine and on one made worse.

mod common;

use common::{Done, World, run};
use serde_json::Value;

/// The finding of that name.
fn item<'a>(answer: &'a Value, name: &str) -> &'a Value {
    let items = answer["items"].as_array().unwrap();
    items.iter().find(|item| item["name"] == name).unwrap_or_else(|| panic!("{name} is not in {answer}"))
}

/// Runs doctor in a shell that has a user namespace and a mount namespace of its own, after `preparation`.
fn worse(world: &World, preparation: &str) -> Done {
    let mut command = world.command("unshare");
    let lowbox = env!("CARGO_BIN_EXE_lowbox");
    command.args([
        "--user",
        "--map-root-user",
        "--mount",
        "sh",
        "-ec",
        &format!("{preparation}; exec {lowbox} doctor --json"),
    ]);
    run(command, b"")
}

#[test]
fn every_finding_says_what_it_means_and_the_exit_code_sums_them_up() {
    let world = World::new();
    let done = world.lowbox(["doctor", "--json"]);
    let answer = done.json();
    for item in answer["items"].as_array().unwrap() {
        assert!(!item["meaning"].as_str().unwrap().is_empty(), "{item}");
        let fine = item["state"] == "ok";
        assert!(fine || ["reduced", "missing"].contains(&item["state"].as_str().unwrap()), "{item}");
        assert_eq!(item["advice"].is_null(), fine, "what is not in order has advice: {item}");
    }
    for name in [
        "user namespaces",
        "private /proc",
        "Landlock",
        "seccomp",
        "cgroup limits",
        "groups",
        "Windows programs",
        "a container",
    ] {
        item(&answer, name);
    }
    assert_eq!(answer["works"], done.code == 0);
    world.is_untouched();
}

#[test]
fn doctor_and_run_agree() {
    let world = World::new();
    let doctor = world.lowbox(["doctor"]);
    let run = world.lowbox(["run", "--", "true"]);
    assert_eq!(doctor.code == 0, run.code == 0, "{doctor:#?} {run:#?}");
    doctor.prints("user namespaces").prints("lowbox run ");
}

#[test]
fn a_limit_of_namespaces_is_found_and_named() {
    let world = World::new();
    let done = worse(&world, "echo 0 > /proc/sys/user/max_user_namespaces").expect(1);
    let answer = done.json();
    let finding = item(&answer, "user namespaces");
    assert_eq!(finding["state"], "missing");
    assert!(finding["meaning"].as_str().unwrap().contains("ENOSPC"), "{finding}");
    assert!(finding["advice"].as_str().unwrap().contains("user.max_user_namespaces"), "{finding}");
    assert_eq!(item(&answer, "a container")["state"], "missing");
    assert_eq!(
        item(&answer, "Landlock")["state"],
        item(&world.lowbox(["doctor", "--json"]).json(), "Landlock")["state"]
    );
}

#[test]
fn one_namespace_that_can_not_be_made_is_named() {
    let world = World::new();
    // Counted for each user and for the namespaces above as well, so zero is enough.
    let answer = worse(&world, "echo 0 > /proc/sys/user/max_uts_namespaces").expect(1).json();
    let finding = item(&answer, "namespaces");
    assert_eq!(finding["state"], "missing");
    assert!(finding["meaning"].as_str().unwrap().contains("uts"), "{finding}");
}

#[test]
fn a_covered_proc_is_found_and_named() {
    let world = World::new();
    let answer = worse(&world, "mount -t tmpfs none /proc/sys").expect(1).json();
    let finding = item(&answer, "outer /proc");
    assert_eq!(finding["state"], "reduced");
    assert!(finding["meaning"].as_str().unwrap().contains("/proc/sys"), "{finding}");
    assert_eq!(item(&answer, "private /proc")["state"], "missing");
}

#[test]
fn another_supervisor_of_system_calls_is_found() {
    let world = World::new();
    let lowbox = env!("CARGO_BIN_EXE_lowbox");
    // Inside lowbox's own container there is one already.
    let done =
        world.lowbox(["run", "--grant", &format!("{lowbox}:rx"), "--", lowbox, "doctor", "--json"]).expect(1);
    let answer = done.json();
    assert_eq!(item(&answer, "seccomp")["state"], "missing");
    assert_eq!(item(&answer, "user namespaces")["state"], "missing");
    assert_eq!(answer["works"], false);
}

#[test]
fn a_home_that_can_not_be_used_is_said_and_not_an_error() {
    let world = World::new();
    let ask = |variable: &str, value: &str| {
        let mut command = world.command(env!("CARGO_BIN_EXE_lowbox"));
        command.env(variable, value).args(["doctor", "--json"]);
        run(command, b"").expect(1).json()
    };
    let answer = ask("HOME", "not-absolute");
    assert!(item(&answer, "data folder")["meaning"].as_str().unwrap().contains("HOME"));
    let file = world.file("file", "");
    let answer = ask("XDG_DATA_HOME", file.to_str().unwrap());
    assert_eq!(item(&answer, "data folder")["state"], "missing");
}

#[test]
fn a_configuration_that_others_may_write_is_told() {
    use std::os::unix::fs::PermissionsExt;
    let world = World::new();
    let folder = world.home().join(".config/lowbox/objects.d");
    std::fs::create_dir_all(&folder).unwrap();
    std::fs::set_permissions(&folder, std::fs::Permissions::from_mode(0o777)).unwrap();
    let answer = world.lowbox(["doctor", "--json"]).json();
    let finding = item(&answer, "configuration");
    assert_eq!(finding["state"], "reduced");
    assert!(finding["advice"].as_str().unwrap().contains("chmod"), "{finding}");
}
