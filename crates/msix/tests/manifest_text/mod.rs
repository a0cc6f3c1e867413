//! A small manifest with pieces to swap.
#![allow(dead_code, reason = "each test uses what it needs")]

use lowbox_msix::manifest::Notice;
use lowbox_msix::{Manifest, ManifestError};

const ROOT: &str = r#"xmlns="http://schemas.microsoft.com/appx/manifest/foundation/windows10"
 xmlns:u="http://schemas.microsoft.com/appx/manifest/uap/windows10"
 xmlns:u4="http://schemas.microsoft.com/appx/manifest/uap/windows10/4"
 xmlns:u10="http://schemas.microsoft.com/appx/manifest/uap/windows10/10"
 xmlns:u18="http://schemas.microsoft.com/appx/manifest/uap/windows10/18"
 xmlns:p2="http://schemas.microsoft.com/appx/manifest/preview/windows10/security/2"
 xmlns:r="http://schemas.microsoft.com/appx/manifest/foundation/windows10/restrictedcapabilities"
 xmlns:com="http://schemas.microsoft.com/appx/manifest/com/windows10"
 xmlns:d7="http://schemas.microsoft.com/appx/manifest/desktop/windows10/7"
 xmlns:x="urn:example:x" xmlns:y="urn:example:y""#;

const VISUALS: &str =
    r#"Description="A" BackgroundColor="transparent" Square150x150Logo="l.png" Square44x44Logo="l.png""#;

/// A manifest with the given attributes on its one application, content of that, capabilities, and more.
pub fn text(application: &str, inside: &str, capabilities: &str, more: &str) -> String {
    format!(
        r#"<Package {ROOT} IgnorableNamespaces="x u18 p2">
<Identity Name="Contoso.App" Publisher="CN=Contoso" Version="1.0.0.0"/>
<Properties><DisplayName>App</DisplayName><PublisherDisplayName>C</PublisherDisplayName><Logo>l.png</Logo></Properties>
<Dependencies><TargetDeviceFamily Name="Windows.Desktop" MinVersion="10.0.26100.0" MaxVersionTested="10.0.26100.0"/></Dependencies>
<Applications><Application Id="App" {application}><u:VisualElements DisplayName="App" {VISUALS}/>{inside}</Application></Applications>
<Capabilities>{capabilities}</Capabilities>
{more}</Package>"#
    )
}

/// The same, read.
pub fn parse(
    application: &str,
    inside: &str,
    capabilities: &str,
    more: &str,
) -> Result<Manifest, ManifestError> {
    Manifest::parse(text(application, inside, capabilities, more).as_bytes())
}

/// Its warnings.
pub fn notices(manifest: &Manifest) -> Vec<&Notice> {
    manifest.warnings.iter().map(|one| &one.notice).collect()
}
