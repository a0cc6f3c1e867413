//! Explanations: which entry governs, and what would grant.

mod common;

use std::path::Path;

use common::*;
use lowbox_policy::{
    Explanation, NodeKind, Object, Operation, Question, Suggestion, Variables, built_in_objects, candidates,
    explain,
};
use lowbox_security::{AccessMask, Token};

fn variables() -> Variables {
    [("home", "/home/me"), ("documents", "/home/me/Documents"), ("pictures", "/home/me/Pictures")]
        .into_iter()
        .collect()
}

fn explained(objects: &[Object], token: &Token, path: &str, operation: Operation) -> Explanation {
    let question = Question { objects, token, path: Path::new(path), kind: NodeKind::File, operation };
    explain(question, &candidates())
}

fn catalogue(token: &Token) -> Vec<Object> {
    built_in_objects(&variables(), token).expect("the catalogue parses")
}

#[test]
fn a_denied_document_names_its_capability_and_a_grant() {
    let token = token_with(&["picturesLibrary"], false);
    let answer = explained(&catalogue(&token), &token, "/home/me/Documents/x.txt", Operation::Read);
    assert!(!answer.granted);
    assert_eq!(answer.objects[0].path, Path::new("/home/me/Documents"));
    assert!(answer.objects[0].origin.starts_with("objects.txt"));
    assert!(
        answer
            .would_grant
            .iter()
            .any(|suggestion| matches!(suggestion, Suggestion::Capability { name, privacy: true, .. }
            if name == "documentsLibrary")),
        "{:?}",
        answer.would_grant
    );
    assert_eq!(
        answer.would_grant.last(),
        Some(&Suggestion::Grant { argument: "/home/me/Documents/x.txt:r".into() })
    );
    assert!(answer.summary.contains("documentsLibrary"), "{}", answer.summary);
}

#[test]
fn with_the_capability_it_is_granted_and_the_trace_says_by_which_ace() {
    let token = token_with(&["documentsLibrary"], false);
    let answer = explained(&catalogue(&token), &token, "/home/me/Documents/x.txt", Operation::Write);
    assert!(answer.granted && answer.would_grant.is_empty());
    assert!(!answer.checks[0].trace.is_empty());
}

#[test]
fn what_nothing_governs_does_not_exist() {
    let token = token();
    let answer = explained(&catalogue(&token), &token, "/var/spool/mail/me", Operation::Read);
    assert!(!answer.granted && answer.summary.contains("does not exist"), "{}", answer.summary);
    assert_eq!(answer.would_grant, [Suggestion::Grant { argument: "/var/spool/mail/me:r".into() }]);
}

#[test]
fn deleting_asks_for_the_folder() {
    let token = token();
    let answer = explained(&[], &token, "/data/x", Operation::Unlink);
    assert_eq!(answer.would_grant, [Suggestion::Grant { argument: "/data:rw".into() }]);
    let answer = explained(&[], &token, "/data/x", Operation::Create);
    assert_eq!(answer.checks[0].path, Path::new("/data"));
    assert_eq!(answer.would_grant, [Suggestion::Grant { argument: "/data:rw".into() }]);
}

#[test]
fn where_something_denies_no_grant_is_offered() {
    let token = token();
    let objects = [grant("/data", "r"), object("/data/secret", deny(AccessMask::FILE_ALL))];
    let answer = explained(&objects, &token, "/data/secret", Operation::Read);
    assert!(!answer.granted && answer.would_grant.is_empty(), "{:?}", answer.would_grant);
    assert_eq!(answer.objects[0].path, Path::new("/data/secret"));
}

#[test]
fn devices_of_a_wildcard_name_their_capability() {
    let token = token();
    let question = Question {
        objects: &catalogue(&token),
        token: &token,
        path: Path::new("/dev/video0"),
        kind: NodeKind::CharDevice,
        operation: Operation::Read,
    };
    let answer = explain(question, &candidates());
    assert!(
        matches!(&answer.would_grant[0], Suggestion::Capability { name, privacy: true, .. } if name == "webcam")
    );
}

#[test]
fn the_answer_is_json_also_for_names_that_are_no_utf8() {
    use std::ffi::OsStr;
    use std::os::unix::ffi::OsStrExt;
    let path = Path::new("/data").join(OsStr::from_bytes(b"\xff"));
    let token = token();
    let question = Question {
        objects: &[],
        token: &token,
        path: &path,
        kind: NodeKind::File,
        operation: Operation::Read,
    };
    let json = serde_json::to_value(explain(question, &[])).expect("JSON");
    assert_eq!(json["granted"], false);
    assert_eq!(json["operation"], "read");
    assert_eq!(json["would_grant"][0]["kind"], "grant");
}
