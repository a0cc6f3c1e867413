//! Call stacks in records: what was recorded of a program, read back.

use std::fs;
use std::path::{Path, PathBuf};
use std::process::Command;

use serde_json::Value;

use crate::lesson::{canonical, text};
use crate::{Person, finish};

/// A frame of a record.
#[derive(Clone, Debug)]
pub struct Frame {
    /// Symbol or Python function; empty where none is known.
    pub function: String,
    /// Path and build id; empty for Python.
    pub module: (String, String),
    /// Where in the module.
    pub offset: u64,
    /// Source file; empty where none is known.
    pub file: String,
    /// Line in it, or 0.
    pub line: u64,
}

/// An access of a record.
#[derive(Clone, Debug)]
pub struct Access {
    /// Of a file.
    pub path: String,
    /// What was to be done.
    pub right: String,
    /// How often.
    pub count: u64,
    /// Innermost first.
    pub frames: Vec<Frame>,
    /// There are more further out.
    pub truncated: bool,
}

impl Access {
    /// Their names, innermost first.
    pub fn functions(&self) -> Vec<&str> {
        self.frames.iter().map(|frame| frame.function.as_str()).collect()
    }

    /// The frame of a function.
    pub fn frame(&self, function: &str) -> &Frame {
        let found = self.frames.iter().find(|frame| frame.function == function);
        found.unwrap_or_else(|| panic!("{function} in {:#?}", self.frames))
    }
}

/// Learns about a command, to which the folder of `program` is granted, and gives what was recorded.
pub fn learn(person: &Person, program: &Path, more: &[&str], command: &[&str]) -> Vec<Access> {
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
pub fn read(trace: &Path) -> Vec<Access> {
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
pub fn only<'a>(all: &'a [Access], path: &Path) -> &'a Access {
    let path = canonical(path);
    let found: Vec<&Access> = all.iter().filter(|access| access.path == path).collect();
    assert_eq!(found.len(), 1, "{path} in {all:#?}");
    found[0]
}

/// Compiles a C program into a folder of its own.
pub fn compiled(person: &Person, source: &str, options: &[&str]) -> PathBuf {
    let source = person.file("source/program.c", source);
    let program = person.folder("program").join("program");
    let gcc = Command::new("gcc").args(options).arg("-pthread").arg("-o").args([&program, &source]).output();
    let gcc = gcc.expect("gcc");
    assert!(gcc.status.success(), "{}", String::from_utf8_lossy(&gcc.stderr));
    program
}

/// Four functions, of which the innermost opens a file.
pub const FOUR: &str = r#"
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
