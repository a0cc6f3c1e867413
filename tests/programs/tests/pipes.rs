//! Standard input and output, arguments, working folders.

use std::ffi::{OsStr, OsString};
use std::io::Read;
use std::os::unix::ffi::OsStrExt;
use std::process::Stdio;
use std::time::{Duration, Instant};

use lowbox_program_tests::{
    Person, WITHOUT_NAMESPACES, everyone, finish, finish_with_input, ordinary, words, words_of,
};

const NONE: [&str; 0] = [];

#[test]
fn a_hundred_megabytes_go_through_unchanged() {
    everyone(|person| {
        let data: Vec<u8> = (0..100_u32 << 20).map(|n| (n.wrapping_mul(2_654_435_761) >> 24) as u8).collect();
        let ended = finish_with_input(person.inside(NONE, ["cat"]), data.clone(), 120);
        assert!(
            ended.status.success() && ended.stdout == data,
            "{} of {} bytes",
            ended.stdout.len(),
            data.len()
        );
    });
}

#[test]
fn pipelines_inside_work_and_a_closed_reader_ends_the_writer() {
    everyone(|person| {
        let ended = finish(
            person.shell("seq 100000 | sort -rn | head -1; yes | head -2 | wc -l; echo ${PIPESTATUS[0]}"),
            30,
        );
        assert_eq!(ended.succeeded().lines().collect::<Vec<_>>(), ["100000", "2", "141"]);
        let mut yes = person.inside(NONE, ["yes"]).stdout(Stdio::piped()).spawn().expect("lowbox");
        let mut first = [0; 2];
        yes.stdout.take().expect("piped").read_exact(&mut first).expect("two bytes");
        // The reader is gone with the temporary: the next write of the program ends it by SIGPIPE.
        let begin = Instant::now();
        while yes.try_wait().expect("a child").is_none() {
            assert!(begin.elapsed() < Duration::from_secs(10), "the writer goes on");
            std::thread::sleep(Duration::from_millis(10));
        }
        assert_eq!(yes.wait().expect("ended").code(), Some(141));
    });
}

#[test]
fn a_reader_sees_the_end_of_output_at_once() {
    everyone(|person| {
        let mut child = person
            .shell("echo last; exec >&- 2>&-; sleep 5")
            .stdin(Stdio::null())
            .stdout(Stdio::piped())
            .stderr(Stdio::null())
            .spawn()
            .expect("lowbox");
        let begin = Instant::now();
        let mut text = String::new();
        child.stdout.take().expect("piped").read_to_string(&mut text).expect("text");
        let elapsed = begin.elapsed();
        child.kill().expect("a child");
        child.wait().expect("its end");
        assert_eq!(text, "last\n");
        assert!(elapsed < Duration::from_secs(4), "lowbox keeps the pipe open: {elapsed:?}");
    });
}

#[test]
fn arguments_of_a_megabyte_arrive() {
    everyone(|person| {
        let long = "x".repeat(100_000);
        let mut command =
            vec!["/usr/bin/python3", "-c", "import sys; print(len(sys.argv), sum(map(len, sys.argv[1:])))"];
        command.extend([long.as_str(); 10]);
        assert_eq!(finish(person.inside(NONE, command), 30).succeeded(), "11 1000000");
        let many = vec!["a"; 20_000];
        let command = ["/bin/sh", "-c", "echo $#", "sh"].into_iter().chain(many);
        assert_eq!(finish(person.inside(NONE, command), 30).succeeded(), "20000");
    });
}

#[test]
fn names_that_are_not_utf_8_work_as_arguments_grants_and_working_folders() {
    everyone(|person| {
        let name = OsStr::from_bytes(b"caf\xe9 \xff.txt");
        let folder = OsStr::from_bytes(b"fold\xe9r");
        let file = person.file(std::path::Path::new(folder).join(name), "content");
        let command: Vec<OsString> = vec!["cat".into(), file.clone().into()];
        assert_eq!(finish(person.inside(NONE, command), 20).succeeded(), "content");
        let mut inside = person.inside(
            Person::grant(person.work().join(folder), "rw"),
            ["/usr/bin/python3", "-c", "import os; print(os.listdir(b'.')); open(b'\\xfe', 'w').close()"],
        );
        inside.current_dir(person.work().join(folder)).env_remove("PWD");
        assert_eq!(finish(inside, 20).succeeded(), r"[b'caf\xe9 \xff.txt']");
        assert!(person.work().join(folder).join(OsStr::from_bytes(b"\xfe")).exists());
    });
}

