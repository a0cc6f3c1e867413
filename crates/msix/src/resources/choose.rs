//! Which of several candidates a user gets: one that fits in what weighs most, before one that is for nothing in particular, before one that is
//! the author's default, before one that does not fit at all.

use std::cmp::Ordering;

use super::Candidate;
use super::decisions::{Kind, Qualifier};
use crate::qualifiers::fit;

/// What is wanted.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Wanted {
    /// Tags of languages, the preferred one first.
    pub languages: Vec<String>,
    /// The scale of the screen, in per cent.
    pub scale: u16,
    /// The size of a picture in pixels, where one of a size is wanted.
    pub target_size: Option<u16>,
}

/// The scale of what is for none.
const PLAIN_SCALE: u16 = 100;

/// How well a candidate does in one respect. The order is the order of merit.
#[derive(Clone, Copy, PartialEq, Eq, PartialOrd, Ord)]
enum Merit {
    Unfit,
    /// The author's default.
    Fallback(u16),
    /// It says nothing.
    Plain,
    Fits(i32),
}

pub(super) fn best<'a>(
    candidates: impl Iterator<Item = &'a Candidate>,
    wanted: &Wanted,
) -> Option<&'a Candidate> {
    let mut best: Option<&Candidate> = None;
    for one in candidates {
        // Of equal ones the first.
        if best.is_none_or(|other| compare(one, other, wanted) == Ordering::Greater) {
            best = Some(one);
        }
    }
    best
}

fn compare(one: &Candidate, other: &Candidate, wanted: &Wanted) -> Ordering {
    let unfit = |candidate: &Candidate| {
        let all = candidate.qualifiers.iter();
        all.filter(|one| merit(one, wanted) == Merit::Unfit).count()
    };
    let fewer = unfit(other).cmp(&unfit(one));
    let mut kinds: Vec<(u16, Kind)> = Vec::new();
    for qualifier in one.qualifiers.iter().chain(&other.qualifiers) {
        if !kinds.iter().any(|(_, kind)| *kind == qualifier.kind) {
            kinds.push((qualifier.priority, qualifier.kind));
        }
    }
    kinds.sort_by_key(|(priority, _)| std::cmp::Reverse(*priority));
    kinds.into_iter().fold(fewer, |order, (_, kind)| {
        order.then_with(|| in_respect(one, kind, wanted).cmp(&in_respect(other, kind, wanted)))
    })
}

fn in_respect(candidate: &Candidate, kind: Kind, wanted: &Wanted) -> Merit {
    match candidate.qualifiers.iter().find(|one| one.kind == kind) {
        Some(qualifier) => merit(qualifier, wanted),
        None if kind == Kind::Scale => Merit::Fits(nearness(PLAIN_SCALE, wanted.scale)),
        None => Merit::Plain,
    }
}

fn merit(qualifier: &Qualifier, wanted: &Wanted) -> Merit {
    let value = qualifier.value.as_str();
    let number = || value.parse::<u16>().ok();
    let is = |other: &str| value.eq_ignore_ascii_case(other).then_some(0);
    let fits = match qualifier.kind {
        Kind::Language => language(value, wanted),
        Kind::Scale => number().map(|scale| nearness(scale, wanted.scale)),
        Kind::TargetSize => number().zip(wanted.target_size).map(|(size, wanted)| nearness(size, wanted)),
        Kind::Contrast => is("standard"),
        Kind::LayoutDirection => is("LTR"),
        Kind::Theme => is("light"),
        Kind::HomeRegion | Kind::AlternateForm | Kind::Other => None,
    };
    match fits {
        Some(how_well) => Merit::Fits(how_well),
        None if qualifier.fallback > 0 => Merit::Fallback(qualifier.fallback),
        None => Merit::Unfit,
    }
}

/// What the user prefers weighs more than how exactly it fits.
fn language(tag: &str, wanted: &Wanted) -> Option<i32> {
    let place = wanted.languages.iter().position(|one| fit(tag, one) > 0)?;
    let how_well = fit(tag, &wanted.languages[place]);
    Some(i32::from(how_well) - 4 * i32::try_from(place).unwrap_or(i32::MAX / 8))
}

/// The smallest that is enough is the best, and of those that are not, the largest.
fn nearness(size: u16, wanted: u16) -> i32 {
    if size >= wanted { 100_000 - i32::from(size - wanted) } else { i32::from(size) }
}
