//! A token: what an authority signed, with its signature.

use cms::content_info::ContentInfo;
use cms::signed_data::SignerInfo;
use der::asn1::{Any, ObjectIdentifier, OctetString};
use der::{Encode, Sequence};
use sha1::{Digest, Sha1};
use x509_cert::Certificate;
use x509_cert::spki::AlgorithmIdentifierOwned;

use super::info::Info;
use super::{TimeStamp, TimeStampError};
use crate::HashAlgorithm;
use crate::signature::cms::{SIGNED_DATA, Signed, attribute, signed};
use crate::signature::key;
use crate::signature::shape;
use crate::signature::signed_data::SignedData;

const TST_INFO: ObjectIdentifier = ObjectIdentifier::new_unwrap("1.2.840.113549.1.9.16.1.4");
const SIGNING_CERTIFICATE: ObjectIdentifier = ObjectIdentifier::new_unwrap("1.2.840.113549.1.9.16.2.12");
const SIGNING_CERTIFICATE_V2: ObjectIdentifier = ObjectIdentifier::new_unwrap("1.2.840.113549.1.9.16.2.47");

/// SigningCertificate (RFC 2634 5.4).
#[derive(Sequence)]
struct SigningCertificate {
    certificates: Vec<CertificateId>,
    policies: Option<Any>,
}

#[derive(Sequence)]
struct CertificateId {
    digest: OctetString,
    issuer: Option<Any>,
}

/// SigningCertificateV2 (RFC 5035 3).
#[derive(Sequence)]
struct SigningCertificateV2 {
    certificates: Vec<CertificateIdV2>,
    policies: Option<Any>,
}

#[derive(Sequence)]
struct CertificateIdV2 {
    /// SHA-256 where it is left out.
    algorithm: Option<AlgorithmIdentifierOwned>,
    digest: OctetString,
    issuer: Option<Any>,
}

/// Reads a token, and checks its mathematics.
pub(super) fn read(token: &[u8]) -> Result<(TimeStamp, Info), TimeStampError> {
    let malformed = TimeStampError::Malformed;
    let info: ContentInfo =
        shape::decode(token).map_err(|_| malformed("it is no PKCS #7 structure in DER"))?;
    if info.content_type != SIGNED_DATA {
        return Err(malformed("it is PKCS #7, and not signed data"));
    }
    let data: SignedData =
        info.content.decode_as().map_err(|_| malformed("its signed data can't be read"))?;
    let content = data.content.econtent.as_ref().ok_or(malformed("it has no content"))?;
    if data.content.econtent_type != TST_INFO {
        return Err(malformed("its content is no time stamp"));
    }
    let bytes: OctetString = content.decode_as().map_err(|_| malformed("its content is no string"))?;
    let info: Info = shape::decode(bytes.as_bytes()).map_err(|_| malformed("its content can't be read"))?;
    info.check()?;
    let Signed { info: signer, certificate, others, .. } = signed(&data, content, &TST_INFO)?;
    check_certificate_id(signer, &certificate)?;
    Ok((TimeStamp { time: info.time()?, authority: certificate, others }, info))
}

/// The authority signed which certificate is its own (RFC 3161 2.4.2, RFC 5816), lest another one of the same key takes its place.
fn check_certificate_id(signer: &SignerInfo, certificate: &Certificate) -> Result<(), TimeStampError> {
    let malformed = TimeStampError::Malformed;
    let unreadable = |_| malformed("its signing certificate attribute can't be read");
    let own = certificate.to_der().map_err(|_| malformed("its certificate can't be read"))?;
    let is_right = if let Ok(value) = attribute(signer, &SIGNING_CERTIFICATE_V2) {
        let ids: SigningCertificateV2 = value.decode_as().map_err(unreadable)?;
        let first =
            ids.certificates.first().ok_or(malformed("its signing certificate attribute is empty"))?;
        let algorithm = first.algorithm.as_ref().map(|algorithm| key::hash_algorithm(&algorithm.oid));
        let algorithm = algorithm.transpose()?.unwrap_or(HashAlgorithm::Sha256);
        first.digest.as_bytes() == algorithm.digest(&own).as_bytes()
    } else {
        // SHA-1 here: whoever could find a second certificate to it would need one of the authority's key too.
        let value = attribute(signer, &SIGNING_CERTIFICATE)?;
        let ids: SigningCertificate = value.decode_as().map_err(unreadable)?;
        let first =
            ids.certificates.first().ok_or(malformed("its signing certificate attribute is empty"))?;
        first.digest.as_bytes() == Sha1::digest(&own).as_slice()
    };
    if is_right { Ok(()) } else { Err(TimeStampError::Invalid("it was made with another certificate")) }
}
