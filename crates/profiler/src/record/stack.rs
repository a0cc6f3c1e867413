//! Call stacks.

use std::fmt;
use std::sync::Arc;

use crate::Raw;

/// The most frames of one stack that are kept; the outermost are left out.
pub const MAX_FRAMES: usize = 512;

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
    /// A stack of at most [`MAX_FRAMES`].
    pub fn new(mut frames: Vec<Frame>, truncated: bool) -> Stack {
        let truncated = truncated || frames.len() > MAX_FRAMES;
        frames.truncate(MAX_FRAMES);
        Stack { frames, truncated }
    }

    pub(crate) fn size(&self) -> usize {
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
