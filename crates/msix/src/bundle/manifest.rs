//! `AppxMetadata/AppxBundleManifest.xml`: which packages a bundle has, where, and for whom each is.

use std::collections::HashSet;

use roxmltree::Node;

use crate::manifest::TargetDeviceFamily;
use crate::part_name::PartName;
use crate::qualifiers::{self, Qualifiers};
use crate::xml::{self, XmlError};
use crate::{Architecture, Identity, Publisher, Version};

/// Why a bundle's manifest is refused.
pub type BundleManifestError = XmlError;

/// Largest that is read, in bytes.
pub const MAX_BYTES: usize = 16 << 20;
/// Most packages of a bundle, as in Microsoft's schema.
pub const MAX_PACKAGES: usize = 10_000;

const MAX_NODES: u32 = 400_000;
/// Most resources of a package, as in Microsoft's schema.
const MAX_RESOURCES: usize = 200;
/// Most families of devices of a package.
const MAX_FAMILIES: usize = 128;

/// The namespaces of `Bundle`. Those of 2018 and 2019 are only ever beside one of them.
const NAMESPACES: [&str; 4] = [B1, "http://schemas.microsoft.com/appx/2016/bundle", B3, B4];
/// The first; each package has resources.
pub(super) const B1: &str = "http://schemas.microsoft.com/appx/2013/bundle";
/// The first in which a package may have none.
pub(super) const B3: &str = "http://schemas.microsoft.com/appx/2017/bundle";
/// Has `Dependencies`.
pub(super) const B4: &str = "http://schemas.microsoft.com/appx/2018/bundle";
/// Has packages that can be stubs.
pub(super) const B5: &str = "http://schemas.microsoft.com/appx/2019/bundle";
/// What is understood wherever it stands, and so is never passed over.
const UNDERSTOOD: [&str; 2] = [B4, B5];

/// A bundle's manifest.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct BundleManifest {
    /// Who it is: without an architecture, and with the resource id `~` in its full name.
    pub identity: Identity,
    /// Its packages, in order.
    pub packages: Vec<BundledPackage>,
    /// Bundles that can be installed beside it.
    pub optional: Vec<OptionalBundle>,
}

impl BundleManifest {
    /// The full name, which has the resource id that no package can have.
    #[must_use]
    pub fn full_name(&self) -> String {
        let (name, version, publisher) =
            (self.identity.name(), self.identity.version(), self.identity.publisher().id());
        format!("{name}_{version}_neutral_~_{publisher}")
    }
}

/// Kinds of packages in bundles.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Hash)]
pub enum Kind {
    /// It has the programs.
    Application,
    /// It has what a program shows, for some language, scale or the like.
    Resource,
}

impl Kind {
    /// As it is written.
    #[must_use]
    pub fn as_str(self) -> &'static str {
        match self {
            Kind::Application => "application",
            Kind::Resource => "resource",
        }
    }
}

/// Where a package of a bundle is.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Place {
    /// In it: where its data begin, and how many bytes they are.
    Inside {
        /// From the beginning of the bundle.
        offset: u64,
        /// Bytes.
        size: u64,
    },
    /// Beside it, as a file of that name (a flat bundle). Its size is often told.
    Beside {
        /// Bytes.
        size: Option<u64>,
    },
}

/// A package of a bundle.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct BundledPackage {
    /// What it is.
    pub kind: Kind,
    /// Its version.
    pub version: Version,
    /// Its architecture.
    pub architecture: Architecture,
    /// Its resource id.
    pub resource_id: Option<String>,
    /// The name of its part or file.
    pub file: PartName,
    /// Where it is.
    pub place: Place,
    /// What it is for.
    pub resources: Vec<Qualifiers>,
    /// Its resources are taken where nothing fits better.
    pub is_default: bool,
    /// It only stands for a package that is fetched later.
    pub is_stub: bool,
    /// The families of systems that it is for, where they are told.
    pub families: Vec<TargetDeviceFamily>,
}

/// A bundle that can be installed beside another one.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct OptionalBundle {
    /// Its name.
    pub name: String,
    /// Its publisher.
    pub publisher: String,
    /// Its version, where one is asked for.
    pub version: Option<Version>,
    /// Where it is.
    pub file: Option<String>,
}

impl BundleManifest {
    /// Reads it: at most [`MAX_BYTES`].
    ///
    /// # Errors
    /// When it is not well-formed, has what bundles' manifests have not, or lacks what they have.
    pub fn parse(bytes: &[u8]) -> Result<BundleManifest, BundleManifestError> {
        let text = xml::decode(bytes, MAX_BYTES)?;
        let document = xml::parse_any(&text, MAX_NODES, "Bundle", &NAMESPACES)?;
        let root = document.root_element();
        let mut ignorable = xml::ignorable(root)?;
        ignorable.retain(|uri| !UNDERSTOOD.contains(uri));
        xml::check_attributes(root, &["SchemaVersion", "IgnorableNamespaces"], &ignorable)?;
        check_schema_version(root)?;
        let (mut identity, mut packages, mut optional) = (None, None, Vec::new());
        for node in elements(root, &ignorable)? {
            match node.tag_name().name() {
                "Identity" if identity.is_none() => identity = Some(read_identity(node, &ignorable)?),
                "Packages" if packages.is_none() => packages = Some(read_packages(node, &ignorable)?),
                "OptionalBundle" if optional.len() < MAX_PACKAGES => {
                    optional.push(read_optional(node, &ignorable)?);
                }
                _ => return Err(xml::unexpected(node)),
            }
        }
        let missing = |name| XmlError::Missing { at: xml::at(root), element: "Bundle", name };
        Ok(BundleManifest {
            identity: identity.ok_or_else(|| missing("Identity"))?,
            packages: packages.ok_or_else(|| missing("Packages"))?,
            optional,
        })
    }
}

