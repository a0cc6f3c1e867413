//! Real programs that are learned about: what is learned is enough for them, and without any part of it they fail.

use std::fs;
use std::os::unix::fs::PermissionsExt;
use std::path::{Path, PathBuf};
use std::time::Duration;

use lowbox_program_tests::{
    Display, FileServer, Lesson, Needed, Networks, Person, Running, accesses, everyone_at_home, finish, text,
    until,
};
use serde_json::Value;

const PYTHON: &str = "/usr/bin/python3";

/// A Python with packages of its own, that LOWBOX_LEARN_PYTHON names: .ci/run makes it.
fn python_with(person: &Person, module: &str) -> Option<String> {
    let python = std::env::var("LOWBOX_LEARN_PYTHON").unwrap_or_else(|_| PYTHON.to_owned());
    let import = person.plain([python.as_str(), "-I", "-c", &format!("import {module}")]);
    if finish(import, 120).status.success() {
        return Some(python);
    }
    eprintln!(
        "SKIPPED 1 scenario of {module} as {}: {python} does not have it, or is closed to them (LOWBOX_LEARN_PYTHON names another)",
        person.name
    );
    None
}

fn grant(path: &Path, letters: &str) -> Needed {
    let path = fs::canonicalize(path).expect("it is there");
    ["--grant".to_owned(), format!("{}:{letters}", text(&path))]
}

/// Python lists the folder of its script, where modules may be.
fn folder_of(script: &Path) -> &Path {
    script.parent().expect("it lies in one")
}

fn pair(option: &str, value: impl ToString) -> Needed {
    [option.to_owned(), value.to_string()]
}

#[track_caller]
fn same(person: &Person, mut found: Vec<Needed>, mut expected: Vec<Needed>) {
    found.sort();
    expected.sort();
    assert_eq!(found, expected, "{}", person.name);
}

#[test]
fn requests_asks_a_server_of_the_internet_by_its_name_with_what_was_learned() {
    let networks = Networks::make();
    fs::write(networks.web().join("hello.txt"), "hello over TLS").expect("a page");
    everyone_at_home(|person| {
        let Some(python) = python_with(person, "requests") else { return };
        let script = "import requests, sys\n\
                      print(requests.get('https://web.example/hello.txt', verify=sys.argv[1], timeout=30).text)\n";
        let script = person.file("app/get.py", script);
        let certificate =
            person.file("trust/ca.pem", &fs::read_to_string(networks.certificate()).expect("it is made"));
        let lesson = Lesson::new(person, &[&python, text(&script), text(&certificate)]).on_host_of(&networks);
        let needed = lesson.is_enough_and_no_part_superfluous();
        lesson.sees_what_strace_sees();
        let expected = vec![
            pair("--capability", "internetClient"),
            grant(folder_of(&script), "r"),
            grant(&certificate, "r"),
        ];
        same(person, needed, expected);
        // One host in the place of the internet.
        let hosts = lowbox_program_tests::found(person, &person.work().join("lesson.trace")).hosts;
        assert_eq!(hosts, ["web.example:443"], "{}", person.name);
        let host = pair("--allow-host", &hosts[0]);
        let (app, trust) = (grant(folder_of(&script), "r"), grant(&certificate, "r"));
        assert_eq!(lesson.run_with(&[&host, &app, &trust]).succeeded(), "hello over TLS", "{}", person.name);
        // The name is what was asked for, and not only that some name was.
        let names: Vec<_> = accesses(&person.work().join("lesson.trace"))
            .iter()
            .filter_map(|access| Some(access["object"]["name"].as_str()?.to_owned()))
            .collect();
        assert_eq!(names, ["web.example"], "{}", person.name);
    });
}

