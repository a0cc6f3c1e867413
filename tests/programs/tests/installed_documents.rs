//! The walks of docs/installing.md, as they are written there.

use std::fs;
use std::path::Path;
use std::process::Command;

use lowbox_program_tests::{Person, everyone_at_home, finish};

/// The text of the code blocks of a kind, in their order.
fn blocks(kind: &str) -> Vec<String> {
    let text = include_str!("../../../docs/installing.md");
    let mut blocks = Vec::new();
    let mut block: Option<(bool, String)> = None;
    for line in text.lines() {
        match (&mut block, line.strip_prefix("```")) {
            (None, Some(info)) => block = Some((info == kind, String::new())),
            (Some((wanted, text)), Some(_)) => {
                if *wanted {
                    blocks.push(std::mem::take(text));
                }
                block = None;
            }
            (Some((_, text)), None) => {
                text.push_str(line);
                text.push('\n');
            }
            (None, None) => {}
        }
    }
    blocks
}

/// Runs a block in the person's working folder, where the examples are, as in a clone.
fn run(person: &Person, script: &str) -> String {
    let lowbox = person.lowbox(&[]);
    let program = lowbox.get_args().map(Path::new).chain([Path::new(lowbox.get_program())]);
    let folder = program.filter(|path| path.ends_with("lowbox")).find_map(Path::parent).expect("its folder");
    let mut command = person.plain(["/bin/sh", "-ec", script]);
    let path = std::env::var("PATH").expect("PATH");
    command.env("PATH", format!("{}:{path}", folder.display()));
    finish(command, 300).succeeded()
}

fn with_examples(person: &Person) {
    let examples = Path::new(env!("CARGO_MANIFEST_DIR")).join("../../examples");
    let copied = Command::new("cp").arg("-r").arg(examples).arg(person.work()).status().unwrap();
    assert!(copied.success());
}

#[test]
fn the_examples_are_installed_and_show_what_the_document_shows() {
    let is_there = Command::new("node").arg("--version").output().is_ok();
    if !is_there {
        println!("SKIPPED: the examples of docs/installing.md: node is missing");
        return;
    }
    everyone_at_home(|person| {
        with_examples(person);
        let scripts = blocks("sh");
        let shown = run(person, &scripts[0]);
        let wanted = blocks("").into_iter().find(|text| text.starts_with("North ")).expect("what is shown");
        // Before it is what installing says.
        assert!(shown.ends_with(wanted.trim_end()), "{shown}");
        assert!(fs::metadata(person.home().join(".local/bin/sales-report")).is_ok());
        run(person, &scripts[1]);
        assert!(fs::symlink_metadata(person.home().join(".local/bin/sales-report")).is_err());
    });
}

#[test]
fn a_program_is_learned_packed_installed_and_run() {
    everyone_at_home(|person| {
        with_examples(person);
        let shown = run(person, &blocks("sh")[2]);
        let end = "files beside the data that this program sees: none";
        assert!(shown.ends_with(end), "{shown}");
        // When it was learned it saw them.
        assert!(shown.contains("not-named.txt"), "{shown}");
    });
}
