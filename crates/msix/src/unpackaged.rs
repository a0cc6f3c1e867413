//! Identities of commands that come without a manifest.

use crate::{Architecture, Identity, Publisher, Version};
use sha2::{Digest, Sha256};

/// Publisher of every identity made here.
const PUBLISHER: &str = "CN=lowbox-unpackaged";
/// Longest part of the command's name that is kept beside the hash: 50 characters less a dash and the hash.
const KEPT: usize = 50 - 1 - HASH_DIGITS;
const HASH_DIGITS: usize = 12;

impl Identity {
    /// The identity of a bare command: always the same for the same name, so that its consents and private data last.
    ///
    /// `command` is the file name of the program, or the name that the user gave, as bytes. A name that is fit for a
    /// package is taken as it is; of any other the unfit characters become dashes and a part of its SHA-256 is
    /// appended, so that different commands stay apart.
    #[must_use]
    pub fn unpackaged(command: &[u8]) -> Self {
        let publisher = Publisher::new(PUBLISHER).expect("the constant is a publisher");
        let of = |name: &str| {
            Self::new(name, publisher.clone(), Version([1, 0, 0, 0]), Architecture::Neutral, None)
        };
        if let Some(identity) = std::str::from_utf8(command).ok().and_then(|name| of(name).ok()) {
            return identity;
        }
        let kept: String = command
            .iter()
            .take(KEPT)
            .map(|byte| if byte.is_ascii_alphanumeric() { char::from(*byte) } else { '-' })
            .collect();
        let hash: String =
            Sha256::digest(command).iter().take(HASH_DIGITS / 2).map(|byte| format!("{byte:02x}")).collect();
        // Punycode (xn--…) is refused in any name, whatever follows.
        of(&format!("{kept}-{hash}"))
            .or_else(|_| of(&format!("command-{hash}")))
            .expect("dashes, letters and digits make a name")
    }
}
