//! Reading a stack.

use std::rc::Rc;

use rustix::process::Pid;

use super::asker::{Asker, Askers};
use super::images::Images;
use super::memory::{Memory, Remote};
use super::merge::{Native, merged};
use super::message::{About, Answer, FrameMessage, MAX_MARKS, Mark, ProgramMessage, Question};
use super::names::demangled;
use super::python::PythonStack;
use super::space::Space;
use super::threads::{Thread, Threads};
use super::unwind::{Code, Frame, Unwinder};

/// The most bytes of names in an answer, as in a record (`record::Stack::new`), and some.
const MAX_NAMES: usize = 256 << 10;

/// What is known from one stack to the next.
#[derive(Debug, Default)]
pub(super) struct Reader {
    images: Images,
    threads: Threads,
    unwinder: Unwinder,
    askers: Askers,
}

impl Reader {
    /// Answers: one without frames, or without a thread, if nothing can be read.
    pub(super) fn answer(&mut self, question: &Question) -> Answer {
        match question.about {
            About::Stack { sp, pc } => self.stack(question, Frame::innermost(pc, sp)),
            About::Program { is_server } => {
                let program = self.program(question.thread, is_server);
                Answer { number: question.number, program, ..Answer::default() }
            }
        }
    }

    fn program(&mut self, caller: u32, is_server: bool) -> ProgramMessage {
        let thread = match is_server {
            false => caller,
            true => match self.askers.of(caller) {
                Asker::Thread(thread) => thread,
                Asker::Nobody => return ProgramMessage { thread: Some(caller), file: None },
                Asker::Unclear => return ProgramMessage::default(),
            },
        };
        let file = self.windows_program(thread).or_else(|| {
            // It may have been read before the program was loaded.
            self.threads.forget(thread);
            self.windows_program(thread)
        });
        ProgramMessage { thread: Some(thread), file }
    }

    fn windows_program(&mut self, thread: u32) -> Option<Vec<u8>> {
        let mut memory = Remote::new(Pid::from_raw(thread as i32)?);
        let (known, _) = self.threads.of(thread)?;
        known.space.windows_program(&mut memory).map(<[u8]>::to_vec)
    }

    /// Reads the stack of a thread that waits.
    fn stack(&mut self, question: &Question, start: Frame) -> Answer {
        let number = question.number;
        let nothing = Answer { number, truncated: true, ..Answer::default() };
        let Some(process) = Pid::from_raw(question.thread as i32) else { return nothing };
        let mut memory = Remote::new(process);
        let Some((mut known, is_fresh)) = self.threads.of(question.thread) else { return nothing };
        let (mut native, mut is_cut) = self.native(question, &start, &known.space, &mut memory);
        // What was mapped meanwhile is not known yet.
        if is_cut && !is_fresh {
            self.threads.forget(question.thread);
            let Some((again, _)) = self.threads.of(question.thread) else { return nothing };
            if !Rc::ptr_eq(&again.space, &known.space) {
                known = again;
                (native, is_cut) = self.native(question, &start, &known.space, &mut memory);
            }
        }
        let python = self.python(question.thread, &known, &mut memory);
        let marks = native.iter().filter_map(|frame| Some((frame.slot?, frame.pc))).take(MAX_MARKS);
        let marks_of_python =
            python.iter().flat_map(|(stack, _)| stack.marks.iter().copied()).take(MAX_MARKS);
        let marks: Vec<Mark> = marks.chain(marks_of_python).collect();
        // Another thread's Python is elsewhere, whatever is left where this one's was.
        let of_thread = python.is_some() || marks.is_empty();
        Answer {
            number,
            marks,
            of_thread,
            ..self.told(question.thread, &known.space, &mut memory, native, is_cut, python)
        }
    }

    /// The frames of machine code, and whether there are more.
    fn native(
        &mut self,
        question: &Question,
        start: &Frame,
        space: &Space,
        memory: &mut dyn Memory,
    ) -> (Vec<Frame>, bool) {
        let images = &mut self.images;
        let image = |address: u64, memory: &mut dyn Memory| {
            let (number, _) = space.place(address, question.thread, images, memory)?;
            space.loaded(number, question.thread, images, memory)
        };
        self.unwinder.walk(start.clone(), image, &|address| space.is_code(address), memory)
    }

