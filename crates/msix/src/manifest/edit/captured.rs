//! The manifest of a package that an installer's doings were made into: Windows programs, isolated.

use super::PACKAGE;
use super::starter::LOGOS;
use super::template::escape;
use crate::{Identity, Manifest, ManifestError};

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
