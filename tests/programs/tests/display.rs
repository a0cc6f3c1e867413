//! Displays of programs: windows on the user's display, by a server in between.

use std::fs;
use std::process::Command;
use std::time::Duration;

use lowbox_program_tests::nested::{
    COLOUR, appears, draws_a_page, name_of, no_servers_are_left, servers, title,
};
use lowbox_program_tests::{
    CONSOLE, Display, NOTEPAD, Person, Sample, everyone, everyone_with_wine, finish, own_windows_program,
    pids_with, start, until,
};

/// A program that colours its whole display and stays.
fn colours(person: &Person, display: &Display, name: &str) -> Command {
    let script = format!("xsetroot -solid '{COLOUR}' || exit 9; echo coloured; exec sleep 60");
    let mut run = person.inside(["--display", "--name", name], ["/bin/sh", "-c", &script]);
    display.shown(&mut run);
    run
}

/// The folder in /proc of this program's server.
fn xephyr(name: &str) -> String {
    let is_it =
        |process: &String| fs::read_link(format!("{process}/exe")).is_ok_and(|exe| exe.ends_with("Xephyr"));
    let pids = pids_with(&format!("[lowbox] {name}_"));
    pids.iter().map(|pid| format!("/proc/{}", pid.as_raw_nonzero())).find(is_it).expect("Xephyr runs")
}

#[test]
fn what_a_program_draws_is_in_a_window_with_its_packages_name_which_goes_with_it() {
    everyone(|person| {
        let (display, name) = (Display::of(person, &[]), name_of(person, "draws"));
        assert!(!display.picture("before").contains(&COLOUR.to_owned()));
        let mut running = start(colours(person, &display, &name));
        appears(&display, &name);
        let is_drawn = until(Duration::from_secs(10), || {
            display.picture(&format!("drawn by {}", person.name)).contains(&COLOUR.to_owned())
        });
        assert!(is_drawn && !running.has_ended());
        rustix::process::kill_process(
            rustix::process::Pid::from_raw(running.pid() as i32).unwrap(),
            rustix::process::Signal::TERM,
        )
        .unwrap();
        let ended = running.finish(10);
        assert_eq!((ended.code(), ended.text()), (Some(143), "coloured".to_owned()), "{}", ended.stderr);
        assert!(until(Duration::from_secs(5), || display.window(&title(&name)).is_none()));
        no_servers_are_left(&name);
    });
}

#[test]
fn the_server_has_neither_the_users_files_nor_the_users_network_nor_root() {
    everyone(|person| {
        let (display, name) = (Display::of(person, &[]), name_of(person, "server"));
        let secret = person.file("secret.txt", "secret\n");
        let running = start(colours(person, &display, &name));
        appears(&display, &name);
        let server = xephyr(&name);
        let status = fs::read_to_string(format!("{server}/status")).expect("its status");
        let field = |name: &str| {
            let line = status.lines().find_map(|line| line.strip_prefix(name)).expect(name);
            line.split_whitespace().next().expect("a value").to_owned()
        };
        assert_ne!(field("Uid:"), "0");
        assert_eq!((field("NoNewPrivs:").as_str(), field("Seccomp:").as_str()), ("1", "2"));
        assert_eq!(field("CapEff:").trim_matches('0'), "");
        // Its pid 1 has the way to lowbox and what listens for the program, and not the connection to the user's display.
        let parent = format!("/proc/{}", field("PPid:"));
        let files = fs::read_dir(format!("{parent}/fd")).expect("its descriptors").flatten();
        let is_socket = |file: &fs::DirEntry| {
            fs::read_link(file.path()).is_ok_and(|to| to.to_string_lossy().starts_with("socket:"))
        };
        assert_eq!(files.filter(is_socket).count(), 2);
        let namespace = |process: &str| fs::read_link(format!("{process}/ns/net")).expect("its network");
        assert_ne!(namespace(&server), namespace("/proc/self"));
        let inside =
            |path: &std::path::Path| std::path::PathBuf::from(format!("{server}/root{}", path.display()));
        assert!(!inside(&secret).exists() && !inside(&display.socket()).exists());
        // What it reaches of the display is the other end of one connection, made before.
        assert!(inside("/tmp/.X11-unix/X0".as_ref()).exists());
        drop(running);
    });
}