#[test]
fn matplotlib_saves_a_plot_with_what_was_learned() {
    everyone_at_home(|person| {
        let Some(python) = python_with(person, "matplotlib") else { return };
        let script = "import sys, matplotlib\n\
                      matplotlib.use('Agg')\n\
                      import matplotlib.pyplot as plot\n\
                      plot.plot([1, 2, 3], [3, 1, 2]); plot.title('A title')\n\
                      plot.savefig(sys.argv[1])\n\
                      print(open(sys.argv[1], 'rb').read(8) == b'\\x89PNG\\r\\n\\x1a\\n')\n";
        let script = person.file("app/plot.py", script);
        let folder = person.folder("plots");
        let plot = folder.join("plot.png");
        let clean = || drop(fs::remove_file(&plot));
        let lesson = Lesson::new(person, &[&python, text(&script), text(&plot)]).cleaned_by(&clean);
        let needed = lesson.is_enough_and_no_part_superfluous();
        lesson.sees_what_strace_sees();
        same(person, needed, vec![grant(folder_of(&script), "r"), grant(&folder, "rw")]);
    });
}

#[test]
fn pip_installs_from_an_index_of_this_machine_with_what_was_learned() {
    everyone_at_home(|person| {
        let Some(python) = python_with(person, "pip") else { return };
        let index = person.folder("index");
        make_index(person, &index);
        let server = FileServer::start(&index);
        let place = person.folder("site");
        let packages = place.join("packages");
        let url = format!("http://127.0.0.1:{}/simple/", server.port());
        let install =
            [&python, "-I", "-m", "pip", "install", "--no-cache-dir", "--disable-pip-version-check"];
        let what = ["--no-compile", "--index-url", &url, "--target", text(&packages), "hello-lowbox"];
        let clean = || drop(fs::remove_dir_all(&packages));
        // Neither the machine's settings of pip, nor what it tells the index of compilers in PATH.
        let given = ["--env=PIP_CONFIG_FILE=/dev/null", "--env=PATH=/usr/bin:/bin"];
        // Which systems this could be: it has one answer already.
        let system = |row: &Value| row["object"] == "/etc";
        let lesson = Lesson::new(person, &[&install[..], &what].concat());
        let lesson = lesson.given(&given).cleaned_by(&clean).does_without(&system);
        let needed = lesson.is_enough_and_no_part_superfluous();
        lesson.sees_what_strace_sees();
        same(person, needed, vec![pair("--allow-loopback", server.port()), grant(&place, "rw")]);
    });
}

/// A package index of one wheel (PEP 503, PEP 427).
fn make_index(person: &Person, index: &Path) {
    let script = "import os, sys, zipfile\n\
                  folder = sys.argv[1] + '/simple/hello-lowbox'\n\
                  os.makedirs(folder)\n\
                  name = 'hello_lowbox-1.0-py3-none-any.whl'\n\
                  info = 'hello_lowbox-1.0.dist-info/'\n\
                  with zipfile.ZipFile(folder + '/' + name, 'w') as wheel:\n\
                  \x20   wheel.writestr('hello_lowbox.py', 'ANSWER = 42\\n')\n\
                  \x20   wheel.writestr(info + 'METADATA', 'Metadata-Version: 2.1\\nName: hello-lowbox\\nVersion: 1.0\\n')\n\
                  \x20   wheel.writestr(info + 'WHEEL', 'Wheel-Version: 1.0\\nGenerator: x\\nRoot-Is-Purelib: true\\nTag: py3-none-any\\n')\n\
                  \x20   wheel.writestr(info + 'RECORD', ''.join(f'{file},,\\n' for file in ('hello_lowbox.py', info + 'METADATA', info + 'WHEEL', info + 'RECORD')))\n\
                  open(folder + '/index.html', 'w').write(f'<a href=\"{name}\">{name}</a>')\n";
    finish(person.plain([PYTHON, "-c", script, text(index)]), 60).succeeded();
}

/// A repository with one commit.
fn repository(person: &Person) -> PathBuf {
    let source = person.folder("source");
    let make = "set -e; git init -q .; echo one > a.txt; git add .; \
        git -c user.name=P -c user.email=p@example.com commit -qm First; git update-server-info";
    let make = format!("cd {} && {make}", text(&source));
    finish(person.plain(["/bin/sh", "-c", &make]), 60).succeeded();
    source
}

