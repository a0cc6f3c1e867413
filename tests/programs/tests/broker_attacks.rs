//! Attacks on the broker that need somebody who answers, or whose effect is what the user sees.

use std::fs;
use std::os::unix::fs::symlink;
use std::path::Path;
use std::process::Command;
use std::time::{Duration, Instant};

use lowbox_program_tests::{FrontEnd, Person, everyone_at_home, finish};

const AWAY: [&str; 2] = ["--chdir", "/"];

fn python(script: &str) -> [&str; 4] {
    ["/usr/bin/python3", "-u", "-c", script]
}

fn start(person: &Person, script: &str) -> FrontEnd {
    FrontEnd::start(person, &AWAY, &python(script))
}

/// What a policy answers.
fn policy(person: &Person, policy: &str, options: &[&str], script: &str) -> Command {
    person.inside([&AWAY, &["--prompt", policy], options].concat(), python(script))
}

fn shown(path: &Path) -> String {
    path.to_str().expect("UTF-8").to_owned()
}

#[test]
fn a_flood_of_touches_raises_ten_questions_in_a_minute_and_says_so_once() {
    everyone_at_home(|person| {
        let folders = person.folder("many");
        for number in 0..60 {
            person.file(format!("many/{number}/file"), "x");
        }
        let script = format!(
            "
import concurrent.futures as f
def touch(n):
    try: return open(f'{}/{{n}}/file').read()
    except OSError: return ''
with f.ThreadPoolExecutor(30) as pool:
    for turn in range(3): print(sum(map(len, pool.map(touch, range(60)))))",
            shown(&folders)
        );
        let mut run = start(person, &script);
        let mut asked = Vec::new();
        while let Some(question) = run.question_within(Duration::from_secs(4)) {
            asked.push(question["file"]["path"].to_string());
            run.answer(&question, "no", "");
        }
        let ended = run.finish();
        assert_eq!(ended.succeeded(), "0\n0\n0");
        let mut different = asked.clone();
        different.sort();
        different.dedup();
        assert!(asked.len() <= 10 && different.len() == asked.len(), "{asked:?}");
        assert!(ended.stderr.lines().count() <= 2, "{}", ended.stderr);
    });
}

#[test]
fn six_hundred_threads_at_one_object_are_one_question_and_dead_ones_are_no_obstacle() {
    everyone_at_home(|person| {
        let file = person.file("project/a.txt", "granted");
        let script = format!(
            "
import os, signal, subprocess, sys, threading, time
path = {path:?}
victims = [subprocess.Popen(['/bin/cat', path], stdout=subprocess.DEVNULL, stderr=subprocess.DEVNULL) for _ in range(40)]
time.sleep(0.5)
for victim in victims: victim.kill(); victim.wait()
got = []
def touch():
    try: got.append(open(path).read())
    except OSError: pass
threading.stack_size(65536)
threads = [threading.Thread(target=touch) for _ in range(600)]
for thread in threads: thread.start()
for thread in threads: thread.join()
print(len(got) > 400 or len(got), set(got))",
            path = shown(&file)
        );
        let mut run = start(person, &script);
        let question = run.question();
        std::thread::sleep(Duration::from_secs(2));
        run.answer(&question, "this", "r");
        assert_eq!(run.finish().succeeded(), "True {'granted'}");
    });
}

