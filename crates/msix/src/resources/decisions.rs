//! Decisions: for each set of candidates, what each of them is for.

use super::error::ResourcesError;
use super::fields::{Fields, wide_text};
use super::file::Section;

const DECISIONS: &[u8; 16] = b"[mrm_decn_info]\0";
/// Longest value of a qualifier, in UTF-16 units.
const MAX_VALUE: usize = 256;

/// What a qualifier is about.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Hash)]
pub enum Kind {
    /// A language's tag.
    Language,
    /// High contrast.
    Contrast,
    /// The scale of the screen, in per cent.
    Scale,
    /// A region.
    HomeRegion,
    /// The size of a picture, in pixels.
    TargetSize,
    /// Left to right, or the other way.
    LayoutDirection,
    /// Light or dark.
    Theme,
    /// Pictures without a plate and the like.
    AlternateForm,
    /// Another one, which nothing here fits.
    Other,
}

impl Kind {
    fn of(number: u16) -> Option<Kind> {
        Some(match number {
            0 => Kind::Language,
            1 => Kind::Contrast,
            2 => Kind::Scale,
            3 => Kind::HomeRegion,
            4 => Kind::TargetSize,
            5 => Kind::LayoutDirection,
            6 => Kind::Theme,
            7 => Kind::AlternateForm,
            8..=11 => Kind::Other,
            _ => return None,
        })
    }
}

/// What a candidate is for.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Qualifier {
    /// About what.
    pub kind: Kind,
    /// Which.
    pub value: String,
    /// What weighs more, has a higher one.
    pub priority: u16,
    /// How well it serves where it does not fit: from 0 (not at all) to 1000.
    pub fallback: u16,
}

/// The decisions of a file.
pub(super) struct Decisions {
    /// Places in `index` of sets, for each decision.
    decisions: Vec<(u16, u16)>,
    sets: Vec<(u16, u16)>,
    qualifiers: Vec<Qualifier>,
    index: Vec<u16>,
}

impl Decisions {
    pub(super) fn read(section: Section<'_>) -> Result<Decisions, ResourcesError> {
        if section.kind != DECISIONS {
            return Err(ResourcesError::Wrong("its map names a section as its decisions that holds none"));
        }
        let mut fields = Fields::new(section.data, "its decisions");
        let [distinct, qualifiers, sets, decisions, index, values] = fields.u16s()?.map(usize::from);
        let pairs = |table: Vec<Fields<'_>>| {
            let pair = |mut one: Fields<'_>| Ok((one.u16()?, one.u16()?));
            table.into_iter().map(pair).collect::<Result<Vec<_>, ResourcesError>>()
        };
        let decisions = pairs(fields.table(decisions, 4)?)?;
        let sets = pairs(fields.table(sets, 4)?)?;
        let qualifiers = fields.table(qualifiers, 8)?;
        let distinct = fields.table(distinct, 12)?;
        let index = fields.table(index, 2)?.into_iter().map(|mut one| one.u16());
        let index = index.collect::<Result<Vec<_>, _>>()?;
        let values = fields.bytes(values * 2)?;
        let distinct =
            distinct.into_iter().map(|one| read_distinct(one, values)).collect::<Result<Vec<_>, _>>()?;
        let qualifier = |mut one: Fields<'_>| {
            let (at, priority, fallback) = (one.u16()?, one.u16()?, one.u16()?);
            let (kind, value) = distinct
                .get(usize::from(at))
                .ok_or(ResourcesError::Wrong("a qualifier in it is none of its qualifiers"))?;
            Ok(Qualifier { kind: *kind, value: value.clone(), priority, fallback })
        };
        let qualifiers = qualifiers.into_iter().map(qualifier).collect::<Result<_, ResourcesError>>()?;
        Ok(Decisions { decisions, sets, qualifiers, index })
    }

    /// How many candidates a decision is about.
    pub(super) fn count(&self, decision: u16) -> Result<usize, ResourcesError> {
        Ok(self.sets_of(decision)?.len())
    }

    fn sets_of(&self, decision: u16) -> Result<&[u16], ResourcesError> {
        let unknown = ResourcesError::Wrong("it names a decision that it has not");
        let &(first, count) = self.decisions.get(usize::from(decision)).ok_or(unknown)?;
        self.indexed(first, count)
    }

    fn indexed(&self, first: u16, count: u16) -> Result<&[u16], ResourcesError> {
        let (first, count) = (usize::from(first), usize::from(count));
        self.index
            .get(first..first + count)
            .ok_or(ResourcesError::Wrong("a set of qualifiers lies outside of the table of sets"))
    }

    /// What the candidate of that number is for.
    pub(super) fn qualifiers(
        &self,
        decision: u16,
        candidate: usize,
    ) -> Result<Vec<Qualifier>, ResourcesError> {
        let unknown = ResourcesError::Wrong("it names a set of qualifiers that it has not");
        let set = *self.sets_of(decision)?.get(candidate).ok_or(unknown.clone())?;
        let &(first, count) = self.sets.get(usize::from(set)).ok_or(unknown.clone())?;
        if count > 16 {
            return Err(ResourcesError::TooMuch("a candidate with more than 16 qualifiers"));
        }
        let one = |&at: &u16| self.qualifiers.get(usize::from(at)).cloned().ok_or(unknown.clone());
        self.indexed(first, count)?.iter().map(one).collect()
    }
}

fn read_distinct(mut fields: Fields<'_>, values: &[u8]) -> Result<(Kind, String), ResourcesError> {
    let wrong = ResourcesError::Wrong("a qualifier in it has no value, or is of a kind that is not known");
    let [_one, kind, _two, _three] = fields.u16s()?;
    let at = (fields.u32()? as usize).checked_mul(2).ok_or(wrong.clone())?;
    let kind = Kind::of(kind).ok_or(wrong.clone())?;
    let from = values.get(at..).ok_or(wrong.clone())?;
    let units = from.as_chunks::<2>().0;
    let end = units.iter().take(MAX_VALUE).position(|unit| *unit == [0, 0]).ok_or(wrong.clone())?;
    Ok((kind, wide_text(&from[..end * 2 + 2]).ok_or(wrong)?))
}
