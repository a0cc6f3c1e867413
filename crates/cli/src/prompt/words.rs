//! What is asked, in words, and what can be answered. Everything in a question that comes from the program is hostile.

use std::ffi::OsStr;
use std::fmt::Write as _;
use std::os::unix::ffi::OsStrExt;
use std::path::Path;

use lowbox_linux::broker::{Answer, Asked, Question};
use lowbox_policy::{GrantRights, NodeKind};

/// One possible answer.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Choice {
    /// What is typed for it.
    pub key: &'static str,
    /// The same as a word.
    pub word: &'static str,
    /// What it means; nothing of the question's, so that no path can pass for an answer.
    pub label: String,
    /// What it is.
    pub answer: Answer,
}

/// Longest object shown, in characters; so much of its end is always there.
const OBJECT: (usize, usize) = (400, 300);
/// Longest program, and longest command line.
const PROGRAM: (usize, usize) = (200, 150);

/// What can be answered, *no* and *never* last.
pub fn choices(question: &Question) -> Vec<Choice> {
    let choice = |key, word, label: &str, answer| Choice { key, word, label: label.to_owned(), answer };
    let mut choices = Vec::new();
    match &question.asked {
        Asked::File { kind, this, wanted, folder, .. } => {
            let only = GrantRights { read: true, write: false, execute: wanted.execute };
            if let (Some(kind), true) = (kind, *this) {
                let this = format!("this {}", noun(*kind));
                choices.push(choice("t", "this", &this, Answer::This(*wanted)));
                if wanted.write {
                    let label = format!("{this}, only for reading");
                    choices.push(choice("tr", "this-read", &label, Answer::This(only)));
                }
            }
            if folder.is_some() {
                let label = "everything in its folder";
                choices.push(choice("f", "folder", label, Answer::Folder(*wanted)));
                if wanted.write {
                    let label = "everything in its folder, only for reading";
                    choices.push(choice("fr", "folder-read", label, Answer::Folder(only)));
                }
            }
        }
        Asked::Capability { .. } => choices.push(choice("y", "yes", "yes", Answer::Allow)),
    }
    choices.push(choice("n", "no", "no", Answer::No));
    choices.push(choice("never", "never", "no, and don't ask again", Answer::Never));
    choices
}

/// The choice that somebody typed; letters of either case.
pub fn chosen(typed: &str, choices: &[Choice]) -> Option<Answer> {
    let typed = typed.trim();
    let is =
        |choice: &&Choice| typed.eq_ignore_ascii_case(choice.key) || typed.eq_ignore_ascii_case(choice.word);
    choices.iter().find(is).map(|choice| choice.answer)
}

/// What is wanted, as a sentence without its object.
pub fn wanted(question: &Question) -> String {
    match &question.asked {
        Asked::File { kind, makes: Some(made), .. } => match kind {
            None => format!("wants to make a new {} here:", noun(*made)),
            Some(there) => {
                format!(
                    "wants to make a new {} here, where there is a {} already:",
                    noun(*made),
                    noun(*there)
                )
            }
        },
        Asked::File { kind, wanted, .. } => {
            let kind = kind.unwrap_or(NodeKind::File);
            format!("wants to {} this {}:", verbs(*wanted, kind), noun(kind))
        }
        Asked::Capability { .. } => "wants to use this capability, which it declares:".to_owned(),
    }
}

/// The object of the question in lines; a name with letters beyond ASCII once more in ASCII, because they can look like
/// others, or be shown in another order.
pub fn object(question: &Question) -> Vec<String> {
    match &question.asked {
        Asked::File { path: object, folder, named, windows, .. } => {
            let mut lines = vec![path(object, OBJECT)];
            if !object.as_os_str().as_bytes().is_ascii() {
                lines.push(format!("in ASCII: {}", ascii(object.as_os_str(), OBJECT)));
            }
            lines.extend(
                named
                    .as_ref()
                    .map(|named| format!("the program named it by a link: {}", path(named, OBJECT))),
            );
            // The name's backslashes are Windows' own and stay as they are.
            let called = |name: &String| {
                name.split('\\').map(|part| text(OsStr::new(part), OBJECT)).collect::<Vec<_>>()
            };
            lines.extend(
                windows.as_ref().map(|name| {
                    format!("the program calls it: {}", shorten(&called(name).join("\\"), OBJECT))
                }),
            );
            lines.extend(folder.as_ref().map(|folder| format!("its folder: {}", path(folder, OBJECT))));
            lines
        }
        Asked::Capability { name, title } => {
            vec![format!("{}: {}", text(OsStr::new(name), PROGRAM), text(OsStr::new(title), OBJECT))]
        }
    }
}

