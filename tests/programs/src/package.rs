//! Packages to be installed: a folder that is packed and signed.

use std::path::PathBuf;

use crate::{Ended, Person, finish};

/// A package of one program, a shell script.
#[derive(Clone, Debug)]
pub struct Sample {
    /// `Name`.
    pub name: &'static str,
    /// `Version`.
    pub version: &'static str,
    /// `Publisher`.
    pub publisher: &'static str,
    /// What is in its program behind the first line.
    pub script: String,
    /// Execution aliases, without `.exe`.
    pub aliases: Vec<&'static str>,
    /// Types of files.
    pub file_types: Vec<&'static str>,
    /// Names of protocols.
    pub protocols: Vec<&'static str>,
    /// What stands in Dependencies and Capabilities.
    pub dependencies: &'static str,
    /// `Capability` elements and their like.
    pub capabilities: &'static str,
    /// The attributes that say how the application is isolated.
    pub trust: &'static str,
    /// Nothing but files for other packages.
    pub framework: bool,
}

/// Isolated as Win32 app isolation has it.
pub const SILO: &str = "uap18:TrustLevel=\"appContainer\" uap18:RuntimeBehavior=\"appSilo\"";
/// The same, of the command line.
pub const CONSOLE: &str =
    "uap18:TrustLevel=\"appContainer\" uap18:RuntimeBehavior=\"appSilo\" uap10:Subsystem=\"console\"";
/// Not isolated.
pub const FULL_TRUST: &str = "EntryPoint=\"Windows.FullTrustApplication\"";

impl Sample {
    /// One that says which version it is.
    pub fn new(name: &'static str, version: &'static str) -> Sample {
        Sample {
            name,
            version,
            publisher: "CN=Contoso",
            script: format!("echo version {version}: \"$@\"\n"),
            aliases: Vec::new(),
            file_types: Vec::new(),
            protocols: Vec::new(),
            dependencies: "",
            capabilities: "",
            trust: SILO,
            framework: false,
        }
    }

    fn manifest(&self) -> String {
        let alias = |name: &&str| {
            format!(
                "<uap5:Extension Category=\"windows.appExecutionAlias\"><uap5:AppExecutionAlias>\
                 <uap5:ExecutionAlias Alias=\"{name}.exe\"/></uap5:AppExecutionAlias></uap5:Extension>"
            )
        };
        let protocol = |name: &&str| {
            format!(
                "<uap:Extension Category=\"windows.protocol\"><uap:Protocol Name=\"{name}\" desktop7:Scope=\"user\"/>\
                 </uap:Extension>"
            )
        };
        let types: String =
            self.file_types.iter().map(|one| format!("<uap:FileType>{one}</uap:FileType>")).collect();
        let types = match types.as_str() {
            "" => String::new(),
            types => format!(
                "<uap:Extension Category=\"windows.fileTypeAssociation\"><uap:FileTypeAssociation Name=\"files\">\
                 <uap:SupportedFileTypes>{types}</uap:SupportedFileTypes></uap:FileTypeAssociation></uap:Extension>"
            ),
        };
        let extensions: String = self
            .aliases
            .iter()
            .map(alias)
            .chain(self.protocols.iter().map(protocol))
            .chain([types])
            .collect();
        let application = format!(
            "<Applications><Application Id=\"App\" Executable=\"bin/program.exe\" {}>\
             <uap:VisualElements DisplayName=\"Sample\" Description=\"x\" BackgroundColor=\"transparent\" \
             Square150x150Logo=\"logo.png\" Square44x44Logo=\"logo.png\"/><Extensions>{extensions}</Extensions>\
             </Application></Applications>",
            self.trust
        );
        let (framework, application) = match self.framework {
            true => ("<Framework>true</Framework>", String::new()),
            false => ("", application.replace("<Extensions></Extensions>", "")),
        };
        let capabilities = match self.capabilities {
            "" => String::new(),
            some => format!("<Capabilities>{some}</Capabilities>"),
        };
        format!(
            r#"<?xml version="1.0" encoding="utf-8"?>
<Package xmlns="http://schemas.microsoft.com/appx/manifest/foundation/windows10"
    xmlns:uap="http://schemas.microsoft.com/appx/manifest/uap/windows10"
    xmlns:uap5="http://schemas.microsoft.com/appx/manifest/uap/windows10/5"
    xmlns:uap10="http://schemas.microsoft.com/appx/manifest/uap/windows10/10"
    xmlns:uap18="http://schemas.microsoft.com/appx/manifest/uap/windows10/18"
    xmlns:desktop7="http://schemas.microsoft.com/appx/manifest/desktop/windows10/7"
    xmlns:rescap="http://schemas.microsoft.com/appx/manifest/foundation/windows10/restrictedcapabilities"
    IgnorableNamespaces="uap18">
  <Identity Name="{}" Publisher="{}" Version="{}"/>
  <Properties><DisplayName>Sample</DisplayName><PublisherDisplayName>Contoso</PublisherDisplayName><Logo>logo.png</Logo>{framework}</Properties>
  <Dependencies><TargetDeviceFamily Name="Linux.All" MinVersion="0.0.0.0" MaxVersionTested="0.0.0.0"/>{}</Dependencies>
  <Resources><Resource Language="en-us"/></Resources>
  {application}
  {capabilities}
</Package>
"#,
            self.name, self.publisher, self.version, self.dependencies
        )
    }

