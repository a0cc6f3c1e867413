//! A program that touches things without end: what lowbox keeps of that is bounded, and who answers is still heard.
//!
//! `LOWBOX_TOUCHES=1000000` makes it a million; without it there are as many as a run of all tests has time for.

use std::fs;
use std::path::PathBuf;
use std::time::Duration;

use lowbox_program_tests::{FrontEnd, everyone_at_home, finish, until};

/// KiB of anonymous memory of lowbox and of its processes, the program's not.
fn memory(lowbox: u32) -> u64 {
    let executable = |process: &PathBuf| fs::read_link(process.join("exe")).ok();
    let own = executable(&PathBuf::from(format!("/proc/{lowbox}")));
    let processes = fs::read_dir("/proc").unwrap().flatten().map(|entry| entry.path());
    let own = processes.filter(|process| own.is_some() && executable(process) == own);
    own.filter_map(|process| {
        let status = fs::read_to_string(process.join("status")).ok()?;
        let line = status.lines().find(|line| line.starts_with("RssAnon"))?;
        line.split_whitespace().nth(1)?.parse::<u64>().ok()
    })
    .sum()
}

#[test]
fn a_program_that_touches_a_million_things_takes_bounded_memory_and_is_answered_after_it() {
    let touches: u64 =
        std::env::var("LOWBOX_TOUCHES").map_or(30_000, |number| number.parse().expect("a number"));
    everyone_at_home(|person| {
        let given = person.file("given/file", "given");
        let yes = person.file("yes/file", "yes");
        let later = person.file("later/file", "later");
        for number in 0..100 {
            person.file(format!("many/{number}/file"), "x");
        }
        // Long names that are different each time: whatever keeps them is seen.
        let script = format!(
            "
import os, threading, time
work, home, touches = {work:?}.encode(), os.environ['HOME'], {touches}
def touch(path):
    try: os.close(os.open(path, os.O_RDONLY)); return True
    except OSError: return False
def say(name): open(home + '/' + name, 'w').close()
assert touch(work + b'/yes/file')
for number in range(8): touch(work + b'/many/%d/file' % number)
answers = []
asking = threading.Thread(target=lambda: answers.append(touch(work + b'/later/file')))
asking.start()
while not os.path.exists({asked:?}): time.sleep(0.01)
begun, came = time.monotonic(), [0] * 6
for number in range(touches):
    kind = number % 6
    # After a minute there would be room for another question, and this program waits for no answer.
    if kind == 5 and time.monotonic() - begun > 40: kind = 4
    came[kind] += touch([
        lambda: work + b'/yes/file',
        lambda: work + b'/given/file',
        lambda: work + b'/given/%0200d' % number,
        lambda: work + b'/none/%0200d' % number,
        lambda: work + b'/many/%d/file' % (number % 8),
        lambda: work + b'/many/%d/file' % (8 + number % 92),
    ][kind]())
    if number == touches // 10: say('begun')
say('flooded')
asking.join()
print(answers, [0 < part for part in came])
while touch(work + b'/yes/file'): time.sleep(0.01)
print(touch(work + b'/given/file'))",
            work = person.work().to_str().unwrap(),
            asked = given.with_file_name("asked").to_str().unwrap()
        );
        let grant = format!("{}:r", given.parent().unwrap().display());
        let options = ["--chdir", "/", "--prompt-timeout", "3600", "--grant", &grant];
        let mut run = FrontEnd::start(person, &options, &["/usr/bin/python3", "-u", "-c", &script]);
        run.expect(&yes, "this", "r");
        for _ in 0..8 {
            let question = run.question();
            run.answer(&question, "no", "");
        }
        // The tenth of this minute stays open until the program has touched everything.
        let question = run.question();
        assert_eq!(question["file"]["path"], later.to_str().unwrap());
        person.file("given/asked", "");
        let said = |name: &str| person.package("python3").join("LocalState").join(name).exists();
        assert!(until(Duration::from_secs(3600), || said("begun")));
        let before = memory(run.pid());
        assert!(until(Duration::from_secs(3600), || said("flooded")));
        let after = memory(run.pid());
        println!("{touches} touches: {before} KiB, then {after} KiB");
        assert!(before > 0 && after < before + 1024, "{before} KiB, then {after} KiB");
        run.answer(&question, "this", "r");
        let revoked = person.lowbox(&["consent", "revoke", "--keep-running", yes.to_str().unwrap()]);
        finish(revoked, 30).succeeded();
        let ended = run.finish();
        assert_eq!(ended.succeeded(), "[True] [True, True, False, False, False, False]\nTrue");
        assert!(ended.stderr.lines().count() < 25, "{}", ended.stderr);
    });
}
