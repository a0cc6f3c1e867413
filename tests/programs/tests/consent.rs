//! Consent while a program runs: what it touches is asked for once, then native.

use std::fs;
use std::path::Path;
use std::time::Duration;

use lowbox_program_tests::{FrontEnd, Person, everyone_at_home, finish, until};

/// A Python program that is started in the root folder, which nobody is asked about.
fn python(script: &str) -> [&str; 4] {
    ["/usr/bin/python3", "-u", "-c", script]
}

const AWAY: [&str; 2] = ["--chdir", "/"];

fn start(person: &Person, script: &str) -> FrontEnd {
    FrontEnd::start(person, &AWAY, &python(script))
}

#[test]
fn a_folder_is_granted_in_mid_run_and_siblings_renames_mmap_inotify_and_children_work_in_it() {
    everyone_at_home(|person| {
        let file = person.file("project/a.txt", "first");
        let folder = file.parent().unwrap();
        let script = format!(
            "
import ctypes, mmap, os, select, struct, subprocess
folder = {folder:?}
with open(folder + '/a.txt', 'r+b') as file:
    assert mmap.mmap(file.fileno(), 0)[:5] == b'first'
    file.write(b'FIRST')
libc = ctypes.CDLL(None, use_errno=True)
watch = libc.inotify_init()
assert libc.inotify_add_watch(watch, folder.encode(), 0x100) > 0
os.mkdir(folder + '/sub'); os.rename(folder + '/a.txt', folder + '/sub/b.txt')
open(folder + '/c.txt', 'w').write('third')
os.unlink(folder + '/c.txt')
assert select.select([watch], [], [], 5)[0]
print(subprocess.run(['/bin/cat', folder + '/sub/b.txt'], capture_output=True, text=True).stdout)
print(sorted(os.listdir(folder)))",
            folder = folder.display().to_string()
        );
        let mut run = start(person, &script);
        let question = run.expect(&file, "folder", "rw");
        assert_eq!(question["file"]["wanted"], "rw");
        assert_eq!(question["file"]["folder"]["path"], folder.to_str().unwrap());
        assert_eq!(
            question["program"]["executable"]["path"].as_str().unwrap().rsplit('/').next(),
            Some("python3.11")
        );
        let ended = run.finish();
        assert_eq!(ended.succeeded(), "FIRST\n['sub']");
        assert_eq!(fs::read_to_string(folder.join("sub/b.txt")).unwrap(), "FIRST");
    });
}

#[test]
fn a_question_says_what_is_there_and_what_the_call_makes_and_a_removal_raises_none() {
    everyone_at_home(|person| {
        let file = person.file("one/a.txt", "text");
        let fifo = person.file("two/fifo", "");
        fs::remove_file(&fifo).unwrap();
        let made = finish(person.plain(["mkfifo", fifo.to_str().unwrap()]), 20);
        made.succeeded();
        person.folder("three");
        let script = format!(
            "
import os
def touch(what, *arguments):
    try: what(*arguments)
    except OSError as error: print(error.strerror)
work = {:?}
touch(os.remove, work + '/one/a.txt')
touch(os.rename, work + '/one/a.txt', work + '/one/b.txt')
touch(os.open, work + '/one/a.txt', os.O_RDWR | os.O_CREAT | os.O_EXCL)
touch(os.open, work + '/two/fifo', os.O_RDWR)
touch(os.mkdir, work + '/three/new')
touch(os.open, work + '/three/new.txt', os.O_RDWR | os.O_CREAT)",
            person.work().display().to_string()
        );
        let mut run = start(person, &script);
        let mut asked = Vec::new();
        for path in ["one/a.txt", "two/fifo", "three/new", "three/new.txt"] {
            let question = run.expect(&person.work().join(path), "no", "");
            asked
                .push(format!("{} {}", question["file"]["kind"], question["file"]["makes"]).replace('"', ""));
            assert_eq!(question["answers"][0], "folder", "{question}");
        }
        assert_eq!(asked, ["file file", "other null", "null folder", "null file"]);
        assert_eq!(run.finish().succeeded(), ["No such file or directory"; 6].join("\n"));
        assert!(file.exists());
    });
}

