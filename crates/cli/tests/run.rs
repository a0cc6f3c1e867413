//! `lowbox run` with what may go wrong on its command line.

mod common;

use std::ffi::{OsStr, OsString};
use std::fs;
use std::os::unix::ffi::OsStrExt;
use std::os::unix::fs::PermissionsExt;

use common::{SILO, World, application, manifest, run};

#[test]
fn a_program_that_is_not_there_is_127_and_one_that_can_not_run_126() {
    let world = World::new();
    world
        .lowbox(["run", "--", "no-such-program"])
        .expect(127)
        .says("no-such-program: no such program in PATH");
    world.lowbox(["run", "--", "./no-such-program"]).expect(127).says("no such program");
    world.file("plain.txt", "hello");
    world.lowbox(["run", "--", "./plain.txt"]).expect(126).says("not executable");
    world.lowbox(["run", "--", world.work().to_str().unwrap()]).expect(126).says("a folder");
    let script = world.file("broken.sh", "#!/no/such/interpreter\n");
    fs::set_permissions(&script, fs::Permissions::from_mode(0o755)).unwrap();
    let done = world.lowbox(["run", "--", "./broken.sh"]);
    assert!(matches!(done.code, 126 | 127), "{done:?}");
    let binary = world.file("no-format", "neither ELF nor script");
    fs::set_permissions(&binary, fs::Permissions::from_mode(0o755)).unwrap();
    world.lowbox(["run", "--", "./no-format"]).expect(126);
}

#[test]
fn exit_codes_and_output_are_the_programs_own() {
    let world = World::new();
    let done = world.lowbox(["run", "--", "sh", "-c", "echo out; echo err >&2; exit 7"]).expect(7);
    assert_eq!((done.out.as_str(), done.err.as_str()), ("out\n", "err\n"));
    world.lowbox(["run", "--", "sh", "-c", "kill -9 $$"]).expect(137);
}

#[test]
fn grants_of_what_is_not_there_change_nothing() {
    let world = World::new();
    world.lowbox(["run", "--grant", "./missing:rw", "--", "true"]).expect(125).says("missing does not exist");
    world.lowbox(["run", "--grant", "./missing", "--", "true"]).expect(125).says("PATH:LETTERS");
    world.lowbox(["run", "--grant", ".:x", "--", "true"]).expect(125).says("rx");
    world
        .lowbox(["run", "--capability", "permissiveLearningMode", "--", "true"])
        .expect(125)
        .says("is refused");
    world
        .lowbox(["run", "--capability", "permi\u{17f}\u{17f}iveLearningMode", "--", "true"])
        .expect(125)
        .says("ASCII");
    world.lowbox(["run", "--memory", "12parsecs", "--", "true"]).expect(125).says("is no unit");
    world.lowbox(["run"]).expect(125).says("PROGRAM");
    assert!(!world.work().join("missing").exists());
}

#[test]
fn an_unknown_capability_is_warned_of_and_the_program_runs() {
    let world = World::new();
    world.lowbox(["run", "--capability", "contoso.thing", "--", "true"]).expect(0).says("contoso.thing");
}

#[test]
fn a_malformed_manifest_starts_nothing() {
    let world = World::new();
    world.file("m.xml", "<Package>");
    world.lowbox(["run", "--manifest", "m.xml", "--", "touch", "ran"]).expect(125).says("m.xml: ");
    world.is_untouched();
}

#[test]
fn a_working_folder_that_is_gone_or_can_not_be_read_is_told_apart() {
    let world = World::new();
    let lowbox = env!("CARGO_BIN_EXE_lowbox");
    let mut gone = world.command("sh");
    gone.args(["-c", &format!("mkdir gone; cd gone; rmdir ../gone; exec {lowbox} run -- true")]);
    run(gone, b"").expect(125).says("working folder");
    // Folders that may be entered but not listed are common above home folders.
    let closed = world.work().join("closed");
    fs::create_dir(&closed).unwrap();
    fs::set_permissions(&closed, fs::Permissions::from_mode(0o311)).unwrap();
    let mut unlisted = world.command(lowbox);
    unlisted.current_dir(&closed).args(["run", "--", "pwd"]);
    run(unlisted, b"").expect(0).prints(closed.to_str().unwrap());
    fs::set_permissions(&closed, fs::Permissions::from_mode(0o755)).unwrap();
    world.lowbox(["run", "--chdir", "./missing", "--", "true"]).expect(125).says("missing does not exist");
}

