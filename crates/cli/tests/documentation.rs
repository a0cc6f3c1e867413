//! `lowbox completions`, `lowbox man` and help: all from the same definitions.

mod common;

use std::fs;

use common::World;

const COMMANDS: [&str; 13] = [
    "run",
    "explain",
    "token",
    "capability",
    "consent",
    "learn",
    "init",
    "isolate",
    "capture",
    "acl",
    "doctor",
    "completions",
    "man",
];

#[test]
fn every_shell_completes_every_command() {
    let world = World::new();
    for shell in ["bash", "zsh", "fish", "elvish", "powershell"] {
        let done = world.lowbox(["completions", shell]).expect(0);
        for command in COMMANDS {
            assert!(done.out.contains(command), "{shell} {command}");
        }
    }
    world.lowbox(["completions", "tcsh"]).expect(125).says("tcsh");
}

#[test]
fn bash_takes_its_completions() {
    let world = World::new();
    let script = world.lowbox(["completions", "bash"]).expect(0).out;
    let file = world.file("lowbox.bash", &script);
    let mut bash = world.command("bash");
    bash.args(["-c", &format!("source {} && complete -p lowbox", file.display())]);
    common::run(bash, b"").expect(0).prints("lowbox");
}

#[test]
fn every_command_has_a_manual_page() {
    let world = World::new();
    world.lowbox(["man"]).expect(0).prints(".TH lowbox 1").prints("lowbox\\-run(1)");
    let folder = world.work().join("man1");
    fs::create_dir(&folder).unwrap();
    world.lowbox(["man", "man1"]).expect(0);
    for page in COMMANDS.map(|command| format!("lowbox-{command}.1")).iter().chain(&["lowbox.1".to_owned()]) {
        assert!(folder.join(page).exists(), "{page}");
    }
    fs::write(world.work().join("file"), "").unwrap();
    world.lowbox(["man", "file/pages"]).expect(125).says("file/pages: ");
}

#[test]
fn help_is_an_answer_and_its_absence_a_mistake() {
    let world = World::new();
    for command in COMMANDS {
        world.lowbox([command, "--help"]).expect(0).prints("Usage:");
    }
    world.lowbox(["--version"]).expect(0).prints("lowbox ");
    world.lowbox(["dance"]).expect(125).says("dance");
}

#[test]
fn json_is_documented_for_every_command_that_has_it() {
    let text = include_str!("../../../docs/json.md");
    for command in [
        "explain",
        "token",
        "capability list",
        "capability show",
        "consent list",
        "consent show",
        "consent revoke",
        "consent reset",
        "learn results",
        "learn verify",
        "learn stop",
        "learn status",
        "init",
        "isolate",
        "capture",
        "pack",
        "show",
        "verify",
        "cert list",
        "acl show",
        "acl check",
        "doctor",
    ] {
        assert!(text.contains(&format!("## `lowbox {command}")), "{command}");
    }
}
