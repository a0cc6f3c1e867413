//! Compiles the list of system calls to filters when lowbox is built: a start pays nothing for it.

#[path = "src/seccomp/compile.rs"]
mod compile;
#[path = "src/seccomp/rules.rs"]
mod rules;

use std::fmt::Write as _;
use std::path::PathBuf;

fn main() {
    println!("cargo::rerun-if-changed=src/seccomp");
    let rules = rules::builtin().expect("calls.txt is readable");
    let mut text = String::from("&[\n");
    for mode in compile::Mode::every() {
        let _ = writeln!(text, "({mode:?}, &[");
        for compile::Instruction { code, jt, jf, k } in compile::compile(&rules, mode) {
            let _ = writeln!(text, "Instruction {{ code: {code}, jt: {jt}, jf: {jf}, k: {k} }},");
        }
        text.push_str("]),\n");
    }
    text.push(']');
    let out = PathBuf::from(std::env::var_os("OUT_DIR").expect("cargo sets it")).join("filters.rs");
    std::fs::write(out, text).expect("the build folder is writable");
}
