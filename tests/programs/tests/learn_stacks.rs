//! Learning tells from where in the program each access was made: by its functions, source lines and Python functions, innermost first.
//! A program can falsify that, and neither hold lowbox up nor end it.

use std::fs;
use std::path::{Path, PathBuf};
use std::process::Command;
use std::time::Duration;

use lowbox_program_tests::{Person, everyone_at_home, finish, pids_with, start, until};
use rustix::process::{Pid, Signal, kill_process};
use serde_json::Value;

const PYTHON: &str = "/usr/bin/python3";

/// A frame of a record.
#[derive(Clone, Debug)]
struct Frame {
    /// Symbol or Python function; empty where none is known.
    function: String,
    /// Path and build id; empty for Python.
    module: (String, String),
    offset: u64,
    file: String,
    line: u64,
}

/// An access of a record.
#[derive(Clone, Debug)]
struct Access {
    path: String,
    right: String,
    count: u64,
    frames: Vec<Frame>,
    truncated: bool,
}

impl Access {
    fn functions(&self) -> Vec<&str> {
        self.frames.iter().map(|frame| frame.function.as_str()).collect()
    }

    /// The frame of a function.
    fn frame(&self, function: &str) -> &Frame {
        let found = self.frames.iter().find(|frame| frame.function == function);
        found.unwrap_or_else(|| panic!("{function} in {:#?}", self.frames))
    }
}

fn text(path: &Path) -> &str {
    path.to_str().expect("the tests' paths are text")
}

fn canonical(path: &Path) -> String {
    text(&fs::canonicalize(path).expect("it is there")).to_owned()
}

/// Learns about a command, to which the folder of `program` is granted, and gives what was recorded.
fn learn(person: &Person, program: &Path, more: &[&str], command: &[&str]) -> Vec<Access> {
    let trace = person.work().join("r.trace");
    let _ = fs::remove_file(&trace);
    let [option, grant] = Person::grant(program.parent().expect("a folder"), "rx");
    let grant = [option, grant].map(|word| word.into_string().expect("text"));
    let mut arguments = vec!["learn", "--no-argument-grants", "--no-results", "--trace", text(&trace)];
    arguments.extend(grant.iter().map(String::as_str));
    arguments.extend(more);
    arguments.push("--");
    arguments.extend(command);
    let ended = finish(person.lowbox(&arguments), 100);
    assert!(ended.status.success(), "{}: {}", person.name, ended.stderr);
    read(&trace)
}

/// The accesses of a record file with one section.
fn read(trace: &Path) -> Vec<Access> {
    let written = fs::read_to_string(trace).expect("a record file");
    let lines = written.lines().filter(|line| !line.is_empty());
    let lines: Vec<Value> =
        lines.map(|line| serde_json::from_str::<Value>(line).expect("a line of JSON")).collect();
    let word = |value: &Value| value.as_str().unwrap_or_default().to_owned();
    let entry = |kind: &str, id: &Value| {
        let mut found = lines.iter().filter(|line| line[kind].is_object() && line[kind]["id"] == *id);
        found.next().map(|line| line[kind].clone())
    };
    let frame = |frame: &Value| {
        let module = entry("module", &frame["module"]).unwrap_or_default();
        let function = if frame["python"].is_string() { &frame["python"] } else { &frame["symbol"] };
        Frame {
            function: word(function),
            module: (word(&module["path"]), word(&module["build_id"])),
            offset: frame["offset"].as_u64().unwrap_or_default(),
            file: word(&frame["file"]),
            line: frame["line"].as_u64().unwrap_or_default(),
        }
    };
    let counted = |id: &Value, first: u64| {
        let counts = lines.iter().filter(|line| line["count"]["id"] == *id);
        counts.map(|line| line["count"]["count"].as_u64().expect("a number")).fold(first, u64::max)
    };
    let accesses = lines.iter().map(|line| &line["access"]).filter(|access| access.is_object());
    let access = |access: &Value| {
        let stack = entry("stack", &access["stack"]).unwrap_or_default();
        Access {
            path: word(&access["object"]["path"]),
            right: word(&access["right"]),
            count: counted(&access["id"], access["count"].as_u64().expect("a number")),
            frames: stack["frames"].as_array().into_iter().flatten().map(frame).collect(),
            truncated: stack["truncated"] == true,
        }
    };
    accesses.map(access).collect()
}

/// The one access to a file.
fn only<'a>(all: &'a [Access], path: &Path) -> &'a Access {
    let path = canonical(path);
    let found: Vec<&Access> = all.iter().filter(|access| access.path == path).collect();
    assert_eq!(found.len(), 1, "{path} in {all:#?}");
    found[0]
}