#[test]
fn git_clones_a_folder_with_what_was_learned() {
    everyone_at_home(|person| {
        let source = repository(person);
        let copy = person.folder("place").join("copy");
        // No reflog, for which git has the host's name resolved, and no hard links, for which it copies where they fail.
        let script = "set -e; git -c core.logAllRefUpdates=false clone -q --no-hardlinks \"$1\" \"$2\"; cat \"$2/a.txt\"";
        let command = ["/bin/sh", "-c", script, "sh", text(&source), text(&copy)];
        let clean = || drop(fs::remove_dir_all(&copy));
        let lesson = Lesson::new(person, &command).cleaned_by(&clean);
        let needed = lesson.is_enough_and_no_part_superfluous();
        lesson.sees_what_strace_sees();
        assert!(needed.iter().all(|[option, _]| option == "--grant"), "{needed:?}");
    });
}

#[test]
fn git_clones_from_a_server_with_what_was_learned() {
    everyone_at_home(|person| {
        let server = FileServer::start(&repository(person).join(".git"));
        let place = person.folder("place");
        let copy = place.join("copy");
        let url = format!("http://127.0.0.1:{}/", server.port());
        let script = "set -e; git -c core.logAllRefUpdates=false clone -q \"$1\" \"$2\"; cat \"$2/a.txt\"";
        let command = ["/bin/sh", "-c", script, "sh", &url, text(&copy)];
        let clean = || drop(fs::remove_dir_all(&copy));
        let lesson = Lesson::new(person, &command).cleaned_by(&clean);
        let needed = lesson.is_enough_and_no_part_superfluous();
        lesson.sees_what_strace_sees();
        same(person, needed, vec![pair("--allow-loopback", server.port()), grant(&place, "rw")]);
    });
}

#[test]
fn node_and_sqlite_run_with_what_was_learned() {
    everyone_at_home(|person| {
        let module = person.file("lib/add.js", "module.exports = (a, b) => a + b;\n");
        let script = "console.log(require(process.argv[1])(40, 2))";
        let node = ["node", "-e", script, text(&module)];
        assert!(!Lesson::new(person, &node).is_enough_and_no_part_superfluous().is_empty());
        let folder = person.folder("db");
        let database = folder.join("x.db");
        let statement =
            "pragma journal_mode=wal; create table t(a); insert into t values (42); select a from t;";
        let clean = || {
            for name in ["x.db", "x.db-wal", "x.db-shm"] {
                let _ = fs::remove_file(folder.join(name));
            }
        };
        let sqlite = ["sqlite3", text(&database), statement];
        Lesson::new(person, &sqlite).cleaned_by(&clean).is_enough_and_no_part_superfluous();
        let script = "import sqlite3, sys\n\
                      with sqlite3.connect(sys.argv[1]) as database:\n\
                      \x20   database.execute('create table t (a)')\n\
                      \x20   database.executemany('insert into t values (?)', [(40,), (2,)])\n\
                      print(sqlite3.connect(sys.argv[1]).execute('select sum(a) from t').fetchone()[0])\n";
        let script = person.file("database.py", script);
        let python = [PYTHON, "-I", text(&script), text(&database)];
        let needed = Lesson::new(person, &python).cleaned_by(&clean).is_enough_and_no_part_superfluous();
        same(person, needed, vec![grant(&script, "r"), grant(&folder, "rw")]);
    });
}

/// A display that is reached by TCP is a port of the host's loopback. Of the unix socket of one the profiler says that nothing covers
/// it: displays are not opened to containers yet.
#[test]
fn a_gtk_program_shows_its_window_with_what_was_learned() {
    everyone_at_home(|person| {
        let display = Display::by_tcp();
        let title = format!("learned {}", display.port());
        let message = person.file("message.txt", "What the window shows");
        let script = "set -e; text=$(cat \"$2\"); zenity --info --title \"$1\" --text \"$text\"";
        let command = ["/bin/sh", "-c", script, "sh", &title, text(&message)];
        let variable = format!("--env=DISPLAY={}", display.name());
        // Seen from outside: its window is there, and closes when it is asked to.
        let look = |running: &mut Running| {
            let mut window = None;
            until(Duration::from_secs(40), || {
                window = display.window(&title);
                window.is_some() || running.has_ended()
            });
            if let Some(window) = window {
                std::thread::sleep(Duration::from_millis(700));
                display.xdotool(&["windowfocus", "--sync", &window]);
                display.xdotool(&["key", "--window", &window, "Return"]);
            }
        };
        let lesson =
            Lesson::new(person, &command).given(&[&variable, "--env=NO_AT_BRIDGE=1"]).meanwhile(&look);
        let needed = lesson.is_enough_and_no_part_superfluous();
        lesson.sees_what_strace_sees();
        same(person, needed, vec![pair("--allow-loopback", display.port()), grant(&message, "r")]);
    });
}

