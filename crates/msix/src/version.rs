//! Package versions: four numbers of 16 bits.

use std::fmt;
use std::str::FromStr;

/// A package version, `Major.Minor.Build.Revision`, each 0–65535 (`ST_VersionQuad` of the manifest schema).
/// Ordered by its parts, the first one weighing most.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq, PartialOrd, Ord, Hash)]
pub struct Version(pub [u16; 4]);

/// The text is no version.
#[derive(Clone, Debug, PartialEq, Eq, thiserror::Error)]
#[error("version {text:?} {what}; write four numbers from 0 to 65535 without leading zeros, like 1.0.0.0")]
pub struct VersionError {
    text: String,
    what: &'static str,
}

impl FromStr for Version {
    type Err = VersionError;

    fn from_str(text: &str) -> Result<Self, VersionError> {
        let error = |what| VersionError { text: text.chars().take(64).collect(), what };
        let mut parts = [0u16; 4];
        let mut pieces = text.split('.');
        for part in &mut parts {
            let piece = pieces.next().ok_or_else(|| error("has fewer than four parts"))?;
            if piece.is_empty() || !piece.bytes().all(|b| b.is_ascii_digit()) {
                return Err(error("has a part that is not a number"));
            }
            if piece.len() > 1 && piece.starts_with('0') {
                return Err(error("has a leading zero"));
            }
            *part = piece.parse().map_err(|_| error("has a part above 65535"))?;
        }
        if pieces.next().is_some() {
            return Err(error("has more than four parts"));
        }
        Ok(Self(parts))
    }
}

impl fmt::Display for Version {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        let [a, b, c, d] = self.0;
        write!(f, "{a}.{b}.{c}.{d}")
    }
}
