//! Packages to sign, and whoever else signs or checks them.

use std::fs;
use std::process::Command;

use super::World;

/// A package of one program, of CN=Contoso.
pub const MANIFEST: &str = r#"<?xml version="1.0" encoding="utf-8"?>
<Package xmlns="http://schemas.microsoft.com/appx/manifest/foundation/windows10"
    xmlns:uap="http://schemas.microsoft.com/appx/manifest/uap/windows10"
    xmlns:uap10="http://schemas.microsoft.com/appx/manifest/uap/windows10/10" IgnorableNamespaces="uap uap10">
  <Identity Name="Contoso.Report" Publisher="CN=Contoso" Version="1.0.0.0" ProcessorArchitecture="x64"/>
  <Properties>
    <DisplayName>Report</DisplayName><PublisherDisplayName>Contoso</PublisherDisplayName><Logo>logo.png</Logo>
  </Properties>
  <Dependencies><TargetDeviceFamily Name="Windows.Desktop" MinVersion="10.0.19041.0" MaxVersionTested="10.0.26100.0"/></Dependencies>
  <Resources><Resource Language="en-us"/></Resources>
  <Applications>
    <Application Id="App" Executable="app.exe" uap10:TrustLevel="appContainer" uap10:RuntimeBehavior="packagedClassicApp">
      <uap:VisualElements DisplayName="Report" Description="x" BackgroundColor="transparent" Square150x150Logo="logo.png"
          Square44x44Logo="logo.png"/>
    </Application>
  </Applications>
  <Capabilities><uap:Capability Name="documentsLibrary"/></Capabilities>
</Package>"#;

impl World {
    /// Makes `a.msix`, unsigned; its publisher is CN=Contoso.
    pub fn pack(&self) {
        self.file("app/AppxManifest.xml", MANIFEST);
        self.file("app/app.exe", &"a program ".repeat(300));
        self.file("app/logo.png", "a picture");
        self.lowbox(["pack", "app", "-o", "a.msix"]).expect(0);
    }

    /// Makes `c.pem` and `k.pem` of CN=Contoso.
    pub fn new_certificate(&self) {
        self.lowbox(["cert", "new", "CN=Contoso", "--cert", "c.pem", "--key", "k.pem", "--kind", "p256"])
            .expect(0);
    }

    /// Runs a script of sh(1) in the working folder.
    #[track_caller]
    pub fn sh(&self, script: &str) -> String {
        let output = Command::new("sh").args(["-ec", script]).current_dir(self.work()).output().unwrap();
        assert!(output.status.success(), "{script}: {}", String::from_utf8_lossy(&output.stderr));
        String::from_utf8_lossy(&output.stdout).into_owned()
    }

    /// What a file in the working folder holds.
    pub fn bytes(&self, name: &str) -> Vec<u8> {
        fs::read(self.work().join(name)).unwrap()
    }
}

/// Whether a program is there; what its absence leaves out is shown.
pub fn installed(program: &str, leaves_out: &str) -> bool {
    let found = Command::new("sh").args(["-c", &format!("command -v {program}")]).output().unwrap();
    if !found.status.success() {
        println!("SKIPPED {leaves_out}: {program} is not installed");
    }
    found.status.success()
}
