//! Learning: what a program is seen to need is enough to run it, and no less is; nothing is missed; and what is dangerous is
//! refused all the same.

use std::collections::BTreeSet;
use std::fs;
use std::io::Write;
use std::net::TcpListener;
use std::os::unix::fs::PermissionsExt;
use std::path::{Path, PathBuf};
use std::thread;
use std::time::Duration;

use lowbox_program_tests::{
    ATTACKS, Lesson, Needed, Person, accesses, canonical, everyone_at_home, finish, found, pids_with,
    recorded_paths as recorded, text, unique_sleep, until,
};
use serde_json::Value;

const PYTHON: &str = "/usr/bin/python3";

/// Reads a picture and a file, writes a file, and asks a server.
const APP: &str = r#"
import os, pwd, socket, sys, tempfile
data, picture, out, port = sys.argv[1:]
text = open(data).read() + open(picture).read()
with tempfile.NamedTemporaryFile() as own:
    own.write(b"its own")
assert pwd.getpwuid(os.getuid()).pw_dir == os.environ['HOME']
scratch = f"/tmp/lowbox-learn-{port}"
os.mkdir(scratch)
with open(scratch + "/a", "w") as own:
    own.write("its own")
os.rename(scratch + "/a", scratch + "/b")
text += open(scratch + "/b").read().replace("its own", "")
os.unlink(scratch + "/b")
os.rmdir(scratch)
with socket.create_connection(("127.0.0.1", int(port))) as server:
    text += server.recv(100).decode()
with open(out, "w") as file:
    file.write(text)
print(text)
"#;

/// Answers on a port of the loopback interface for as long as the test runs.
fn server() -> u16 {
    let listener = TcpListener::bind("127.0.0.1:0").expect("a port");
    let port = listener.local_addr().expect("its address").port();
    thread::spawn(move || {
        for client in listener.incoming().flatten() {
            let mut client = client;
            let _ = client.write_all(b"served");
        }
    });
    port
}

/// What `learn results` finds in a record file, as options of `run`: each with its value.
fn options(person: &Person, trace: &Path) -> Vec<Needed> {
    let found = found(person, trace);
    // Programs that look for the limits of their cgroup do without.
    let kernels = |row: &Value| row["object"].as_str().is_some_and(|object| object.starts_with("/sys/"));
    assert!(found.nothing.iter().all(kernels), "{:?}", found.nothing);
    found.needed
}

#[test]
fn what_was_learned_is_enough_and_without_any_part_of_it_the_program_fails() {
    let port = server().to_string();
    everyone_at_home(|person| {
        let app = person.file("app.py", APP);
        // They are named as arguments, which is not to grant them here.
        let data = person.file("data/in.txt", "read ");
        let picture = person.file("../Pictures/p.txt", "seen ");
        let out = person.folder("out").join("o.txt");
        let command = [PYTHON, "-I", text(&app), text(&data), text(&picture), text(&out), &port];
        let results = person.folder("results");
        let learn = ["learn", "--no-argument-grants", "--out", text(&results), "--"];
        let script = Person::grant(&app, "r").map(|word| word.into_string().expect("text"));
        let arguments: Vec<&str> = learn[..2]
            .iter()
            .copied()
            .chain(script.iter().map(String::as_str))
            .chain(learn[2..].iter().copied())
            .chain(command)
            .collect();
        let learned = finish(person.lowbox(&arguments), 60);
        let said = learned.succeeded();
        assert_eq!(said, "read seen served", "{}", person.name);
        assert!(learned.stderr.contains("--allow-loopback"), "{}", learned.stderr);
        assert!(learned.stderr.contains("would run anyway"), "{}", learned.stderr);
        assert!(results.join("report.html").is_file() && results.join("AppxManifest.xml").is_file());
        let needed = options(person, &results.join("records.trace"));
        let expected: BTreeSet<[String; 2]> = [
            ["--capability", "picturesLibrary"],
            ["--grant", &format!("{}:r", canonical(&data))],
            ["--grant", &format!("{}:rw", canonical(out.parent().expect("a folder")))],
            ["--allow-loopback", &port],
        ]
        .map(|pair| pair.map(str::to_owned))
        .into();
        assert_eq!(needed.iter().cloned().collect::<BTreeSet<_>>(), expected, "{}", person.name);
        let run = |without: Option<usize>| {
            let _ = fs::remove_file(&out);
            let kept = needed.iter().enumerate().filter(|(at, _)| Some(*at) != without);
            let options = kept.flat_map(|(_, pair)| pair.clone()).chain(script.clone());
            let options: Vec<String> = options.chain(["--no-argument-grants".to_owned()]).collect();
            finish(person.inside(options, command), 60)
        };
        assert_eq!(run(None).succeeded(), "read seen served", "{}", person.name);
        assert_eq!(fs::read_to_string(&out).expect("written"), "read seen served");
        for (at, pair) in needed.iter().enumerate() {
            let ended = run(Some(at));
            assert!(!ended.status.success(), "{}: works without {pair:?}", person.name);
        }
    });
}

