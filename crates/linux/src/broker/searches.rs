//! Looking through folders for what a mount does not hold, before they are granted: bounded in time, and not done again for the
//! same folder at once, because the program chooses what it touches and how often.

use std::collections::HashMap;
use std::path::Path;
use std::time::{Duration, Instant};

use lowbox_policy::FileId;

use super::refusal::Refusal;
use crate::host::Shown;
use crate::prepare::{Bounds, Fifos, PrepareError, fifos, set_id_files};

/// What is looked for.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Hash)]
pub(super) enum Sought {
    /// FIFOs: a read-only mount does not keep them from being written.
    Fifos,
    /// Set-uid and set-gid files in what root lends for writing.
    SetIdFiles,
}

/// For whom.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(super) enum Effort {
    /// The program touched it.
    Touch,
    /// The user said yes to it.
    Answer,
}

/// One search for a touch takes no longer.
const TOUCH: Duration = Duration::from_secs(1);

/// One search for an answer takes no longer: people can't be made to give them.
const ANSWER: Duration = Duration::from_secs(5);

/// All searches for touches in a minute together.
const IN_A_MINUTE: Duration = Duration::from_secs(3);

const MINUTE: Duration = Duration::from_secs(60);

/// How long what was found is believed.
const BELIEVED: Duration = Duration::from_secs(30);

/// Outcomes that are kept.
const MOST: usize = 1024;

/// The searches of one run.
#[derive(Debug)]
pub(super) struct Searches {
    outcomes: HashMap<(Sought, FileId), (Instant, Result<(), Refusal>)>,
    began: Instant,
    spent: Duration,
}

impl Searches {
    pub(super) fn new() -> Searches {
        Searches { outcomes: HashMap::new(), began: Instant::now(), spent: Duration::ZERO }
    }

    /// Looks through `path`, which is the object `id`.
    ///
    /// # Errors
    /// Why it can't be granted.
    pub(super) fn look(
        &mut self,
        sought: Sought,
        path: &Path,
        id: FileId,
        effort: Effort,
    ) -> Result<(), Refusal> {
        self.look_with(sought, id, effort, &mut Instant::now, |bounds| match sought {
            Sought::Fifos => without_fifos(path, bounds),
            Sought::SetIdFiles => without_set_id_files(path, bounds),
        })
    }

    fn look_with(
        &mut self,
        sought: Sought,
        id: FileId,
        effort: Effort,
        clock: &mut dyn FnMut() -> Instant,
        search: impl FnOnce(&mut Bounds) -> Result<(), Refusal>,
    ) -> Result<(), Refusal> {
        let now = clock();
        let fresh = |made: Instant| now.saturating_duration_since(made) < BELIEVED;
        if let Some((made, outcome)) = self.outcomes.get(&(sought, id))
            && fresh(*made)
            // Who said yes gets the longer search.
            && (effort == Effort::Touch || *outcome != Err(Refusal::TooLarge))
        {
            return outcome.clone();
        }
        if now.saturating_duration_since(self.began) >= MINUTE {
            (self.began, self.spent) = (now, Duration::ZERO);
        }
        let outcome = match effort {
            Effort::Answer => search(&mut Bounds::within(ANSWER)),
            Effort::Touch => {
                let left = IN_A_MINUTE.saturating_sub(self.spent).min(TOUCH);
                if left.is_zero() {
                    return Err(Refusal::Busy);
                }
                let outcome = search(&mut Bounds::within(left));
                self.spent += clock().saturating_duration_since(now);
                outcome
            }
        };
        if self.outcomes.len() >= MOST {
            self.outcomes.retain(|_, (made, _)| fresh(*made));
        }
        if self.outcomes.len() < MOST {
            self.outcomes.insert((sought, id), (now, outcome.clone()));
        }
        outcome
    }
}

fn without_fifos(path: &Path, bounds: &mut Bounds) -> Result<(), Refusal> {
    match fifos(path, bounds) {
        Fifos::None => Ok(()),
        Fifos::TooLarge => Err(Refusal::TooLarge),
        Fifos::One(fifo) => Err(Refusal::Never(format!(
            "the FIFO {} in it could be written although the folder is granted for reading; grant what is needed beside it, or start with --grant {}:r",
            Shown(&fifo),
            Shown(path)
        ))),
    }
}

