//! The digests that a package has as it lies there.

use super::digests::Digests;
use super::error::SignatureError;
use crate::container::Source;
use crate::content_types;
use crate::digest::{Digest, HashAlgorithm};
use crate::package::{Contents, PackageError};
use crate::part_name::{CODE_INTEGRITY, CONTENT_TYPES, SIGNATURE};

/// Bytes that are read at once.
const STEP: usize = 256 << 10;

/// Largest catalog that is read, in bytes.
pub(super) const MAX_CATALOG: u64 = 64 << 20;

/// Computes them: of a package that is signed as it is without its signature, of another as it will be when one is added.
///
/// # Errors
/// When it can't be read.
pub(super) fn computed(
    source: &(impl Source + ?Sized),
    contents: &Contents,
    algorithm: HashAlgorithm,
) -> Result<Digests, SignatureError> {
    let container = contents.container();
    let end = &container.end;
    let signature = container.part(SIGNATURE);
    // All that is before the signature, or the directory.
    let parts_end = signature.map_or(end.offset, |part| part.entry.offset);
    let parts = digest_of(source, 0, parts_end, algorithm)?;
    let directory_end = signature.map_or(end.offset + end.size, |part| part.entry.directory.0);
    let mut hasher = algorithm.hasher();
    let mut directory = vec![0; (directory_end - end.offset) as usize];
    source.read_exact_at(&mut directory, end.offset).map_err(PackageError::Read)?;
    hasher.update(&directory);
    let records = container.end.records_without(
        source,
        container.parts().len() as u64 - u64::from(signature.is_some()),
        parts_end,
        directory.len() as u64,
    );
    hasher.update(&records.map_err(PackageError::Read)?);
    let part = |name, limit| {
        let bytes = contents.unmapped_part(source, name, limit)?;
        Ok::<Digest, SignatureError>(algorithm.digest(&bytes))
    };
    let code_integrity =
        container.part(CODE_INTEGRITY).map(|_| part(CODE_INTEGRITY, MAX_CATALOG)).transpose()?;
    Ok(Digests {
        parts,
        directory: hasher.finish(),
        content_types: part(CONTENT_TYPES, content_types::MAX_BYTES as u64)?,
        // Of the one that the files are checked with: who may write to the package could put another one in its place for this moment.
        block_map: contents.block_map_digest(),
        code_integrity,
    })
}

fn digest_of(
    source: &(impl Source + ?Sized),
    from: u64,
    to: u64,
    algorithm: HashAlgorithm,
) -> Result<Digest, SignatureError> {
    let mut hasher = algorithm.hasher();
    let mut buffer = vec![0; STEP];
    let mut at = from;
    while at < to {
        let step = (to - at).min(STEP as u64) as usize;
        source.read_exact_at(&mut buffer[..step], at).map_err(PackageError::Read)?;
        hasher.update(&buffer[..step]);
        at += step as u64;
    }
    Ok(hasher.finish())
}
