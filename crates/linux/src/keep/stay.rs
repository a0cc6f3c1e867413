//! For how long a container stays, and for whom.

use std::time::{Duration, Instant};

/// Until when it takes new programs, in times for which it is kept. Then the next start makes another one, so nothing that a program left
/// behind outlives its time for longer, whatever it does to the programs that come after it.
const MOST_TIMES: u32 = 10;
/// At most.
const MOST_AGE: Duration = Duration::from_secs(24 * 60 * 60);

/// How long a container stays.
pub(super) struct Stay {
    keep: Duration,
    born: Instant,
    /// Since when no program runs.
    idle: Instant,
    /// Something in it ended a program of another caller's, or what starts programs: who comes next gets another one.
    is_spoiled: bool,
    /// Nothing can be started in it any more.
    is_shut: bool,
}

impl Stay {
    pub(super) fn new(keep: Duration, now: Instant) -> Stay {
        Stay { keep, born: now, idle: now, is_spoiled: false, is_shut: false }
    }

    /// Another one asks for so long.
    pub(super) fn for_another(&mut self, keep: Duration) {
        self.keep = keep;
    }

    /// A program has ended.
    pub(super) fn rests(&mut self, now: Instant) {
        self.idle = now;
    }

    pub(super) fn spoil(&mut self) {
        self.is_spoiled = true;
    }

    pub(super) fn shut(&mut self) {
        self.is_shut = true;
    }

    pub(super) fn is_shut(&self) -> bool {
        self.is_shut
    }

    /// Whether it stays for nobody who does not run something in it already.
    pub(super) fn is_spent(&self, now: Instant) -> bool {
        let most = (self.keep * MOST_TIMES).min(MOST_AGE);
        self.is_spoiled || self.is_shut || now >= self.born + most
    }

    /// When it is over if nothing is started in it before.
    pub(super) fn over(&self, now: Instant) -> Instant {
        if self.is_spoiled || self.is_shut { now } else { self.idle + self.keep }
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_container_is_over_when_nothing_ran_for_its_time_and_takes_nobody_after_ten_times_that() {
        let (begin, minute) = (Instant::now(), Duration::from_secs(60));
        let mut stay = Stay::new(minute, begin);
        assert_eq!(stay.over(begin), begin + minute);
        stay.rests(begin + 9 * minute);
        assert_eq!(stay.over(begin + 9 * minute), begin + 10 * minute);
        assert!(!stay.is_spent(begin + 9 * minute) && stay.is_spent(begin + 10 * minute));
        stay.for_another(MOST_AGE);
        assert!(!stay.is_spent(begin + 10 * minute) && stay.is_spent(begin + MOST_AGE), "a day at most");
    }

    #[test]
    fn one_in_which_something_ends_what_others_run_is_over_at_once() {
        for spoil in [Stay::spoil, Stay::shut] {
            let now = Instant::now();
            let mut stay = Stay::new(Duration::from_secs(60), now);
            spoil(&mut stay);
            assert!(stay.is_spent(now) && stay.over(now) <= now);
        }
    }
}
