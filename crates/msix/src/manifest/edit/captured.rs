//! The manifest of a package that an installer's doings were made into: Windows programs, isolated.

use super::PACKAGE;
use super::starter::LOGOS;
use super::template::escape;
use crate::{Architecture, Identity, Manifest, ManifestError, Publisher, Version};

/// What is known of such a package.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Captured {
    /// Name, publisher, version, architecture.
    pub identity: Identity,
    /// What people call it.
    pub display_name: String,
    /// What people call who made it.
    pub publisher_name: String,
    /// Its programs.
    pub applications: Vec<CapturedApplication>,
}

/// A program of it.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct CapturedApplication {
    /// Its `Id`.
    pub id: String,
    /// What people call it.
    pub display_name: String,
    /// The program, relative to the package's root, with slashes.
    pub executable: String,
    /// The name by which it is started from a command line, if it has one; ends in `.exe`.
    pub alias: Option<String>,
}

impl CapturedApplication {
    /// Whether its names can stand in a manifest and mean there what they mean here: a file's name may hold what a manifest can't.
    #[must_use]
    pub fn is_fit(&self) -> bool {
        let Ok(publisher) = Publisher::new("CN=Developer") else { return false };
        let version = Version([1, 0, 0, 0]);
        let identity = Identity::new("Developer.Sample", publisher, version, Architecture::X64, None);
        let Ok(identity) = identity else { return false };
        let what = Captured {
            identity,
            display_name: self.display_name.clone(),
            publisher_name: self.display_name.clone(),
            applications: vec![self.clone()],
        };
        let manifest = captured_manifest(&what).and_then(|text| Manifest::parse(&text));
        let executable = self.executable.replace('/', "\\");
        manifest.is_ok_and(|manifest| {
            let read = manifest.applications.first().and_then(|one| one.executable.as_ref());
            read.is_some_and(|read| read.replace('/', "\\") == executable)
        })
    }
}

/// The manifest.
///
/// # Errors
/// When what is known makes none.
pub fn captured_manifest(what: &Captured) -> Result<Vec<u8>, ManifestError> {
    let identity = &what.identity;
    let [store, square, small] = LOGOS.map(|(name, _)| name.replace('/', "\\"));
    let (shown, publisher_shown) = (line(&what.display_name), line(&what.publisher_name));
    let application = |one: &CapturedApplication| {
        let alias = one.alias.as_ref().map_or(String::new(), |alias| {
            format!(
                r#"
      <Extensions>
        <uap5:Extension Category="windows.appExecutionAlias">
          <uap5:AppExecutionAlias>
            <uap5:ExecutionAlias Alias="{}"/>
          </uap5:AppExecutionAlias>
        </uap5:Extension>
      </Extensions>"#,
                escape(alias)
            )
        });
        let (executable, shown) = (escape(&one.executable.replace('/', "\\")), line(&one.display_name));
        format!(
            r#"    <Application Id="{}" Executable="{executable}"
        uap18:EntryPoint="Isolated.App" uap18:TrustLevel="appContainer" uap18:RuntimeBehavior="appSilo">
      <uap:VisualElements DisplayName="{shown}" Description="{shown}" BackgroundColor="transparent"
          Square150x150Logo="{square}" Square44x44Logo="{small}"/>{alias}
    </Application>
"#,
            one.id
        )
    };
    let applications: String = what.applications.iter().map(application).collect();
    let text = format!(
        r#"<?xml version="1.0" encoding="utf-8"?>
{PACKAGE}
  <Identity Name="{}" Publisher="{}" Version="{}" ProcessorArchitecture="{}"/>
  <Properties>
    <DisplayName>{shown}</DisplayName>
    <PublisherDisplayName>{publisher_shown}</PublisherDisplayName>
    <Logo>{store}</Logo>
  </Properties>
  <Dependencies>
    <TargetDeviceFamily Name="Windows.Desktop" MinVersion="10.0.26100.0" MaxVersionTested="10.0.26226.0"/>
  </Dependencies>
  <Resources>
    <Resource Language="en-us"/>
  </Resources>
  <Applications>
{applications}  </Applications>
  <Capabilities>
    <rescap:Capability Name="isolatedWin32-promptForAccess"/>
  </Capabilities>
</Package>
"#,
        identity.name(),
        escape(identity.publisher().as_str()),
        identity.version(),
        identity.architecture(),
    );
    Manifest::parse(text.as_bytes())?;
    Ok(text.into_bytes())
}

/// Text for people: 1 to 256 characters on one line.
fn line(text: &str) -> String {
    let plain: String = text.chars().filter(|letter| !letter.is_control()).take(256).collect();
    match plain.trim() {
        "" => "Unnamed".to_owned(),
        plain => escape(plain),
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_name_that_a_manifest_can_not_hold_is_fit_for_no_application() {
        let application = |shown: &str, file: &str| CapturedApplication {
            id: "App".to_owned(),
            display_name: shown.to_owned(),
            executable: format!("VFS/ProgramFilesX64/Contoso/{file}.exe"),
            alias: None,
        };
        for (shown, file) in [("Notes", "notes"), ("A & <B>", "a & b"), ("bell\u{7}", "\u{4e2d}")] {
            assert!(application(shown, file).is_fit(), "{shown:?} {file:?}");
        }
        let unfit = ["\u{7}", "line\nbreak", "tab\tstop", "\u{fffe}", "100%"];
        for name in unfit {
            assert!(!application("Notes", name).is_fit(), "{name:?}");
        }
        assert!(!application("\u{ffff}", "notes").is_fit());
    }
}
