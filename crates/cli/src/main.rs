#![forbid(unsafe_code)]
//! lowbox
fn main() {}