fn without_set_id_files(path: &Path, bounds: &mut Bounds) -> Result<(), Refusal> {
    match set_id_files::refuse(path, bounds) {
        Ok(()) => Ok(()),
        Err(PrepareError::TooLarge(_)) => Err(Refusal::TooLarge),
        Err(error) => Err(Refusal::Never(error.to_string())),
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use lowbox_policy::NodeKind;

    fn folder(ino: u64) -> FileId {
        FileId { dev: 1, ino, kind: NodeKind::Dir }
    }

    /// A search at `now` that takes so long; whether there was one, and its outcome.
    fn search(
        searches: &mut Searches,
        (ino, effort): (u64, Effort),
        now: Instant,
        takes: Duration,
        outcome: Result<(), Refusal>,
    ) -> (bool, Result<(), Refusal>) {
        let mut searched = false;
        let mut times = [now, now + takes].into_iter();
        let mut clock = || times.next().unwrap();
        let found = searches.look_with(Sought::Fifos, folder(ino), effort, &mut clock, |_| {
            searched = true;
            outcome
        });
        (searched, found)
    }

    #[test]
    fn a_folder_that_is_touched_over_and_over_is_looked_through_twice_a_minute() {
        let (mut searches, start) = (Searches::new(), Instant::now());
        let mut looked = 0;
        for touch in 0..60_000 {
            let now = start + Duration::from_millis(touch);
            let took = Duration::from_millis(900);
            let (searched, found) =
                search(&mut searches, (1, Effort::Touch), now, took, Err(Refusal::TooLarge));
            looked += u32::from(searched);
            assert_eq!(found, Err(Refusal::TooLarge));
        }
        assert_eq!(looked, 2);
    }

    #[test]
    fn many_folders_together_take_no_more_than_their_part_of_a_minute_and_the_user_is_not_bound_by_it() {
        let (mut searches, start) = (Searches::new(), Instant::now());
        let second = Duration::from_secs(1);
        for ino in 0..3 {
            assert_eq!(search(&mut searches, (ino, Effort::Touch), start, second, Ok(())), (true, Ok(())));
        }
        for ino in 3..10_000 {
            let found = search(&mut searches, (ino, Effort::Touch), start, second, Ok(()));
            assert_eq!(found, (false, Err(Refusal::Busy)));
        }
        assert_eq!(search(&mut searches, (3, Effort::Answer), start, second, Ok(())), (true, Ok(())));
        let later = start + Duration::from_secs(61);
        assert_eq!(search(&mut searches, (4, Effort::Touch), later, second, Ok(())), (true, Ok(())));
    }

    #[test]
    fn who_said_yes_gets_the_longer_search_and_what_was_found_is_believed_for_a_while() {
        let (mut searches, start) = (Searches::new(), Instant::now());
        let soon = Duration::from_millis(1);
        let none = Duration::ZERO;
        let _ = search(&mut searches, (1, Effort::Touch), start, soon, Err(Refusal::TooLarge));
        assert_eq!(search(&mut searches, (1, Effort::Answer), start, none, Ok(())), (true, Ok(())));
        assert_eq!(search(&mut searches, (1, Effort::Touch), start, none, Ok(())), (false, Ok(())));
        let late = start + BELIEVED;
        let found = Err(Refusal::Never("a FIFO".to_owned()));
        assert_eq!(search(&mut searches, (1, Effort::Touch), late, none, found.clone()), (true, found));
    }

    #[test]
    fn what_is_kept_is_bounded() {
        let (mut searches, start) = (Searches::new(), Instant::now());
        for ino in 0..100_000 {
            let now = start + Duration::from_millis(ino);
            let _ = search(&mut searches, (ino, Effort::Touch), now, Duration::ZERO, Ok(()));
        }
        assert!(searches.outcomes.len() <= MOST);
    }
}
