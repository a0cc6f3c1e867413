//! A manifest for a program that has none.

use super::{EditError, NewCapability, add_capabilities};
use crate::Identity;

/// What a new manifest says beside its capabilities.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct NewManifest {
    /// Name, publisher, version.
    pub identity: Identity,
    /// What people call it.
    pub display_name: String,
}

/// Why no manifest was made.
#[derive(Clone, Debug, PartialEq, Eq, thiserror::Error)]
#[error(transparent)]
pub struct NewManifestError(#[from] EditError);

/// A manifest that declares nothing but `capabilities`: an isolated application for native Linux. The application names no
/// executable: the command line does, or its author adds it.
///
/// # Errors
/// For capabilities that can't be declared.
pub fn new_manifest(what: &NewManifest, capabilities: &[NewCapability]) -> Result<Vec<u8>, NewManifestError> {
    let name = what.identity.name();
    let publisher = what.identity.publisher().as_str();
    let publisher_shown: String = publisher.chars().take(256).collect();
    let (publisher, publisher_shown) = (escape(publisher), escape(publisher_shown.trim()));
    let version = what.identity.version();
    // `Properties` take 1 to 256 characters on one line.
    let shown: String = what.display_name.chars().filter(|c| !c.is_control()).take(256).collect();
    let shown = if shown.trim().is_empty() { name.to_owned() } else { shown.trim().to_owned() };
    let shown = escape(&shown);
    let text = format!(
        r#"<?xml version="1.0" encoding="utf-8"?>
<Package xmlns="http://schemas.microsoft.com/appx/manifest/foundation/windows10"
    xmlns:uap="http://schemas.microsoft.com/appx/manifest/uap/windows10"
    xmlns:uap18="http://schemas.microsoft.com/appx/manifest/uap/windows10/18"
    IgnorableNamespaces="uap uap18">
  <Identity Name="{name}" Publisher="{publisher}" Version="{version}"/>
  <Properties>
    <DisplayName>{shown}</DisplayName>
    <PublisherDisplayName>{publisher_shown}</PublisherDisplayName>
    <Logo>logo.png</Logo>
  </Properties>
  <Dependencies>
    <TargetDeviceFamily Name="Linux.All" MinVersion="0.0.0.0" MaxVersionTested="0.0.0.0"/>
  </Dependencies>
  <Applications>
    <Application Id="App" uap18:TrustLevel="appContainer" uap18:RuntimeBehavior="appSilo">
      <uap:VisualElements DisplayName="{shown}" Description="{shown}" BackgroundColor="transparent"
          Square150x150Logo="logo.png" Square44x44Logo="logo.png"/>
    </Application>
  </Applications>
</Package>
"#
    );
    Ok(add_capabilities(text.as_bytes(), capabilities)?.bytes)
}

pub(super) fn escape(text: &str) -> String {
    text.replace('&', "&amp;").replace('<', "&lt;").replace('>', "&gt;").replace('"', "&quot;")
}