/// The elements in a node, of the root's namespace or one that is understood beside it.
fn elements<'a, 'input>(
    node: Node<'a, 'input>,
    ignorable: &[&str],
) -> Result<Vec<Node<'a, 'input>>, XmlError> {
    let root = node.document().root_element().tag_name().namespace().unwrap_or_default();
    xml::elements_of(node, &[root, B4, B5], ignorable)
}

fn check_schema_version(root: Node<'_, '_>) -> Result<(), XmlError> {
    let text = xml::required(root, "Bundle", "SchemaVersion")?;
    let number = |part: &str| {
        let digits = !part.is_empty() && part.bytes().all(|byte| byte.is_ascii_digit());
        digits && part.len() <= 5 && (part == "0" || !part.starts_with('0'))
    };
    if (2..=3).contains(&text.split('.').count()) && text.split('.').all(number) {
        return Ok(());
    }
    Err(xml::value(root, "SchemaVersion", text, "it is no version of two or three numbers"))
}

fn read_identity(node: Node<'_, '_>, ignorable: &[&str]) -> Result<Identity, XmlError> {
    xml::check_attributes(node, &["Name", "Publisher", "Version"], ignorable)?;
    let name = xml::required(node, "Identity", "Name")?;
    let text = xml::required(node, "Identity", "Publisher")?;
    let publisher =
        Publisher::new(text).map_err(|error| xml::value(node, "Publisher", text, error.to_string()))?;
    let version = version(node, "Identity", "Version")?;
    let identity = Identity::new(name, publisher, version, Architecture::Neutral, None);
    identity.map_err(|error| xml::value(node, "Name", name, error.to_string()))
}

fn version(node: Node<'_, '_>, element: &'static str, name: &'static str) -> Result<Version, XmlError> {
    let text = xml::required(node, element, name)?;
    text.parse::<Version>().map_err(|error| xml::value(node, name, text, error.to_string()))
}

fn read_packages(parent: Node<'_, '_>, ignorable: &[&str]) -> Result<Vec<BundledPackage>, XmlError> {
    xml::check_attributes(parent, &[], ignorable)?;
    let nodes = elements(parent, ignorable)?;
    if nodes.len() > MAX_PACKAGES {
        return Err(xml::value(parent, "Packages", "…", "there are more than 10,000 packages"));
    }
    let mut packages = Vec::with_capacity(nodes.len());
    let mut names = HashSet::new();
    for node in nodes {
        let package = read_package(node, ignorable)?;
        if !names.insert(crate::container::fold(package.file.as_str())) {
            return Err(xml::value(node, "FileName", package.file.as_str(), "it stands here a second time"));
        }
        packages.push(package);
    }
    if packages.is_empty() {
        return Err(XmlError::Missing { at: xml::at(parent), element: "Packages", name: "Package" });
    }
    Ok(packages)
}

const ATTRIBUTES: [&str; 8] =
    ["Type", "Version", "Architecture", "ResourceId", "FileName", "Offset", "Size", "IsStub"];

fn read_package(node: Node<'_, '_>, ignorable: &[&str]) -> Result<BundledPackage, XmlError> {
    if node.tag_name().name() != "Package" {
        return Err(xml::unexpected(node));
    }
    let newest = node.tag_name().namespace() == Some(B5);
    xml::check_attributes(node, if newest { &ATTRIBUTES } else { &ATTRIBUTES[..7] }, ignorable)?;
    let kind = match node.attribute("Type") {
        Some("application") => Kind::Application,
        Some("resource") | None => Kind::Resource,
        Some(other) => return Err(xml::value(node, "Type", other, "it is neither application nor resource")),
    };
    let architecture = match node.attribute("Architecture") {
        None => Architecture::Neutral,
        Some(text) => text
            .parse()
            .map_err(|_| xml::value(node, "Architecture", text, "no architecture is called so"))?,
    };
    let text = xml::required(node, "Package", "FileName")?;
    let file = PartName::new(&text.replace('\\', "/"))
        .map_err(|error| xml::value(node, "FileName", text, error.to_string()))?;
    let number = |name| node.attribute(name).map(|text| xml::number(node, name, text)).transpose();
    let (offset, size) = (number("Offset")?, number("Size")?);
    let place = match (offset, size) {
        (None | Some(0), size) => Place::Beside { size },
        (Some(offset), Some(size)) => Place::Inside { offset, size },
        (Some(_), None) => {
            return Err(XmlError::Missing { at: xml::at(node), element: "Package", name: "Size" });
        }
    };
    let resource_id = node.attribute("ResourceId").map(str::to_owned);
    if resource_id.as_deref() == Some("") {
        return Err(xml::value(node, "ResourceId", "", "it is empty"));
    }
    let mut package = BundledPackage {
        kind,
        version: version(node, "Package", "Version")?,
        architecture,
        resource_id,
        file,
        place,
        resources: Vec::new(),
        is_default: false,
        is_stub: boolean(node, "IsStub")?,
        families: Vec::new(),
    };
    let mut seen = HashSet::new();
    for child in elements(node, ignorable)? {
        let (name, namespace) = (child.tag_name().name(), child.tag_name().namespace());
        match name {
            "Resources" => read_resources(child, ignorable, &mut package)?,
            "Dependencies" if namespace == Some(B4) => {
                package.families = read_families(child, ignorable)?;
            }
            _ => return Err(xml::unexpected(child)),
        }
        if !seen.insert(name) {
            return Err(xml::unexpected(child));
        }
    }
    Ok(package)
}

