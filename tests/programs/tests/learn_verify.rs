//! Verifying: the program is isolated as `lowbox run` isolates it, and what it lacks is told, no less and no more.

use std::collections::BTreeSet;
use std::fs;
use std::io::Write;
use std::net::TcpListener;
use std::os::unix::fs::PermissionsExt;
use std::path::Path;
use std::sync::Arc;
use std::sync::atomic::{AtomicUsize, Ordering};
use std::thread;
use std::time::Duration;

use lowbox_program_tests::{ATTACKS, Ended, Person, everyone_at_home, finish, unique_sleep, until};
use serde_json::Value;

const PYTHON: &str = "/usr/bin/python3";

fn text(path: &Path) -> &str {
    path.to_str().expect("the tests' paths are text")
}

fn canonical(path: &Path) -> String {
    text(&fs::canonicalize(path).expect("it is there")).to_owned()
}

/// Answers on a port of the host's loopback interface, and counts who came.
fn server() -> (String, Arc<AtomicUsize>) {
    let listener = TcpListener::bind("127.0.0.1:0").expect("a port");
    let port = listener.local_addr().expect("its address").port().to_string();
    let came = Arc::new(AtomicUsize::new(0));
    let count = Arc::clone(&came);
    thread::spawn(move || {
        for client in listener.incoming().flatten() {
            let mut client = client;
            count.fetch_add(1, Ordering::SeqCst);
            let _ = client.write_all(b"served");
        }
    });
    (port, came)
}

/// `lowbox learn verify OPTIONS -- COMMAND`, and its answer in JSON.
fn verify(person: &Person, options: &[String], command: &[&str]) -> (Ended, Value) {
    let answer = person.work().join("answer.json");
    let _ = fs::remove_file(&answer);
    let trace = person.work().join("verify.trace");
    let mut all = vec!["learn", "verify", "--json", text(&answer), "--trace", text(&trace)];
    all.extend(options.iter().map(String::as_str));
    all.push("--");
    all.extend(command);
    let ended = finish(person.lowbox(&all), 60);
    let json = fs::read_to_string(&answer).unwrap_or_else(|error| panic!("{error}: {}", ended.stderr));
    (ended, serde_json::from_str(&json).expect("JSON"))
}

/// What was denied: right and object.
fn denied(answer: &Value) -> BTreeSet<(String, String)> {
    let lacks = answer["lacks"].as_array().expect("a list").iter();
    let word = |value: &Value| value.as_str().expect("text").to_owned();
    let found: BTreeSet<_> = lacks.map(|lack| (word(&lack["right"]), word(&lack["object"]))).collect();
    assert_eq!(answer["missing"], !found.is_empty(), "{answer}");
    found
}

const APP: &str = r#"
import socket, sys
data, out, port = sys.argv[1:]
text = open(data).read()
with socket.create_connection(("127.0.0.1", int(port))) as server:
    text += server.recv(100).decode()
with open(out, "w") as file:
    file.write(text)
print(text)
"#;

#[test]
fn with_what_it_needs_nothing_is_missing_and_without_a_part_of_it_exactly_that_is_told() {
    let (port, came) = server();
    everyone_at_home(|person| {
        let app = person.file("app.py", APP);
        let data = person.file("data/in.txt", "read ");
        let out = person.folder("out").join("o.txt");
        let command = [PYTHON, "-I", text(&app), text(&data), text(&out), &port];
        let script = ["--grant".to_owned(), format!("{}:r", canonical(&app))];
        let needed = [
            ["--grant".to_owned(), format!("{}:r", canonical(&data))],
            ["--grant".to_owned(), format!("{}:rw", canonical(out.parent().expect("a folder")))],
            ["--allow-loopback".to_owned(), port.clone()],
        ];
        let with = |without: Option<usize>| {
            let _ = fs::remove_file(&out);
            let kept = needed.iter().enumerate().filter(|(at, _)| Some(*at) != without);
            let options = kept.flat_map(|(_, pair)| pair.clone()).chain(script.clone());
            let options: Vec<String> = options.chain(["--no-argument-grants".to_owned()]).collect();
            verify(person, &options, &command)
        };
        let (ended, answer) = with(None);
        assert_eq!(ended.succeeded(), "read served", "{}", person.name);
        assert_eq!(denied(&answer), BTreeSet::new(), "{}: {}", person.name, ended.stderr);
        assert!(ended.stderr.contains("nothing is missing"), "{}", ended.stderr);
        assert_eq!(fs::read_to_string(&out).expect("written"), "read served");
        let written = canonical(&out);
        let expected =
            [("read", canonical(&data)), ("create", written), ("connect", format!("127.0.0.1:{port}/tcp"))];
        for (at, (right, object)) in expected.into_iter().enumerate() {
            let before = came.load(Ordering::SeqCst);
            let (ended, answer) = with(Some(at));
            assert_eq!(ended.code(), Some(1), "{}: {}", person.name, ended.stderr);
            assert_eq!(ended.text(), "", "{}", person.name);
            assert_eq!(denied(&answer), [(right.to_owned(), object)].into(), "{}", person.name);
            let would = answer["lacks"][0]["would_grant"][0].as_str().expect("an option").to_owned();
            assert_eq!(would, needed[at].join(" "), "{}", person.name);
            assert!(ended.stderr.contains(&format!("would grant it: {would}")), "{}", ended.stderr);
            assert!(!out.exists(), "{}: it was written", person.name);
            let reached = came.load(Ordering::SeqCst) - before;
            assert_eq!(reached, usize::from(at == 1), "{}: the server was reached", person.name);
        }
    });
}

