//! Making the signature's envelope, as Authenticode has it.

use cms::cert::{CertificateChoices, IssuerAndSerialNumber};
use cms::content_info::{CmsVersion, ContentInfo};
use cms::signed_data::{
    CertificateSet, EncapsulatedContentInfo, SignedData, SignerIdentifier, SignerInfo, SignerInfos,
};
use der::asn1::{Any, ObjectIdentifier, OctetString, SetOfVec};
use der::{Encode, Tag};
use x509_cert::attr::Attribute;

use super::cms::{
    BUNDLE_SIP, CONTENT_TYPE, DigestInfo, IndirectData, MESSAGE_DIGEST, PACKAGE_SIP, SIGNED_DATA,
    SPC_INDIRECT_DATA, SPC_SIP_INFO, SipInfo, TypeAndValue,
};
use super::digests::Digests;
use super::key::hash_identifier;
use super::signer::{Signer, SignerError, identifier};
use crate::digest::HashAlgorithm;

/// SpcStatementType, and the one that says *individual code signing*; SpcSpOpusInfo, which is empty here.
const STATEMENT: ObjectIdentifier = ObjectIdentifier::new_unwrap("1.3.6.1.4.1.311.2.1.11");
const INDIVIDUAL: ObjectIdentifier = ObjectIdentifier::new_unwrap("1.3.6.1.4.1.311.2.1.21");
const OPUS: ObjectIdentifier = ObjectIdentifier::new_unwrap("1.3.6.1.4.1.311.2.1.12");

/// Makes `AppxSignature.p7x` for a package's digests.
///
/// # Errors
/// When the key can't sign.
pub fn envelope(
    digests: &Digests,
    algorithm: HashAlgorithm,
    of_bundle: bool,
    signer: &Signer,
) -> Result<Vec<u8>, SignerError> {
    make(digests, algorithm, of_bundle, signer).map_err(|error| error.unwrap_or(SignerError::Unable))
}

/// `None` stands for what can't be encoded.
fn make(
    digests: &Digests,
    algorithm: HashAlgorithm,
    of_bundle: bool,
    signer: &Signer,
) -> Result<Vec<u8>, Option<SignerError>> {
    let encoded = |_: der::Error| None;
    let kind = OctetString::new(if of_bundle { BUNDLE_SIP } else { PACKAGE_SIP }).map_err(encoded)?;
    let sip = SipInfo { version: 0x0101_0000, kind, one: 0, two: 0, three: 0, four: 0, five: 0 };
    let digest = OctetString::new(digests.to_bytes()).map_err(encoded)?;
    let hash = identifier(hash_identifier(algorithm));
    let indirect = IndirectData {
        data: TypeAndValue { kind: SPC_SIP_INFO, value: sip },
        digest: DigestInfo { algorithm: hash.clone(), digest },
    };
    let content = Any::encode_from(&indirect).map_err(encoded)?;
    let attributes = attributes(&content, algorithm).map_err(encoded)?;
    let message = attributes.to_der().map_err(encoded)?;
    let signature = signer.sign(algorithm, &message).map_err(Some)?;
    let own = &signer.certificate.tbs_certificate;
    let id = IssuerAndSerialNumber { issuer: own.issuer.clone(), serial_number: own.serial_number.clone() };
    let info = SignerInfo {
        version: CmsVersion::V1,
        sid: SignerIdentifier::IssuerAndSerialNumber(id),
        digest_alg: hash.clone(),
        signed_attrs: Some(attributes),
        signature_algorithm: signer.algorithm(algorithm),
        signature: OctetString::new(signature).map_err(encoded)?,
        unsigned_attrs: None,
    };
    let certificates = std::iter::once(&signer.certificate).chain(&signer.others);
    let certificates = certificates.cloned().map(CertificateChoices::Certificate);
    let data = SignedData {
        version: CmsVersion::V1,
        digest_algorithms: SetOfVec::try_from(vec![hash]).map_err(encoded)?,
        encap_content_info: EncapsulatedContentInfo {
            econtent_type: SPC_INDIRECT_DATA,
            econtent: Some(content),
        },
        certificates: Some(CertificateSet(
            SetOfVec::try_from(certificates.collect::<Vec<_>>()).map_err(encoded)?,
        )),
        crls: None,
        signer_infos: SignerInfos(SetOfVec::try_from(vec![info]).map_err(encoded)?),
    };
    let info = ContentInfo { content_type: SIGNED_DATA, content: Any::encode_from(&data).map_err(encoded)? };
    let mut bytes = b"PKCX".to_vec();
    info.encode_to_vec(&mut bytes).map_err(encoded)?;
    Ok(bytes)
}

fn attributes(content: &Any, algorithm: HashAlgorithm) -> der::Result<SetOfVec<Attribute>> {
    let attribute = |oid, value: Any| {
        Ok::<Attribute, der::Error>(Attribute { oid, values: SetOfVec::try_from(vec![value])? })
    };
    let digest = OctetString::new(algorithm.digest(content.value()).as_bytes())?;
    SetOfVec::try_from(vec![
        attribute(CONTENT_TYPE, Any::encode_from(&SPC_INDIRECT_DATA)?)?,
        attribute(MESSAGE_DIGEST, Any::encode_from(&digest)?)?,
        attribute(STATEMENT, Any::new(Tag::Sequence, INDIVIDUAL.to_der()?)?)?,
        attribute(OPUS, Any::new(Tag::Sequence, Vec::new())?)?,
    ])
}