#[test]
fn what_is_declared_is_not_recorded() {
    everyone_at_home(|person| {
        let data = person.file("data/in.txt", "x");
        let trace = person.work().join("r.trace");
        let script = format!("open({:?}).read(); print('read')", text(&data));
        let [option, grant] = Person::grant(data.parent().expect("a folder"), "r");
        let (option, grant) = (option.into_string().expect("text"), grant.into_string().expect("text"));
        let learn = |more: &[&str]| {
            let _ = fs::remove_file(&trace);
            let mut arguments = vec!["learn", "--no-results", "--trace", text(&trace)];
            arguments.extend(more);
            arguments.extend(["--", PYTHON, "-I", "-c", &script]);
            assert_eq!(finish(person.lowbox(&arguments), 60).succeeded(), "read");
            recorded(&trace)
        };
        assert_eq!(learn(&[]), [canonical(&data)].into(), "{}", person.name);
        assert_eq!(learn(&[&option, &grant]), BTreeSet::new(), "{}", person.name);
    });
}

#[test]
fn the_networks_that_a_manifest_declares_are_not_recorded() {
    let port = server();
    everyone_at_home(|person| {
        let trace = person.work().join("r.trace");
        let script =
            format!("import socket; print(socket.create_connection(('127.0.0.1', {port})).recv(9).decode())");
        let recorded = |exempt: u16| {
            let entry = format!("<net:LoopbackExemption Port=\"{exempt}\"/>");
            let manifest = person.network_manifest("Declared", &entry);
            let _ = fs::remove_file(&trace);
            let learn =
                ["learn", "--no-results", "--trace", text(&trace), "--manifest", text(&manifest), "--"];
            let learn: Vec<&str> = learn.into_iter().chain([PYTHON, "-I", "-c", &script]).collect();
            assert_eq!(finish(person.lowbox(&learn), 60).succeeded(), "served");
            accesses(&trace).iter().filter(|access| access["object"]["port"] == port).count()
        };
        // Another port than that is one access that nothing covers.
        assert_eq!((recorded(1), recorded(port)), (1, 0), "{}", person.name);
    });
}

/// Opens what it may and what it may not, by several ways.
const MANY_WAYS: &str = r#"
import glob, json, os, sqlite3, subprocess, sys
folder = sys.argv[1]
os.chdir(folder)
open("a.txt").read()
open("./sub/../b.txt").read()
open("link").read()
os.close(os.open("d.txt", os.O_RDONLY, dir_fd=os.open("sub", os.O_RDONLY | os.O_DIRECTORY)))
glob.glob("sub/*")
for missing in ("none", "sub/none/none"):
    try: open(missing)
    except FileNotFoundError: pass
database = sqlite3.connect("db")
database.execute("create table t (a)")
database.execute("insert into t values (1)")
database.commit()
subprocess.run(["/bin/sh", "-c", "cat c.txt >> out.txt; ls /etc >/dev/null"], check=True)
print("done")
"#;

