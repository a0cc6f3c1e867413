//! A manifest to begin with, which explains itself.

use super::PACKAGE;
use super::template::escape;
use crate::{Identity, Manifest, ManifestError};

/// The kind of system that a program is for.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum System {
    /// `Linux.All`.
    Linux,
    /// `Windows.Desktop`.
    Windows,
}

/// What is known of a package that is begun.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Starter {
    /// Name, publisher, version, architecture.
    pub identity: Identity,
    /// What people call it.
    pub display_name: String,
    /// The program, relative to the package's root, with slashes.
    pub executable: String,
    /// The name by which it is started from a command line; ends in `.exe`.
    pub alias: String,
    /// What it runs on.
    pub system: System,
}

/// The pictures that the manifest names, with the pixels of each side.
pub const LOGOS: [(&str, u16); 3] =
    [("Assets/StoreLogo.png", 50), ("Assets/Square150x150Logo.png", 150), ("Assets/Square44x44Logo.png", 44)];

/// The manifest, with comments.
///
/// # Errors
/// When what is known makes no manifest, such as a program of a name that none may have.
pub fn starter_manifest(what: &Starter) -> Result<Vec<u8>, ManifestError> {
    let text = text(what);
    Manifest::parse(text.as_bytes())?;
    Ok(text.into_bytes())
}

fn text(what: &Starter) -> String {
    let identity = &what.identity;
    let (name, version, architecture) = (identity.name(), identity.version(), identity.architecture());
    let publisher = escape(identity.publisher().as_str());
    let shown = escape(&what.display_name);
    let publisher_name = identity.publisher().as_str().split(',').next().unwrap_or_default();
    let publisher_name =
        escape(publisher_name.split_once('=').map_or("", |(_, name)| name).trim_matches([' ', '"']));
    let publisher_name = if publisher_name.is_empty() { shown.clone() } else { publisher_name };
    let (executable, alias) = (escape(&what.executable.replace('/', "\\")), escape(&what.alias));
    let [store, square, small] = LOGOS.map(|(name, _)| name.replace('/', "\\"));
    let (family, comment) = match what.system {
        System::Linux => (
            r#"Name="Linux.All" MinVersion="0.0.0.0" MaxVersionTested="0.0.0.0""#,
            "Native Linux programs. Executable has to end in .exe all the same, or other tools refuse the package.",
        ),
        System::Windows => (
            r#"Name="Windows.Desktop" MinVersion="10.0.26100.0" MaxVersionTested="10.0.26226.0""#,
            "The first Windows that isolates Win32 programs; an older one would run the program with full trust.",
        ),
    };
    format!(
        r#"<?xml version="1.0" encoding="utf-8"?>
<!-- lowbox pack makes a package of the folder that this file is in; lowbox run (with the option for a manifest) runs the program in it. -->
{PACKAGE}

  <!-- Name and Publisher together are who the package is: its data and consents go by them. Publisher has to be the subject of the
       certificate that signs it. An upgrade needs a higher Version. -->
  <Identity Name="{name}" Publisher="{publisher}" Version="{version}" ProcessorArchitecture="{architecture}"/>

  <!-- What people read. -->
  <Properties>
    <DisplayName>{shown}</DisplayName>
    <PublisherDisplayName>{publisher_name}</PublisherDisplayName>
    <Logo>{store}</Logo>
  </Properties>

  <Dependencies>
    <!-- {comment} -->
    <TargetDeviceFamily {family}/>
  </Dependencies>

  <Resources>
    <Resource Language="en-us"/>
  </Resources>

  <Applications>
    <!-- The uap18 attributes are those of Win32 app isolation: an AppContainer, and the user is asked. -->
    <Application Id="App" Executable="{executable}"
        uap18:EntryPoint="Isolated.App" uap18:TrustLevel="appContainer" uap18:RuntimeBehavior="appSilo">
      <uap:VisualElements DisplayName="{shown}" Description="{shown}" BackgroundColor="transparent"
          Square150x150Logo="{square}" Square44x44Logo="{small}"/>
      <Extensions>
        <!-- The command that starts it; on Linux without .exe. -->
        <uap5:Extension Category="windows.appExecutionAlias">
          <uap5:AppExecutionAlias>
            <uap5:ExecutionAlias Alias="{alias}"/>
          </uap5:AppExecutionAlias>
        </uap5:Extension>
      </Extensions>
    </Application>
  </Applications>

  <!-- What it may touch beside its own files. lowbox learn finds out what it needs, and lowbox capability list has them all.
       Their order: Capability elements, then uap4:CustomCapability, then DeviceCapability. -->
  <Capabilities>
    <!-- <Capability Name="internetClient"/> -->
    <!-- <uap:Capability Name="documentsLibrary"/> -->
    <!-- The user is asked at the first access to a file of his. -->
    <rescap:Capability Name="isolatedWin32-promptForAccess"/>
    <!-- <DeviceCapability Name="webcam"/> -->
  </Capabilities>
</Package>
"#
    )
}
