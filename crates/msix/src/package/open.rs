//! Opening a package: everything but the files' data is read and has to agree.

use super::PackageError;
use super::inflate::{FileReader, whole};
use super::mapping::{self, Of};
use super::segments::{Buffers, Segment};
use crate::Manifest;
use crate::block_map::{self, BlockMap, MappedFile};
use crate::container::{Container, Part, Source};
use crate::content_types::{self, BLOCK_MAP_TYPE, ContentTypes, MANIFEST_TYPE, SIGNATURE_TYPE};
use crate::digest::Digest;
use crate::manifest;
use crate::part_name::{BLOCK_MAP, BUNDLE_MANIFEST, CODE_INTEGRITY, CONTENT_TYPES, MANIFEST, SIGNATURE};

/// Container, content types and block map of a package or bundle, which agree. Files' data are checked when they are read.
#[derive(Debug)]
pub struct Contents {
    container: Container,
    content_types: ContentTypes,
    block_map: BlockMap,
    /// Of the block map as it was read, with which all files are checked.
    block_map_digest: Digest,
    /// For each file of the block map its part.
    places: Vec<usize>,
    /// For each part the file of the block map that it is.
    files: Vec<Option<usize>>,
}

impl Contents {
    /// Of a bundle, `None` if it is none.
    pub(crate) fn of_bundle(source: &(impl Source + ?Sized)) -> Result<Option<Contents>, PackageError> {
        let container = Container::read(source)?;
        match container.part(BUNDLE_MANIFEST) {
            Some(_) => Contents::read(source, container, Of::Bundle).map(Some),
            None => Ok(None),
        }
    }

    fn read(source: &(impl Source + ?Sized), container: Container, of: Of) -> Result<Contents, PackageError> {
        let content_types = content_types(source, &container)?;
        check_signature_place(&container)?;
        let map_part = exactly(&container, BLOCK_MAP)?;
        let bytes = whole(source, map_part, block_map::MAX_BYTES as u64)?;
        let block_map = BlockMap::parse(&bytes).map_err(PackageError::BlockMap)?;
        let places = mapping::check(&container, &block_map, of)?;
        let mut files = vec![None; container.parts().len()];
        for (file, &place) in places.iter().enumerate() {
            files[place] = Some(file);
        }
        let block_map_digest = block_map.algorithm.digest(&bytes);
        let contents = Contents { container, content_types, block_map, block_map_digest, places, files };
        contents.check_type(BLOCK_MAP, BLOCK_MAP_TYPE)?;
        contents.check_type(SIGNATURE, SIGNATURE_TYPE)?;
        Ok(contents)
    }

    /// Checks that a part, if it is there, is said to be what it is.
    pub(crate) fn check_type(&self, name: &str, is: &'static str) -> Result<(), PackageError> {
        let Some(part) = self.container.part(name) else { return Ok(()) };
        let said = self.content_types.of(&part.name).unwrap_or_default();
        if said.eq_ignore_ascii_case(is) {
            return Ok(());
        }
        Err(PackageError::WrongContentType { name: name.to_owned(), said: said.to_owned(), is })
    }

    /// A small file as a whole, which has to have exactly that name.
    pub(crate) fn small_file(
        &self,
        source: &(impl Source + ?Sized),
        name: &'static str,
        limit: u64,
    ) -> Result<Vec<u8>, PackageError> {
        exactly(&self.container, name)?;
        let file = self.file(name).ok_or(PackageError::Missing(name))?;
        if file.size > limit {
            return Err(PackageError::TooLarge { name: name.to_owned(), size: file.size });
        }
        let mut bytes = Vec::with_capacity(file.size as usize);
        let mut reader = self.reader(source, file);
        while let Some(block) = reader.next_block()? {
            bytes.extend_from_slice(block);
        }
        Ok(bytes)
    }

    /// The block map.
    #[must_use]
    pub fn block_map(&self) -> &BlockMap {
        &self.block_map
    }

    /// The digest of the block map, of its own kind: of what was read, whatever is in the file by now.
    #[must_use]
    pub fn block_map_digest(&self) -> Digest {
        self.block_map_digest
    }

    /// The container.
    #[must_use]
    pub fn container(&self) -> &Container {
        &self.container
    }

    /// What the parts are.
    #[must_use]
    pub fn content_types(&self) -> &ContentTypes {
        &self.content_types
    }

    /// Whether there is a signature.
    #[must_use]
    pub fn is_signed(&self) -> bool {
        self.container.part(SIGNATURE).is_some()
    }

    /// The file of that name; letters' case does not count.
    #[must_use]
    pub fn file(&self, name: &str) -> Option<&MappedFile> {
        let file = *self.files.get(self.container.place(name)?)?;
        self.block_map.files.get(file?)
    }

    /// The files, each with its part, in the order of the block map.
    pub fn files(&self) -> impl Iterator<Item = (&MappedFile, &Part)> {
        let parts = self.places.iter().map(|&place| &self.container.parts()[place]);
        self.block_map.files.iter().zip(parts)
    }

