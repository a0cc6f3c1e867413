//! Putting a signature into a package: all parts but an earlier signature are copied as they are, `[Content_Types].xml` is written anew
//! and last of them, then comes the signature.

use std::io::{self, Write};

use super::digests::Digests;
use super::error::SignatureError;
use super::signer::SignerError;
use crate::container::Source;
use crate::digest::{HashAlgorithm, Hasher};
use crate::package::{Contents, PackageError};
use crate::part_name::{BLOCK_MAP, CODE_INTEGRITY, CONTENT_TYPES, PartName, SIGNATURE};
use crate::writer::{DosTime, Written, directory, end_records, whole_part};

/// Why a package could not be signed.
#[derive(Debug, thiserror::Error)]
pub enum SigningError {
    /// The output fails.
    #[error(transparent)]
    Output(#[from] io::Error),
    /// The package can't be read.
    #[error(transparent)]
    Package(#[from] PackageError),
    /// The signer.
    #[error(transparent)]
    Signer(#[from] SignerError),
    /// What makes the signature fails.
    #[error("{0}")]
    Elsewhere(String),
    /// What was made is no signature of this package.
    #[error(transparent)]
    Signature(#[from] SignatureError),
}

/// Bytes that are copied at once.
const STEP: usize = 256 << 10;

/// Writes a signed package to `output`. `make` gets the digests and gives the signature back.
///
/// # Errors
/// When the package can't be read, or `make` or the output fails.
pub fn sign<W: Write>(
    source: &(impl Source + ?Sized),
    contents: &Contents,
    output: W,
    make: impl FnOnce(&Digests, HashAlgorithm) -> Result<Vec<u8>, SigningError>,
) -> Result<W, SigningError> {
    let algorithm = contents.block_map().algorithm;
    let mut output = Output { output, at: 0, hasher: algorithm.hasher() };
    let mut parts = Vec::new();
    for part in contents.container().parts() {
        if [CONTENT_TYPES, SIGNATURE].contains(&part.name.as_str()) {
            continue;
        }
        let entry = &part.entry;
        parts.push(Written {
            encoded: entry.raw_name.clone(),
            needs: entry.needs,
            flags: entry.flags,
            method: entry.method,
            time: DosTime { time: entry.time.0, date: entry.time.1 },
            crc: entry.crc,
            compressed: entry.compressed,
            size: entry.size,
            offset: output.at,
        });
        output.copy(source, entry.offset, entry.end)?;
    }
    let mut types = contents.content_types().clone();
    types.add(&PartName::new(SIGNATURE).expect("a name of the format's own"));
    let types = types.to_xml();
    let time = parts.last().map(|part| part.time).unwrap_or_default();
    let (written, bytes) = whole_part(CONTENT_TYPES, types.as_bytes(), time, output.at);
    parts.push(written);
    output.write(&bytes)?;
    let at = output.at;
    let unsigned = directory(&parts);
    let mut hasher = algorithm.hasher();
    hasher.update(&unsigned);
    hasher.update(&end_records(parts.len() as u64, at, unsigned.len() as u64));
    let part =
        |name, limit| contents.unmapped_part(source, name, limit).map(|bytes| algorithm.digest(&bytes));
    let has_catalog = contents.container().part(CODE_INTEGRITY).is_some();
    let digests = Digests {
        parts: output.hasher.clone().finish(),
        directory: hasher.finish(),
        content_types: algorithm.digest(types.as_bytes()),
        block_map: part(BLOCK_MAP, crate::block_map::MAX_BYTES as u64)?,
        code_integrity: has_catalog.then(|| part(CODE_INTEGRITY, super::covered::MAX_CATALOG)).transpose()?,
    };
    let signature = make(&digests, algorithm)?;
    if signature.len() as u64 > super::MAX_BYTES {
        return Err(SignatureError::Malformed("it has more than 2 MiB").into());
    }
    let (written, bytes) = whole_part(SIGNATURE, &signature, time, at);
    parts.push(written);
    output.write(&bytes)?;
    let directory = directory(&parts);
    let records = end_records(parts.len() as u64, output.at, directory.len() as u64);
    output.write(&directory)?;
    output.write(&records)?;
    output.output.flush()?;
    Ok(output.output)
}

/// What [`sign`] will have signed of a package.
///
/// # Errors
/// When the package can't be read.
pub fn digests(
    source: &(impl Source + ?Sized),
    contents: &Contents,
) -> Result<(Digests, HashAlgorithm), SigningError> {
    let mut found = None;
    sign(source, contents, io::sink(), |digests, algorithm| {
        found = Some((*digests, algorithm));
        Ok(Vec::new())
    })?;
    found.ok_or(SigningError::Signer(SignerError::Unable))
}

struct Output<W> {
    output: W,
    at: u64,
    hasher: Hasher,
}

impl<W: Write> Output<W> {
    fn write(&mut self, bytes: &[u8]) -> io::Result<()> {
        self.hasher.update(bytes);
        self.at += bytes.len() as u64;
        self.output.write_all(bytes)
    }

    fn copy(&mut self, source: &(impl Source + ?Sized), from: u64, to: u64) -> Result<(), SigningError> {
        let mut buffer = vec![0; STEP];
        let mut at = from;
        while at < to {
            let step = (to - at).min(STEP as u64) as usize;
            source.read_exact_at(&mut buffer[..step], at).map_err(PackageError::Read)?;
            self.write(&buffer[..step])?;
            at += step as u64;
        }
        Ok(())
    }
}
