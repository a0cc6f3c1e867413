//! Attacks on the broker by what lies where it mounts: FIFOs, the host's read-only mounts, names that the program changes meanwhile.

use std::fs;
use std::path::Path;
use std::process::Command;
use std::time::Duration;

use lowbox_program_tests::{FrontEnd, Person, everyone_at_home, finish};
use rustix::fs::{CWD, FileType, Mode, mknodat};
use rustix::mount::{MountFlags, UnmountFlags, mount_bind, mount_remount, unmount};

const AWAY: [&str; 2] = ["--chdir", "/"];

fn python(script: &str) -> [&str; 4] {
    ["/usr/bin/python3", "-u", "-c", script]
}

fn allowed(person: &Person, options: &[&str], script: &str) -> Command {
    person.inside([&AWAY, &["--prompt", "allow"], options].concat(), python(script))
}

fn shown(path: &Path) -> String {
    path.to_str().expect("UTF-8").to_owned()
}

/// Ends with the test, also when it fails.
struct ReadOnly(std::path::PathBuf);

impl Drop for ReadOnly {
    fn drop(&mut self) {
        let _ = unmount(&self.0, UnmountFlags::DETACH);
    }
}

#[test]
fn what_the_host_mounted_read_only_stays_so_when_the_folder_around_it_is_granted_for_writing() {
    if !rustix::process::geteuid().is_root() {
        // As root both identities are tried.
        println!("skipped: only root can make the mounts of this test");
        return;
    }
    everyone_at_home(|person| {
        let file = person.file("data/a.txt", "text");
        let kept = person.file("data/kept/b.txt", "kept");
        let folder = kept.parent().unwrap();
        mount_bind(folder, folder).unwrap();
        let _mounted = ReadOnly(folder.to_owned());
        mount_remount(folder, MountFlags::BIND | MountFlags::RDONLY, "").unwrap();
        let script = format!(
            "
print(open({file:?}).read())
open({file:?}, 'w').write('changed')
for path in {kept:?}, {kept:?}:
    try: open(path, 'w').write('changed')
    except OSError as error: print(error.strerror)",
            file = shown(&file),
            kept = shown(&kept)
        );
        let ended = finish(allowed(person, &[], &script), 20);
        assert_eq!(ended.succeeded(), "text\nRead-only file system\nRead-only file system");
        assert_eq!(fs::read_to_string(&file).unwrap(), "changed");
        assert_eq!(fs::read_to_string(&kept).unwrap(), "kept");
        // The same where the granted folder is the mount itself.
        let script = format!(
            "
print(open({kept:?}).read())
try: open({kept:?}, 'w').write('changed')
except OSError as error: print(error.strerror)",
            kept = shown(&kept)
        );
        let ended = finish(allowed(person, &[], &script), 20);
        assert_eq!(ended.succeeded(), "kept\nRead-only file system");
        assert_eq!(fs::read_to_string(&kept).unwrap(), "kept");
    });
}

#[test]
fn a_folder_with_a_fifo_is_not_granted_for_reading_alone() {
    everyone_at_home(|person| {
        let file = person.file("data/a.txt", "text");
        let fifo = file.with_file_name("fifo");
        mknodat(CWD, &fifo, FileType::Fifo, Mode::from(0o666), 0).unwrap();
        fs::set_permissions(&fifo, std::os::unix::fs::PermissionsExt::from_mode(0o666)).unwrap();
        // Somebody on the host reads it.
        let reader = fs::File::options().read(true).write(true).open(&fifo).unwrap();
        let script = format!(
            "
import os
try: print(open({file:?}).read())
except OSError: print('no')
try: os.write(os.open({fifo:?}, os.O_WRONLY | os.O_NONBLOCK), b'x')
except OSError: print('no')",
            file = shown(&file),
            fifo = shown(&fifo)
        );
        let mut run = FrontEnd::start(person, &AWAY, &python(&script));
        // The file alone is offered.
        let question = run.expect(&file, "this", "r");
        assert!(question["file"]["folder"].is_null(), "{question}");
        while let Some(question) = run.question_within(Duration::from_secs(5)) {
            run.answer(&question, "no", "");
        }
        assert_eq!(run.finish().succeeded(), "text\nno");
        assert_eq!(rustix::io::ioctl_fionread(&reader).unwrap(), 0);
    });
}

