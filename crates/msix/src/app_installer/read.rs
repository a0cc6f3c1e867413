//! From XML to what an `.appinstaller` file says.

use roxmltree::{Attribute, Node};

use super::{AppInstaller, AppInstallerError, MAX_BYTES, OnLaunch, RemotePackage, UpdateSettings};
use crate::xml::{self, XmlError};
use crate::{Architecture, Identity, Publisher, Version};

const MAX_NODES: u32 = 50_000;
/// Most packages of a list.
const MAX_PACKAGES: usize = 10_000;
/// Most places of a list, as in Microsoft's schema.
const MAX_URIS: usize = 10;
/// Longest place.
const MAX_URI: usize = 2084;

/// The namespaces, of which newer ones add elements and attributes to older ones' files.
const NAMESPACES: [&str; 4] = [
    "http://schemas.microsoft.com/appx/appinstaller/2017",
    "http://schemas.microsoft.com/appx/appinstaller/2017/2",
    "http://schemas.microsoft.com/appx/appinstaller/2018",
    "http://schemas.microsoft.com/appx/appinstaller/2021",
];

/// Hours between two looks where the file does not say it.
const DEFAULT_HOURS: u8 = 24;

impl AppInstaller {
    /// Reads it: at most [`MAX_BYTES`].
    ///
    /// # Errors
    /// When it is not well-formed, has what such files have not, or lacks what they have.
    pub fn parse(bytes: &[u8]) -> Result<AppInstaller, AppInstallerError> {
        let text = xml::decode(bytes, MAX_BYTES)?;
        let document = xml::parse_any(&text, MAX_NODES, "AppInstaller", &NAMESPACES)?;
        let root = document.root_element();
        let mut ignorable = xml::ignorable(root)?;
        ignorable.retain(|uri| !NAMESPACES.contains(uri));
        let reader = Reader { ignorable };
        reader.check_attributes(root, &["Version", "Uri", "IgnorableNamespaces"])?;
        let version = reader.version(root, "AppInstaller")?;
        let uri = reader.attribute(root, "Uri").map(|text| uri(root, text)).transpose()?;
        let mut main = None;
        let mut file = Lists::default();
        let mut seen = Vec::new();
        for node in reader.elements(root)? {
            let name = node.tag_name().name();
            match name {
                "MainPackage" => main = Some(reader.package(node, "MainPackage")?),
                "MainBundle" => main = Some(reader.package(node, "MainBundle")?),
                "OptionalPackages" => file.optional = reader.packages(node)?,
                "RelatedPackages" => file.related = reader.packages(node)?,
                "Dependencies" => file.dependencies = reader.packages(node)?,
                "UpdateSettings" => file.updates = reader.updates(node)?,
                "UpdateUris" => file.update_uris = reader.uris(node, "UpdateUri")?,
                "RepairUris" => file.repair_uris = reader.uris(node, "RepairUri")?,
                _ => return Err(xml::unexpected(node)),
            }
            let slot = if name == "MainBundle" { "MainPackage" } else { name };
            if seen.contains(&slot) {
                return Err(xml::unexpected(node));
            }
            seen.push(slot);
        }
        let name = "MainPackage or MainBundle";
        let main =
            main.ok_or_else(|| XmlError::Missing { at: xml::at(root), element: "AppInstaller", name })?;
        let Lists { optional, related, dependencies, updates, update_uris, repair_uris } = file;
        Ok(AppInstaller {
            version,
            uri,
            main,
            optional,
            related,
            dependencies,
            updates,
            update_uris,
            repair_uris,
        })
    }
}

#[derive(Default)]
struct Lists {
    optional: Vec<RemotePackage>,
    related: Vec<RemotePackage>,
    dependencies: Vec<RemotePackage>,
    updates: UpdateSettings,
    update_uris: Vec<String>,
    repair_uris: Vec<String>,
}

struct Reader<'a> {
    ignorable: Vec<&'a str>,
}

