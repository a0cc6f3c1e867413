//! Colour is for terminals, and for those who want it.

mod common;

use common::{World, run};

#[test]
fn colour_is_for_terminals_that_want_it() {
    let world = World::new();
    let question = format!("{} acl show 'D:(A;;FA;;;WD)'", env!("CARGO_BIN_EXE_lowbox"));
    // script(1) of bsdutils gives the command a terminal.
    let on_terminal = |name: &str, value: &str| {
        let mut script = world.command("script");
        script.args(["-qec", &question, "/dev/null"]).env(name, value);
        run(script, b"").expect(0).prints("full access").out
    };
    assert!(on_terminal("TERM", "xterm").contains("\u{1b}[32m"));
    for (name, value) in [("NO_COLOR", "1"), ("TERM", "dumb")] {
        assert!(!on_terminal(name, value).contains('\u{1b}'), "{name}");
    }
    let piped = world.lowbox(["acl", "show", "D:(A;;FA;;;WD)"]).expect(0);
    assert!(!piped.out.contains('\u{1b}'));
}

#[test]
fn a_reader_that_has_gone_away_ends_the_output_quietly() {
    let world = World::new();
    let lowbox = env!("CARGO_BIN_EXE_lowbox");
    let mut shell = world.command("sh");
    shell.args([
        "-c",
        &format!("yes '{{}}' | {lowbox} acl check --batch | head -1; {lowbox} capability list | true"),
    ]);
    let done = run(shell, b"").expect(0);
    assert_eq!(done.out.lines().count(), 1);
    assert!(!done.err.contains("lowbox"), "{done:?}");
}
