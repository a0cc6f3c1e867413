//! Time stamps of signatures: that an authority saw the signer's signature at a time (RFC 3161, in the attribute of Authenticode). With one,
//! the signer's certificate has to be valid then, and not now.

mod exchange;
mod info;
mod token;

use cms::signed_data::SignerInfo;
use der::asn1::ObjectIdentifier;
use der::{Encode, Tag, Tagged};
use x509_cert::Certificate;

pub use exchange::{ReplyError, Request};

use super::chain;
use super::error::{Fault, SignatureError};
use super::subject;
use super::trust::{Purpose, Trust, UnixTime};

/// Where Authenticode has a time stamp (szOID_RFC3161_counterSign).
pub(super) const TIME_STAMP: ObjectIdentifier = ObjectIdentifier::new_unwrap("1.3.6.1.4.1.311.3.3.1");
/// A countersignature of PKCS #9, which was there before.
const COUNTERSIGNATURE: ObjectIdentifier = ObjectIdentifier::new_unwrap("1.2.840.113549.1.9.6");

/// Unsigned attributes that are looked at.
const MAX_ATTRIBUTES: usize = 16;

/// How far the authority's clock may be ahead of this machine's, in seconds.
const SKEW: u64 = 300;

/// What a signature has of time.
#[derive(Clone, Debug)]
pub enum Stamp {
    /// Nothing.
    None,
    /// A time stamp of this signature, whose own mathematics is right.
    Token(Box<TimeStamp>),
    /// One that says nothing here, and why.
    Unused(String),
}

/// A time stamp whose own mathematics is right: the key of the certificate that is in it signed the time, and the digest of the signature.
#[derive(Clone, Debug)]
pub struct TimeStamp {
    /// The time. Parts of a second are left out.
    pub time: UnixTime,
    authority: Certificate,
    others: Vec<Certificate>,
}

/// What is wrong with a time stamp.
#[derive(Clone, Debug, PartialEq, Eq, thiserror::Error)]
pub enum TimeStampError {
    /// It is none.
    #[error("it is malformed: {0}")]
    Malformed(&'static str),
    /// It was changed.
    #[error("it is not what the key of its authority made of it: {0}")]
    Invalid(&'static str),
    /// It is that of something else.
    #[error("it is of something else than this signature")]
    OfSomethingElse,
    /// A kind that is not known here.
    #[error("it is of a kind that is not known: {0}")]
    Unknown(String),
}

impl TimeStampError {
    pub(super) fn fault(&self) -> Fault {
        match self {
            TimeStampError::Malformed(_) | TimeStampError::Unknown(_) => Fault::Malformed,
            TimeStampError::Invalid(_) | TimeStampError::OfSomethingElse => Fault::Tampered,
        }
    }
}

impl From<SignatureError> for TimeStampError {
    fn from(error: SignatureError) -> TimeStampError {
        match error {
            SignatureError::Malformed(what) => TimeStampError::Malformed(what),
            SignatureError::Invalid(what) => TimeStampError::Invalid(what),
            SignatureError::Unknown(what) => TimeStampError::Unknown(what),
            SignatureError::TimeStamp(error) => error,
            other => TimeStampError::Unknown(other.to_string()),
        }
    }
}

impl TimeStamp {
    /// Reads a token, and checks that it is one of `signature`.
    ///
    /// # Errors
    /// When it is none, is of something else, or was not made with its authority's key.
    pub fn parse(token: &[u8], signature: &[u8]) -> Result<TimeStamp, TimeStampError> {
        let (stamp, info) = token::read(token)?;
        if !info.is_of(signature)? {
            return Err(TimeStampError::OfSomethingElse);
        }
        Ok(stamp)
    }

    /// Who made it.
    #[must_use]
    pub fn authority(&self) -> String {
        subject(&self.authority.tbs_certificate.subject)
    }

    /// Checks that it can be believed: that its authority's certificate is for time stamps and leads to one that is trusted, and that it was
    /// valid then. That it expired since changes nothing.
    ///
    /// # Errors
    /// When it is not so, or the time is still to come.
    pub fn check_trust(&self, trust: &Trust, now: UnixTime) -> Result<(), SignatureError> {
        if self.time > now.saturating_add(SKEW) {
            let what = "is not there yet when it stamps a time to come".to_owned();
            return Err(SignatureError::Expired { subject: self.authority(), what });
        }
        chain::check(&self.authority, &self.others, Purpose::Time, trust, self.time)
    }
}

/// The time stamp among a signer's unsigned attributes.
pub(super) fn of_signer(signer: &SignerInfo) -> Result<Stamp, SignatureError> {
    let malformed = TimeStampError::Malformed;
    let attributes = signer.unsigned_attrs.as_ref().map(|all| all.as_slice()).unwrap_or_default();
    if attributes.len() > MAX_ATTRIBUTES {
        return Err(malformed("it is among more than 16 unsigned attributes").into());
    }
    let of = |kind| attributes.iter().filter(move |attribute| attribute.oid == kind);
    let mut tokens = of(TIME_STAMP);
    let Some(attribute) = tokens.next() else {
        return Ok(match of(COUNTERSIGNATURE).next() {
            Some(_) => Stamp::Unused("it is a countersignature as they were before RFC 3161".to_owned()),
            None => Stamp::None,
        });
    };
    let (Some(value), None, 1) = (attribute.values.get(0), tokens.next(), attribute.values.len()) else {
        return Err(malformed("there is not exactly one").into());
    };
    if value.tag() != Tag::Sequence {
        return Err(malformed("it is no PKCS #7 structure").into());
    }
    let token = value.to_der().map_err(|_| malformed("it can't be read"))?;
    match TimeStamp::parse(&token, signer.signature.as_bytes()) {
        Ok(stamp) => Ok(Stamp::Token(Box::new(stamp))),
        Err(error @ TimeStampError::Unknown(_)) => Ok(Stamp::Unused(error.to_string())),
        Err(error) => Err(error.into()),
    }
}
