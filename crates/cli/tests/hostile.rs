//! Names and files that somebody else has chosen.

mod common;

use std::ffi::OsString;
use std::fs;
use std::os::unix::fs::PermissionsExt;
use std::process::Command;

use common::{Done, SILO, World, application, manifest, run};

/// `lowbox`, for at most 20 seconds: then the code is 124.
fn lowbox(world: &World, arguments: &[&str]) -> Done {
    let mut command = world.command("timeout");
    command.args(["20", env!("CARGO_BIN_EXE_lowbox")]).args(arguments);
    run(command, b"")
}

#[test]
fn a_link_in_the_place_of_a_packages_home_is_not_followed() {
    let world = World::new();
    world.lowbox(["run", "--name", "app", "--", "true"]).expect(0);
    let packages = world.home().join(".local/share/lowbox/packages");
    let package = std::fs::read_dir(&packages).unwrap().next().unwrap().unwrap().path();
    let state = package.join("LocalState");
    std::fs::remove_dir_all(&state).unwrap();
    std::os::unix::fs::symlink(world.work(), &state).unwrap();
    world.lowbox(["run", "--name", "app", "--", "true"]).expect(125).says("symbolic link");
    assert_eq!(std::fs::read_dir(world.work()).unwrap().count(), 0);
}

#[test]
fn a_manifest_or_object_file_that_nobody_writes_to_keeps_nobody_waiting() {
    let world = World::new();
    let fifo = world.work().join("fifo");
    assert!(Command::new("mkfifo").arg(&fifo).status().unwrap().success());
    lowbox(&world, &["run", "--manifest", "fifo", "--", "touch", "ran"]).expect(125).says("fifo: ");
    lowbox(&world, &["run", "--objects", "fifo", "--", "touch", "ran"]).expect(125).says("fifo: ");
    lowbox(&world, &["run", "--objects", "/dev/zero", "--", "touch", "ran"]).expect(125).says("/dev/zero: ");
}

#[test]
fn a_manifest_can_not_claim_the_private_data_of_bare_commands() {
    let world = World::new();
    let program = world.file("app/notes", "#!/bin/sh\ncat \"$HOME/note\"\n");
    fs::set_permissions(&program, fs::Permissions::from_mode(0o755)).unwrap();
    world.lowbox(["run", "--name", "notes", "--", "sh", "-c", "echo private > \"$HOME/note\""]).expect(0);
    let claim = manifest(&application("App", "notes", SILO), "")
        .replace("Contoso.Report", "notes")
        .replace("CN=Contoso", "CN=lowbox-unpackaged");
    world.file("app/m.xml", &claim);
    let done = world.lowbox(["run", "--manifest", "app/m.xml"]).expect(125).says("reserved");
    assert!(!done.out.contains("private"), "{done:?}");
}

#[test]
fn a_program_by_its_path_does_not_get_the_home_of_its_namesake_in_path() {
    let world = World::new();
    for (folder, script) in [("tools", "echo private > \"$HOME/note\""), ("checkout", "cat \"$HOME/note\"")] {
        let program = world.file(format!("{folder}/editor"), &format!("#!/bin/sh\n{script}\n"));
        fs::set_permissions(&program, fs::Permissions::from_mode(0o755)).unwrap();
    }
    let editor = |program: &str| {
        let mut path = OsString::from(world.work().join("tools"));
        path.push(":/usr/bin:/bin");
        let mut command = world.command(env!("CARGO_BIN_EXE_lowbox"));
        command.env("PATH", path).args(["run", "--", program]);
        run(command, b"")
    };
    editor("editor").expect(0);
    let other = editor("checkout/editor");
    assert!(!other.out.contains("private") && other.code != 0, "{other:?}");
}
