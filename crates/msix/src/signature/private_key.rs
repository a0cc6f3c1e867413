//! Private keys: read, and signing.

use der::SecretDocument;
use p256::ecdsa::signature::hazmat::PrehashSigner;
use pkcs8::EncryptedPrivateKeyInfo;
use rsa::pkcs1::DecodeRsaPrivateKey;
use rsa::pkcs8::DecodePrivateKey;
use rsa::signature::{SignatureEncoding, Signer as _};
use sha2::{Sha256, Sha384, Sha512};
use x509_cert::spki::{AlgorithmIdentifierOwned, SubjectPublicKeyInfoOwned};

use super::signer::SignerError;
use super::{key, password, pem};
use crate::digest::HashAlgorithm;

/// A key.
pub(super) enum Key {
    Rsa(Box<rsa::RsaPrivateKey>),
    P256(p256::ecdsa::SigningKey),
    P384(p384::ecdsa::SigningKey),
}

impl Key {
    /// Signs bytes.
    pub(super) fn sign(&self, hash: HashAlgorithm, message: &[u8]) -> Result<Vec<u8>, SignerError> {
        let digest = hash.digest(message);
        let unable = |_| SignerError::Unable;
        match self {
            Key::Rsa(key) => rsa(key, hash, message).ok_or(SignerError::Unable),
            Key::P256(key) => {
                let signature: p256::ecdsa::Signature =
                    key.sign_prehash(digest.as_bytes()).map_err(unable)?;
                Ok(signature.to_der().as_bytes().to_vec())
            }
            Key::P384(key) => {
                let signature: p384::ecdsa::Signature =
                    key.sign_prehash(digest.as_bytes()).map_err(unable)?;
                Ok(signature.to_der().as_bytes().to_vec())
            }
        }
    }
}

fn rsa(key: &rsa::RsaPrivateKey, hash: HashAlgorithm, message: &[u8]) -> Option<Vec<u8>> {
    use rsa::pkcs1v15::SigningKey;
    let key = key.clone();
    let signature = match hash {
        HashAlgorithm::Sha256 => SigningKey::<Sha256>::new(key).try_sign(message),
        HashAlgorithm::Sha384 => SigningKey::<Sha384>::new(key).try_sign(message),
        HashAlgorithm::Sha512 => SigningKey::<Sha512>::new(key).try_sign(message),
    };
    signature.ok().map(|signature| signature.to_vec())
}

impl Key {
    /// How certificates say that it signed them: RSA with its hash algorithm.
    pub(super) fn certificate_algorithm(&self, hash: HashAlgorithm) -> AlgorithmIdentifierOwned {
        match self {
            Key::Rsa(_) => key::identifier(key::rsa_identifier(hash)),
            Key::P256(_) | Key::P384(_) => {
                AlgorithmIdentifierOwned { oid: key::ecdsa_identifier(hash), parameters: None }
            }
        }
    }

    /// The public key with what it is.
    pub(super) fn public_info(&self) -> Option<SubjectPublicKeyInfoOwned> {
        match self {
            Key::Rsa(key) => SubjectPublicKeyInfoOwned::from_key(key.to_public_key()).ok(),
            Key::P256(key) => SubjectPublicKeyInfoOwned::from_key(*key.verifying_key()).ok(),
            Key::P384(key) => SubjectPublicKeyInfoOwned::from_key(*key.verifying_key()).ok(),
        }
    }

    /// The first key in a file; an encrypted one with its password.
    pub(super) fn from_pem(bytes: &[u8], password: Option<&str>) -> Result<Key, SignerError> {
        let text = std::str::from_utf8(bytes).map_err(|_| SignerError::NoKey)?;
        let text = pem::blocks(text, "PRIVATE KEY").next().ok_or(SignerError::NoKey)?;
        if text.starts_with("-----BEGIN ENCRYPTED PRIVATE KEY-----") {
            let password = password.ok_or(SignerError::NeedsPassword)?;
            let (_, der) = SecretDocument::from_pem(text).map_err(|_| SignerError::NoKey)?;
            return Key::from_encrypted_der(der.as_bytes(), password);
        }
        if text.contains("Proc-Type: 4,ENCRYPTED") {
            return Err(SignerError::Legacy {
                what: "the private key is encrypted as OpenSSL did it before PKCS #8",
                command: "openssl pkcs8 -topk8 -in OLD -out NEW",
            });
        }
        if let Ok((_, der)) = SecretDocument::from_pem(text)
            && let Ok(key) = Key::from_pkcs8_der(der.as_bytes())
        {
            return Ok(key);
        }
        if let Ok(key) = rsa::RsaPrivateKey::from_pkcs1_pem(text) {
            return Ok(Key::Rsa(Box::new(key)));
        }
        if let Ok(key) = p256::SecretKey::from_sec1_pem(text) {
            return Ok(Key::P256(key.into()));
        }
        p384::SecretKey::from_sec1_pem(text).map(|key| Key::P384(key.into())).map_err(|_| SignerError::NoKey)
    }

    /// A key of PKCS #8.
    pub(super) fn from_pkcs8_der(der: &[u8]) -> Result<Key, SignerError> {
        if let Ok(key) = rsa::RsaPrivateKey::from_pkcs8_der(der) {
            return Ok(Key::Rsa(Box::new(key)));
        }
        if let Ok(key) = p256::SecretKey::from_pkcs8_der(der) {
            return Ok(Key::P256(key.into()));
        }
        p384::SecretKey::from_pkcs8_der(der).map(|key| Key::P384(key.into())).map_err(|_| SignerError::NoKey)
    }

    /// An encrypted one.
    pub(super) fn from_encrypted_der(der: &[u8], password: &str) -> Result<Key, SignerError> {
        let legacy = SignerError::Legacy {
            what: "the private key is encrypted by PKCS #5 version 1 or by another old way",
            command: "openssl pkcs8 -topk8 -in OLD -out NEW",
        };
        let Ok(encrypted) = EncryptedPrivateKeyInfo::try_from(der) else { return Err(legacy) };
        let (scheme, bytes) = (&encrypted.encryption_algorithm, encrypted.encrypted_data);
        let key = password::decrypt(scheme, password, bytes, legacy)?;
        // A wrong password looks right once in 256 times.
        Key::from_pkcs8_der(&key).map_err(|_| SignerError::Password)
    }

    /// The public key as a certificate has it.
    pub(super) fn public(&self) -> Option<Vec<u8>> {
        use rsa::pkcs1::EncodeRsaPublicKey;
        match self {
            Key::Rsa(key) => Some(key.to_public_key().to_pkcs1_der().ok()?.as_bytes().to_vec()),
            Key::P256(key) => Some(key.verifying_key().to_encoded_point(false).as_bytes().to_vec()),
            Key::P384(key) => Some(key.verifying_key().to_encoded_point(false).as_bytes().to_vec()),
        }
    }
}
