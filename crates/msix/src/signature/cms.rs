//! The signature's envelope (RFC 5652, and Authenticode's content in it): one signer, whose signature covers the content by way of
//! signed attributes.

use cms::content_info::{CmsVersion, ContentInfo};
use cms::signed_data::{SignerIdentifier, SignerInfo};
use der::asn1::{Any, ObjectIdentifier, OctetString};
use der::{Encode, Sequence};
use x509_cert::Certificate;
use x509_cert::ext::pkix::SubjectKeyIdentifier;
use x509_cert::spki::AlgorithmIdentifierOwned;

use super::digests::Digests;
use super::error::SignatureError;
use super::signed_data::SignedData;
use super::{Signature, key, shape, time_stamp};
use crate::digest::HashAlgorithm;

pub(super) const SIGNED_DATA: ObjectIdentifier = ObjectIdentifier::new_unwrap("1.2.840.113549.1.7.2");
pub(super) const SPC_INDIRECT_DATA: ObjectIdentifier = ObjectIdentifier::new_unwrap("1.3.6.1.4.1.311.2.1.4");
pub(super) const SPC_SIP_INFO: ObjectIdentifier = ObjectIdentifier::new_unwrap("1.3.6.1.4.1.311.2.1.30");
pub(super) const CONTENT_TYPE: ObjectIdentifier = ObjectIdentifier::new_unwrap("1.2.840.113549.1.9.3");
pub(super) const MESSAGE_DIGEST: ObjectIdentifier = ObjectIdentifier::new_unwrap("1.2.840.113549.1.9.4");

/// What Windows finds the reader of a package by, and that of a bundle.
pub(super) const PACKAGE_SIP: [u8; 16] =
    [0x4B, 0xDF, 0xC5, 0x0A, 0x07, 0xCE, 0xE2, 0x4D, 0xB7, 0x6E, 0x23, 0xC8, 0x39, 0xA0, 0x9F, 0xD1];
pub(super) const BUNDLE_SIP: [u8; 16] =
    [0xB3, 0x58, 0x5F, 0x0F, 0xDE, 0xAA, 0x9A, 0x4B, 0xA4, 0x34, 0x95, 0x74, 0x2D, 0x92, 0xEC, 0xEB];

/// SpcIndirectDataContent.
#[derive(Sequence)]
pub(super) struct IndirectData {
    pub(super) data: TypeAndValue,
    pub(super) digest: DigestInfo,
}

#[derive(Sequence)]
pub(super) struct TypeAndValue {
    pub(super) kind: ObjectIdentifier,
    pub(super) value: SipInfo,
}

/// SpcSipInfo; the numbers mean nothing here.
#[derive(Sequence)]
pub(super) struct SipInfo {
    pub(super) version: u32,
    pub(super) kind: OctetString,
    pub(super) one: u32,
    pub(super) two: u32,
    pub(super) three: u32,
    pub(super) four: u32,
    pub(super) five: u32,
}

#[derive(Sequence)]
pub(super) struct DigestInfo {
    pub(super) algorithm: AlgorithmIdentifierOwned,
    pub(super) digest: OctetString,
}

/// Reads the envelope, and checks the mathematics.
pub(super) fn verified(bytes: &[u8]) -> Result<Signature, SignatureError> {
    let malformed = SignatureError::Malformed;
    let info: ContentInfo =
        shape::decode(bytes).map_err(|_| malformed("it is no PKCS #7 structure in DER"))?;
    if info.content_type != SIGNED_DATA {
        return Err(malformed("it is PKCS #7, and not signed data"));
    }
    let data: SignedData =
        info.content.decode_as().map_err(|_| malformed("its signed data can't be read"))?;
    let content = data.content.econtent.as_ref().ok_or(malformed("it has no content"))?;
    if data.content.econtent_type != SPC_INDIRECT_DATA {
        return Err(malformed("its content is not that of a signature of files"));
    }
    let indirect: IndirectData =
        content.decode_as().map_err(|_| malformed("its content is not that of a signature of packages"))?;
    let of_bundle = match indirect.data.value.kind.as_bytes() {
        _ if indirect.data.kind != SPC_SIP_INFO => {
            return Err(malformed("its content is not that of a signature of packages"));
        }
        kind if kind == PACKAGE_SIP => false,
        kind if kind == BUNDLE_SIP => true,
        _ => return Err(malformed("it is the signature of another kind of file")),
    };
    let algorithm = key::hash_algorithm(&indirect.digest.algorithm.oid)?;
    let digests = Digests::parse(indirect.digest.digest.as_bytes(), algorithm)?;
    let is_known = data.version == CmsVersion::V1 || data.version == CmsVersion::V3;
    let only: Vec<_> = data.digest_algorithms.iter().map(|one| key::hash_algorithm(&one.oid)).collect();
    if !is_known || only.len() != 1 || !matches!(only[0], Ok(one) if one == algorithm) {
        return Err(malformed("its version is not known, or its digests are of several kinds"));
    }
    let signed = signed(&data, content, &SPC_INDIRECT_DATA)?;
    if signed.algorithm != algorithm {
        return Err(malformed("its digests are of different kinds"));
    }
    let time_stamp = time_stamp::of_signer(signed.info)?;
    let Signed { certificate: signer, others, .. } = signed;
    Ok(Signature { algorithm, digests, of_bundle, signer, others, time_stamp })
}

