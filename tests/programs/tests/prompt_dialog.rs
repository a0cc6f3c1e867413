//! Questions in a dialog, where there is a display and no terminal.

use std::process::{Command, Stdio};
use std::sync::atomic::{AtomicU32, Ordering};
use std::time::Duration;

use lowbox_program_tests::{Display, Person, Touch, everyone, everyone_at_home, until, without_terminal};

const WITHOUT: &str = "runs without webcam";

/// `lowbox run` of a program that does nothing, of a package that declares a capability and that nothing was decided about yet.
fn run(person: &Person, options: &[&str]) -> Command {
    static NUMBER: AtomicU32 = AtomicU32::new(0);
    let package = format!("Contoso.Asked{}", NUMBER.fetch_add(1, Ordering::Relaxed));
    let manifest = person.manifest(&package, "webcam");
    let declares = ["--manifest", manifest.to_str().expect("UTF-8")];
    person.inside([&declares, options].concat(), ["/bin/echo", "started"])
}

/// The window of the question.
fn window(display: &Display) -> String {
    let mut found = None;
    until(Duration::from_secs(30), || {
        found = display.window("lowbox asks");
        found.is_some()
    });
    // It has to be drawn before it takes keys.
    std::thread::sleep(Duration::from_millis(700));
    found.unwrap_or_else(|| panic!("no window among {:?}", display.xdotool(&["search", "--name", "."])))
}

#[test]
fn a_dialog_asks_where_there_is_a_display_and_no_terminal() {
    everyone(|person| {
        let display = Display::start();
        // No is selected, and keys alone choose nothing else: what was typed for another window is no yes.
        const YES: &[&str] = &["mousemove", "25", "132", "click", "1"];
        const OK: &[&str] = &["mousemove", "649", "396", "click", "1"];
        for (acts, allowed) in [
            (&[OK][..], false),
            (&[&["key", "Escape"][..]], false),
            (&[&["key", "y", "e", "s", "Return", "space", "Up", "Return"][..], OK], false),
            (&[YES, OK], true),
        ] {
            let mut run = without_terminal(&run(person, &["--prompt", "ask", "--prompt-timeout", "40"]));
            run.env("DISPLAY", display.name())
                .env("NO_AT_BRIDGE", "1")
                .env_remove("WAYLAND_DISPLAY")
                .stdin(Stdio::null());
            run.stdout(Stdio::piped()).stderr(Stdio::piped());
            let child = run.spawn().expect("lowbox");
            let window = window(&display);
            display.xdotool(&["windowfocus", "--sync", &window]);
            for act in acts {
                let within: &[&str] = if act[0] == "key" { &[] } else { &["--window", &window] };
                display.xdotool(&[&act[..1], within, &act[1..]].concat());
                std::thread::sleep(Duration::from_millis(200));
            }
            let output = child.wait_with_output().expect("it ends");
            let stderr = String::from_utf8_lossy(&output.stderr);
            assert_eq!(output.stdout, b"started\n", "{stderr}");
            assert_eq!(!stderr.contains(WITHOUT), allowed, "{acts:?}: {stderr}");
        }
    });
}

#[test]
fn a_dialog_is_closed_when_the_program_ends() {
    everyone_at_home(|person| {
        let display = Display::start();
        let touch = Touch::new(person, "touch(); time.sleep(4)");
        let mut run = without_terminal(&person.inside(["--prompt", "ask", "--chdir", "/"], touch.command()));
        run.env("DISPLAY", display.name())
            .env("NO_AT_BRIDGE", "1")
            .env_remove("WAYLAND_DISPLAY")
            .stdin(Stdio::null());
        let mut child = run.spawn().expect("lowbox");
        window(&display);
        assert!(child.wait().expect("it ends").success());
        let gone = || display.xdotool(&["search", "--onlyvisible", "--name", "lowbox asks"]).is_none();
        assert!(until(Duration::from_secs(5), gone), "the window is still there");
    });
}

#[test]
fn a_dialog_that_nobody_answers_is_closed_and_is_no() {
    everyone(|person| {
        let display = Display::start();
        let mut run = without_terminal(&run(person, &["--prompt", "ask", "--prompt-timeout", "4"]));
        run.env("DISPLAY", display.name())
            .env("NO_AT_BRIDGE", "1")
            .env_remove("WAYLAND_DISPLAY")
            .stdin(Stdio::null());
        run.stdout(Stdio::piped()).stderr(Stdio::piped());
        let child = run.spawn().expect("lowbox");
        window(&display);
        let output = child.wait_with_output().expect("it ends");
        assert!(String::from_utf8_lossy(&output.stderr).contains(WITHOUT));
        let gone = || display.xdotool(&["search", "--onlyvisible", "--name", "lowbox asks"]).is_none();
        assert!(until(Duration::from_secs(10), gone), "the window is still there");
    });
}
