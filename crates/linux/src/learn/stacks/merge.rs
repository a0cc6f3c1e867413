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

/// Puts Python's functions where the interpreter's loop ran them. Its other frames are left out: they are how Python is run, and
/// change while it runs (a call that is made often is made by other ways than the first one), so that one line of a script would have
/// several stacks. What it was called by, and what it calls that is none of it, stays. Where no frame of the loop was seen, nothing
/// is left out, and Python's functions follow the machine code if that was cut before, and stand first if it was not.
pub(super) fn merged(native: Vec<Native>, native_is_cut: bool, python: PythonStack) -> Vec<FrameMessage> {
    let is_loop = |one: &Native| one.of_python && one.symbol.as_deref() == Some(PYTHON_LOOP);
    let some_loop = native.iter().any(is_loop);
    let mut loops = python.loops.into_iter();
    let mut all: Vec<FrameMessage> = Vec::new();
    if !some_loop && !native_is_cut {
        all.extend(loops.by_ref().flatten().map(FrameMessage::from));
    }
    for one in native {
        if is_loop(&one) {
            all.extend(loops.next().into_iter().flatten().map(FrameMessage::from));
        } else if !(some_loop && one.of_python) {
            all.extend(one.frames);
        }
    }
    // Of loops that were not seen: what is further out than the machine code that was found.
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
        PythonStack { loops, truncated: false }
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
        let all = merged(seen(), false, python(&[&["load", "main"], &["outer", "<module>"]]));
        let expected = ["open64", "load", "main", "extension", "outer", "<module>", "_start"];
        assert_eq!(names(all), expected);
    }

    #[test]
    fn what_was_not_seen_of_the_interpreter_leaves_no_function_out() {
        let cut: Vec<Native> = seen().into_iter().take(4).collect();
        let all = merged(cut, true, python(&[&["load"], &["<module>"]]));
        assert_eq!(names(all), ["open64", "_io_open", "load", "<module>"]);
        let stripped = vec![native("open64", false), native("?", true)];
        let all = merged(stripped.clone(), false, python(&[&["load"]]));
        assert_eq!(names(all), ["load", "open64", "?"]);
        let all = merged(stripped, true, python(&[&["load"]]));
        assert_eq!(names(all), ["open64", "?", "load"]);
    }
}