/// The family names that have folders of data.
fn packages_with_data(person: &Person) -> Vec<String> {
    let folders = fs::read_dir(person.home().join(".local/share/lowbox/packages")).expect("there are some");
    folders.map(|entry| entry.expect("an entry").file_name().into_string().expect("a name")).collect()
}

#[test]
fn the_servers_of_two_packages_have_no_folder_on_the_disk_and_under_root_not_one_user() {
    everyone(|person| {
        let display = Display::of(person, &[]);
        let names = ["first", "second"].map(|word| name_of(person, word));
        let users = names.each_ref().map(|name| {
            let running = start(colours(person, &display, name));
            appears(&display, name);
            let process = xephyr(name);
            let environment = fs::read_to_string(format!("{process}/environ")).expect("its environment");
            for variable in ["HOME=/tmp", "TMPDIR=/tmp"] {
                assert!(environment.split('\0').any(|own| own == variable), "{variable}: {environment}");
            }
            let status = fs::read_to_string(format!("{process}/status")).expect("its status");
            let pid = rustix::process::Pid::from_raw(running.pid() as i32).expect("it runs");
            rustix::process::kill_process(pid, rustix::process::Signal::TERM).expect("it is ended");
            running.finish(10);
            status.lines().find(|line| line.starts_with("Uid:")).expect("its user").to_owned()
        });
        assert_eq!(users[0] != users[1], person.is_root(), "{users:?}");
        let own = |family: &String| names.iter().any(|name| family.starts_with(&format!("{name}_")));
        let packages = packages_with_data(person);
        assert!(packages.len() == 2 && packages.iter().all(own), "{packages:?}");
    });
}

#[test]
fn a_server_that_was_taken_over_leaves_nothing_for_another_packages_nor_for_the_next_of_its_own() {
    everyone(|person| {
        if !person.is_root() {
            // Something else can be put in the place of Xephyr by root alone.
            return;
        }
        let display = Display::of(person, &[]);
        let script = "#!/bin/sh\nfor place in \"$HOME\" \"$TMPDIR\" /tmp /var/tmp /dev/shm \"$XDG_RUNTIME_DIR\"; do\n\
            [ -e \"$place/planted\" ] && exit 7\ndone\nfor place in \"$HOME\" \"$TMPDIR\" /tmp /var/tmp /dev/shm \"$XDG_RUNTIME_DIR\"; do\n\
            echo x 2>/dev/null >\"$place/planted\"\ndone\n[ -e \"$HOME/planted\" ] && exit 8\n";
        let probe = person.file("probe", script);
        let executable = std::os::unix::fs::PermissionsExt::from_mode(0o755);
        fs::set_permissions(&probe, executable).expect("its mode");
        let mount = format!("mount --bind {} /usr/bin/Xephyr && exec \"$@\"", probe.display());
        let before = ["unshare", "--mount", "--propagation", "private", "/bin/sh", "-c", &mount, "sh"];
        for name in ["planting", "planting", "other"] {
            let options = ["--display", "--name", name];
            let mut run = person.inside_after(before, options, ["/bin/sh", "-c", "xsetroot; sleep 1"]);
            display.shown(&mut run);
            let ended = finish(run, 20);
            assert!(ended.stderr.contains("(it ended with 8)"), "{name}: {}", ended.stderr);
        }
    });
}

#[test]
fn a_program_that_never_asks_for_its_display_gets_no_window() {
    everyone(|person| {
        let (display, name) = (Display::of(person, &[]), name_of(person, "never"));
        let mut run =
            person.inside(["--display", "--name", &name], ["/bin/sh", "-c", "echo $DISPLAY; sleep 1"]);
        let running = start({
            display.shown(&mut run);
            run
        });
        std::thread::sleep(Duration::from_millis(700));
        assert!(display.window(r"^\[lowbox\]").is_none());
        assert_eq!(servers(&name), 0);
        let ended = running.finish(10);
        assert_eq!((ended.succeeded().as_str(), ended.stderr.as_str()), (":0", ""));
    });
}

