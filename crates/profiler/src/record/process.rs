//! Who accessed it.

use serde::{Deserialize, Serialize};

use crate::Raw;

/// The most bytes of a command line that are kept.
pub const MAX_ARGUMENTS: usize = 8 << 10;

/// A process, as it reported itself: a hostile program can falsify all but its number.
#[derive(Clone, Debug, PartialEq, Eq, Hash, Serialize, Deserialize)]
pub struct Process {
    /// Its number, in the namespace of the one who watches.
    pub pid: u32,
    /// Its parent's number; 0 when not known.
    #[serde(default)]
    pub parent: u32,
    /// The file that it runs.
    pub exe: Raw,
    /// Its command line.
    #[serde(default)]
    pub arguments: Vec<Raw>,
    /// There was more of the command line.
    #[serde(default, skip_serializing_if = "std::ops::Not::not")]
    pub cut: bool,
    /// It is Wine's server, which does for programs what they ask of it, and which of them asked could not be told.
    #[serde(default, skip_serializing_if = "std::ops::Not::not")]
    pub unclear: bool,
}

impl Process {
    /// A process, of whose arguments at most [`MAX_ARGUMENTS`] bytes are kept.
    pub fn new<'a>(
        pid: u32,
        parent: u32,
        exe: Raw,
        arguments: impl IntoIterator<Item = &'a [u8]>,
    ) -> Process {
        let mut process = Process { pid, parent, exe, arguments: Vec::new(), cut: false, unclear: false };
        let mut room = MAX_ARGUMENTS;
        for argument in arguments {
            if room == 0 {
                process.cut = true;
                break;
            }
            let kept = &argument[..argument.len().min(room)];
            process.cut |= kept.len() < argument.len();
            process.arguments.push(kept.into());
            // An empty argument takes room too: a command line may hold millions of them.
            room = room.saturating_sub(kept.len() + 1);
        }
        process
    }

    pub(crate) fn size(&self) -> usize {
        self.exe.len() + self.arguments.iter().map(|one| one.len() + size_of::<Raw>()).sum::<usize>()
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_command_line_without_end_is_cut_and_says_so() {
        let long = vec![b'a'; MAX_ARGUMENTS];
        let process = Process::new(1, 0, "/bin/x".into(), [&long[..], b"b"]);
        assert!(process.cut);
        assert_eq!(process.arguments.len(), 1);
        let many = vec![&b""[..]; 1 << 20];
        let process = Process::new(1, 0, "/bin/x".into(), many);
        assert!(process.cut && process.arguments.len() <= MAX_ARGUMENTS);
        assert!(!Process::new(1, 0, "/bin/x".into(), [&b"x"[..], b""]).cut);
    }
}
