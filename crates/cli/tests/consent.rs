//! `lowbox consent`, and what remembered consents do to a start and to what runs.

mod common;

use std::ffi::OsStr;
use std::fs;
use std::io::{BufRead, BufReader};
use std::os::unix::ffi::OsStrExt;
use std::os::unix::fs::symlink;
use std::process::{Child, ChildStdout, Stdio};
use std::time::{Duration, Instant};

use common::World;
use serde_json::{Value, json};

/// Starts `sh -c script` under the name, and waits for its first line.
fn start(world: &World, name: &str, script: &str) -> (Child, BufReader<ChildStdout>, String) {
    let mut command = world.command(env!("CARGO_BIN_EXE_lowbox"));
    command.args(["run", "--name", name, "--", "sh", "-c", script]);
    let mut child = command.stdout(Stdio::piped()).stderr(Stdio::piped()).spawn().unwrap();
    let mut out = BufReader::new(child.stdout.take().unwrap());
    let mut line = String::new();
    out.read_line(&mut line).unwrap();
    (child, out, line)
}

/// Waits until the store has `count` running holders of the path.
fn wait_for_holders(world: &World, path: &str, count: usize) {
    let end = Instant::now() + Duration::from_secs(10);
    loop {
        let shown = world.lowbox(["consent", "show", path, "--json"]).json();
        if shown["held_by"].as_array().unwrap().len() == count {
            return;
        }
        assert!(Instant::now() < end, "{shown}");
        std::thread::sleep(Duration::from_millis(10));
    }
}

fn list(world: &World) -> Vec<Value> {
    world.lowbox(["consent", "list", "--json"]).expect(0).json().as_array().unwrap().clone()
}

#[test]
fn asking_makes_nothing() {
    let world = World::new();
    world.lowbox(["consent", "list"]).expect(0).prints("no consents");
    assert_eq!(world.lowbox(["consent", "list", "--json"]).expect(0).json(), json!([]));
    world.lowbox(["consent", "show", "x"]).expect(1).prints("no consents");
    world.lowbox(["consent", "revoke", "x"]).expect(1).says("no consent for x");
    world.lowbox(["consent", "reset", "--package", "app"]).expect(0).says("had no consents");
    world.is_untouched();
    world.lowbox(["consent", "reset"]).expect(125).says("--package FAMILY");
    world.lowbox(["consent", "revoke"]).expect(125).says("PATH");
}

#[test]
fn what_was_granted_once_is_there_at_every_start_with_exactly_these_rights() {
    let world = World::new();
    world.file("read/f", "seen\n");
    world.file("write/f", "");
    world.file("not/f", "unseen\n");
    world
        .lowbox(["consent", "grant", "--package", "app", "read:r", "./write:rw"])
        .expect(0)
        .says("is allowed (rw)");
    let script =
        "cat read/f; echo more >> write/f && echo written; echo x >> read/f || echo not written; ls not";
    let run = || world.lowbox(["run", "--name", "app", "--", "sh", "-c", script]);
    run().expect(2).prints("seen\nwritten\nnot written\n");
    run().expect(2).prints("seen\nwritten\nnot written\n");
    assert_eq!(fs::read_to_string(world.work().join("write/f")).unwrap(), "more\nmore\n");
    assert_eq!(fs::read_to_string(world.work().join("read/f")).unwrap(), "seen\n");
    let other = world.lowbox(["run", "--name", "other", "--", "cat", "read/f"]);
    assert_eq!(other.out, "seen\n", "it is named as an argument: {other:?}");
    world.lowbox(["run", "--name", "other", "--", "sh", "-c", "ls read"]).expect(2);
    // What the user sets takes the place of what was.
    world.lowbox(["consent", "grant", "--package", "app", "write:r"]).expect(0);
    run().expect(2).prints("seen\nnot written\n");
    world.lowbox(["consent", "revoke", "read"]).expect(0).prints("removed from app_");
    let done = run();
    assert!(!done.out.contains("seen"), "{done:?}");
}

#[test]
fn explain_knows_of_consents() {
    let world = World::new();
    world.file("folder/f", "");
    let explain = |more: &[&str]| {
        world.lowbox(["explain", "folder/f", "--name", "app", "--json"].iter().chain(more)).expect(0).json()
    };
    assert_eq!(explain(&[])["granted"], false);
    world.lowbox(["consent", "grant", "--package", "app", "folder:r"]).expect(0);
    assert_eq!(explain(&[])["granted"], true);
    assert_eq!(explain(&[])["governed_by"][0]["origin"], "a remembered consent");
    assert_eq!(explain(&["--for", "write"])["granted"], false);
}

