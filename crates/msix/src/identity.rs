//! Package identity: the names that everything else derives from.

use crate::{Publisher, PublisherError, Version, VersionError};
use std::fmt;
use std::str::FromStr;

/// Processor architecture of a package (`ST_Architecture_v2`).
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq, Hash)]
pub enum Architecture {
    /// 32-bit Intel.
    X86,
    /// 64-bit Intel and AMD.
    X64,
    /// 32-bit ARM.
    Arm,
    /// 64-bit ARM.
    Arm64,
    /// x86 code that runs on 64-bit ARM.
    X86a64,
    /// Any; what a manifest that says nothing means.
    #[default]
    Neutral,
}

impl Architecture {
    /// The spelling of manifests and full names.
    #[must_use]
    pub fn as_str(self) -> &'static str {
        match self {
            Self::X86 => "x86",
            Self::X64 => "x64",
            Self::Arm => "arm",
            Self::Arm64 => "arm64",
            Self::X86a64 => "x86a64",
            Self::Neutral => "neutral",
        }
    }
}

impl fmt::Display for Architecture {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str(self.as_str())
    }
}

impl FromStr for Architecture {
    type Err = IdentityError;

    fn from_str(text: &str) -> Result<Self, IdentityError> {
        [Self::X86, Self::X64, Self::Arm, Self::Arm64, Self::X86a64, Self::Neutral]
            .into_iter()
            .find(|one| one.as_str() == text)
            .ok_or_else(|| IdentityError::Architecture(text.chars().take(64).collect()))
    }
}

/// What is wrong with an identity, and what to write instead.
#[derive(Clone, Debug, PartialEq, Eq, thiserror::Error)]
pub enum IdentityError {
    /// The name has other characters, another length or a form that Windows refuses.
    #[error("package name {0:?} {1}; use 3 to 50 letters, digits, dots and dashes, like Contoso.Editor")]
    Name(String, &'static str),
    /// The same for the resource id.
    #[error("resource id {0:?} {1}; use up to 30 letters, digits, dots and dashes, or leave it out")]
    ResourceId(String, &'static str),
    /// The publisher is not an X.500 name.
    #[error(transparent)]
    Publisher(#[from] PublisherError),
    /// The version is not four numbers.
    #[error(transparent)]
    Version(#[from] VersionError),
    /// No architecture of that name.
    #[error("processor architecture {0:?} is unknown; use x86, x64, arm, arm64, x86a64 or neutral")]
    Architecture(String),
}

/// A valid package identity. Can't be built with parts that break the manifest schema, so the names made
/// from it hold only ASCII letters, digits, `.`, `-` and `_` and are safe as file names.
#[derive(Clone, Debug, PartialEq, Eq, Hash)]
pub struct Identity {
    name: String,
    publisher: Publisher,
    version: Version,
    architecture: Architecture,
    resource_id: Option<String>,
}

impl Identity {
    /// An identity from its parts. An empty resource id is none.
    ///
    /// # Errors
    /// When the name or the resource id breaks the rules of the manifest schema or of Windows' naming.
    pub fn new(
        name: &str,
        publisher: Publisher,
        version: Version,
        architecture: Architecture,
        resource_id: Option<&str>,
    ) -> Result<Self, IdentityError> {
        let clipped = |text: &str| text.chars().take(64).collect::<String>();
        if !(3..=50).contains(&name.len()) {
            return Err(IdentityError::Name(clipped(name), "has not 3 to 50 characters"));
        }
        identifier(name).map_err(|what| IdentityError::Name(clipped(name), what))?;
        let resource_id = resource_id.filter(|id| !id.is_empty());
        if let Some(id) = resource_id {
            if id.len() > 30 {
                return Err(IdentityError::ResourceId(clipped(id), "has more than 30 characters"));
            }
            identifier(id).map_err(|what| IdentityError::ResourceId(clipped(id), what))?;
        }
        Ok(Self {
            name: name.to_owned(),
            publisher,
            version,
            architecture,
            resource_id: resource_id.map(str::to_owned),
        })
    }

    /// `Name`, as spelled in the manifest.
    #[must_use]
    pub fn name(&self) -> &str {
        &self.name
    }

    /// `Publisher`.
    #[must_use]
    pub fn publisher(&self) -> &Publisher {
        &self.publisher
    }

    /// `Version`.
    #[must_use]
    pub fn version(&self) -> Version {
        self.version
    }

    /// `ProcessorArchitecture`.
    #[must_use]
    pub fn architecture(&self) -> Architecture {
        self.architecture
    }

    /// `ResourceId`, if there is one.
    #[must_use]
    pub fn resource_id(&self) -> Option<&str> {
        self.resource_id.as_deref()
    }

    /// The package family name, `Name_publisherid`: the same for all versions and architectures. It is the
    /// moniker that the package SID derives from (lower-cased there).
    #[must_use]
    pub fn family_name(&self) -> String {
        format!("{}_{}", self.name, self.publisher.id())
    }

    /// The package full name, `Name_Version_Architecture_ResourceId_publisherid`; without a resource id two
    /// underscores follow each other.
    #[must_use]
    pub fn full_name(&self) -> String {
        let resource_id = self.resource_id().unwrap_or_default();
        let Self { name, version, architecture, publisher, .. } = self;
        format!("{name}_{version}_{architecture}_{resource_id}_{}", publisher.id())
    }

    /// The application user model id of one of the package's applications: `family!ApplicationId`.
    #[must_use]
    pub fn aumid(&self, application_id: &str) -> String {
        format!("{}!{application_id}", self.family_name())
    }
}

/// Rules that a name and a resource id share: characters of `ST_AsciiIdentifier`, and the strings that
/// Windows prohibits because they would be device or punycode names.
fn identifier(text: &str) -> Result<(), &'static str> {
    if !text.bytes().all(|b| b.is_ascii_alphanumeric() || b == b'.' || b == b'-') {
        return Err("holds a character other than A-Z a-z 0-9 . -");
    }
    if text.ends_with('.') {
        return Err("ends with a dot");
    }
    let lower = text.to_ascii_lowercase();
    let first = lower.split('.').next().unwrap_or_default();
    let port =
        |prefix: &str| first.strip_prefix(prefix).is_some_and(|n| matches!(n.as_bytes(), [b'1'..=b'9']));
    if matches!(first, "con" | "prn" | "aux" | "nul") || port("com") || port("lpt") {
        return Err("is or starts with the name of a DOS device");
    }
    if lower.starts_with("xn--") || lower.contains(".xn--") {
        return Err("holds a punycode part (xn--)");
    }
    Ok(())
}
