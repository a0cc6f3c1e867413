//! How far a search through a folder goes: who fills the folder decides how long it takes.

use std::time::{Duration, Instant};

/// So many names are looked at, at most.
const NAMES: usize = 500_000;

/// Names that are looked at between two looks at the clock.
const BETWEEN: usize = 64;

/// What is left of a search.
#[derive(Clone, Debug)]
pub(crate) struct Bounds {
    names: usize,
    until: Option<Instant>,
}

impl Bounds {
    /// At a start, which the user waits for and can interrupt.
    pub(crate) fn at_launch() -> Bounds {
        Bounds { names: NAMES, until: None }
    }

    /// While a program runs that waits for it.
    pub(crate) fn within(time: Duration) -> Bounds {
        Bounds { names: NAMES, until: Some(Instant::now() + time) }
    }

    /// Counts a name; `false` if the search has to end.
    pub(crate) fn count(&mut self) -> bool {
        let Some(left) = self.names.checked_sub(1) else { return false };
        self.names = left;
        left % BETWEEN != 0 || self.until.is_none_or(|until| Instant::now() < until)
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_search_ends_by_its_time_and_by_its_names() {
        let mut late = Bounds::within(Duration::ZERO);
        assert!((0..BETWEEN).any(|_| !late.count()));
        let mut many = Bounds::at_launch();
        assert_eq!((0..=NAMES).filter(|_| many.count()).count(), NAMES);
    }
}
