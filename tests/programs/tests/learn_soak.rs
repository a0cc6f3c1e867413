//! `lowbox run --report-only`: nothing is denied, what is lacking is recorded, and the program can read that and not change it.

use std::fs;
use std::io::Read;
use std::path::{Path, PathBuf};

use lowbox_program_tests::{Ended, Person, everyone_at_home, finish};
use serde_json::Value;

const PYTHON: &str = "/usr/bin/python3";

fn text(path: &Path) -> &str {
    path.to_str().expect("the tests' paths are text")
}

fn canonical(path: &Path) -> String {
    text(&fs::canonicalize(path).expect("it is there")).to_owned()
}

fn soak(person: &Person, options: &[&str], command: &[&str]) -> Ended {
    let mut all = vec!["run", "--report-only", "--no-argument-grants"];
    all.extend(options);
    all.push("--");
    all.extend(command);
    finish(person.lowbox(&all), 60)
}

/// The user's folder of records.
fn records(person: &Person) -> PathBuf {
    person.package("python3").join("Records")
}

/// The lines of all record files there.
fn lines(folder: &Path) -> Vec<Value> {
    let files = fs::read_dir(folder).expect("a folder of records").map(|entry| entry.expect("it").path());
    let files = files.filter(|path| path.extension().is_some_and(|extension| extension == "trace"));
    let mut all = Vec::new();
    for file in files {
        let text = fs::read_to_string(file).expect("a record file");
        let lines = text.lines().filter(|line| !line.is_empty());
        all.extend(lines.map(|line| serde_json::from_str::<Value>(line).expect("a line of JSON")));
    }
    all
}

fn names(folder: &Path, path: &str) -> bool {
    lines(folder).iter().any(|line| line["access"]["object"]["path"] == path)
}

/// Reads what it was not granted, then what is recorded of that, then tries to change the records by every name that it knows.
const APP: &str = r#"
import glob, os, sys
secret, real = sys.argv[1:]
print(open(secret).read())
shown = os.environ["HOME"] + "/lowbox-records"
text = "".join(open(name).read() for name in glob.glob(shown + "/*.trace"))
print("recorded" if secret in text and '"soak"' in text else "not recorded: " + text)
changed = []
def attempt(name, call):
    try:
        call()
        changed.append(name)
    except OSError:
        pass
for folder in (shown, real):
    for file in glob.glob(folder + "/*.trace"):
        attempt("wrote " + file, lambda: open(file, "a").write("x"))
        attempt("emptied " + file, lambda: os.truncate(file, 0))
        attempt("removed " + file, lambda: os.unlink(file))
        attempt("moved " + file, lambda: os.rename(file, file + "2"))
        attempt("linked " + file, lambda: os.link(file, os.environ["HOME"] + "/second"))
        attempt("mode of " + file, lambda: os.chmod(file, 0o666))
    attempt("made a file in " + folder, lambda: open(folder + "/new.trace", "w"))
    attempt("removed " + folder, lambda: os.rmdir(folder))
    attempt("moved " + folder, lambda: os.rename(folder, folder + "2"))
print("changed: " + ", ".join(changed))
"#;

#[test]
fn nothing_is_denied_what_is_lacking_is_recorded_and_the_program_reads_it_and_cannot_change_it() {
    everyone_at_home(|person| {
        let app = person.file("app.py", APP);
        let secret = person.file("secret.txt", "the secret");
        let declared = person.file("declared.txt", "x");
        // So that its place is known.
        soak(person, &[], &[PYTHON, "-I", "-c", ""]).succeeded();
        let folder = records(person);
        let grant = format!("{}:r", canonical(&declared));
        let script = format!("open({:?}).read()\n{}", text(&declared), fs::read_to_string(&app).expect("it"));
        let ended = soak(
            person,
            &["--grant", &grant],
            &[PYTHON, "-I", "-c", &script, &canonical(&secret), text(&folder)],
        );
        assert_eq!(ended.succeeded(), "the secret\nrecorded\nchanged:", "{}: {}", person.name, ended.stderr);
        assert!(ended.stderr.contains("NOTHING is denied"), "{}", ended.stderr);
        assert!(ended.stderr.contains(text(&folder)), "{}", ended.stderr);
        assert!(names(&folder, &canonical(&secret)) && !names(&folder, &canonical(&declared)));
        // Outside, the place that the program saw them at is empty.
        let place = person.package("python3").join("LocalState/lowbox-records");
        assert_eq!(fs::read_dir(&place).expect("the place").count(), 0, "{}", person.name);
        let out = person.work().join("again");
        let arguments = ["learn", "results", "--json", "--out", text(&out), text(&folder)];
        let found = finish(person.lowbox(&arguments), 60).succeeded();
        let found: Value = serde_json::from_str(&found).expect("JSON");
        let grants = found[0]["grants"].as_array().expect("a list");
        assert!(grants.contains(&Value::from(format!("--grant {}:r", canonical(&secret)))), "{found}");
    });
}

