//! For which program Wine's server works at the moment.
//!
//! The server opens files for Windows programs, one request after the other. A thread that asks for something writes a request to a pipe of
//! its own and reads the answer from another one. So while the server waits in a call, the thread that it works for waits in read(2) at a
//! pipe to which the server writes, and its request has been read. Others may wait as well, but with requests that nobody has read yet.
//! Which of a process's pipes belongs to which of its threads is not told, so where one of them holds an unread request, none of its
//! threads is taken for the one.
//!
//! A program that means to can look like one that waits, and so make it unclear who asked.

use std::collections::HashMap;
use std::fs::{self, File};
use std::io::Read;
use std::os::fd::OwnedFd;

use rustix::fs::{FileType, PROC_SUPER_MAGIC, fstat, statfs};
use rustix::io::ioctl_fionread;
use rustix::process::{Pid, PidfdFlags, PidfdGetfdFlags, pidfd_getfd, pidfd_open};

use super::threads::own_number;

/// The most processes of the machine, threads of the container and descriptors of a process that are looked at. Where there are more, it
/// is not clear who asked.
const MAX_PROCESSES: usize = 1 << 15;
const MAX_THREADS: usize = 1 << 13;
const MAX_DESCRIPTORS: usize = 1 << 14;

/// The call's number, and how long Wine's answers are (without what follows them); what wakes a thread that waits for an object is shorter.
const ANSWER: [u64; 2] = [libc::SYS_read as u64, 64];

/// Who asked.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(super) enum Asker {
    /// This thread.
    Thread(u32),
    /// Nobody: the server does it for itself.
    Nobody,
    /// Several may have, or it can't be seen.
    Unclear,
}

/// Finds out.
#[derive(Debug, Default)]
pub(super) struct Askers {
    /// Threads of the container, by their numbers in it.
    known: HashMap<u32, u32>,
}

impl Askers {
    /// Who asked the server for what it does now. It waits meanwhile.
    pub(super) fn of(&mut self, server: u32) -> Asker {
        self.find(server).unwrap_or(Asker::Unclear)
    }

    fn find(&mut self, server: u32) -> Option<Asker> {
        // The container's own, which lists nobody else's processes, and with them all of its own.
        let proc = format!("/proc/{server}/root/proc");
        if statfs(&proc).ok()?.f_type != PROC_SUPER_MAGIC {
            return None;
        }
        let pipes = Pipes::of(server)?;
        let mut asking = None;
        let (mut unclear, mut left) = (false, MAX_THREADS);
        for process in numbers(&proc, MAX_THREADS)? {
            let tasks = format!("{proc}/{process}/task");
            // One that has ended meanwhile asks for nothing.
            let threads = numbers(&tasks, left).unwrap_or_default();
            left = left.checked_sub(threads.len())?;
            let asks = |thread: &u32| pipes.answer(&format!("{tasks}/{thread}"));
            let waiting: Vec<u32> = threads.into_iter().filter(asks).collect();
            let Some(&thread) = waiting.first() else { continue };
            match pipes.has_unread(&format!("{tasks}/{thread}"))? {
                true => unclear = true,
                false if waiting.len() > 1 || asking.is_some() => return Some(Asker::Unclear),
                false => asking = Some(thread),
            }
        }
        Some(match asking {
            // The server works for one at a time, and this one's request is read and not answered.
            Some(thread) => Asker::Thread(self.outside(thread, server)?),
            None if unclear => Asker::Unclear,
            None => Asker::Nobody,
        })
    }