    fn python(
        &mut self,
        thread: u32,
        known: &Thread,
        memory: &mut dyn Memory,
    ) -> Option<(PythonStack, usize)> {
        let (python, module) = known.space.python(thread, &mut self.images, memory)?;
        Some((python.stack(known.own_number?, memory)?, *module))
    }

    fn told(
        &mut self,
        thread: u32,
        space: &Space,
        memory: &mut dyn Memory,
        native: Vec<Frame>,
        is_cut: bool,
        python: Option<(PythonStack, usize)>,
    ) -> Answer {
        let mut answer = Answer { truncated: is_cut, ..Answer::default() };
        let mut numbers: Vec<usize> = Vec::new();
        let mut all = Vec::new();
        let mut names = 0;
        for frame in native {
            let Some((number, offset)) = space.place(frame.place(), thread, &mut self.images, memory) else {
                continue;
            };
            let loaded = space.loaded(number, thread, &mut self.images, memory);
            let (image, pe) = match loaded {
                Some(Code::Elf(image, _)) => (Some(image), None),
                Some(Code::Pe(pe)) => (None, Some(pe)),
                None => (None, None),
            };
            let module = numbers.iter().position(|known| *known == number).unwrap_or_else(|| {
                numbers.push(number);
                let build_id = image.as_ref().map(|image| image.build_id.clone()).unwrap_or_default();
                answer.modules.push((space.module(number).path.clone(), build_id));
                numbers.len() - 1
            });
            let symbol = match &pe {
                Some(pe) => pe.name(offset, memory),
                None => image.as_ref().and_then(|image| image.function(offset).map(<[u8]>::to_vec)),
            };
            let lines = image.map(|image| image.lines(offset)).unwrap_or_default();
            let frames = frames(module as u32, offset + u64::from(frame.is_return), symbol.as_deref(), lines);
            names += frames.iter().map(FrameMessage::size).sum::<usize>();
            if names > MAX_NAMES {
                answer.truncated = true;
                break;
            }
            let of_python = python.as_ref().is_some_and(|(_, interpreter)| *interpreter == number);
            all.push(Native { frames, symbol, of_python });
        }
        answer.frames = match python {
            None => all.into_iter().flat_map(|one| one.frames).collect(),
            Some((python, _)) => {
                answer.truncated |= python.truncated;
                merged(all, python)
            }
        };
        let mut names = 0;
        let kept = answer.frames.iter().take_while(|frame| {
            names += frame.size();
            names <= MAX_NAMES
        });
        let kept = kept.count();
        answer.truncated |= kept < answer.frames.len();
        answer.frames.truncate(kept);
        answer
    }
}

/// What is told of a frame of machine code: functions that are inlined into one another share it.
fn frames(
    module: u32,
    offset: u64,
    symbol: Option<&[u8]>,
    lines: Vec<super::lines::Line>,
) -> Vec<FrameMessage> {
    let symbol = symbol.map(demangled);
    if lines.is_empty() {
        return vec![FrameMessage::Native { module, offset, symbol, file: None, line: None }];
    }
    let outermost = lines.len() - 1;
    let frame = |(at, line): (usize, super::lines::Line)| FrameMessage::Native {
        module,
        offset,
        symbol: line.function.or_else(|| symbol.clone().filter(|_| at == outermost)),
        file: line.file,
        line: line.line,
    };
    lines.into_iter().enumerate().map(frame).collect()
}

impl FrameMessage {
    fn size(&self) -> usize {
        let length = |one: &Option<Vec<u8>>| one.as_ref().map_or(0, Vec::len);
        match self {
            FrameMessage::Native { symbol, file, .. } => length(symbol) + length(file),
            FrameMessage::Python { file, function, .. } => file.len() + function.len(),
        }
    }
}
