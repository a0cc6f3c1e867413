//! Public keys, and what they verify.

use der::Encode;
use der::asn1::{Any, ObjectIdentifier};
use rsa::pkcs1v15;
use rsa::signature::Verifier;
use sha2::{Sha256, Sha384, Sha512};
use x509_cert::spki::{AlgorithmIdentifierOwned, SubjectPublicKeyInfoOwned};

use super::error::SignatureError;
use crate::digest::HashAlgorithm;

pub(super) const RSA: ObjectIdentifier = ObjectIdentifier::new_unwrap("1.2.840.113549.1.1.1");
const RSA_WITH: [(ObjectIdentifier, HashAlgorithm); 3] = [
    (ObjectIdentifier::new_unwrap("1.2.840.113549.1.1.11"), HashAlgorithm::Sha256),
    (ObjectIdentifier::new_unwrap("1.2.840.113549.1.1.12"), HashAlgorithm::Sha384),
    (ObjectIdentifier::new_unwrap("1.2.840.113549.1.1.13"), HashAlgorithm::Sha512),
];
const EC: ObjectIdentifier = ObjectIdentifier::new_unwrap("1.2.840.10045.2.1");
pub(super) const EC_WITH: [(ObjectIdentifier, HashAlgorithm); 3] = [
    (ObjectIdentifier::new_unwrap("1.2.840.10045.4.3.2"), HashAlgorithm::Sha256),
    (ObjectIdentifier::new_unwrap("1.2.840.10045.4.3.3"), HashAlgorithm::Sha384),
    (ObjectIdentifier::new_unwrap("1.2.840.10045.4.3.4"), HashAlgorithm::Sha512),
];
const HASHES: [(ObjectIdentifier, HashAlgorithm); 3] = [
    (ObjectIdentifier::new_unwrap("2.16.840.1.101.3.4.2.1"), HashAlgorithm::Sha256),
    (ObjectIdentifier::new_unwrap("2.16.840.1.101.3.4.2.2"), HashAlgorithm::Sha384),
    (ObjectIdentifier::new_unwrap("2.16.840.1.101.3.4.2.3"), HashAlgorithm::Sha512),
];
const P256: ObjectIdentifier = ObjectIdentifier::new_unwrap("1.2.840.10045.3.1.7");
const P384: ObjectIdentifier = ObjectIdentifier::new_unwrap("1.3.132.0.34");

/// The smallest RSA key that is believed, in bits: the CA/Browser Forum's baseline for code signing asks for more, and NIST SP 800-131A
/// forbids less.
const MIN_RSA: usize = 2048;

fn find(table: &[(ObjectIdentifier, HashAlgorithm)], oid: &ObjectIdentifier) -> Option<HashAlgorithm> {
    table.iter().find(|(known, _)| known == oid).map(|(_, algorithm)| *algorithm)
}

/// The identifier of a hash algorithm.
pub(super) fn hash_identifier(algorithm: HashAlgorithm) -> ObjectIdentifier {
    of_algorithm(&HASHES, algorithm)
}

/// The identifier of RSA with a hash algorithm.
pub(super) fn rsa_identifier(algorithm: HashAlgorithm) -> ObjectIdentifier {
    of_algorithm(&RSA_WITH, algorithm)
}

/// The identifier of ECDSA with a hash algorithm.
pub(super) fn ecdsa_identifier(algorithm: HashAlgorithm) -> ObjectIdentifier {
    of_algorithm(&EC_WITH, algorithm)
}

/// An identifier with NULL.
pub(super) fn identifier(oid: ObjectIdentifier) -> AlgorithmIdentifierOwned {
    AlgorithmIdentifierOwned { oid, parameters: Some(Any::null()) }
}

/// How a signer says that a key signed: RSA by itself, ECDSA with its hash algorithm.
pub(super) fn signature_algorithm(
    public: &SubjectPublicKeyInfoOwned,
    hash: HashAlgorithm,
) -> AlgorithmIdentifierOwned {
    match public.algorithm.oid {
        EC => AlgorithmIdentifierOwned { oid: ecdsa_identifier(hash), parameters: None },
        _ => identifier(RSA),
    }
}

/// A signature of two numbers of the curve's length, as devices make them, in DER.
pub(super) fn in_der(public: &SubjectPublicKeyInfoOwned, signature: &[u8]) -> Option<Vec<u8>> {
    match curve(public)? {
        P256 => Some(p256::ecdsa::Signature::from_slice(signature).ok()?.to_der().as_bytes().to_vec()),
        P384 => Some(p384::ecdsa::Signature::from_slice(signature).ok()?.to_der().as_bytes().to_vec()),
        _ => None,
    }
}

