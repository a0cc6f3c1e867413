//! A package written again with another manifest: everything else is copied as it lies there.

use std::io::Write;

use super::{BlockPacker, DosTime, Options, PackageWriter, WriteError, method_for};
use crate::block_map::BLOCK;
use crate::container::{Method, Source};
use crate::package::Contents;
use crate::part_name::MANIFEST;

/// Writes the package's files in their order, with `manifest` in the place of its own. Block map, content types and directory are made anew;
/// signature and catalog, which are of the old one, are left out.
///
/// # Errors
/// When the package can't be read, has a file that none may have, or the output fails.
pub fn with_manifest<W: Write>(
    source: &(impl Source + ?Sized),
    contents: &Contents,
    manifest: &[u8],
    output: W,
    time: DosTime,
) -> Result<W, WriteError> {
    let options = Options { algorithm: contents.block_map().algorithm, time };
    let mut writer = PackageWriter::new(output, options);
    let mut packer = BlockPacker::new(options.algorithm);
    for part in contents.container().parts() {
        let Some(file) = contents.file(part.name.as_str()) else { continue };
        if part.name.as_str() != MANIFEST {
            writer.copy(source, part, file)?;
            continue;
        }
        let method = method_for(&part.name, manifest.len() as u64);
        let mut own = writer.begin(part.name.clone(), method)?;
        for block in manifest.chunks(BLOCK as usize) {
            own.add(&match method {
                Method::Stored => packer.store(block.to_vec()),
                Method::Deflated => packer.deflate(block),
            })?;
        }
        own.finish()?;
    }
    writer.finish()
}
