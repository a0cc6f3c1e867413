//! What is learned about a program, and the loop that shows that it is enough and that no part of it is superfluous.

use std::collections::BTreeSet;
use std::fs;
use std::path::Path;
use std::process::Command;

use serde_json::Value;

use crate::run::{Ended, Running, finish, start};
use crate::{Networks, Person};

/// An option of `lowbox run` with its value.
pub type Needed = [String; 2];

/// A scenario.
pub struct Lesson<'a> {
    person: &'a Person,
    command: Vec<String>,
    given: Vec<String>,
    networks: Option<&'a Networks>,
    clean: &'a dyn Fn(),
    meanwhile: &'a dyn Fn(&mut Running),
    does_without: &'a dyn Fn(&Value) -> bool,
}

/// A second reading of the records, with what nothing covers.
pub struct Found {
    /// What `learn results` says is needed.
    pub needed: Vec<Needed>,
    /// Hosts that it says may do in the place of a network.
    pub hosts: Vec<String>,
    /// The rows of the accesses that nothing covers (AccessAttemptRecords.jsonl).
    pub nothing: Vec<Value>,
}

const SECONDS: u64 = 120;

impl<'a> Lesson<'a> {
    /// The command of a person, without options.
    pub fn new(person: &'a Person, command: &[&str]) -> Lesson<'a> {
        Lesson {
            person,
            command: command.iter().map(|word| (*word).to_owned()).collect(),
            given: Vec::new(),
            networks: None,
            clean: &|| {},
            meanwhile: &|_| {},
            does_without: &|_| false,
        }
    }

    /// With options that are not to be learned, such as variables of the environment.
    pub fn given(mut self, options: &[&str]) -> Lesson<'a> {
        self.given.extend(options.iter().map(|word| (*word).to_owned()));
        self
    }

