//! Integrity levels: the mandatory labels S-1-16-RID.

use std::fmt;
use std::str::FromStr;

use serde::{Deserialize, Serialize};

use crate::sid::Sid;

/// How far a token is trusted. Ordered: a token may write to what is not above it.
#[derive(Clone, Copy, PartialEq, Eq, PartialOrd, Ord, Hash, Debug, Serialize, Deserialize)]
#[serde(rename_all = "kebab-case")]
#[allow(missing_docs)]
pub enum Integrity {
    Untrusted,
    Low,
    Medium,
    MediumPlus,
    High,
    System,
}

/// The text names no integrity level.
#[derive(Debug, Clone, PartialEq, Eq, thiserror::Error)]
#[error("`{0}` is no integrity level: use untrusted, low, medium, medium-plus, high or system")]
pub struct IntegrityError(String);

impl Integrity {
    const ALL: [(Integrity, &'static str, u32); 6] = [
        (Integrity::Untrusted, "untrusted", 0),
        (Integrity::Low, "low", 4096),
        (Integrity::Medium, "medium", 8192),
        (Integrity::MediumPlus, "medium-plus", 8448),
        (Integrity::High, "high", 12288),
        (Integrity::System, "system", 16384),
    ];

    /// The level of a label's RID: the highest level that is not above it, for RIDs between two levels.
    pub fn from_rid(rid: u32) -> Integrity {
        Self::ALL
            .iter()
            .rev()
            .find(|(_, _, level)| *level <= rid)
            .map_or(Integrity::Untrusted, |(l, _, _)| *l)
    }

    /// The RID of the level's label.
    pub fn rid(self) -> u32 {
        Self::ALL.iter().find(|(level, _, _)| *level == self).map_or(0, |(_, _, rid)| *rid)
    }

    /// The label SID, S-1-16-RID.
    pub fn sid(self) -> Sid {
        Sid::known(16, &[self.rid()])
    }
}

impl fmt::Display for Integrity {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str(Self::ALL.iter().find(|(level, _, _)| level == self).map_or("", |(_, name, _)| name))
    }
}

impl FromStr for Integrity {
    type Err = IntegrityError;

    fn from_str(text: &str) -> Result<Integrity, IntegrityError> {
        let wanted = text.replace(['_', ' '], "-").to_ascii_lowercase();
        Self::ALL
            .iter()
            .find(|(_, name, _)| *name == wanted)
            .map(|(level, _, _)| *level)
            .ok_or_else(|| IntegrityError(text.chars().take(80).collect()))
    }
}
