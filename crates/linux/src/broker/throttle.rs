//! How many questions a program can raise. Pure: the caller says what time it is.

use std::collections::hash_map::Entry;
use std::collections::{HashMap, VecDeque};
use std::hash::Hash;
use std::time::{Duration, Instant};

/// What the questions of one run are limited to.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub struct ThrottleLimits {
    /// Questions in any minute.
    pub per_minute: usize,
    /// Questions that are open at a time, the one that is shown included.
    pub open: usize,
    /// Calls that wait for an answer, of all questions together.
    pub waiting: usize,
}

impl Default for ThrottleLimits {
    fn default() -> ThrottleLimits {
        ThrottleLimits { per_minute: 10, open: 16, waiting: 1024 }
    }
}

/// What is to be done with a touch.
#[derive(Debug, PartialEq, Eq)]
pub enum Touch<W> {
    /// Ask; who waits is kept until [`Throttle::finish`].
    Ask,
    /// A question about the object is open already, and its answer will do.
    Joined,
    /// *No*, without a question.
    Refused {
        /// Who would have waited.
        waiter: W,
        /// Which limit is reached.
        limit: Limit,
        /// Whether the user is to be told: once a minute.
        say: bool,
    },
}

/// A limit that is reached.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Limit {
    /// Of questions in a minute.
    PerMinute(usize),
    /// Of open questions, or of calls that wait.
    Queue,
}

impl std::fmt::Display for Limit {
    fn fmt(&self, f: &mut std::fmt::Formatter<'_>) -> std::fmt::Result {
        match self {
            Limit::PerMinute(count) => write!(
                f,
                "the program raised more than {count} questions in a minute; the others are answered with no"
            ),
            Limit::Queue => f.write_str(
                "the program raises questions faster than they are answered; the others are answered with no",
            ),
        }
    }
}

const MINUTE: Duration = Duration::from_secs(60);

/// The open questions of one run by object, and who waits for each answer.
#[derive(Debug)]
pub struct Throttle<K, W> {
    limits: ThrottleLimits,
    open: HashMap<K, Vec<W>>,
    waiting: usize,
    /// When the questions of the last minute were raised.
    raised: VecDeque<Instant>,
    said: Option<Instant>,
}

impl<K: Eq + Hash + Clone, W> Throttle<K, W> {
    /// Without questions yet.
    pub fn new(limits: ThrottleLimits) -> Throttle<K, W> {
        Throttle { limits, open: HashMap::new(), waiting: 0, raised: VecDeque::new(), said: None }
    }

    /// `waiter` touched `object`, which nothing has decided.
    pub fn touch(&mut self, object: K, waiter: W, now: Instant) -> Touch<W> {
        self.forget(now);
        let full = self.waiting >= self.limits.waiting;
        let (open, per_minute) = (self.open.len(), self.limits.per_minute);
        match self.open.entry(object) {
            _ if full => self.refuse(waiter, Limit::Queue, now),
            Entry::Occupied(mut question) => {
                question.get_mut().push(waiter);
                self.waiting += 1;
                Touch::Joined
            }
            Entry::Vacant(_) if open >= self.limits.open => self.refuse(waiter, Limit::Queue, now),
            Entry::Vacant(_) if self.raised.len() >= per_minute => {
                self.refuse(waiter, Limit::PerMinute(per_minute), now)
            }
            Entry::Vacant(place) => {
                place.insert(vec![waiter]);
                self.waiting += 1;
                self.raised.push_back(now);
                Touch::Ask
            }
        }
    }

    /// Whether there is room for a question that is not open yet; else which limit is reached, and whether the user is to be told.
    /// To be asked before anything is looked up for a question.
    pub fn room(&mut self, now: Instant) -> Result<(), (Limit, bool)> {
        self.forget(now);
        let limit = if self.waiting >= self.limits.waiting || self.open.len() >= self.limits.open {
            Limit::Queue
        } else if self.raised.len() >= self.limits.per_minute {
            Limit::PerMinute(self.limits.per_minute)
        } else {
            return Ok(());
        };
        Err((limit, self.say(now)))
    }

    /// The question about `object` is answered: everybody who waited for it, in the order in which they came.
    pub fn finish(&mut self, object: &K) -> Vec<W> {
        let waiters = self.open.remove(object).unwrap_or_default();
        self.waiting -= waiters.len();
        waiters
    }

    /// Whether a question about `object` is open.
    pub fn is_open(&self, object: &K) -> bool {
        self.open.contains_key(object)
    }

    /// The objects with an open question.
    pub fn open(&self) -> impl Iterator<Item = &K> {
        self.open.keys()
    }

    fn refuse(&mut self, waiter: W, limit: Limit, now: Instant) -> Touch<W> {
        Touch::Refused { waiter, limit, say: self.say(now) }
    }

    fn say(&mut self, now: Instant) -> bool {
        let say = self.said.is_none_or(|said| now.saturating_duration_since(said) >= MINUTE);
        if say {
            self.said = Some(now);
        }
        say
    }

