//! Making bundles: what is written is a function of the packages that go in, byte for byte.

use std::io::Write;

use super::error::BundleError;
use super::manifest::{B1, B3, B4, B5, BundleManifest, BundledPackage, Kind, Place};
use super::open::check_identities;
use crate::package::Package;
use crate::part_name::PartName;
use crate::writer::{FileWriter, Options, PackageWriter, WriteError};
use crate::xml::escape;
use crate::{Architecture, Identity, Version};

/// Why a bundle can't be made.
#[derive(Debug, thiserror::Error)]
pub enum BundleWriteError {
    /// The output.
    #[error(transparent)]
    Write(#[from] WriteError),
    /// The packages don't make a bundle.
    #[error(transparent)]
    Bundle(#[from] BundleError),
    /// There is no package.
    #[error("there is no package to put into it")]
    Empty,
}

/// Writes a bundle, package after package.
pub struct BundleWriter<W> {
    writer: PackageWriter<W>,
    version: Option<Version>,
    manifest: Option<BundleManifest>,
}

impl<W: Write> BundleWriter<W> {
    /// Begins a bundle. Without a version it gets the highest one of its packages with programs.
    pub fn new(output: W, options: Options, version: Option<Version>) -> BundleWriter<W> {
        BundleWriter { writer: PackageWriter::new(output, options), version, manifest: None }
    }

    /// Begins a package, whose bytes are to come.
    ///
    /// # Errors
    /// When it can't be a member of the bundle, the name is taken, or the output fails.
    pub fn begin(
        &mut self,
        name: PartName,
        package: &Package,
    ) -> Result<MemberWriter<'_, W>, BundleWriteError> {
        let shown = name.to_string();
        if !name.is_package() || name.is_footprint() {
            let what = "the name of a member ends in .msix or .appx, and is in no reserved folder";
            return Err(BundleError::Member { name: shown, what }.into());
        }
        let own = &package.manifest().identity;
        let manifest = self.manifest.get_or_insert_with(|| BundleManifest {
            identity: without_architecture(own),
            packages: Vec::new(),
            optional: Vec::new(),
        });
        let (name_of, publisher) = (manifest.identity.name(), manifest.identity.publisher());
        let differs = |what, said: &str, is: &str| {
            let what_it_is = format!(
                "{shown}: its {what} is {is}, and that of the packages before it is {said}; a bundle holds packages of one name and publisher"
            );
            Err(BundleError::Contradiction(what_it_is).into())
        };
        if own.name() != name_of {
            return differs("name", name_of, own.name());
        }
        if own.publisher() != publisher {
            return differs("publisher", publisher.as_str(), own.publisher().as_str());
        }
        let entry = entry(name.clone(), package);
        let (part, offset) = self.writer.begin_member(name)?;
        Ok(MemberWriter { part, offset, entry, manifest })
    }

    /// Writes the bundle's manifest, block map, content types and directory.
    ///
    /// # Errors
    /// When the packages don't make a bundle, or the output fails.
    pub fn finish(mut self) -> Result<(W, BundleManifest), BundleWriteError> {
        let mut manifest = self.manifest.take().ok_or(BundleWriteError::Empty)?;
        check_identities(&manifest)?;
        let programs = manifest.packages.iter().filter(|one| one.kind == Kind::Application);
        let highest = programs.map(|one| one.version).max().unwrap_or_default();
        let own = &manifest.identity;
        let version = self.version.unwrap_or(highest);
        manifest.identity =
            Identity::new(own.name(), own.publisher().clone(), version, Architecture::Neutral, None)
                .map_err(|error| BundleError::Contradiction(error.to_string()))?;
        self.writer.put_bundle_manifest(manifest.to_xml().as_bytes())?;
        Ok((self.writer.finish()?, manifest))
    }
}

fn without_architecture(own: &Identity) -> Identity {
    Identity::new(own.name(), own.publisher().clone(), own.version(), Architecture::Neutral, None)
        .expect("the parts of an identity")
}

fn entry(file: PartName, package: &Package) -> BundledPackage {
    let manifest = package.manifest();
    let identity = &manifest.identity;
    let mut resources = Vec::new();
    for one in &manifest.resources {
        if !resources.contains(one) {
            resources.push(one.clone());
        }
    }
    BundledPackage {
        kind: if manifest.properties.resource_package { Kind::Resource } else { Kind::Application },
        version: identity.version(),
        architecture: identity.architecture(),
        resource_id: identity.resource_id().map(str::to_owned),
        file,
        place: Place::Beside { size: None },
        resources,
        is_default: false,
        is_stub: false,
        families: manifest.target_device_families.clone(),
    }
}

/// Writes one package of a bundle.
pub struct MemberWriter<'a, W> {
    part: FileWriter<'a, W>,
    offset: u64,
    entry: BundledPackage,
    manifest: &'a mut BundleManifest,
}