#[test]
fn a_folder_is_looked_through_only_where_there_is_room_for_a_question_and_what_is_in_the_way_is_not_offered()
{
    everyone_at_home(|person| {
        let file = person.file("data/a.txt", "text");
        let folder = file.parent().unwrap();
        mknodat(CWD, file.with_file_name("fifo"), FileType::Fifo, Mode::from(0o666), 0).unwrap();
        fs::set_permissions(&file, std::os::unix::fs::PermissionsExt::from_mode(0o4755)).unwrap();
        for number in 0..10 {
            person.file(format!("many/{number}/file"), "x");
        }
        let script = |flood: bool| {
            format!(
                "
import os
def touch(what, *arguments):
    try: what(*arguments)
    except OSError: pass
if {flood}:
    for number in range(10): touch(open, f'{many}/{{number}}/file')
touch(os.listdir, {folder:?})
touch(os.mkdir, {folder:?} + '/new')
touch(open, {folder:?} + '/a.txt')",
                flood = if flood { "True" } else { "False" },
                many = shown(&person.work().join("many")),
                folder = shown(folder)
            )
        };
        let root = rustix::process::geteuid().is_root() && person.name == "the calling user";
        let mut run = FrontEnd::start(person, &AWAY, &python(&script(false)));
        if !root {
            run.expect(&folder.join("new"), "no", "");
        }
        let question = run.expect(&file, "no", "");
        assert!(question["file"]["folder"].is_null(), "a folder with a FIFO for reading: {question}");
        let ended = run.finish();
        ended.succeeded();
        assert!(ended.stderr.contains("FIFO"), "{}", ended.stderr);
        assert_eq!(ended.stderr.contains("set-uid"), root, "{}", ended.stderr);

        let mut run = FrontEnd::start(person, &AWAY, &python(&script(true)));
        for _ in 0..10 {
            let question = run.question();
            run.answer(&question, "no", "");
        }
        let ended = run.finish();
        ended.succeeded();
        assert!(ended.stderr.contains("more than 10 questions"), "{}", ended.stderr);
        let looked = ["FIFO", "set-uid"].iter().any(|found| ended.stderr.contains(found));
        assert!(!looked, "{}", ended.stderr);
    });
}

#[test]
fn a_remembered_consent_that_is_mounted_apart_is_taken_away_while_the_program_runs() {
    everyone_at_home(|person| {
        let file = person.file("data/a.txt", "text");
        let folder = file.parent().unwrap();
        // With a FIFO in it the folder is mounted apart, where Landlock's rules are exact.
        mknodat(CWD, file.with_file_name("fifo"), FileType::Fifo, Mode::from(0o666), 0).unwrap();
        let consent = format!("{}:r", shown(folder));
        finish(person.lowbox(&["consent", "grant", "--package", "python3", &consent]), 20).succeeded();
        let script = format!(
            "
import os, time
print(os.readlink({folder:?}).startswith('/.granted/'), open({file:?}).read())
open(os.environ['HOME'] + '/ready', 'w').close()
for _ in range(1000):
    try: open({file:?}).close()
    except OSError: print('gone'); break
    time.sleep(0.01)",
            folder = shown(folder),
            file = shown(&file)
        );
        let run = FrontEnd::start(person, &AWAY, &python(&script));
        let packages = person.home().join(".local/share/lowbox/packages");
        let ready = || {
            let packages = fs::read_dir(&packages).into_iter().flatten().flatten();
            packages.map(|package| package.path().join("LocalState/ready")).any(|ready| ready.exists())
        };
        assert!(lowbox_program_tests::until(Duration::from_secs(20), ready));
        let place = shown(folder);
        let revoke = ["consent", "revoke", "--keep-running", &place];
        finish(person.lowbox(&revoke), 30).succeeded();
        let ended = run.finish();
        assert_eq!(ended.succeeded(), "True text\ngone");
        assert!(ended.stderr.contains("it can't be opened any more"), "{}", ended.stderr);
    });
}

