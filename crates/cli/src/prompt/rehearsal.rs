//! A question at a given time, for the tests of the prompters: what a program can do to a question that is asked while it
//! runs.

use std::io::Write as _;
use std::path::PathBuf;
use std::str::FromStr;
use std::time::{Duration, Instant};

use lowbox_linux::broker::{Asked, Asker, Prompting, Question};
use lowbox_policy::{GrantRights, NodeKind};

use crate::failure::Failure;

/// `MILLISECONDS:FILE`: when to ask, and where the answer is written to.
#[derive(Clone, Debug)]
pub struct Rehearsal {
    after: Duration,
    answers: PathBuf,
}

impl FromStr for Rehearsal {
    type Err = String;

    fn from_str(text: &str) -> Result<Rehearsal, String> {
        let (after, answers) = text.split_once(':').ok_or("write MILLISECONDS:FILE")?;
        let after = after.parse().map_err(|_| "write MILLISECONDS:FILE")?;
        Ok(Rehearsal { after: Duration::from_millis(after), answers: answers.into() })
    }
}

impl Rehearsal {
    /// Asks in a thread of its own, as the broker does.
    ///
    /// # Errors
    /// When the file can't be made.
    pub fn start(self, mut prompting: Prompting, timeout: Duration) -> Result<(), Failure> {
        let mut answers = std::fs::File::create(&self.answers).map_err(Failure::new)?;
        std::thread::spawn(move || {
            std::thread::sleep(self.after);
            let Prompting::Ask(prompter) = &mut prompting else { return };
            for id in 1.. {
                let asked = Asked::File {
                    path: format!("/home/user/rehearsed-{id}").into(),
                    kind: Some(NodeKind::File),
                    wanted: GrantRights::READ_WRITE,
                    folder: Some("/home/user".into()),
                };
                let asker = Some(Asker {
                    executable: "/usr/bin/rehearsal".into(),
                    arguments: vec!["rehearsal".into(), "\u{1b}[2J".into()],
                    pid: 2,
                });
                let question = Question { id, package: "rehearsal".to_owned(), asked, asker };
                let answer = prompter.ask(&question, Instant::now() + timeout);
                let _ = writeln!(answers, "{id} {answer:?}");
                std::thread::sleep(self.after);
            }
        });
        Ok(())
    }
}
