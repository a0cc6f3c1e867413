#![forbid(unsafe_code)]
//! Developer commands.
fn main() {}