#[test]
fn a_listing_tells_everything_in_a_stable_shape() {
    let world = World::new();
    let name = OsStr::from_bytes(b"caf\xe9\x1b[2J");
    world.file(name, "");
    world.file("plain", "");
    let mut odd = name.to_owned();
    odd.push(":r");
    for grant in [odd.as_os_str(), OsStr::new("plain:rwx")] {
        let arguments = ["consent", "grant", "--package", "app"].map(OsStr::new);
        world.lowbox(arguments.into_iter().chain([grant])).expect(0);
    }
    world.lowbox(["consent", "grant", "--package", "app", "--capability", "WEBcam"]).expect(0);
    let entries = list(&world);
    assert_eq!(entries.len(), 3);
    let family = entries[0]["package"].as_str().unwrap();
    assert!(family.starts_with("app_"));
    let hex: String =
        world.work().join(name).as_os_str().as_bytes().iter().map(|byte| format!("{byte:02x}")).collect();
    assert_eq!(entries[0]["path_hex"], hex);
    let when = entries[1]["made"].as_str().unwrap().to_owned();
    assert!(when.len() == 20 && when.ends_with('Z') && when.starts_with("20"), "{when}");
    assert_eq!(
        entries[1],
        json!({"package": family, "object": "path", "path": world.work().join("plain"), "rights": "rwx",
            "read_only": false, "kind": "file", "state": "valid", "decision": "allow", "how": "command",
            "made": when, "last_used": null})
    );
    assert_eq!(entries[2]["object"], "capability");
    assert_eq!(entries[2]["capability"], "webcam");
    let text = world.lowbox(["consent", "list"]).expect(0).prints("caf\\xe9\\u{1b}[2J");
    assert!(!text.out.contains('\u{1b}'), "{text:?}");
    let one = world.lowbox(["consent", "list", "plain", "--package", family, "--json"]).expect(0).json();
    assert_eq!(one.as_array().unwrap().len(), 1);
    world.lowbox(["run", "--name", "app", "--", "true"]).expect(0);
    assert!(
        list(&world).iter().filter(|one| one["object"] == "path").all(|one| one["last_used"].is_string())
    );
}

#[test]
fn what_run_refuses_to_grant_can_not_be_consented_to_either() {
    let world = World::new();
    world.file("real/f", "");
    symlink("real", world.work().join("link")).unwrap();
    let grant = |what: &str| world.lowbox(["consent", "grant", "--package", "app", what]);
    grant("link:r").expect(125).says("symbolic link");
    grant("missing:r").expect(125).says("does not exist");
    grant("real:q").expect(125).says("is no right");
    grant("/proc:r").expect(125).says("mount of proc");
    grant(&format!("{}:r", world.home().display())).expect(125).says("private data");
    let data = world.home().join(".local/share/lowbox");
    fs::create_dir_all(data.join("packages")).unwrap();
    grant(&format!("{}:rw", data.join("packages").display())).expect(125).says("private data");
    let mut deep = "real".to_owned();
    for _ in 0..150 {
        deep.push_str("/d");
    }
    fs::create_dir_all(world.work().join(&deep)).unwrap();
    grant(&format!("{deep}:r")).expect(125).says("too deep");
    // One that is refused keeps the others from being remembered.
    world.lowbox(["consent", "grant", "--package", "app", "real:r", "link:r"]).expect(125);
    for (name, why) in [
        ("internetClient", "not privacy-sensitive"),
        ("contoso.thing", "not in the catalogue"),
        ("uiAccess", "refused"),
    ] {
        world.lowbox(["consent", "grant", "--package", "app", "--capability", name]).expect(125).says(why);
    }
    assert_eq!(list(&world), [Value::Null; 0]);
}

#[test]
fn what_was_moved_or_replaced_by_a_link_is_left_out_and_said() {
    let world = World::new();
    world.file("folder/f", "mine\n");
    world.file("secret/f", "secret\n");
    world.file("saved", "old\n");
    world.file("gone", "");
    world.lowbox(["consent", "grant", "--package", "app", "folder:r", "saved:r", "gone:r"]).expect(0);
    let work = world.work();
    fs::rename(work.join("folder"), work.join("moved")).unwrap();
    symlink("secret", work.join("folder")).unwrap();
    fs::rename(world.file("saved.new", "new\n"), work.join("saved")).unwrap();
    fs::remove_file(work.join("gone")).unwrap();
    let run = || world.lowbox(["run", "--name", "app", "--", "sh", "-c", "cat saved; cat folder/f; true"]);
    let done = run().expect(0).says("symbolic link").says("folder is left out");
    assert_eq!(done.out, "new\n");
    let states = |world: &World| -> Vec<String> {
        list(world).iter().map(|one| one["state"].as_str().unwrap().to_owned()).collect()
    };
    assert_eq!(states(&world), ["void-link", "missing", "valid"]);
    world.lowbox(["consent", "list"]).prints("void: a part of the path has become a symbolic link");
    fs::remove_file(work.join("folder")).unwrap();
    fs::rename(work.join("secret"), work.join("folder")).unwrap();
    let done = run().expect(0).says("another one is there now");
    assert_eq!(done.out, "new\n");
    assert_eq!(states(&world)[0], "void-moved");
    // A path that is a link now is still found to be revoked.
    fs::rename(work.join("folder"), work.join("secret")).unwrap();
    symlink("secret", work.join("folder")).unwrap();
    world.lowbox(["consent", "revoke", "folder"]).expect(0);
    assert_eq!(states(&world), ["missing", "valid"]);
}