#[test]
fn it_runs_from_the_root_folder_and_from_a_deleted_one_says_why_not() {
    everyone(|person| {
        let mut root = person.inside(NONE, ["/bin/pwd"]);
        root.current_dir("/").env("PWD", "/");
        assert_eq!(finish(root, 20).succeeded(), "/");
        let gone = person.folder("gone");
        let lowbox = person.inside(NONE, ["/bin/pwd"]);
        let words: Vec<OsString> = lowbox.get_args().map(OsStr::to_owned).collect();
        let program = lowbox.get_program().to_owned();
        let mut shell = std::process::Command::new("/bin/sh");
        shell.args(["-c", "cd \"$0\" && rmdir \"$0\" && exec \"$@\""]).arg(&gone).arg(program).args(words);
        shell.env("HOME", person.home());
        let ended = finish(shell, 20);
        assert_eq!(ended.code(), Some(125), "{} {}", ended.text(), ended.stderr);
        assert!(ended.stderr.contains("working folder"), "{}", ended.stderr);
    });
}

#[test]
fn a_working_folder_that_may_not_be_read_stops_nothing() {
    everyone(|person| {
        let folder = person.folder("closed");
        std::fs::set_permissions(&folder, std::os::unix::fs::PermissionsExt::from_mode(0o311))
            .expect("its owner");
        let mut inside = person.inside(NONE, ["/bin/sh", "-c", "pwd; ls; echo $?"]);
        inside.current_dir(&folder).env("PWD", &folder);
        let ended = finish(inside, 20);
        // Visible as a path, its content only by grant.
        assert_eq!(ended.text().lines().next(), folder.to_str(), "{}", ended.stderr);
    });
}

/// What a shell of the person's prints that reads the line of its script from a pipe of its own.
fn from_a_pipe(person: &Person, line: &str) -> String {
    let shell = ["/bin/sh", "-c", "printf '%s\\n' \"$0\" | /bin/sh", line];
    finish(person.plain(shell), 30).succeeded()
}

#[test]
fn a_program_can_not_write_into_the_pipe_that_its_shell_reads_its_script_from() {
    everyone(|person| {
        let write = ["sh", "-c", "printf 'echo injected\\n' > /proc/self/fd/0 2>/dev/null; echo ended"];
        let plain = from_a_pipe(person, &format!("sh -c {:?}", write[2]).replace("\\\\", "\\"));
        assert!(plain.contains("injected"), "it works without lowbox: {plain}");
        assert_eq!(from_a_pipe(person, &words(person, &[], &write)), "ended");
    });
    let person = ordinary();
    let write = "printf 'echo injected\\n' > /proc/self/fd/0 2>/dev/null; echo ended";
    let reduced = person.inside_after(WITHOUT_NAMESPACES, ["--allow-reduced"], ["sh", "-c", write]);
    assert_eq!(from_a_pipe(&person, &format!("{} 2>/dev/null", words_of(&reduced))), "ended");
}

#[test]
fn a_program_can_not_take_what_others_wrote_into_the_pipe_of_its_output() {
    everyone(|person| {
        let take = ["sh", "-c", "timeout 1 cat < /proc/self/fd/2 | sed s/^/taken:/ >&2; echo ended"];
        let shared = |command: &str| {
            let script = format!("{{ echo SECRET; {command}; }} 2>&1 | {{ sleep 2; cat; }}");
            finish(person.plain(["/bin/sh", "-c", &script]), 30).succeeded()
        };
        assert!(shared(&format!("sh -c {:?}", take[2])).contains("taken:SECRET"), "it works without lowbox");
        let confined = shared(&words(person, &[], &take));
        assert!(confined.contains("SECRET") && !confined.contains("taken:SECRET"), "{confined}");
    });
}

#[test]
fn a_pipe_that_is_lent_by_name_is_the_callers_own() {
    everyone(|person| {
        let script = format!(
            "printf 'one\\ntwo\\n' | {{ {}; read line; echo left:$line; }}",
            words(person, &["--fd", "0:pipe"], &["sh", "-c", "read line; echo got:$line"])
        );
        let ended = finish(person.plain(["/bin/sh", "-c", &script]), 30);
        assert_eq!(ended.succeeded(), "got:one\nleft:two");
    });
}
