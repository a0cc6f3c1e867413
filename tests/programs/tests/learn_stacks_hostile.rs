//! A program can falsify its call stacks, and neither hold lowbox up nor end it.

use std::fs;
use std::process::Command;
use std::time::Duration;

use lowbox_program_tests::stacks::{FOUR, compiled, learn, only, read};
use lowbox_program_tests::{Person, canonical, everyone_at_home, finish, pids_with, start, text, until};
use rustix::process::{Pid, Signal, kill_process};

const PYTHON: &str = "/usr/bin/python3";

/// Opens a file a hundred thousand calls deep.
const DEEP: &str = r#"
#include <fcntl.h>
__attribute__((noinline, noclone)) int down(const char *path, int depth) {
    return depth ? down(path, depth - 1) + 1 : open(path, O_RDONLY);
}
int main(int count, char **words) { return down(words[1], 100000) < 0; }
"#;

#[test]
fn a_stack_of_a_hundred_thousand_calls_is_cut_and_says_so() {
    everyone_at_home(|person| {
        let data = person.file("data/in.txt", "x");
        let program = compiled(person, DEEP, &["-O1"]);
        let python = person.file(
            "program/deep.py",
            "import sys\nsys.setrecursionlimit(200000)\ndef down(n):\n    return down(n - 1) if n else open(sys.argv[1]).read()\ndown(100000)\n",
        );
        for command in [&[text(&program), text(&data)][..], &[PYTHON, "-I", text(&python), text(&data)]] {
            let all = learn(person, &program, &[], command);
            let access = only(&all, &data);
            let down = access.functions().iter().filter(|name| **name == "down").count();
            assert!(access.truncated && access.frames.len() == 512, "{command:?}: {}", access.frames.len());
            assert!(down > 500 || (command.len() > 2 && down > 490), "{command:?}: {access:#?}");
        }
    });
}

#[test]
fn names_of_functions_that_are_scripts_and_control_characters_do_nothing_where_they_are_shown() {
    everyone_at_home(|person| {
        let data = person.file("data/in.txt", "x");
        let program = compiled(person, FOUR, &["-O2"]);
        let names = ["<script>alert(1)</script>", "\x1b]0;owned\x07\r\n=cmd()", "\u{202e}rtl\u{200b}"];
        for (function, name) in ["innermost", "middle", "outermost"].iter().zip(names) {
            let option = format!("--redefine-sym={function}={name}");
            assert!(Command::new("objcopy").arg(option).arg(&program).status().expect("objcopy").success());
        }
        let out = person.folder("results");
        let [option, grant] = Person::grant(program.parent().expect("a folder"), "rx");
        let (option, grant) = (option.into_string().expect("text"), grant.into_string().expect("text"));
        let arguments = ["learn", "--no-argument-grants", "--out", text(&out), &option, &grant, "--"];
        let ended = finish(person.lowbox(&[&arguments[..], &[text(&program), text(&data)]].concat()), 60);
        assert!(ended.status.success(), "{}", ended.stderr);
        let all = read(&out.join("records.trace"));
        let functions = only(&all, &data).functions()[1..4].to_vec();
        let expected = [names[0], r"\x1b]0;owned\x07\x0d\x0a=cmd()", r"\xe2\x80\xaertl\xe2\x80\x8b"];
        assert_eq!(functions, expected, "{}", person.name);
        for name in ["report.html", "AccessAttemptRecords.csv", "records.trace", "summary.txt"] {
            let shown = fs::read(out.join(name)).expect("a result");
            let holds = |part: &[u8]| shown.windows(part.len()).any(|window| window == part);
            assert!(!holds(b"\x1b") && !holds("\u{202e}".as_bytes()), "{name}");
            assert!(name != "report.html" || !holds(b"<script>alert(1)"), "{name}");
        }
    });
}