#[test]
fn revoking_ends_who_has_it_and_nobody_else() {
    let world = World::new();
    world.file("folder/f", "");
    world.lowbox(["consent", "grant", "--package", "holder", "folder:r"]).expect(0);
    let (mut holder, _out, line) = start(&world, "holder", "ls folder; exec sleep 60");
    assert_eq!(line, "f\n");
    let (mut other, _other_out, _) = start(&world, "other", "echo on; exec sleep 60");
    wait_for_holders(&world, "folder", 1);
    world.lowbox(["consent", "show", "folder"]).expect(0).prints(&format!("(lowbox {},", holder.id()));

    let kept = world.lowbox(["consent", "revoke", "folder", "--keep-running", "--json"]).expect(0).json();
    assert_eq!(kept["held_by"][0]["outcome"], "next-start");
    assert!(holder.try_wait().unwrap().is_none(), "it runs on");

    let done = world.lowbox(["consent", "revoke", "folder", "--json"]).expect(0).json();
    assert_eq!(done["removed"], json!([]), "the entry is gone already");
    assert_eq!(done["held_by"][0]["pid"], holder.id());
    assert_eq!(done["held_by"][0]["outcome"], "ended");
    let ended = holder.wait_with_output().unwrap();
    assert_eq!(ended.status.code(), Some(137));
    let said = String::from_utf8_lossy(&ended.stderr).into_owned();
    assert!(said.contains("was revoked"), "{said}");
    assert!(other.try_wait().unwrap().is_none());
    other.kill().unwrap();
    other.wait().unwrap();
    world.lowbox(["consent", "revoke", "folder"]).expect(1).says("no consent");
}

#[test]
fn a_container_that_does_not_react_is_reported_and_the_exit_code_says_so() {
    let world = World::new();
    world.file("folder/f", "");
    world.lowbox(["consent", "grant", "--package", "app", "folder:r"]).expect(0);
    let (mut stopped, _out, _) = start(&world, "app", "echo on; exec sleep 60");
    wait_for_holders(&world, "folder", 1);
    let signal = |name: &str| {
        let mut kill = world.command("kill");
        kill.args([name, &stopped.id().to_string()]);
        common::run(kill, b"").expect(0);
    };
    signal("-STOP");
    let done = world.lowbox(["consent", "reset", "--package", "app"]).expect(2).prints("DID NOT REACT");
    done.prints("removed from app_");
    signal("-CONT");
    assert_eq!(stopped.wait().unwrap().code(), Some(137), "it ends as soon as it can");
}

#[test]
fn a_killed_lowbox_holds_nothing() {
    let world = World::new();
    world.file("folder/f", "");
    world.lowbox(["consent", "grant", "--package", "app", "folder:r"]).expect(0);
    let (mut killed, _out, _) = start(&world, "app", "echo on; exec sleep 60");
    wait_for_holders(&world, "folder", 1);
    killed.kill().unwrap();
    killed.wait().unwrap();
    let done = world.lowbox(["consent", "revoke", "folder", "--json"]).expect(0).json();
    assert_eq!(done["held_by"], json!([]));
}

#[test]
fn a_name_that_several_packages_have_must_be_told_apart() {
    let world = World::new();
    world.file("a", "");
    for family in ["app_8wekyb3d8bbwe", "App_12xz202t9gcxc"] {
        world.lowbox(["consent", "grant", "--package", family, "a:r"]).expect(0);
    }
    world.lowbox(["consent", "revoke", "--package", "app", "a"]).expect(125).says("App_12xz202t9gcxc");
    world.lowbox(["consent", "revoke", "--package", "app_8wekyb3d8bbwe", "a"]).expect(0);
    assert_eq!(list(&world)[0]["package"], "App_12xz202t9gcxc");
    world.lowbox(["consent", "revoke", "--package", "app", "a"]).expect(0);
    assert_eq!(list(&world), [Value::Null; 0]);
}

#[test]
fn a_store_that_can_not_be_believed_opens_nothing_and_stops_nothing() {
    let world = World::new();
    world.file("folder/f", "");
    world.lowbox(["consent", "grant", "--package", "app", "folder:r"]).expect(0);
    let database = world.home().join(".local/share/lowbox/consent.db");
    fs::rename(&database, world.work().join("db")).unwrap();
    symlink(world.work().join("db"), &database).unwrap();
    let run = || world.lowbox(["run", "--name", "app", "--", "sh", "-c", "ls folder || echo closed"]);
    run().expect(0).prints("closed\n").says("no regular file");
    world.lowbox(["consent", "list"]).expect(125).says("no regular file");
    fs::remove_file(&database).unwrap();
    fs::write(&database, "garbage".repeat(1000)).unwrap();
    run().expect(0).prints("closed\n").says("it is damaged");
}