    /// Packs it in the person's working folder; it is not signed.
    #[track_caller]
    pub fn pack(&self, person: &Person) -> PathBuf {
        let folder = format!("{}-{}", self.name, self.version);
        person.file(format!("{folder}/AppxManifest.xml"), &self.manifest());
        person.file(format!("{folder}/bin/program.exe"), &format!("#!/bin/sh\n{}", self.script));
        person.file(format!("{folder}/logo.png"), "a picture");
        let package = person.work().join(format!("{folder}.msix"));
        let packed = package.to_string_lossy().into_owned();
        finish(person.lowbox(&["pack", &folder, "-o", &packed]), 60).succeeded();
        package
    }

    /// The same, signed with the key of a certificate of the publisher's that is there after the first time.
    #[track_caller]
    pub fn signed(&self, person: &Person) -> PathBuf {
        let package = self.pack(person);
        let (cert, key) = (self.certificate(), format!("{}.key", self.publisher));
        if !person.work().join(&cert).exists() {
            let new = ["cert", "new", self.publisher, "--cert", &cert, "--key", &key, "--kind", "p256"];
            finish(person.lowbox(&new), 60).succeeded();
        }
        let path = package.to_string_lossy();
        finish(person.lowbox(&["sign", &path, "--cert", &cert, "--key", &key]), 60).succeeded();
        package
    }

    /// The file of the certificate, in the working folder.
    pub fn certificate(&self) -> String {
        format!("{}.pem", self.publisher)
    }

    /// Installs it, signed and trusted, with more options.
    #[track_caller]
    pub fn install(&self, person: &Person, options: &[&str]) -> Ended {
        let package = self.signed(person);
        let (path, certificate) = (package.to_string_lossy(), self.certificate());
        let words = ["install", &path, "--trust", &certificate];
        finish(person.lowbox(&[&words, options].concat()), 60)
    }
}

/// Packs a folder of the person's working folder, signs it by `CN=Contoso`, and installs it.
#[track_caller]
pub fn install_folder(person: &Person, folder: &str) {
    if !person.work().join("c.pem").exists() {
        let new = ["cert", "new", "CN=Contoso", "--cert", "c.pem", "--key", "c.key", "--kind", "p256"];
        finish(person.lowbox(&new), 60).succeeded();
    }
    for words in [
        &["pack", folder, "-o", "app.msix"][..],
        &["sign", "app.msix", "--cert", "c.pem", "--key", "c.key"],
        &["install", "app.msix", "--trust", "c.pem"],
    ] {
        finish(person.lowbox(words), 60).succeeded();
    }
}
