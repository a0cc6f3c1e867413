//! Whatever process of lowbox is killed, whenever: the program ends with it, and nothing stays behind.

use std::fs;
use std::time::{Duration, Instant};

use lowbox_program_tests::{FrontEnd, everyone_at_home, finish, pids_with, unique_sleep, until};
use rustix::process::{Pid, Signal, kill_process};

/// Kills for each identity.
const KILLS: u64 = 250;

fn children(pid: u32) -> Vec<Pid> {
    let tasks = fs::read_dir(format!("/proc/{pid}/task")).into_iter().flatten().flatten();
    let mut found = Vec::new();
    for task in tasks {
        let text = fs::read_to_string(task.path().join("children")).unwrap_or_default();
        found.extend(text.split_whitespace().filter_map(|word| Pid::from_raw(word.parse().ok()?)));
    }
    found
}

#[test]
fn lowbox_pid_1_and_the_grantor_are_killed_at_random_moments_while_grants_are_made() {
    everyone_at_home(|person| {
        let marker = unique_sleep();
        let folder = person.folder("many");
        for number in 0..8 {
            person.file(format!("many/{number}/file"), "x");
        }
        let script = format!(
            "
marker = '{marker}'
while True:
    for n in range(8):
        try: open(f'{}/{{n}}/file').read()
        except OSError: pass",
            folder.display()
        );
        let mounts = || fs::read_to_string("/proc/self/mountinfo").unwrap();
        let before = mounts();
        let (mut remembered, mut killed) = (0, [0; 3]);
        for round in 0..KILLS {
            let name = format!("killed{}", round / 5);
            let options = ["--chdir", "/", "--name", &name];
            let mut run = FrontEnd::start(person, &options, &["/usr/bin/python3", "-c", &script]);
            // From before the first question to after the last one, in an order without a pattern.
            let end = Instant::now() + Duration::from_micros((round * 7919) % 90_000);
            while let Some(left) = end.checked_duration_since(Instant::now()) {
                if let Some(question) = run.question_within(left) {
                    remembered += 1;
                    run.answer(&question, "folder", "r");
                }
            }
            let family = children(run.pid());
            let victim = match (round % 3, family.as_slice()) {
                (1, [first, ..]) => *first,
                (2, [_, second, ..]) => *second,
                _ => Pid::from_raw(run.pid() as i32).unwrap(),
            };
            killed[(round % 3) as usize] += usize::from(victim.as_raw_pid() as u32 != run.pid());
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