#[test]
fn killing_lowbox_leaves_neither_server_nor_window() {
    everyone(|person| {
        let (display, name) = (Display::of(person, &[]), name_of(person, "killed"));
        let running = start(colours(person, &display, &name));
        appears(&display, &name);
        let pid = rustix::process::Pid::from_raw(running.pid() as i32).expect("it runs");
        rustix::process::kill_process(pid, rustix::process::Signal::KILL).expect("it is killed");
        no_servers_are_left(&name);
        assert!(until(Duration::from_secs(5), || display.window(&title(&name)).is_none()));
        running.finish(10);
    });
}

#[test]
fn a_window_that_the_user_closes_takes_the_programs_display_and_nothing_else() {
    everyone(|person| {
        let (display, name) = (Display::of(person, &[]), name_of(person, "closed"));
        let script =
            format!("while xsetroot -solid '{COLOUR}' 2>/dev/null; do sleep 0.05; done; echo gone; exit 3");
        let mut run = person.inside(["--display", "--name", &name], ["/bin/sh", "-c", &script]);
        let running = start({
            display.shown(&mut run);
            run
        });
        let is_drawn = || display.picture(&format!("closed by {}", person.name)).contains(&COLOUR.to_owned());
        assert!(until(Duration::from_secs(10), is_drawn));
        let window = appears(&display, &name);
        display.xdotool(&["windowkill", &window]).expect("as a window manager does");
        let ended = running.finish(20);
        assert_eq!((ended.code(), ended.text()), (Some(3), "gone".to_owned()), "{}", ended.stderr);
        assert_eq!(ended.stderr, "lowbox: the program has no display: its window was closed\n");
        no_servers_are_left(&name);
    });
}

#[test]
fn without_a_display_or_a_server_or_a_way_to_hold_it_back_the_program_runs_and_it_is_said_why() {
    everyone(|person| {
        let run = |display: Option<&Display>, path: &str| {
            let script = "/usr/bin/xsetroot -solid red 2>/dev/null || echo none";
            let before = ["/usr/bin/env".to_owned(), format!("PATH={path}")];
            let mut run = person.inside_after(before, ["--display"], ["/bin/sh", "-c", script]);
            run.env_remove("DISPLAY");
            if let Some(display) = display {
                display.shown(&mut run);
            }
            finish(run, 20)
        };
        let unsafe_display = Display::of(person, &["-extension", "SECURITY"]);
        for (display, path, why) in [
            (None, "/usr/bin:/bin", "DISPLAY is not set"),
            (Some(&unsafe_display), "/nowhere", "package xserver-xephyr"),
            (Some(&unsafe_display), "/usr/bin:/bin", "no SECURITY extension"),
        ] {
            let ended = run(display, path);
            assert_eq!(ended.succeeded(), "none");
            assert!(ended.stderr.contains(why), "{why}: {}", ended.stderr);
        }
        // A display whose cookie the user does not have.
        let foreign = Display::of(person, &[]);
        let mut run =
            person.inside(["--display"], ["/bin/sh", "-c", "xsetroot -solid red 2>/dev/null || echo none"]);
        foreign.shown(&mut run).env("XAUTHORITY", "/nowhere");
        let ended = finish(run, 20);
        assert_eq!(ended.succeeded(), "none");
        assert!(ended.stderr.contains("lets nobody in"), "{}", ended.stderr);
    });
}

#[test]
fn a_program_has_no_display_unless_it_is_asked_for() {
    everyone(|person| {
        let display = Display::of(person, &[]);
        for options in [&[][..], &["--no-display"]] {
            let mut run = person.inside(
                options,
                ["/bin/sh", "-c", "echo \"$DISPLAY.$XAUTHORITY\"; ls -d /tmp/.X11-unix 2>/dev/null || true"],
            );
            display.shown(&mut run);
            let ended = finish(run, 20);
            assert_eq!((ended.succeeded().as_str(), ended.stderr.as_str()), (".", ""));
        }
    });
}

