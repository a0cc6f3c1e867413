//! Displays of programs that nothing is denied to: the same as those of isolated programs, beside the host's.

use std::collections::BTreeSet;
use std::fs;
use std::path::Path;
use std::process::Command;
use std::time::Duration;

use lowbox_program_tests::nested::{COLOUR, appears, draws_a_page, name_of, no_servers_are_left, title};
use lowbox_program_tests::{
    Display, NOTEPAD, Person, Running, accesses, everyone, everyone_at_home, everyone_at_home_with_wine,
    finish, found, start, text, until,
};
use rustix::process::{Pid, Signal, kill_process};

/// What is in the host's folder of displays, but for numbers that displays of tests have.
fn sockets_of_lowbox() -> BTreeSet<String> {
    let entries = fs::read_dir("/tmp/.X11-unix").expect("a display of the test's made it");
    let names = entries.map(|entry| entry.expect("its name").file_name().into_string().expect("text"));
    names
        .filter(|name| {
            name.strip_prefix('X')
                .and_then(|rest| rest.parse().ok())
                .is_none_or(|number: u32| number >= 50_000)
        })
        .collect()
}

/// Fails if anything of a display is among what was recorded.
#[track_caller]
fn has_nothing_of_a_display(trace: &Path) {
    let all = accesses(trace);
    let of_display = |access: &serde_json::Value| {
        let shown = access.to_string();
        ["X11-unix", "Xauthority", "\"display\""].iter().any(|word| shown.contains(word))
    };
    let found: Vec<_> = all.iter().filter(|access| of_display(access)).collect();
    assert!(found.is_empty(), "{found:#?}");
}

fn lowbox(person: &Person, display: &Display, words: &[&str]) -> Command {
    let mut command = person.lowbox(words);
    display.shown(&mut command);
    command
}

/// Colours its display, says where that is, and stays until it is told to end.
const COLOURS: &str = "xsetroot -solid '#12AB34' || exit 9; echo $DISPLAY $XAUTHORITY; \
    until test -e end; do sleep 0.1; done; ls -A /tmp/.X11-unix";

/// Waits for the colour, within the window of the program and nowhere else, and lets the program end.
#[track_caller]
fn is_coloured(person: &Person, display: &Display, name: &str, running: Running) -> String {
    appears(display, name);
    let is_drawn = until(Duration::from_secs(20), || {
        display.picture(&format!("{name} while nothing is denied")).contains(&COLOUR.to_owned())
    });
    assert!(is_drawn, "{}: nothing is drawn", person.name);
    person.file("end", "");
    let ended = running.finish(30);
    fs::remove_file(person.work().join("end")).expect("it is there");
    no_servers_are_left(name);
    assert!(until(Duration::from_secs(5), || display.window(&title(name)).is_none()));
    assert!(
        !display.picture("afterwards").contains(&COLOUR.to_owned()),
        "the user's own display is coloured"
    );
    assert!(!ended.stderr.contains("no display"), "{}", ended.stderr);
    ended.succeeded()
}

#[test]
fn a_program_that_is_learned_about_or_only_reported_on_has_a_display_of_its_own_and_nothing_of_it_is_in_the_results()
 {
    everyone(|person| {
        let display = Display::of(person, &[]);
        let before = sockets_of_lowbox();
        let trace = person.work().join("learned/records.trace");
        for (kind, options) in
            [("learned", &["learn", "--out", "learned"][..]), ("reported", &["run", "--report-only"])]
        {
            let name = name_of(person, kind);
            let words = [options, &["--display", "--name", &name, "--", "/bin/sh", "-c", COLOURS]].concat();
            let running = start(lowbox(person, &display, &words));
            let said = is_coloured(person, &display, &name, running);
            let lines: Vec<&str> = said.lines().collect();
            let (number, authority) = lines[0].split_once(' ').expect("both");
            let number: u32 = number.trim_start_matches(':').parse().expect("a number");
            assert!((60_000..65_536).contains(&number), "{said}");
            assert_eq!(authority, "/tmp/.X11-unix/.Xauthority");
            // The host's displays, of which there is one at least, are behind the folder of its own.
            assert_eq!(lines[1..], [".Xauthority", &format!("X{number}")]);
        }
        has_nothing_of_a_display(&trace);
        let records = person.package(&name_of(person, "reported")).join("Records");
        let traces = fs::read_dir(records).expect("records").map(|entry| entry.expect("one").path());
        let traces: Vec<_> =
            traces.filter(|path| path.extension().is_some_and(|end| end == "trace")).collect();
        assert!(!traces.is_empty());
        traces.iter().for_each(|trace| has_nothing_of_a_display(trace));
        assert_eq!(sockets_of_lowbox(), before);
    });
}

#[test]
fn a_killed_lowbox_leaves_neither_server_nor_window_nor_anything_in_the_hosts_folder_of_displays() {
    everyone(|person| {
        let (display, name) = (Display::of(person, &[]), name_of(person, "killedlearner"));
        let before = sockets_of_lowbox();
        let words =
            ["learn", "--out", "learned", "--display", "--name", &name, "--", "/bin/sh", "-c", COLOURS];
        let running = start(lowbox(person, &display, &words));
        appears(&display, &name);
        let pid = Pid::from_raw(running.pid() as i32).expect("it runs");
        kill_process(pid, Signal::KILL).expect("it is killed");
        no_servers_are_left(&name);
        assert!(until(Duration::from_secs(5), || display.window(&title(&name)).is_none()));
        running.finish(10);
        assert_eq!(sockets_of_lowbox(), before);
    });
}

