#![no_main]
//! DNS messages: a question and what passes for its answer, both by strangers. The first byte says how long the question is.

use lowbox_linux::network::query::{Query, no_such_name, server_failure, set_id};

use libfuzzer_sys::fuzz_target;

fuzz_target!(|bytes: &[u8]| {
    let Some((&length, rest)) = bytes.split_first() else { return };
    let (asked, told) = rest.split_at(usize::from(length).min(rest.len()));
    let Some(query) = Query::parse(asked) else { return };
    assert!(!query.name().ends_with('.') && !query.name().bytes().any(|byte| byte.is_ascii_uppercase()));
    let _ = query.reverse();
    // What lowbox answers itself is an answer to the question.
    for own in [no_such_name(asked), server_failure(asked)].into_iter().flatten() {
        assert!(query.is_answered_by(&own) && query.addresses(&own).is_empty());
    }
    let mut told = told.to_vec();
    if !query.addresses(&told).is_empty() {
        assert!(query.is_answered_by(&told));
    }
    set_id(&mut told, query.id().wrapping_add(1));
    assert!(!query.is_answered_by(&told) && query.addresses(&told).is_empty());
});