    /// Reads a file of the block map, checking each block.
    ///
    /// # Panics
    /// When the file is another package's.
    pub fn reader<'a, S: Source + ?Sized>(
        &'a self,
        source: &'a S,
        file: &'a MappedFile,
    ) -> FileReader<'a, S> {
        let at = self.part_of(file).entry.data_offset();
        let whole = Segment { first: 0, end: file.blocks.len(), at };
        self.segment_reader(source, file, whole, Buffers::default())
    }

    pub(super) fn part_of(&self, file: &MappedFile) -> &Part {
        self.container.part(file.name.as_str()).expect("every mapped file is a part")
    }

    /// A part that the block map does not list, by the container's checksum alone: the signature.
    ///
    /// # Errors
    /// When it is not there, has more bytes than `limit`, or is damaged.
    pub fn unmapped_part(
        &self,
        source: &(impl Source + ?Sized),
        name: &'static str,
        limit: u64,
    ) -> Result<Vec<u8>, PackageError> {
        whole(source, exactly(&self.container, name)?, limit)
    }
}

/// A package that was opened.
#[derive(Debug)]
pub struct Package {
    contents: Contents,
    manifest: Manifest,
    manifest_bytes: Vec<u8>,
}

impl Package {
    /// Opens it. Signature and files' data are not looked at, but for the manifest's.
    ///
    /// # Errors
    /// When it is no package, or not as packages have to be.
    pub fn open(source: &(impl Source + ?Sized)) -> Result<Package, PackageError> {
        let container = Container::read(source)?;
        if container.part(BUNDLE_MANIFEST).is_some() {
            return Err(PackageError::IsBundle);
        }
        let contents = Contents::read(source, container, Of::Package)?;
        contents.check_type(MANIFEST, MANIFEST_TYPE)?;
        let manifest_bytes = contents.small_file(source, MANIFEST, manifest::MAX_BYTES as u64)?;
        let manifest = Manifest::parse_packaged(&manifest_bytes).map_err(PackageError::Manifest)?;
        let package = Package { contents, manifest, manifest_bytes };
        package.check_executables()?;
        Ok(package)
    }

    fn check_executables(&self) -> Result<(), PackageError> {
        for application in &self.manifest.applications {
            let Some(executable) = &application.executable else { continue };
            if self.contents.container.part(&executable.replace('\\', "/")).is_none() {
                return Err(PackageError::NoExecutable {
                    application: application.id.clone(),
                    executable: executable.clone(),
                });
            }
        }
        Ok(())
    }

    /// Its parts.
    #[must_use]
    pub fn contents(&self) -> &Contents {
        &self.contents
    }

    /// Its manifest.
    #[must_use]
    pub fn manifest(&self) -> &Manifest {
        &self.manifest
    }

    /// The manifest as it is written.
    #[must_use]
    pub fn manifest_bytes(&self) -> &[u8] {
        &self.manifest_bytes
    }
}

/// The part that has exactly that name.
fn exactly<'a>(container: &'a Container, name: &'static str) -> Result<&'a Part, PackageError> {
    container.part(name).filter(|part| part.name.as_str() == name).ok_or(PackageError::Missing(name))
}

fn content_types(
    source: &(impl Source + ?Sized),
    container: &Container,
) -> Result<ContentTypes, PackageError> {
    let part = exactly(container, CONTENT_TYPES)?;
    let bytes = whole(source, part, content_types::MAX_BYTES as u64)?;
    let types = ContentTypes::parse(&bytes).map_err(PackageError::ContentTypes)?;
    // The signature's is looked at with the signature.
    let named = |part: &&Part| ![CONTENT_TYPES, SIGNATURE].contains(&part.name.as_str());
    for part in container.parts().iter().filter(named) {
        if types.of(&part.name).is_none() {
            return Err(PackageError::NoContentType(part.name.to_string()));
        }
    }
    Ok(types)
}

/// The signature is the last part, in the file and in the directory: it covers all that is before it. A catalog comes with one.
fn check_signature_place(container: &Container) -> Result<(), PackageError> {
    let Some(place) = container.place(SIGNATURE) else {
        return match container.part(CODE_INTEGRITY) {
            Some(_) => {
                Err(PackageError::Signature("it has AppxMetadata/CodeIntegrity.cat, and no signature"))
            }
            None => Ok(()),
        };
    };
    let parts = container.parts();
    let last_entry = parts.iter().map(|part| part.entry.directory.0).max();
    if place + 1 != parts.len() || Some(parts[place].entry.directory.0) != last_entry {
        return Err(PackageError::Signature(
            "its signature is not the last part, so something could follow it unsigned",
        ));
    }
    if parts[place].name.as_str() != SIGNATURE {
        return Err(PackageError::Signature(
            "the name of its signature is written otherwise than AppxSignature.p7x",
        ));
    }
    Ok(())
}
