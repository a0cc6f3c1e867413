//! Compiles the lists of system calls to filters when lowbox is built: a start pays nothing for it.

#[path = "src/seccomp/compile.rs"]
mod compile;
#[path = "src/seccomp/rules.rs"]
mod rules;

use std::fmt::Write as _;
use std::path::PathBuf;

fn main() {
    println!("cargo::rerun-if-changed=src/seccomp");
    let rules = rules::builtin().expect("calls.txt is readable");
    write("filters.rs", &by_mode(&rules, |_| true));
    let rules = rules::wine().expect("wine.txt is readable");
    write("wine.rs", &by_mode(&rules, |mode| !mode.reduced));
    let mut text = String::from("&[\n");
    instructions(&mut text, &compile::without(&[syscalls::Sysno::ptrace.id() as u32]));
    text.push(']');
    write("without_ptrace.rs", &text);
    let rules = rules::network_broker().expect("network_broker.txt is readable");
    let mut text = String::from("&[\n");
    instructions(&mut text, &compile::compile(&rules, compile::Mode::default()));
    text.push(']');
    write("network_broker.rs", &text);
    write("told.rs", &add_on());
}

/// What `lowbox.dll` is made of (`src/wine/told` puts it into Wine's files).
const SOURCES: [&str; 12] = [
    "answers.c",
    "choose.c",
    "container.c",
    "derive.c",
    "dialog.c",
    "dialog_class.c",
    "file_names.c",
    "items.c",
    "main.c",
    "package.c",
    "token.c",
    "lowbox.def",
];
/// The compiler: gcc of mingw-w64, for 64-bit programs.
const COMPILER: &str = "x86_64-w64-mingw32-gcc";
/// Without a C library, and the same file wherever it is built.
const OPTIONS: [&str; 11] = [
    "-O2",
    "-std=c11",
    "-Wall",
    "-Wextra",
    "-shared",
    "-s",
    "-nostdlib",
    "-ffreestanding",
    "-fno-tree-loop-distribute-patterns",
    "-Wl,--entry=DllMain,--no-insert-timestamp,--image-base=0x180000000",
    "-o",
];

/// Builds the library that tells Windows programs of their container, and says where it is, as Rust has it; lowbox does without it where
/// there is no compiler for it (`lowbox doctor` says so).
fn add_on() -> String {
    println!("cargo::rerun-if-changed=wine-dll");
    let library = PathBuf::from(std::env::var_os("OUT_DIR").expect("cargo sets it")).join("lowbox.dll");
    let sources = SOURCES.map(|name| PathBuf::from("wine-dll").join(name));
    let mut compiler = std::process::Command::new(COMPILER);
    let built =
        compiler.args(OPTIONS).arg(&library).args(sources).args(["-lkernel32", "-lntdll", "-luuid"]).output();
    match built {
        Ok(built) if built.status.success() => format!("Some(include_bytes!({library:?}))"),
        Ok(built) => {
            let said = String::from_utf8_lossy(&built.stderr).replace('\n', " ");
            println!("cargo::warning=lowbox.dll is left out: {COMPILER}: {said}");
            "None".to_owned()
        }
        Err(_) => "None".to_owned(),
    }
}

fn by_mode(rules: &rules::Rules, wanted: fn(&compile::Mode) -> bool) -> String {
    let mut text = String::from("&[\n");
    for mode in compile::Mode::every().filter(wanted) {
        let _ = writeln!(text, "({mode:?}, &[");
        instructions(&mut text, &compile::compile(rules, mode));
        text.push_str("]),\n");
    }
    text.push(']');
    text
}

fn write(name: &str, text: &str) {
    let out = PathBuf::from(std::env::var_os("OUT_DIR").expect("cargo sets it")).join(name);
    std::fs::write(out, text).expect("the build folder is writable");
}

fn instructions(text: &mut String, filter: &[compile::Instruction]) {
    for compile::Instruction { code, jt, jf, k } in filter {
        let _ = writeln!(text, "Instruction {{ code: {code}, jt: {jt}, jf: {jf}, k: {k} }},");
    }
}
