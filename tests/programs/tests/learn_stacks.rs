//! Learning tells from where in the program each access was made: by its functions, source lines and Python functions, innermost first.

use std::fs;
use std::path::PathBuf;
use std::process::Command;

use lowbox_program_tests::stacks::{Access, FOUR, compiled, learn, only, read};
use lowbox_program_tests::{canonical, everyone_at_home, finish, text};

const PYTHON: &str = "/usr/bin/python3";

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
