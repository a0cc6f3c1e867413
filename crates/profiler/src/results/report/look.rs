//! Colours.

use crate::attribute::CoveredBy;

/// The CSS class of what covers an access.
pub fn class_of(by: CoveredBy) -> &'static str {
    const CLASSES: [&str; 8] = ["c0", "c1", "c2", "c3", "c4", "c5", "c6", "c7"];
    match by {
        CoveredBy::Capability(at) | CoveredBy::Both(at, _) => CLASSES[at % CLASSES.len()],
        CoveredBy::Grant(_) | CoveredBy::Already => "grant",
        CoveredBy::Nothing(_) => "none",
    }
}
