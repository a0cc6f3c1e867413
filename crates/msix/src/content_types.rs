//! `[Content_Types].xml` (ECMA-376 part 2, 10.1.2): what each part is, by extension or by name.

use std::collections::HashMap;

use roxmltree::Node;

use crate::container::fold;
use crate::part_name::{
    BLOCK_MAP, BUNDLE_MANIFEST, CODE_INTEGRITY, CONTENT_TYPES, MANIFEST, PartName, SIGNATURE,
};
use crate::xml::{self, XmlError};

/// Largest that is read, in bytes.
pub const MAX_BYTES: usize = 4 << 20;

const NAMESPACE: &str = "http://schemas.openxmlformats.org/package/2006/content-types";
const MAX_NODES: u32 = 400_000;

/// The application manifest's.
pub const MANIFEST_TYPE: &str = "application/vnd.ms-appx.manifest+xml";
/// The bundle manifest's.
pub const BUNDLE_MANIFEST_TYPE: &str = "application/vnd.ms-appx.bundlemanifest+xml";
/// The block map's.
pub const BLOCK_MAP_TYPE: &str = "application/vnd.ms-appx.blockmap+xml";
/// The signature's.
pub const SIGNATURE_TYPE: &str = "application/vnd.ms-appx.signature";
/// The catalog's.
pub const CATALOG_TYPE: &str = "application/vnd.ms-pkiseccat";
/// A package's, in a bundle.
pub const PACKAGE_TYPE: &str = "application/vnd.ms-appx";
/// Of what nothing is known.
pub const DEFAULT_TYPE: &str = "application/octet-stream";

/// Content types.
#[derive(Clone, Debug, Default, PartialEq, Eq)]
pub struct ContentTypes {
    /// By extension, in the order in which they were added.
    defaults: Vec<(String, String)>,
    /// By name.
    overrides: Vec<(PartName, String)>,
    by_extension: HashMap<String, usize>,
    by_name: HashMap<String, usize>,
}

impl ContentTypes {
    /// Reads them.
    ///
    /// # Errors
    /// When they are not well-formed, or name an extension or part twice.
    pub fn parse(bytes: &[u8]) -> Result<ContentTypes, XmlError> {
        let text = xml::decode(bytes, MAX_BYTES)?;
        let document = xml::parse(&text, MAX_NODES, "Types", NAMESPACE)?;
        let root = document.root_element();
        xml::check_attributes(root, &[], &[])?;
        let mut types = ContentTypes::default();
        for node in xml::elements(root, &[])? {
            types.take(node)?;
        }
        Ok(types)
    }

    fn take(&mut self, node: Node<'_, '_>) -> Result<(), XmlError> {
        let content_type = |element| {
            let text = xml::required(node, element, "ContentType")?;
            let plain = !text.is_empty() && text.bytes().all(|byte| (b' '..=b'~').contains(&byte));
            let message = "it is no media type";
            if plain && text.contains('/') {
                Ok(text)
            } else {
                Err(xml::value(node, "ContentType", text, message))
            }
        };
        let twice = |name, text: &str| Err(xml::value(node, name, text, "it stands here a second time"));
        match node.tag_name().name() {
            "Default" => {
                xml::check_attributes(node, &["Extension", "ContentType"], &[])?;
                let extension = xml::required(node, "Default", "Extension")?;
                if !self.add_default(extension, content_type("Default")?) {
                    return twice("Extension", extension);
                }
            }
            "Override" => {
                xml::check_attributes(node, &["PartName", "ContentType"], &[])?;
                let text = xml::required(node, "Override", "PartName")?;
                let encoded = text
                    .strip_prefix('/')
                    .ok_or_else(|| xml::value(node, "PartName", text, "it has to begin with a slash"))?;
                let name = PartName::decode(encoded.as_bytes())
                    .map_err(|error| xml::value(node, "PartName", text, error.to_string()))?;
                if !self.add_override(name, content_type("Override")?) {
                    return twice("PartName", text);
                }
            }
            _ => return Err(xml::unexpected(node)),
        }
        Ok(())
    }

    fn add_default(&mut self, extension: &str, content_type: &str) -> bool {
        let known = self.by_extension.insert(extension.to_lowercase(), self.defaults.len());
        self.defaults.push((extension.to_owned(), content_type.to_owned()));
        known.is_none()
    }

    fn add_override(&mut self, name: PartName, content_type: &str) -> bool {
        let known = self.by_name.insert(fold(name.as_str()), self.overrides.len());
        self.overrides.push((name, content_type.to_owned()));
        known.is_none()
    }

    /// What a part is.
    #[must_use]
    pub fn of(&self, name: &PartName) -> Option<&str> {
        let by_name = self.by_name.get(&fold(name.as_str())).map(|&at| &self.overrides[at].1);
        let by_extension =
            || name.extension().and_then(|one| self.by_extension.get(&one)).map(|&at| &self.defaults[at].1);
        by_name.or_else(by_extension).map(String::as_str)
    }

    /// Adds a part, by its extension if that is not another's yet.
    pub fn add(&mut self, name: &PartName) {
        let content_type = type_of(name);
        if self.of(name) == Some(content_type) {
            return;
        }
        match name.extension() {
            // These are never told by extension: signing adds some of them, and nothing else shall change.
            Some(_) if name.is_footprint() => {}
            Some(extension) if !self.by_extension.contains_key(&extension) => {
                self.add_default(&extension, content_type);
                return;
            }
            _ => {}
        }
        self.add_override(name.clone(), content_type);
    }

    /// As XML.
    #[must_use]
    pub fn to_xml(&self) -> String {
        let mut xml = format!("<?xml version=\"1.0\" encoding=\"UTF-8\"?>\r\n<Types xmlns=\"{NAMESPACE}\">");
        let mut element = |start: &str, name: &str, content_type: &str| {
            xml.push_str(start);
            xml::escape(name, &mut xml);
            xml.push_str("\" ContentType=\"");
            xml::escape(content_type, &mut xml);
            xml.push_str("\"/>");
        };
        for (extension, content_type) in &self.defaults {
            element("<Default Extension=\"", extension, content_type);
        }
        for (name, content_type) in &self.overrides {
            element("<Override PartName=\"/", &name.encode(), content_type);
        }
        xml.push_str("</Types>");
        xml
    }
}

/// What a part is by its name: the fixed ones, and the extensions of which MakeAppx knows the type.
fn type_of(name: &PartName) -> &'static str {
    match name.as_str() {
        MANIFEST => return MANIFEST_TYPE,
        BUNDLE_MANIFEST => return BUNDLE_MANIFEST_TYPE,
        BLOCK_MAP => return BLOCK_MAP_TYPE,
        SIGNATURE => return SIGNATURE_TYPE,
        CODE_INTEGRITY => return CATALOG_TYPE,
        CONTENT_TYPES => return "application/xml",
        _ => {}
    }
    match name.extension().unwrap_or_default().as_str() {
        "exe" | "dll" => "application/x-msdownload",
        "appx" | "msix" => PACKAGE_TYPE,
        "xml" => "application/xml",
        "json" => "application/json",
        "htm" | "html" => "text/html",
        "css" => "text/css",
        "js" => "application/javascript",
        "txt" => "text/plain",
        "png" => "image/png",
        "jpg" | "jpeg" => "image/jpeg",
        "gif" => "image/gif",
        "svg" => "image/svg+xml",
        "ico" => "image/vnd.microsoft.icon",
        "zip" => "application/x-zip-compressed",
        "ttf" => "application/x-font-ttf",
        _ => DEFAULT_TYPE,
    }
}
