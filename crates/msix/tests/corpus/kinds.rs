//! Kinds of refusals, in a word each.

use lowbox_msix::bundle::BundleError;
use lowbox_msix::container::ContainerError;
use lowbox_msix::package::PackageError;
use lowbox_msix::signature::{Covered, SignatureError};

/// Of a package.
pub fn kind(error: &PackageError) -> &'static str {
    match error {
        PackageError::Container(error) => match error {
            ContainerError::BadName { .. } => "name",
            ContainerError::SameName { .. } | ContainerError::FileAsFolder { .. } => "collision",
            ContainerError::BadPart { .. } => "part",
            ContainerError::Hidden { .. } => "hidden",
            ContainerError::Overlap { .. } => "overlap",
            ContainerError::BadDirectory { .. } => "directory",
            ContainerError::NoEnd | ContainerError::BadEnd(_) => "end",
            ContainerError::TooMuch(_) => "too much",
            ContainerError::Read(_) => "read",
        },
        PackageError::Read(_) => "read",
        PackageError::Missing(_) => "missing",
        PackageError::ContentTypes(_)
        | PackageError::NoContentType(_)
        | PackageError::WrongContentType { .. } => "types",
        PackageError::BlockMap(_) => "map",
        PackageError::Mapping { .. } => "mapping",
        PackageError::Signature(_) => "signature",
        PackageError::Manifest(_) | PackageError::NoExecutable { .. } => "manifest",
        PackageError::WrongHash { .. } | PackageError::WrongFileHash(_) => "hash",
        PackageError::BadData { .. } => "data",
        PackageError::WrongChecksum(_) => "checksum",
        PackageError::TooLarge { .. } => "too much",
        PackageError::Resources(_) => "resources",
        PackageError::IsBundle => "bundle",
    }
}

/// Of a bundle: what is wrong with a package in it is told with `package `.
pub fn bundle_kind(error: &BundleError) -> String {
    match error {
        BundleError::Contents(error) => kind(error).to_owned(),
        BundleError::IsPackage => "package".to_owned(),
        BundleError::TooMuch => "too much".to_owned(),
        BundleError::Manifest(_) => "manifest".to_owned(),
        BundleError::Contradiction(_) => "contradiction".to_owned(),
        BundleError::Absent(_) => "absent".to_owned(),
        BundleError::Unlisted(_) => "unlisted".to_owned(),
        BundleError::Member { .. } => "member".to_owned(),
        BundleError::Differs { what, .. } => format!("differs {what}"),
        BundleError::Package { error, .. } => format!("package {}", kind(error)),
        BundleError::Unsigned(_) => "unsigned".to_owned(),
    }
}

/// Of a signature.
pub fn signature_kind(error: &SignatureError) -> &'static str {
    match error {
        SignatureError::Missing => "missing",
        SignatureError::Package(error) => kind(error),
        SignatureError::Malformed(_) => "malformed",
        SignatureError::Unknown(_) => "unknown",
        SignatureError::Invalid(_) => "invalid",
        SignatureError::Changed(covered) => match covered {
            Covered::Parts => "changed parts",
            Covered::Directory => "changed directory",
            Covered::ContentTypes => "changed types",
            Covered::BlockMap => "changed map",
            Covered::CodeIntegrity => "changed catalog",
        },
        SignatureError::Algorithms => "algorithms",
        SignatureError::Publisher { .. } => "publisher",
        SignatureError::Untrusted { .. } => "untrusted",
        SignatureError::Expired { .. } => "expired",
        SignatureError::Usage { .. } => "usage",
        SignatureError::TimeStamp(_) => "time stamp",
    }
}