#[test]
fn a_displays_unix_socket_is_recorded_and_nothing_is_said_to_cover_it() {
    everyone_at_home(|person| {
        let display = Display::start();
        let trace = person.work().join("display.trace");
        let variable = format!("DISPLAY={}", display.name());
        let learn = ["learn", "--no-results", "--trace", text(&trace), "--env", &variable, "--"];
        let command = ["xdotool", "getdisplaygeometry"];
        let words: Vec<&str> = learn.into_iter().chain(command).collect();
        assert_eq!(finish(person.lowbox(&words), 60).succeeded(), "1000 800", "{}", person.name);
        let socket = display.socket();
        let sockets: Vec<_> = accesses(&trace)
            .into_iter()
            .filter(|access| {
                let object = &access["object"];
                [&object["path"], &object["name"]]
                    .iter()
                    .any(|name| name.as_str().is_some_and(|name| name.ends_with(text(&socket))))
            })
            .collect();
        assert!(!sockets.is_empty(), "{}: {:?}", person.name, accesses(&trace));
        let found = lowbox_program_tests::found(person, &trace);
        assert!(!found.nothing.is_empty(), "{}: {:?}", person.name, found.needed);
    });
}

/// A service's socket in a folder that is granted: the check would grant it, and a container does not show it.
#[test]
fn a_socket_in_a_granted_folder_is_recorded_and_reached_by_an_entry_of_its_own() {
    everyone_at_home(|person| {
        let folder = person.folder("service");
        let socket = folder.join("s.sock");
        let listener = std::os::unix::net::UnixListener::bind(&socket).expect("a socket");
        fs::set_permissions(&socket, fs::Permissions::from_mode(0o666)).expect("its mode");
        std::thread::spawn(move || {
            for mut client in listener.incoming().flatten() {
                let _ = std::io::Write::write_all(&mut client, b"served");
            }
        });
        let script = "import socket, sys\n\
                      s = socket.socket(socket.AF_UNIX); s.connect(sys.argv[1]); print(s.recv(100).decode())";
        let command = [PYTHON, "-I", "-c", script, text(&socket)];
        let rights = format!("{}:rw", text(&folder));
        let trace = person.work().join("socket.trace");
        let lesson = Lesson::new(person, &command).given(&["--grant", &rights]);
        assert_eq!(lesson.learn(&trace), "served");
        let all = accesses(&trace);
        assert_eq!(all.len(), 1, "{}: {all:?}", person.name);
        assert_eq!(
            (all[0]["object"]["path"].as_str(), all[0]["right"].as_str()),
            (Some(text(&socket)), Some("connect"))
        );
        let found = lowbox_program_tests::found(person, &trace);
        assert_eq!((found.needed, found.nothing.len()), (Vec::new(), 1), "{}", person.name);
        let told = fs::read_to_string(person.work().join("again/summary.txt")).expect("a summary");
        assert!(told.contains("objects.d"), "{told}");
        // Enforced it is not reached, and with the entry that the remedy names it is.
        assert!(!lesson.run_with(&[]).status.success(), "{}", person.name);
        let entry =
            person.file("own.objects", &format!("socket {} D:(A;;FRFW;;;{{package}})\n", text(&socket)));
        let named = pair("--objects", text(&entry));
        assert_eq!(lesson.run_with(&[&named]).succeeded(), "served", "{}", person.name);
    });
}