    /// On the host of these networks.
    pub fn on_host_of(self, networks: &'a Networks) -> Lesson<'a> {
        Lesson { networks: Some(networks), ..self }
    }

    /// Before each run.
    pub fn cleaned_by(self, clean: &'a dyn Fn()) -> Lesson<'a> {
        Lesson { clean, ..self }
    }

    /// While it runs.
    pub fn meanwhile(self, meanwhile: &'a dyn Fn(&mut Running)) -> Lesson<'a> {
        Lesson { meanwhile, ..self }
    }

    /// What nothing covers and the program does without, beside the limits of its cgroup: by its row.
    pub fn does_without(self, does_without: &'a dyn Fn(&Value) -> bool) -> Lesson<'a> {
        Lesson { does_without, ..self }
    }

    /// Whose it is.
    pub(crate) fn person(&self) -> &Person {
        self.person
    }

    /// What is run.
    pub(crate) fn command(&self) -> &[String] {
        &self.command
    }

    /// Runs a command of the person's in the scene.
    pub(crate) fn run(&self, command: Command) -> Ended {
        (self.clean)();
        let command = match self.networks {
            Some(networks) => networks.on_host(&command),
            None => command,
        };
        let mut running = start(command);
        (self.meanwhile)(&mut running);
        running.finish(SECONDS)
    }

    /// Learns: the records are in `trace`, and what the program said is returned.
    #[track_caller]
    pub fn learn(&self, trace: &Path) -> String {
        self.learn_about(trace, &self.command.iter().map(String::as_str).collect::<Vec<_>>())
    }

    /// The same of another command.
    #[track_caller]
    pub(crate) fn learn_about(&self, trace: &Path, command: &[&str]) -> String {
        let _ = fs::remove_file(trace);
        let learn = ["learn", "--no-argument-grants", "--no-results", "--trace", text(trace)];
        let given = self.given.iter().map(String::as_str);
        let command = command.iter().copied();
        let words: Vec<&str> = learn.into_iter().chain(given).chain(["--"]).chain(command).collect();
        self.run(self.person.lowbox(&words)).succeeded()
    }

    /// Runs it with these and no more.
    pub fn run_with(&self, needed: &[&Needed]) -> Ended {
        let options = needed.iter().flat_map(|pair| pair.iter().cloned());
        let options: Vec<String> =
            options.chain(self.given.iter().cloned()).chain(["--no-argument-grants".to_owned()]).collect();
        self.run(self.person.inside(options, &self.command))
    }

    /// Learns, then runs it with what was learned, which has to be as good, and without each part of it, which has to fail.
    #[track_caller]
    pub fn is_enough_and_no_part_superfluous(&self) -> Vec<Needed> {
        let trace = self.person.work().join("lesson.trace");
        let said = self.learn(&trace);
        let found = found(self.person, &trace);
        let (needed, name) = (found.needed, &self.person.name);
        for row in &found.nothing {
            let kernels = row["object"].as_str().is_some_and(|object| object.starts_with("/sys/"));
            assert!(kernels || (self.does_without)(row), "{name}: nothing covers {row}");
        }
        for without in std::iter::once(None).chain((0..needed.len()).map(Some)) {
            let kept = needed.iter().enumerate().filter(|(at, _)| Some(*at) != without);
            let ended = self.run_with(&kept.map(|(_, pair)| pair).collect::<Vec<_>>());
            match without {
                None => assert_eq!(ended.succeeded(), said, "{name}: {needed:?}"),
                Some(at) => assert!(
                    !ended.status.success() || ended.text() != said,
                    "{name}: works without {:?}",
                    needed[at]
                ),
            }
        }
        self.is_verified(&needed, &said);
        // The manifest that was written declares all of it but the paths.
        let manifest = self.person.work().join("again/AppxManifest.xml");
        let mut declared = vec![["--manifest".to_owned(), text(&manifest).to_owned()]];
        declared.extend(needed.iter().filter(|[option, _]| option == "--grant").cloned());
        let ended = self.run_with(&declared.iter().collect::<Vec<_>>());
        assert_eq!(ended.succeeded(), said, "{name}: {declared:?}");
        (self.clean)();
        needed
    }
}

impl Lesson<'_> {
    /// `learn verify` with these says that nothing is missing that anything would grant.
    #[track_caller]
    fn is_verified(&self, needed: &[Needed], said: &str) {
        let work = self.person.work();
        let (trace, answer) = (work.join("verified.trace"), work.join("verified.json"));
        let verify =
            ["learn", "verify", "--no-argument-grants", "--trace", text(&trace), "--json", text(&answer)];
        let options = needed.iter().flatten().chain(&self.given).map(String::as_str);
        let command = self.command.iter().map(String::as_str);
        let words: Vec<&str> = verify.into_iter().chain(options).chain(["--"]).chain(command).collect();
        let ended = self.run(self.person.lowbox(&words));
        assert_eq!(ended.succeeded(), said, "{}: verified", self.person.name);
        let told = fs::read_to_string(&answer).expect("an answer");
        let told: Value = serde_json::from_str(&told).expect("JSON");
        let lacks = told["lacks"].as_array().expect("a list").iter();
        let missing: Vec<&Value> = lacks.filter(|lack| lack["not_grantable"].is_null()).collect();
        assert_eq!(missing, Vec::<&Value>::new(), "{}: with {needed:?}", self.person.name);
    }
}

/// What `learn results` finds in a record file.
#[track_caller]
pub fn found(person: &Person, trace: &Path) -> Found {
    let out = person.work().join("again");
    let arguments = ["learn", "results", "--json", "--out", text(&out), text(trace)];
    let told: Value = serde_json::from_str(&finish(person.lowbox(&arguments), 60).succeeded()).expect("JSON");
    let told = &told[0];
    let names = told["capabilities"].as_array().expect("a list").iter();
    let mut needed: Vec<Needed> = names
        .map(|one| ["--capability".to_owned(), one["name"].as_str().expect("a name").to_owned()])
        .collect();
    for grant in told["grants"].as_array().expect("a list") {
        let (option, value) = grant.as_str().expect("text").split_once(' ').expect("an option and its value");
        needed.push([option.to_owned(), value.to_owned()]);
    }
    let rows = fs::read_to_string(out.join("AccessAttemptRecords.jsonl")).expect("a table");
    let rows = rows.lines().map(|line| serde_json::from_str::<Value>(line).expect("a line of JSON"));
    let nothing: Vec<Value> = rows.filter(|row| row["covered"] == "nothing").collect();
    assert_eq!(told["nothing"], nothing.len());
    let hosts = told["hosts"].as_array().expect("a list").iter();
    let hosts = hosts.map(|host| host.as_str().expect("text").to_owned()).collect();
    Found { needed, hosts, nothing }
}

/// The accesses of a record file.
pub fn accesses(trace: &Path) -> Vec<Value> {
    let text = fs::read_to_string(trace).expect("a record file");
    let lines = text.lines().filter(|line| !line.is_empty());
    let lines = lines.map(|line| serde_json::from_str::<Value>(line).expect("a line of JSON"));
    lines.filter_map(|mut line| line.get_mut("access").map(Value::take)).collect()
}

/// The paths of the records.
pub fn recorded_paths(trace: &Path) -> BTreeSet<String> {
    let all = accesses(trace);
    all.iter().filter_map(|access| Some(access["object"]["path"].as_str()?.to_owned())).collect()
}

/// The path as text.
pub fn text(path: &Path) -> &str {
    path.to_str().expect("the tests' paths are text")
}

/// The path without links.
pub fn canonical(path: &Path) -> String {
    text(&fs::canonicalize(path).expect("it is there")).to_owned()
}
