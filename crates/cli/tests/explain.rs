//! `lowbox explain`.

mod common;

use std::ffi::OsStr;
use std::fs;
use std::os::unix::ffi::OsStrExt;
use std::os::unix::fs::symlink;

use common::World;
use serde_json::json;

#[test]
fn a_denial_says_what_would_grant_it_and_that_is_true() {
    let world = World::new();
    let documents = world.home().join("Documents");
    fs::create_dir(&documents).unwrap();
    let file = documents.join("x.txt");
    fs::write(&file, "x").unwrap();
    let file = file.to_str().unwrap();

    let denied = world.lowbox(["explain", file, "--capability", "picturesLibrary"]).expect(0);
    let denied = denied.prints("denied").prints("--capability documentsLibrary").prints("privacy-sensitive");
    denied.prints(&format!("--grant {file}:r")).prints("objects.txt (built in):");

    let answer = world.lowbox(["explain", file, "--json"]).expect(0).json();
    assert_eq!(answer["granted"], false);
    assert_eq!(answer["exists"], true);
    assert_eq!(answer["operation"], "read");
    assert_eq!(
        answer["would_grant"][0],
        json!({"kind": "capability", "name": "documentsLibrary", "privacy": true, "opens": 1})
    );
    for option in [
        ["--capability", "documentsLibrary"],
        ["--grant", answer["would_grant"][1]["argument"].as_str().unwrap()],
    ] {
        let granted = world.lowbox(["explain", file, "--json", option[0], option[1]]).expect(0).json();
        assert_eq!(granted["granted"], true, "{option:?}");
        assert_eq!(granted["would_grant"], json!([]));
        let deciding = granted["checks"][0]["trace"].as_array().unwrap().last().unwrap().clone();
        assert_eq!((&deciding["side"], &deciding["effect"]), (&json!("lowbox"), &json!("granted")));
        assert!(deciding["source"]["ace"]["sddl"].is_string());
    }
    assert!(!world.home().join(".local").exists(), "explaining makes no folders");
}

#[test]
fn what_is_not_there_yet_is_decided_by_its_folder() {
    let world = World::new();
    fs::create_dir(world.work().join("out")).unwrap();
    let ask = |grant: &str| {
        world
            .lowbox(["explain", "out/new.csv", "--for", "create", "--grant", grant, "--json"])
            .expect(0)
            .json()
    };
    let answer = ask("./out:rw");
    assert_eq!((&answer["granted"], &answer["exists"]), (&json!(true), &json!(false)));
    let answer = world.lowbox(["explain", "out/missing.csv", "--json"]).expect(0).json();
    assert_eq!(answer["would_grant"], json!([]), "run refuses to grant what is not there");
    assert!(answer["notes"].to_string().contains("create it first"));
    let answer = ask("./out:r");
    assert_eq!(answer["granted"], false);
    assert_eq!(answer["would_grant"][0]["argument"], format!("{}:rw", world.work().join("out").display()));
}

#[test]
fn links_are_followed_and_said_and_one_that_is_not_visible_hides_its_end() {
    let world = World::new();
    symlink("/usr/bin/env", world.work().join("tool")).unwrap();
    let answer = world.lowbox(["explain", "./tool", "--for", "execute", "--json"]).expect(0).json();
    assert_eq!(answer["path"], fs::canonicalize("/usr/bin/env").unwrap().to_str().unwrap());
    assert_eq!(answer["links"][0]["leads_to"], "/usr/bin/env");
    assert_eq!(answer["links"][0]["visible"], false);
    assert_eq!(answer["granted"], false, "the file may be run, but not by this name");
    assert_eq!(answer["checks"][0]["granted"], true);

    let work = format!("{}:r", world.work().display());
    let answer =
        world.lowbox(["explain", "./tool", "--for", "execute", "--json", "--grant", &work]).expect(0).json();
    assert_eq!((&answer["granted"], &answer["links"][0]["visible"]), (&json!(true), &json!(true)));
    world.lowbox(["explain", "./tool"]).expect(0).prints("→ /usr/bin/env (not visible to the program)");
}

#[test]
fn names_that_are_not_utf_8_are_explained_too() {
    let world = World::new();
    let name = OsStr::from_bytes(b"caf\xe9");
    world.file(name, "x");
    let answer = world.lowbox([OsStr::new("explain"), name, OsStr::new("--json")]).expect(0).json();
    assert_eq!(answer["exists"], true);
    assert!(answer["path_hex"].as_str().unwrap().ends_with("636166e9"), "{answer}");
    assert_eq!(answer["would_grant"], json!([]), "a name that can't be written is not recommended");
    world.lowbox([OsStr::new("explain"), name]).expect(0).prints("caf\\xe9: denied").prints("not UTF-8");
}

#[test]
fn escapes_in_names_do_not_reach_the_terminal() {
    let world = World::new();
    let name = "a\u{1b}[2J\u{202e}b";
    for options in
        [&["explain", name][..], &["explain", name, "--json"], &["explain", name, "--grant", "\u{1b}[2J:r"]]
    {
        let done = world.lowbox(options);
        assert!(
            !done.out.contains(['\u{1b}', '\u{202e}']) && !done.err.contains(['\u{1b}', '\u{202e}']),
            "{done:?}"
        );
    }
    assert_eq!(world.lowbox(["explain", name, "--json"]).json()["asked"], name, "JSON keeps the name");
}