/// Tries what it may not and what it has of its own, and goes on.
const GOES_ON: &str = r#"
import os, socket, sys
secret, port, shared, linked = sys.argv[1:]
said = []
def attempt(name, call):
    try:
        call()
        said.append(name)
    except OSError:
        pass
def serve():
    with socket.create_server(("127.0.0.1", 0)) as own:
        with socket.create_connection(own.getsockname()) as client:
            own.accept()[0].close()
def serve_by_path():
    with socket.socket(socket.AF_UNIX) as own:
        own.bind("/tmp/own-socket")
        own.listen()
        with socket.socket(socket.AF_UNIX) as client:
            client.connect("/tmp/own-socket")
            own.accept()[0].close()
def serve_by_name():
    name = f"\0lowbox-verify-{port}"
    with socket.socket(socket.AF_UNIX) as own:
        own.bind(name)
        own.listen()
        with socket.socket(socket.AF_UNIX) as client:
            client.connect(name)
            own.accept()[0].close()
def own_file():
    with open(shared, "w") as file:
        file.write("own")
    assert open(shared).read() == "own"
    os.rename(shared, shared + "-moved")
    os.unlink(shared + "-moved")
for _ in range(3):
    attempt("secret", lambda: open(secret).read())
attempt("removed", lambda: os.unlink(secret))
attempt("host", lambda: socket.create_connection(("127.0.0.1", int(port))))
attempt("own server", serve)
attempt("own socket", serve_by_path)
attempt("own name", serve_by_name)
attempt("own file", own_file)
attempt("home", lambda: open(os.environ["HOME"] + "/notes", "w").close())
os.chdir(linked)
attempt("granted", lambda: open("in.txt").read())
attempt("not writable", lambda: open("in.txt", "w"))
print(", ".join(said))
"#;

#[test]
fn what_is_denied_is_told_with_its_count_and_what_the_container_has_of_its_own_is_not() {
    let (port, came) = server();
    everyone_at_home(|person| {
        let app = person.file("app.py", GOES_ON);
        let secret = person.file("secret.txt", "secret");
        // The host has a file there; the program has a /tmp of its own.
        let shared = tempfile::Builder::new().prefix("lowbox-shared-").tempfile().expect("a file");
        fs::write(shared.path(), "the host's").expect("its text");
        // Mounted apart, because /tmp is the program's own.
        let granted = tempfile::tempdir().expect("a folder");
        fs::write(granted.path().join("in.txt"), "granted").expect("a file");
        let open = fs::Permissions::from_mode(0o755);
        fs::set_permissions(granted.path(), open).expect("its mode");
        let folder = canonical(granted.path());
        let options = [
            "--no-argument-grants".to_owned(),
            "--grant".to_owned(),
            format!("{}:r", canonical(&app)),
            "--grant".to_owned(),
            format!("{folder}:r"),
        ];
        let before = came.load(Ordering::SeqCst);
        let command = [PYTHON, "-I", text(&app), text(&secret), &port, text(shared.path()), &folder];
        let (ended, answer) = verify(person, &options, &command);
        assert_eq!(
            ended.succeeded(),
            "own server, own socket, own name, own file, home, granted",
            "{}: {}",
            person.name,
            ended.stderr
        );
        let mut expected: BTreeSet<(String, String)> = [
            ("read", canonical(&secret)),
            ("unlink", canonical(&secret)),
            ("connect", format!("127.0.0.1:{port}/tcp")),
        ]
        .map(|(right, object)| (right.to_owned(), object))
        .into();
        // What the person may not write anyway lacks nothing.
        if person.name == "the calling user" {
            expected.insert(("write".to_owned(), format!("{folder}/in.txt")));
        }
        assert_eq!(denied(&answer), expected, "{}", person.name);
        let read = answer["lacks"].as_array().expect("a list").iter().find(|lack| lack["right"] == "read");
        assert_eq!(read.expect("recorded")["count"], 3, "{}", person.name);
        assert_eq!(fs::read_to_string(&secret).expect("still there"), "secret");
        assert_eq!(fs::read_to_string(shared.path()).expect("still there"), "the host's");
        assert_eq!(came.load(Ordering::SeqCst), before, "{}: the server was reached", person.name);
    });
}