#[test]
fn every_path_that_strace_sees_opened_and_the_check_denies_is_recorded_and_no_other() {
    everyone_at_home(|person| {
        let app = person.file("ways.py", MANY_WAYS);
        for name in ["a.txt", "b.txt", "c.txt", "sub/d.txt", "target.txt"] {
            person.file(format!("many/{name}"), name);
        }
        let folder = person.work().join("many");
        std::os::unix::fs::symlink("target.txt", folder.join("link")).expect("a link");
        let trace = person.work().join("r.trace");
        let command = [PYTHON, "-I", text(&app), text(&folder)];
        let learn = ["learn", "--no-results", "--trace", text(&trace), "--"];
        let learn: Vec<&str> = learn.into_iter().chain(command).collect();
        let ended = finish(person.lowbox(&learn), 60);
        assert_eq!(ended.succeeded(), "done", "{}", ended.stderr);
        // The same again: what it made is gone.
        let clean = || ["db", "out.txt"].map(|name| fs::remove_file(folder.join(name)).expect("made"));
        clean();
        let seen = person.work().join("strace.txt");
        let strace =
            ["strace", "-f", "-qq", "-y", "-s", "4096", "-e", "trace=open,openat,creat", "-o", text(&seen)];
        finish(person.plain(strace.into_iter().chain(command)), 60).succeeded();
        let opened = opened(&fs::read_to_string(&seen).expect("what strace saw"));
        assert!(opened.len() > 20, "{opened:?}");
        // Judged while everything is there.
        let denied: BTreeSet<String> =
            opened.into_iter().filter(|path| !is_granted(person, path, &app)).collect();
        for name in
            ["a.txt", "b.txt", "c.txt", "sub/d.txt", "target.txt", "db", "db-journal", "out.txt", "sub"]
        {
            let path = folder.join(name);
            let path = text(&path);
            assert!(denied.contains(path), "strace does not see {path}: {denied:?}");
        }
        let recorded = recorded(&trace);
        let missing: Vec<_> = denied.difference(&recorded).collect();
        assert_eq!(missing, Vec::<&String>::new(), "{}: not recorded", person.name);
        // Beside opens there is the link on the way.
        let more: Vec<&String> = recorded.difference(&denied).collect();
        assert_eq!(more, [text(&folder.join("link"))], "{}: invented", person.name);
        clean();
    });
}

/// Paths that were opened with success, by the descriptor that came of it (`-y`), but for those of the container's own.
fn opened(strace: &str) -> BTreeSet<String> {
    let ends = strace.lines().filter_map(|line| {
        let (_, result) = line.rsplit_once(" = ")?;
        let path = result.split_once('<')?.1.strip_suffix('>')?;
        // As the kernel shows a name that is gone by now.
        let path = path.split_once(">(deleted)").map_or(path, |(path, _)| path);
        Some(path.trim_end_matches(" (deleted)").to_owned())
    });
    let own = |path: &String| ["/proc/", "/dev/pts", "/dev/tty"].iter().any(|place| path.starts_with(place));
    ends.filter(|path| path.starts_with('/') && !own(path)).collect()
}

fn is_granted(person: &Person, path: &str, script: &Path) -> bool {
    let grant = format!("{}:r", canonical(script));
    let arguments = ["explain", "--json", "--name", "python3", "--grant", &grant, path];
    let answer: Value =
        serde_json::from_str(&finish(person.lowbox(&arguments), 60).succeeded()).expect("JSON");
    answer["granted"].as_bool().expect("yes or no")
}