/// Runs code from a file that begins as an ELF file and is none, whose place something else has taken, and opens a file by it.
const BROKEN: &str = r#"
#include <fcntl.h>
#include <string.h>
#include <sys/mman.h>
#include <sys/stat.h>
#include <sys/syscall.h>
#include <unistd.h>
int main(int count, char **words) {
    /* mov eax, SYS_open (2 on x86-64); syscall; ret */
    unsigned char code[] = {0xb8, 2, 0, 0, 0, 0x0f, 0x05, 0xc3};
    const char *module = words[2];
    static unsigned char image[8192];
    int elf = open("/proc/self/exe", O_RDONLY);
    read(elf, image, 4096);
    for (int at = 16; at < 4096; at += 8) if (at % 24 == 0) memset(image + at, 0xff, 4);
    if (*words[3] == 'h') memset(image + 32, 0x41, 32);
    memcpy(image + 4096, code, sizeof code);
    int file = open(module, O_RDWR | O_CREAT | O_TRUNC, 0700);
    write(file, image, sizeof image);
    unsigned char *mapped = mmap(0, sizeof image, PROT_READ | PROT_EXEC, MAP_PRIVATE, file, 0);
    if (mapped == MAP_FAILED) return 3;
    if (*words[3] == 'f') { unlink(module); if (mkfifo(module, 0700)) return 4; }
    if (*words[3] == 'd') unlink(module);
    if (*words[3] == 'c') if (ftruncate(file, 4100 + 100)) return 5;
    int (*call)(const char *, int) = (int (*)(const char *, int))(mapped + 4096);
    return call(words[1], O_RDONLY) < 0;
}
"#;

#[cfg(target_arch = "x86_64")]
#[test]
fn a_module_that_is_broken_removed_cut_off_or_replaced_by_a_pipe_costs_frames_and_nothing_else() {
    everyone_at_home(|person| {
        let data = person.file("data/in.txt", "x");
        let program = compiled(person, BROKEN, &["-O2"]);
        for kind in ["broken", "headers", "fifo", "deleted", "cut"] {
            let module = person.folder("modules").join(kind);
            let all = learn(person, &program, &[], &[text(&program), text(&data), text(&module), kind]);
            let access = only(&all, &data);
            let innermost = access.frames.first().unwrap_or_else(|| panic!("{kind}: {access:#?}"));
            assert!(innermost.module.0.starts_with(text(&module)), "{}: {kind}: {access:#?}", person.name);
            let _ = fs::remove_file(&module);
        }
    });
}

#[test]
fn tables_that_are_garbage_cost_frames_and_names_and_nothing_else() {
    everyone_at_home(|person| {
        let data = person.file("data/in.txt", "x");
        let sections = [
            ".eh_frame",
            ".eh_frame_hdr",
            ".symtab",
            ".strtab",
            ".debug_info",
            ".debug_abbrev",
            ".debug_line",
        ];
        let mut state = 7_u64;
        for section in sections {
            for kind in ["zeros", "ones", "noise", "noise"] {
                let program = compiled(person, FOUR, &["-O2", "-g"]);
                let headers =
                    Command::new("readelf").arg("-SW").arg(&program).output().expect("readelf").stdout;
                let headers = String::from_utf8(headers).expect("text");
                let line = headers.lines().find_map(|line| line.split_once(&format!("] {section} ")));
                let mut words = line.expect("the section").1.split_ascii_whitespace().skip(2);
                let mut next = || usize::from_str_radix(words.next().expect("a word"), 16).expect("a number");
                let (offset, length) = (next(), next());
                let mut bytes = fs::read(&program).expect("the program");
                for byte in &mut bytes[offset..offset + length] {
                    // Of the generator of Knuth's MMIX.
                    state = state.wrapping_mul(6364136223846793005).wrapping_add(1442695040888963407);
                    *byte = match kind {
                        "zeros" => 0,
                        "ones" => 0xff,
                        _ => (state >> 56) as u8,
                    };
                }
                fs::write(&program, bytes).expect("written");
                let all = learn(person, &program, &[], &[text(&program), text(&data)]);
                let access = only(&all, &data);
                let about = format!("{}: {section}: {kind}: {access:#?}", person.name);
                assert!(access.functions()[0].contains("open"), "{about}");
                let unwound = access.frames.len() >= 5 && access.frames[4].module.0 == canonical(&program);
                assert!(unwound || access.truncated || section.starts_with(".eh_frame"), "{about}");
            }
        }
    });
}

