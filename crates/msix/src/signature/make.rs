//! Making the signature's envelope, as Authenticode has it.

use cms::cert::{CertificateChoices, IssuerAndSerialNumber};
use cms::content_info::{CmsVersion, ContentInfo};
use cms::signed_data::{
    CertificateSet, EncapsulatedContentInfo, SignedData, SignerIdentifier, SignerInfo, SignerInfos,
};
use der::asn1::{Any, ObjectIdentifier, OctetString, SetOfVec};
use der::{Decode, Encode, Tag};
use x509_cert::attr::Attribute;

use super::cms::{
    BUNDLE_SIP, CONTENT_TYPE, DigestInfo, IndirectData, MESSAGE_DIGEST, PACKAGE_SIP, SIGNED_DATA,
    SPC_INDIRECT_DATA, SPC_SIP_INFO, SipInfo, TypeAndValue,
};
use super::digests::Digests;
use super::error::SignatureError;
use super::key::{self, hash_identifier, identifier};
use super::signer::{Signer, SignerCertificates, SignerError};
use super::time_stamp::TIME_STAMP;
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
    Draft::new(digests, algorithm, of_bundle)?.sign(signer)?.to_p7x()
}

/// A signature that is not signed yet. The same package gives the same one each time.
#[derive(Clone, Debug)]
pub struct Draft {
    algorithm: HashAlgorithm,
    content: Any,
    attributes: SetOfVec<Attribute>,
    message: Vec<u8>,
}

impl Draft {
    /// For a package's digests.
    ///
    /// # Errors
    /// Never for digests as they are.
    pub fn new(digests: &Digests, algorithm: HashAlgorithm, of_bundle: bool) -> Result<Draft, SignerError> {
        let make = || -> der::Result<Draft> {
            let kind = OctetString::new(if of_bundle { BUNDLE_SIP } else { PACKAGE_SIP })?;
            let sip = SipInfo { version: 0x0101_0000, kind, one: 0, two: 0, three: 0, four: 0, five: 0 };
            let digest = OctetString::new(digests.to_bytes())?;
            let indirect = IndirectData {
                data: TypeAndValue { kind: SPC_SIP_INFO, value: sip },
                digest: DigestInfo { algorithm: identifier(hash_identifier(algorithm)), digest },
            };
            let content = Any::encode_from(&indirect)?;
            let attributes = attributes(&content, algorithm)?;
            let message = attributes.to_der()?;
            Ok(Draft { algorithm, content, attributes, message })
        };
        make().map_err(|_| SignerError::Unable)
    }

    /// What the key has to sign: the attributes in DER, of which the signature is made by way of their digest.
    #[must_use]
    pub fn message(&self) -> &[u8] {
        &self.message
    }

    /// Its digest as PKCS #1 signs it (DigestInfo), for devices that do no more than that.
    ///
    /// # Errors
    /// Never for digests as they are.
    pub fn digest_info(&self) -> Result<Vec<u8>, SignerError> {
        let make = || -> der::Result<Vec<u8>> {
            let digest = OctetString::new(self.algorithm.digest(&self.message).as_bytes())?;
            DigestInfo { algorithm: identifier(hash_identifier(self.algorithm)), digest }.to_der()
        };
        make().map_err(|_| SignerError::Unable)
    }

    /// The kind of digest that is signed, which is the block map's.
    #[must_use]
    pub fn algorithm(&self) -> HashAlgorithm {
        self.algorithm
    }

    /// Signs it.
    ///
    /// # Errors
    /// When the key can't sign.
    pub fn sign(self, signer: &Signer) -> Result<Envelope, SignerError> {
        let signature = signer.sign(self.algorithm, &self.message)?;
        self.filled(&signer.certificates, signature)
    }

