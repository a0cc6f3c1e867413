use std::ffi::OsString;
use std::io::{BufRead, BufReader};
use std::os::unix::ffi::OsStringExt;
use std::path::PathBuf;

use lowbox_linux::broker::Asked;
use lowbox_policy::{GrantRights, NodeKind};
use serde_json::{Value, json};

use super::*;

fn question(id: u64) -> Question {
    Question {
        id,
        package: "editor_abc".to_owned(),
        asked: Asked::File {
            path: PathBuf::from(OsString::from_vec(b"/home/u/\xff\n".to_vec())),
            kind: Some(NodeKind::File),
            makes: None,
            this: true,
            named: None,
            windows: None,
            wanted: GrantRights::READ_WRITE,
            folder: Some("/home/u".into()),
        },
        asker: None,
    }
}

/// lowbox's side, and the answering program's.
fn pair() -> (Program, UnixStream) {
    let (ours, theirs) = UnixStream::pair().unwrap();
    let package = "editor_abc".to_owned();
    (Program { socket: Some(ours), package, received: Lines::default(), greeted: false }, theirs)
}

fn soon() -> Instant {
    Instant::now() + Duration::from_millis(300)
}

/// Sends these lines at once, then asks once for each id.
fn asked(lines: &[&str], ids: &[u64]) -> (Vec<Option<Answer>>, Vec<Value>) {
    let (mut program, mut peer) = pair();
    for line in lines {
        peer.write_all(format!("{line}\n").as_bytes()).unwrap();
    }
    let answers = ids.iter().map(|id| program.ask(&question(*id), soon())).collect();
    drop(program);
    let sent = BufReader::new(peer).lines().map_while(Result::ok);
    (answers, sent.map(|line| serde_json::from_str(&line).unwrap()).collect())
}

const HELLO: &str = r#"{"type":"hello","version":1}"#;

#[test]
fn a_question_says_what_which_right_who_and_until_when_without_loss() {
    let (answers, sent) = asked(&[HELLO, r#"{"type":"answer","id":3,"answer":"folder","rights":"r"}"#], &[3]);
    assert_eq!(answers, [Some(Answer::Folder(GrantRights::READ))]);
    assert_eq!(
        sent[0],
        json!({"type": "hello", "protocol": "lowbox-prompt", "version": 1, "package": "editor_abc"})
    );
    let asked = &sent[1];
    assert_eq!(asked["file"]["path"], "/home/u/\u{fffd}\n");
    assert_eq!(asked["file"]["path_hex"], "2f686f6d652f752fff0a");
    assert_eq!((&asked["file"]["wanted"], &asked["file"]["kind"]), (&json!("rw"), &json!("file")));
    assert_eq!(asked["file"]["folder"], json!({"path": "/home/u"}));
    assert_eq!(asked["answers"], json!(["this", "folder", "no", "never"]));
    assert!(asked["timeout_ms"].as_u64().unwrap() <= 300);
}

#[test]
fn without_an_answer_in_time_the_question_is_cancelled_and_a_late_answer_is_for_nothing() {
    let (mut program, peer) = pair();
    let theirs = peer.try_clone().unwrap();
    let answering = std::thread::spawn(move || {
        let mut writer = theirs.try_clone().unwrap();
        writeln!(writer, "{HELLO}").unwrap();
        for line in BufReader::new(theirs).lines().map_while(Result::ok) {
            let message: Value = serde_json::from_str(&line).unwrap();
            match (message["type"].as_str(), message["id"].as_u64()) {
                // Too late, and then the next one in time.
                (Some("cancel"), Some(1)) => {
                    assert_eq!(message["reason"], "timeout");
                    writeln!(writer, r#"{{"type":"answer","id":1,"answer":"this"}}"#).unwrap();
                }
                (Some("question"), Some(2)) => {
                    writeln!(writer, r#"{{"type":"answer","id":2,"answer":"never"}}"#).unwrap();
                }
                _ => {}
            }
        }
    });
    assert_eq!(program.ask(&question(1), soon()), None);
    assert_eq!(program.ask(&question(2), soon()), Some(Answer::Never));
    drop(program);
    answering.join().unwrap();
}

#[test]
fn whatever_the_description_does_not_have_is_no_and_ends_the_connection() {
    let long = format!(r#"{{"type":"answer","id":1,"answer":"this","x":"{}"}}"#, "y".repeat(5000));
    for bad in [
        "this",
        "",
        "null",
        r#"["answer"]"#,
        r#"{"type":"answer","id":1,"answer":"yes"}"#,
        r#"{"type":"answer","id":1,"answer":"allow"}"#,
        r#"{"type":"answer","id":9,"answer":"this"}"#,
        r#"{"type":"answer","id":0,"answer":"this"}"#,
        r#"{"type":"answer","id":-1,"answer":"this"}"#,
        r#"{"type":"answer","id":1,"answer":"this","only":"reading"}"#,
        r#"{"type":"answer","id":1,"id":1,"answer":"this"}"#,
        r#"{"type":"answer","id":1,"answer":"this","rights":"rwx"}"#,
        r#"{"type":"answer","id":1,"answer":"this","rights":""}"#,
        r#"{"type":"question","id":1}"#,
        HELLO,
        &long,
        "\u{0}",
    ] {
        let good = r#"{"type":"answer","id":2,"answer":"this"}"#;
        let (answers, sent) = asked(&[HELLO, bad, good], &[1, 2]);
        assert_eq!(answers, [None, None], "{bad}");
        assert!(sent.iter().all(|message| message["id"] != 2), "it was asked again after {bad}");
    }
}

#[test]
fn a_program_of_another_version_or_without_a_greeting_is_not_asked() {
    for first in [r#"{"type":"hello","version":2}"#, r#"{"type":"answer","id":1,"answer":"this"}"#] {
        let (answers, sent) = asked(&[first, HELLO], &[1]);
        assert_eq!((answers, sent.len()), (vec![None], 1), "{first}");
    }
}

#[test]
fn the_end_of_the_socket_is_no_at_once() {
    let (mut program, peer) = pair();
    drop(peer);
    let start = Instant::now();
    assert_eq!(program.ask(&question(1), start + Duration::from_secs(60)), None);
    assert_eq!(program.ask(&question(2), start + Duration::from_secs(60)), None);
    assert!(start.elapsed() < Duration::from_secs(5));
}

#[test]
fn a_program_that_does_not_read_keeps_nobody_waiting() {
    let (mut program, mut peer) = pair();
    writeln!(peer, "{HELLO}").unwrap();
    // Fills the socket.
    for id in 1..20_000 {
        if program.ask(&question(id), Instant::now() + Duration::from_millis(1)).is_none()
            && program.socket.is_none()
        {
            return;
        }
    }
    panic!("it was asked for ever");
}