#[test]
fn processes_and_the_kernel_are_out_of_reach_of_a_program_that_is_learned_about() {
    everyone_at_home(|person| {
        let app: PathBuf = person.file("attacks.py", ATTACKS);
        let marker = unique_sleep();
        let mut victim = person.plain(["sleep", &marker]).spawn().expect("a process");
        let pid = victim.id().to_string();
        let command = [PYTHON, "-I", text(&app), &marker, &pid];
        let plain = finish(person.plain(command), 60).succeeded();
        let trace = person.work().join("r.trace");
        let learn = ["learn", "--no-results", "--trace", text(&trace), "--"];
        let learn: Vec<&str> = learn.into_iter().chain(command).collect();
        let inside = finish(person.lowbox(&learn), 60);
        let _ = victim.kill();
        let _ = victim.wait();
        assert_eq!(
            plain,
            "sees it, signals it, reads its memory, traces it, makes a user namespace, reaches the keyring",
            "{}",
            person.name
        );
        assert_eq!(inside.succeeded(), "", "{}", person.name);
    });
}

#[test]
fn records_outlive_lowbox_and_the_program_does_not() {
    everyone_at_home(|person| {
        let data = person.file("data/in.txt", "x");
        let trace = person.work().join("r.trace");
        let marker = unique_sleep();
        let script = format!("cat {} >/dev/null; exec sleep {marker}", text(&data));
        let learn = ["learn", "--no-results", "--trace", text(&trace), "--", "/bin/sh", "-c", &script];
        let mut lowbox = person.lowbox(&learn).spawn().expect("lowbox");
        let time = Duration::from_secs(60);
        assert!(until(time, || !pids_with(&marker).is_empty()), "it starts");
        assert!(until(time, || trace.is_file() && recorded(&trace).contains(&canonical(&data))), "recorded");
        lowbox.kill().expect("a child of this process");
        lowbox.wait().expect("its end");
        assert!(
            until(time, || pids_with(&marker).is_empty()),
            "{}: the program outlives lowbox",
            person.name
        );
        assert_eq!(options(person, &trace), [["--grant".to_owned(), format!("{}:r", canonical(&data))]]);
    });
}

#[test]
fn a_link_or_a_fifo_in_the_place_of_the_records_is_refused_and_left_as_it_is() {
    everyone_at_home(|person| {
        let mine = person.file("mine", "mine");
        let results = person.folder("results");
        let trace = results.join("records.trace");
        let learn = ["learn", "--out", text(&results), "--", "/bin/true"];
        std::os::unix::fs::symlink(&mine, &trace).unwrap();
        let ended = finish(person.lowbox(&learn), 30);
        assert_eq!(ended.code(), Some(125), "{}: {}", person.name, ended.stderr);
        assert_eq!(fs::read(&mine).unwrap(), b"mine", "{}", person.name);
        fs::remove_file(&trace).unwrap();
        // One that nobody reads would keep lowbox waiting.
        rustix::fs::mkfifoat(rustix::fs::CWD, &trace, rustix::fs::Mode::from(0o666)).unwrap();
        assert_eq!(finish(person.lowbox(&learn), 30).code(), Some(125), "{}", person.name);
        fs::remove_file(&trace).unwrap();
        assert_eq!(finish(person.lowbox(&learn), 30).code(), Some(0), "{}", person.name);
        assert!(trace.is_file());
    });
}

#[test]
fn names_that_hold_anything_are_recorded_as_they_are_and_shown_escaped() {
    everyone_at_home(|person| {
        let name = "a\n\u{1b}[2J<script>\u{202e}.txt";
        let file = person.file(Path::new("odd").join(name), "x");
        let trace = person.work().join("r.trace");
        let results = person.folder("results");
        let learn = ["learn", "--no-argument-grants", "--trace", text(&trace), "--out", text(&results), "--"];
        let learn: Vec<&str> = learn.into_iter().chain(["/bin/cat", text(&file)]).collect();
        let ended = finish(person.lowbox(&learn), 60);
        let said = ended.succeeded() + &ended.stderr;
        assert!(said.contains("\\x1b") || said.contains("\\u{1b}"), "{said}");
        assert!(!said.contains('\u{1b}') && !said.contains('\u{202e}'), "{said:?}");
        let escaped = recorded(&trace);
        assert!(escaped.iter().any(|path| path.contains("<script>") && !path.contains('\n')), "{escaped:?}");
    });
}

