//! A package is begun for a folder, with what can be found out filled in; then it can be packed and run at once.

mod common;

use std::fs::{self, Permissions};
use std::os::unix::fs::{PermissionsExt, symlink};

use common::World;
use lowbox_msix::{Architecture, Manifest};

fn manifest(world: &World) -> Manifest {
    let manifest = Manifest::parse(&fs::read(world.work().join("app/AppxManifest.xml")).unwrap()).unwrap();
    assert!(manifest.warnings.is_empty(), "{:?}", manifest.warnings);
    manifest
}

#[test]
fn a_script_is_packed_and_runs_isolated_at_once() {
    let world = World::new();
    world.file("app/report.py", "import sys\nprint('made', len(sys.argv))\n");
    world.lowbox(["init", "app", "--exe", "app/report.py"]).expect(0).says("started by report.exe");
    let read = manifest(&world);
    assert_eq!(read.identity.full_name(), format!("app_1.0.0.0_neutral__{}", read.identity.publisher().id()));
    assert_eq!(read.target_device_families[0].name, "Linux.All");
    assert_eq!(read.applications[0].executable.as_deref(), Some("report.exe"));
    assert!(read.applications[0].isolation.is_silo());
    let run =
        |path: &str| world.lowbox(["run", "--manifest", path, "--prompt", "deny"]).expect(0).prints("made 1");
    run("app/AppxManifest.xml");
    world.lowbox(["pack", "app"]).expect(0).says("app_1.0.0.0_neutral.msix");
    world.lowbox(["verify", "app_1.0.0.0_neutral.msix", "--unsigned"]).expect(0);
    world.lowbox(["unpack", "app_1.0.0.0_neutral.msix", "-d", "out"]).expect(0);
    // In the folder itself the package goes beside it.
    fs::remove_file(world.work().join("app_1.0.0.0_neutral.msix")).unwrap();
    let mut command = world.command(env!("CARGO_BIN_EXE_lowbox"));
    command.arg("pack").current_dir(world.work().join("app"));
    common::run(command, b"").expect(0);
    assert!(world.work().join("app_1.0.0.0_neutral.msix").exists());
}

#[test]
fn an_empty_folder_gets_a_first_program() {
    let world = World::new();
    let told = world.lowbox(["init", "app", "--publisher", "CN=Jane, O=Contoso", "--json"]).expect(0).json();
    assert_eq!(told["program"], serde_json::Value::Null);
    assert_eq!(told["executable"], "app.exe");
    assert_eq!(told["written"].as_array().unwrap().len(), 5);
    let read = manifest(&world);
    assert_eq!(read.properties.publisher_display_name, "Jane");
    world
        .lowbox(["run", "--manifest", "app/AppxManifest.xml", "--prompt", "deny"])
        .expect(0)
        .prints("Hello from app.");
    world.lowbox(["pack", "app", "-o", "a.msix"]).expect(0);
    let picture = fs::read(world.work().join("app/Assets/Square44x44Logo.png")).unwrap();
    assert!(picture.starts_with(b"\x89PNG\r\n\x1a\n") && picture.ends_with(b"IEND\xaeB`\x82"));
}

#[test]
fn programs_are_found_and_told_apart_by_their_headers() {
    let world = World::new();
    fs::create_dir(world.work().join("app")).unwrap();
    fs::copy("/bin/true", world.work().join("app/tool")).unwrap();
    world.file("app/notes.txt", "not a program");
    world.lowbox(["init", "app", "--name", "Contoso.Tool"]).expect(0);
    let read = manifest(&world);
    assert_eq!(read.identity.name(), "Contoso.Tool");
    let own = if cfg!(target_arch = "x86_64") { Architecture::X64 } else { Architecture::Arm64 };
    assert_eq!(read.identity.architecture(), own);
    assert_eq!(read.applications[0].executable.as_deref(), Some("tool.exe"));
    world.lowbox(["run", "--manifest", "app/AppxManifest.xml", "--prompt", "deny"]).expect(0);
    // A Windows program.
    let world = World::new();
    let mut pe = vec![0_u8; 256];
    pe[..2].copy_from_slice(b"MZ");
    pe[0x3c] = 0x80;
    pe[0x80..0x86].copy_from_slice(b"PE\0\0\x64\xaa");
    fs::create_dir(world.work().join("app")).unwrap();
    fs::write(world.work().join("app/Tool.exe"), pe).unwrap();
    world.lowbox(["init", "app"]).expect(0);
    let read = manifest(&world);
    assert_eq!(read.identity.architecture(), Architecture::Arm64);
    assert_eq!(read.target_device_families[0].name, "Windows.Desktop");
    assert_eq!(read.applications[0].executable.as_deref(), Some("Tool.exe"));
}

