use lowbox_policy::NodeKind;
use proptest::prelude::*;

use super::*;

fn question(wanted: GrantRights, there: bool, folder: bool) -> Question {
    let asked = Asked::File {
        path: "/home/u/x".into(),
        kind: there.then_some(NodeKind::File),
        makes: None,
        this: there,
        named: None,
        windows: None,
        wanted,
        folder: folder.then(|| "/home/u".into()),
    };
    Question { id: 2, package: "p_abc".to_owned(), asked, asker: None }
}

/// Everything that is read of these bytes until there is an answer or a mistake, as the connection is read.
fn told(question: &Question, bytes: &[u8], piece: usize) -> Result<Option<Answer>, Broken> {
    let (mut lines, mut rest, mut greeted) = (Lines::default(), bytes, false);
    loop {
        while let Some(received) = lines.next()? {
            if !greeted {
                greeting(&received)?;
                greeted = true;
            } else if let Some(answer) = meaning(question, &received)? {
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

/// Lines that are messages, nearly messages, and none.
fn line() -> impl Strategy<Value = Vec<u8>> {
    let answer = (0..4_u64, "this|folder|allow|no|never|yes", prop::option::of("r|w|x|rw|rx|rwx|q|"));
    prop_oneof![
        3 => Just(br#"{"type":"hello","version":1}"#.to_vec()),
        1 => Just(br#"{"type":"hello","version":2}"#.to_vec()),
        6 => answer.prop_map(|(id, answer, rights)| {
            let mut message = serde_json::json!({"type": "answer", "id": id, "answer": answer});
            if let Some(rights) = rights {
                message["rights"] = rights.into();
            }
            message.to_string().into_bytes()
        }),
        1 => prop::collection::vec(any::<u8>(), 0..60),
        1 => (4000..5000_usize).prop_map(|length| vec![b' '; length]),
    ]
}

proptest! {
    #[test]
    fn whatever_is_sent_in_whatever_pieces_is_an_offered_answer_with_no_more_rights_or_none(
        lines in prop::collection::vec(line(), 0..6),
        greets in any::<bool>(),
        letters in "r|rw|rx|rwx",
        (there, folder) in (any::<bool>(), any::<bool>()),
        piece in 1..50_usize,
    ) {
        let wanted: GrantRights = letters.parse().unwrap();
        let question = question(wanted, there, folder);
        let hello = greets.then(|| b"{\"type\":\"hello\",\"version\":1}\n".to_vec());
        let sent = lines.iter().map(|line| [line.as_slice(), b"\n"].concat());
        let bytes = hello.into_iter().chain(sent).collect::<Vec<_>>().concat();
        let whole = told(&question, &bytes, usize::MAX);
        prop_assert_eq!(&whole, &told(&question, &bytes, piece));
        let Ok(Some(answer)) = whole else { return Ok(()) };
        let rights = match answer {
            Answer::This(rights) => { prop_assert!(there); rights }
            Answer::Folder(rights) => { prop_assert!(folder); rights }
            Answer::Allow => { prop_assert!(false, "a file is no capability"); unreachable!() }
            Answer::No | Answer::Never => GrantRights::default(),
        };
        prop_assert!(wanted.read >= rights.read && wanted.write >= rights.write && wanted.execute >= rights.execute);
    }
}

#[test]
fn the_strategy_finds_answers_of_each_kind() {
    use proptest::strategy::ValueTree;
    let mut runner = proptest::test_runner::TestRunner::deterministic();
    let question = question(GrantRights::READ_WRITE, true, true);
    let mut seen = std::collections::BTreeSet::new();
    for _ in 0..2000 {
        let line = line().new_tree(&mut runner).unwrap().current();
        let bytes = [b"{\"type\":\"hello\",\"version\":1}\n", line.as_slice(), b"\n"].concat();
        seen.insert(match told(&question, &bytes, usize::MAX) {
            Ok(Some(Answer::This(_))) => "this",
            Ok(Some(Answer::Folder(_))) => "folder",
            Ok(Some(Answer::No)) => "no",
            Ok(Some(Answer::Never)) => "never",
            Ok(Some(Answer::Allow)) => "allow",
            Ok(None) => "late",
            Err(_) => "broken",
        });
    }
    assert_eq!(seen.into_iter().collect::<Vec<_>>(), ["broken", "folder", "late", "never", "no", "this"]);
}
