//! What a password opens (PBES2, RFC 8018), within bounds: a file says itself how long it takes to open it.

use pkcs8::pkcs5::EncryptionScheme;
use pkcs8::pkcs5::pbes2::Kdf;

use super::signer::SignerError;

/// Steps from a password to a key. Tools take 2,000 to 600,000.
pub(super) const MAX_STEPS: u32 = 1_000_000;
/// Memory that scrypt may take, in bytes.
const MAX_SCRYPT: u64 = 256 << 20;
/// Passes of scrypt over it.
const MAX_PASSES: u16 = 16;

/// Decrypts; `legacy` is what is said of other ways to encrypt.
pub(super) fn decrypt(
    scheme: &EncryptionScheme<'_>,
    password: &str,
    bytes: &[u8],
    legacy: SignerError,
) -> Result<Vec<u8>, SignerError> {
    let Some(parameters) = scheme.pbes2() else { return Err(legacy) };
    match &parameters.kdf {
        Kdf::Pbkdf2(own) if own.iteration_count <= MAX_STEPS => {}
        Kdf::Scrypt(own)
            if own.parallelization <= MAX_PASSES
                && u64::from(own.block_size).saturating_mul(own.cost_parameter).saturating_mul(128)
                    <= MAX_SCRYPT => {}
        Kdf::Pbkdf2(_) | Kdf::Scrypt(_) => return Err(SignerError::TooManySteps),
        _ => return Err(legacy),
    }
    scheme.decrypt(password, bytes).map_err(|error| match error {
        pkcs8::pkcs5::Error::UnsupportedAlgorithm { .. } | pkcs8::pkcs5::Error::NoPbes1CryptSupport => legacy,
        _ => SignerError::Password,
    })
}
