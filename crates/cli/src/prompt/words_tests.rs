use std::ffi::OsString;
use std::os::unix::ffi::OsStringExt;
use std::path::PathBuf;

use lowbox_linux::broker::Asker;

use super::*;

fn question(path: &[u8], kind: Option<NodeKind>, wanted: &str) -> Question {
    Question {
        id: 1,
        package: "editor_abc".to_owned(),
        asked: Asked::File {
            path: PathBuf::from(OsString::from_vec(path.to_vec())),
            kind,
            makes: kind.is_none().then_some(NodeKind::File),
            this: kind.is_some(),
            named: None,
            windows: None,
            wanted: wanted.parse().unwrap(),
            folder: Some(PathBuf::from("/home/u/docs")),
        },
        asker: Some(Asker {
            executable: "/usr/bin/editor".into(),
            arguments: vec!["editor".into(), "a b".into(), "\u{1b}[2J\n".into()],
            pid: Some(7),
        }),
    }
}

fn keys(question: &Question) -> Vec<&'static str> {
    choices(question).iter().map(|choice| choice.key).collect()
}

#[test]
fn reading_only_is_offered_where_writing_is_wanted_and_a_new_file_needs_its_folder() {
    assert_eq!(keys(&question(b"/a", Some(NodeKind::File), "rw")), ["t", "tr", "f", "fr", "n", "never"]);
    assert_eq!(keys(&question(b"/a", Some(NodeKind::File), "r")), ["t", "f", "n", "never"]);
    assert_eq!(keys(&question(b"/a", None, "rw")), ["f", "fr", "n", "never"]);
}

#[test]
fn what_is_wanted_is_said_of_what_is_there_also_where_only_its_folder_is_offered() {
    let mut asked = question(b"/a/pipe", Some(NodeKind::Fifo), "rw");
    let set = |question: &mut Question, there, made, offered| {
        if let Asked::File { kind, makes, this, .. } = &mut question.asked {
            (*kind, *makes, *this) = (there, made, offered);
        }
    };
    set(&mut asked, Some(NodeKind::Fifo), None, false);
    assert_eq!(wanted(&asked), "wants to read and change this named pipe:");
    assert_eq!(in_one_line(&asked), "to read and change /a/pipe");
    assert_eq!(keys(&asked), ["f", "fr", "n", "never"]);
    assert_eq!(how_to_grant(&asked).split('\'').nth(1), Some("/home/u/docs:rw"));
    set(&mut asked, None, Some(NodeKind::Dir), false);
    assert_eq!(wanted(&asked), "wants to make a new folder here:");
    assert_eq!(in_one_line(&asked), "to make the folder /a/pipe");
    set(&mut asked, Some(NodeKind::File), Some(NodeKind::Dir), false);
    assert_eq!(wanted(&asked), "wants to make a new folder here, where there is a file already:");
}

#[test]
fn one_key_or_word_is_an_answer_and_nothing_else_is() {
    let question = question(b"/a", Some(NodeKind::File), "rw");
    let choices = choices(&question);
    let rights = |letters: &str| letters.parse::<GrantRights>().unwrap();
    assert_eq!(chosen(" T ", &choices), Some(Answer::This(rights("rw"))));
    assert_eq!(chosen("folder-read", &choices), Some(Answer::Folder(rights("r"))));
    assert_eq!(chosen("never", &choices), Some(Answer::Never));
    for other in ["", "y", "tt", "th", "this file", "\u{1b}t"] {
        assert_eq!(chosen(other, &choices), None, "{other:?}");
    }
}

#[test]
fn what_could_draw_on_the_terminal_hide_or_turn_around_is_an_escape() {
    let hostile = "/a\u{1b}]0;x\u{7}\r\n\u{202e}txt\u{200b}\u{301}\u{3164}\u{e0041}\\n".as_bytes();
    let shown = object(&question(hostile, Some(NodeKind::File), "r")).join("|");
    assert!(shown.chars().all(|character| matches!(character, ' '..='~')), "{shown:?}");
    assert!(shown.starts_with(r"/a\u{1b}]0;x\u{7}\u{d}\u{a}\u{202e}txt\u{200b}\u{301}\u{3164}\u{e0041}\\n|"));
    assert_eq!(object(&question(b"/\xff", Some(NodeKind::File), "r"))[0], r"/\xff");
    let asked = asker(&question(b"/a", None, "rw"));
    assert_eq!(asked[1], r"command  editor 'a b' '\u{1b}[2J\u{a}'");
}

#[test]
fn letters_beyond_ascii_are_shown_and_spelled() {
    let lines = object(&question("/home/u/M\u{fc}ller/\u{430}".as_bytes(), Some(NodeKind::File), "r"));
    let ascii = r"in ASCII: /home/u/M\u{fc}ller/\u{430}";
    assert_eq!(lines, ["/home/u/M\u{fc}ller/\u{430}", ascii, "its folder: /home/u/docs"]);
}

#[test]
fn what_a_windows_program_calls_it_stands_below_with_its_backslashes_and_nothing_hidden() {
    let mut question = question(b"/home/u/a b", Some(NodeKind::File), "r");
    if let Asked::File { windows, .. } = &mut question.asked {
        *windows = Some("D:\\a b\\\u{202e}c.txt".into());
    }
    let lines = object(&question);
    assert!(!lines[0].contains("D:"), "{lines:?}");
    assert_eq!(lines[1], r"the program calls it: D:\a b\\u{202e}c.txt");
}

#[test]
fn what_was_named_by_a_link_is_asked_about_as_what_it_is_and_the_name_is_shown_beside_it() {
    let mut question = question(b"/home/u/disk/a", Some(NodeKind::File), "r");
    if let Asked::File { named, .. } = &mut question.asked {
        *named = Some("/home/u/Documents/\u{1b}a".into());
    }
    let lines = object(&question);
    assert_eq!(lines[0], "/home/u/disk/a");
    assert_eq!(lines[1], r"the program named it by a link: /home/u/Documents/\u{1b}a");
}

#[test]
fn the_end_of_a_long_path_is_always_there() {
    let long = [b"/home/u/".repeat(500), b"/.ssh/id_ed25519".to_vec()].concat();
    let shown = &object(&question(&long, Some(NodeKind::File), "r"))[0];
    assert!(
        shown.len() < 500 && shown.starts_with("/home/u/") && shown.ends_with("/.ssh/id_ed25519"),
        "{shown}"
    );
    let escapes = [b"/\x01".repeat(2000), b"/.ssh/id".to_vec()].concat();
    let shown = &object(&question(&escapes, Some(NodeKind::File), "r"))[0];
    assert!(shown.len() < 500 && shown.ends_with("/.ssh/id"), "{shown}");
}
