//! Whatever process of lowbox is killed, whenever: the program ends with it, and nothing stays behind.

use std::fs;
use std::thread;
use std::time::{Duration, Instant};

use lowbox_program_tests::{FrontEnd, Person, everyone_at_home, finish, pids_with, unique_sleep, until};
use rustix::process::{Pid, Signal, kill_process};

/// Kills for each identity.
const KILLS: u64 = 250;
/// Containers at a time: a killed one is mostly waited for.
const TOGETHER: u64 = 3;

fn children(pid: u32) -> Vec<Pid> {
    let tasks = fs::read_dir(format!("/proc/{pid}/task")).into_iter().flatten().flatten();
    let mut found = Vec::new();
    for task in tasks {
        let text = fs::read_to_string(task.path().join("children")).unwrap_or_default();
        found.extend(text.split_whitespace().filter_map(|word| Pid::from_raw(word.parse().ok()?)));
    }
    found
}

/// What came of some rounds: questions answered with yes, and kills of lowbox, pid 1 and the grantor.
#[derive(Default)]
struct Came {
    remembered: u64,
    killed: [u64; 3],
}

/// Every [`TOGETHER`]th round from `first` on, one after the other.
fn rounds(person: &Person, first: u64) -> Came {
    let marker = unique_sleep();
    let folder = person.work().join("many");
    let script = format!(
        "
marker = '{marker}'
while True:
    for n in range(8):
        try: open(f'{}/{{n}}/file').read()
        except OSError: pass",
        folder.display()
    );
    let mut came = Came::default();
    for round in (first..KILLS).step_by(TOGETHER as usize) {
        // A package that nothing was answered for yet, five rounds long.
        let (series, within) = (round / TOGETHER / 5, round / TOGETHER % 5);
        let name = format!("killed{first}-{series}");
        let options = ["--chdir", "/", "--name", &name];
        let mut run = FrontEnd::start(person, &options, &["/usr/bin/python3", "-c", &script]);
        // However busy the machine is, each package has an answer before its first kill; the others come at any moment.
        if within == 0 {
            let question = run.question();
            came.remembered += 1;
            run.answer(&question, "folder", "r");
        }
        // From before the first question to after the last one, in an order without a pattern.
        let end = Instant::now() + Duration::from_micros((round * 7919) % 90_000);
        while let Some(left) = end.checked_duration_since(Instant::now()) {
            if let Some(question) = run.question_within(left) {
                came.remembered += 1;
                run.answer(&question, "folder", "r");
            }
        }
        let family = children(run.pid());
        let (which, victim) = match ((round / TOGETHER) % 3, family.as_slice()) {
            (1, [first, ..]) => (1, *first),
            (2, [_, second, ..]) => (2, *second),
            _ => (0, Pid::from_raw(run.pid() as i32).unwrap()),
        };
        came.killed[which] += 1;
        let _ = kill_process(victim, Signal::KILL);
        while run.question_within(Duration::from_secs(5)).is_some() {}
        let ended = run.finish();
        assert!(!ended.status.success());
        assert!(
            until(Duration::from_secs(10), || pids_with(&marker).is_empty()),
            "round {round}: {:?} are left of {family:?}, {victim:?} was killed\n{}",
            pids_with(&marker),
            ended.stderr
        );
    }
    came
}

#[test]
fn lowbox_pid_1_and_the_grantor_are_killed_at_random_moments_while_grants_are_made() {
    everyone_at_home(|person| {
        for number in 0..8 {
            person.file(format!("many/{number}/file"), "x");
        }
        let mounts = || fs::read_to_string("/proc/self/mountinfo").unwrap();
        let before = mounts();
        let came: Vec<Came> = thread::scope(|scope| {
            let threads: Vec<_> =
                (0..TOGETHER).map(|first| scope.spawn(move || rounds(person, first))).collect();
            threads.into_iter().map(|thread| thread.join().expect("a round failed, see above")).collect()
        });
        let remembered: u64 = came.iter().map(|came| came.remembered).sum();
        let killed: [u64; 3] = std::array::from_fn(|which| came.iter().map(|came| came.killed[which]).sum());
        assert_eq!(killed.iter().sum::<u64>(), KILLS);
        assert!(remembered > KILLS / 10 && killed[1] > 20 && killed[2] > 20, "{remembered} {killed:?}");
        assert_eq!(before, mounts());
        let check = "import sqlite3, sys
print(sqlite3.connect(sys.argv[1]).execute('PRAGMA integrity_check').fetchall())";
        let database = person.home().join(".local/share/lowbox/consent.db");
        let mut command = person.plain(["/usr/bin/python3", "-c", check]);
        command.arg(database);
        assert_eq!(finish(command, 20).succeeded(), "[('ok',)]");
    });
}
