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
