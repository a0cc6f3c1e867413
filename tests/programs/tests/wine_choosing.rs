//! Files that the user chooses for a Windows program, in a window of lowbox's.

use std::fs;
use std::os::unix::fs::MetadataExt;
use std::path::Path;
use std::time::Duration;

use lowbox_program_tests::{
    Display, Person, Running, everyone_at_home_with_wine, own_windows_program, start, until, without_terminal,
};

/// In the root folder, which is no drive: so `D:` is the folder of the program, in which the tests' files are.
const AWAY: [&str; 4] = ["--prompt", "ask", "--chdir", "/"];

/// Runs the program that chooses, where questions are asked in dialogs.
fn choosing(person: &Person, display: &Display, options: &[&str], words: &[String]) -> Running {
    choosing_by("choose", person, display, options, words)
}

fn choosing_by(
    name: &str,
    person: &Person,
    display: &Display,
    options: &[&str],
    words: &[String],
) -> Running {
    let program = own_windows_program(person, name);
    let words: Vec<&str> =
        std::iter::once(program.to_str().expect("UTF-8")).chain(words.iter().map(String::as_str)).collect();
    let mut run = without_terminal(&person.inside([&AWAY[..], options].concat(), words));
    display.shown(&mut run);
    run.env("NO_AT_BRIDGE", "1").env_remove("WAYLAND_DISPLAY");
    start(run)
}

/// The window in which something is chosen, drawn and with the keys.
fn drawn(display: &Display, title: &str) -> String {
    let mut found = None;
    until(Duration::from_secs(60), || {
        found = display.window(title);
        found.is_some()
    });
    let found =
        found.unwrap_or_else(|| panic!("no {title} in {:?}", display.xdotool(&["search", "--name", "."])));
    std::thread::sleep(Duration::from_millis(500));
    display.xdotool(&["windowfocus", "--sync", &found]);
    found
}

/// The same once what comes from it counts.
fn window(display: &Display, title: &str) -> String {
    let found = drawn(display, title);
    std::thread::sleep(Duration::from_millis(1500));
    found
}

/// Types a path into it, as a person would, and takes it.
fn choose(display: &Display, title: &str, typed: &str) {
    let window = window(display, title);
    loop {
        display.xdotool(&["type", "--delay", "20", typed]).expect("it is typed");
        std::thread::sleep(Duration::from_millis(500));
        display.picture(&format!("choosing {}", title.trim_start_matches('^')));
        display.xdotool(&["key", "Return"]).expect("a key");
        let is_gone = || display.window(title) != Some(window.clone());
        assert!(until(Duration::from_secs(10), is_gone), "it stays");
        // A busy machine draws it late.
        if !until(Duration::from_secs(1), || display.window("once more").is_some()) {
            return;
        }
        self::window(display, "once more");
    }
}

const OPEN: &str = "may read the file that you choose";
const SAVE: &str = "may write the file that you choose";