    /// Questions that are a minute old.
    fn forget(&mut self, now: Instant) {
        while self.raised.front().is_some_and(|raised| now.saturating_duration_since(*raised) >= MINUTE) {
            self.raised.pop_front();
        }
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    fn refused<W>(touch: &Touch<W>) -> Option<(Limit, bool)> {
        match touch {
            Touch::Refused { limit, say, .. } => Some((*limit, *say)),
            _ => None,
        }
    }

    #[test]
    fn later_touches_of_an_object_join_its_question_and_all_are_answered_together() {
        let now = Instant::now();
        let mut throttle = Throttle::new(ThrottleLimits::default());
        assert_eq!(throttle.touch("a", 1, now), Touch::Ask);
        assert_eq!(throttle.touch("a", 2, now), Touch::Joined);
        assert_eq!(throttle.touch("b", 3, now), Touch::Ask);
        assert_eq!(throttle.touch("a", 4, now), Touch::Joined);
        assert_eq!(throttle.finish(&"a"), [1, 2, 4]);
        assert_eq!(throttle.finish(&"a"), [0; 0]);
        assert_eq!(throttle.touch("a", 5, now), Touch::Ask, "answered, so this is another question");
        assert_eq!(throttle.open().count(), 2);
    }

    #[test]
    fn the_eleventh_question_of_a_minute_is_no_and_that_is_said_once_a_minute() {
        let start = Instant::now();
        let at = |seconds| start + Duration::from_secs(seconds);
        let mut throttle = Throttle::new(ThrottleLimits::default());
        for object in 0..10 {
            assert_eq!(throttle.touch(object, (), at(object)), Touch::Ask);
            throttle.finish(&object);
        }
        let limit = Limit::PerMinute(10);
        assert_eq!(refused(&throttle.touch(10, (), at(10))), Some((limit, true)));
        assert_eq!(refused(&throttle.touch(11, (), at(59))), Some((limit, false)));
        assert_eq!(throttle.touch(12, (), at(60)), Touch::Ask, "the first one is a minute old");
        throttle.finish(&12);
        assert_eq!(refused(&throttle.touch(13, (), at(60))), Some((limit, false)));
        assert_eq!(throttle.touch(14, (), at(61)), Touch::Ask);
        throttle.finish(&14);
        assert_eq!(refused(&throttle.touch(15, (), at(61))), Some((limit, false)));
        for object in 16..24 {
            assert_eq!(throttle.touch(object, (), at(69)), Touch::Ask);
            throttle.finish(&object);
        }
        assert_eq!(
            refused(&throttle.touch(24, (), at(70))),
            Some((limit, true)),
            "a minute after the last time"
        );
    }

    #[test]
    fn what_waits_is_bounded_in_questions_and_in_calls() {
        let now = Instant::now();
        let limits = ThrottleLimits { per_minute: 100, open: 2, waiting: 4 };
        let mut throttle = Throttle::new(limits);
        assert_eq!(throttle.touch("a", 1, now), Touch::Ask);
        assert_eq!(throttle.touch("b", 2, now), Touch::Ask);
        assert_eq!(refused(&throttle.touch("c", 3, now)), Some((Limit::Queue, true)));
        assert_eq!(throttle.room(now), Err((Limit::Queue, false)));
        assert_eq!(throttle.touch("a", 4, now), Touch::Joined);
        assert_eq!(throttle.touch("a", 5, now), Touch::Joined);
        let sixth = throttle.touch("a", 6, now);
        assert_eq!(sixth, Touch::Refused { waiter: 6, limit: Limit::Queue, say: false });
        assert_eq!(throttle.finish(&"a"), [1, 4, 5]);
        assert_eq!(throttle.room(now), Ok(()));
        assert_eq!(throttle.touch("c", 7, now), Touch::Ask);
    }

    #[test]
    fn that_there_is_no_room_is_known_before_and_said_once_for_both() {
        let now = Instant::now();
        let mut throttle = Throttle::new(ThrottleLimits { per_minute: 1, open: 9, waiting: 9 });
        assert_eq!(throttle.room(now), Ok(()));
        assert_eq!(throttle.touch("a", (), now), Touch::Ask);
        assert_eq!(throttle.room(now), Err((Limit::PerMinute(1), true)));
        assert_eq!(refused(&throttle.touch("b", (), now)), Some((Limit::PerMinute(1), false)));
        assert_eq!(throttle.room(now + MINUTE), Ok(()));
    }

    #[test]
    fn a_clock_that_seems_to_go_back_changes_nothing() {
        let now = Instant::now() + MINUTE;
        let mut throttle = Throttle::new(ThrottleLimits { per_minute: 1, open: 9, waiting: 9 });
        assert_eq!(throttle.touch("a", (), now), Touch::Ask);
        assert!(refused(&throttle.touch("b", (), now - MINUTE)).is_some());
    }
}
