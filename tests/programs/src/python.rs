//! CPython's own test modules, inside and outside.

use std::collections::BTreeMap;
use std::fs;
use std::path::Path;
use std::thread;

use crate::{Ended, Person, finish, ordinary, person};

/// What may end otherwise inside, with the reason.
const EXCEPTIONS: &str = include_str!("../data/python-exceptions.txt");

/// Debian's interpreter: the test suite's package belongs to it, whatever python3 comes first in PATH.
const PYTHON: &str = "/usr/bin/python3";

/// Runs a module unconfined as an ordinary user, and inside as everybody at the same time, because the long ones mostly wait: what
/// passes outside must pass inside, except what the list of exceptions names.
pub fn compare_module(module: &str) {
    let unconfined = ordinary();
    let people = person::people();
    let (outside, insides) = thread::scope(|scope| {
        let run = |person: &Person, confined: bool| -> (BTreeMap<String, bool>, Ended) {
            let folder = person.folder("report");
            let report = folder.join("junit.xml");
            let command = command(module, &report);
            let ended = finish(
                match confined {
                    true => person.inside(Person::grant(&folder, "rw"), command),
                    false => person.plain(command),
                },
                500,
            );
            (results(&report, &ended.stderr), ended)
        };
        let confined: Vec<_> = people.iter().map(|person| scope.spawn(move || run(person, true))).collect();
        let (outside, _) = run(&unconfined, false);
        let insides: Vec<_> = confined.into_iter().map(|run| run.join().expect("it ran")).collect();
        (outside, insides)
    });
    assert!(outside.values().any(|passed| *passed), "{module}: nothing passes outside");
    for (person, (inside, ended)) in people.iter().zip(insides) {
        let lost: Vec<&String> = outside
            .iter()
            .filter(|(_, passed)| **passed)
            .map(|(test, _)| test)
            .filter(|test| inside.get(*test) != Some(&true) && !is_excepted(test))
            .collect();
        assert!(
            lost.is_empty(),
            "{module}, {}: these pass outside and not inside: {lost:#?}\n{}\n{}",
            person.name,
            ended.text(),
            ended.stderr
        );
    }
}

fn command(module: &str, report: &Path) -> Vec<String> {
    let report = report.display().to_string();
    [PYTHON, "-m", "test", "--junit-xml", &report, module].map(str::to_owned).to_vec()
}

/// Each test and whether it passed; neither failed nor skipped.
fn results(report: &Path, stderr: &str) -> BTreeMap<String, bool> {
    let text = fs::read_to_string(report).unwrap_or_else(|error| {
        panic!(
            "{}: {error}; is libpython3-testsuite installed (cargo xtask peers)?\n{stderr}",
            report.display()
        )
    });
    let document = roxmltree::Document::parse(&text).expect("regrtest writes XML");
    let cases = document.descendants().filter(|node| node.has_tag_name("testcase"));
    let mut results = BTreeMap::new();
    for case in cases {
        let name = case.attribute("name").unwrap_or_default().to_owned();
        let passed = !case
            .children()
            .any(|child| ["error", "failure", "skipped"].iter().any(|tag| child.has_tag_name(*tag)))
            && case.attribute("status") == Some("run");
        // Sub-tests bear their test's name: one that fails fails it.
        *results.entry(name).or_insert(true) &= passed;
    }
    results
}

/// A line of the list: a test's name, `*` at its end for any that begins so, then `#` and the reason.
fn is_excepted(test: &str) -> bool {
    EXCEPTIONS.lines().filter(|line| !line.starts_with('#')).any(|line| {
        let pattern = line.split_once('#').map_or(line, |(pattern, _)| pattern).trim();
        match pattern.strip_suffix('*') {
            Some(beginning) => !beginning.is_empty() && test.starts_with(beginning),
            None => test == pattern,
        }
    })
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn every_exception_has_a_reason() {
        for line in EXCEPTIONS.lines().filter(|line| !line.starts_with('#') && !line.trim().is_empty()) {
            let reason = line.split_once('#').map(|(_, reason)| reason.trim());
            assert!(reason.is_some_and(|reason| reason.len() > 10), "{line}");
        }
    }
}
