//! Files that the user chooses in a window of lowbox's for a Windows program, in the place of the program's own open and save dialogs:
//! what is chosen there is given to the program, without another question.

pub(crate) mod request;

use std::collections::VecDeque;
use std::io;
use std::os::fd::BorrowedFd;
use std::path::PathBuf;
use std::time::{Duration, Instant};

pub use request::{Filter, Kind};

use super::Notice;
use super::asking::Asking;
use super::touch::Touch;
use request::Request;

/// How long the user may look for a file: the program waits, and so does every other one that wants something chosen.
const PATIENCE: Duration = Duration::from_secs(600);

/// How long the user is told something: a window that nobody sees must not stay in the way of the next one.
const TO_READ: Duration = Duration::from_secs(60);

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

    /// Asks whether something shall be given that the user named by a link, which the program may have made.
    fn confirm(&mut self, confirm: &Confirm, deadline: Instant) -> bool;

    /// Tells the user why the program does not get what they chose, until they have seen it or `deadline` is over.
    fn tell(&mut self, notice: &Notice, deadline: Instant);
}

/// What is reached by links, of what the user chose.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Confirm {
    /// The package family name.
    pub package: String,
    /// What was chosen, and what it is.
    pub links: Vec<(PathBuf, PathBuf)>,
}

/// What the thread does that talks to the user.
enum Talk {
    Choose(Wanted),
    /// And what is chosen then.
    Confirm(Confirm, Vec<PathBuf>),
    Tell(Notice),
}

/// A request that is put to the user.
pub(super) struct Open {
    pub(super) touch: Touch,
    pub(super) request: Request,
    /// The user has said that the paths are what they meant, and not links to something else.
    pub(super) confirmed: bool,
}

/// What is being chosen.
pub(super) struct Choices {
    asking: Option<Asking<Talk, Vec<PathBuf>>>,
    open: Option<Open>,
    /// What the user is told and has not seen yet. While that is so, nothing is being chosen that was asked for before.
    told: usize,
    /// Where something was given last: a program that names no folder begins there.
    pub(super) last: Option<PathBuf>,
    numbers: VecDeque<String>,
}

impl Choices {
    /// By nobody, if there is no chooser.
    ///
    /// # Errors
    /// What making a thread or a pipe reports.
    pub(super) fn by(chooser: Option<Box<dyn Chooser>>) -> io::Result<Choices> {
        let asking = chooser.map(|mut chooser| {
            Asking::start(move |talk: &Talk| match talk {
                Talk::Choose(wanted) => chooser.choose(wanted, Instant::now() + PATIENCE),
                Talk::Confirm(confirm, paths) => {
                    let confirmed = chooser.confirm(confirm, Instant::now() + TO_READ);
                    confirmed.then(|| paths.clone())
                }
                Talk::Tell(notice) => {
                    chooser.tell(notice, Instant::now() + TO_READ);
                    None
                }
            })
        });
        Ok(Choices { asking: asking.transpose()?, open: None, told: 0, last: None, numbers: VecDeque::new() })
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
        let asked = self.asking.as_ref().is_some_and(|asking| asking.ask(Talk::Choose(wanted)));
        if asked {
            self.open = Some(Open { touch, request, confirmed: false });
        }
        asked
    }

    /// Has the user say that these paths are what was meant; what was open, if nobody can be asked any more.
    pub(super) fn confirm(&mut self, open: Open, confirm: Confirm, paths: Vec<PathBuf>) -> Option<Open> {
        let asked = self.asking.as_ref().is_some_and(|asking| asking.ask(Talk::Confirm(confirm, paths)));
        if !asked {
            return Some(open);
        }
        self.open = Some(Open { confirmed: true, ..open });
        None
    }

    /// Tells the user something about what they have chosen just now.
    pub(super) fn tell(&mut self, notice: Notice) {
        if self.asking.as_ref().is_some_and(|asking| asking.ask(Talk::Tell(notice))) {
            self.told += 1;
        }
    }

    /// What was wanted, and what the user chose.
    pub(super) fn end(&mut self) -> Option<(Open, Vec<PathBuf>)> {
        let chosen = match self.asking.as_ref()?.answer() {
            Ok(chosen) => chosen.unwrap_or_default(),
            Err(()) => {
                self.asking = None;
                Vec::new()
            }
        };
        if self.told > 0 && self.asking.is_some() {
            self.told -= 1;
            return None;
        }
        self.open.take().map(|open| (open, chosen))
    }
}
