//! Displays of programs that nothing is denied to: the same as those of isolated programs, beside the host's.

use std::collections::BTreeSet;
use std::fs;
use std::io::ErrorKind;
use std::os::linux::net::SocketAddrExt;
use std::os::unix::net::{SocketAddr, UnixListener, UnixStream};
use std::time::Duration;

use lowbox_program_tests::nested::{
    COLOUR, appears, has_nothing_of_a_display, lowbox_at, name_of, no_servers_are_left, title,
};
use lowbox_program_tests::{
    Display, Person, Running, accesses, everyone, everyone_at_home, finish, start, text, until,
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

/// Reads a file, which is something to record, colours its display, says where that is, and stays until it is told to end.
const COLOURS: &str = "read line < given; xsetroot -solid '#12AB34' || exit 9; echo $DISPLAY $XAUTHORITY; \
    until test -e end; do sleep 0.1; done; ls -A /tmp/.X11-unix";

fn colours(person: &Person, display: &Display, options: &[&str], name: &str) -> Running {
    person.file("given", "line\n");
    start(lowbox_at(
        person,
        display,
        &[options, &["--display", "--name", name, "--", "/bin/sh", "-c", COLOURS]].concat(),
    ))
}

#[track_caller]
fn is_drawn(display: &Display, name: &str) {
    let is_drawn = until(Duration::from_secs(20), || {
        display.picture(&format!("{name} while nothing is denied")).contains(&COLOUR.to_owned())
    });
    assert!(is_drawn, "{name}: nothing is drawn");
}

/// Waits for the colour, within the window of the program and nowhere else, and lets the program end.
#[track_caller]
fn is_coloured(person: &Person, display: &Display, name: &str, running: Running) -> String {
    appears(display, name);
    is_drawn(display, name);
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
            let running = colours(person, &display, options, &name);
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
        let running = colours(person, &display, &["learn", "--out", "learned"], &name);
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
fn nobody_else_can_answer_at_the_abstract_name_that_clients_try_before_the_socket() {
    everyone(|person| {
        let (display, name) = (Display::of(person, &[]), name_of(person, "abstract"));
        let taken = || {
            // Other tests' names may hold any bytes, and theirs may be among these.
            let list = fs::read("/proc/net/unix").expect("the list of sockets");
            let list = String::from_utf8_lossy(&list).into_owned();
            let names = list.lines().filter_map(|line| line.split_once(" @/tmp/.X11-unix/X6"));
            names
                .map(|(_, rest)| format!("/tmp/.X11-unix/X6{rest}"))
                .filter(|name| name.len() == 21)
                .collect::<BTreeSet<_>>()
        };
        let before = taken();
        let running = colours(person, &display, &["learn", "--out", "learned"], &name);
        appears(&display, &name);
        let new: Vec<String> = taken().difference(&before).cloned().collect();
        let tried: Vec<_> = new
            .iter()
            .map(|name| {
                let address = SocketAddr::from_abstract_name(name).expect("short");
                let bound = UnixListener::bind_addr(&address).map(drop);
                (name, bound, UnixStream::connect_addr(&address).map(drop))
            })
            .collect();
        // Those of other tests may have gone meanwhile; this one's is there.
        let now = taken();
        let held: Vec<_> = tried.into_iter().filter(|(name, ..)| now.contains(*name)).collect();
        assert!(!held.is_empty());
        for (name, bound, connected) in held {
            assert_eq!(bound.expect_err("somebody has it").kind(), ErrorKind::AddrInUse, "{name}");
            assert_eq!(connected.expect_err("nobody listens").kind(), ErrorKind::ConnectionRefused, "{name}");
        }
        is_coloured(person, &display, &name, running);
    });
}

#[test]
fn closing_the_window_takes_the_display_and_is_said_while_the_program_goes_on() {
    everyone(|person| {
        let display = Display::of(person, &[]);
        for (kind, options) in
            [("learned", &["learn", "--out", "learned"][..]), ("reported", &["run", "--report-only"])]
        {
            let name = name_of(person, &format!("closed{kind}"));
            let mut running = colours(person, &display, options, &name);
            let window = appears(&display, &name);
            is_drawn(&display, &name);
            display.xdotool(&["windowkill", &window]).expect("as a window manager does");
            no_servers_are_left(&name);
            assert!(!running.has_ended());
            person.file("end", "");
            let ended = running.finish(20);
            fs::remove_file(person.work().join("end")).expect("it is there");
            let said = "the program has no display: its window was closed";
            assert!(ended.stderr.contains(said), "{kind}: {}", ended.stderr);
        }
    });
}

#[test]
fn there_is_none_unless_it_is_asked_for_and_the_users_own_is_reached_by_its_name_and_recorded() {
    everyone(|person| {
        let display = Display::of(person, &[]);
        let learn = ["learn", "--out", "learned"];
        let show = ["--", "/bin/sh", "-c", "echo \"$DISPLAY.$XAUTHORITY\""];
        for options in [&[][..], &["--no-display"]] {
            let ended = finish(lowbox_at(person, &display, &[&learn[..], options, &show].concat()), 30);
            assert_eq!(ended.succeeded(), ".");
            assert!(!ended.stderr.contains("display"), "{}", ended.stderr);
        }
        let trace = person.work().join("own.trace");
        let words =
            ["learn", "--no-results", "--trace", text(&trace), "--env", "DISPLAY", "--env", "XAUTHORITY"];
        let colour = ["--", "xsetroot", "-solid", COLOUR];
        finish(lowbox_at(person, &display, &[&words[..], &colour].concat()), 30).succeeded();
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