#[test]
fn the_process_in_a_question_is_the_one_that_the_user_sees_and_not_its_thread() {
    everyone_at_home(|person| {
        let file = person.file("secret.txt", "secret");
        let script = format!(
            "
import threading
def touch():
    try: open({:?})
    except OSError: print('no')
thread = threading.Thread(target=touch); thread.start(); thread.join()",
            file.display().to_string()
        );
        let mut run = start(person, &script);
        let question = run.question();
        let pid = question["program"]["pid"].as_u64().unwrap();
        let status = fs::read_to_string(format!("/proc/{pid}/status")).unwrap();
        let of =
            |name: &str| status.lines().find_map(|line| line.strip_prefix(name)).unwrap().trim().to_owned();
        assert_eq!(of("Tgid:"), pid.to_string(), "{status}");
        let command = fs::read_to_string(format!("/proc/{pid}/cmdline")).unwrap();
        assert!(command.starts_with("/usr/bin/python3") && command.contains("secret.txt"), "{command}");
        // Inside it has another number.
        assert_ne!(of("NSpid:"), pid.to_string());
        run.answer(&question, "no", "");
        assert_eq!(run.finish().succeeded(), "no");
    });
}

#[test]
fn a_no_is_no_for_the_run_and_what_is_not_there_raises_no_question() {
    everyone_at_home(|person| {
        let file = person.file("secret.txt", "secret");
        let script = format!(
            "
for path in [{file:?}, {file:?}, {gone:?}]:
    try: print(open(path).read())
    except OSError as error: print(error.errno)",
            file = file.display().to_string(),
            gone = person.work().join("gone").display().to_string()
        );
        let mut run = start(person, &script);
        run.expect(&file, "no", "");
        assert_eq!(run.finish().succeeded(), "2\n2\n2");
    });
}

#[test]
fn a_file_granted_for_reading_is_asked_about_again_before_it_is_written() {
    everyone_at_home(|person| {
        let file = person.file("notes.txt", "old");
        let script = format!(
            "
path = {file:?}
print(open(path).read())
try: open(path, 'w').write('new')
except OSError as error: print(error.errno)
print(open(path).read())",
            file = file.display().to_string()
        );
        let mut run = start(person, &script);
        run.expect(&file, "this", "r");
        run.expect(&file, "this", "rw");
        assert_eq!(run.finish().succeeded(), "old\nnew");
        // Read only was meant: the second start asks nothing, and writing fails.
        let other = person.file("only.txt", "old");
        let script = script.replace(file.to_str().unwrap(), other.to_str().unwrap());
        let script = format!("open({:?}, 'r+') if False else None\n{script}", other.display().to_string());
        let mut run = start(person, &script);
        run.expect(&other, "this", "r");
        run.expect(&other, "no", "");
        assert_eq!(run.finish().succeeded(), "old\n2\nold".replace("2", "30"));
        assert_eq!(fs::read_to_string(&other).unwrap(), "old");
    });
}

#[test]
fn a_remembered_consent_asks_no_more_at_the_next_start_and_never_is_never() {
    everyone_at_home(|person| {
        let (yes, never) = (person.file("yes/a", "yes"), person.file("never/a", "never"));
        let script = format!(
            "
for path in [{yes:?}, {never:?}]:
    try: print(open(path).read())
    except OSError as error: print(error.errno)",
            yes = yes.display().to_string(),
            never = never.display().to_string()
        );
        let mut run = start(person, &script);
        run.expect(&yes, "this", "r");
        run.expect(&never, "never", "");
        assert_eq!(run.finish().succeeded(), "yes\n2");
        assert_eq!(start(person, &script).finish().succeeded(), "yes\n2");
        let list = finish(person.lowbox(&["consent", "list", "--json"]), 20).succeeded();
        assert!(list.contains(yes.to_str().unwrap()) && list.contains("front"), "{list}");
        // Another package is asked for itself.
        let mut other = FrontEnd::start(person, &["--chdir", "/", "--name", "other"], &python(&script));
        other.expect(&yes, "no", "");
        other.expect(&never, "no", "");
        assert_eq!(other.finish().succeeded(), "2\n2");
    });
}

/// Opens the file over and over, and says when it is gone. In the moment in which a container ends, calls that wait for pid 1 fail
/// with another error (ENOSYS: their listener is gone), and the program with it.
fn opens_until_it_is_gone(file: &Path) -> String {
    format!(
        "
import os, time
print(open({file:?}).read())
open(os.environ['HOME'] + '/ready', 'w').close()
for _ in range(1000):
    try: open({file:?}).close()
    except FileNotFoundError: print('gone'); break
    except OSError: time.sleep(60)
    time.sleep(0.01)",
        file = file.display().to_string()
    )
}

