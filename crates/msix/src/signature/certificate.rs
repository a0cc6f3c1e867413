//! Certificates of one's own: for tests, and for machines whose users trust them by name.

use std::time::Duration;

use der::asn1::{
    Any, BitString, Ia5StringRef, ObjectIdentifier, OctetString, PrintableStringRef, SetOfVec, Utf8StringRef,
};
use der::pem::LineEnding;
use der::{DateTime, Encode, EncodePem, Tagged};
use rsa::pkcs8::EncodePrivateKey;
use rsa::rand_core::CryptoRngCore;
use x509_cert::attr::AttributeTypeAndValue;
use x509_cert::ext::Extension;
use x509_cert::ext::pkix::{BasicConstraints, ExtendedKeyUsage, KeyUsage, KeyUsages, SubjectKeyIdentifier};
use x509_cert::name::{Name, RdnSequence, RelativeDistinguishedName};
use x509_cert::serial_number::SerialNumber;
use x509_cert::spki::SubjectPublicKeyInfoOwned;
use x509_cert::time::{Time, Validity};
use x509_cert::{Certificate, TbsCertificate, Version};

use super::chain::CODE_SIGNING;
use super::private_key::Key;
use super::signer::SignerError;
use super::subject::TYPES;
use super::trust::UnixTime;
use crate::Publisher;
use crate::digest::HashAlgorithm;

/// Kinds of keys.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum KeyKind {
    /// RSA of 3072 bits, the least that the CA/Browser Forum's baseline for code signing has.
    Rsa3072,
    /// ECDSA on P-256.
    P256,
    /// ECDSA on P-384.
    P384,
}

/// A certificate and its key, in PEM.
pub struct NewCertificate {
    /// The certificate.
    pub certificate: String,
    /// The key, PKCS #8, which nobody else may read.
    pub key: String,
}

/// Makes a key, and a certificate for signing code that it signs itself.
///
/// # Errors
/// When the publisher can't be a subject, or the times are none.
pub fn self_signed(
    publisher: &Publisher,
    kind: KeyKind,
    validity: [UnixTime; 2],
    random: &mut impl CryptoRngCore,
) -> Result<NewCertificate, SignerError> {
    let key = Key::generate(kind, random)?;
    let mut serial = [0; 16];
    random.fill_bytes(&mut serial);
    // A positive number of full length.
    serial[0] = serial[0] & 0x7F | 0x40;
    let certificate = make(publisher, &key, &serial, validity).map_err(|_| SignerError::Unable)?;
    Ok(NewCertificate {
        certificate: certificate.to_pem(LineEnding::LF).map_err(|_| SignerError::Unable)?,
        key: key.to_pem().ok_or(SignerError::Unable)?,
    })
}

fn make(
    publisher: &Publisher,
    key: &Key,
    serial: &[u8],
    validity: [UnixTime; 2],
) -> Result<Certificate, der::Error> {
    let failed = || der::Error::from(der::ErrorKind::Failed);
    let name = name(publisher)?;
    let hash = HashAlgorithm::Sha256;
    let algorithm = key.certificate_algorithm(hash);
    let public: SubjectPublicKeyInfoOwned = key.public_info().ok_or_else(failed)?;
    let id = hash.digest(public.subject_public_key.raw_bytes());
    let [not_before, not_after] = validity.map(time);
    let tbs = TbsCertificate {
        version: Version::V3,
        serial_number: SerialNumber::new(serial)?,
        signature: algorithm.clone(),
        issuer: name.clone(),
        validity: Validity { not_before: not_before?, not_after: not_after? },
        subject: name,
        subject_public_key_info: public,
        issuer_unique_id: None,
        subject_unique_id: None,
        extensions: Some(vec![
            extension(&BasicConstraints { ca: false, path_len_constraint: None }, true)?,
            extension(&KeyUsage(KeyUsages::DigitalSignature.into()), true)?,
            extension(&ExtendedKeyUsage(vec![CODE_SIGNING]), false)?,
            // RFC 7093, method 1.
            extension(&SubjectKeyIdentifier(OctetString::new(&id.as_bytes()[..20])?), false)?,
        ]),
    };
    let signature = key.sign(hash, &tbs.to_der()?).map_err(|_| failed())?;
    Ok(Certificate {
        tbs_certificate: tbs,
        signature_algorithm: algorithm,
        signature: BitString::from_bytes(&signature)?,
    })
}

fn extension<E: Encode + der::oid::AssociatedOid>(value: &E, critical: bool) -> der::Result<Extension> {
    Ok(Extension { extn_id: E::OID, critical, extn_value: OctetString::new(value.to_der()?)? })
}

/// RFC 5280 4.1.2.5: two digits of the year until 2049.
fn time(at: UnixTime) -> der::Result<Time> {
    let date = DateTime::from_unix_duration(Duration::from_secs(at))?;
    Ok(match date.year() {
        ..2050 => Time::UtcTime(der::asn1::UtcTime::from_date_time(date)?),
        _ => Time::GeneralTime(der::asn1::GeneralizedTime::from_date_time(date)),
    })
}

/// A publisher as a name: the last part is the first.
fn name(publisher: &Publisher) -> der::Result<Name> {
    let mut parts = Vec::new();
    for (kind, value) in publisher.parts().into_iter().rev() {
        let oid = match kind.strip_prefix("OID.") {
            Some(numbers) => numbers,
            None => TYPES.iter().find(|(_, name)| *name == kind).map(|(oid, _)| *oid).unwrap_or_default(),
        };
        let oid = ObjectIdentifier::new(oid)?;
        let value = match kind.as_str() {
            "C" | "SERIALNUMBER" | "dnQualifier" => any(&PrintableStringRef::new(&value)?)?,
            "E" | "DC" => any(&Ia5StringRef::new(&value)?)?,
            _ => any(&Utf8StringRef::new(&value)?)?,
        };
        let one = AttributeTypeAndValue { oid, value };
        parts.push(RelativeDistinguishedName(SetOfVec::try_from(vec![one])?));
    }
    Ok(RdnSequence(parts))
}

fn any(value: &(impl der::EncodeValue + Tagged)) -> der::Result<Any> {
    let mut bytes = Vec::new();
    value.encode_value(&mut bytes)?;
    Any::new(value.tag(), bytes)
}

impl Key {
    fn generate(kind: KeyKind, random: &mut impl CryptoRngCore) -> Result<Key, SignerError> {
        Ok(match kind {
            KeyKind::Rsa3072 => {
                let key = rsa::RsaPrivateKey::new(random, 3072).map_err(|_| SignerError::Unable)?;
                Key::Rsa(Box::new(key))
            }
            KeyKind::P256 => Key::P256(p256::ecdsa::SigningKey::random(random)),
            KeyKind::P384 => Key::P384(p384::ecdsa::SigningKey::random(random)),
        })
    }

    fn to_pem(&self) -> Option<String> {
        let text = match self {
            Key::Rsa(key) => key.to_pkcs8_pem(LineEnding::LF),
            Key::P256(key) => key.to_pkcs8_pem(LineEnding::LF),
            Key::P384(key) => key.to_pkcs8_pem(LineEnding::LF),
        };
        text.ok().map(|text| text.to_string())
    }
}