/// A thread opens a file, while another one writes over its stack; the first ends the program without ever returning.
const CHANGING: &str = r#"
#include <fcntl.h>
#include <pthread.h>
#include <stdlib.h>
#include <string.h>
#include <sys/syscall.h>
#include <unistd.h>
static char room[1 << 20] __attribute__((aligned(4096)));
static volatile int ready;
static void *opens(void *path) {
    ready = 1;
    __asm__ volatile("mov %0, %%rdi; xor %%esi, %%esi; xor %%edx, %%edx; mov $2, %%eax; syscall\n"
                     "xor %%edi, %%edi; mov $231, %%eax; syscall" : : "r"(path) : "rdi", "rsi", "rdx", "rax", "rcx", "r11");
    __builtin_unreachable();
}
int main(int count, char **words) {
    pthread_attr_t attributes;
    pthread_t one;
    pthread_attr_init(&attributes);
    pthread_attr_setstack(&attributes, room, sizeof room);
    pthread_create(&one, &attributes, opens, words[1]);
    while (!ready);
    for (unsigned long turn = 0;; turn++) {
        unsigned long *top = (unsigned long *)(room + sizeof room) - 1024;
        for (int at = 0; at < 512; at++) {
            unsigned long values[] = {(unsigned long)opens, (unsigned long)main, (unsigned long)top, ~0UL, turn, (unsigned long)(top + at)};
            top[at] = values[(at + turn) % 6];
        }
    }
}
"#;

#[cfg(target_arch = "x86_64")]
#[test]
fn a_stack_that_changes_while_it_is_read_costs_nothing_but_itself() {
    everyone_at_home(|person| {
        let data = person.file("data/in.txt", "x");
        let program = compiled(person, CHANGING, &["-O1"]);
        for _ in 0..10 {
            let all = learn(person, &program, &[], &[text(&program), text(&data)]);
            let access = only(&all, &data);
            assert_eq!(access.functions().first(), Some(&"opens"), "{}: {access:#?}", person.name);
        }
    });
}

/// Opens a file, waits until it is told to go on, and opens two more.
const WAITING: &str = r#"
import os, sys, time
first, second, third, ready, go = sys.argv[1:]
def load(path):
    open(path).close()
load(first)
open(ready, "w").close()
while not os.path.exists(go):
    time.sleep(0.01)
load(second)
load(third)
"#;

fn parent(process: Pid) -> Option<u32> {
    let status = fs::read_to_string(format!("/proc/{}/status", process.as_raw_nonzero())).ok()?;
    status.lines().find_map(|line| line.strip_prefix("PPid:"))?.trim().parse().ok()
}

#[test]
fn when_the_reader_of_stacks_dies_another_one_takes_its_place() {
    everyone_at_home(|person| {
        let files = ["a", "b", "c"].map(|name| person.file(format!("data/{name}"), name));
        let app = person.file("app/app.py", WAITING);
        let (ready, go) = (person.folder("signs").join("ready"), person.folder("signs").join("go"));
        let trace = person.work().join("dies.trace");
        let arguments =
            ["learn", "--no-argument-grants", "--no-results", "--trace", text(&trace), "--", PYTHON];
        let paths = [&app, &files[0], &files[1], &files[2], &ready, &go].map(|path| text(path));
        let running = start(person.lowbox(&[&arguments[..], &["-I"], &paths].concat()));
        assert!(until(Duration::from_secs(60), || ready.exists()), "{}", person.name);
        // A child of a child of lowbox, which is lowbox too.
        let grandchild = |process: &Pid| {
            let above = parent(*process).and_then(|parent| Pid::from_raw(parent as i32));
            above.and_then(parent) == Some(running.pid())
        };
        let readers: Vec<Pid> = pids_with(text(&trace)).into_iter().filter(grandchild).collect();
        assert_eq!(readers.len(), 1, "{}", person.name);
        kill_process(readers[0], Signal::KILL).expect("the reader");
        fs::write(&go, "").expect("the sign");
        let ended = running.finish(60);
        assert!(ended.status.success(), "{}", ended.stderr);
        let all = read(&trace);
        // Of the stack that was asked for next the notice of the death may be taken for the answer.
        let second = only(&all, &files[1]);
        assert!(second.functions().contains(&"load") || (second.frames.is_empty() && second.truncated));
        for file in [&files[0], &files[2]] {
            assert!(only(&all, file).functions().contains(&"load"), "{}: {all:#?}", person.name);
        }
    });
}
