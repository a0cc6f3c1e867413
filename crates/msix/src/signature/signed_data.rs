//! SignedData (RFC 5652 5.1), read. Among the certificates may be one twice, as osslsigncode writes it with its own time stamps, and attribute
//! certificates, as Microsoft's time stamps have them; `cms` reads neither.

use cms::content_info::CmsVersion;
use cms::revocation::RevocationInfoChoices;
use cms::signed_data::{EncapsulatedContentInfo, SignerInfos};
use der::asn1::{Any, SetOfVec};
use der::{
    Decode, DecodeValue, Encode, EncodeValue, ErrorKind, FixedTag, Header, Length, Reader, Sequence, Tag,
    Tagged, Writer,
};
use x509_cert::Certificate;
use x509_cert::spki::AlgorithmIdentifierOwned;

/// Certificates that are looked at.
const MAX_CERTIFICATES: usize = 32;

/// Content and who signed it.
#[derive(Sequence)]
pub(super) struct SignedData {
    pub(super) version: CmsVersion,
    pub(super) digest_algorithms: SetOfVec<AlgorithmIdentifierOwned>,
    pub(super) content: EncapsulatedContentInfo,
    #[asn1(context_specific = "0", tag_mode = "IMPLICIT", optional = "true")]
    pub(super) certificates: Option<Certificates>,
    #[asn1(context_specific = "1", tag_mode = "IMPLICIT", optional = "true")]
    crls: Option<RevocationInfoChoices>,
    pub(super) signer_infos: SignerInfos,
}

/// The certificates, in whatever order. Those of other kinds are left out.
pub(super) struct Certificates(pub(super) Vec<Certificate>);

impl FixedTag for Certificates {
    const TAG: Tag = Tag::Set;
}

impl<'a> DecodeValue<'a> for Certificates {
    fn decode_value<R: Reader<'a>>(reader: &mut R, header: Header) -> der::Result<Certificates> {
        reader.read_nested(header.length, |reader| {
            let mut all = Vec::new();
            let mut count = 0;
            while !reader.is_finished() {
                let one = Any::decode(reader)?;
                count += 1;
                if count > MAX_CERTIFICATES {
                    return Err(ErrorKind::Failed.into());
                }
                // The others have tags of their own (CertificateChoices).
                if one.tag() == Tag::Sequence {
                    let certificate = one.decode_as()?;
                    if !all.contains(&certificate) {
                        all.push(certificate);
                    }
                }
            }
            Ok(Certificates(all))
        })
    }
}

impl EncodeValue for Certificates {
    fn value_len(&self) -> der::Result<Length> {
        self.0.iter().try_fold(Length::ZERO, |all, one| all + one.encoded_len()?)
    }

    fn encode_value(&self, writer: &mut impl Writer) -> der::Result<()> {
        self.0.iter().try_for_each(|one| one.encode(writer))
    }
}