#[test]
fn a_revoked_grant_is_gone_for_the_next_open_and_by_default_the_program_ends() {
    everyone_at_home(|person| {
        let file = person.file("folder/a.txt", "text");
        let folder = file.parent().unwrap();
        let seen = person.home().join("seen");
        for (options, expected) in [(&["--keep-running"][..], Some(0)), (&[][..], Some(137))] {
            let script = opens_until_it_is_gone(&file);
            let mut run = start(person, &script);
            run.expect(&file, "folder", "r");
            let ready = person.package("python3").join("LocalState/ready");
            assert!(until(Duration::from_secs(20), || ready.exists()));
            let revoke = [&["consent", "revoke", folder.to_str().unwrap()], options].concat();
            let revoked = finish(person.lowbox(&revoke), 30);
            assert_eq!(revoked.code(), Some(0), "{} {}", revoked.text(), revoked.stderr);
            let ended = run.finish();
            assert_eq!(ended.code(), expected, "{}{}", ended.text(), ended.stderr);
            assert_eq!(ended.text(), if expected == Some(0) { "text\ngone" } else { "text" });
            assert!(ended.stderr.contains("revoked"), "{}", ended.stderr);
            fs::remove_file(&ready).unwrap();
        }
        assert!(!seen.exists());
    });
}

#[test]
fn what_a_policy_granted_is_revoked_while_the_program_runs_and_is_not_remembered() {
    everyone_at_home(|person| {
        let file = person.file("folder/a.txt", "text");
        let folder = file.parent().unwrap();
        let work = person.work();
        for (options, place, expected) in [
            (&["--keep-running"][..], folder, Some(0)),
            (&[][..], folder, Some(137)),
            // The working folder was granted before the start.
            (&[][..], work.as_path(), Some(137)),
        ] {
            let script = opens_until_it_is_gone(&file);
            let away: &[&str] = if place == work { &[] } else { &AWAY };
            let run = person.inside([&["--prompt", "allow"], away].concat(), python(&script));
            let run = lowbox_program_tests::start(run);
            let ready = person.home().join(".local/share/lowbox/packages");
            let is_ready = || {
                let packages = fs::read_dir(&ready).into_iter().flatten().flatten();
                packages.map(|package| package.path().join("LocalState/ready")).find(|ready| ready.exists())
            };
            assert!(until(Duration::from_secs(20), || is_ready().is_some()));
            fs::remove_file(is_ready().unwrap()).unwrap();
            // What is in it is named with what holds it.
            let by_file = || finish(person.lowbox(&["consent", "revoke", file.to_str().unwrap()]), 30).stderr;
            assert!(until(Duration::from_secs(10), || by_file()
                .contains(&format!("has one for {}, which holds it", place.display()))));
            let revoke = [&["consent", "revoke", place.to_str().unwrap()], options].concat();
            let revoked = finish(person.lowbox(&revoke), 30);
            assert_eq!(revoked.code(), Some(0), "{} {}", revoked.text(), revoked.stderr);
            let ended = run.finish(30);
            assert_eq!(ended.code(), expected, "{}{}", ended.text(), ended.stderr);
            assert_eq!(ended.text(), if expected == Some(0) { "text\ngone" } else { "text" });
            assert!(ended.stderr.contains("revoked"), "{}", ended.stderr);
            let list = finish(person.lowbox(&["consent", "list", "--json"]), 20).succeeded();
            assert_eq!(list, "[]");
        }
    });
}

#[test]
fn policies_answer_without_a_question() {
    everyone_at_home(|person| {
        let file = person.file("folder/a.txt", "text");
        let script = format!("print(open({:?}).read())", file.display().to_string());
        for (policy, expected) in [("allow", Some("text")), ("deny", None)] {
            let run = person.inside([&["--prompt", policy], &AWAY[..]].concat(), python(&script));
            let ended = finish(run, 30);
            match expected {
                Some(text) => assert_eq!(ended.succeeded(), text),
                None => assert!(ended.stderr.contains("No such file"), "{}", ended.stderr),
            }
        }
    });
}

#[test]
fn a_thousand_grants_in_one_run() {
    everyone_at_home(|person| {
        for number in 0..1000 {
            person.file(format!("many/{number}/file"), &number.to_string());
        }
        let script = format!(
            "
folder = {:?}
print(sum(int(open(folder + '/%d/file' % number).read()) for number in range(1000)))
print(sum(int(open(folder + '/%d/file' % number).read()) for number in range(1000)))",
            person.work().join("many").display().to_string()
        );
        let run = person.inside([&["--prompt", "allow"], &AWAY[..]].concat(), python(&script));
        let ended = finish(run, 60);
        assert_eq!(ended.succeeded(), "499500\n499500");
        assert_eq!(ended.stderr.matches("granted by --prompt allow").count(), 1000);
    });
}

