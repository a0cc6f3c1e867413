//! What results of learning tell of Windows programs: names as Windows has them, the program that asked, and from where in it.

use std::fs;
use std::path::Path;

use lowbox_program_tests::{Person, everyone_with_wine, finish, own_windows_program, text};
use serde_json::{Value, json};

/// The table of a lesson about a command.
fn learned(person: &Person, options: &[&str], command: &[&str]) -> Vec<Value> {
    let learn = ["learn", "--no-argument-grants", "--out", "learned"];
    let words = [&learn[..], options, &["--"], command].concat();
    let ended = finish(person.lowbox(&words), 120);
    assert!(ended.status.success(), "{}: {}", person.name, ended.stderr);
    let table = fs::read_to_string(person.work().join("learned/AccessAttemptRecords.jsonl")).unwrap();
    table.lines().map(|line| serde_json::from_str(line).unwrap()).collect()
}

/// The rows about a file.
fn about<'a>(rows: &'a [Value], path: &Path) -> Vec<&'a Value> {
    let path = fs::canonicalize(path).unwrap();
    rows.iter().filter(|row| row["object"] == text(&path)).collect()
}

fn frames(row: &Value) -> Vec<&str> {
    row["stack"].as_array().unwrap().iter().map(|frame| frame.as_str().unwrap()).collect()
}

#[test]
fn results_have_windows_names_and_the_program_that_asked_with_its_call_stack() {
    everyone_with_wine(|person| {
        let program = own_windows_program(person, "reach");
        let read = person.file("in/read.txt", "text\n");
        let out = person.folder("out");
        let rows = learned(person, &[], &["./reach.exe", r"r:in\read.txt", r"w:out\made.txt"]);
        let made = out.join("made.txt");
        for (path, name, right) in [(&read, r"D:\in\read.txt", "read"), (&made, r"D:\out\made.txt", "create")]
        {
            let rows = about(&rows, path);
            assert_eq!(rows.len(), 1, "{}: {rows:#?}", person.name);
            let row = rows[0];
            assert_eq!((row["windows"].as_str(), row["right"].as_str()), (Some(name), Some(right)));
            let exe = text(&fs::canonicalize(&program).unwrap()).to_owned();
            assert_eq!((row["exe"].as_str(), row["unclear"].as_bool()), (Some(&*exe), Some(false)));
            assert_eq!(
                row["arguments"],
                json!([r"D:\\reach.exe", r"r:in\\read.txt", r"w:out\\made.txt"]),
                "{row:#}"
            );
            // From the server's pipe, through Wine's own code, out to where Windows starts threads.
            let stack = frames(row);
            let place = |begins: &str| {
                let found = stack.iter().position(|frame| frame.starts_with(begins));
                found.unwrap_or_else(|| panic!("{}: {begins} in {stack:#?}", person.name))
            };
            let order = [
                "read (libc",
                "CreateFileW (kernelbase.dll+0x",
                "reach.exe+0x",
                "RtlUserThreadStart (ntdll.dll+0x",
            ];
            assert!(order.map(place).is_sorted(), "{stack:#?}");
            assert_eq!(row["truncated"], false, "{stack:#?}");
        }
        let summary = fs::read_to_string(person.work().join("learned/summary.txt")).unwrap();
        assert!(
            summary.contains(r"/out:rw  (D:\out)") || summary.contains(r"made.txt:rw  (D:\out\made.txt)"),
            "{summary}"
        );
        assert!(summary.contains("/reach.exe ("), "{summary}");
        let report = fs::read_to_string(person.work().join("learned/report.html")).unwrap();
        assert!(report.contains(r"(D:\in\read.txt)"));
        // The places in the program are those that its file has.
        let row = about(&rows, &read)[0];
        let own: Vec<u64> = frames(row)
            .iter()
            .filter_map(|frame| u64::from_str_radix(frame.strip_prefix("reach.exe+0x")?, 16).ok())
            .collect();
        let bytes = fs::read(&program).unwrap();
        assert!(!own.is_empty() && own.iter().all(|offset| follows_a_call(&bytes, *offset)), "{own:x?}");
    });
}

/// Whether the instruction before that place of the image is a call: direct, or by a register or memory.
fn follows_a_call(file: &[u8], offset: u64) -> bool {
    let u32_at = |at: usize| u32::from_le_bytes(file[at..at + 4].try_into().unwrap()) as usize;
    let pe = u32_at(0x3c);
    let sections = pe + 24 + usize::from(u16::from_le_bytes([file[pe + 20], file[pe + 21]]));
    // .text is the first: its address in the image, and in the file.
    let at = offset as usize - u32_at(sections + 12) + u32_at(sections + 20);
    file[at - 5] == 0xe8 || file[at - 6] == 0xff || file[at - 2] == 0xff || file[at - 3] == 0xff
}

#[test]
fn programs_that_ask_at_the_same_time_are_never_taken_for_one_another() {
    const FILES: usize = 40;
    everyone_with_wine(|person| {
        own_windows_program(person, "pair");
        let reach = own_windows_program(person, "reach");
        let names = ["one", "two", "three"];
        let lines = names.map(|name| {
            fs::copy(&reach, person.file(format!("{name}.exe"), "")).unwrap();
            let words = (0..FILES).map(|at| {
                person.file(format!("{name}/{at}.txt"), "text\n");
                format!(r" r:{name}\{at}.txt")
            });
            std::iter::once(format!("{name}.exe")).chain(words).collect::<String>()
        });
        let command = [&["./pair.exe"], &lines.each_ref().map(String::as_str)[..]].concat();
        let rows = learned(person, &["--no-stacks"], &command);
        let mut clear = 0;
        for name in names {
            for at in 0..FILES {
                let rows = about(&rows, &person.work().join(format!("{name}/{at}.txt")));
                assert_eq!(rows.len(), 1, "{}: {rows:#?}", person.name);
                let exe = rows[0]["exe"].as_str().unwrap();
                let who = if rows[0]["unclear"] == true {
                    "wineserver64".to_owned()
                } else {
                    format!("{name}.exe")
                };
                assert!(exe.ends_with(&format!("/{who}")), "{}: {:#}", person.name, rows[0]);
                clear += usize::from(rows[0]["unclear"] == false);
            }
        }
        assert!(clear > names.len() * FILES / 2, "{}: {clear} of {}", person.name, names.len() * FILES);
    });
}
