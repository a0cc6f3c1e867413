//! Making packages: what is written is a function of what goes in, byte for byte.

mod again;
mod block;
mod records;
mod time;

pub use again::with_manifest;
pub use block::{BlockPacker, PackedBlock};
pub use time::DosTime;

use std::collections::HashMap;
use std::io::{self, Write};

use flate2::Crc;

use crate::block_map::{BLOCK, Block, BlockMap, MappedFile};
use crate::container::{Method, Part, Source, fold};
use crate::content_types::ContentTypes;
use crate::digest::HashAlgorithm;
use crate::part_name::{BLOCK_MAP, BUNDLE_MANIFEST, CONTENT_TYPES, PartName};
use records::{DESCRIPTOR_SIZE, descriptor, header};
pub(crate) use records::{Written, directory, end_records, whole_part};

/// Bytes that are copied at once.
const STEP: usize = 256 << 10;

/// How a package is written.
#[derive(Clone, Copy, Debug, Default)]
pub struct Options {
    /// What the block map's digests are.
    pub algorithm: HashAlgorithm,
    /// The time that all parts have.
    pub time: DosTime,
}

/// Why a package can't be written.
#[derive(Debug, thiserror::Error)]
pub enum WriteError {
    /// The output fails.
    #[error(transparent)]
    Output(#[from] io::Error),
    /// The package that is copied from can't be read.
    #[error("it can't be read: {0}")]
    Input(io::Error),
    /// A name that is there already, where letters' case does not count.
    #[error("{first} and {second} have one name: Windows does not tell upper and lower case apart")]
    SameName {
        /// The one that was there.
        first: String,
        /// The other.
        second: String,
    },
    /// A name of a part that the writer itself makes, or that signing does.
    #[error("{0} is made by packing or signing, and can't be a file of the package")]
    Reserved(String),
}

/// Writes a package, part after part.
pub struct PackageWriter<W> {
    output: W,
    at: u64,
    options: Options,
    parts: Vec<Written>,
    names: HashMap<String, String>,
    content_types: ContentTypes,
    block_map: BlockMap,
}

/// Extensions of files that are compressed already: they are stored. (Jars are not among them: many are hardly compressed.)
const COMPRESSED: [&str; 34] = [
    "png", "jpg", "jpeg", "jpe", "gif", "webp", "zip", "7z", "gz", "bz2", "xz", "zst", "rar", "cab", "whl",
    "nupkg", "docx", "xlsx", "pptx", "odt", "ods", "odp", "epub", "mp3", "mp4", "m4a", "m4v", "mpg", "aac",
    "ogg", "webm", "wma", "appx", "msix",
];

/// How a file of that name and size is best kept.
#[must_use]
pub fn method_for(name: &PartName, size: u64) -> Method {
    let extension = name.extension().unwrap_or_default();
    if size == 0 || COMPRESSED.contains(&extension.as_str()) { Method::Stored } else { Method::Deflated }
}

impl<W: Write> PackageWriter<W> {
    /// Begins a package.
    pub fn new(output: W, options: Options) -> PackageWriter<W> {
        let block_map = BlockMap { algorithm: options.algorithm, files: Vec::new() };
        PackageWriter {
            output,
            at: 0,
            options,
            parts: Vec::new(),
            names: HashMap::new(),
            content_types: ContentTypes::default(),
            block_map,
        }
    }

    /// Begins a file, whose blocks are to come. The manifest comes last, as MakeAppx has it.
    ///
    /// # Errors
    /// When the name is taken or reserved, or the output fails.
    pub fn begin(&mut self, name: PartName, method: Method) -> Result<FileWriter<'_, W>, WriteError> {
        let reserved = name.is_in_reserved_folder()
            || (name.is_footprint() && name.as_str() != crate::part_name::MANIFEST);
        if reserved {
            return Err(WriteError::Reserved(name.to_string()));
        }
        self.begin_part(name, method, true)
    }