#[test]
fn what_a_run_refuses_is_refused_while_it_is_verified() {
    everyone_at_home(|person| {
        let app = person.file("attacks.py", ATTACKS);
        let marker = unique_sleep();
        let mut victim = person.plain(["sleep", &marker]).spawn().expect("a process");
        let pid = victim.id().to_string();
        let folder = person.folder("service");
        let service = folder.join("socket");
        let _listener = std::os::unix::net::UnixListener::bind(&service).expect("a socket");
        let open = fs::Permissions::from_mode(0o777);
        fs::set_permissions(&service, open).expect("its mode");
        let command = [PYTHON, "-I", text(&app), &marker, &pid, text(&service)];
        let plain = finish(person.plain(command), 60).succeeded();
        // A folder granted for reading shows its socket, and does not let anybody connect to it.
        let options = ["--grant".to_owned(), format!("{}:r", canonical(&folder))];
        let (inside, answer) = verify(person, &options, &command);
        let _ = victim.kill();
        let _ = victim.wait();
        assert_eq!(
            plain,
            "sees it, signals it, reads its memory, traces it, makes a user namespace, reaches the keyring, \
             connects to a service",
            "{}",
            person.name
        );
        assert_eq!(inside.succeeded(), "", "{}", person.name);
        assert_eq!(denied(&answer), [("connect".to_owned(), canonical(&service))].into(), "{}", person.name);
    });
}

#[test]
fn a_program_that_decides_by_looking_alone_is_verified_with_probes() {
    everyone_at_home(|person| {
        let needed = person.file("needed.txt", "x");
        let script = "import os, sys; sys.exit(0 if os.path.exists(sys.argv[1]) else 7)";
        let command = [PYTHON, "-I", "-c", script, text(&needed)];
        let options = |more: &[&str]| -> Vec<String> {
            ["--no-argument-grants"].iter().chain(more).map(|word| (*word).to_owned()).collect()
        };
        let (ended, answer) = verify(person, &options(&[]), &command);
        assert_eq!(ended.code(), Some(7), "{}: {}", person.name, ended.stderr);
        assert_eq!((denied(&answer), &answer["try_probes"]), (BTreeSet::new(), &Value::Bool(true)));
        assert!(ended.stderr.contains("--probes"), "{}", ended.stderr);
        let (ended, answer) = verify(person, &options(&["--probes"]), &command);
        assert_eq!((ended.code(), &answer["exit_code"]), (Some(7), &Value::from(7)));
        assert!(
            denied(&answer).contains(&("stat".to_owned(), canonical(&needed))),
            "{}: {answer}",
            person.name
        );
        assert_eq!(answer["try_probes"], false);
        let grant = format!("{}:r", canonical(&needed));
        let (ended, answer) = verify(person, &options(&["--probes", "--grant", &grant]), &command);
        assert_eq!(ended.code(), Some(0), "{}: {}", person.name, ended.stderr);
        let stats = denied(&answer).into_iter().filter(|(_, object)| *object == canonical(&needed));
        assert_eq!(stats.count(), 0, "{}: {answer}", person.name);
    });
}

#[test]
fn names_are_looked_up_in_vain_without_a_network_and_that_is_told() {
    everyone_at_home(|person| {
        let script = "import socket\ntry: socket.getaddrinfo('name.invalid.example', 443)\nexcept OSError: print('no')";
        let (ended, answer) = verify(person, &[], &[PYTHON, "-I", "-c", script]);
        assert_eq!(ended.succeeded(), "no");
        let lacks = answer["lacks"].as_array().expect("a list");
        let name = lacks.iter().find(|lack| lack["right"] == "resolve");
        let name = name.unwrap_or_else(|| panic!("{}: {answer}", person.name));
        let options = name["would_grant"].as_array().expect("a list");
        assert!(options.contains(&Value::from("--capability internetClient")), "{answer}");
    });
}