fn boolean(node: Node<'_, '_>, name: &'static str) -> Result<bool, XmlError> {
    match node.attribute(name) {
        None | Some("false" | "0") => Ok(false),
        Some("true" | "1") => Ok(true),
        Some(other) => Err(xml::value(node, name, other, "it is neither true nor false")),
    }
}

fn read_resources(
    parent: Node<'_, '_>,
    ignorable: &[&str],
    package: &mut BundledPackage,
) -> Result<(), XmlError> {
    xml::check_attributes(parent, &["Default"], ignorable)?;
    package.is_default = boolean(parent, "Default")?;
    let nodes = elements(parent, ignorable)?;
    if nodes.len() > MAX_RESOURCES {
        return Err(xml::value(parent, "Resources", "…", "there are more than 200"));
    }
    for node in nodes {
        if node.tag_name().name() != "Resource" {
            return Err(xml::unexpected(node));
        }
        xml::check_attributes(node, &["Language", "Scale", "DXFeatureLevel"], ignorable)?;
        let (language, scale) = (node.attribute("Language"), node.attribute("Scale"));
        let qualifiers = qualifiers::parse(language, scale, node.attribute("DXFeatureLevel"))
            .map_err(|(name, text, what)| xml::value(node, name, &text, what))?;
        if package.resources.contains(&qualifiers) {
            return Err(xml::value(node, "Resource", "…", "it stands here a second time"));
        }
        package.resources.push(qualifiers);
    }
    Ok(())
}

fn read_families(parent: Node<'_, '_>, ignorable: &[&str]) -> Result<Vec<TargetDeviceFamily>, XmlError> {
    xml::check_attributes(parent, &[], ignorable)?;
    let mut families = Vec::new();
    for node in elements(parent, ignorable)? {
        if node.tag_name().name() != "TargetDeviceFamily" || families.len() == MAX_FAMILIES {
            return Err(xml::unexpected(node));
        }
        xml::check_attributes(node, &["Name", "MinVersion", "MaxVersionTested"], ignorable)?;
        let name = xml::required(node, "TargetDeviceFamily", "Name")?;
        let plain = |byte: u8| byte.is_ascii_alphanumeric() || byte == b'.' || byte == b'-';
        if name.is_empty() || name.len() > 255 || !name.bytes().all(plain) {
            return Err(xml::value(
                node,
                "Name",
                name,
                "it has other characters than letters, digits, . and -",
            ));
        }
        families.push(TargetDeviceFamily {
            name: name.to_owned(),
            min_version: version(node, "TargetDeviceFamily", "MinVersion")?,
            max_version_tested: version(node, "TargetDeviceFamily", "MaxVersionTested")?,
        });
    }
    Ok(families)
}

fn read_optional(node: Node<'_, '_>, ignorable: &[&str]) -> Result<OptionalBundle, XmlError> {
    xml::check_attributes(node, &["Name", "Publisher", "Version", "FileName"], ignorable)?;
    let name = xml::required(node, "OptionalBundle", "Name")?;
    let publisher = xml::required(node, "OptionalBundle", "Publisher")?;
    let version =
        node.attribute("Version").map(|_| version(node, "OptionalBundle", "Version")).transpose()?;
    let wrong = |attribute, text: &str, error: &dyn std::fmt::Display| {
        xml::value(node, attribute, text, error.to_string())
    };
    let parsed = Publisher::new(publisher).map_err(|error| wrong("Publisher", publisher, &error))?;
    Identity::new(name, parsed, version.unwrap_or_default(), Architecture::Neutral, None)
        .map_err(|error| wrong("Name", name, &error))?;
    let file = node.attribute("FileName");
    if let Some(text) = file {
        PartName::new(&text.replace('\\', "/")).map_err(|error| wrong("FileName", text, &error))?;
    }
    if !elements(node, ignorable)?.is_empty() {
        read_packages(node, ignorable)?;
    }
    Ok(OptionalBundle {
        name: name.to_owned(),
        publisher: publisher.to_owned(),
        version,
        file: file.map(str::to_owned),
    })
}
