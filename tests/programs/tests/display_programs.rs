//! Programs with windows that nobody here wrote: used while they are learned about, and again with exactly what was learned.

use std::fs;
use std::path::Path;
use std::process::Command;
use std::time::Duration;

use lowbox_program_tests::nested::{
    appears, draws_a_page, has_nothing_of_a_display, lowbox_at, name_of, no_servers_are_left,
};
use lowbox_program_tests::{
    Display, NOTEPAD, Needed, Person, everyone_at_home_with_wine, fetched_windows_program, found, start,
    text, until,
};
use rustix::process::{Pid, Signal, kill_process};

/// A program at its display.
struct Used<'a> {
    person: &'a Person,
    display: &'a Display,
    name: String,
    command: &'a [&'a str],
    /// What the user does there; whether it had its effect.
    uses: &'a dyn Fn(&Display) -> bool,
}

impl Used<'_> {
    /// Starts it with these words before its command, has it used, and closes it.
    #[track_caller]
    fn by(&self, lowbox: &[&str], what: &str) {
        let Used { person, display, name, command, uses } = self;
        let mut running = start(lowbox_at(person, display, &[lowbox, &["--"], command].concat()));
        appears(display, name);
        draws_a_page(display, &format!("{name} {what}"));
        display.xdotool(&["mousemove", "400", "400", "click", "1"]).expect("it has the focus");
        let has_effect = uses(display);
        display.picture(&format!("{name} {what}, used"));
        assert!(has_effect, "{} {what}", person.name);
        // A window that is at work is not closed.
        until(Duration::from_secs(30), || {
            display.xdotool(&["key", "alt+F4"]).expect("a key");
            until(Duration::from_secs(3), || running.has_ended())
        });
        let ended = running.finish(30);
        ended.succeeded();
        assert!(!ended.stderr.contains("no display"), "{}", ended.stderr);
        no_servers_are_left(name);
    }

    /// Learns what it needs. The folder `learned` has a manifest then.
    #[track_caller]
    fn learn(&self) -> Vec<Needed> {
        let learn = ["learn", "--no-argument-grants", "--out", "learned", "--name", &self.name];
        self.by(&learn, "learned");
        let trace = self.person.work().join("learned/records.trace");
        has_nothing_of_a_display(&trace);
        found(self.person, &trace).needed
    }

    /// What runs it with these.
    fn with<'n>(&self, needed: &'n [Needed], first: &[&'n str], manifest: &'n str) -> Vec<&'n str> {
        let own = ["--no-argument-grants", "--manifest", manifest];
        first.iter().copied().chain(own).chain(needed.iter().flatten().map(String::as_str)).collect()
    }
}

#[test]
fn notepad_saves_a_file_while_it_is_learned_about_and_again_with_exactly_what_was_learned() {
    everyone_at_home_with_wine(|person| {
        let display = Display::of(person, &[]);
        let note = person.file("notes/note.txt", "text\n");
        let is_saved = |display: &Display| {
            until(Duration::from_secs(30), || {
                display.xdotool(&["key", "ctrl+Home", "key", "q", "key", "ctrl+s"]).expect("keys");
                until(Duration::from_secs(3), || fs::read_to_string(&note).expect("the file") == "qtext\n")
            })
        };
        let used = Used {
            person,
            display: &display,
            name: name_of(person, "notepad"),
            command: &[NOTEPAD, r"notes\note.txt"],
            uses: &is_saved,
        };
        let needed = used.learn();
        assert!(needed.iter().any(|[_, value]| value == &format!("{}:rw", text(&note))), "{needed:?}");
        let manifest = person.work().join("learned/AppxManifest.xml");
        let again = |needed| used.with(needed, &["run"], text(&manifest));
        fs::write(&note, "text\n").expect("as before");
        used.by(&again(&needed), "with what was learned");
        fs::write(&note, "text\n").expect("as before");
        let verify = used.with(&needed, &["learn", "verify", "--json", "answer.json"], text(&manifest));
        used.by(&verify, "verified");
        let answer = fs::read_to_string(person.work().join("answer.json")).expect("an answer");
        let answer: serde_json::Value = serde_json::from_str(&answer).expect("JSON");
        // Wine's own looks at the machine fail, as without a display.
        let lacks = answer["lacks"].to_string();
        for part in ["note.txt", "X11-unix", "Xauthority"] {
            assert!(!lacks.contains(part), "{answer:#}");
        }
        // And no less.
        fs::write(&note, "text\n").expect("as before");
        let less: Vec<Needed> =
            needed.iter().filter(|[_, value]| !value.starts_with(text(&note))).cloned().collect();
        let running =
            start(lowbox_at(person, &display, &[&again(&less)[..], &["--"], used.command].concat()));
        appears(&display, &used.name);
        draws_a_page(&display, &format!("{} with less", used.name));
        display.xdotool(&["mousemove", "400", "400", "click", "1"]).expect("it has the focus");
        display.xdotool(&["key", "ctrl+Home", "key", "q", "key", "ctrl+s"]).expect("keys");
        std::thread::sleep(Duration::from_secs(3));
        kill_process(Pid::from_raw(running.pid() as i32).expect("it runs"), Signal::KILL)
            .expect("it is ended");
        running.finish(10);
        assert_eq!(fs::read_to_string(&note).expect("the file"), "text\n");
    });
}