#[test]
fn what_run_would_refuse_is_not_recommended() {
    let world = World::new();
    let state = world.home().join(".local/share/lowbox/packages/other/LocalState/secret");
    let answer = world.lowbox(["explain", state.to_str().unwrap(), "--json"]).expect(0).json();
    assert_eq!(answer["would_grant"], json!([]));
    assert!(answer["notes"].to_string().contains("private data"), "{answer}");
    let home = format!("{}:r", world.home().display());
    world.lowbox(["explain", "/usr", "--grant", &home]).expect(125).says("can't be granted");
}

#[test]
fn a_less_privileged_container_gets_less() {
    let world = World::new();
    let granted = |options: &[&str]| {
        let arguments =
            ["explain", "/etc/hosts", "--json"].iter().chain(options).copied().collect::<Vec<_>>();
        world.lowbox(arguments).expect(0).json()["granted"].clone()
    };
    assert_eq!(granted(&[]), true);
    assert_eq!(granted(&["--lpac"]), false);
    assert_eq!(granted(&["--lpac", "--capability", "internetClient"]), true);
}

#[test]
fn added_objects_are_named_by_file_and_line_and_bad_ones_too() {
    let world = World::new();
    let data = world.file("data.txt", "x");
    let file = world.file("my.objects", &format!("# mine\ntree {} D:(A;;FR;;;AC)\n", data.display()));
    let file = file.to_str().unwrap();
    let answer = world.lowbox(["explain", "data.txt", "--objects", file, "--json"]).expect(0).json();
    assert_eq!(answer["granted"], true);
    assert_eq!(answer["governed_by"][0]["origin"], format!("{file}:2"));
    let bad = world.file("bad.objects", "tree /x D:(A;;FR;;;AC)\ntree /y D:(Q)\n");
    world.lowbox(["explain", "/x", "--objects", bad.to_str().unwrap()]).expect(125).says("bad.objects:2");
    world.lowbox(["explain", "/x", "--objects", "missing.objects"]).expect(125).says("missing.objects");
}

#[test]
fn bad_questions_are_refused_with_a_reason() {
    let world = World::new();
    world.lowbox(["explain", "/usr", "--for", "dance"]).expect(125).says("dance");
    world.lowbox(["explain", "/usr", "--grant", "./missing:r"]).expect(125).says("does not exist");
    world.lowbox(["explain", "/usr", "--grant", "/usr:q"]).expect(125).says("is no right");
    world.lowbox(["explain", "missing/../x"]).expect(125).says("no such folder");
    world
        .lowbox(["explain", "/usr", "--capability", "permissiveLearningMode"])
        .expect(125)
        .says("is refused");
    world.lowbox(["explain", "/usr", "--capability", "noSuchThing"]).expect(0).says("not in the catalogue");
    world.is_untouched();
}

#[test]
fn what_the_kernel_can_not_hold_exactly_is_not_called_granted() {
    let world = World::new();
    let data = world.file("data.txt", "x");
    // READ_DATA alone: whoever may open a file may look at its attributes too.
    let file = world.file("my.objects", &format!("tree {} D:(A;;0x1;;;AC)\n", data.display()));
    let options = ["--objects", file.to_str().unwrap(), "--json"];
    let answer = world.lowbox(["explain", "data.txt"].iter().chain(&options)).expect(0).json();
    assert_eq!(answer["checks"][0]["granted"], true);
    assert_eq!(answer["granted"], false, "it could be stat'ed, which the descriptor does not grant");
    let notes = answer["notes"].to_string();
    assert!(notes.contains("withheld") && notes.contains("READ_ATTRIBUTES"), "{notes}");
}

#[test]
fn explain_and_run_agree() {
    let world = World::new();
    world.file("in/data.txt", "x");
    fs::create_dir(world.work().join("out")).unwrap();
    let grants = ["--grant", "./in:r", "--grant", "./out:rw"];
    let script = |text: &str| {
        let arguments = [&["run", "--no-argument-grants"], &grants[..], &["--", "sh", "-c", text]].concat();
        world.lowbox(arguments).code == 0
    };
    for (path, operation, command) in [
        ("in/data.txt", "read", "cat in/data.txt"),
        ("in/data.txt", "write", "echo x >> in/data.txt"),
        ("in", "list", "ls in"),
        ("in/new", "create", ": > in/new"),
        ("out/new", "create", ": > out/new"),
        ("out/new", "unlink", "rm out/new"),
        ("out/folder", "mkdir", "mkdir out/folder"),
        ("/etc/shadow", "read", "cat /etc/shadow"),
        ("/usr/bin/env", "execute", "/usr/bin/env true"),
        ("/usr/bin/env", "write", ": >> /usr/bin/env"),
    ] {
        let arguments = [&["explain", path, "--for", operation, "--json"], &grants[..]].concat();
        let granted = world.lowbox(arguments).expect(0).json()["granted"] == true;
        assert_eq!(granted, script(command), "{operation} {path}");
    }
}