#[test]
fn a_consent_that_could_not_be_attached_is_not_remembered() {
    everyone_at_home(|person| {
        let file = person.file("data/a.txt", "text");
        let folder = file.parent().unwrap();
        let fifo = file.with_file_name("fifo");
        mknodat(CWD, &fifo, FileType::Fifo, Mode::from(0o666), 0).unwrap();
        let remembered = |person: &Person| {
            let list = person.lowbox(&["consent", "list", "--json", shown(folder).as_str()]);
            let list: serde_json::Value =
                serde_json::from_str(&finish(list, 20).succeeded()).expect("a list in JSON");
            let entries = list.as_array().unwrap().iter();
            entries
                .map(|entry| format!("{} {}", entry["decision"], entry["rights"]).replace('"', ""))
                .collect::<Vec<_>>()
        };
        // All that is in it is wanted for writing, and granted for reading: then the FIFO is in the way.
        let script = format!(
            "
try: open({:?}, 'r+').close()
except OSError: print('no')",
            shown(&file)
        );
        let mut run = FrontEnd::start(person, &AWAY, &python(&script));
        run.expect(&file, "folder", "r");
        let ended = run.finish();
        assert_eq!(ended.succeeded(), "no");
        assert!(ended.stderr.contains("could not be granted"), "{}", ended.stderr);
        assert_eq!(remembered(person), [""; 0]);
        // It is asked again at the next start, and then it works.
        let mut run = FrontEnd::start(person, &AWAY, &python(&script));
        run.expect(&file, "folder", "rw");
        assert_eq!(run.finish().succeeded(), "");
        assert_eq!(remembered(person), ["allow rw"]);
    });
}

#[test]
fn mount_points_that_the_program_renames_and_replaces_meanwhile_lead_nowhere_else() {
    everyone_at_home(|person| {
        let folder = person.folder("granted");
        let secret = person.file("keys/tool", "secret");
        for number in 0..40 {
            person.file(format!("granted/{number}/tool"), "#!/bin/sh\necho ran\n");
        }
        let script = format!(
            "
import ctypes, os, subprocess, threading
libc = ctypes.CDLL(None)
folder, keys, done = {folder:?}, {keys:?}, False
os.chdir(folder)
for n in range(40):
    os.chmod(f'{{n}}/tool', 0o755)
    os.symlink([keys, '/usr/bin', '/tmp', '/'][n % 4], f'link{{n}}')
def swap(first):
    while not done:
        for n in range(first, 40, 2): libc.renameat2(-100, str(n).encode(), -100, f'link{{n}}'.encode(), 2)
threads = [threading.Thread(target=swap, args=(first,)) for first in (0, 1)]
for thread in threads: thread.start()
for turn in range(5):
    for n in range(40):
        try: subprocess.run([f'{{folder}}/{{n}}/tool'], stdout=subprocess.DEVNULL, stderr=subprocess.DEVNULL)
        except OSError: pass
done = True
for thread in threads: thread.join()
for line in open('/proc/self/mountinfo'):
    source, target = line.split()[3:5]
    # A mount of a folder in it that is anywhere else.
    if '/granted/' in source and '/granted/' not in target: print('astray', line)
    if '/keys' in source: print('keys', line)
try: print(open(keys + '/tool').read())
except OSError: print('no')",
            folder = shown(&folder),
            keys = shown(secret.parent().unwrap())
        );
        let grant = format!("{}:rw", shown(&folder));
        // The user says no to the keys, and yes to everything else.
        let mut run = FrontEnd::start(person, &[&AWAY, &["--grant", &grant][..]].concat(), &python(&script));
        while let Some(question) = run.question_within(Duration::from_secs(8)) {
            let path = question["file"]["path"].as_str().unwrap().to_owned();
            let answers = question["answers"].to_string();
            let answer = match path.contains("/keys") {
                true => "no",
                false if answers.contains("folder") => "folder",
                false => "this",
            };
            run.answer(&question, answer, "");
        }
        assert_eq!(run.finish().succeeded(), "no");
    });
}