#[test]
fn timers_and_descriptors_that_change_under_a_question_raise_it_once() {
    everyone_at_home(|person| {
        let file = person.file("project/a.txt", "granted");
        let script = format!(
            "
import os, signal, threading
signal.signal(signal.SIGALRM, lambda *_: None)
signal.setitimer(signal.ITIMER_REAL, 0.01, 0.01)
folder = os.open('/', os.O_RDONLY)
others = [os.open('/tmp', os.O_RDONLY), os.open('/', os.O_RDONLY)]
done = False
def swap():
    turn = 0
    while not done:
        os.dup2(others[turn & 1], folder); turn += 1
thread = threading.Thread(target=swap); thread.start()
try: print(os.read(os.open({path:?}.lstrip('/'), os.O_RDONLY, dir_fd=others[1]), 99).decode())
except OSError as error: print(error)
for turn in range(200):
    try: os.close(os.open({path:?}.lstrip('/'), os.O_RDONLY, dir_fd=folder))
    except OSError: pass
done = True; thread.join()
signal.setitimer(signal.ITIMER_REAL, 0)",
            path = shown(&file)
        );
        let mut run = start(person, &script);
        let question = run.question();
        std::thread::sleep(Duration::from_millis(700));
        run.answer(&question, "this", "r");
        assert_eq!(run.finish().succeeded(), "granted");
    });
}

#[test]
fn the_program_finds_no_descriptor_or_process_at_which_it_could_answer() {
    everyone_at_home(|person| {
        let file = person.file("secret.txt", "secret");
        let script = format!(
            "
import os, socket, threading, time
lines = b''.join(b'{{\"type\":\"answer\",\"id\":%d,\"answer\":\"this\"}}\\n' % n for n in range(4))
def forge():
    for turn in range(10):
        for pid in [p for p in os.listdir('/proc') if p.isdigit()]:
            try: numbers = os.listdir(f'/proc/{{pid}}/fd')
            except OSError: continue
            for number in numbers:
                if int(number) < 3 and pid != '1': continue
                try: fd = os.open(f'/proc/{{pid}}/fd/{{number}}', os.O_WRONLY | os.O_NONBLOCK); os.write(fd, lines); os.close(fd)
                except OSError: pass
        for number in range(3, 1024):
            try: os.write(number, lines)
            except OSError: pass
        time.sleep(0.05)
thread = threading.Thread(target=forge); thread.start()
try: print(open({path:?}).read())
except OSError as error: print(error.strerror)
thread.join()
print(all('lowbox' not in open(f'/proc/{{p}}/comm').read() or p == '1' for p in os.listdir('/proc') if p.isdigit()))",
            path = shown(&file)
        );
        let mut run = start(person, &script);
        let question = run.question();
        std::thread::sleep(Duration::from_secs(1));
        run.answer(&question, "no", "");
        assert_eq!(run.finish().succeeded(), "No such file or directory\nTrue");
    });
}

#[test]
fn a_path_that_becomes_a_link_after_the_question_gives_what_the_question_was_about() {
    everyone_at_home(|person| {
        let file = person.file("project/a.txt", "asked about");
        let secret = person.file("keys/a.txt", "secret");
        let (project, keys) = (file.parent().unwrap(), secret.parent().unwrap());
        let script = format!("print(open({:?}).read())", shown(&file));
        let mut run = start(person, &script);
        let question = run.question();
        fs::rename(project, project.with_extension("moved")).unwrap();
        symlink(keys, project).unwrap();
        run.answer(&question, "folder", "r");
        let ended = run.finish();
        assert!(!ended.text().contains("secret"), "{}", ended.text());
        // At the next start the remembered path is a link, and void.
        let ended = finish(policy(person, "deny", &[], &script), 20);
        assert!(!ended.text().contains("secret") && !ended.status.success(), "{}", ended.text());
    });
}

#[test]
fn never_holds_when_the_folder_around_it_is_granted_later_by_whomever() {
    everyone_at_home(|person| {
        let secret = person.file("papers/secret.txt", "secret");
        let other = person.file("papers/other.txt", "other");
        let script = format!(
            "
for path in {:?}, {:?}, {:?}:
    try: print(open(path).read())
    except OSError: print('no')",
            shown(&secret),
            shown(&other),
            shown(&secret)
        );
        let mut run = start(person, &script);
        run.expect(&secret, "never", "");
        let question = run.question();
        assert_eq!(question["file"]["folder"], serde_json::Value::Null, "{question}");
        run.answer(&question, "this", "r");
        assert_eq!(run.finish().succeeded(), "no\nother\nno");
        assert_eq!(finish(policy(person, "allow", &[], &script), 20).succeeded(), "no\nother\nno");
        // And as the working folder.
        let folder = shown(secret.parent().unwrap());
        let run = person.inside(["--chdir", &folder, "--prompt", "allow"], python(&script));
        assert_eq!(finish(run, 20).succeeded(), "no\nother\nno");
    });
}

