//! A program that starts lowbox and answers for its user, by the protocol of docs/prompt-protocol.md.

use std::io::{BufRead, BufReader, Write};
use std::os::fd::AsRawFd;
use std::os::unix::net::UnixStream;
use std::process::Command;
use std::sync::Mutex;
use std::sync::mpsc::{Receiver, channel};
use std::time::{Duration, Instant};

use rustix::io::{FdFlags, fcntl_setfd};
use serde_json::{Value, json};

use crate::run::{Running, start};
use crate::{Ended, Person};

/// Held while a socket may be inherited: a lowbox that another thread starts would keep it open.
static STARTING: Mutex<()> = Mutex::new(());

/// lowbox, started with a socket at which this process answers.
pub struct FrontEnd {
    running: Running,
    answers: UnixStream,
    questions: Receiver<Value>,
}

impl FrontEnd {
    /// `lowbox run --prompt fd:N OPTIONS -- COMMAND`.
    pub fn start(person: &Person, options: &[&str], command: &[&str]) -> FrontEnd {
        let starting = STARTING.lock().unwrap_or_else(std::sync::PoisonError::into_inner);
        let (ours, theirs) = UnixStream::pair().expect("a socket pair");
        fcntl_setfd(&theirs, FdFlags::empty()).expect("it is open");
        let policy = format!("fd:{}", theirs.as_raw_fd());
        let run: Command = person.inside([&["--prompt", &policy], options].concat(), command);
        let running = start(run);
        drop(theirs);
        drop(starting);
        let mut answers = ours.try_clone().expect("a copy");
        writeln!(answers, "{}", json!({"type": "hello", "version": 1})).expect("lowbox is there");
        let (told, questions) = channel();
        std::thread::spawn(move || {
            for line in BufReader::new(ours).lines() {
                let Ok(line) = line else { return };
                let message: Value = serde_json::from_str(&line).expect("each line is JSON");
                if message["type"] == "question" && told.send(message).is_err() {
                    return;
                }
            }
        });
        FrontEnd { running, answers, questions }
    }

    /// The next question.
    #[track_caller]
    pub fn question(&self) -> Value {
        self.questions.recv_timeout(Duration::from_secs(20)).expect("a question")
    }

    /// A question that comes within this time.
    pub fn question_within(&self, time: Duration) -> Option<Value> {
        self.questions.recv_timeout(time).ok()
    }

    /// Answers a question; the time at which it was said.
    pub fn answer(&mut self, question: &Value, answer: &str, rights: &str) -> Instant {
        let mut message = json!({"type": "answer", "id": question["id"], "answer": answer});
        if !rights.is_empty() {
            message["rights"] = rights.into();
        }
        let said = Instant::now();
        writeln!(self.answers, "{message}").expect("lowbox is there");
        said
    }

    /// Waits for a question about this path and answers it.
    #[track_caller]
    pub fn expect(&mut self, path: &std::path::Path, answer: &str, rights: &str) -> Value {
        let question = self.question();
        assert_eq!(question["file"]["path"], path.to_str().expect("UTF-8"), "{question}");
        self.answer(&question, answer, rights);
        question
    }

    /// The process id of lowbox.
    pub fn pid(&self) -> u32 {
        self.running.pid()
    }

    /// Waits for the end; fails if there was one more question.
    #[track_caller]
    pub fn finish(self) -> Ended {
        let ended = self.running.finish(60);
        if let Ok(question) = self.questions.try_recv() {
            panic!("one more question: {question}\n{}", ended.stderr);
        }
        ended
    }
}
