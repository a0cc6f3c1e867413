//! From a block map to XML, as MakeAppx writes it.

use base64::Engine;
use base64::engine::general_purpose::STANDARD;

use super::{BlockMap, NAMESPACE};
use crate::xml::escape;

impl BlockMap {
    /// As XML.
    #[must_use]
    pub fn to_xml(&self) -> String {
        let blocks: usize = self.files.iter().map(|file| file.blocks.len()).sum();
        let mut xml = String::with_capacity(256 + self.files.len() * 80 + blocks * 90);
        xml.push_str("<?xml version=\"1.0\" encoding=\"UTF-8\" standalone=\"no\"?>\r\n<BlockMap xmlns=\"");
        xml.push_str(NAMESPACE);
        xml.push_str("\" HashMethod=\"");
        xml.push_str(self.algorithm.uri());
        xml.push_str("\">");
        for file in &self.files {
            xml.push_str("<File Name=\"");
            escape(&file.name.with_backslashes(), &mut xml);
            xml.push_str(&format!("\" Size=\"{}\" LfhSize=\"{}\"", file.size, file.header_size));
            if file.blocks.is_empty() {
                xml.push_str("/>");
                continue;
            }
            xml.push('>');
            for block in &file.blocks {
                xml.push_str("<Block Hash=\"");
                STANDARD.encode_string(block.hash.as_bytes(), &mut xml);
                xml.push('"');
                if let Some(compressed) = block.compressed {
                    xml.push_str(&format!(" Size=\"{compressed}\""));
                }
                xml.push_str("/>");
            }
            xml.push_str("</File>");
        }
        xml.push_str("</BlockMap>");
        xml
    }
}