#[test]
fn two_containers_of_one_package_are_asked_apart_and_share_what_is_remembered() {
    everyone_at_home(|person| {
        let (one, two) = (person.file("one", "1"), person.file("two", "2"));
        let script = |first: &Path, second: &Path| {
            format!(
                "
import time
print(open({:?}).read())
input_ready = False
for _ in range(2000):
    try: print(open({:?}).read()); break
    except OSError: time.sleep(0.01)",
                first.display().to_string(),
                second.display().to_string()
            )
        };
        let mut first = start(person, &script(&one, &one));
        first.expect(&one, "this", "r");
        assert_eq!(first.finish().succeeded(), "1\n1");
        let mut left = start(person, &script(&two, &one));
        let mut right = start(person, &script(&one, &two));
        let question = left.question();
        assert_eq!(question["file"]["path"], two.to_str().unwrap());
        let other = right.question();
        assert_eq!(other["file"]["path"], two.to_str().unwrap());
        left.answer(&question, "this", "r");
        assert_eq!(left.finish().succeeded(), "2\n1");
        right.answer(&other, "this", "r");
        assert_eq!(right.finish().succeeded(), "1\n2");
    });
}

#[test]
fn git_works_in_a_repository_that_it_was_granted_in_mid_run() {
    everyone_at_home(|person| {
        let repository = person.folder("repository");
        let path = repository.to_str().unwrap();
        for command in [
            &["git", "-C", path, "init", "-q", "-b", "main"][..],
            &[
                "git",
                "-C",
                path,
                "-c",
                "user.name=x",
                "-c",
                "user.email=x@y",
                "commit",
                "-q",
                "--allow-empty",
                "-m",
                "one",
            ],
        ] {
            finish(person.plain(command), 30).succeeded();
        }
        person.file("repository/new.txt", "new");
        let script = "cd \"$1\" && git status --short && git add . && git -c user.name=x -c user.email=x@y commit -q -m two && git log --oneline | wc -l";
        let mut run = FrontEnd::start(person, &AWAY, &["/bin/bash", "-c", script, "bash", path]);
        run.expect(&repository, "this", "r");
        // Writing is asked for when it comes.
        let mut asked = 0;
        while let Some(question) = run.question_within(Duration::from_millis(1500)) {
            asked += 1;
            let answer = if question["file"]["folder"].is_null() { "this" } else { "folder" };
            run.answer(&question, answer, "");
        }
        let ended = run.finish();
        assert_eq!(ended.succeeded(), "?? new.txt\n2", "{}", ended.stderr);
        assert!((1..=3).contains(&asked), "{asked}");
    });
}

#[test]
fn the_working_folder_is_asked_about_before_the_start_and_relative_paths_work_in_it() {
    everyone_at_home(|person| {
        person.file("here.txt", "here");
        let script = "print(open('here.txt').read()); open('made.txt', 'w').write('made')";
        let mut run = FrontEnd::start(person, &[], &python(script));
        let question = run.expect(&person.work(), "this", "rw");
        assert!(question["program"].is_null());
        assert_eq!(run.finish().succeeded(), "here");
        assert_eq!(fs::read_to_string(person.work().join("made.txt")).unwrap(), "made");
        // A no leaves an empty folder, and another question only for what is named in it.
        fs::remove_file(person.work().join("made.txt")).unwrap();
        let script = "
import os
print(os.listdir('.'))
print(open('here.txt').read())";
        let mut run = FrontEnd::start(person, &["--name", "other"], &python(script));
        run.expect(&person.work(), "no", "");
        run.expect(&person.work().join("here.txt"), "this", "r");
        assert_eq!(run.finish().succeeded(), "[]\nhere");
    });
}

#[test]
fn a_file_that_is_saved_anew_outside_is_seen_again_and_one_that_is_removed_is_gone() {
    everyone_at_home(|person| {
        let file = person.file("doc.txt", "one");
        let ready = person.work().join("go");
        let script = format!(
            "
import os, sys, time
path = {file:?}
print(open(path).read())
open(os.environ['HOME'] + '/ready', 'w').close()
for _ in range(3000):
    try:
        text = open(path).read()
        if text == 'two': print(text); break
    except OSError: pass
    time.sleep(0.005)",
            file = file.display().to_string()
        );
        let mut run = start(person, &script);
        run.expect(&file, "this", "r");
        let told = person.package("python3").join("LocalState/ready");
        assert!(until(Duration::from_secs(20), || told.exists()));
        let new = person.file("doc.new", "two");
        fs::rename(new, &file).unwrap();
        assert_eq!(run.finish().succeeded(), "one\ntwo");
        assert!(!ready.exists());
    });
}

#[test]
fn what_a_path_given_as_argument_names_is_asked_about_when_the_program_only_looks() {
    everyone_at_home(|person| {
        person.file("given/a.txt", "text");
        let given = person.work().join("given");
        let script = "
import os, sys
print(os.path.isdir(sys.argv[1]), os.path.exists(sys.argv[1] + '-not-given'))";
        person.folder("given-not-given");
        let arguments = [&python(script)[..], &[given.to_str().unwrap()]].concat();
        let mut run = FrontEnd::start(person, &AWAY, &arguments);
        run.expect(&given, "this", "r");
        assert_eq!(run.finish().succeeded(), "True False");
    });
}
