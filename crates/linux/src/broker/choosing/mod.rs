//! Files that the user chooses in a window of lowbox's for a Windows program, in the place of the program's own open and save dialogs:
//! what is chosen there is given to the program, without another question.

pub(crate) mod request;

use std::collections::VecDeque;
use std::io;
use std::os::fd::BorrowedFd;
use std::path::PathBuf;
use std::time::{Duration, Instant};

pub use request::{Filter, Kind};

use super::asking::Asking;
use super::touch::Touch;
use request::Request;

/// How long the user may look for a file: the program waits, and so does every other one that wants something chosen.
const PATIENCE: Duration = Duration::from_secs(600);

/// Numbers of requests that are remembered: Wine may look for the same name twice.
const NUMBERS: usize = 16;

/// What the user is to choose. What comes from the program is hostile: whoever shows it says so, and makes control characters visible.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Wanted {
    /// The package family name.
    pub package: String,
    /// What.
    pub kind: Kind,
    /// What the program would call the window.
    pub title: String,
    /// Which files it wants to be seen.
    pub filters: Vec<Filter>,
    /// The folder to begin in, which may not be there.
    pub folder: PathBuf,
    /// A name to save as.
    pub name: Option<String>,
    /// What that name gets where it has no extension, unless there is such a file.
    pub extension: Option<String>,
}

/// Has the user choose, one thing at a time.
pub trait Chooser: Send {
    /// Waits until the user has chosen, at the latest until `deadline`. Absolute paths; `None` if nothing was chosen.
    fn choose(&mut self, wanted: &Wanted, deadline: Instant) -> Option<Vec<PathBuf>>;
}

/// What is being chosen.
pub(super) struct Choices {
    asking: Option<Asking<Wanted, Vec<PathBuf>>>,
    open: Option<(Touch, Request)>,
    numbers: VecDeque<String>,
}

impl Choices {
    /// By nobody, if there is no chooser.
    ///
    /// # Errors
    /// What making a thread or a pipe reports.
    pub(super) fn by(chooser: Option<Box<dyn Chooser>>) -> io::Result<Choices> {
        let asking = chooser.map(|mut chooser| {
            Asking::start(move |wanted: &Wanted| chooser.choose(wanted, Instant::now() + PATIENCE))
        });
        Ok(Choices { asking: asking.transpose()?, open: None, numbers: VecDeque::new() })
    }

    /// Readable when something was chosen.
    pub(super) fn ready(&self) -> Option<BorrowedFd<'_>> {
        self.asking.as_ref().map(Asking::ready)
    }

    /// Whether a request can be put to the user now: nothing else is being chosen, and this has not been before.
    pub(super) fn has_room(&mut self, number: &str) -> bool {
        let is_new = !self.numbers.iter().any(|known| known == number);
        if is_new {
            self.numbers.truncate(NUMBERS - 1);
            self.numbers.push_front(number.to_owned());
        }
        is_new && self.open.is_none() && self.asking.is_some()
    }

    /// Puts it to the user; false if nobody chooses any more.
    pub(super) fn begin(&mut self, touch: Touch, request: Request, wanted: Wanted) -> bool {
        let asked = self.asking.as_ref().is_some_and(|asking| asking.ask(wanted));
        if asked {
            self.open = Some((touch, request));
        }
        asked
    }

    /// What was wanted, and what the user chose.
    pub(super) fn end(&mut self) -> Option<(Touch, Request, Vec<PathBuf>)> {
        let chosen = match self.asking.as_ref()?.answer() {
            Ok(chosen) => chosen.unwrap_or_default(),
            Err(()) => {
                self.asking = None;
                Vec::new()
            }
        };
        self.open.take().map(|(touch, request)| (touch, request, chosen))
    }
}