impl<W: Write> MemberWriter<'_, W> {
    /// Adds its next bytes.
    ///
    /// # Errors
    /// When the output fails.
    pub fn add(&mut self, bytes: &[u8]) -> Result<(), BundleWriteError> {
        Ok(self.part.add_stored(bytes)?)
    }

    /// Ends it.
    ///
    /// # Errors
    /// When the output fails.
    pub fn finish(mut self) -> Result<(), BundleWriteError> {
        self.entry.place = Place::Inside { offset: self.offset, size: self.part.size() };
        self.part.finish()?;
        self.manifest.packages.push(self.entry);
        Ok(())
    }
}

impl BundleManifest {
    /// As XML, as MakeAppx writes it.
    #[must_use]
    pub fn to_xml(&self) -> String {
        let namespace = if self.packages.iter().all(|one| !one.resources.is_empty()) { B1 } else { B3 };
        let mut xml = format!(
            "<?xml version=\"1.0\" encoding=\"UTF-8\" standalone=\"no\"?>\r\n<Bundle xmlns=\"{namespace}\" xmlns:b4=\"{B4}\" xmlns:b5=\"{B5}\" \
             IgnorableNamespaces=\"b4 b5\" SchemaVersion=\"5.0\"><Identity Name=\"{}\" Publisher=\"",
            self.identity.name()
        );
        escape(self.identity.publisher().as_str(), &mut xml);
        xml.push_str(&format!("\" Version=\"{}\"/><Packages>", self.identity.version()));
        self.packages.iter().for_each(|one| write_package(one, &mut xml));
        xml.push_str("</Packages></Bundle>");
        xml
    }
}

fn write_package(package: &BundledPackage, xml: &mut String) {
    let (kind, version) = (package.kind.as_str(), package.version);
    xml.push_str(&format!(
        "<Package Type=\"{kind}\" Version=\"{version}\" Architecture=\"{}\"",
        package.architecture
    ));
    if let Some(id) = &package.resource_id {
        xml.push_str(&format!(" ResourceId=\"{id}\""));
    }
    xml.push_str(" FileName=\"");
    escape(&package.file.with_backslashes(), xml);
    match package.place {
        Place::Inside { offset, size } => {
            xml.push_str(&format!("\" Offset=\"{offset}\" Size=\"{size}\">"));
        }
        Place::Beside { size: Some(size) } => xml.push_str(&format!("\" Size=\"{size}\">")),
        Place::Beside { size: None } => xml.push_str("\">"),
    }
    if !package.resources.is_empty() {
        xml.push_str("<Resources>");
        for one in &package.resources {
            xml.push_str("<Resource");
            let attributes = [
                ("Language", one.language.clone()),
                ("Scale", one.scale.map(|scale| scale.to_string())),
                ("DXFeatureLevel", one.dx_feature_level.clone()),
            ];
            for (name, value) in attributes {
                if let Some(value) = value {
                    xml.push_str(&format!(" {name}=\"{value}\""));
                }
            }
            xml.push_str("/>");
        }
        xml.push_str("</Resources>");
    }
    if !package.families.is_empty() {
        xml.push_str("<b4:Dependencies>");
        for family in &package.families {
            xml.push_str(&format!(
                "<b4:TargetDeviceFamily Name=\"{}\" MinVersion=\"{}\" MaxVersionTested=\"{}\"/>",
                family.name, family.min_version, family.max_version_tested
            ));
        }
        xml.push_str("</b4:Dependencies>");
    }
    xml.push_str("</Package>");
}