fn windows(person: &Person, path: &Path) -> String {
    let inside = path.strip_prefix(person.work()).expect("in it").to_str().expect("UTF-8");
    format!(r"D:\{}", inside.replace('/', r"\"))
}

#[test]
fn a_file_that_is_chosen_in_the_window_of_lowbox_is_read_without_a_question_and_the_one_beside_it_is_not() {
    everyone_at_home_with_wine(|person| {
        let display = Display::of(person, &[]);
        let note = person.file("notes/note.txt", "a note\n");
        let other = person.file("notes/other.txt", "other\n");
        let third = person.file("notes/third.txt", "the third\n");
        let windows = |path: &Path| self::windows(person, path);
        let words = [
            format!("in={}", windows(note.parent().expect("a folder"))),
            "open".to_owned(),
            "narrow".to_owned(),
            format!("r:{}", windows(&other)),
            format!("r:{}", windows(&note)),
        ];
        let running = choosing(person, &display, &["--prompt-timeout", "4"], &words);
        choose(&display, OPEN, note.to_str().expect("UTF-8"));
        choose(&display, OPEN, third.to_str().expect("UTF-8"));
        let ended = running.finish(60);
        let said = ended.succeeded().replace('\r', "");
        let expected = [
            format!("note.txt, note.txt, .txt is {}: a note", windows(&note)),
            format!("third.txt is {}: the third", windows(&third)),
            format!("{}: can't be read", windows(&other)),
            format!("{}: a note", windows(&note)),
        ];
        assert_eq!(said.lines().collect::<Vec<_>>(), expected, "{}", ended.stderr);
    });
}

#[test]
fn a_new_file_is_made_where_the_user_says_with_the_programs_extension_and_is_the_users() {
    everyone_at_home_with_wine(|person| {
        let display = Display::of(person, &[]);
        let there = person.file("out/there.txt", "there\n");
        let new = there.with_file_name("report.txt");
        let folder = format!("in={}", windows(person, there.parent().expect("a folder")));
        let running = choosing(person, &display, &[], &[folder, "save=untitled".to_owned()]);
        choose(&display, SAVE, new.with_extension("").to_str().expect("UTF-8"));
        let ended = running.finish(60);
        let expected = format!("{}: written", windows(person, &new));
        assert_eq!(ended.succeeded(), expected, "{}", ended.stderr);
        assert_eq!(fs::read_to_string(&new).expect("it is there"), "written");
        let (new, old) =
            (fs::metadata(&new).expect("it"), fs::metadata(there.parent().expect("it")).expect("it"));
        assert_eq!(new.uid(), old.uid());
        assert_eq!(fs::read_to_string(&there).expect("it is there"), "there\n");
    });
}

#[test]
fn a_window_that_is_closed_gives_nothing_and_windows_come_no_faster_than_questions() {
    everyone_at_home_with_wine(|person| {
        let display = Display::of(person, &[]);
        // What nobody wrote is no request.
        let forged = r"r:\\?\unix\.choose\00000000000000zz\open\-\-\-\-\-".to_owned();
        let words = [vec![forged], vec!["open".to_owned(); 12]].concat();
        let running = choosing(person, &display, &[], &words);
        for _ in 0..10 {
            let window = drawn(&display, OPEN);
            display.xdotool(&["key", "Escape"]).expect("a key");
            assert!(until(Duration::from_secs(10), || display.window(OPEN) != Some(window.clone())));
        }
        let ended = running.finish(60);
        let said = ended.succeeded().replace('\r', "");
        let (first, rest) = said.split_once('\n').expect("lines");
        assert!(first.ends_with("can't be read"), "{said}");
        assert_eq!(rest.lines().collect::<Vec<_>>(), ["open: cancelled 0"; 12]);
        assert!(ended.stderr.contains("more than 10 questions in a minute"), "{}", ended.stderr);
        assert!(display.window(OPEN).is_none());
    });
}

#[test]
fn what_a_link_leads_to_is_given_once_the_user_has_seen_it_and_what_is_not_theirs_never() {
    everyone_at_home_with_wine(|person| {
        let display = Display::of(person, &[]);
        let secret = person.file("secret/key.txt", "secret\n");
        let planted = person.file("shared/report.txt", "").with_file_name("planted.txt");
        std::os::unix::fs::symlink(&secret, &planted).expect("a link");
        let note = person.file("disk/note.txt", "by a link\n");
        let own = note.parent().expect("a folder").with_file_name("own");
        std::os::unix::fs::symlink("disk", &own).expect("a link");
        let shared = planted.parent().expect("a folder");
        let grant = format!("{}:rw", shared.display());
        let words = ["open", "open", "open"].map(str::to_owned);
        let running = choosing(person, &display, &["--grant", &grant], &words);
        let typed = |path: &Path| path.to_str().expect("UTF-8").to_owned();
        // What the program may have made: Enter alone is no.
        choose(&display, OPEN, &typed(&planted));
        let question = r"^\[lowbox\] [^ ]*$";
        let _asked = window(&display, question);
        display.picture("a link is asked about");
        display.xdotool(&["key", "Return"]).expect("a key");
        choose(&display, OPEN, &typed(&own.join("note.txt")));
        let _asked = window(&display, question);
        display.xdotool(&["key", "alt+y"]).expect("a key");
        // What is not the user's own: the program has its answer, and the user is told why.
        choose(&display, OPEN, "/etc/hostname");
        let _told = window(&display, "not given");
        display.picture("not given");
        display.xdotool(&["key", "Return"]).expect("a key");
        let ended = running.finish(60);
        let said = ended.succeeded().replace('\r', "");
        let read = format!("note.txt, note.txt, .txt is {}: by a link", windows(person, &note));
        assert_eq!(said.lines().collect::<Vec<_>>(), ["open: cancelled 0", &read, "open: cancelled 0"]);
        assert!(ended.stderr.contains("/etc/hostname was chosen and can't be given"), "{}", ended.stderr);
    });
}

#[test]
fn a_key_that_was_meant_for_another_window_chooses_nothing_and_hidden_folders_are_not_where_it_begins() {
    everyone_at_home_with_wine(|person| {
        let display = Display::of(person, &[]);
        let hidden = person.home().join(".config/autostart");
        let made = person.plain(["mkdir", "-p", hidden.to_str().expect("UTF-8")]).status();
        assert!(made.expect("mkdir").success());
        let words = [r"in=E:\.config\autostart", "save=update.desktop"].map(str::to_owned);
        let running = choosing(person, &display, &[], &words);
        let mut first = None;
        let is_there = until(Duration::from_secs(30), || {
            first = display.window(SAVE);
            first.is_some()
        });
        assert!(is_there, "{:?}", running.finish(5).stderr);
        // At once: somebody types elsewhere.
        display.xdotool(&["windowfocus", first.as_ref().expect("it is there"), "key", "Return"]);
        // It is there again.
        let _second = window(&display, "once more");
        let made = person.home().join("update.desktop");
        assert!(!made.exists() && !hidden.join("update.desktop").exists());
        // Once it was there to be read the same key counts, and names a place that the user sees.
        std::thread::sleep(Duration::from_secs(2));
        display.xdotool(&["key", "Return"]).expect("a key");
        let ended = running.finish(60);
        assert_eq!(ended.succeeded(), r"E:\update.desktop: written", "{}", ended.stderr);
        assert!(made.exists() && !hidden.join("update.desktop").exists());
    });
}

#[test]
fn dialogs_that_are_made_by_com_give_files_folders_and_several_at_once() {
    everyone_at_home_with_wine(|person| {
        let display = Display::of(person, &[]);
        let note = person.file("notes/note.txt", "a note\n");
        let one = person.file("many/one.txt", "the first\n");
        let two = person.file("many/two.txt", "the second\n");
        let listed = person.file("folder/inside.txt", "inside\n");
        let new = one.with_file_name("new.txt");
        let words = ["open", "several", "folder", "save=untitled", "open"].map(str::to_owned);
        let running = choosing_by("dialogs", person, &display, &["--display"], &words);
        let typed = |path: &Path| path.to_str().expect("UTF-8").to_owned();
        choose(&display, OPEN, &typed(&note));
        // Both files of a folder, as a person would choose them.
        let several = "may read the files that you choose";
        let window = window(&display, several);
        display.xdotool(&["type", "--delay", "20", &format!("{}/", typed(one.parent().expect("a folder")))]);
        display.xdotool(&["key", "Return"]).expect("a key");
        std::thread::sleep(Duration::from_millis(700));
        display.xdotool(&["mousemove", "400", "150", "click", "1", "key", "ctrl+a"]).expect("all");
        std::thread::sleep(Duration::from_millis(300));
        display.picture("choosing several");
        display.xdotool(&["key", "Return"]).expect("a key");
        assert!(until(Duration::from_secs(10), || display.window(several) != Some(window.clone())));
        choose(&display, "may read the folder that you choose", &typed(listed.parent().expect("a folder")));
        choose(&display, SAVE, &typed(&new));
        let _last = self::window(&display, OPEN);
        display.xdotool(&["key", "Escape"]).expect("a key");
        let ended = running.finish(60);
        let said = ended.succeeded().replace('\r', "");
        let named = |path: &Path| windows(person, path);
        let expected = [
            format!("note.txt is {}: a note", named(&note)),
            format!("{}: the first", named(&one)),
            format!("{}: the second", named(&two)),
            format!("folder is {}: inside.txt", named(listed.parent().expect("a folder"))),
            format!("new.txt is {}: written", named(&new)),
            "open: cancelled".to_owned(),
        ];
        assert_eq!(said.lines().collect::<Vec<_>>(), expected, "{}", ended.stderr);
        assert_eq!(fs::read_to_string(&new).expect("it is there"), "written");
    });
}

#[test]
fn notepad_of_wine_opens_and_saves_what_the_user_chooses() {
    everyone_at_home_with_wine(|person| {
        let display = Display::of(person, &[]);
        let note = person.file("notes/note.txt", "one line\n");
        let copy = note.with_file_name("copy.txt");
        // Beside Wine's own libraries it would take those.
        let notepad = person.file("notepad.exe", "");
        fs::copy("/usr/lib/x86_64-linux-gnu/wine/x86_64-windows/notepad.exe", &notepad).expect("a copy");
        let mut run = without_terminal(&person.inside(AWAY, [&notepad]));
        display.shown(&mut run);
        run.env("NO_AT_BRIDGE", "1").env_remove("WAYLAND_DISPLAY");
        let running = start(run);
        // The white of an empty page, and the many colours of an icon and of smooth letters.
        let is_drawn = || {
            let colours = display.picture(&format!("notepad chooses for {}", person.name));
            colours.contains(&"#FFFFFF".to_owned()) && colours.len() > 40
        };
        assert!(until(Duration::from_secs(60), is_drawn));
        let press = |keys: &[&str]| {
            // There is no window manager: what the pointer is over has the keys.
            display.xdotool(&["mousemove", "200", "200", "click", "1"]).expect("the focus");
            std::thread::sleep(Duration::from_millis(300));
            display.xdotool(&[&["key"], keys].concat()).expect("a key");
        };
        press(&["ctrl+o"]);
        choose(&display, OPEN, note.to_str().expect("UTF-8"));
        std::thread::sleep(Duration::from_secs(1));
        press(&["ctrl+Home", "t", "w", "o", "space", "alt+f", "a"]);
        choose(&display, SAVE, copy.to_str().expect("UTF-8"));
        let is_saved = || fs::read_to_string(&copy).is_ok_and(|text| text.contains("two one line"));
        let saved = until(Duration::from_secs(10), is_saved);
        display.picture(&format!("notepad has saved for {}", person.name));
        assert!(saved, "{:?}", fs::read_to_string(&copy));
        press(&["alt+F4"]);
        running.finish(30).succeeded();
        assert_eq!(fs::read_to_string(&note).expect("it is there"), "one line\n");
    });
}
