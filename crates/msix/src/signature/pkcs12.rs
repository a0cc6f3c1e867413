//! A key with its certificates in one file with a password (PKCS #12, RFC 7292), as OpenSSL 3, Windows and others write it today: PBES2, and a
//! MAC with SHA-2. What was usual before (RC2, triple DES, SHA-1) is refused with the command that writes it anew.

use cms::content_info::ContentInfo;
use cms::encrypted_data::EncryptedData;
use der::asn1::{Any, ContextSpecific, ObjectIdentifier, OctetString};
use der::{Decode, Encode, Reader, SliceReader, TagNumber};
use hmac::{Hmac, Mac};
use pkcs8::pkcs5::EncryptionScheme;
use pkcs12::kdf::{Pkcs12KeyType, derive_key_utf8};
use pkcs12::mac_data::MacData;
use pkcs12::pfx::Pfx;
use pkcs12::safe_bag::SafeBag;
use sha2::{Sha256, Sha384, Sha512};
use x509_cert::Certificate;

use super::password::{MAX_STEPS, decrypt};
use super::private_key::Key;
use super::signer::{Signer, SignerError};
use super::{key, shape};
use crate::digest::HashAlgorithm;

const DATA: ObjectIdentifier = ObjectIdentifier::new_unwrap("1.2.840.113549.1.7.1");
const ENCRYPTED_DATA: ObjectIdentifier = ObjectIdentifier::new_unwrap("1.2.840.113549.1.7.6");

/// Largest file that is read, in bytes.
const MAX_BYTES: usize = 1 << 20;
/// Contents, of which each may be encrypted.
const MAX_CONTENTS: usize = 4;
/// Bags in all of them.
const MAX_BAGS: usize = 64;
/// Bytes of the MAC's salt.
const MAX_SALT: usize = 1024;

const LEGACY: SignerError = SignerError::Legacy {
    what: "it is encrypted with RC2 or triple DES, or has a MAC with SHA-1",
    command: "openssl pkcs12 -legacy -in OLD -nodes | openssl pkcs12 -export -out NEW",
};

impl Signer {
    /// Opens a file of PKCS #12.
    ///
    /// # Errors
    /// When it is none, the password is another one, or it has not exactly one key with its certificate.
    pub fn from_pkcs12(bytes: &[u8], password: &str) -> Result<Signer, SignerError> {
        let malformed = SignerError::Pkcs12;
        if bytes.len() > MAX_BYTES {
            return Err(malformed("it has more than a mebibyte"));
        }
        let pfx: Pfx = shape::decode(bytes).map_err(|_| malformed("it can't be read"))?;
        let safe = string(&pfx.auth_safe, "its content is of another kind")?;
        if let Some(mac) = &pfx.mac_data {
            check_mac(mac, safe.as_bytes(), password)?;
        }
        let unreadable = |_| malformed("its contents can't be read");
        let contents: Vec<ContentInfo> = shape::decode(safe.as_bytes()).map_err(unreadable)?;
        if contents.len() > MAX_CONTENTS {
            return Err(malformed("it has more than 4 contents"));
        }
        let mut found = Found { key: None, certificates: Vec::new(), bags: 0 };
        for content in &contents {
            let plain = match content.content_type {
                DATA => string(content, "a content of it can't be read")?.into_bytes(),
                ENCRYPTED_DATA => decrypted(content, password)?,
                _ => return Err(malformed("a content of it is not encrypted by a password")),
            };
            found.look(&plain, password)?;
        }
        let key = found.key.ok_or(malformed("there is no key in it"))?;
        Signer::new(found.certificates, key)
    }
}

fn string(content: &ContentInfo, what: &'static str) -> Result<OctetString, SignerError> {
    if content.content_type != DATA {
        return Err(SignerError::Pkcs12(what));
    }
    content.content.decode_as().map_err(|_| SignerError::Pkcs12(what))
}