    /// The number outside of a thread of the server's container.
    fn outside(&mut self, thread: u32, server: u32) -> Option<u32> {
        let namespace = namespace(server)?;
        let is_it = |outside: &u32| {
            own_number(*outside) == Some(u64::from(thread))
                && self::namespace(*outside).as_ref() == Some(&namespace)
        };
        if let Some(known) = self.known.get(&thread).copied().filter(is_it) {
            return Some(known);
        }
        self.known.clear();
        let processes = numbers("/proc", MAX_PROCESSES)?.into_iter();
        for process in processes.filter(|process| self::namespace(*process).as_ref() == Some(&namespace)) {
            for outside in numbers(&format!("/proc/{process}/task"), MAX_THREADS).unwrap_or_default() {
                let inside = own_number(outside).and_then(|inside| u32::try_from(inside).ok());
                self.known.extend(inside.map(|inside| (inside, outside)));
            }
        }
        self.known.get(&thread).copied()
    }
}

/// Pipes of the server's.
struct Pipes {
    server: OwnedFd,
    /// Those from which it reads requests: the pipe's number, and the descriptor.
    requests: HashMap<u64, i32>,
    /// Those to which it writes answers.
    answers: HashMap<u64, i32>,
}

impl Pipes {
    fn of(server: u32) -> Option<Pipes> {
        let number = Pid::from_raw(server as i32)?;
        let handle = pidfd_open(number, PidfdFlags::empty()).ok()?;
        let mut pipes = Pipes { server: handle, requests: HashMap::new(), answers: HashMap::new() };
        for number in numbers(&format!("/proc/{server}/fd"), MAX_DESCRIPTORS)? {
            match pipe(&format!("/proc/{server}"), number) {
                Some((pipe, true)) => drop(pipes.answers.insert(pipe, number as i32)),
                Some((pipe, false)) => drop(pipes.requests.insert(pipe, number as i32)),
                None => {}
            }
        }
        Some(pipes)
    }

    /// Whether a thread waits for an answer of the server's: one that was answered and has been stopped does not.
    fn answer(&self, thread: &str) -> bool {
        let waits = || {
            let [call, descriptor, _, length] = call(thread)?;
            let number = ([call, length] == ANSWER).then(|| u32::try_from(descriptor).ok())??;
            let (pipe, writes) = pipe(thread, number)?;
            Some(!writes && self.bytes(pipe, *self.answers.get(&pipe)?)? == 0)
        };
        waits().unwrap_or(false)
    }

    /// Whether a request of the thread's process waits to be read; `None` if none of its pipes is one for requests.
    fn has_unread(&self, thread: &str) -> Option<bool> {
        let numbers = numbers(&format!("{thread}/fd"), MAX_DESCRIPTORS)?;
        let own = numbers.into_iter().filter_map(|number| pipe(thread, number).filter(|(_, writes)| *writes));
        let requests: Vec<(u64, i32)> =
            own.filter_map(|(pipe, _)| Some((pipe, *self.requests.get(&pipe)?))).collect();
        if requests.is_empty() {
            return None;
        }
        let bytes = requests.into_iter().map(|(pipe, number)| self.bytes(pipe, number));
        let bytes: Option<Vec<u64>> = bytes.collect();
        Some(bytes?.into_iter().any(|bytes| bytes > 0))
    }

    /// How much there is to read in a pipe, of which this is a descriptor of the server's.
    fn bytes(&self, pipe: u64, number: i32) -> Option<u64> {
        let end: OwnedFd = pidfd_getfd(&self.server, number, PidfdGetfdFlags::empty()).ok()?;
        let found = fstat(&end).ok()?;
        let is_it = FileType::from_raw_mode(found.st_mode) == FileType::Fifo && found.st_ino == pipe;
        is_it.then(|| ioctl_fionread(&end).ok())?
    }
}

/// The number of the pipe that a descriptor is an end of, and whether it is the end for writing.
fn pipe(thread: &str, number: u32) -> Option<(u64, bool)> {
    let link = format!("{thread}/fd/{number}");
    let target = fs::read_link(&link).ok()?;
    let pipe = target.to_str()?.strip_prefix("pipe:[")?.strip_suffix(']')?.parse().ok()?;
    // The link's own mode says what the descriptor is open for.
    let mode = std::os::unix::fs::MetadataExt::mode(&fs::symlink_metadata(link).ok()?);
    match mode & 0o600 {
        0o400 => Some((pipe, false)),
        0o200 => Some((pipe, true)),
        _ => None,
    }
}

