//! Large files take little memory, and what a package says that it has is not unpacked unasked.

mod common;

use std::fs::{self, File};

use common::World;

const APPLICATION: &str = r#"uap18:TrustLevel="appContainer" uap18:RuntimeBehavior="appSilo""#;

/// A folder `app` with a file of so many bytes.
fn world(size: u64) -> World {
    let world = World::new();
    let text = common::manifest(&common::application("App", "app.exe", APPLICATION), "");
    world.file("app/AppxManifest.xml", &text);
    world.file("app/app.exe", "#!/bin/sh\n");
    File::create(world.work().join("app/large.bin")).unwrap().set_len(size).unwrap();
    world
}

#[test]
fn a_file_many_times_larger_than_the_bound_is_packed_verified_and_unpacked_within_it() {
    const BOUND: u64 = 64 << 10;
    let world = world(256 << 20);
    let script = "import resource, subprocess, sys; subprocess.run(sys.argv[1:], check=True); \
                  print(resource.getrusage(resource.RUSAGE_CHILDREN).ru_maxrss)";
    for arguments in [
        &["pack", "app", "-o", "a.msix"][..],
        &["verify", "a.msix", "--unsigned"],
        &["unpack", "a.msix", "-d", "out"],
    ] {
        let mut python = world.command("/usr/bin/python3");
        python.args(["-c", script, env!("CARGO_BIN_EXE_lowbox")]).args(arguments);
        let peak: u64 = common::run(python, b"").expect(0).out.trim().parse().unwrap();
        assert!(peak < BOUND, "{arguments:?}: {peak} KiB");
    }
    let large = fs::read(world.work().join("out/large.bin")).unwrap();
    assert!(large.len() == 256 << 20 && large.iter().all(|byte| *byte == 0));
}

#[test]
fn more_than_is_allowed_is_not_unpacked_and_nothing_is_left() {
    let world = world(3 << 20);
    world.lowbox(["pack", "app", "-o", "a.msix"]).expect(0);
    let unpack = |size: &str| world.lowbox(["unpack", "a.msix", "-d", "out", "--max-size", size]);
    unpack("3M").expect(125).says("--max-size");
    assert_eq!(fs::read_dir(world.work()).unwrap().count(), 2);
    unpack("4M").expect(0);
    assert_eq!(fs::metadata(world.work().join("out/large.bin")).unwrap().len(), 3 << 20);
}

#[test]
fn a_file_of_several_segments_is_refused_wherever_it_was_changed() {
    // Not the same in any two blocks, and no two of them alike.
    let world = world(0);
    let text: String = (0..1_200_000).map(|number| format!("{number:x} ")).collect();
    world.file("app/large.bin", &text);
    world.lowbox(["pack", "app", "-o", "a.msix"]).expect(0);
    world.lowbox(["unpack", "a.msix", "-d", "out"]).expect(0);
    assert_eq!(fs::read_to_string(world.work().join("out/large.bin")).unwrap(), text);
    fs::remove_dir_all(world.work().join("out")).unwrap();
    let path = world.work().join("a.msix");
    let whole = fs::read(&path).unwrap();
    let entry = {
        let package = lowbox_msix::package::Package::open(&whole).unwrap();
        package.contents().container().part("large.bin").unwrap().entry.clone()
    };
    for part in [0, 1, 2, 3, 4] {
        let mut bytes = whole.clone();
        bytes[(entry.data_offset() + entry.compressed * part / 5 + 100) as usize] ^= 0x10;
        fs::write(&path, bytes).unwrap();
        world.lowbox(["verify", "a.msix", "--unsigned"]).expect(125).says("large.bin");
        world.lowbox(["unpack", "a.msix", "-d", "out"]).expect(125).says("large.bin");
        assert_eq!(fs::read_dir(world.work()).unwrap().count(), 2);
    }
}