/// Compiles a C program into a folder of its own.
fn compiled(person: &Person, source: &str, options: &[&str]) -> PathBuf {
    let source = person.file("source/program.c", source);
    let program = person.folder("program").join("program");
    let gcc = Command::new("gcc").args(options).arg("-pthread").arg("-o").args([&program, &source]).output();
    let gcc = gcc.expect("gcc");
    assert!(gcc.status.success(), "{}", String::from_utf8_lossy(&gcc.stderr));
    program
}

/// Four functions, of which the innermost opens a file.
const FOUR: &str = r#"
#include <fcntl.h>
#define APART __attribute__((noinline, noclone))
APART int innermost(const char *path) {
    int file = open(path, O_RDONLY);
    return file + 1;
}
APART int middle(const char *path) { volatile char room[200]; room[7] = 1; return innermost(path) + room[7]; }
APART int outermost(const char *path) { return middle(path) * 2; }
int main(int count, char **words) { return outermost(words[1]) < 0; }
"#;

#[test]
fn functions_are_told_with_and_without_frame_pointers_linked_in_every_way() {
    everyone_at_home(|person| {
        let data = person.file("data/in.txt", "x");
        for options in [
            &["-O2", "-fomit-frame-pointer"][..],
            &["-O0"],
            &["-O2", "-fno-omit-frame-pointer"],
            &["-O2", "-static"],
            &["-O0", "-static"],
            &["-O2", "-static-pie"],
            &["-O2", "-no-pie"],
        ] {
            let program = compiled(person, FOUR, options);
            let all = learn(person, &program, &[], &[text(&program), text(&data)]);
            let access = only(&all, &data);
            let about = format!("{}: {options:?}: {access:#?}", person.name);
            assert!(!access.truncated && access.right == "read" && access.count == 1, "{about}");
            let functions = access.functions();
            assert!(functions[0].contains("open"), "{about}");
            assert_eq!(functions[1..5], ["innermost", "middle", "outermost", "main"], "{about}");
            assert_eq!(functions.last(), Some(&"_start"), "{about}");
            assert_eq!(access.frames[1].module.0, canonical(&program), "{about}");
        }
    });
}

#[test]
fn with_debug_information_the_file_and_line_are_told_and_inlined_functions() {
    everyone_at_home(|person| {
        let data = person.file("data/in.txt", "x");
        let inlined =
            FOUR.replacen("APART int middle", "static inline __attribute__((always_inline)) int middle", 1);
        let program = compiled(person, &inlined, &["-O2", "-g"]);
        let all = learn(person, &program, &[], &[text(&program), text(&data)]);
        let access = only(&all, &data);
        for (function, line) in [("innermost", 5), ("middle", 8), ("outermost", 9), ("main", 10)] {
            let frame = access.frame(function);
            assert!(frame.file.ends_with("/source/program.c"), "{frame:?}");
            assert_eq!(frame.line, line, "{}: {access:#?}", person.name);
        }
        assert_eq!(access.functions()[1..5], ["innermost", "middle", "outermost", "main"]);
        assert_eq!(access.frame("middle").offset, access.frame("outermost").offset);
    });
}

/// Prints what the C library's own unwinder finds, then opens a file.
const COMPARED: &str = r#"
#define _GNU_SOURCE
#include <dlfcn.h>
#include <execinfo.h>
#include <fcntl.h>
#include <stdio.h>
#include <stdlib.h>
static const char *path;
static int compare(const void *a, const void *b) {
    void *all[64];
    int count = backtrace(all, 64);
    for (int at = 1; at < count; at++) {
        Dl_info found;
        if (!dladdr(all[at], &found)) return 1;
        printf("%lx %s\n", (unsigned long)all[at] - (unsigned long)found.dli_fbase, found.dli_fname);
    }
    return open(path, O_RDONLY) + 1;
}
int main(int count, char **words) {
    int pair[2] = {1, 2};
    path = words[1];
    qsort(pair, 2, sizeof pair[0], compare);
    return fflush(stdout);
}
"#;

#[test]
fn the_stack_is_the_one_that_the_program_finds_itself() {
    everyone_at_home(|person| {
        let data = person.file("data/in.txt", "x");
        let program = compiled(person, COMPARED, &["-O2", "-pie", "-fPIE"]);
        let trace = person.work().join("r.trace");
        let _ = fs::remove_file(&trace);
        let learn = ["learn", "--no-argument-grants", "--no-results", "--trace", text(&trace), "--"];
        let learn = [&learn[..], &[text(&program), text(&data)]].concat();
        let printed = finish(person.lowbox(&learn), 60).succeeded();
        let own: Vec<(u64, PathBuf)> = printed
            .lines()
            .map(|line| {
                let (offset, path) = line.split_once(' ').expect("two words");
                (u64::from_str_radix(offset, 16).expect("a number"), fs::canonicalize(path).expect("a file"))
            })
            .collect();
        assert!(own.len() >= 5, "{printed}");
        let all = read(&trace);
        let access = only(&all, &data);
        // The innermost two are in the function that prints and the one that opens.
        let read: Vec<(u64, PathBuf)> = access
            .frames
            .iter()
            .skip(2)
            .map(|frame| (frame.offset, PathBuf::from(&frame.module.0)))
            .collect();
        assert_eq!(read, own, "{}: {access:#?}", person.name);
    });
}