/// What a build's folder has after a first look at it, so that the window need not ask for a generator.
const CACHE: &str = "CMAKE_GENERATOR:INTERNAL=Ninja\n\
    CMAKE_MAKE_PROGRAM:FILEPATH=D:/ninja.exe\n\
    CMAKE_HOME_DIRECTORY:INTERNAL=D:/source\n\
    CMAKE_CACHEFILE_DIR:INTERNAL=D:/build\n\
    CMAKE_CACHE_MAJOR_VERSION:INTERNAL=3\n\
    CMAKE_CACHE_MINOR_VERSION:INTERNAL=22\n";

const LISTS: &str = "cmake_minimum_required(VERSION 3.20)\n\
    project(Sample LANGUAGES NONE)\n\
    file(READ words.txt words)\n\
    file(WRITE ${CMAKE_BINARY_DIR}/made.txt \"made of ${words}\")\n";

#[test]
fn cmakes_window_configures_and_generates_while_it_is_learned_about_and_again_with_exactly_what_was_learned()
{
    let Some(cmake) = fetched_windows_program("older/files/cmake/data/bin/cmake-gui.exe") else { return };
    let Some(ninja) = fetched_windows_program("ninja.exe") else { return };
    everyone_at_home_with_wine(|person| {
        let display = Display::of(person, &[]);
        person.file("source/CMakeLists.txt", LISTS);
        person.file("source/words.txt", "words\n");
        fs::copy(&ninja, person.file("ninja.exe", "")).expect("a copy");
        let installed = cmake.parent().and_then(Path::parent).expect("its folder");
        let own = person.folder("cmake");
        for part in ["bin", "share"] {
            let copied = Command::new("cp").arg("-r").arg(installed.join(part)).arg(&own).status();
            assert!(copied.expect("cp").success());
        }
        let build = person.work().join("build");
        let clean = || {
            let _ = fs::remove_dir_all(&build);
            person.file("build/CMakeCache.txt", CACHE);
        };
        let press = |display: &Display, key: &str, made: &str| {
            until(Duration::from_secs(60), || {
                display.xdotool(&["key", key]).expect("a key");
                until(Duration::from_secs(5), || build.join(made).exists())
            })
        };
        let uses =
            |display: &Display| press(display, "alt+c", "made.txt") && press(display, "alt+g", "build.ninja");
        let used = Used {
            person,
            display: &display,
            name: name_of(person, "cmake"),
            command: &["cmake/bin/cmake-gui.exe", "-S", "source", "-B", "build"],
            uses: &uses,
        };
        clean();
        let needed = used.learn();
        assert!(needed.iter().any(|[_, value]| value == &format!("{}:rw", text(&build))), "{needed:?}");
        clean();
        let manifest = person.work().join("learned/AppxManifest.xml");
        used.by(&used.with(&needed, &["run"], text(&manifest)), "with what was learned");
        assert_eq!(fs::read_to_string(build.join("made.txt")).expect("it is made"), "made of words\r\n");
    });
}
