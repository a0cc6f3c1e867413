//! Who asked for what: the call stacks as an icicle, the outermost call at the top, what covers the accesses at the ends.

use std::collections::BTreeMap;
use std::io::{self, Write};

use super::html::{self, Text};
use super::look::class_of;
use crate::attribute::Attribution;
use crate::record::{Frame, Records, Stack};
use crate::results::row::covered;

/// Levels of calls that are drawn. Of deeper stacks the middle is left out.
const MAX_CALLS: usize = 14;
/// The least part of the width, in millionths, that is drawn; what is narrower is put together.
const NARROWEST: u64 = 1_500;
/// The most boxes.
const MAX_BOXES: usize = 2_500;
/// Height of a level, in pixels.
const LEVEL: usize = 22;

#[derive(Default)]
struct Node {
    accesses: u64,
    calls: BTreeMap<String, Node>,
    /// Accesses that end here, by what covers them: CSS class and name.
    ends: BTreeMap<(&'static str, String), u64>,
}

impl Node {
    fn depth(&self) -> usize {
        let end = usize::from(!self.ends.is_empty());
        self.calls.values().map(Node::depth).max().unwrap_or(0).max(end) + 1
    }
}

/// Draws it. A box's width stands for the number of different accesses.
pub fn write(records: &Records, found: &Attribution, out: &mut impl Write) -> io::Result<()> {
    let mut root = Node::default();
    for (access, outcome) in records.accesses.iter().zip(&found.outcomes) {
        root.accesses += 1;
        let process = &records.processes[access.process];
        let mut node = root.calls.entry(process.exe.file_name().to_string()).or_default();
        node.accesses += 1;
        for call in access.stack.map(|stack| calls(&records.stacks[stack])).unwrap_or_default() {
            node = node.calls.entry(call).or_default();
            node.accesses += 1;
        }
        let name = match covered(found, outcome.by) {
            ("nothing", _) => "covered by nothing".to_owned(),
            ("already", _) => "granted already".to_owned(),
            (_, name) => name,
        };
        let end =
            (class_of(outcome.by), if name.starts_with("--grant") { "--grant".to_owned() } else { name });
        *node.ends.entry(end).or_default() += 1;
    }
    let height = root.depth() * LEVEL;
    writeln!(
        out,
        "<div class=\"icicle\"><svg height=\"{height}\" role=\"img\" aria-label=\"Who asked for what: programs, their calls, and what covers the accesses\">"
    )?;
    let mut drawing = Drawing { out, all: root.accesses.max(1), boxes: 0 };
    drawing.node("all accesses", &root, 0, 0)?;
    writeln!(out, "</svg></div>")
}

/// The calls from the outermost on: Python's where there are any, else machine code, with neighbours of the same name put together.
fn calls(stack: &Stack) -> Vec<String> {
    let python = stack.frames.iter().any(Frame::is_python);
    let mut calls: Vec<String> =
        stack.frames.iter().rev().filter(|frame| frame.is_python() || !python).map(name).collect();
    calls.dedup();
    if calls.len() > MAX_CALLS {
        let inner = calls.split_off(calls.len() - (MAX_CALLS - 4));
        calls.truncate(3);
        calls.push("…".to_owned());
        calls.extend(inner);
    }
    calls
}

fn name(frame: &Frame) -> String {
    match frame {
        Frame::Python { file, function, .. } => format!("{function} ({})", file.file_name()),
        Frame::Native { symbol: Some(symbol), .. } => symbol.to_string(),
        Frame::Native { module, .. } => module.path.file_name().to_string(),
    }
}

struct Drawing<'a, W> {
    out: &'a mut W,
    all: u64,
    boxes: usize,
}

impl<W: Write> Drawing<'_, W> {
    fn node(&mut self, name: &str, node: &Node, from: u64, level: usize) -> io::Result<()> {
        self.draw(name, node.accesses, from, level, None)?;
        let mut at = from;
        let mut narrow = 0;
        // The widest first, so that the drawing is calm and what is put together stands at the end.
        let mut calls: Vec<_> = node.calls.iter().collect();
        calls.sort_by_key(|(_, call)| std::cmp::Reverse(call.accesses));
        for (name, call) in calls {
            if self.is_narrow(call.accesses) {
                narrow += call.accesses;
                continue;
            }
            self.node(name, call, at, level + 1)?;
            at += call.accesses;
        }
        for ((class, name), accesses) in &node.ends {
            if self.is_narrow(*accesses) {
                narrow += accesses;
                continue;
            }
            self.draw(name, *accesses, at, level + 1, Some(class))?;
            at += accesses;
        }
        if narrow > 0 && !self.is_narrow(narrow) {
            self.draw("…", narrow, at, level + 1, None)?;
        }
        Ok(())
    }

    fn is_narrow(&self, accesses: u64) -> bool {
        accesses * 1_000_000 / self.all < NARROWEST || self.boxes >= MAX_BOXES
    }

    fn draw(
        &mut self,
        name: &str,
        accesses: u64,
        from: u64,
        level: usize,
        class: Option<&str>,
    ) -> io::Result<()> {
        self.boxes += 1;
        let percent = |part: u64| part as f64 * 100.0 / self.all as f64;
        let leaf = if class.is_some() { " class=\"leaf\"" } else { "" };
        let fill = class.map_or(String::new(), |class| format!(" class=\"{class}\""));
        let name = Text(name);
        writeln!(
            self.out,
            "<svg{leaf} x=\"{:.4}%\" y=\"{}\" width=\"{:.4}%\" height=\"{LEVEL}\"><title>{name}: {}</title>\
             <rect{fill} width=\"100%\" height=\"{}\" rx=\"2\"/><text x=\"5\" y=\"15\">{name}</text></svg>",
            percent(from),
            level * LEVEL,
            percent(accesses),
            html::accesses(accesses),
            LEVEL - 1
        )
    }
}