    fn begin_part(
        &mut self,
        name: PartName,
        method: Method,
        mapped: bool,
    ) -> Result<FileWriter<'_, W>, WriteError> {
        if let Some(first) = self.names.insert(fold(name.as_str()), name.to_string()) {
            return Err(WriteError::SameName { first, second: name.to_string() });
        }
        if name.as_str() != CONTENT_TYPES {
            self.content_types.add(&name);
        }
        let encoded = name.encode();
        let header = header(&encoded, method, self.options.time);
        let offset = self.at;
        self.write(&header)?;
        let file = MappedFile {
            name,
            size: 0,
            header_size: header.len() as u64,
            blocks: Vec::new(),
            file_hash: None,
        };
        Ok(FileWriter { writer: self, file, encoded, method, mapped, offset, crc: Crc::new(), compressed: 0 })
    }

    /// Begins a member of a bundle, which is stored and has no place in the block map; and where its data begin.
    pub(crate) fn begin_member(&mut self, name: PartName) -> Result<(FileWriter<'_, W>, u64), WriteError> {
        let part = self.begin_part(name, Method::Stored, false)?;
        let at = part.writer.at;
        Ok((part, at))
    }

    /// The bundle's manifest, which the block map lists.
    pub(crate) fn put_bundle_manifest(&mut self, bytes: &[u8]) -> Result<(), WriteError> {
        self.put_part(BUNDLE_MANIFEST, bytes, true)
    }

    /// Copies a file of another package as it lies there, deflated or not. Its digests are those of the other block map, so they have to be
    /// of the same kind; whether they are right is not looked at.
    ///
    /// # Errors
    /// As [`begin`](Self::begin); when it can't be read.
    pub fn copy(
        &mut self,
        source: &(impl Source + ?Sized),
        part: &Part,
        file: &MappedFile,
    ) -> Result<(), WriteError> {
        let entry = &part.entry;
        let mut copy = self.begin(part.name.clone(), entry.method)?;
        let mut buffer = vec![0; entry.compressed.min(STEP as u64) as usize];
        let (mut at, end) = (entry.data_offset(), entry.data_offset() + entry.compressed);
        while at < end {
            let step = (end - at).min(STEP as u64) as usize;
            source.read_exact_at(&mut buffer[..step], at).map_err(WriteError::Input)?;
            copy.writer.write(&buffer[..step])?;
            at += step as u64;
        }
        let deflated = entry.method == Method::Deflated;
        copy.file.blocks = file.blocks.clone();
        copy.file.blocks.iter_mut().filter(|_| !deflated).for_each(|block| block.compressed = None);
        (copy.file.size, copy.compressed) = (entry.size, entry.compressed);
        copy.end(entry.crc)
    }

    /// A part that the writer itself makes, as a whole.
    fn put(&mut self, name: &str, bytes: &[u8]) -> Result<(), WriteError> {
        self.put_part(name, bytes, false)
    }

    fn put_part(&mut self, name: &str, bytes: &[u8], mapped: bool) -> Result<(), WriteError> {
        let name = PartName::new(name).expect("a name of the format's own");
        let mut packer = BlockPacker::new(self.options.algorithm);
        let mut part = self.begin_part(name, Method::Deflated, mapped)?;
        for block in bytes.chunks(BLOCK as usize) {
            part.add(&packer.deflate(block))?;
        }
        part.finish()
    }

    /// Writes block map, content types and directory.
    ///
    /// # Errors
    /// When the output fails.
    pub fn finish(mut self) -> Result<W, WriteError> {
        let map = self.block_map.to_xml();
        self.put(BLOCK_MAP, map.as_bytes())?;
        let types = self.content_types.to_xml();
        self.put(CONTENT_TYPES, types.as_bytes())?;
        let directory = directory(&self.parts);
        let records = end_records(self.parts.len() as u64, self.at, directory.len() as u64);
        self.write(&directory)?;
        self.write(&records)?;
        self.output.flush()?;
        Ok(self.output)
    }

    fn write(&mut self, bytes: &[u8]) -> io::Result<()> {
        self.at += bytes.len() as u64;
        self.output.write_all(bytes)
    }
}

/// Writes one file.
pub struct FileWriter<'a, W> {
    writer: &'a mut PackageWriter<W>,
    file: MappedFile,
    encoded: String,
    method: Method,
    mapped: bool,
    offset: u64,
    crc: Crc,
    compressed: u64,
}

impl<W: Write> FileWriter<'_, W> {
    /// Adds bytes to a member of a bundle, whose blocks nobody lists.
    pub(crate) fn add_stored(&mut self, bytes: &[u8]) -> Result<(), WriteError> {
        debug_assert!(self.method == Method::Stored && !self.mapped);
        self.writer.write(bytes)?;
        self.crc.update(bytes);
        self.compressed += bytes.len() as u64;
        self.file.size += bytes.len() as u64;
        Ok(())
    }

    /// Bytes of data so far.
    pub(crate) fn size(&self) -> u64 {
        self.file.size
    }

    /// Adds the next block: of 64 KiB, but for the last one, and packed as the file is.
    ///
    /// # Errors
    /// When the output fails.
    pub fn add(&mut self, block: &PackedBlock) -> Result<(), WriteError> {
        self.writer.write(&block.bytes)?;
        self.crc.combine(&block.crc);
        self.compressed += block.bytes.len() as u64;
        self.file.size += u64::from(block.size);
        let compressed = (self.method == Method::Deflated).then_some(block.bytes.len() as u32);
        self.file.blocks.push(Block { hash: block.hash, compressed });
        Ok(())
    }

    /// Ends it.
    ///
    /// # Errors
    /// When the output fails.
    pub fn finish(self) -> Result<(), WriteError> {
        let mut whole = self;
        if whole.method == Method::Deflated {
            // All blocks were flushed: the empty last one ends the stream.
            whole.writer.write(&[3, 0])?;
            whole.compressed += 2;
        }
        let crc = whole.crc.sum();
        whole.end(crc)
    }

    /// Writes what follows the data.
    fn end(self, crc: u32) -> Result<(), WriteError> {
        let FileWriter { writer, file, encoded, method, mapped, offset, compressed, .. } = self;
        let time = writer.options.time;
        let end = descriptor(crc, compressed, file.size);
        debug_assert_eq!(end.len(), DESCRIPTOR_SIZE);
        writer.write(&end)?;
        writer.parts.push(Written::streamed(encoded, method, crc, [compressed, file.size], offset, time));
        if mapped {
            writer.block_map.files.push(file);
        }
        Ok(())
    }
}