#[test]
fn nothing_that_is_there_is_changed_and_what_is_doubtful_is_refused() {
    let world = World::new();
    world.file("app/AppxManifest.xml", "mine");
    world.lowbox(["init", "app"]).expect(125).says("is there already");
    assert_eq!(fs::read_dir(world.work().join("app")).unwrap().count(), 1);
    assert_eq!(fs::read_to_string(world.work().join("app/AppxManifest.xml")).unwrap(), "mine");
    let world = World::new();
    for name in ["one", "two"] {
        let path = world.file(format!("app/{name}"), "#!/bin/sh\n");
        fs::set_permissions(path, Permissions::from_mode(0o755)).unwrap();
    }
    world.lowbox(["init", "app"]).expect(125).says("several programs: one, two");
    world.file("elsewhere.sh", "");
    world.lowbox(["init", "app", "--exe", "elsewhere.sh"]).expect(125).says("is not in");
    world.file("app/notes.txt", "text");
    world.lowbox(["init", "app", "--exe", "notes.txt"]).expect(125).says("no program that is known");
    world.file("app/one.exe", "mine");
    world.lowbox(["init", "app", "--exe", "one"]).expect(125).says("one.exe is there already");
    world.lowbox(["init", "app", "--exe", "two", "--publisher", "Jane"]).expect(125).says("TYPE=value");
    assert_eq!(fs::read_dir(world.work().join("app")).unwrap().count(), 4);
    world.lowbox(["init", "app", "--exe", "two"]).expect(0);
}

#[test]
fn the_program_in_the_folder_comes_first_and_a_script_that_may_not_be_executed_is_named() {
    let world = World::new();
    world.file("app/report.py", "print('inside')\n");
    world.file("report.py", "print('outside')\n");
    world.lowbox(["init", "app"]).expect(125).says("report.py may be meant").says("--exe");
    assert_eq!(fs::read_dir(world.work().join("app")).unwrap().count(), 1);
    world.lowbox(["init", "app", "--exe", "gone.py"]).expect(125).says("neither in").says("app");
    let made = world.lowbox(["init", "app//", "--exe", "report.py"]).expect(0);
    let made = made.says("its program is report.py").says("edit app/AppxManifest.xml; lowbox pack app;");
    assert!(!made.err.contains("//"), "{made:?}");
    world
        .lowbox(["run", "--manifest", "app/AppxManifest.xml", "--prompt", "deny"])
        .expect(0)
        .prints("inside");
}

#[test]
fn nothing_is_written_through_a_link() {
    for target in ["elsewhere", "nowhere"] {
        let world = World::new();
        fs::create_dir(world.work().join("elsewhere")).unwrap();
        fs::create_dir(world.work().join("app")).unwrap();
        symlink(world.work().join(target), world.work().join("app/Assets")).unwrap();
        world.lowbox(["init", "app"]).expect(125).says("Assets is a symbolic link");
        assert_eq!(fs::read_dir(world.work().join("app")).unwrap().count(), 1);
        assert_eq!(fs::read_dir(world.work().join("elsewhere")).unwrap().count(), 0);
        assert!(!world.work().join("nowhere").exists());
    }
}