#[test]
fn what_the_user_may_not_read_is_no_access() {
    let person = lowbox_program_tests::ordinary();
    let folder = tempfile::tempdir().expect("a folder");
    let open = folder.path().join("open.txt");
    let shut = folder.path().join("shut.txt");
    for (path, mode) in [(folder.path(), 0o755), (&open, 0o644), (&shut, 0o600)] {
        if path != folder.path() {
            fs::write(path, "x").expect("a file");
        }
        fs::set_permissions(path, fs::Permissions::from_mode(mode)).expect("its mode");
    }
    if !rustix::process::geteuid().is_root() {
        fs::set_permissions(&shut, fs::Permissions::from_mode(0o0)).expect("its mode");
    }
    let trace = person.work().join("r.trace");
    let script = format!("cat {} {} 2>/dev/null; true", text(&open), text(&shut));
    let learn = ["learn", "--no-results", "--trace", text(&trace), "--", "/bin/sh", "-c", &script];
    assert_eq!(finish(person.lowbox(&learn), 60).succeeded(), "x");
    assert_eq!(recorded(&trace), [canonical(&open)].into());
}

#[test]
fn of_many_opens_by_several_processes_each_one_is_counted() {
    let person = lowbox_program_tests::ordinary();
    let data = person.file("in.txt", "x");
    let trace = person.work().join("r.trace");
    let script = format!(
        "import os\nfor _ in range(4):\n  if os.fork() == 0:\n    for _ in range(5000): os.close(os.open({:?}, 0))\n    os._exit(0)\n\
         for _ in range(4): assert os.wait()[1] == 0",
        text(&data)
    );
    let learn = ["learn", "--no-results", "--trace", text(&trace), "--", PYTHON, "-I", "-c", &script];
    finish(person.lowbox(&learn), 120).succeeded();
    let lines = fs::read_to_string(&trace).expect("a record file");
    let last = lines.lines().filter_map(|line| serde_json::from_str::<Value>(line).ok());
    let counts = last.filter_map(|line| line["count"]["count"].as_u64());
    assert_eq!(counts.max(), Some(20_000));
}

#[test]
fn nothing_gains_a_capability_or_another_uid_while_it_is_learned_about() {
    everyone_at_home(|person| {
        let trace = person.work().join("r.trace");
        let learn = |command: &[&str]| {
            let mut all = vec!["learn", "--no-results", "--trace", text(&trace), "--"];
            all.extend(command);
            finish(person.lowbox(&all), 60)
        };
        let status = learn(&["/bin/cat", "/proc/self/status"]).succeeded();
        for field in ["CapInh", "CapPrm", "CapEff", "CapBnd", "CapAmb"] {
            assert!(status.contains(&format!("{field}:\t0000000000000000")), "{}: {status}", person.name);
        }
        assert!(status.contains("NoNewPrivs:\t1"), "{status}");
        if !rustix::process::geteuid().is_root() {
            return;
        }
        let id = person.work().join("id");
        fs::copy("/usr/bin/id", &id).expect("a copy");
        fs::set_permissions(&id, fs::Permissions::from_mode(0o4755)).expect("its mode");
        let (plain, inside) =
            (finish(person.plain([text(&id), "-u"]), 60).succeeded(), learn(&[text(&id), "-u"]).succeeded());
        assert_eq!(plain, "0", "{}", person.name);
        assert_ne!(inside, "0", "{}", person.name);
    });
}