/// What `learn` finds that a command needs, as options of `run`.
fn learned(person: &Person, command: &[&str]) -> Vec<[String; 2]> {
    let trace = person.work().join("learned.trace");
    let _ = fs::remove_file(&trace);
    let learn = ["learn", "--no-argument-grants", "--no-results", "--trace", text(&trace), "--"];
    let learn: Vec<&str> = learn.into_iter().chain(command.iter().copied()).collect();
    finish(person.lowbox(&learn), 120).succeeded();
    let out = person.work().join("again");
    let arguments = ["learn", "results", "--json", "--out", text(&out), text(&trace)];
    let found: Value =
        serde_json::from_str(&finish(person.lowbox(&arguments), 60).succeeded()).expect("JSON");
    let word = |value: &Value| value.as_str().expect("text").to_owned();
    let names = found[0]["capabilities"].as_array().expect("a list").iter();
    let mut all: Vec<[String; 2]> =
        names.map(|needed| ["--capability".to_owned(), word(&needed["name"])]).collect();
    for grant in found[0]["grants"].as_array().expect("a list") {
        let grant = word(grant);
        let (option, value) = grant.split_once(' ').expect("an option and its value");
        all.push([option.to_owned(), value.to_owned()]);
    }
    all
}

fn grantable(answer: &Value) -> Vec<Value> {
    let lacks = answer["lacks"].as_array().expect("a list").iter();
    lacks.filter(|lack| lack["not_grantable"].is_null()).cloned().collect()
}

/// With what was learned of it nothing is missing, but what nothing grants (`/sys`); without each part something is.
#[track_caller]
fn verified(person: &Person, command: &[&str], clean: &dyn Fn()) {
    clean();
    let needed = learned(person, command);
    assert!(!needed.is_empty());
    for without in std::iter::once(None).chain((0..needed.len()).map(Some)) {
        clean();
        let kept = needed.iter().enumerate().filter(|(at, _)| Some(*at) != without);
        let options: Vec<String> =
            kept.flat_map(|(_, pair)| pair.clone()).chain(["--no-argument-grants".to_owned()]).collect();
        let (ended, answer) = verify(person, &options, command);
        let Some(at) = without else {
            ended.succeeded();
            assert_eq!(grantable(&answer), Vec::<Value>::new(), "{}: with {needed:?}", person.name);
            continue;
        };
        if grantable(&answer).is_empty() {
            // It only looked, and took what it did not see for missing.
            assert_eq!(answer["try_probes"], true, "{}: without {:?}", person.name, needed[at]);
            clean();
            let (_, answer) = verify(person, &[options, vec!["--probes".to_owned()]].concat(), command);
            assert!(!grantable(&answer).is_empty(), "{}: without {:?}", person.name, needed[at]);
        }
    }
    clean();
}

#[test]
fn of_git_node_and_sqlite_nothing_is_missing_with_what_was_learned_and_something_without_each_part_of_it() {
    everyone_at_home(|person| {
        let source = person.folder("source");
        let make = "set -e; git init -q .; echo one > a.txt; git add .; \
            git -c user.name=P -c user.email=p@example.com commit -qm First";
        let make = format!("cd {} && {make}", text(&source));
        finish(person.plain(["/bin/sh", "-c", &make]), 60).succeeded();
        let copy = person.folder("place").join("copy");
        let clone =
            "git -c core.logAllRefUpdates=false clone -q --no-hardlinks \"$1\" \"$2\" && cat \"$2/a.txt\"";
        verified(person, &["/bin/sh", "-c", clone, "sh", text(&source), text(&copy)], &|| {
            let _ = fs::remove_dir_all(&copy);
        });
        let module = person.file("lib/add.js", "module.exports = (a, b) => a + b;\n");
        let script = "console.log(require(process.argv[1])(40, 2))";
        verified(person, &["node", "-e", script, text(&module)], &|| {});
        let folder = person.folder("db");
        let database = folder.join("x.db");
        let statement =
            "pragma journal_mode=wal; create table t(a); insert into t values (42); select a from t;";
        verified(person, &["sqlite3", text(&database), statement], &|| {
            for name in ["x.db", "x.db-wal", "x.db-shm"] {
                let _ = fs::remove_file(folder.join(name));
            }
        });
    });
}

#[test]
fn counts_reach_the_records_while_a_program_is_never_idle() {
    everyone_at_home(|person| {
        let secret = person.file("secret.txt", "x");
        let trace = person.work().join("busy.trace");
        let script = format!("while True:\n  try: open({:?})\n  except OSError: pass", text(&secret));
        let all = ["learn", "verify", "--trace", text(&trace), "--", PYTHON, "-I", "-c", &script];
        let mut lowbox = person.lowbox(&all).stderr(std::process::Stdio::null()).spawn().expect("lowbox");
        let counted = until(Duration::from_secs(60), || {
            fs::read_to_string(&trace).is_ok_and(|text| text.contains("{\"count\":"))
        });
        lowbox.kill().expect("a child of this process");
        lowbox.wait().expect("its end");
        assert!(counted, "{}", person.name);
    });
}