/// Who signed something, and how.
pub(super) struct Signed<'a> {
    pub(super) info: &'a SignerInfo,
    pub(super) algorithm: HashAlgorithm,
    pub(super) certificate: Certificate,
    pub(super) others: Vec<Certificate>,
}

/// The one signer of signed data, whose signature is checked: content of the kind that is meant, by way of signed attributes.
pub(super) fn signed<'a>(
    data: &'a SignedData,
    content: &Any,
    kind: &ObjectIdentifier,
) -> Result<Signed<'a>, SignatureError> {
    let malformed = SignatureError::Malformed;
    let mut certificates = data.certificates.as_ref().map(|all| all.0.clone()).unwrap_or_default();
    let [info] = data.signer_infos.0.as_slice() else {
        return Err(malformed("it has not exactly one signer"));
    };
    let at = certificates
        .iter()
        .position(|one| is_signer(&info.sid, one))
        .ok_or(malformed("the certificate of its signer is not in it"))?;
    let certificate = certificates.swap_remove(at);
    let algorithm = key::hash_algorithm(&info.digest_alg.oid)?;
    check_signer(info, content, kind, algorithm, &certificate)?;
    Ok(Signed { info, algorithm, certificate, others: certificates })
}

fn is_signer(id: &SignerIdentifier, certificate: &Certificate) -> bool {
    let own = &certificate.tbs_certificate;
    match id {
        SignerIdentifier::IssuerAndSerialNumber(id) => {
            id.issuer == own.issuer && id.serial_number == own.serial_number
        }
        SignerIdentifier::SubjectKeyIdentifier(id) => {
            own.get::<SubjectKeyIdentifier>().ok().flatten().is_some_and(|(_, own)| own == *id)
        }
    }
}

fn check_signer(
    signer: &SignerInfo,
    content: &Any,
    kind: &ObjectIdentifier,
    algorithm: HashAlgorithm,
    certificate: &Certificate,
) -> Result<(), SignatureError> {
    let malformed = SignatureError::Malformed;
    let version = match signer.sid {
        SignerIdentifier::IssuerAndSerialNumber(_) => CmsVersion::V1,
        SignerIdentifier::SubjectKeyIdentifier(_) => CmsVersion::V3,
    };
    let no_parameters =
        |one: &AlgorithmIdentifierOwned| one.parameters.as_ref().is_none_or(|one| *one == Any::null());
    if signer.version != version {
        return Err(malformed("its signer is told in a version that is not known"));
    }
    if !no_parameters(&signer.digest_alg) || !no_parameters(&signer.signature_algorithm) {
        return Err(SignatureError::Unknown(format!("{} with parameters", signer.signature_algorithm.oid)));
    }
    let unreadable = |_| malformed("a signed attribute can't be read");
    let said: ObjectIdentifier = attribute(signer, &CONTENT_TYPE)?.decode_as().map_err(unreadable)?;
    if said != *kind {
        return Err(SignatureError::Invalid("it is said to be of another kind of content"));
    }
    let digest: OctetString = attribute(signer, &MESSAGE_DIGEST)?.decode_as().map_err(unreadable)?;
    // Of what is in the outermost sequence (Authenticode), or string (RFC 5652 5.4).
    if digest.as_bytes() != algorithm.digest(content.value()).as_bytes() {
        return Err(SignatureError::Invalid("what it is of was changed"));
    }
    // As a SET, whatever tag they have in the envelope (RFC 5652 5.4).
    let attributes = signer.signed_attrs.as_ref().ok_or(malformed("it has no signed attributes"))?;
    let signed = attributes.to_der().map_err(|_| malformed("its signed attributes can't be read"))?;
    let public = &certificate.tbs_certificate.subject_public_key_info;
    key::verify(public, &signer.signature_algorithm.oid, algorithm, &signed, signer.signature.as_bytes())
}

/// The one value of a signed attribute that has to be there once.
pub(super) fn attribute<'a>(
    signer: &'a SignerInfo,
    kind: &ObjectIdentifier,
) -> Result<&'a Any, SignatureError> {
    let malformed = SignatureError::Malformed;
    let attributes = signer.signed_attrs.as_ref().ok_or(malformed("it has no signed attributes"))?;
    let mut found = attributes.iter().filter(|attribute| attribute.oid == *kind);
    match (found.next(), found.next()) {
        (Some(attribute), None) if attribute.values.len() == 1 => {
            attribute.values.get(0).ok_or(malformed("a signed attribute is empty"))
        }
        _ => Err(malformed("a signed attribute is missing, or there more than once")),
    }
}
