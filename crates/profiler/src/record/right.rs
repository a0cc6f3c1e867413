//! What was to be done with an object.

use std::fmt;

use lowbox_policy::Operation;
use serde::de::{Error, Unexpected, Visitor};
use serde::{Deserialize, Deserializer, Serialize, Serializer};

/// An operation. Its name, in record files and tables, is that of policy's [`Operation`], or `accept`, `listen`, `resolve` or
/// `use`.
#[derive(Clone, Copy, Debug, PartialEq, Eq, PartialOrd, Ord, Hash)]
pub enum Right {
    /// What is done with files and devices, and connecting to unix sockets and network peers ([`Operation::Connect`]).
    Do(Operation),
    /// Being connected to by a network peer.
    Accept,
    /// Listening at an address.
    Listen,
    /// Having a host's name resolved.
    Resolve,
    /// Using what has no finer rights: a bus name, a display, anything else.
    Use,
}

impl Right {
    /// Its name.
    pub fn name(self) -> &'static str {
        match self {
            Right::Do(operation) => operation.keyword(),
            Right::Accept => "accept",
            Right::Listen => "listen",
            Right::Resolve => "resolve",
            Right::Use => "use",
        }
    }

    /// The right of that name.
    pub fn from_name(name: &str) -> Option<Right> {
        Some(match name {
            "accept" => Right::Accept,
            "listen" => Right::Listen,
            "resolve" => Right::Resolve,
            "use" => Right::Use,
            name => Right::Do(Operation::from_keyword(name)?),
        })
    }

    /// As people call it ("reading").
    pub fn words(self) -> &'static str {
        match self {
            Right::Do(operation) => operation.name(),
            Right::Accept => "accepting connections",
            Right::Listen => "listening",
            Right::Resolve => "resolving the name",
            Right::Use => "using",
        }
    }
}

impl fmt::Display for Right {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str(self.name())
    }
}

impl Serialize for Right {
    fn serialize<S: Serializer>(&self, serializer: S) -> Result<S::Ok, S::Error> {
        serializer.serialize_str(self.name())
    }
}

impl<'de> Deserialize<'de> for Right {
    fn deserialize<D: Deserializer<'de>>(deserializer: D) -> Result<Right, D::Error> {
        struct Name;
        impl Visitor<'_> for Name {
            type Value = Right;
            fn expecting(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
                f.write_str("the name of an operation")
            }
            fn visit_str<E: Error>(self, name: &str) -> Result<Right, E> {
                Right::from_name(name).ok_or_else(|| E::invalid_value(Unexpected::Str(name), &self))
            }
        }
        deserializer.deserialize_str(Name)
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn every_right_is_found_by_its_name() {
        let all = Operation::ALL.map(Right::Do);
        for right in all.into_iter().chain([Right::Accept, Right::Listen, Right::Resolve, Right::Use]) {
            assert_eq!(Right::from_name(right.name()), Some(right));
        }
        assert_eq!(Right::from_name("Read"), None);
    }
}
