//! Sessions: what several runs need, looked at together.

use std::fs;
use std::os::unix::fs::PermissionsExt;
use std::path::{Path, PathBuf};
use std::time::Duration;

use lowbox_program_tests::{Ended, Person, everyone_at_home, finish, pids_with, start, unique_sleep, until};
use serde_json::Value;

const TIME: Duration = Duration::from_secs(60);

fn text(path: &Path) -> &str {
    path.to_str().expect("the tests' paths are text")
}

fn canonical(path: &Path) -> String {
    text(&fs::canonicalize(path).expect("it is there")).to_owned()
}

fn learn(person: &Person, arguments: &[&str]) -> Ended {
    let mut all = vec!["learn"];
    all.extend(arguments);
    finish(person.lowbox(&all), 60)
}

fn cat(person: &Person, path: &Path) -> Ended {
    learn(person, &["--no-argument-grants", "--", "/bin/cat", text(path)])
}

fn status(person: &Person) -> Value {
    serde_json::from_str(&learn(person, &["status", "--json"]).succeeded()).expect("JSON")
}

fn stop(person: &Person, out: &Path) -> (Value, String) {
    let ended = learn(person, &["stop", "--json", "--out", text(out)]);
    (serde_json::from_str(&ended.succeeded()).expect("JSON"), ended.stderr)
}

fn sessions(person: &Person) -> PathBuf {
    person.home().join(".local/share/lowbox/learn")
}

#[test]
fn runs_of_a_session_are_listed_and_looked_at_together_when_it_is_stopped() {
    everyone_at_home(|person| {
        let (one, two) = (person.file("one.txt", "1"), person.file("two.txt", "2"));
        assert_eq!(status(person), Value::Array(Vec::new()));
        learn(person, &["start", "both"]).succeeded();
        let again = learn(person, &["start", "other"]);
        assert_eq!(again.code(), Some(125), "{}", again.stderr);
        assert!(again.stderr.contains("both"), "{}", again.stderr);
        let first = cat(person, &one);
        assert_eq!(first.succeeded(), "1");
        assert!(first.stderr.contains("session both"), "{}", first.stderr);
        cat(person, &two).succeeded();
        cat(person, &two).succeeded();
        let told = status(person);
        assert_eq!((&told[0]["name"], &told[0]["runs"]), (&Value::from("both"), &Value::Bool(true)));
        assert_eq!(told[0]["programs"].as_array().expect("a list").len(), 3, "{told}");
        assert_eq!((&told[0]["accesses"], &told[0]["events"]), (&Value::from(2), &Value::from(3)), "{told}");
        let mode = |path: &Path| fs::metadata(path).expect("it is there").permissions().mode() & 0o7777;
        let current = sessions(person).join("current");
        assert_eq!((mode(&sessions(person)), mode(&current)), (0o700, 0o700));
        for entry in fs::read_dir(&current).expect("the session") {
            assert_eq!(mode(&entry.expect("a file").path()), 0o600);
        }
        let out = person.work().join("found");
        let (found, _) = stop(person, &out);
        let grants: Vec<&str> =
            found[0]["grants"].as_array().expect("a list").iter().filter_map(Value::as_str).collect();
        let expected = [&one, &two].map(|path| format!("--grant {}:r", canonical(path)));
        assert_eq!(grants, expected, "{}", person.name);
        assert!(out.join("both.trace").is_file() && out.join("report.html").is_file());
        assert_eq!(status(person), Value::Array(Vec::new()), "{}", person.name);
        assert_eq!(learn(person, &["stop"]).code(), Some(125), "{}", person.name);
        // Runs are of their own again.
        let results = person.work().join("own");
        learn(person, &["--out", text(&results), "--", "/bin/true"]).succeeded();
        assert!(results.join("records.trace").is_file());
    });
}

#[test]
fn a_run_that_goes_on_when_its_session_is_stopped_is_told_and_loses_nothing() {
    everyone_at_home(|person| {
        let (before, after) = (person.file("before.txt", "b"), person.file("after.txt", "a"));
        let go = person.work().join("go");
        learn(person, &["start", "s"]).succeeded();
        let marker = unique_sleep();
        let script = format!(
            "cat {}; sleep {marker} & while [ ! -e {} ]; do sleep 0.05; done; kill $!; cat {}",
            text(&before),
            text(&go),
            text(&after)
        );
        let arguments = ["learn", "--no-argument-grants", "--", "/bin/sh", "-c", &script];
        let running = start(person.lowbox(&arguments));
        assert!(until(TIME, || !pids_with(&marker).is_empty()), "it starts");
        assert!(until(TIME, || status(person)[0]["programs"][0]["running"] == true), "{}", status(person));
        assert!(until(TIME, || status(person)[0]["accesses"].as_u64() >= Some(1)), "{}", status(person));
        let out = person.work().join("found");
        let (found, said) = stop(person, &out);
        assert!(said.contains("1 of its runs still go on"), "{said}");
        let grants = found[0]["grants"].to_string();
        assert!(grants.contains("before.txt") && !grants.contains("after.txt"), "{grants}");
        person.file("go", "");
        let ended = running.finish(60);
        assert_eq!(ended.succeeded(), "ba", "{}", person.name);
        assert!(ended.stderr.contains("was stopped while this program ran"), "{}", ended.stderr);
        let told = status(person);
        assert_eq!((&told[0]["name"], &told[0]["runs"]), (&Value::from("s"), &Value::Bool(false)));
        let folder = told[0]["folder"].as_str().expect("a path").to_owned();
        let later = learn(person, &["results", "--json", "--out", text(&out), &folder]).succeeded();
        assert!(later.contains("after.txt"), "{later}");
    });
}

#[test]
fn a_session_outlives_a_killed_run_and_follows_no_link() {
    everyone_at_home(|person| {
        let file = person.file("one.txt", "1");
        learn(person, &["start", "s"]).succeeded();
        let marker = unique_sleep();
        let script = format!("cat {}; exec sleep {marker}", text(&file));
        let mut lowbox = person.lowbox(&["learn", "--", "/bin/sh", "-c", &script]).spawn().expect("lowbox");
        assert!(until(TIME, || !pids_with(&marker).is_empty()), "it starts");
        assert!(until(TIME, || status(person)[0]["accesses"].as_u64() >= Some(1)), "{}", status(person));
        lowbox.kill().expect("a child of this process");
        lowbox.wait().expect("its end");
        assert!(until(TIME, || pids_with(&marker).is_empty()), "{}: it outlives lowbox", person.name);
        assert_eq!(status(person)[0]["programs"][0]["running"], false);
        // What is planted there is left alone.
        let mine = person.file("mine.txt", "mine");
        std::os::unix::fs::symlink(&mine, sessions(person).join("current/0.trace")).expect("a link");
        let (found, _) = stop(person, &person.work().join("found"));
        assert!(found[0]["grants"].to_string().contains("one.txt"), "{found}");
        assert_eq!(fs::read_to_string(&mine).expect("still there"), "mine");
        // A link in the place of a session is none.
        let elsewhere = person.folder("elsewhere");
        std::os::unix::fs::symlink(&elsewhere, sessions(person).join("current")).expect("a link");
        let ended = cat(person, &file);
        assert_eq!((ended.code(), ended.text().as_str()), (Some(125), ""), "{}", ended.stderr);
        assert_eq!(fs::read_dir(&elsewhere).expect("it").count(), 0, "{}", person.name);
    });
}