#[test]
fn there_is_none_unless_it_is_asked_for_and_the_users_own_is_reached_by_its_name_and_recorded() {
    everyone(|person| {
        let display = Display::of(person, &[]);
        let learn = ["learn", "--out", "learned"];
        let show = ["--", "/bin/sh", "-c", "echo \"$DISPLAY.$XAUTHORITY\""];
        for options in [&[][..], &["--no-display"]] {
            let ended = finish(lowbox(person, &display, &[&learn[..], options, &show].concat()), 30);
            assert_eq!(ended.succeeded(), ".");
            assert!(!ended.stderr.contains("display"), "{}", ended.stderr);
        }
        let trace = person.work().join("own.trace");
        let words =
            ["learn", "--no-results", "--trace", text(&trace), "--env", "DISPLAY", "--env", "XAUTHORITY"];
        let colour = ["--", "xsetroot", "-solid", COLOUR];
        finish(lowbox(person, &display, &[&words[..], &colour].concat()), 30).succeeded();
        assert!(display.picture("the user's own").contains(&COLOUR.to_owned()));
        let recorded = accesses(&trace).iter().any(|access| {
            let place = display.socket();
            access["object"].to_string().contains(text(&place))
        });
        assert!(recorded, "{:#?}", accesses(&trace));
    });
}

/// Hides the host's /tmp behind an empty one, in which it makes something, for a command that runs without privilege then.
fn with_an_empty_tmp(person: &Person, make: &str) -> Vec<String> {
    let script = format!(
        "mount -t tmpfs tmpfs /tmp && {make} && exec setpriv --inh-caps=-all --ambient-caps=-all -- \"$@\""
    );
    let own: &[&str] = if person.is_root() { &[] } else { &["--user", "--map-current-user", "--keep-caps"] };
    let unshare = ["unshare", "--mount", "--propagation", "private"];
    let shell = ["/bin/sh", "-c", &script, "sh"];
    [&unshare[..], own, &shell].concat().into_iter().map(str::to_owned).collect()
}

#[test]
fn where_the_host_has_no_folder_of_displays_the_program_runs_and_it_is_said_why_it_has_none() {
    everyone_at_home(|person| {
        for make in ["true", "ln -s /var /tmp/.X11-unix"] {
            let script = "echo \"$DISPLAY.\"; ls -A /tmp";
            let options = ["--report-only", "--display"];
            let mut run =
                person.inside_after(with_an_empty_tmp(person, make), options, ["/bin/sh", "-c", script]);
            run.env("DISPLAY", ":1");
            let ended = finish(run, 30);
            let there = if make == "true" { "." } else { ".\n.X11-unix" };
            assert_eq!(ended.succeeded(), there);
            let said = "no display: while nothing is denied its own is mounted over /tmp/.X11-unix";
            assert!(ended.stderr.contains(said), "{}", ended.stderr);
        }
    });
}

/// Types into the editor and has it save, which leads to what the file is then.
#[track_caller]
fn types_and_saves(
    person: &Person,
    display: &Display,
    name: &str,
    running: Running,
    file: &Path,
    expected: &str,
) {
    appears(display, name);
    draws_a_page(display, &format!("{name} with a file"));
    display.xdotool(&["mousemove", "200", "200", "click", "1"]).expect("it has the focus");
    let is_saved = until(Duration::from_secs(30), || {
        display.xdotool(&["key", "ctrl+Home", "key", "q", "key", "ctrl+s"]).expect("keys");
        until(Duration::from_secs(3), || fs::read_to_string(file).expect("the file") != "text\n")
    });
    display.picture(&format!("{name} having saved"));
    assert!(is_saved, "{}", person.name);
    display.xdotool(&["key", "alt+F4"]).expect("a key");
    let ended = running.finish(60);
    ended.succeeded();
    assert!(!ended.stderr.contains("no display"), "{}", ended.stderr);
    no_servers_are_left(name);
    assert_eq!(fs::read_to_string(file).expect("the file"), expected);
}

#[test]
fn notepad_saves_a_file_while_it_is_learned_about_and_again_with_exactly_what_was_learned() {
    everyone_at_home_with_wine(|person| {
        let (display, name) = (Display::of(person, &[]), name_of(person, "notepadlearned"));
        let note = person.file("notes/note.txt", "text\n");
        let command = ["--", NOTEPAD, r"notes\note.txt"];
        let learn = ["learn", "--no-argument-grants", "--out", "learned", "--name", &name];
        let running = start(lowbox(person, &display, &[&learn[..], &command].concat()));
        types_and_saves(person, &display, &name, running, &note, "qtext\n");
        let trace = person.work().join("learned/records.trace");
        has_nothing_of_a_display(&trace);
        let needed = found(person, &trace).needed;
        assert!(needed.iter().any(|[_, value]| value == &format!("{}:rw", text(&note))), "{needed:?}");
        fs::write(&note, "text\n").expect("as before");
        let options: Vec<&str> = needed.iter().flatten().map(String::as_str).collect();
        let manifest = person.work().join("learned/AppxManifest.xml");
        let run = ["run", "--no-argument-grants", "--manifest", text(&manifest)];
        let running = start(lowbox(person, &display, &[&run[..], &options, &command].concat()));
        types_and_saves(person, &display, &name, running, &note, "qtext\n");
    });
}