#[test]
fn thousands_of_refusals_are_twenty_lines_and_leave_lowboxs_memory_bounded() {
    everyone_at_home(|person| {
        // Names as long as they can be: what lowbox keeps of each is 4 KiB.
        let deep = vec!["d".repeat(240); 14].join("/");
        let folder = person.file(format!("{deep}/file"), "x");
        let folder = folder.parent().unwrap();
        let flood = |place: &Path| {
            format!(
                "
import os
for number in range(4000):
    try: os.close(os.open({:?} + f'/{{number:0240}}', os.O_CREAT | os.O_RDWR))
    except OSError: pass",
                shown(place)
            )
        };
        let ended = finish(policy(person, "allow", &[], &flood(&person.home())), 60);
        ended.succeeded();
        assert!(ended.stderr.lines().count() <= 25, "{} lines", ended.stderr.lines().count());
        let begun = lowbox_program_tests::start(policy(person, "deny", &[], &flood(folder)));
        let mut most = 0;
        let end = Instant::now() + Duration::from_secs(60);
        while Instant::now() < end {
            let Ok(status) = fs::read_to_string(format!("/proc/{}/status", begun.pid())) else { break };
            let Some(line) = status.lines().find(|line| line.starts_with("RssAnon")) else { break };
            most = most.max(line.split_whitespace().nth(1).unwrap().parse::<u64>().unwrap());
            std::thread::sleep(Duration::from_millis(20));
        }
        begun.finish(10).succeeded();
        assert!(most > 0 && most < 8 * 1024, "lowbox took {most} KiB");
    });
}

#[test]
fn odd_names_are_asked_about_as_they_are_and_nothing_of_them_reaches_the_terminal_raw() {
    everyone_at_home(|person| {
        let odd = person.file("odd/a\nlowbox: all is well\u{1b}[2J\u{202e}", "odd");
        symlink(odd.parent().unwrap(), person.work().join("link\u{1b}]0;x\u{7}\nlowbox: granted")).unwrap();
        let script = format!(
            "
import os
work = os.fsencode({:?})
for path in (b'/odd/a\\nlowbox: all is well\\x1b[2J\\xe2\\x80\\xae', b'/odd/\\xff\\xfe', b'/' + b'n' * 5000, b'/n' * 3000, b'/' + b'n' * 255,
             b'/link\\x1b]0;x\\x07\\nlowbox: granted/x', b'/odd/' + b'../odd/' * 500 + b'none'):
    try: os.close(os.open(work + path, os.O_RDWR | os.O_CREAT)); print('open')
    except OSError as error: print(error.strerror)",
            shown(&person.work()),
        );
        let mut run = start(person, &script);
        let mut asked = Vec::new();
        while let Some(question) = run.question_within(Duration::from_secs(4)) {
            asked.push((
                question["file"]["path"].as_str().unwrap().to_owned(),
                question["file"]["path_hex"].as_str().unwrap_or_default().to_owned(),
            ));
            run.answer(&question, "no", "");
        }
        let ended = run.finish();
        assert!(!ended.succeeded().contains("open"), "{}", ended.text());
        assert_eq!(asked[0].0, shown(&odd));
        assert!(asked[1].1.ends_with("fffe"), "{asked:?}");
        let printed = |c: char| c.is_control() && c != '\n' || c == '\u{202e}';
        assert!(!ended.stderr.contains(printed), "{:?}", ended.stderr);
        let ours = |line: &str| line.starts_with("lowbox: /") || line.starts_with("lowbox: no answer");
        assert!(ended.stderr.lines().all(ours), "{}", ended.stderr);
    });
}
