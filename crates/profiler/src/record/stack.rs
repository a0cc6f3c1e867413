//! Call stacks.

use std::fmt;
use std::sync::Arc;

use crate::Raw;

/// The most frames of one stack that are kept; the outermost are left out.
pub const MAX_FRAMES: usize = 512;

/// The most bytes of one stack's names that are kept: symbols are a file's, and it can have any. So a stack fits a line of a
/// record file, each byte escaped.
const MAX_NAMES: usize = 128 << 10;

/// A call stack, the innermost frame first.
#[derive(Clone, Debug, PartialEq, Eq, Hash, Default)]
pub struct Stack {
    /// Its frames.
    pub frames: Vec<Frame>,
    /// There are frames further out that could not be found, or were too many.
    pub truncated: bool,
}

/// One call.
#[derive(Clone, Debug, PartialEq, Eq, Hash)]
pub enum Frame {
    /// Machine code.
    Native {
        /// The file that the code is from.
        module: Arc<Module>,
        /// Where in the file's image: the address, less the address at which the image was loaded.
        offset: u64,
        /// The function, if symbols were found.
        symbol: Option<Raw>,
        /// The source file, if debug information was found.
        file: Option<Raw>,
        /// The line in it.
        line: Option<u32>,
    },
    /// A Python function.
    Python {
        /// The source file.
        file: Raw,
        /// The line.
        line: u32,
        /// The function.
        function: Raw,
    },
}

/// A file whose code was run.
#[derive(Clone, Debug, PartialEq, Eq, PartialOrd, Ord, Hash, serde::Serialize, serde::Deserialize)]
pub struct Module {
    /// Where it was mapped from; `[vdso]` and its like for what is none.
    pub path: Raw,
    /// The GNU build id, in hexadecimal; empty when there is none.
    #[serde(default, skip_serializing_if = "String::is_empty")]
    pub build_id: String,
}

impl Stack {
    /// A stack of at most [`MAX_FRAMES`], whose names fit a line of a record file.
    pub fn new(mut frames: Vec<Frame>, truncated: bool) -> Stack {
        let mut names = 0;
        let mut fits = |frame: &Frame| {
            names += frame.size();
            names <= MAX_NAMES
        };
        let kept = frames.iter().take(MAX_FRAMES).take_while(|frame| fits(frame)).count();
        let truncated = truncated || kept < frames.len();
        frames.truncate(kept);
        Stack { frames, truncated }
    }

    /// About how many bytes it takes.
    pub fn size(&self) -> usize {
        self.frames.iter().map(|frame| size_of::<Frame>() + frame.size()).sum()
    }
}

impl Frame {
    fn size(&self) -> usize {
        let length = |one: &Option<Raw>| one.as_ref().map_or(0, Raw::len);
        match self {
            // A module is shared.
            Frame::Native { symbol, file, .. } => length(symbol) + length(file),
            Frame::Python { file, function, .. } => file.len() + function.len(),
        }
    }

    /// Whether it is Python.
    pub fn is_python(&self) -> bool {
        matches!(self, Frame::Python { .. })
    }
}

/// For people, escaped: `function (file:line)`, or the module and the offset where no function is known.
impl fmt::Display for Frame {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        match self {
            Frame::Python { file, line, function } => write!(f, "{function} ({file}:{line})"),
            Frame::Native { module, offset, symbol, file, line } => {
                match symbol {
                    Some(symbol) => write!(f, "{symbol}")?,
                    None => write!(f, "{}+{offset:#x}", module.path.file_name())?,
                }
                match (file, line) {
                    (Some(file), Some(line)) => write!(f, " ({file}:{line})"),
                    (Some(file), None) => write!(f, " ({file})"),
                    _ if symbol.is_some() => write!(f, " ({}+{offset:#x})", module.path.file_name()),
                    _ => Ok(()),
                }
            }
        }
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_stack_without_end_is_cut_and_says_so() {
        let frame =
            |length: usize| Frame::Python { file: vec![0xFF; length].into(), line: 1, function: "f".into() };
        let many = Stack::new(vec![frame(1); MAX_FRAMES + 1], false);
        assert!(many.truncated && many.frames.len() == MAX_FRAMES);
        let long = Stack::new(vec![frame(1), frame(MAX_NAMES), frame(1)], false);
        assert!(long.truncated && long.frames.len() == 1);
        assert!(!Stack::new(vec![frame(1); MAX_FRAMES], false).truncated);
        let widest = Stack::new(vec![frame(MAX_NAMES / MAX_FRAMES - 1); MAX_FRAMES], false);
        assert!(!widest.truncated);
        let line = crate::record::line::StackLine::new(1, &widest, |_| 0);
        assert!(serde_json::to_string(&line).unwrap().len() < crate::record::MAX_LINE / 10 * 9);
    }
}