/// The call in which a thread waits: number and three arguments.
fn call(thread: &str) -> Option<[u64; 4]> {
    let mut text = [0; 256];
    let length = File::open(format!("{thread}/syscall")).ok()?.read(&mut text).ok()?;
    let mut words = std::str::from_utf8(&text[..length]).ok()?.split_ascii_whitespace();
    let number = words.next()?.parse().ok()?;
    let mut argument = || u64::from_str_radix(words.next()?.strip_prefix("0x")?, 16).ok();
    Some([number, argument()?, argument()?, argument()?])
}

/// The pid namespace of a process that may be looked into.
fn namespace(process: u32) -> Option<Box<std::ffi::OsStr>> {
    Some(fs::read_link(format!("/proc/{process}/ns/pid")).ok()?.into_os_string().into_boxed_os_str())
}

/// The numbers that a folder of /proc lists; `None` if they are more, or can't be read.
fn numbers(folder: &str, most: usize) -> Option<Vec<u32>> {
    let mut all = Vec::new();
    for entry in fs::read_dir(folder).ok()? {
        let Some(number) = entry.ok().and_then(|entry| entry.file_name().to_str()?.parse().ok()) else {
            continue;
        };
        if all.len() >= most {
            return None;
        }
        all.push(number);
    }
    Some(all)
}

#[cfg(test)]
mod tests {
    use super::*;

    use std::io::Write;
    use std::process::{Child, Command};

    use rustix::process::Signal;

    /// Somebody who asks, as Wine's programs do: a request to one pipe, and then the wait for an answer from another one.
    fn client() -> (Child, std::io::PipeReader, std::io::PipeWriter) {
        let (request, asks) = std::io::pipe().unwrap();
        let (answered, answer) = std::io::pipe().unwrap();
        let script = "import os; os.write(1, b'x' * 64); os.read(0, 64)";
        let mut python = Command::new("python3");
        let child = python.args(["-c", script]).stdin(answered).stdout(asks).spawn().unwrap();
        (child, request, answer)
    }

    fn wait_for(pid: u32) {
        while call(&format!("/proc/{pid}"))
            .is_none_or(|[number, fd, _, length]| ([number, length], fd) != (ANSWER, 0))
        {
            std::thread::sleep(std::time::Duration::from_millis(5));
        }
    }

    #[test]
    fn who_asked_is_the_one_whose_request_is_read_and_not_answered() {
        let own = std::process::id();
        let mut askers = Askers::default();
        assert_eq!(askers.of(own), Asker::Nobody);
        let (mut first, mut request, mut answer) = client();
        wait_for(first.id());
        assert_eq!(askers.of(own), Asker::Unclear, "it asks, and that was not read yet");
        request.read_exact(&mut [0; 64]).unwrap();
        assert_eq!(askers.of(own), Asker::Thread(first.id()));
        rustix::process::kill_process(Pid::from_child(&first), Signal::STOP).unwrap();
        let (mut second, mut other_request, mut other_answer) = client();
        wait_for(second.id());
        assert_eq!(askers.of(own), Asker::Thread(first.id()), "the other's waits");
        other_request.read_exact(&mut [0; 64]).unwrap();
        assert_eq!(askers.of(own), Asker::Unclear, "no server reads two");
        answer.write_all(&[0; 64]).unwrap();
        assert_eq!(askers.of(own), Asker::Thread(second.id()), "the first has its answer, but was stopped");
        rustix::process::kill_process(Pid::from_child(&first), Signal::CONT).unwrap();
        first.wait().unwrap();
        assert_eq!(askers.of(own), Asker::Thread(second.id()));
        other_answer.write_all(&[0; 64]).unwrap();
        second.wait().unwrap();
        assert_eq!(askers.of(own), Asker::Nobody);
    }
}
