//! What a signature covers: `APPX`, then digests with tags of four letters.

use super::error::{Covered, SignatureError};
use crate::digest::{Digest, HashAlgorithm};

/// The digests of a package.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub struct Digests {
    /// Of all parts but the signature, as they lie in the file.
    pub parts: Digest,
    /// Of the directory and the end records, as they are without the signature.
    pub directory: Digest,
    /// Of `[Content_Types].xml`.
    pub content_types: Digest,
    /// Of `AppxBlockMap.xml`.
    pub block_map: Digest,
    /// Of `AppxMetadata/CodeIntegrity.cat`, where there is one.
    pub code_integrity: Option<Digest>,
}

const MAGIC: &[u8; 4] = b"APPX";
const TAGS: [&[u8; 4]; 5] = [b"AXPC", b"AXCD", b"AXCT", b"AXBM", b"AXCI"];

impl Digests {
    /// Reads them; each tag stands once, in their order.
    pub(super) fn parse(bytes: &[u8], algorithm: HashAlgorithm) -> Result<Digests, SignatureError> {
        let malformed = SignatureError::Malformed("its digests are not those of a package");
        let Some(rest) = bytes.strip_prefix(MAGIC) else { return Err(malformed) };
        let step = 4 + algorithm.size();
        let count = rest.len() / step;
        if rest.len() % step != 0 || !(4..=5).contains(&count) {
            return Err(malformed);
        }
        let mut found = [None; 5];
        for (at, one) in rest.chunks(step).enumerate() {
            if &one[..4] != TAGS[at] {
                return Err(malformed);
            }
            found[at] = Some(Digest::from(&one[4..]));
        }
        let [Some(parts), Some(directory), Some(content_types), Some(block_map), code_integrity] = found
        else {
            return Err(malformed);
        };
        Ok(Digests { parts, directory, content_types, block_map, code_integrity })
    }

    /// As they are signed.
    #[must_use]
    pub fn to_bytes(&self) -> Vec<u8> {
        let fixed = [self.parts, self.directory, self.content_types, self.block_map];
        let mut bytes = MAGIC.to_vec();
        for (tag, digest) in TAGS.iter().zip(fixed.into_iter().chain(self.code_integrity)) {
            bytes.extend_from_slice(*tag);
            bytes.extend_from_slice(digest.as_bytes());
        }
        bytes
    }

    /// These beside others, each with what it is of: first what says most about where the change is.
    pub(super) fn pairs(&self, other: &Digests) -> [(Covered, Option<Digest>, Option<Digest>); 5] {
        [
            (Covered::ContentTypes, Some(self.content_types), Some(other.content_types)),
            (Covered::BlockMap, Some(self.block_map), Some(other.block_map)),
            (Covered::CodeIntegrity, self.code_integrity, other.code_integrity),
            (Covered::Directory, Some(self.directory), Some(other.directory)),
            (Covered::Parts, Some(self.parts), Some(other.parts)),
        ]
    }
}