    /// Takes a signature that was made elsewhere: PKCS #1, or ECDSA in DER or as two numbers one after the other.
    ///
    /// # Errors
    /// When it is none of this by the key of the certificate.
    pub fn attach(
        self,
        certificates: &SignerCertificates,
        signature: &[u8],
    ) -> Result<Envelope, SignerError> {
        let public = &certificates.own.tbs_certificate.subject_public_key_info;
        let signature = key::in_der(public, signature).unwrap_or_else(|| signature.to_vec());
        let is_one =
            |algorithm| key::verify(public, &public.algorithm.oid, algorithm, &self.message, &signature);
        if let Err(error) = is_one(self.algorithm) {
            let mut others = HashAlgorithm::ALL.into_iter().filter(|&other| other != self.algorithm);
            return Err(match (error, others.find(|&other| is_one(other).is_ok())) {
                (_, Some(found)) => SignerError::OtherDigest { found, needed: self.algorithm },
                (SignatureError::Invalid(_), None) => SignerError::NotOfThis,
                (other, None) => SignerError::Certificate(other.to_string()),
            });
        }
        self.filled(certificates, signature)
    }

    fn filled(self, certificates: &SignerCertificates, signature: Vec<u8>) -> Result<Envelope, SignerError> {
        let make = || -> der::Result<Envelope> {
            let own = &certificates.own.tbs_certificate;
            let id = IssuerAndSerialNumber {
                issuer: own.issuer.clone(),
                serial_number: own.serial_number.clone(),
            };
            let hash = identifier(hash_identifier(self.algorithm));
            let signer = SignerInfo {
                version: CmsVersion::V1,
                sid: SignerIdentifier::IssuerAndSerialNumber(id),
                digest_alg: hash.clone(),
                signed_attrs: Some(self.attributes),
                signature_algorithm: key::signature_algorithm(&own.subject_public_key_info, self.algorithm),
                signature: OctetString::new(signature)?,
                unsigned_attrs: None,
            };
            let all = std::iter::once(&certificates.own).chain(&certificates.others);
            let all: Vec<_> = all.cloned().map(CertificateChoices::Certificate).collect();
            let data = SignedData {
                version: CmsVersion::V1,
                digest_algorithms: SetOfVec::try_from(vec![hash])?,
                encap_content_info: EncapsulatedContentInfo {
                    econtent_type: SPC_INDIRECT_DATA,
                    econtent: Some(self.content),
                },
                certificates: Some(CertificateSet(SetOfVec::try_from(all)?)),
                crls: None,
                signer_infos: SignerInfos(SetOfVec::new()),
            };
            Ok(Envelope { signer, data })
        };
        make().map_err(|_| SignerError::Unable)
    }
}

/// A signature, which may yet get a time stamp.
#[derive(Clone, Debug)]
pub struct Envelope {
    signer: SignerInfo,
    data: SignedData,
}

impl Envelope {
    /// The signer's signature, which a time stamp is of.
    #[must_use]
    pub fn signature(&self) -> &[u8] {
        self.signer.signature.as_bytes()
    }

    /// Puts a time stamp in, in place of an earlier one.
    ///
    /// # Errors
    /// When the token can't be read.
    pub fn set_time_stamp(&mut self, token: &[u8]) -> Result<(), SignerError> {
        let make = || -> der::Result<SetOfVec<Attribute>> {
            let values = SetOfVec::try_from(vec![Any::from_der(token)?])?;
            SetOfVec::try_from(vec![Attribute { oid: TIME_STAMP, values }])
        };
        self.signer.unsigned_attrs = Some(make().map_err(|_| SignerError::Unable)?);
        Ok(())
    }

    /// `AppxSignature.p7x`.
    ///
    /// # Errors
    /// When it is longer than can be written.
    pub fn to_p7x(&self) -> Result<Vec<u8>, SignerError> {
        let make = || -> der::Result<Vec<u8>> {
            let mut data = self.data.clone();
            data.signer_infos = SignerInfos(SetOfVec::try_from(vec![self.signer.clone()])?);
            let info = ContentInfo { content_type: SIGNED_DATA, content: Any::encode_from(&data)? };
            let mut bytes = b"PKCX".to_vec();
            info.encode_to_vec(&mut bytes)?;
            Ok(bytes)
        };
        make().map_err(|_| SignerError::Unable)
    }
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
