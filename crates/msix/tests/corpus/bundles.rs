//! A maker of bundles that are in order but for what is asked of it.

use super::{Draft, Edit, End, Raw, apply, encode, escape, flushed, sha256, zip};

/// A bundle that is to be made.
pub struct BundleDraft {
    /// Names and bytes of members.
    pub members: Vec<(String, Vec<u8>)>,
    /// The whole element of each, where `OFFSET` and `SIZE` stand for what they are.
    pub listed: Vec<String>,
    pub manifest: Edit<String>,
    pub map: Edit<String>,
    pub types: Edit<String>,
    pub parts: Edit<Vec<Raw>>,
    pub end: Edit<End>,
    pub bytes: Edit<Vec<u8>>,
}

/// A package with another manifest than the usual one.
pub fn package(pairs: &[(&str, &str)]) -> Vec<u8> {
    let mut draft = Draft::new();
    let mut manifest = String::from_utf8(draft.manifest.clone()).unwrap();
    for (from, to) in pairs {
        assert!(manifest.contains(from), "{from}");
        manifest = manifest.replacen(from, to, 1);
    }
    // Small, so that there can be many.
    draft.files[0].1.truncate(1000);
    draft.manifest = manifest.into_bytes();
    draft.make()
}

/// A resource package of that language.
pub fn resources(id: &str) -> Vec<u8> {
    lengthy_resources(id, 0)
}

/// The same, with so many bytes of nothing in its content types.
pub fn lengthy_resources(id: &str, bytes: usize) -> Vec<u8> {
    let mut draft = Draft::new();
    let manifest = String::from_utf8(draft.manifest.clone()).unwrap();
    let (from, to) =
        (manifest.find("<Applications>").unwrap(), manifest.find("</Applications>").unwrap() + 15);
    let mut manifest = manifest.replace(&manifest[from..to].to_owned(), "");
    for (from, to) in [
        ("ProcessorArchitecture=\"x64\"", &*format!("ResourceId=\"{id}\"")),
        ("<DisplayName>", "<ResourcePackage>true</ResourcePackage><DisplayName>"),
        ("<Capabilities><Capability Name=\"internetClient\"/></Capabilities>", ""),
    ] {
        assert!(manifest.contains(from), "{from}");
        manifest = manifest.replacen(from, to, 1);
    }
    draft.files.remove(0);
    draft.manifest = manifest.into_bytes();
    draft.types = Some(Box::new(move |types| *types += &" ".repeat(bytes)));
    draft.make()
}

/// The element of a member.
pub fn element(kind: &str, architecture: &str, more: &str, name: &str) -> String {
    format!(
        "<Package Type=\"{kind}\" Version=\"1.2.3.0\" Architecture=\"{architecture}\"{more} FileName=\"{name}\" Offset=\"OFFSET\" \
         Size=\"SIZE\"><Resources><Resource Language=\"en-us\"/></Resources></Package>"
    )
}

impl BundleDraft {
    /// Two programs and a resource package.
    pub fn new() -> BundleDraft {
        BundleDraft {
            members: vec![
                ("x64.msix".into(), package(&[])),
                ("x86.msix".into(), package(&[("\"x64\"", "\"x86\"")])),
                ("german.msix".into(), resources("german")),
            ],
            listed: vec![
                element("application", "x64", "", "x64.msix"),
                element("application", "x86", "", "x86.msix"),
                element("resource", "neutral", " ResourceId=\"german\"", "german.msix"),
            ],
            manifest: None,
            map: None,
            types: None,
            parts: None,
            end: None,
            bytes: None,
        }
    }

    pub fn make(&self) -> Vec<u8> {
        let mut parts = Vec::new();
        let mut manifest = "<?xml version=\"1.0\"?><Bundle xmlns=\"http://schemas.microsoft.com/appx/2013/bundle\" SchemaVersion=\"3.0\">\
            <Identity Name=\"Lowbox.Sample\" Publisher=\"CN=Lowbox Test\" Version=\"9.0.0.0\"/><Packages>"
            .to_owned();
        let mut at = 0;
        for (name, data) in &self.members {
            let encoded = encode(name);
            let part = Raw::new(encoded.as_bytes(), 0, data, data.clone());
            let offset = at + 30 + encoded.len();
            at = offset + data.len() + part.wide_descriptor().len();
            if let Some(element) =
                self.listed.iter().find(|one| one.contains(&format!("FileName=\"{name}\"")))
            {
                let element = element.replace("OFFSET", &offset.to_string());
                manifest += &element.replace("SIZE", &data.len().to_string());
            }
            parts.push(part);
        }
        let is_there = |one: &&String| {
            !self.members.iter().any(|(name, _)| one.contains(&format!("FileName=\"{name}\"")))
        };
        self.listed.iter().filter(is_there).for_each(|one| manifest += one);
        manifest += "</Packages></Bundle>";
        apply(&self.manifest, &mut manifest);
        let name = "AppxMetadata/AppxBundleManifest.xml";
        let packed = |data: &[u8]| [flushed(data, true), vec![3, 0]].concat();
        let block = flushed(manifest.as_bytes(), true);
        let mut map = format!(
            "<BlockMap xmlns=\"http://schemas.microsoft.com/appx/2010/blockmap\" HashMethod=\"http://www.w3.org/2001/04/xmlenc#sha256\">\
             <File Name=\"{}\" Size=\"{}\" LfhSize=\"{}\"><Block Hash=\"{}\" Size=\"{}\"/></File></BlockMap>",
            escape(&name.replace('/', "\\")),
            manifest.len(),
            30 + name.len(),
            sha256(manifest.as_bytes()),
            block.len()
        );
        apply(&self.map, &mut map);
        let mut types = format!(
            "<Types xmlns=\"http://schemas.openxmlformats.org/package/2006/content-types\">\
             <Default Extension=\"msix\" ContentType=\"application/vnd.ms-appx\"/>\
             <Override PartName=\"/{name}\" ContentType=\"application/vnd.ms-appx.bundlemanifest+xml\"/>\
             <Override PartName=\"/AppxBlockMap.xml\" ContentType=\"application/vnd.ms-appx.blockmap+xml\"/></Types>"
        );
        apply(&self.types, &mut types);
        for (name, data) in [
            (name, manifest.as_bytes()),
            ("AppxBlockMap.xml", map.as_bytes()),
            ("[Content_Types].xml", types.as_bytes()),
        ] {
            parts.push(Raw::new(name.as_bytes(), 8, data, packed(data)));
        }
        apply(&self.parts, &mut parts);
        let mut bytes = zip(&parts, &self.end, false);
        apply(&self.bytes, &mut bytes);
        bytes
    }
}