#[test]
fn a_megabyte_of_arguments_arrives() {
    let world = World::new();
    let long = "x".repeat(100_000);
    let mut arguments = vec!["run", "--", "sh", "-c", "echo $# ${#10}", "sh"];
    arguments.extend(std::iter::repeat_n(long.as_str(), 10));
    world.lowbox(arguments).expect(0).prints("10 100000\n");
    let short: Vec<String> =
        (0..20_000).map(|number| format!("argument-that-names-no-file-{number:020}")).collect();
    let fixed = ["run", "--", "sh", "-c", "echo $#", "sh"].map(str::to_owned);
    world.lowbox(fixed.iter().chain(&short)).expect(0).prints("20000\n");
}

#[test]
fn names_that_are_not_utf_8_can_be_granted_and_passed() {
    let world = World::new();
    let name = OsStr::from_bytes(b"caf\xe9.txt");
    world.file(name, "coffee");
    let arguments = [OsStr::new("run"), OsStr::new("--"), OsStr::new("cat"), name];
    world.lowbox(arguments).expect(0).prints("coffee");
    let folder = OsStr::from_bytes(b"\xff:odd");
    fs::create_dir(world.work().join(folder)).unwrap();
    let mut grant = OsString::from(folder);
    grant.push(":rw");
    let script = OsStr::new("cd \"$1\" && echo made > file");
    let arguments = [
        OsStr::new("run"),
        OsStr::new("--grant"),
        &grant,
        OsStr::new("--"),
        OsStr::new("sh"),
        OsStr::new("-c"),
        script,
        OsStr::new("sh"),
        folder,
    ];
    world.lowbox(arguments).expect(0);
    assert_eq!(fs::read_to_string(world.work().join(folder).join("file")).unwrap(), "made\n");
}

#[test]
fn escapes_in_names_do_not_reach_the_terminal_through_lowbox() {
    let world = World::new();
    let name = "evil\u{1b}[2J\u{202e}";
    world.file(name, "x");
    let cat = format!("{}/{name}", world.work().display());
    let all = [
        vec!["run", "--", name],
        vec!["run", "--grant", "gone\u{1b}[2J:r", "--", "true"],
        vec!["run", "--manifest", "gone\u{1b}[2J", "--", "true"],
        vec!["run", "--objects", "gone\u{1b}[2J", "--", "true"],
        vec!["run", "--chdir", "gone\u{1b}[2J", "--", "true"],
        vec!["run", "--capability", "\u{1b}[2J", "--", "true"],
        vec!["run", "--\u{1b}[2J"],
        vec!["\u{1b}[2J"],
        vec!["run", "-v", "--no-argument-grants", "--", "test", "-s", &cat],
    ];
    for arguments in all {
        let done = world.lowbox(&arguments);
        assert!(!done.err.contains(['\u{1b}', '\u{202e}']), "{arguments:?} {done:?}");
    }
    // The shell's own message goes nowhere; what is left is lowbox's.
    let denied =
        world.lowbox(["run", "-v", "--", "sh", "-c", "exec 2>/dev/null; : > \"$0\"", "/evil\u{1b}[2J"]);
    let denied = denied.says("denied: ").says("/evil\\u{1b}[2J");
    assert!(!denied.err.contains('\u{1b}'), "{denied:?}");
}

#[test]
fn a_manifest_runs_its_own_application_from_its_own_folder() {
    let world = World::new();
    let script = "#!/bin/sh\ncat \"$(dirname \"$0\")/../data.txt\"\necho no > \"$0.new\" 2>/dev/null || echo read-only\n";
    let program = world.file("app/bin/report", script);
    fs::set_permissions(&program, fs::Permissions::from_mode(0o755)).unwrap();
    world.file("app/data.txt", "the package's own\n");
    let text = manifest(&application("App", "bin\\report", SILO), "");
    world.file("app/AppxManifest.xml", &text);
    let done = world.lowbox(["run", "--manifest", "app/AppxManifest.xml"]).expect(0);
    assert_eq!(done.out, "the package's own\nread-only\n");
    assert!(!world.work().join("app/bin/report.new").exists());
}

#[test]
fn of_several_applications_one_is_chosen() {
    let world = World::new();
    for name in ["one", "two"] {
        let program = world.file(format!("app/{name}"), &format!("#!/bin/sh\necho {name}\n"));
        fs::set_permissions(&program, fs::Permissions::from_mode(0o755)).unwrap();
    }
    let full_trust = r#"EntryPoint="Windows.FullTrustApplication""#;
    let both = application("One", "one", full_trust) + &application("Two", "two", full_trust);
    world.file("app/m.xml", &manifest(&both, ""));
    let run = |more: &[&str]| world.lowbox(["run", "--manifest", "app/m.xml"].iter().chain(more));
    run(&[]).expect(125).says("choose one with --app: One, Two");
    run(&["--app", "Three"]).expect(125).says("it has One, Two");
    run(&["--app", "two"]).expect(0).says("isolates it all the same").prints("two\n");
    run(&["--app", "Two", "--", "echo", "other"]).expect(0).prints("other\n");
    world.lowbox(["run", "--app", "Two", "--", "true"]).expect(125).says("--manifest");
}

