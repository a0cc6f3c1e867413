//! What the access check said.

use std::fmt;

use lowbox_security::AccessMask;
use serde::{Deserialize, Serialize};

/// A denial by the access check.
#[derive(Clone, Copy, Debug, PartialEq, Eq, PartialOrd, Ord, Hash, Serialize, Deserialize)]
pub struct Denial {
    /// The rights that the operation needs; of an object that has a security descriptor.
    pub desired: AccessMask,
    /// Those of them that were not granted.
    pub missing: AccessMask,
    /// The rights are those on the folder that holds the object.
    #[serde(default, skip_serializing_if = "std::ops::Not::not")]
    pub on_parent: bool,
    /// Why.
    pub why: Why,
}

/// Why something was denied.
#[derive(Clone, Copy, Debug, PartialEq, Eq, PartialOrd, Ord, Hash, Serialize, Deserialize)]
#[serde(rename_all = "kebab-case")]
pub enum Why {
    /// No entry names the object, or a folder above it with rights that reach this far: it does not exist for the program.
    NoEntry,
    /// An entry names it, and gives this token too little.
    NotAllowed,
    /// An entry denies it.
    Denied,
    /// Its label is above the program's integrity level.
    Label,
    /// No object stands for it: nothing can grant it.
    NoObject,
}

impl Why {
    /// As in tables.
    pub fn name(self) -> &'static str {
        match self {
            Why::NoEntry => "no-entry",
            Why::NotAllowed => "not-allowed",
            Why::Denied => "denied",
            Why::Label => "label",
            Why::NoObject => "no-object",
        }
    }
}

/// In a sentence's part, for people.
impl fmt::Display for Why {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str(match self {
            Why::NoEntry => "nothing that the program is granted names it",
            Why::NotAllowed => "it has an entry, but not for this program's capabilities",
            Why::Denied => "an entry denies it",
            Why::Label => "its integrity label is above the program's",
            Why::NoObject => "no object of the catalogue stands for it",
        })
    }
}
