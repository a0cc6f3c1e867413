//! One stack of machine code and Python.

use super::message::FrameMessage;
use super::python::{PythonFrame, PythonStack};
use super::symbols::PYTHON_LOOP;

/// A frame of machine code, and what it is to Python.
#[derive(Clone, Debug)]
pub(super) struct Native {
    /// What is told of it: more than one where functions are inlined.
    pub(super) frames: Vec<FrameMessage>,
    /// The name of the function as the file has it.
    pub(super) symbol: Option<Vec<u8>>,
    /// It is in the interpreter's module.
    pub(super) of_python: bool,
}

/// Puts Python's functions where the interpreter's loop ran them; where none of its frames has that name (it is known to the linker
/// up to 3.13, and else in files with symbols) all in the place of the innermost frame of the interpreter.
///
/// The interpreter's own frames are left out: they are how Python is run, and change while it runs (a call that is made often is
/// made by other ways than the first one), so that one line of a script would have several stacks. What it calls that is none of it stays,
/// and what it was called by.
pub(super) fn merged(native: Vec<Native>, python: PythonStack) -> Vec<FrameMessage> {
    let is_loop = |one: &Native| one.of_python && one.symbol.as_deref() == Some(PYTHON_LOOP);
    let some_loop = native.iter().any(is_loop);
    let mut loops = python.loops.into_iter();
    let mut all: Vec<FrameMessage> = Vec::new();
    for one in native {
        if is_loop(&one) {
            all.extend(loops.next().into_iter().flatten().map(FrameMessage::from));
        } else if one.of_python && !some_loop {
            all.extend(loops.by_ref().flatten().map(FrameMessage::from));
        } else if !one.of_python {
            all.extend(one.frames);
        }
    }
    // Further out than the machine code that was found.
    all.extend(loops.flatten().map(FrameMessage::from));
    all
}

impl From<PythonFrame> for FrameMessage {
    fn from(frame: PythonFrame) -> FrameMessage {
        FrameMessage::Python { file: frame.file, line: frame.line, function: frame.function }
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    fn native(symbol: &str, of_python: bool) -> Native {
        let name = symbol.as_bytes().to_vec();
        let frame =
            FrameMessage::Native { module: 0, offset: 0, symbol: Some(name.clone()), file: None, line: None };
        Native { frames: vec![frame], symbol: Some(name), of_python }
    }

    fn python(loops: &[&[&str]]) -> PythonStack {
        let frame =
            |name: &&str| PythonFrame { file: b"a.py".to_vec(), line: 1, function: name.as_bytes().to_vec() };
        let loops = loops.iter().map(|one| one.iter().map(frame).collect()).collect();
        PythonStack { loops, ..PythonStack::default() }
    }

    fn names(frames: Vec<FrameMessage>) -> Vec<String> {
        let name = |frame| match frame {
            FrameMessage::Native { symbol, .. } => symbol.unwrap(),
            FrameMessage::Python { function, .. } => function,
        };
        frames.into_iter().map(|frame| String::from_utf8(name(frame)).unwrap()).collect()
    }

    const LOOP: &str = "_PyEval_EvalFrameDefault";

    fn seen() -> Vec<Native> {
        [("open64", false), ("_io_open", true), (LOOP, true), ("call", true), ("extension", false)]
            .into_iter()
            .chain([("call", true), (LOOP, true), ("Py_Main", true), ("_start", false)])
            .map(|(name, of_python)| native(name, of_python))
            .collect()
    }

    #[test]
    fn pythons_functions_stand_where_they_were_run() {
        let all = merged(seen(), python(&[&["load", "main"], &["outer", "<module>"]]));
        let expected = ["open64", "load", "main", "extension", "outer", "<module>", "_start"];
        assert_eq!(names(all), expected);
    }

    #[test]
    fn what_was_not_seen_of_the_interpreter_leaves_no_function_out() {
        let two = || python(&[&["load"], &["<module>"]]);
        let cut_in_the_loop: Vec<Native> = seen().into_iter().take(4).collect();
        assert_eq!(names(merged(cut_in_the_loop, two())), ["open64", "load", "<module>"]);
        let cut_before: Vec<Native> = seen().into_iter().take(1).collect();
        assert_eq!(names(merged(cut_before, two())), ["open64", "load", "<module>"]);
        let stripped = [("open64", false), ("?", true), ("extension", false), ("?", true), ("start", false)];
        let stripped = stripped.map(|(name, of_python)| native(name, of_python));
        let expected = ["open64", "load", "<module>", "extension", "start"];
        assert_eq!(names(merged(stripped.into(), two())), expected);
    }
}
