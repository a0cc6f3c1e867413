#![no_main]
//! What the program that answers questions sends (docs/prompt-protocol.md): any bytes are an answer that was offered, with no more rights
//! than were wanted, or the end of the connection, however they come in pieces. The first byte says which question is open.

use libfuzzer_sys::fuzz_target;
use lowbox_linux::broker::{Answer, Asked, Question};
use lowbox_policy::{GrantRights, NodeKind};

#[allow(dead_code)]
#[path = "../../crates/cli/src/prompt/reading.rs"]
mod reading;
use reading::{Lines, answers, greeting, meaning};

fn question(kind: u8) -> Question {
    let file = |there: bool, wanted, folder: bool| Asked::File {
        path: "/home/u/x".into(),
        kind: there.then_some(NodeKind::File),
        makes: None,
        this: there,
        named: None,
        windows: None,
        wanted,
        folder: folder.then(|| "/home/u".into()),
    };
    let asked = match kind % 5 {
        0 => file(true, GrantRights::READ, true),
        1 => file(true, GrantRights::READ_WRITE, false),
        2 => file(false, GrantRights { read: false, write: true, execute: false }, true),
        3 => file(true, GrantRights::READ_EXECUTE, true),
        _ => Asked::Capability { name: "webcam".into(), title: "cameras".into() },
    };
    Question { id: 2, package: "p_abc".into(), asked, asker: None }
}

/// The first answer to the question, or why there is none: as prompt::protocol puts it together.
fn told(question: &Question, bytes: &[u8], piece: usize) -> Result<Option<Answer>, String> {
    let (mut lines, mut rest, mut greeted) = (Lines::default(), bytes, false);
    loop {
        while let Some(received) = lines.next().map_err(|broken| broken.0)? {
            if !greeted {
                greeting(&received).map_err(|broken| broken.0)?;
                greeted = true;
            } else if let Some(answer) = meaning(question, &received).map_err(|broken| broken.0)? {
                return Ok(Some(answer));
            }
        }
        if rest.is_empty() {
            return Ok(None);
        }
        let (now, later) = rest.split_at(piece.min(lines.room()).min(rest.len()));
        lines.take(now);
        rest = later;
    }
}

fuzz_target!(|bytes: &[u8]| {
    let Some((&kind, bytes)) = bytes.split_first() else { return };
    let question = question(kind);
    let whole = told(&question, bytes, usize::MAX);
    assert_eq!(whole, told(&question, bytes, 1));
    assert_eq!(whole, told(&question, bytes, 7));
    let Ok(Some(answer)) = whole else { return };
    let (name, rights) = match answer {
        Answer::This(rights) => ("this", Some(rights)),
        Answer::Folder(rights) => ("folder", Some(rights)),
        Answer::Allow => ("allow", None),
        Answer::No => ("no", None),
        Answer::Never => ("never", None),
    };
    assert!(answers(&question).contains(&name), "{answer:?}");
    if let (Some(rights), Asked::File { wanted, .. }) = (rights, &question.asked) {
        assert!(!rights.write || wanted.write, "{rights}");
        assert!(!rights.execute || wanted.execute, "{rights}");
    }
});
