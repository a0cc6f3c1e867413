//! What a program set of its terminal's modes, as far as a question unsets it: a full-screen program goes on as before.
//!
//! Only modes of a fixed list are remembered, and only whether they are set, so that nothing comes back which the program could not
//! write itself.

/// DEC private modes (xterm's control sequences, DECSET) and whether a terminal has them at first.
const MODES: [(u16, bool); 18] = [
    (1, false),
    (5, false),
    (7, true),
    (9, false),
    (25, true),
    (47, false),
    (1000, false),
    (1001, false),
    (1002, false),
    (1003, false),
    (1004, false),
    (1005, false),
    (1006, false),
    (1015, false),
    (1016, false),
    (1047, false),
    (1049, false),
    (2004, false),
];

/// Follows what is written to a terminal.
#[derive(Debug)]
pub(super) struct ScreenModes {
    set: [bool; MODES.len()],
    application_keypad: bool,
    state: State,
}

#[derive(Clone, Debug)]
enum State {
    Ground,
    Escape,
    /// Behind `ESC [`.
    Sequence,
    /// Behind `ESC [ ?`, with the numbers that are complete, and the one that is not.
    Private(Vec<u16>, u16),
}

/// More parameters than any program gives at once.
const PARAMETERS: usize = 16;

impl ScreenModes {
    pub(super) fn new() -> ScreenModes {
        ScreenModes { set: MODES.map(|(_, first)| first), application_keypad: false, state: State::Ground }
    }

    /// Takes what is written.
    pub(super) fn follow(&mut self, bytes: &[u8]) {
        for byte in bytes {
            self.state = match (std::mem::replace(&mut self.state, State::Ground), byte) {
                (_, 0x1b) => State::Escape,
                (State::Ground, _) => State::Ground,
                (State::Escape, b'[') => State::Sequence,
                (State::Escape, b'=') => self.keypad(true),
                (State::Escape, b'>') => self.keypad(false),
                // A full reset (RIS).
                (State::Escape, b'c') => {
                    *self = ScreenModes::new();
                    State::Ground
                }
                (State::Sequence, b'?') => State::Private(Vec::new(), 0),
                (State::Private(numbers, number), b'0'..=b'9') => {
                    State::Private(numbers, number.saturating_mul(10).saturating_add(u16::from(byte - b'0')))
                }
                (State::Private(mut numbers, number), b';') if numbers.len() < PARAMETERS => {
                    numbers.push(number);
                    State::Private(numbers, 0)
                }
                (State::Private(mut numbers, number), b'h' | b'l') => {
                    numbers.push(number);
                    self.change(&numbers, *byte == b'h');
                    State::Ground
                }
                _ => State::Ground,
            };
        }
    }

    fn keypad(&mut self, application: bool) -> State {
        self.application_keypad = application;
        State::Ground
    }

    fn change(&mut self, numbers: &[u16], set: bool) {
        for (at, (mode, _)) in MODES.iter().enumerate() {
            if numbers.contains(mode) {
                self.set[at] = set;
            }
        }
    }

    /// What sets the modes again that a question has unset.
    pub(super) fn again(&self) -> Vec<u8> {
        let mut bytes = Vec::new();
        for ((mode, first), set) in MODES.iter().zip(self.set) {
            if set != *first {
                bytes.extend(format!("\x1b[?{mode}{}", if set { 'h' } else { 'l' }).bytes());
            }
        }
        if self.application_keypad {
            bytes.extend(b"\x1b=");
        }
        bytes
    }

    /// Whether the program draws on another screen, which a question does not bring back.
    pub(super) fn draws_elsewhere(&self) -> bool {
        MODES.iter().zip(self.set).any(|((mode, _), set)| set && matches!(mode, 47 | 1047 | 1049))
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    fn after(written: &[u8]) -> String {
        let mut modes = ScreenModes::new();
        // However it is cut.
        written.iter().for_each(|byte| modes.follow(std::slice::from_ref(byte)));
        let mut whole = ScreenModes::new();
        whole.follow(written);
        assert_eq!(modes.again(), whole.again());
        String::from_utf8(modes.again()).unwrap()
    }

    #[test]
    fn what_a_full_screen_program_set_is_set_again() {
        assert_eq!(
            after(b"\x1b[?1049h\x1b[22;0;0t\x1b[?1h\x1b=\x1b[?25l"),
            "\x1b[?1h\x1b[?25l\x1b[?1049h\x1b="
        );
        assert_eq!(after(b"\x1b[?1000;1006;2004h text \x1b[?1000l"), "\x1b[?1006h\x1b[?2004h");
        assert_eq!(after(b"\x1b[?1049h\x1b[?1049l\x1b[?7l\x1b[?7h"), "");
        assert_eq!(after(b"\x1b[?2004h\x1b="), "\x1b[?2004h\x1b=");
        assert_eq!(after(b"\x1b[?2004h\x1bc"), "");
    }

    #[test]
    fn nothing_else_comes_back() {
        for written in [
            &b"\x1b[?3h\x1b[?69h\x1b[4h\x1b]0;title\x07"[..],
            b"\x1b[?99999999999999999h",
            b"\x1b[?1;1;1;1;1;1;1;1;1;1;1;1;1;1;1;1;1;1;1;1h",
            b"\x1b[?1\x1b[?;",
        ] {
            assert_eq!(after(written), "", "{written:?}");
        }
    }
}
