//! One line of a record file.

use std::sync::Arc;

use serde::{Deserialize, Serialize};

use super::{Denial, Frame, Module, Object, Process, Right, Run, Stack};
use crate::Raw;

/// A line as it is read.
#[derive(Debug, Deserialize)]
#[serde(rename_all = "kebab-case")]
pub(super) enum Line {
    Run(Run),
    Process(Numbered<Process>),
    Module(Numbered<Module>),
    Stack(StackLine),
    Access(AccessLine<Object>),
    Count(CountLine),
}

/// A line as it is written.
#[derive(Debug, Serialize)]
#[serde(rename_all = "kebab-case")]
pub(super) enum LineRef<'a> {
    Run(&'a Run),
    Process(Numbered<&'a Process>),
    Module(Numbered<&'a Module>),
    Stack(StackLine),
    Access(AccessLine<&'a Object>),
    Count(CountLine),
}

/// An entry of a table, with the number by which other lines of the section name it.
#[derive(Debug, Serialize, Deserialize)]
pub(super) struct Numbered<T> {
    pub id: u32,
    #[serde(flatten)]
    pub entry: T,
}

#[derive(Debug, Serialize, Deserialize)]
pub(super) struct StackLine {
    pub id: u32,
    pub frames: Vec<FrameLine>,
    #[serde(default, skip_serializing_if = "std::ops::Not::not")]
    pub truncated: bool,
}

#[derive(Debug, Serialize, Deserialize)]
pub(super) struct AccessLine<T> {
    pub id: u64,
    pub object: T,
    pub right: Right,
    pub denial: Denial,
    pub count: u64,
    pub first: u64,
    pub last: u64,
    pub process: u32,
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub stack: Option<u32>,
}

/// The count of an access of this section, from its first on: a later line holds all that an earlier one held.
#[derive(Clone, Copy, Debug, Serialize, Deserialize)]
pub(super) struct CountLine {
    pub id: u64,
    pub count: u64,
    pub last: u64,
}

/// A frame: with `python`, a Python function; else machine code.
#[derive(Debug, Default, Serialize, Deserialize)]
pub(super) struct FrameLine {
    #[serde(default, skip_serializing_if = "Option::is_none")]
    python: Option<Raw>,
    #[serde(default, skip_serializing_if = "Option::is_none")]
    module: Option<u32>,
    #[serde(default, skip_serializing_if = "Option::is_none")]
    offset: Option<u64>,
    #[serde(default, skip_serializing_if = "Option::is_none")]
    symbol: Option<Raw>,
    #[serde(default, skip_serializing_if = "Option::is_none")]
    file: Option<Raw>,
    #[serde(default, skip_serializing_if = "Option::is_none")]
    line: Option<u32>,
}

impl StackLine {
    /// `number` gives a module its number.
    pub fn new(id: u32, stack: &Stack, mut number: impl FnMut(&Arc<Module>) -> u32) -> StackLine {
        let frames = stack.frames.iter().map(|frame| match frame {
            Frame::Native { module, offset, symbol, file, line } => FrameLine {
                python: None,
                module: Some(number(module)),
                offset: Some(*offset),
                symbol: symbol.clone(),
                file: file.clone(),
                line: *line,
            },
            Frame::Python { file, line, function } => FrameLine {
                python: Some(function.clone()),
                file: Some(file.clone()),
                line: Some(*line),
                ..FrameLine::default()
            },
        });
        StackLine { id, frames: frames.collect(), truncated: stack.truncated }
    }

    /// The stack, unless it names a module that the section does not have.
    pub fn stack(self, module: impl Fn(u32) -> Option<Arc<Module>>) -> Option<Stack> {
        let frame = |line: FrameLine| {
            Some(match line {
                FrameLine { python: Some(function), file, line, .. } => {
                    Frame::Python { file: file.unwrap_or_default(), line: line.unwrap_or_default(), function }
                }
                FrameLine { python: None, module: id, offset, symbol, file, line } => {
                    Frame::Native { module: module(id?)?, offset: offset?, symbol, file, line }
                }
            })
        };
        let frames: Option<Vec<Frame>> = self.frames.into_iter().map(frame).collect();
        frames.map(|frames| Stack::new(frames, self.truncated))
    }
}
