//! Manifests of full trust, whole and from pieces.

use lowbox_msix::manifest::edit::isolate::{Blocker, IsolateError, Options, isolate};

/// As a converter of installers writes it, with comments.
pub const BEFORE: &str = r#"<?xml version="1.0" encoding="utf-8"?>
<!-- made by a converter -->
<Package xmlns="http://schemas.microsoft.com/appx/manifest/foundation/windows10"
    xmlns:uap="http://schemas.microsoft.com/appx/manifest/uap/windows10"
    xmlns:uap10="http://schemas.microsoft.com/appx/manifest/uap/windows10/10"
    xmlns:desktop="http://schemas.microsoft.com/appx/manifest/desktop/windows10"
    xmlns:rescap="http://schemas.microsoft.com/appx/manifest/foundation/windows10/restrictedcapabilities" IgnorableNamespaces="uap uap10">
  <Identity Name='Contoso.App'   Publisher="CN=Contoso" Version="1.2.3.4" /> <!-- ours -->
  <Properties>
    <DisplayName>App &amp; more</DisplayName>
    <PublisherDisplayName>Contoso</PublisherDisplayName>
    <Logo>logo.png</Logo>
  </Properties>
  <Dependencies>
    <TargetDeviceFamily Name="Windows.Desktop" MinVersion="10.0.17763.0" MaxVersionTested="10.0.19041.0" />
    <TargetDeviceFamily Name="MsixCore.Desktop" MinVersion="6.1.7601.0" MaxVersionTested="10.0.10240.0" />
  </Dependencies>
  <Applications>
    <Application Id="App" Executable="bin\app.exe"
                 uap10:TrustLevel="mediumIL">
      <uap:VisualElements DisplayName="App" Description="x" BackgroundColor="transparent" Square150x150Logo="l.png" Square44x44Logo="l.png" />
      <Extensions>
        <desktop:Extension Category="windows.startupTask" Executable="bin/app.exe" EntryPoint="Windows.FullTrustApplication">
          <desktop:StartupTask TaskId="Start" Enabled="true" DisplayName="App" />
        </desktop:Extension>
        <!-- links -->
        <uap:Extension Category="windows.protocol"><uap:Protocol Name="contoso" /></uap:Extension>
      </Extensions>
    </Application>
  </Applications>
  <Capabilities>
    <!-- the network -->
    <Capability Name="internetClient" />
    <rescap:Capability Name="runFullTrust" />
  </Capabilities>
</Package>
<!-- the end -->
"#;

/// The same in the documented form.
pub const AFTER: &str = r#"<?xml version="1.0" encoding="utf-8"?>
<!-- made by a converter -->
<Package xmlns="http://schemas.microsoft.com/appx/manifest/foundation/windows10"
    xmlns:uap="http://schemas.microsoft.com/appx/manifest/uap/windows10"
    xmlns:uap10="http://schemas.microsoft.com/appx/manifest/uap/windows10/10"
    xmlns:desktop="http://schemas.microsoft.com/appx/manifest/desktop/windows10"
    xmlns:rescap="http://schemas.microsoft.com/appx/manifest/foundation/windows10/restrictedcapabilities" IgnorableNamespaces="uap uap10 uap18 desktop7" xmlns:uap18="http://schemas.microsoft.com/appx/manifest/uap/windows10/18" xmlns:desktop7="http://schemas.microsoft.com/appx/manifest/desktop/windows10/7">
  <Identity Name='Contoso.App'   Publisher="CN=Contoso" Version="1.2.4.0" /> <!-- ours -->
  <Properties>
    <DisplayName>App &amp; more</DisplayName>
    <PublisherDisplayName>Contoso</PublisherDisplayName>
    <Logo>logo.png</Logo>
  </Properties>
  <Dependencies>
    <TargetDeviceFamily Name="Windows.Desktop" MinVersion="10.0.26100.0" MaxVersionTested="10.0.26226.0" />
  </Dependencies>
  <Applications>
    <Application Id="App" Executable="bin\app.exe" EntryPoint="Windows.FullTrustApplication" uap18:EntryPoint="Isolated.App" uap18:TrustLevel="appContainer" uap18:RuntimeBehavior="appSilo">
      <uap:VisualElements DisplayName="App" Description="x" BackgroundColor="transparent" Square150x150Logo="l.png" Square44x44Logo="l.png" />
      <Extensions>
        <desktop:Extension Category="windows.startupTask">
          <desktop:StartupTask TaskId="Start" Enabled="true" DisplayName="App" />
        </desktop:Extension>
        <!-- links -->
        <uap:Extension Category="windows.protocol" desktop7:Scope="user"><uap:Protocol Name="contoso" /></uap:Extension>
      </Extensions>
    </Application>
  </Applications>
  <Capabilities>
    <!-- the network -->
    <Capability Name="internetClient" />
    <rescap:Capability Name="isolatedWin32-promptForAccess"/>
  </Capabilities>
</Package>
<!-- the end -->
"#;

/// A manifest with the given attributes on its one application, extensions of that, and more of the package. The application is in line 17, and what is
/// in it or behind it in line 19.
pub fn manifest(application: &str, extensions: &str, more: &str) -> String {
    let extensions = if extensions.is_empty() {
        String::new()
    } else {
        format!("<Extensions>\n{extensions}</Extensions>")
    };
    format!(
        r#"<Package xmlns="http://schemas.microsoft.com/appx/manifest/foundation/windows10"
 xmlns:u="http://schemas.microsoft.com/appx/manifest/uap/windows10"
 xmlns:u10="http://schemas.microsoft.com/appx/manifest/uap/windows10/10"
 xmlns:u18="http://schemas.microsoft.com/appx/manifest/uap/windows10/18"
 xmlns:p1="http://schemas.microsoft.com/appx/manifest/preview/windows10/security"
 xmlns:p2="http://schemas.microsoft.com/appx/manifest/preview/windows10/security/2"
 xmlns:r="http://schemas.microsoft.com/appx/manifest/foundation/windows10/restrictedcapabilities/x"
 xmlns:com="http://schemas.microsoft.com/appx/manifest/com/windows10"
 xmlns:d="http://schemas.microsoft.com/appx/manifest/desktop/windows10"
 xmlns:d2="http://schemas.microsoft.com/appx/manifest/desktop/windows10/2"
 xmlns:d6="http://schemas.microsoft.com/appx/manifest/desktop/windows10/6"
 IgnorableNamespaces="p1 p2">
<Identity Name="Contoso.App" Publisher="CN=Contoso" Version="1.0.0.0"/>
<Properties><DisplayName>App</DisplayName><PublisherDisplayName>C</PublisherDisplayName><Logo>l.png</Logo></Properties>
<Dependencies><TargetDeviceFamily Name="Windows.Desktop" MinVersion="10.0.17763.0" MaxVersionTested="10.0.26100.0"/></Dependencies>
<Applications>
<Application Id="App" {application}><u:VisualElements DisplayName="App" Description="A" BackgroundColor="transparent"
 Square150x150Logo="l.png" Square44x44Logo="l.png"/>{extensions}</Application></Applications>
{more}</Package>"#
    )
}

/// What stands against isolating it.
pub fn blocked(text: &str, options: &Options) -> Vec<Blocker> {
    match isolate(text.as_bytes(), options) {
        Err(IsolateError::Blocked(found)) => found,
        other => panic!("{other:?}\n{text}"),
    }
}
