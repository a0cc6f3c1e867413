//! The trace of an access check: which ACE, label, owner's right or privilege decided which bits.

use std::fmt;

use serde::Serialize;

use crate::mask::AccessMask;
use crate::token::Privilege;

/// One step of an access check. Every bit that a check decides is in the `bits` of the step that decided it.
#[derive(Clone, Debug, PartialEq, Eq, Serialize)]
pub struct TraceStep {
    /// What decided.
    pub source: TraceSource,
    /// For which half of the check.
    pub side: Side,
    /// How.
    pub effect: Effect,
    /// Which bits. For [`Effect::Ignored`] those that the entry would have decided.
    pub bits: AccessMask,
    /// NT would not have taken these bits away: only this project's stricter deny rule does.
    pub stricter_than_nt: bool,
    /// The step in words.
    pub sentence: String,
}

/// What decided a step.
#[derive(Clone, Debug, PartialEq, Eq, Serialize)]
#[serde(rename_all = "snake_case")]
pub enum TraceSource {
    /// An entry of the DACL.
    Ace {
        /// Position in the DACL, from 0.
        index: usize,
        /// The entry in SDDL.
        sddl: String,
    },
    /// An entry of the SACL: a label, a trust label, an access filter or a scoped policy.
    Sacl {
        /// Position in the SACL, from 0.
        index: usize,
        /// The entry in SDDL.
        sddl: String,
    },
    /// The label of objects that have none: Medium, no write up.
    DefaultLabel,
    /// The descriptor has no DACL, or a NULL one.
    NoDacl,
    /// The owner's implicit READ_CONTROL and WRITE_DAC.
    Owner,
    /// A privilege of the token.
    Privilege(Privilege),
    /// The host's own check stands for the user half.
    Host,
    /// Rights on the folder that holds the object.
    Parent,
    /// No entry decided these bits.
    Nothing,
}

/// A half of the check.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Serialize)]
#[serde(rename_all = "snake_case")]
pub enum Side {
    /// The user's rights.
    User,
    /// The AppContainer's rights.
    Lowbox,
    /// Both halves.
    Both,
    /// The mandatory label and its relatives in the SACL.
    Label,
}

/// What a step did with its bits.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Serialize)]
#[serde(rename_all = "snake_case")]
pub enum Effect {
    /// Granted them.
    Granted,
    /// Took them away.
    Denied,
    /// The entry was for this token but doesn't apply, such as a conditional allow whose condition can't be told.
    Ignored,
}

impl fmt::Display for TraceStep {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str(&self.sentence)?;
        if self.stricter_than_nt { f.write_str(" (stricter than NT)") } else { Ok(()) }
    }
}
