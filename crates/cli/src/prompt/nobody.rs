//! Nobody can be asked: no terminal, no display.

use std::time::Instant;

use lowbox_linux::broker::{Answer, Prompter, Question};

use super::words;
use crate::output;

/// Answers no, and says how access is given.
pub struct Nobody;

impl Prompter for Nobody {
    fn ask(&mut self, question: &Question, _deadline: Instant) -> Option<Answer> {
        output::say(&format!(
            "{}: denied, because nobody can be asked here (no terminal in the foreground, no display); {}",
            words::in_one_line(question),
            words::how_to_grant(question)
        ));
        Some(Answer::No)
    }

    fn is_anybody_there(&self) -> bool {
        false
    }
}