#[test]
fn a_manifest_without_a_program_says_so() {
    let world = World::new();
    world.file("m.xml", &manifest("", ""));
    world.lowbox(["run", "--manifest", "m.xml"]).expect(125).says("name a program to run");
    world.file("n.xml", &manifest(&application("App", "missing", SILO), ""));
    world.lowbox(["run", "--manifest", "n.xml"]).expect(127).says("missing");
}

#[test]
fn more_grants_than_descriptors_are_no_hindrance() {
    let folder = tempfile::tempdir().unwrap();
    let mut arguments = vec!["-c".to_owned(), "ulimit -Sn 64; exec \"$@\"".to_owned(), "sh".to_owned()];
    arguments.extend([env!("CARGO_BIN_EXE_lowbox").to_owned(), "run".to_owned()]);
    for number in 0..200 {
        let path = folder.path().join(number.to_string());
        std::fs::write(&path, "").unwrap();
        arguments.push("--grant".to_owned());
        arguments.push(format!("{}:r", path.display()));
    }
    let count = format!("ulimit -Sn; ls {} | wc -l", folder.path().display());
    arguments.extend(["--", "sh", "-c", &count].map(str::to_owned));
    let output = std::process::Command::new("sh").args(arguments).output().unwrap();
    assert_eq!(String::from_utf8_lossy(&output.stdout), "64\n200\n", "{output:?}");
}

#[test]
fn a_pyvenv_cfg_in_a_checkout_opens_code_only_and_it_is_said() {
    use std::os::unix::fs::PermissionsExt;
    let folder = tempfile::tempdir_in(std::env::var_os("HOME").unwrap()).unwrap();
    let (checkout, other) = (folder.path().join("checkout"), folder.path().join("other"));
    std::fs::create_dir_all(checkout.join("venv/bin")).unwrap();
    std::fs::create_dir_all(other.join("bin")).unwrap();
    std::fs::write(other.join("secret"), "SECRET").unwrap();
    std::fs::write(other.join("pyvenv.cfg"), "").unwrap();
    std::fs::write(checkout.join("venv/pyvenv.cfg"), format!("home = {}/bin\n", other.display())).unwrap();
    let program = checkout.join("venv/bin/python");
    std::fs::write(&program, format!("#!/bin/sh\necho started\ncat {}/secret\n", other.display())).unwrap();
    std::fs::set_permissions(&program, std::fs::Permissions::from_mode(0o755)).unwrap();
    let run = |wrapper: &[&str]| {
        let mut command =
            std::process::Command::new(wrapper.first().map_or(program.as_os_str(), |w| w.as_ref()));
        if !wrapper.is_empty() {
            command.args(&wrapper[1..]).arg(&program);
        }
        let output = command.output().unwrap();
        [output.stdout, output.stderr].map(|bytes| String::from_utf8(bytes).unwrap())
    };
    assert!(run(&[])[0].contains("SECRET"), "outside it reads the other project");
    let [inside, said] = run(&[env!("CARGO_BIN_EXE_lowbox"), "run", "--"]);
    assert!(inside.contains("started") && !inside.contains("SECRET"), "{inside} {said}");
    assert!(said.contains("lead to"), "{said}");
}

#[test]
fn a_program_reached_through_a_link_in_its_path_is_refused_by_name() {
    let folder = tempfile::tempdir_in(std::env::var_os("HOME").unwrap()).unwrap();
    std::fs::create_dir(folder.path().join("real")).unwrap();
    std::fs::copy("/bin/true", folder.path().join("real/tool")).unwrap();
    std::os::unix::fs::symlink("real", folder.path().join("way")).unwrap();
    let run = |path: &str| {
        let program = folder.path().join(path);
        std::process::Command::new(env!("CARGO_BIN_EXE_lowbox"))
            .arg("run")
            .arg("--")
            .arg(program)
            .output()
            .unwrap()
    };
    assert_eq!(run("real/tool").status.code(), Some(0));
    let refused = run("way/tool");
    assert_eq!(refused.status.code(), Some(125));
    assert!(String::from_utf8_lossy(&refused.stderr).contains("symbolic link"), "{refused:?}");
}
