#![no_main]
//! What a Windows program wants chosen, which it says by a path (`broker::choosing`): any bytes are a request that is bounded and shows
//! nothing that can't be seen, or none.

use std::ffi::OsStr;
use std::os::unix::ffi::OsStrExt;
use std::path::Path;

use libfuzzer_sys::fuzz_target;

#[allow(dead_code)]
#[path = "../../crates/linux/src/broker/choosing/request.rs"]
mod request;
use request::{FOLDER, Request};

fuzz_target!(|bytes: &[u8]| {
    let path = [FOLDER.as_bytes(), b"/", &bytes[..bytes.len().min(4096)]].concat();
    let path = Path::new(OsStr::from_bytes(&path));
    let Some(request) = Request::parse(path) else { return };
    assert!(Request::is_one(path));
    assert_eq!(request.number.len(), 16);
    assert!(request.number.bytes().all(|byte| byte.is_ascii_hexdigit()));
    let is_seen = |text: &str| !text.contains(|letter: char| letter.is_control() || "/\\|<>&'\"".contains(letter));
    assert!(request.suggested().is_none_or(|name| is_seen(name) && !name.starts_with('.')));
    assert!(request.extension().is_none_or(|name| name.bytes().all(|byte| byte.is_ascii_alphanumeric())));
    let patterns = request.filters.iter().flat_map(|filter| &filter.patterns);
    patterns.for_each(|pattern| assert!(is_seen(pattern) && !pattern.contains([' ', ';'])));
});
