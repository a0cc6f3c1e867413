//! Consent while a Windows program runs: what is asked has the names of both worlds.

use std::fs;
use std::path::Path;
use std::time::Duration;

use lowbox_program_tests::{FrontEnd, everyone_at_home_with_wine, own_windows_program};

/// In the root folder, which is no drive: so `D:` is the folder of the program, and `E:` the home folder.
const AWAY: [&str; 2] = ["--chdir", "/"];

#[test]
fn a_windows_program_is_asked_about_by_the_names_of_linux_and_windows_and_reads_what_was_allowed() {
    everyone_at_home_with_wine(|person| {
        let program = own_windows_program(person, "reach");
        let note = person.file("notes/Note.txt", "a note\n");
        let kept = person.file("kept/kept.txt", "kept\n");
        let other = person.file("other/other.txt", "other\n");
        let on = |drive: char, folder: &Path, path: &Path| {
            let inside = path.strip_prefix(folder).expect("in it").to_str().unwrap().replace('/', r"\");
            format!(r"{drive}:\{inside}")
        };
        let windows = |path: &Path| on('D', &person.work(), path);
        let new = other.with_file_name("new.txt");
        let words = [
            format!("r:{}", windows(&note.with_file_name("nowhere/not there.txt"))),
            format!("r:{}", windows(&note)),
            format!("r:{}", windows(&kept)),
            format!("w:{}", windows(&kept)),
            format!(r"r:\\?\unix{}", other.display()),
            format!("w:{}", on('E', &person.home(), &new)),
        ];
        let command: Vec<&str> =
            std::iter::once(program.to_str().unwrap()).chain(words.iter().map(String::as_str)).collect();
        let mut run = FrontEnd::start(person, &AWAY, &command);
        // What is not there was not asked about.
        let question = run.expect(&note, "this", "r");
        assert_eq!(question["file"]["windows"], windows(&note), "{question}");
        assert_eq!(question["file"]["wanted"], "r");
        // The program itself looks for a file before Wine's server opens it, and tells before it changes one.
        let asker = &question["program"];
        assert!(asker["arguments"].to_string().contains("reach.exe"), "{asker}");
        let last = asker["arguments"].as_array().and_then(|words| words.last()).expect("words");
        assert_ne!(last["path"], "", "{asker}");
        run.expect(&kept, "this", "r");
        let question = run.expect(&kept, "no", "");
        assert_eq!(question["file"]["wanted"], "rw");
        assert!(question["program"]["arguments"].to_string().contains("reach.exe"), "{question}");
        run.expect(&other, "no", "");
        let question = run.expect(&new, "folder", "rw");
        assert_eq!(question["file"]["makes"], "file");
        let said = run.finish().succeeded().replace('\r', "");
        let came: Vec<&str> = said.lines().map(|line| line.rsplit(": ").next().unwrap()).collect();
        assert_eq!(came, ["no", "a note", "kept", "no", "no", "made"], "{said}");
        assert_eq!(fs::read_to_string(&kept).unwrap(), "kept\n");
        assert_eq!(fs::read_to_string(&new).unwrap(), "written");
    });
}

#[test]
fn a_windows_program_that_lists_a_folder_is_asked_about_it_and_one_that_looks_for_a_name_in_it_is_not() {
    everyone_at_home_with_wine(|person| {
        let program = own_windows_program(person, "reach");
        let note = person.file("notes/note.txt", "a note\n");
        let folder = note.parent().unwrap();
        let inside = folder.strip_prefix(person.home()).unwrap().to_str().unwrap().replace('/', r"\");
        let missing = format!(r"r:E:\{inside}\sub\missing.txt");
        let listed = format!(r"l:E:\{inside}");
        let command = [program.to_str().unwrap(), &missing];
        let run = FrontEnd::start(person, &AWAY, &command);
        assert_eq!(run.question_within(Duration::from_secs(3)), None);
        assert!(run.finish().succeeded().ends_with("missing.txt: no"));
        let mut run = FrontEnd::start(person, &AWAY, &[program.to_str().unwrap(), &listed]);
        let question = run.expect(folder, "this", "r");
        assert_eq!(question["file"]["kind"], "folder");
        assert!(run.finish().succeeded().ends_with("note.txt"));
    });
}

#[test]
fn while_a_question_about_a_new_file_waits_wines_server_works_on() {
    everyone_at_home_with_wine(|person| {
        let program = own_windows_program(person, "reach");
        let inside =
            |path: &Path| path.strip_prefix(person.work()).unwrap().to_str().unwrap().replace('/', r"\");
        // Without the add-on, which announces it, the server waits.
        let without = ["--env", "WINEDLLOVERRIDES=mscoree,mshtml="];
        for (name, options, expected) in
            [("without", &without[..], "the server waited"), ("with", &[], "the server worked")]
        {
            let new = person.file(format!("{name}/old.txt"), "").with_file_name("new.txt");
            let folder = new.with_file_name("folder");
            let words = [format!(r"s:D:\{}", inside(&new)), format!(r"d:D:\{}", inside(&folder))];
            let command = [program.to_str().unwrap(), &words[0], &words[1]];
            let mut run = FrontEnd::start(person, &[&AWAY[..], options].concat(), &command);
            while let Some(question) = run.question_within(Duration::from_secs(8)) {
                let makes = question["file"]["makes"].is_string();
                std::thread::sleep(Duration::from_secs(2));
                run.answer(&question, if makes { "folder" } else { "this" }, if makes { "rw" } else { "r" });
            }
            let said = run.finish().succeeded().replace('\r', "");
            let came: Vec<&str> = said.lines().map(|line| line.rsplit(": ").next().unwrap()).collect();
            assert_eq!(came, [expected, "made"], "{said}");
            assert!(new.is_file() && folder.is_dir());
        }
    });
}
