//! One line typed at a terminal that may also send what nobody typed: replies to queries of a hostile program, keys that are
//! reported as sequences. A line with anything of that in it is void.

/// The longest answer; more is no answer.
const LONGEST: usize = 16;

/// A line while it is typed.
#[derive(Debug, Default)]
pub struct Line {
    text: String,
    state: State,
}

/// Where in an escape sequence the input is (ECMA-48 5.4, 5.6).
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq)]
enum State {
    #[default]
    Ground,
    Escape,
    /// Behind ESC O or ESC N: one more byte.
    Shifted,
    Sequence,
    /// A string (OSC, DCS, SOS, PM, APC), whose end is BEL or ST. Its text may hold anything, line ends too.
    Text,
    TextEscape,
}

/// What a byte means.
#[derive(Clone, Debug, PartialEq, Eq)]
pub enum Input {
    /// To be shown.
    Echo(String),
    /// The line is complete.
    Entered(String),
    /// The user does not want to answer (control-C, control-D).
    Cancelled,
    /// This was no key, so what was typed before and what comes right behind is not to be trusted.
    Spoiled,
}

impl Line {
    /// Takes one byte.
    pub fn feed(&mut self, byte: u8) -> Input {
        const CONTROL_C: u8 = 3;
        const CONTROL_D: u8 = 4;
        if byte == CONTROL_C {
            self.clear();
            self.state = State::Ground;
            return Input::Cancelled;
        }
        let (state, input) = match (self.state, byte) {
            (State::Ground, b'\r' | b'\n') => (State::Ground, Input::Entered(std::mem::take(&mut self.text))),
            (State::Ground, CONTROL_D) if self.text.is_empty() => (State::Ground, Input::Cancelled),
            (State::Ground, 0x7f | 0x08) => (State::Ground, self.erase(1)),
            (State::Ground, 0x15) => (State::Ground, self.erase(LONGEST)),
            (State::Ground, b' '..=b'~') if self.text.len() < LONGEST => {
                self.text.push(char::from(byte));
                (State::Ground, Input::Echo(char::from(byte).to_string()))
            }
            (State::Text, 0x07) => (State::Ground, Input::Spoiled),
            (State::Text, 0x1b) => (State::TextEscape, Input::Spoiled),
            (State::Text, _) => (State::Text, Input::Spoiled),
            (State::TextEscape, b'\\') => (State::Ground, Input::Spoiled),
            (_, 0x18) => (State::Ground, Input::Spoiled),
            (_, 0x1b) => (State::Escape, Input::Spoiled),
            (State::Escape | State::TextEscape, b'[') => (State::Sequence, Input::Spoiled),
            (State::Escape | State::TextEscape, b']' | b'P' | b'X' | b'^' | b'_') => {
                (State::Text, Input::Spoiled)
            }
            (State::Escape, b'O' | b'N') => (State::Shifted, Input::Spoiled),
            (State::Sequence, 0x20..=0x3f) => (State::Sequence, Input::Spoiled),
            (State::TextEscape, _) => (State::Text, Input::Spoiled),
            // The same openers as one byte (ECMA-48 8.3), which a terminal sends that was told to.
            (_, 0x90 | 0x98 | 0x9d..=0x9f) => (State::Text, Input::Spoiled),
            (_, 0x9b) => (State::Sequence, Input::Spoiled),
            _ => (State::Ground, Input::Spoiled),
        };
        self.state = state;
        if input == Input::Spoiled {
            self.text.clear();
        }
        input
    }

    /// Nothing has come for a while: false if a string is still open, which must not be taken for something typed.
    pub fn settle(&mut self) -> bool {
        let open = matches!(self.state, State::Text | State::TextEscape);
        if !open {
            self.clear();
            self.state = State::Ground;
        }
        !open
    }

    /// Forgets what was typed.
    pub fn clear(&mut self) {
        self.text.clear();
    }

    fn erase(&mut self, count: usize) -> Input {
        let count = count.min(self.text.len());
        self.text.truncate(self.text.len() - count);
        Input::Echo("\u{8} \u{8}".repeat(count))
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    /// The lines that come of it, when nothing waits for quiet.
    fn entered(bytes: &[u8]) -> (Vec<String>, bool) {
        let mut line = Line::default();
        let mut lines = Vec::new();
        let mut spoiled = false;
        for byte in bytes {
            match line.feed(*byte) {
                Input::Entered(text) => lines.push(text),
                Input::Spoiled => spoiled = true,
                _ => {}
            }
        }
        (lines, spoiled)
    }

    #[test]
    fn keys_make_a_line_that_can_be_corrected() {
        assert_eq!(entered(b"nx\x7fo\r"), (vec!["no".to_owned()], false));
        assert_eq!(entered(b"abc\x15t\n"), (vec!["t".to_owned()], false));
        assert_eq!(Line::default().feed(3), Input::Cancelled);
        assert_eq!(Line::default().feed(4), Input::Cancelled);
    }

    #[test]
    fn a_line_end_within_a_reply_enters_nothing() {
        for reply in [
            &b"\x1b]lfoo\nt\n\x1b\\"[..],
            b"\x1bP1$rt\r\nt\r\x1b\\",
            b"\x1b_t\n\x07",
            b"\x9dt\nt\n\x07",
            b"\x1b]l\x1bt\nt\n\x1b\\",
        ] {
            assert_eq!(entered(reply), (vec![], true), "{reply:?}");
        }
    }

    #[test]
    fn what_was_typed_before_a_reply_is_void() {
        for reply in [&b"\x1b[0n"[..], b"\x1bOP", b"\x1b[12;40R", b"\xc3\xa4", b"\x05", b"\t"] {
            let (lines, spoiled) = entered(&[b"t", reply, b"\n"].concat());
            assert_eq!((lines, spoiled), (vec![String::new()], true), "{reply:?}");
        }
    }

    #[test]
    fn an_open_string_is_not_settled_by_time() {
        let mut line = Line::default();
        b"\x1b]l".iter().for_each(|byte| drop(line.feed(*byte)));
        assert!(!line.settle());
        assert_eq!(line.feed(b'\n'), Input::Spoiled);
        line.feed(7);
        assert!(line.settle());
        assert_eq!(line.feed(b'\n'), Input::Entered(String::new()));
    }

    #[test]
    fn within_a_string_nothing_but_its_end_is_ever_entered() {
        let mut random = 0x9e37_79b9_7f4a_7c15_u64;
        for _ in 0..20_000 {
            let mut line = Line::default();
            b"\x1b]".iter().for_each(|byte| drop(line.feed(*byte)));
            for _ in 0..24 {
                // xorshift64: any bytes but those that end a string or are a control-C.
                random ^= random << 13;
                random ^= random >> 7;
                random ^= random << 17;
                let byte = random as u8;
                if !matches!(byte, 0x07 | 0x18 | 0x1b | 3) {
                    assert_eq!(line.feed(byte), Input::Spoiled);
                }
            }
        }
    }

    #[test]
    fn a_line_too_long_is_void() {
        let (lines, spoiled) = entered(&[b"t".repeat(40), b"\n".to_vec()].concat());
        assert!(spoiled && lines.iter().all(|line| line.len() < LONGEST), "{lines:?}");
    }
}