impl Reader<'_> {
    fn elements<'n, 'i>(&self, node: Node<'n, 'i>) -> Result<Vec<Node<'n, 'i>>, XmlError> {
        xml::elements_of(node, &NAMESPACES, &self.ignorable)
    }

    /// Attributes without a namespace, and those that newer namespaces add.
    fn check_attributes(&self, node: Node<'_, '_>, known: &[&str]) -> Result<(), XmlError> {
        let mut passing = self.ignorable.clone();
        passing.extend(NAMESPACES);
        xml::check_attributes(node, known, &passing)?;
        let unknown = |one: &Attribute<'_, '_>| {
            one.namespace().is_some_and(|uri| NAMESPACES.contains(&uri)) && !known.contains(&one.name())
        };
        let mut names: Vec<&str> = Vec::new();
        for one in node.attributes() {
            let twice = known.contains(&one.name()) && names.contains(&one.name());
            if unknown(&one) || twice {
                return Err(XmlError::Attribute { at: xml::at(node), name: one.name().to_owned() });
            }
            names.push(one.name());
        }
        Ok(())
    }

    fn attribute<'n>(&self, node: Node<'n, '_>, name: &str) -> Option<&'n str> {
        let is_own = |one: &Attribute<'_, '_>| {
            one.name() == name && one.namespace().is_none_or(|uri| NAMESPACES.contains(&uri))
        };
        node.attributes().find(is_own).map(|one| one.value())
    }

    fn required<'n>(
        &self,
        node: Node<'n, '_>,
        element: &'static str,
        name: &'static str,
    ) -> Result<&'n str, XmlError> {
        let missing = || XmlError::Missing { at: xml::at(node), element, name };
        self.attribute(node, name).ok_or_else(missing)
    }

    fn version(&self, node: Node<'_, '_>, element: &'static str) -> Result<Version, XmlError> {
        let text = self.required(node, element, "Version")?;
        text.parse::<Version>().map_err(|error| xml::value(node, "Version", text, error.to_string()))
    }

    fn boolean(&self, node: Node<'_, '_>, name: &'static str) -> Result<bool, XmlError> {
        match self.attribute(node, name) {
            None => Ok(false),
            Some(text) => truth(node, name, text),
        }
    }

    fn package(&self, node: Node<'_, '_>, element: &'static str) -> Result<RemotePackage, XmlError> {
        let is_bundle = element.ends_with("Bundle");
        let known = ["Name", "Publisher", "Version", "Uri", "ProcessorArchitecture"];
        self.check_attributes(node, if is_bundle { &known[..4] } else { &known })?;
        if let Some(inner) = self.elements(node)?.first() {
            return Err(xml::unexpected(*inner));
        }
        let name = self.required(node, element, "Name")?;
        let text = self.required(node, element, "Publisher")?;
        let publisher =
            Publisher::new(text).map_err(|error| xml::value(node, "Publisher", text, error.to_string()))?;
        let architecture = match self.attribute(node, "ProcessorArchitecture") {
            None => Architecture::Neutral,
            Some(text) => text.parse().map_err(|_| {
                xml::value(node, "ProcessorArchitecture", text, "no architecture is called so")
            })?,
        };
        let identity = Identity::new(name, publisher, self.version(node, element)?, architecture, None)
            .map_err(|error| xml::value(node, "Name", name, error.to_string()))?;
        let uri = uri(node, self.required(node, element, "Uri")?)?;
        Ok(RemotePackage { is_bundle, identity, uri })
    }

    fn packages(&self, parent: Node<'_, '_>) -> Result<Vec<RemotePackage>, XmlError> {
        self.check_attributes(parent, &[])?;
        let mut found = Vec::new();
        for node in self.elements(parent)? {
            if found.len() == MAX_PACKAGES {
                return Err(xml::unexpected(node));
            }
            found.push(match node.tag_name().name() {
                "Package" => self.package(node, "Package")?,
                "Bundle" => self.package(node, "Bundle")?,
                _ => return Err(xml::unexpected(node)),
            });
        }
        Ok(found)
    }

    fn updates(&self, parent: Node<'_, '_>) -> Result<UpdateSettings, XmlError> {
        self.check_attributes(parent, &[])?;
        let mut settings = UpdateSettings::default();
        let mut seen = Vec::new();
        for node in self.elements(parent)? {
            let name = node.tag_name().name();
            match name {
                _ if seen.contains(&name) => return Err(xml::unexpected(node)),
                "OnLaunch" => settings.on_launch = Some(self.on_launch(node)?),
                "AutomaticBackgroundTask" => {
                    self.check_attributes(node, &[])?;
                    settings.in_background = true;
                }
                "ForceUpdateFromAnyVersion" => {
                    self.check_attributes(node, &[])?;
                    let text = node.text().unwrap_or_default().trim();
                    settings.from_any_version = truth(node, "ForceUpdateFromAnyVersion", text)?;
                }
                _ => return Err(xml::unexpected(node)),
            }
            seen.push(name);
        }
        Ok(settings)
    }

    fn on_launch(&self, node: Node<'_, '_>) -> Result<OnLaunch, XmlError> {
        const HOURS: &str = "HoursBetweenUpdateChecks";
        self.check_attributes(node, &[HOURS, "ShowPrompt", "UpdateBlocksActivation"])?;
        let hours = |text: &str| {
            let number = xml::number(node, HOURS, text)?;
            u8::try_from(number).map_err(|_| xml::value(node, HOURS, text, "write 0 to 255 hours"))
        };
        Ok(OnLaunch {
            hours_between: self.attribute(node, HOURS).map_or(Ok(DEFAULT_HOURS), hours)?,
            show_prompt: self.boolean(node, "ShowPrompt")?,
            blocks_activation: self.boolean(node, "UpdateBlocksActivation")?,
        })
    }

    fn uris(&self, parent: Node<'_, '_>, element: &'static str) -> Result<Vec<String>, XmlError> {
        self.check_attributes(parent, &[])?;
        let mut found = Vec::new();
        for node in self.elements(parent)? {
            if node.tag_name().name() != element || found.len() == MAX_URIS {
                return Err(xml::unexpected(node));
            }
            self.check_attributes(node, &[])?;
            found.push(uri(node, node.text().unwrap_or_default().trim())?);
        }
        Ok(found)
    }
}

fn truth(node: Node<'_, '_>, name: &'static str, text: &str) -> Result<bool, XmlError> {
    match text {
        "true" | "1" => Ok(true),
        "false" | "0" => Ok(false),
        other => Err(xml::value(node, name, other, "it is neither true nor false")),
    }
}

/// A place: an address of the Web, a file's, or a path.
fn uri(node: Node<'_, '_>, text: &str) -> Result<String, XmlError> {
    let bad = |c: char| c.is_control() || matches!(c, '"' | '<' | '>' | '|');
    if text.is_empty() || text.chars().count() > MAX_URI || text.contains(bad) || text.trim() != text {
        return Err(xml::value(node, "Uri", text, "it is no address and no path"));
    }
    Ok(text.to_owned())
}
