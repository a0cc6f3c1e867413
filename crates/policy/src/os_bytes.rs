//! Serde of paths and other strings of the system as the bytes that they are: serde's own form refuses what is not UTF-8.
//! For fields: `#[serde(with = "os_bytes")]`, `os_bytes::list`, `os_bytes::pairs`.

use std::ffi::{OsStr, OsString};
use std::os::unix::ffi::{OsStrExt, OsStringExt};

use serde::de::Visitor;
use serde::{Deserialize, Deserializer, Serialize, Serializer};

/// Writes one string or path.
///
/// # Errors
/// What the format reports.
pub fn serialize<S: Serializer>(value: &impl AsRef<OsStr>, serializer: S) -> Result<S::Ok, S::Error> {
    serializer.serialize_bytes(value.as_ref().as_bytes())
}

/// Reads one string or path.
///
/// # Errors
/// What the format reports.
pub fn deserialize<'de, T: From<OsString>, D: Deserializer<'de>>(deserializer: D) -> Result<T, D::Error> {
    Ok(Owned::deserialize(deserializer)?.0.into())
}

struct Borrowed<'a>(&'a OsStr);

impl Serialize for Borrowed<'_> {
    fn serialize<S: Serializer>(&self, serializer: S) -> Result<S::Ok, S::Error> {
        serialize(&self.0, serializer)
    }
}

struct Owned(OsString);

impl<'de> Deserialize<'de> for Owned {
    fn deserialize<D: Deserializer<'de>>(deserializer: D) -> Result<Self, D::Error> {
        struct Bytes;
        impl Visitor<'_> for Bytes {
            type Value = Owned;
            fn expecting(&self, f: &mut std::fmt::Formatter<'_>) -> std::fmt::Result {
                f.write_str("bytes")
            }
            fn visit_bytes<E>(self, bytes: &[u8]) -> Result<Owned, E> {
                Ok(Owned(OsString::from_vec(bytes.to_vec())))
            }
        }
        deserializer.deserialize_bytes(Bytes)
    }
}

/// Lists of strings or paths.
pub mod list {
    use super::{Borrowed, Owned};
    use serde::{Deserialize, Deserializer, Serializer};
    use std::ffi::{OsStr, OsString};

    /// Writes a list.
    ///
    /// # Errors
    /// What the format reports.
    pub fn serialize<T: AsRef<OsStr>, S: Serializer>(values: &[T], serializer: S) -> Result<S::Ok, S::Error> {
        serializer.collect_seq(values.iter().map(|value| Borrowed(value.as_ref())))
    }

    /// Reads a list.
    ///
    /// # Errors
    /// What the format reports.
    pub fn deserialize<'de, T: From<OsString>, D: Deserializer<'de>>(
        deserializer: D,
    ) -> Result<Vec<T>, D::Error> {
        Ok(Vec::<Owned>::deserialize(deserializer)?.into_iter().map(|value| value.0.into()).collect())
    }
}

/// Lists of two strings or paths each.
pub mod pairs {
    use super::{Borrowed, Owned};
    use serde::{Deserialize, Deserializer, Serializer};
    use std::ffi::{OsStr, OsString};

    /// Writes a list of pairs.
    ///
    /// # Errors
    /// What the format reports.
    pub fn serialize<T: AsRef<OsStr>, S: Serializer>(
        values: &[(T, T)],
        serializer: S,
    ) -> Result<S::Ok, S::Error> {
        serializer
            .collect_seq(values.iter().map(|(one, two)| (Borrowed(one.as_ref()), Borrowed(two.as_ref()))))
    }

    /// Reads a list of pairs.
    ///
    /// # Errors
    /// What the format reports.
    pub fn deserialize<'de, T: From<OsString>, D: Deserializer<'de>>(
        deserializer: D,
    ) -> Result<Vec<(T, T)>, D::Error> {
        let pairs = Vec::<(Owned, Owned)>::deserialize(deserializer)?;
        Ok(pairs.into_iter().map(|(one, two)| (one.0.into(), two.0.into())).collect())
    }
}