fn curve(public: &SubjectPublicKeyInfoOwned) -> Option<ObjectIdentifier> {
    let is_elliptic = public.algorithm.oid == EC;
    public.algorithm.parameters.as_ref().filter(|_| is_elliptic)?.decode_as().ok()
}

fn of_algorithm(
    table: &[(ObjectIdentifier, HashAlgorithm); 3],
    algorithm: HashAlgorithm,
) -> ObjectIdentifier {
    let found = table.iter().find(|(_, known)| *known == algorithm);
    found.expect("each algorithm has one").0
}

/// A hash algorithm by its identifier.
pub(super) fn hash_algorithm(oid: &ObjectIdentifier) -> Result<HashAlgorithm, SignatureError> {
    find(&HASHES, oid).ok_or_else(|| SignatureError::Unknown(format!("digest {oid}")))
}

/// The hash algorithm of a certificate's signature.
pub(super) fn hash_of_certificate(oid: &ObjectIdentifier) -> Result<HashAlgorithm, SignatureError> {
    let known = find(&RSA_WITH, oid).or_else(|| find(&EC_WITH, oid));
    known.ok_or_else(|| SignatureError::Unknown(format!("signature {oid}")))
}

/// Checks a signature. `kind` says how it was made: as a combination, or the key's kind alone.
pub(super) fn verify(
    public: &SubjectPublicKeyInfoOwned,
    kind: &ObjectIdentifier,
    algorithm: HashAlgorithm,
    message: &[u8],
    signature: &[u8],
) -> Result<(), SignatureError> {
    let invalid = SignatureError::Invalid("it was made with another key, or of something else");
    let fits = |table, key: &ObjectIdentifier| kind == key || find(table, kind) == Some(algorithm);
    let right = match public.algorithm.oid {
        RSA if fits(&RSA_WITH, &RSA) => rsa(public, algorithm, message, signature)?,
        EC if fits(&EC_WITH, &EC) => ec(public, algorithm, message, signature)?,
        RSA | EC => return Err(SignatureError::Unknown(format!("signature {kind}"))),
        other => return Err(SignatureError::Unknown(format!("key {other}"))),
    };
    if right { Ok(()) } else { Err(invalid) }
}

fn rsa(
    public: &SubjectPublicKeyInfoOwned,
    algorithm: HashAlgorithm,
    message: &[u8],
    signature: &[u8],
) -> Result<bool, SignatureError> {
    use rsa::pkcs8::DecodePublicKey;
    use rsa::traits::PublicKeyParts;
    let der = public.to_der().map_err(|_| SignatureError::Malformed("a key can't be read"))?;
    let unusable = |what: &str| SignatureError::Unknown(what.to_owned());
    let key = rsa::RsaPublicKey::from_public_key_der(&der)
        .map_err(|_| unusable("an RSA key can't be read, or has more than 4096 bits"))?;
    if key.n().bits() < MIN_RSA {
        return Err(unusable("an RSA key of less than 2048 bits, which can be broken"));
    }
    let Ok(signature) = pkcs1v15::Signature::try_from(signature) else { return Ok(false) };
    Ok(match algorithm {
        HashAlgorithm::Sha256 => pkcs1v15::VerifyingKey::<Sha256>::new(key).verify(message, &signature),
        HashAlgorithm::Sha384 => pkcs1v15::VerifyingKey::<Sha384>::new(key).verify(message, &signature),
        HashAlgorithm::Sha512 => pkcs1v15::VerifyingKey::<Sha512>::new(key).verify(message, &signature),
    }
    .is_ok())
}

fn ec(
    public: &SubjectPublicKeyInfoOwned,
    algorithm: HashAlgorithm,
    message: &[u8],
    signature: &[u8],
) -> Result<bool, SignatureError> {
    use p256::ecdsa::signature::hazmat::PrehashVerifier;
    let malformed = SignatureError::Malformed("an elliptic key can't be read");
    let point = public.subject_public_key.raw_bytes();
    let digest = algorithm.digest(message);
    match curve(public) {
        Some(P256) => {
            let key = p256::ecdsa::VerifyingKey::from_sec1_bytes(point).map_err(|_| malformed)?;
            let Ok(signature) = p256::ecdsa::Signature::from_der(signature) else { return Ok(false) };
            Ok(key.verify_prehash(digest.as_bytes(), &signature).is_ok())
        }
        Some(P384) => {
            let key = p384::ecdsa::VerifyingKey::from_sec1_bytes(point).map_err(|_| malformed)?;
            let Ok(signature) = p384::ecdsa::Signature::from_der(signature) else { return Ok(false) };
            Ok(key.verify_prehash(digest.as_bytes(), &signature).is_ok())
        }
        Some(other) => Err(SignatureError::Unknown(format!("curve {other}"))),
        None => Err(malformed),
    }
}