#[test]
fn roots_devices_are_no_files_of_roots_program() {
    if !rustix::process::geteuid().is_root() {
        return;
    }
    everyone_at_home(|person| {
        if person.name != "the calling user" {
            return;
        }
        let device = person.work().join("zero");
        finish(person.plain(["mknod", text(&device), "c", "1", "5"]), 60).succeeded();
        let read = ["/usr/bin/head", "-c1", text(&device)];
        finish(person.plain(read), 60).succeeded();
        let trace = person.work().join("r.trace");
        let learn = ["learn", "--no-results", "--trace", text(&trace), "--"];
        let learn: Vec<&str> = learn.into_iter().chain(read).collect();
        let ended = finish(person.lowbox(&learn), 60);
        assert_eq!(ended.code(), Some(1), "{}", ended.stderr);
        assert!(ended.stderr.contains("Permission denied"), "{}", ended.stderr);
    });
}

#[test]
fn at_the_end_the_exit_code_is_told_and_which_home_folder_it_had() {
    everyone_at_home(|person| {
        let trace = person.work().join("r.trace");
        let learn = |home: &str| {
            let learn =
                ["learn", "--no-results", "--trace", text(&trace), "--env", home, "--", "/bin/sh", "-c"];
            finish(person.lowbox(&[&learn[..], &["exit 7"]].concat()), 60)
        };
        let ended = learn("X=y");
        let last = ended.stderr.lines().last().unwrap_or_default();
        assert_eq!(ended.code(), Some(7), "{}", ended.stderr);
        assert!(
            last.contains("exit code was 7; HOME was ") && last.contains("/LocalState"),
            "{}",
            ended.stderr
        );
        let own = learn("HOME=/");
        assert!(own.stderr.ends_with("exit code was 7\n"), "{}", own.stderr);
    });
}

fn learned_is_enough(person: &Person, command: &[&str]) -> Vec<Needed> {
    Lesson::new(person, command).is_enough_and_no_part_superfluous()
}

#[test]
fn a_link_on_the_way_is_learned_with_the_folder_that_shows_it() {
    everyone_at_home(|person| {
        let file = person.file("real/deep/file.txt", "read");
        let link = person.folder("way").join("link");
        std::os::unix::fs::symlink("../real/deep", &link).expect("a link");
        let needed = learned_is_enough(person, &["/bin/cat", text(&link.join("file.txt"))]);
        let expected =
            [format!("{}:r", canonical(&file)), format!("{}:r", canonical(&person.work().join("way")))];
        let values: Vec<&String> = needed.iter().map(|[_, value]| value).collect();
        assert_eq!(values, expected.iter().collect::<Vec<_>>(), "{}", person.name);
    });
}

/// What the kernel opens or maps without an open that says so.
#[test]
fn libraries_and_interpreters_of_ones_own_are_learned_as_what_is_executed() {
    everyone_at_home(|person| {
        let copy = |from: &str, name: &str| {
            let to = person.file(name, "");
            fs::copy(fs::canonicalize(from).expect("it is there"), &to).expect("a copy");
            fs::set_permissions(&to, fs::Permissions::from_mode(0o755)).expect("its mode");
            to
        };
        let library = copy("/lib/x86_64-linux-gnu/libz.so.1", "lib/libown.so");
        let load = "import ctypes, sys; print(ctypes.CDLL(sys.argv[1]).zlibVersion() != 0)";
        let needed = learned_is_enough(person, &[PYTHON, "-I", "-c", load, text(&library)]);
        assert_eq!(
            needed,
            [["--grant".to_owned(), format!("{}:rx", canonical(&library))]],
            "{}",
            person.name
        );
        let interpreter = copy("/bin/sh", "bin/own-shell");
        let script = person.file("bin2/script", &format!("#!{}\necho ran\n", text(&interpreter)));
        fs::set_permissions(&script, fs::Permissions::from_mode(0o755)).expect("its mode");
        let needed = learned_is_enough(person, &["/bin/sh", "-c", "\"$1\"", "sh", text(&script)]);
        let expected = [&interpreter, &script].map(|path| format!("{}:rx", canonical(path)));
        let values: Vec<&String> = needed.iter().map(|[_, value]| value).collect();
        assert_eq!(values, expected.iter().collect::<Vec<_>>(), "{}", person.name);
    });
}