#[test]
fn windows_of_a_windows_program_are_shown_unasked_and_take_keys() {
    everyone_with_wine(|person| {
        let (display, name) = (Display::of(person, &[]), name_of(person, "typed"));
        let program = own_windows_program(person, "window");
        let mut run = person.inside(["--name", &name], [&program]);
        let running = start({
            display.shown(&mut run);
            run
        });
        appears(&display, &name);
        let is_drawn = until(Duration::from_secs(60), || {
            display.picture(&format!("window of {}", person.name)).contains(&COLOUR.to_owned())
        });
        assert!(is_drawn, "the program's window is not drawn");
        // There is no window manager: what the pointer is over has the keys.
        display.xdotool(&["mousemove", "200", "200", "click", "1"]).expect("it has the focus");
        assert!(until(Duration::from_secs(20), || {
            display.xdotool(&["key", "q"]).expect("a key");
            display
                .picture(&format!("window of {}, a key typed", person.name))
                .contains(&"#AB3412".to_owned())
        }));
        display.xdotool(&["key", "Escape"]).expect("a key");
        let ended = running.finish(60);
        assert_eq!(ended.code(), Some(5), "{}", ended.stderr);
        no_servers_are_left(&name);
    });
}

#[test]
fn notepad_of_wine_is_a_windows_program_that_nobody_here_wrote() {
    everyone_with_wine(|person| {
        let (display, name) = (Display::of(person, &[]), name_of(person, "notepad"));
        let mut run = person.inside(["--name", &name], [NOTEPAD]);
        let running = start({
            display.shown(&mut run);
            run
        });
        appears(&display, &name);
        assert!(display.picture("before notepad").len() < 10);
        draws_a_page(&display, &format!("notepad of {}", person.name));
        display.xdotool(&["mousemove", "200", "200", "click", "1", "key", "alt+F4"]).expect("a key");
        running.finish(30).succeeded();
        no_servers_are_left(&name);
    });
}

#[test]
fn a_packages_application_has_a_display_unless_it_is_of_the_command_line() {
    everyone(|person| {
        let display = Display::of(person, &[]);
        for (name, trust, expected) in
            [("Contoso.Windows", None, ":0"), ("Contoso.Console", Some(CONSOLE), "none")]
        {
            let mut sample = Sample::new(name, "1.0.0.0");
            sample.script = "echo ${DISPLAY:-none}\n".to_owned();
            sample.trust = trust.unwrap_or(sample.trust);
            sample.install(person, &[]).succeeded();
            let mut run = person.lowbox(&["run", name]);
            display.shown(&mut run);
            let ended = finish(run, 30);
            assert_eq!((ended.succeeded().as_str(), ended.stderr.as_str()), (expected, ""), "{name}");
        }
        // Without a display nothing is said: such a program need not have windows.
        let mut run = person.lowbox(&["run", "Contoso.Windows"]);
        run.env_remove("DISPLAY");
        let ended = finish(run, 30);
        assert_eq!((ended.succeeded().as_str(), ended.stderr.as_str()), ("none", ""));
    });
}

/// Says by a window's title what its connection can do. In the place of Xephyr it does so with what Xephyr has.
const PROBE: &str = r##"
import os, time
display = Display(os.environ.get("PROBE", "0"), way="path")
said = []
for name in ("SECURITY", "XTEST", "RECORD", "MIT-SHM"):
    said.append(f"{name}={display.ask(98, 0, 'Hxx', len(name), tail=name.encode())[8]}")
try:
    image = display.ask(73, 2, "IhhHHI", display.root, 500, 500, 1, 1, 0xFFFFFFFF)
    said.append(f"pixel={struct.unpack_from('<I', image, 32)[0] & 0xFFFFFF:06X}")
except ConnectionError:
    said.append("pixel=none")
try:
    Display("0", way="path")
    said.append("again=yes")
except OSError:
    said.append("again=no")