#[test]
fn what_a_program_puts_in_the_place_of_its_records_changes_nothing_outside() {
    everyone_at_home(|person| {
        let mine = person.folder("mine");
        fs::write(mine.join("kept.trace"), "kept").expect("a file");
        let secret = person.file("secret.txt", "x");
        let read = format!("print(open({:?}).read())", text(&secret));
        soak(person, &[], &[PYTHON, "-I", "-c", ""]).succeeded();
        let (folder, local) = (records(person), person.package("python3").join("LocalState"));
        let place = local.join("lowbox-records");
        let plants: [&dyn Fn(); 3] = [
            &|| std::os::unix::fs::symlink(&mine, &place).expect("a link"),
            &|| fs::write(&place, "a file").expect("a file"),
            &|| {
                let mode = rustix::fs::Mode::from(0o666);
                rustix::fs::mkfifoat(rustix::fs::CWD, &place, mode).expect("a FIFO");
            },
        ];
        fs::remove_dir(&place).expect("it is empty");
        for plant in plants {
            plant();
            let before = fs::symlink_metadata(&place).expect("planted");
            let count = lines(&folder).len();
            let ended = soak(person, &[], &[PYTHON, "-I", "-c", &read]);
            assert_eq!(ended.succeeded(), "x", "{}: {}", person.name, ended.stderr);
            assert!(ended.stderr.contains("can't read what is recorded"), "{}", ended.stderr);
            let after = fs::symlink_metadata(&place).expect("still there");
            assert_eq!(before.file_type(), after.file_type(), "{}", person.name);
            assert!(lines(&folder).len() > count, "{}: nothing was recorded", person.name);
            fs::remove_file(&place).expect("what was planted");
        }
        assert_eq!(fs::read_dir(&mine).expect("mine").count(), 1, "{}", person.name);
        assert_eq!(fs::read_to_string(mine.join("kept.trace")).expect("kept"), "kept");
        // A link in the place of the user's own folder is refused, and nothing runs.
        let moved = person.work().join("moved");
        fs::rename(&folder, &moved).expect("the user's own");
        std::os::unix::fs::symlink(&mine, &folder).expect("a link");
        let ended = soak(person, &[], &[PYTHON, "-I", "-c", &read]);
        assert_eq!((ended.code(), ended.text().as_str()), (Some(125), ""), "{}", person.name);
        assert_eq!(fs::read_dir(&mine).expect("mine").count(), 1, "{}", person.name);
        // So is nothing of a FIFO that has the name of a record.
        fs::remove_file(&folder).expect("the link");
        fs::rename(&moved, &folder).expect("the user's own");
        let fifo = folder.join("0.trace");
        rustix::fs::mkfifoat(rustix::fs::CWD, &fifo, rustix::fs::Mode::from(0o666)).expect("a FIFO");
        std::os::unix::fs::symlink(mine.join("kept.trace"), folder.join("1.trace")).expect("a link");
        soak(person, &[], &[PYTHON, "-I", "-c", &read]).succeeded();
        assert_eq!(fs::read_to_string(mine.join("kept.trace")).expect("kept"), "kept");
    });
}

#[test]
fn of_many_runs_a_few_files_are_left_and_every_access_is_counted() {
    everyone_at_home(|person| {
        let secret = person.file("secret.txt", "x");
        let read = format!("open({:?}).read()", text(&secret));
        for _ in 0..12 {
            soak(person, &[], &[PYTHON, "-I", "-c", &read]).succeeded();
        }
        let folder = records(person);
        let files = fs::read_dir(&folder).expect("a folder").map(|entry| entry.expect("it").file_name());
        let files: Vec<_> = files.filter(|name| name.to_string_lossy().ends_with(".trace")).collect();
        assert!((1..=9).contains(&files.len()), "{}: {files:?}", person.name);
        let merged = person.work().join("merged.trace");
        let all = files.iter().map(|name| folder.join(name));
        let all: Vec<PathBuf> = all.collect();
        let mut arguments = vec!["learn", "merge", "--out", text(&merged)];
        arguments.extend(all.iter().map(|path| text(path)));
        finish(person.lowbox(&arguments), 60).succeeded();
        let mut written = String::new();
        fs::File::open(&merged).expect("merged").read_to_string(&mut written).expect("text");
        let lines = written.lines().filter(|line| !line.is_empty());
        let lines = lines.map(|line| serde_json::from_str::<Value>(line).expect("JSON"));
        let counts: Vec<u64> = lines
            .filter(|line| line["access"]["object"]["path"] == canonical(&secret))
            .filter_map(|line| line["access"]["count"].as_u64())
            .collect();
        assert_eq!(counts, [12], "{}", person.name);
    });
}

#[test]
fn asking_and_reduced_isolation_are_refused_beside_it() {
    everyone_at_home(|person| {
        for option in ["--prompt=ask", "--allow-reduced", "-v"] {
            let ended = soak(person, &[option], &["/bin/true"]);
            assert_ne!(ended.code(), Some(0), "{option}");
        }
    });
}
