//! From XML to a block map.

use base64::Engine;
use base64::engine::general_purpose::STANDARD;
use roxmltree::Node;

use super::{BLOCK, Block, BlockMap, FILE_HASH, MAX_BYTES, MappedFile, NAMESPACE};
use crate::digest::{Digest, HashAlgorithm};
use crate::part_name::PartName;
use crate::xml::{self, XmlError};

/// Elements and texts between them.
const MAX_NODES: u32 = 1_500_000;

/// A deflated block of random data is at most so much longer.
const MAX_COMPRESSED: u64 = 2 * BLOCK;

/// Why a block map is refused.
pub type BlockMapError = XmlError;

impl BlockMap {
    /// Reads a block map of at most [`MAX_BYTES`].
    ///
    /// # Errors
    /// When it is not well-formed, has what block maps have not, names a file twice or by a name that is none, or has another number
    /// of blocks than a file's size asks for.
    pub fn parse(bytes: &[u8]) -> Result<BlockMap, BlockMapError> {
        let text = xml::decode(bytes, MAX_BYTES)?;
        let document = xml::parse(&text, MAX_NODES, "BlockMap", NAMESPACE)?;
        let root = document.root_element();
        let ignorable = xml::ignorable(root)?;
        xml::check_attributes(root, &["HashMethod", "IgnorableNamespaces"], &ignorable)?;
        let method = xml::required(root, "BlockMap", "HashMethod")?;
        let algorithm = HashAlgorithm::ALL.into_iter().find(|one| one.uri() == method).ok_or_else(|| {
            xml::value(
                root,
                "HashMethod",
                method,
                "digests of this kind are not known (SHA-256, 384 and 512 are)",
            )
        })?;
        let mut files = Vec::new();
        let mut names = std::collections::HashSet::new();
        for node in xml::elements(root, &ignorable)? {
            let file = file(node, algorithm, &ignorable)?;
            if !names.insert(crate::container::fold(file.name.as_str())) {
                return Err(xml::value(node, "Name", file.name.as_str(), "it stands here a second time"));
            }
            files.push(file);
        }
        Ok(BlockMap { algorithm, files })
    }
}

fn file(node: Node<'_, '_>, algorithm: HashAlgorithm, ignorable: &[&str]) -> Result<MappedFile, XmlError> {
    if node.tag_name().name() != "File" {
        return Err(xml::unexpected(node));
    }
    // Id is of the revision of 2015.
    xml::check_attributes(node, &["Name", "Size", "LfhSize", "Id"], ignorable)?;
    let text = xml::required(node, "File", "Name")?;
    if text.contains('/') {
        return Err(xml::value(node, "Name", text, "names have backslashes here"));
    }
    let name = PartName::new(&text.replace('\\', "/"))
        .map_err(|error| xml::value(node, "Name", text, error.to_string()))?;
    let number = |name| xml::number(node, name, xml::required(node, "File", name)?);
    let (size, header_size) = (number("Size")?, number("LfhSize")?);
    let mut file = MappedFile { name, size, header_size, blocks: Vec::new(), file_hash: None };
    for child in xml::elements(node, ignorable)? {
        match child.tag_name().name() {
            "Block" => file.blocks.push(block(child, algorithm, ignorable)?),
            _ => return Err(xml::unexpected(child)),
        }
    }
    for child in node.children().filter(|child| child.has_tag_name((FILE_HASH, "FileHash"))) {
        let text = xml::required(child, "FileHash", "Hash")?;
        file.file_hash = Some(hash(child, text, algorithm)?);
    }
    if file.blocks.len() as u64 != size.div_ceil(BLOCK) {
        let what = format!("{} blocks are another number than this size asks for", file.blocks.len());
        return Err(xml::value(node, "Size", &size.to_string(), what));
    }
    Ok(file)
}

fn block(node: Node<'_, '_>, algorithm: HashAlgorithm, ignorable: &[&str]) -> Result<Block, XmlError> {
    xml::check_attributes(node, &["Hash", "Size"], ignorable)?;
    if let Some(child) = xml::elements(node, ignorable)?.first() {
        return Err(xml::unexpected(*child));
    }
    let hash = hash(node, xml::required(node, "Block", "Hash")?, algorithm)?;
    let compressed = node.attribute("Size").map(|text| {
        let size = xml::number(node, "Size", text)?;
        let fits = (1..=MAX_COMPRESSED).contains(&size);
        u32::try_from(size)
            .ok()
            .filter(|_| fits)
            .ok_or_else(|| xml::value(node, "Size", text, "no block of 64 KiB takes so many bytes"))
    });
    Ok(Block { hash, compressed: compressed.transpose()? })
}

fn hash(node: Node<'_, '_>, text: &str, algorithm: HashAlgorithm) -> Result<Digest, XmlError> {
    let bytes = STANDARD.decode(text).ok().filter(|bytes| bytes.len() == algorithm.size());
    let bytes = bytes
        .ok_or_else(|| xml::value(node, "Hash", text, "it is no digest of the method's size in base64"))?;
    Ok(Digest::from(bytes.as_slice()))
}
