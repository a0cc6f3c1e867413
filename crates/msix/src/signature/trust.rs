//! Who is trusted, and for what.

use std::fmt;

use der::asn1::ObjectIdentifier;
use x509_cert::Certificate;

use super::chain::{CODE_SIGNING, TIME_STAMPING};
use super::described::Described;
use super::error::SignatureError;
use super::pem;

/// Seconds since 1970.
pub type UnixTime = u64;

/// What a chain of certificates is for.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Purpose {
    /// Signing code.
    Code,
    /// Signing time stamps.
    Time,
}

impl Purpose {
    pub(super) fn usage(self) -> ObjectIdentifier {
        match self {
            Purpose::Code => CODE_SIGNING,
            Purpose::Time => TIME_STAMPING,
        }
    }
}

impl fmt::Display for Purpose {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str(match self {
            Purpose::Code => "signing code",
            Purpose::Time => "time stamps",
        })
    }
}

/// Certificates that are trusted: as signers, or to say who is.
#[derive(Clone, Debug, Default)]
pub struct Trust {
    anchors: Vec<Anchor>,
}

#[derive(Clone, Debug)]
struct Anchor {
    certificate: Certificate,
    /// For time stamps alone.
    only_time: bool,
}

impl Trust {
    /// Nobody.
    #[must_use]
    pub fn nobody() -> Trust {
        Trust::default()
    }

    /// Trusts a certificate, in DER or PEM; several in PEM. For signing code, and for time stamps.
    ///
    /// # Errors
    /// When it is none.
    pub fn add(&mut self, bytes: &[u8]) -> Result<(), SignatureError> {
        self.extend(bytes, false)
    }

    /// Trusts a certificate for time stamps alone.
    ///
    /// # Errors
    /// When it is none.
    pub fn add_for_time_stamps(&mut self, bytes: &[u8]) -> Result<(), SignatureError> {
        self.extend(bytes, true)
    }

    fn extend(&mut self, bytes: &[u8], only_time: bool) -> Result<(), SignatureError> {
        let found = pem::certificates(bytes);
        let found = found.ok_or(SignatureError::Malformed("this is no certificate in DER or PEM"))?;
        self.anchors.extend(found.into_iter().map(|certificate| Anchor { certificate, only_time }));
        Ok(())
    }

    /// Trusts a certificate that was read; for time stamps alone, if so.
    pub fn add_described(&mut self, described: &Described, only_time: bool) {
        self.anchors.push(Anchor { certificate: described.certificate.clone(), only_time });
    }

    /// Whether nobody is trusted.
    #[must_use]
    pub fn is_nobody(&self) -> bool {
        self.anchors.is_empty()
    }

    pub(super) fn anchors(&self, purpose: Purpose) -> impl Iterator<Item = &Certificate> {
        let fits = move |anchor: &&Anchor| purpose == Purpose::Time || !anchor.only_time;
        self.anchors.iter().filter(fits).map(|anchor| &anchor.certificate)
    }
}
