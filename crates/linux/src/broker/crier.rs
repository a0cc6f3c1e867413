//! Tells the user what happens, and not more than a person reads: what is told about is the program's choice.

use std::time::{Duration, Instant};

use super::{Notice, Say};

/// Lines about what was not granted, in any minute.
const MOST: u32 = 20;

const MINUTE: Duration = Duration::from_secs(60);

pub(super) struct Crier {
    say: Say,
    began: Instant,
    said: u32,
}

impl Crier {
    pub(super) fn new(say: Say) -> Crier {
        Crier { say, began: Instant::now(), said: 0 }
    }

    pub(super) fn say(&mut self, notice: &Notice) {
        if notice.is_in_the_programs_hands() {
            let now = Instant::now();
            if now.saturating_duration_since(self.began) >= MINUTE {
                (self.began, self.said) = (now, 0);
            }
            self.said = self.said.saturating_add(1);
            if self.said > MOST {
                if self.said == MOST + 1 {
                    (self.say)(&Notice::TooMany);
                }
                return;
            }
        }
        (self.say)(notice);
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use std::path::PathBuf;
    use std::sync::mpsc::channel;

    #[test]
    fn ten_thousand_refusals_come_to_twenty_lines_and_one_that_says_so_and_a_revocation_is_still_told() {
        let (told, lines) = channel();
        let mut crier = Crier::new(Box::new(move |notice: &Notice| told.send(notice.clone()).unwrap()));
        for number in 0..10_000 {
            let path = PathBuf::from(format!("/home/ada/{number}"));
            crier.say(&Notice::NotOffered { path, why: String::new() });
        }
        crier.say(&Notice::Revoked { what: "it".to_owned() });
        let lines: Vec<Notice> = lines.try_iter().collect();
        assert_eq!(lines.len(), 22);
        assert_eq!(lines[20], Notice::TooMany);
        assert!(matches!(lines[21], Notice::Revoked { .. }));
    }
}
