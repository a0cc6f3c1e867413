//! Namespaces of manifests, told apart by URI; prefixes are free.

/// The common beginning of all namespaces of manifest schemas since Windows 10.
pub const MANIFEST: &str = "http://schemas.microsoft.com/appx/manifest/";
/// The namespace of `Package` and its plain children.
pub const FOUNDATION: &str = "http://schemas.microsoft.com/appx/manifest/foundation/windows10";
/// The Windows 8 namespace.
pub const WINDOWS_8: &str = "http://schemas.microsoft.com/appx/2010/manifest";
/// What Windows 8.1 added to it.
pub const WINDOWS_8_1: &str = "http://schemas.microsoft.com/appx/2013/manifest";
/// What its update added.
pub const WINDOWS_8_1_UPDATE: &str = "http://schemas.microsoft.com/appx/2014/manifest";
/// Home of `PhoneIdentity`.
pub const PHONE: &str = "http://schemas.microsoft.com/appx/2014/phone/manifest";

/// lowbox's own extension: allowed hosts and loopback exemptions. It has to be ignorable.
pub const LOWBOX_NETWORK: &str = "urn:lowbox:manifest:network";

/// A namespace as far as this reader tells it from others.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Namespace {
    /// None: unprefixed attributes.
    None,
    /// [`FOUNDATION`].
    Foundation,
    /// `uap`, `uap2`, …: the number is the version, 1 for the first.
    Uap(u8),
    /// `previewsecurity`, `previewsecurity2`: the first forms of Win32 app isolation.
    PreviewSecurity(u8),
    /// `desktop`, `desktop2`, …
    Desktop(u8),
    /// Another namespace of Microsoft's manifest schemas.
    OtherManifest,
    /// [`PHONE`].
    Phone,
    /// [`LOWBOX_NETWORK`].
    LowboxNetwork,
    /// Anything else.
    Foreign,
}

impl Namespace {
    /// Tells which one a URI names. Comparison is exact: namespace names are not normalised.
    pub fn of(uri: Option<&str>) -> Self {
        let Some(uri) = uri else { return Self::None };
        if uri == FOUNDATION {
            return Self::Foundation;
        }
        if uri == PHONE {
            return Self::Phone;
        }
        if uri == LOWBOX_NETWORK {
            return Self::LowboxNetwork;
        }
        let Some(path) = uri.strip_prefix(MANIFEST) else { return Self::Foreign };
        let versioned = |family: &str| match path.strip_prefix(family)? {
            "" => Some(1),
            rest => rest.strip_prefix('/')?.parse::<u8>().ok().filter(|n| *n >= 2),
        };
        if let Some(n) = versioned("uap/windows10") {
            Self::Uap(n)
        } else if let Some(n) = versioned("preview/windows10/security") {
            Self::PreviewSecurity(n)
        } else if let Some(n) = versioned("desktop/windows10") {
            Self::Desktop(n)
        } else {
            Self::OtherManifest
        }
    }

    /// Whether the schema belongs to Microsoft's manifest family, whose newer versions add elements and
    /// attributes that this reader need not know to be right about isolation and capabilities.
    pub fn is_extension_of_manifest(self) -> bool {
        matches!(self, Self::Uap(_) | Self::PreviewSecurity(_) | Self::Desktop(_) | Self::OtherManifest)
    }
}
