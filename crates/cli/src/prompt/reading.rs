//! What the program that answers has sent, and what it means: lines of bytes in, answers out. The description is
//! docs/prompt-protocol.md. (No `crate::` here: the fuzz target `prompt` reads this file too.)

use lowbox_linux::broker::{Answer, Asked, Question};
use lowbox_policy::GrantRights;
use serde::Deserialize;

/// The version that this lowbox speaks.
pub const VERSION: u32 = 1;
/// The longest line that is read, in bytes.
pub const LONGEST_LINE: usize = 4096;

/// What lowbox understands. Members that it does not know are an error: they could mean less than what it would take the
/// answer for.
#[derive(Deserialize)]
#[serde(tag = "type", rename_all = "lowercase", deny_unknown_fields)]
pub enum Received {
    Hello {
        version: u32,
    },
    Answer {
        id: u64,
        answer: String,
        #[serde(default)]
        rights: Option<String>,
    },
}

/// Why the connection is given up.
#[derive(Debug, PartialEq, Eq)]
pub struct Broken(pub String);

/// Bytes that were received and not yet read as messages.
#[derive(Default)]
pub struct Lines(Vec<u8>);

impl Lines {
    /// How many bytes more are taken: none where a line is too long.
    pub fn room(&self) -> usize {
        LONGEST_LINE.saturating_sub(self.0.len())
    }

    /// Takes bytes, no more than there is room.
    pub fn take(&mut self, bytes: &[u8]) {
        self.0.extend_from_slice(bytes);
    }

    /// The next message; `None` until its line has an end.
    ///
    /// # Errors
    /// A line that is none or is too long.
    pub fn next(&mut self) -> Result<Option<Received>, Broken> {
        if let Some(end) = self.0.iter().position(|byte| *byte == b'\n') {
            let line: Vec<u8> = self.0.drain(..=end).collect();
            return match serde_json::from_slice(&line) {
                Ok(received) => Ok(Some(received)),
                Err(error) => Err(Broken(format!("a line can't be read: {error}"))),
            };
        }
        if self.room() == 0 {
            return Err(Broken(format!("a line has more than {LONGEST_LINE} bytes")));
        }
        Ok(None)
    }
}

/// What can be answered.
pub fn answers(question: &Question) -> Vec<&'static str> {
    match &question.asked {
        Asked::File { this, folder, .. } => {
            let this = this.then_some("this");
            let folder = folder.is_some().then_some("folder");
            this.into_iter().chain(folder).chain(["no", "never"]).collect()
        }
        Asked::Capability { .. } => vec!["allow", "no", "never"],
    }
}

/// The first message.
///
/// # Errors
/// When it is not the greeting, or of another version.
pub fn greeting(received: &Received) -> Result<(), Broken> {
    match received {
        Received::Hello { version: VERSION } => Ok(()),
        Received::Hello { version } => {
            Err(Broken(format!("it speaks version {version} of the protocol, not {VERSION}")))
        }
        Received::Answer { .. } => Err(Broken("it answered before it greeted".to_owned())),
    }
}

/// What a message means for the question that is open; `None`: it came too late for another one, which counted as *no*.
///
/// # Errors
/// Whatever the description does not have.
pub fn meaning(question: &Question, received: &Received) -> Result<Option<Answer>, Broken> {
    match received {
        Received::Answer { id, answer, rights } if *id == question.id => {
            if !answers(question).contains(&answer.as_str()) {
                return Err(Broken(format!("{answer:?} was none of the answers")));
            }
            answered(question, answer, rights.as_deref()).map(Some)
        }
        Received::Answer { id, .. } if *id > 0 && *id < question.id => Ok(None),
        Received::Answer { id, .. } => Err(Broken(format!("it answered question {id}, which was not asked"))),
        Received::Hello { .. } => Err(Broken("it greeted twice".to_owned())),
    }
}

/// Rights beyond those wanted are never given, whoever answers.
fn answered(question: &Question, answer: &str, rights: Option<&str>) -> Result<Answer, Broken> {
    let rights = match (&question.asked, rights) {
        (Asked::File { wanted, .. }, None) => *wanted,
        (Asked::File { wanted, .. }, Some(letters)) => {
            let rights: GrantRights =
                letters.parse().map_err(|error| Broken(format!("the rights: {error}")))?;
            let more = (rights.write && !wanted.write) || (rights.execute && !wanted.execute);
            // Reading comes with every grant but one for writing alone.
            if more || (rights.read && !wanted.read && !wanted.write) {
                return Err(Broken(format!(
                    "the rights {letters} are more than {wanted}, which were wanted"
                )));
            }
            rights
        }
        (Asked::Capability { .. }, None) => GrantRights::default(),
        (Asked::Capability { .. }, Some(_)) => {
            return Err(Broken("a capability has no rights".to_owned()));
        }
    };
    Ok(match answer {
        "this" => Answer::This(rights),
        "folder" => Answer::Folder(rights),
        "allow" => Answer::Allow,
        "never" => Answer::Never,
        _ => Answer::No,
    })
}

#[cfg(test)]
#[path = "reading_tests.rs"]
mod tests;