#[test]
fn a_stripped_program_is_told_by_module_offset_and_build_id() {
    everyone_at_home(|person| {
        let data = person.file("data/in.txt", "x");
        let id = "0123456789abcdef0123456789abcdef01234567";
        let option = format!("-Wl,--build-id=0x{id}");
        let program = compiled(person, FOUR, &["-O2", &option]);
        let nm = Command::new("nm").arg("-S").arg(&program).output().expect("nm").stdout;
        let nm = String::from_utf8(nm).expect("text");
        let functions = ["innermost", "middle", "outermost", "main"].map(|name| {
            let line = nm.lines().find(|line| line.ends_with(&format!(" T {name}"))).expect("a function");
            let mut words = line.split(' ').map(|word| u64::from_str_radix(word, 16));
            let mut next = || words.next().expect("a word").expect("a number");
            let (start, length) = (next(), next());
            start..start + length
        });
        assert!(Command::new("strip").arg(&program).status().expect("strip").success());
        let all = learn(person, &program, &[], &[text(&program), text(&data)]);
        let access = only(&all, &data);
        for (function, frame) in functions.iter().zip(&access.frames[1..5]) {
            assert_eq!((frame.function.as_str(), frame.module.1.as_str()), ("", id), "{access:#?}");
            assert!(function.contains(&frame.offset), "{function:x?}: {frame:x?}");
        }
        assert!(!access.truncated, "{}: {access:#?}", person.name);
    });
}

const NESTED: &str = r#"import sys

class Reader:
    def load(self, path):
        return open(path).read()

def middle(path):
    def within():
        return (
            Reader().load(path)
        )
    # By way of C: the interpreter is entered anew.
    return sorted([1], key=lambda _: within())

def main():
    middle(sys.argv[1])

main()
"#;

#[test]
fn python_functions_are_told_with_file_and_line_in_the_interpreters_place() {
    everyone_at_home(|person| {
        let data = person.file("data/in.txt", "x");
        let app = person.file("app/app.py", NESTED);
        let all = learn(person, &app, &[], &[PYTHON, "-I", text(&app), text(&data)]);
        let access = only(&all, &data);
        let python: Vec<(&str, u64)> = access
            .frames
            .iter()
            .filter(|frame| frame.file == text(&app))
            .map(|frame| (frame.function.as_str(), frame.line))
            .collect();
        let expected = [
            ("Reader.load", 5),
            ("middle.<locals>.within", 10),
            ("middle.<locals>.<lambda>", 13),
            ("middle", 13),
            ("main", 16),
            ("<module>", 18),
        ];
        assert_eq!(python, expected, "{}: {access:#?}", person.name);
        let functions = access.functions();
        let place = |name: &str| functions.iter().position(|one| *one == name).expect("it is there");
        // The machine code that opens is further in, that which started the interpreter further out.
        assert!(functions[0].contains("open") && place("Reader.load") > 0, "{functions:?}");
        assert!(place("__libc_start_main") > place("<module>"), "{functions:?}");
        assert!(!functions.contains(&"_PyEval_EvalFrameDefault") && !access.truncated, "{functions:?}");
    });
}

/// Opens the files it is given: in a thread, in a child, and in a program that the child executes.
const SEVERAL: &str = r#"
#include <fcntl.h>
#include <pthread.h>
#include <sys/wait.h>
#include <unistd.h>
#define APART __attribute__((noinline, noclone))
APART int in_thread(const char *path) { return open(path, O_RDONLY) + 1; }
APART int in_child(const char *path) { return open(path, O_RDONLY) + 2; }
APART int executed(const char *path) { return open(path, O_RDONLY) + 3; }
static void *thread(void *path) { return (void *)(long)in_thread(path); }
int main(int count, char **words) {
    pthread_t one;
    if (count == 2) return executed(words[1]) == 2;
    pthread_create(&one, 0, thread, words[1]);
    pthread_join(one, 0);
    if (fork() == 0) {
        if (in_child(words[2]) < 3) return 1;
        execl(words[0], words[0], words[3], (char *)0);
    }
    int status;
    wait(&status);
    return status;
}
"#;

