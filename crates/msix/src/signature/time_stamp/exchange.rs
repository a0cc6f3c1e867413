//! What is asked of an authority, and what it answers (RFC 3161 2.4). The answer is whoever's is at the other end of the network.

use der::asn1::{Any, Int, ObjectIdentifier, OctetString};
use der::{Encode, Sequence, Tag, Tagged};

use super::info::{Imprint, Info};
use super::{TimeStamp, TimeStampError, token};
use crate::digest::HashAlgorithm;
use crate::signature::chain;
use crate::signature::error::SignatureError;
use crate::signature::key::{hash_identifier, identifier};
use crate::signature::shape;
use crate::signature::signer::SignerError;
use crate::signature::trust::Purpose;

/// Largest answer that is read, in bytes.
const MAX_REPLY: usize = 256 << 10;

#[derive(Sequence)]
struct Asked {
    version: u8,
    imprint: Imprint,
    policy: Option<ObjectIdentifier>,
    nonce: Option<Int>,
    #[asn1(default = "Default::default")]
    certificate: bool,
}

#[derive(Sequence)]
struct Reply {
    status: Status,
    token: Option<Any>,
}

/// PKIStatusInfo.
#[derive(Sequence)]
struct Status {
    status: Int,
    text: Option<Vec<String>>,
    failure: Option<der::asn1::BitString>,
}

/// Why an answer is none.
#[derive(Debug, thiserror::Error)]
pub enum ReplyError {
    /// It can't be read.
    #[error("its answer is malformed: {0}")]
    Malformed(&'static str),
    /// The authority refuses.
    #[error("it refuses (status {status}): {text}")]
    Refused {
        /// The status.
        status: u8,
        /// What it says.
        text: String,
    },
    /// The token is none, or of something else.
    #[error("its time stamp is wrong: {0}")]
    Token(#[from] TimeStampError),
    /// Something of it is not what was asked for.
    #[error("it answers another question: {0} is not what was asked for")]
    Another(&'static str),
    /// Its certificate is not for this.
    #[error(transparent)]
    Usage(#[from] SignatureError),
}

/// A request that is on its way.
#[derive(Clone, Debug)]
pub struct Request {
    signature: Vec<u8>,
    imprint: Imprint,
    nonce: Int,
}

impl Request {
    /// The media type of a request (RFC 3161 3.4).
    pub const TYPE: &'static str = "application/timestamp-query";
    /// The media type of an answer.
    pub const REPLY_TYPE: &'static str = "application/timestamp-reply";
    /// Largest answer that is read, in bytes.
    pub const MAX_REPLY: usize = MAX_REPLY;

    /// For a signer's signature. `nonce` is a random number that nobody can guess.
    ///
    /// # Errors
    /// Never for numbers and digests as they are.
    pub fn new(signature: &[u8], algorithm: HashAlgorithm, nonce: [u8; 8]) -> Result<Request, SignerError> {
        let unable = |_| SignerError::Unable;
        // Positive and of full length, so that it is one number in one form only.
        let mut nonce = nonce;
        nonce[0] = nonce[0] & 0x7F | 0x40;
        Ok(Request {
            imprint: Imprint {
                algorithm: identifier(hash_identifier(algorithm)),
                digest: OctetString::new(algorithm.digest(signature).as_bytes()).map_err(unable)?,
            },
            signature: signature.to_vec(),
            nonce: Int::new(&nonce).map_err(unable)?,
        })
    }

    /// What is sent.
    ///
    /// # Errors
    /// Never for what [`Request::new`] makes.
    pub fn to_der(&self) -> Result<Vec<u8>, SignerError> {
        let asked = Asked {
            version: 1,
            imprint: self.imprint.clone(),
            policy: None,
            nonce: Some(self.nonce.clone()),
            certificate: true,
        };
        asked.to_der().map_err(|_| SignerError::Unable)
    }

    /// The token in an answer, and what it says. Whether its authority is trusted is for those to say who check the package.
    ///
    /// # Errors
    /// When it is refused, malformed, or the answer to something else.
    pub fn token(&self, reply: &[u8]) -> Result<(Vec<u8>, TimeStamp), ReplyError> {
        if reply.len() > MAX_REPLY {
            return Err(ReplyError::Malformed("it has more than 256 KiB"));
        }
        let reply: Reply =
            shape::decode(reply).map_err(|_| ReplyError::Malformed("it is no answer of RFC 3161"))?;
        let status = match reply.status.status.as_bytes() {
            &[status] => status,
            _ => return Err(ReplyError::Malformed("its status is no known number")),
        };
        // Granted, or granted with changes.
        if status > 1 {
            let text = reply.status.text.unwrap_or_default().join(" ");
            let text = if text.is_empty() { "it does not say why".to_owned() } else { text };
            return Err(ReplyError::Refused { status, text: text.chars().take(500).collect() });
        }
        let token = reply.token.ok_or(ReplyError::Malformed("it has no time stamp"))?;
        if token.tag() != Tag::Sequence {
            return Err(ReplyError::Malformed("its time stamp is none"));
        }
        let token = token.to_der().map_err(|_| ReplyError::Malformed("its time stamp can't be read"))?;
        let (stamp, info) = token::read(&token)?;
        self.check(&info)?;
        chain::check_signer(&stamp.authority, Purpose::Time)?;
        Ok((token, stamp))
    }

    fn check(&self, info: &Info) -> Result<(), ReplyError> {
        let Imprint { algorithm, digest } = &info.imprint;
        if algorithm.oid != self.imprint.algorithm.oid {
            return Err(ReplyError::Another("the kind of digest"));
        }
        if *digest != self.imprint.digest || !info.is_of(&self.signature)? {
            return Err(ReplyError::Another("the digest"));
        }
        if info.nonce.as_ref() != Some(&self.nonce) {
            return Err(ReplyError::Another("the nonce"));
        }
        Ok(())
    }
}