fn check_mac(data: &MacData, bytes: &[u8], password: &str) -> Result<(), SignerError> {
    let Ok(algorithm) = key::hash_algorithm(&data.mac.algorithm.oid) else { return Err(LEGACY) };
    if data.mac.algorithm.parameters.as_ref().is_some_and(|parameters| *parameters != Any::null()) {
        return Err(SignerError::Pkcs12("its MAC has parameters that are not known"));
    }
    let steps = u32::try_from(data.iterations).unwrap_or(0);
    let salt = data.mac_salt.as_bytes();
    if steps == 0 || salt.is_empty() || salt.len() > MAX_SALT {
        return Err(SignerError::Pkcs12("its MAC has no salt, or no steps"));
    }
    if steps > MAX_STEPS {
        return Err(SignerError::TooManySteps);
    }
    let size = algorithm.size();
    let made = match algorithm {
        HashAlgorithm::Sha256 => {
            derive_key_utf8::<Sha256>(password, salt, Pkcs12KeyType::Mac, data.iterations, size)
        }
        HashAlgorithm::Sha384 => {
            derive_key_utf8::<Sha384>(password, salt, Pkcs12KeyType::Mac, data.iterations, size)
        }
        HashAlgorithm::Sha512 => {
            derive_key_utf8::<Sha512>(password, salt, Pkcs12KeyType::Mac, data.iterations, size)
        }
    };
    let made = made.map_err(|_| SignerError::Password)?;
    let tag = data.mac.digest.as_bytes();
    let right = match algorithm {
        HashAlgorithm::Sha256 => check::<Hmac<Sha256>>(&made, bytes, tag),
        HashAlgorithm::Sha384 => check::<Hmac<Sha384>>(&made, bytes, tag),
        HashAlgorithm::Sha512 => check::<Hmac<Sha512>>(&made, bytes, tag),
    };
    if right { Ok(()) } else { Err(SignerError::Password) }
}

fn check<M: Mac + hmac::digest::KeyInit>(key: &[u8], bytes: &[u8], tag: &[u8]) -> bool {
    <M as Mac>::new_from_slice(key).is_ok_and(|mac| mac.chain_update(bytes).verify_slice(tag).is_ok())
}

fn decrypted(content: &ContentInfo, password: &str) -> Result<Vec<u8>, SignerError> {
    let malformed = || SignerError::Pkcs12("an encrypted content of it can't be read");
    let data: EncryptedData = content.content.decode_as().map_err(|_| malformed())?;
    let info = &data.enc_content_info;
    let algorithm = info.content_enc_alg.to_der().map_err(|_| malformed())?;
    let Ok(scheme) = EncryptionScheme::from_der(&algorithm) else { return Err(LEGACY) };
    let bytes = info.encrypted_content.as_ref().ok_or_else(malformed)?;
    decrypt(&scheme, password, bytes.as_bytes(), LEGACY)
}

struct Found {
    key: Option<Key>,
    certificates: Vec<Certificate>,
    bags: usize,
}

impl Found {
    fn look(&mut self, contents: &[u8], password: &str) -> Result<(), SignerError> {
        let malformed = SignerError::Pkcs12;
        let bags: Vec<SafeBag> = shape::decode(contents).map_err(|_| malformed("its bags can't be read"))?;
        self.bags += bags.len();
        if self.bags > MAX_BAGS {
            return Err(malformed("it has more than 64 bags"));
        }
        for bag in bags {
            let value = value(&bag).ok_or(malformed("a bag of it can't be read"))?;
            match bag.bag_id {
                pkcs12::PKCS_12_CERT_BAG_OID => self.certificates.extend(certificate(&value)?),
                id @ (pkcs12::PKCS_12_KEY_BAG_OID | pkcs12::PKCS_12_PKCS8_KEY_BAG_OID) => {
                    if self.key.is_some() {
                        return Err(malformed("it has several keys, and which one is meant can't be told"));
                    }
                    self.key = Some(if id == pkcs12::PKCS_12_KEY_BAG_OID {
                        Key::from_pkcs8_der(&value)?
                    } else {
                        Key::from_encrypted_der(&value, password).map_err(|error| match error {
                            SignerError::NoKey | SignerError::Legacy { .. } => LEGACY,
                            other => other,
                        })?
                    });
                }
                // Lists of certificates that were withdrawn, secrets, and bags in bags are not needed.
                _ => {}
            }
        }
        Ok(())
    }
}

/// What is in a bag, without its `[0]`.
fn value(bag: &SafeBag) -> Option<Vec<u8>> {
    let mut reader = SliceReader::new(&bag.bag_value).ok()?;
    let value = ContextSpecific::<Any>::decode_explicit(&mut reader, TagNumber::N0).ok()??;
    reader.is_finished().then(|| value.value.to_der().ok())?
}

/// A certificate of X.509; `None` is one of another kind.
fn certificate(value: &[u8]) -> Result<Option<Certificate>, SignerError> {
    let malformed = |_| SignerError::Pkcs12("a certificate of it can't be read");
    let bag: pkcs12::cert_type::CertBag = shape::decode(value).map_err(malformed)?;
    if bag.cert_id != pkcs12::PKCS_12_X509_CERT_OID {
        return Ok(None);
    }
    shape::decode(bag.cert_value.as_bytes()).map(Some).map_err(malformed)
}