/// Who asks, in lines.
pub fn asker(question: &Question) -> Vec<String> {
    let package = text(OsStr::new(&question.package), PROGRAM);
    let Some(asker) = &question.asker else { return vec![format!("package  {package}, before its start")] };
    let process = asker.pid.map_or_else(String::new, |pid| format!("process {pid} of "));
    let mut command = String::new();
    for argument in asker.arguments.iter().take(64) {
        let plain = |byte: &u8| byte.is_ascii_alphanumeric() || b"_-./=:,+@%".contains(byte);
        let quoted = argument.is_empty() || !argument.as_bytes().iter().all(plain);
        let shown = text(argument, PROGRAM);
        let space = if command.is_empty() { "" } else { " " };
        let _ = if quoted { write!(command, "{space}'{shown}'") } else { write!(command, "{space}{shown}") };
    }
    vec![
        format!("program  {} ({process}{package})", path(&asker.executable, PROGRAM)),
        // It is shown already, so this only makes it short.
        format!("command  {}", shorten(&command, PROGRAM)),
    ]
}

/// A question in a line.
pub fn in_one_line(question: &Question) -> String {
    match &question.asked {
        Asked::File { path: object, wanted, kind, makes, .. } => {
            let verbs = match makes {
                Some(made) => format!("make the {}", noun(*made)),
                None => verbs(*wanted, kind.unwrap_or(NodeKind::File)),
            };
            format!("to {verbs} {}", path(object, OBJECT))
        }
        Asked::Capability { name, .. } => format!("the capability {}", text(OsStr::new(name), PROGRAM)),
    }
}

/// How the user gives what was asked for without being asked.
pub fn how_to_grant(question: &Question) -> String {
    match &question.asked {
        Asked::File { path: object, this, wanted, folder, .. } => {
            let granted = if *this { object } else { folder.as_ref().unwrap_or(object) };
            format!("grant it with --grant '{}:{wanted}', or run with --prompt allow", path(granted, OBJECT))
        }
        Asked::Capability { .. } => "run with --prompt allow to permit it".to_owned(),
    }
}

fn noun(kind: NodeKind) -> &'static str {
    match kind {
        NodeKind::File => "file",
        NodeKind::Dir => "folder",
        NodeKind::Socket => "socket",
        NodeKind::Fifo => "named pipe",
        NodeKind::CharDevice | NodeKind::BlockDevice => "device",
        NodeKind::Symlink => "link",
    }
}

fn verbs(wanted: GrantRights, kind: NodeKind) -> String {
    let folder = kind == NodeKind::Dir;
    let verbs = [
        (wanted.read, if folder { "list and read" } else { "read" }),
        (wanted.write, if folder { "change, create and delete in" } else { "change" }),
        (wanted.execute, if folder { "run programs of" } else { "run" }),
    ];
    let verbs: Vec<&str> = verbs.into_iter().filter(|(wanted, _)| *wanted).map(|(_, verb)| verb).collect();
    if verbs.is_empty() { "use".to_owned() } else { verbs.join(" and ") }
}

/// A path for people: what is not a letter, a digit or a visible ASCII character stands as an escape.
fn path(path: &Path, limit: (usize, usize)) -> String {
    text(path.as_os_str(), limit)
}

/// A path as it is shown.
pub fn shown(object: &Path) -> String {
    path(object, OBJECT)
}

/// What a program says, cut after so many characters, with escapes for what can't be seen.
pub fn said(words: &str, longest: usize) -> String {
    text(OsStr::new(words), (longest, longest / 3))
}

fn text(text: &OsStr, limit: (usize, usize)) -> String {
    shorten(&escaped(text, is_visible), limit)
}

fn ascii(text: &OsStr, limit: (usize, usize)) -> String {
    shorten(&escaped(text, |character| character.is_ascii() && is_visible(character)), limit)
}

/// Letters and digits of any script, but for the fillers among them that show nothing. A backslash is escaped too, so that
/// nothing can pass for an escape.
fn is_visible(character: char) -> bool {
    let filler = matches!(character, '\u{115f}' | '\u{1160}' | '\u{3164}' | '\u{ffa0}');
    match character {
        '\\' => false,
        ' '..='~' => true,
        _ => character.is_alphanumeric() && !filler,
    }
}

fn escaped(text: &OsStr, visible: impl Fn(char) -> bool) -> String {
    let mut result = String::new();
    for chunk in text.as_bytes().utf8_chunks() {
        for character in chunk.valid().chars() {
            match character {
                '\\' => result.push_str("\\\\"),
                _ if visible(character) => result.push(character),
                _ => {
                    let _ = write!(result, "{}", character.escape_unicode());
                }
            }
        }
        for byte in chunk.invalid() {
            let _ = write!(result, "\\x{byte:02x}");
        }
    }
    result
}

/// Leaves the middle out.
fn shorten(text: &str, (longest, end): (usize, usize)) -> String {
    let count = text.chars().count();
    if count <= longest {
        return text.to_owned();
    }
    let start: String = text.chars().take(longest - end).collect();
    let end: String = text.chars().skip(count - end).collect();
    format!("{start} [{} characters left out] {end}", count - longest)
}

#[cfg(test)]
#[path = "words_tests.rs"]
mod tests;