#[test]
fn threads_children_and_executed_programs_have_stacks_of_their_own() {
    everyone_at_home(|person| {
        let files = ["a", "b", "c"].map(|name| person.file(format!("data/{name}"), name));
        let program = compiled(person, SEVERAL, &["-O2"]);
        let command = [&program, &files[0], &files[1], &files[2]].map(|path| text(path));
        let all = learn(person, &program, &[], &command);
        for (file, expected) in
            files.iter().zip([&["in_thread", "thread"][..], &["in_child", "main"], &["executed", "main"]])
        {
            let access = only(&all, file);
            assert_eq!(access.functions()[1..3], *expected, "{}: {access:#?}", person.name);
            assert!(!access.truncated, "{access:#?}");
        }
    });
}

/// Opens a file often: from two places, and from as many depths as it is told.
const OFTEN: &str = r#"
#include <fcntl.h>
#include <stdlib.h>
#include <unistd.h>
#define APART __attribute__((noinline, noclone))
APART int touch(const char *path) { int file = open(path, O_RDONLY); close(file); return file >= 0; }
APART int first(const char *path) { int all = 0; for (int n = 0; n < 1000; n++) all += touch(path); return all; }
APART int second(const char *path) { return touch(path) + 1; }
APART int deeper(const char *path, int depth) { return depth ? deeper(path, depth - 1) + 1 : touch(path) + 1; }
int main(int count, char **words) {
    if (count == 2) return first(words[1]) + second(words[1]) != 1002;
    for (int depth = 0; depth < atoi(words[2]); depth++) deeper(words[1], depth);
    return 0;
}
"#;

#[test]
fn accesses_from_one_place_are_one_and_places_without_end_are_counted() {
    everyone_at_home(|person| {
        let data = person.file("data/in.txt", "x");
        let program = compiled(person, OFTEN, &["-O1"]);
        let all = learn(person, &program, &[], &[text(&program), text(&data)]);
        let by = |function: &str| {
            let found: Vec<&Access> =
                all.iter().filter(|access| access.functions().get(2) == Some(&function)).collect();
            assert_eq!(found.len(), 1, "{function}: {all:#?}");
            found[0].count
        };
        assert_eq!((by("first"), by("second")), (1000, 1), "{}", person.name);
        let all = learn(person, &program, &[], &[text(&program), text(&data), "300"]);
        let path = canonical(&data);
        let read: Vec<&Access> = all.iter().filter(|access| access.path == path).collect();
        assert_eq!(read.iter().map(|access| access.count).sum::<u64>(), 300, "{}", person.name);
        assert_eq!(read.len(), 128, "{}", person.name);
    });
}

#[test]
fn without_stacks_none_is_recorded() {
    everyone_at_home(|person| {
        let data = person.file("data/in.txt", "x");
        let program = compiled(person, OFTEN, &["-O1"]);
        let all = learn(person, &program, &["--no-stacks"], &[text(&program), text(&data)]);
        let access = only(&all, &data);
        assert!(access.frames.is_empty() && !access.truncated && access.count == 1001, "{access:#?}");
    });
}

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

/// Two functions alike open a file at the same depth: the registers are the same.
const ALIKE: &str = r#"
#include <fcntl.h>
#include <unistd.h>
#define APART __attribute__((noinline, noclone))
APART int touch(const char *path) { int file = open(path, O_RDONLY); close(file); return file; }
APART int left(const char *path) { return touch(path) + 1; }
APART int right(const char *path) { return touch(path) + 2; }
int main(int count, char **words) {
    for (int turn = 0; turn < 100; turn++) if (left(words[1]) < 0 || right(words[1]) < 0) return 1;
    return 0;
}
"#;

const ALIKE_IN_PYTHON: &str = r#"import sys
def touch(path):
    open(path).close()
def left(path):
    touch(path)
def right(path):
    touch(path)
for _ in range(100):
    left(sys.argv[1])
    right(sys.argv[1])
"#;

#[test]
fn functions_that_call_from_the_same_depth_are_told_apart() {
    everyone_at_home(|person| {
        let data = person.file("data/in.txt", "x");
        let program = compiled(person, ALIKE, &["-O1"]);
        let app = person.file("program/alike.py", ALIKE_IN_PYTHON);
        for command in [&[text(&program), text(&data)][..], &[PYTHON, "-I", text(&app), text(&data)]] {
            let all = learn(person, &program, &[], command);
            let path = canonical(&data);
            let by = |function: &str| {
                let of = |access: &&Access| access.path == path && access.functions().contains(&function);
                all.iter().filter(of).map(|access| access.count).collect::<Vec<u64>>()
            };
            assert_eq!((by("left"), by("right")), (vec![100], vec![100]), "{command:?}: {all:#?}");
        }
    });
}