window, title = display.window(), ("probe " + " ".join(said)).encode()
display.send(18, 0, "IIIBxxxI", window, 39, 31, 8, len(title), tail=title)
display.send(8, 0, "I", window)
display.ask(43, 0)
time.sleep(20)
"##;

#[test]
fn a_server_that_was_taken_over_has_one_connection_without_rights_where_the_display_lets_everybody_in() {
    everyone(|person| {
        if !person.is_root() {
            // Something else can be put in the place of Xephyr by root alone.
            return;
        }
        let display = Display::start();
        let probe = ["#!/usr/bin/python3\n", include_str!("../../attacks/common/xclient.py"), PROBE].concat();
        let probe = person.file("probe", &probe);
        let executable = std::os::unix::fs::PermissionsExt::from_mode(0o755);
        fs::set_permissions(&probe, executable).expect("its mode");
        let mut coloured = Command::new("xsetroot");
        let done = display.shown(coloured.args(["-solid", COLOUR])).status();
        assert!(done.expect("xsetroot: cargo xtask peers").success());
        let title_of = |running: lowbox_program_tests::Running| {
            let mut window = None;
            assert!(until(Duration::from_secs(15), || {
                window = display.window("^probe ");
                window.is_some()
            }));
            let title =
                display.xdotool(&["getwindowname", &window.expect("it is there")]).expect("its title");
            let pid = rustix::process::Pid::from_raw(running.pid() as i32).expect("it runs");
            rustix::process::kill_process(pid, rustix::process::Signal::KILL).expect("it is ended");
            running.finish(10);
            assert!(until(Duration::from_secs(5), || display.window("^probe ").is_none()));
            title
        };
        let mut plain = person.plain([&probe]);
        plain.env("PROBE", display.name().trim_start_matches(':'));
        let trusted = title_of(start(plain));
        assert!(trusted.starts_with("probe SECURITY=1 XTEST=1 RECORD=1 MIT-SHM=1 pixel=12AB34"), "{trusted}");
        let mount = format!("mount --bind {} /usr/bin/Xephyr && exec \"$@\"", probe.display());
        let before = ["unshare", "--mount", "--propagation", "private", "/bin/sh", "-c", &mount, "sh"];
        let mut run = person.inside_after(before, ["--display"], ["/bin/sh", "-c", "xsetroot; sleep 20"]);
        display.shown(&mut run);
        let untrusted = title_of(start(run));
        assert!(untrusted.starts_with("probe SECURITY=0 XTEST=0 RECORD=0 MIT-SHM=0 pixel="), "{untrusted}");
        assert!(!untrusted.contains("12AB34") && untrusted.ends_with("again=no"), "{untrusted}");
    });
}

#[test]
fn a_display_is_as_large_as_its_window_and_has_the_users_keyboard() {
    everyone(|person| {
        let (display, name) = (Display::of(person, &[]), name_of(person, "keyboard"));
        let mut layout = Command::new("setxkbmap");
        let done = display.shown(layout.args(["-layout", "de", "-variant", "nodeadkeys"])).status();
        assert!(done.expect("setxkbmap: x11-xkb-utils, on which Xvfb depends").success());
        // By RANDR a program could cover what else the user has there.
        let script = "xrandr -s 1600x1200 && echo covered; setxkbmap -query; xwininfo -root | grep geometry; until xwininfo -root | grep -q 900x700; do sleep 0.1; done; echo grown";
        let mut run = person.inside(["--display", "--name", &name], ["/bin/sh", "-c", script]);
        let running = start({
            display.shown(&mut run);
            run
        });
        let window = appears(&display, &name);
        std::thread::sleep(Duration::from_millis(500));
        display.xdotool(&["windowsize", &window, "900", "700"]).expect("it is resized");
        let said = running.finish(20).succeeded();
        for part in ["layout:     de\n", "variant:    nodeadkeys\n", "-geometry 750x600+0+0\n", "grown"] {
            assert!(said.contains(part), "{part}: {said}");
        }
        assert!(!said.contains("covered"), "{said}");
    });
}
