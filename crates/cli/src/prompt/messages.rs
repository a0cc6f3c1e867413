//! The messages that lowbox sends: docs/prompt-protocol.md.

use std::ffi::OsStr;
use std::os::unix::ffi::OsStrExt;
use std::path::Path;
use std::time::Instant;

use lowbox_linux::broker::{Asked, Question};
use lowbox_policy::NodeKind;
use serde::Serialize;

/// Most arguments of the asking program that are told, and most bytes of each.
const ARGUMENTS: (usize, usize) = (64, 256);

/// What lowbox sends.
#[derive(Serialize)]
#[serde(tag = "type", rename_all = "lowercase")]
pub enum Sent<'a> {
    Hello { protocol: &'static str, version: u32, package: &'a str },
    Question(Box<Posed<'a>>),
    Cancel { id: u64, reason: &'static str },
}

#[derive(Serialize)]
pub struct Posed<'a> {
    id: u64,
    package: &'a str,
    /// Milliseconds until the answer counts as *no*.
    timeout_ms: u64,
    #[serde(skip_serializing_if = "Option::is_none")]
    file: Option<File>,
    #[serde(skip_serializing_if = "Option::is_none")]
    capability: Option<Capability<'a>>,
    program: Option<Running>,
    answers: Vec<&'static str>,
}

#[derive(Serialize)]
pub struct File {
    #[serde(flatten)]
    path: Name,
    kind: Option<&'static str>,
    #[serde(skip_serializing_if = "Option::is_none")]
    makes: Option<&'static str>,
    #[serde(skip_serializing_if = "Option::is_none")]
    named: Option<Name>,
    #[serde(skip_serializing_if = "Option::is_none")]
    windows: Option<String>,
    wanted: String,
    folder: Option<Name>,
}

#[derive(Serialize)]
pub struct Capability<'a> {
    name: &'a str,
    title: &'a str,
}

#[derive(Serialize)]
pub struct Running {
    executable: Name,
    arguments: Vec<Name>,
    pid: Option<u32>,
}

/// Bytes of the file system as in docs/json.md: `path` for people, and `path_hex` where that is not exact.
#[derive(Serialize)]
pub struct Name {
    path: String,
    #[serde(skip_serializing_if = "Option::is_none")]
    path_hex: Option<String>,
}

impl Name {
    fn of(path: &Path) -> Name {
        let bytes = path.as_os_str().as_bytes();
        let hex = || bytes.iter().map(|byte| format!("{byte:02x}")).collect();
        let exact = std::str::from_utf8(bytes).is_ok();
        Name { path: String::from_utf8_lossy(bytes).into_owned(), path_hex: (!exact).then(hex) }
    }
}

/// The message that asks.
pub fn posed<'a>(question: &'a Question, answers: Vec<&'static str>, deadline: Instant) -> Sent<'a> {
    let (mut file, mut capability) = (None, None);
    match &question.asked {
        Asked::File { path, kind, makes, this: _, named, windows, wanted, folder } => {
            file = Some(File {
                path: Name::of(path),
                kind: kind.map(kind_name),
                makes: makes.map(kind_name),
                named: named.as_deref().map(Name::of),
                windows: windows.clone(),
                wanted: wanted.to_string(),
                folder: folder.as_deref().map(Name::of),
            });
        }
        Asked::Capability { name, title } => capability = Some(Capability { name, title }),
    }
    let program = question.asker.as_ref().map(|asker| Running {
        executable: Name::of(&asker.executable),
        arguments: asker
            .arguments
            .iter()
            .take(ARGUMENTS.0)
            .map(|argument| {
                let bytes = argument.as_bytes();
                Name::of(Path::new(OsStr::from_bytes(&bytes[..bytes.len().min(ARGUMENTS.1)])))
            })
            .collect(),
        pid: asker.pid,
    });
    let left = deadline.saturating_duration_since(Instant::now()).as_millis();
    Sent::Question(Box::new(Posed {
        id: question.id,
        package: &question.package,
        timeout_ms: u64::try_from(left).unwrap_or(u64::MAX),
        file,
        capability,
        program,
        answers,
    }))
}

fn kind_name(kind: NodeKind) -> &'static str {
    match kind {
        NodeKind::File => "file",
        NodeKind::Dir => "folder",
        NodeKind::Socket => "socket",
        _ => "other",
    }
}
