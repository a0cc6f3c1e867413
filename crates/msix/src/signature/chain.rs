//! From a signer to somebody who is trusted (RFC 5280 6.1, as far as code signing needs it): names and signatures from one certificate to
//! the next, each valid at the time, each allowed to do what it does.

use der::Encode;
use der::asn1::ObjectIdentifier;
use x509_cert::Certificate;
use x509_cert::ext::pkix::{BasicConstraints, ExtendedKeyUsage, KeyUsage, KeyUsages};

use super::error::SignatureError;
use super::trust::{Purpose, Trust, UnixTime};
use super::{key, subject};

pub(super) const TIME_STAMPING: ObjectIdentifier = ObjectIdentifier::new_unwrap("1.3.6.1.5.5.7.3.8");
pub(super) const CODE_SIGNING: ObjectIdentifier = ObjectIdentifier::new_unwrap("1.3.6.1.5.5.7.3.3");
const ANY_USAGE: ObjectIdentifier = ObjectIdentifier::new_unwrap("2.5.29.37.0");

/// Critical extensions that are looked at here. What is critical and not known makes a certificate unusable.
const KNOWN: [&str; 3] = ["2.5.29.15", "2.5.29.19", "2.5.29.37"];

/// Says whose certificates an authority may sign. It is not read here, so nothing that such an authority signed is believed.
const NAME_CONSTRAINTS: ObjectIdentifier = ObjectIdentifier::new_unwrap("2.5.29.30");

/// Certificates between the signer and who is trusted, at the most.
const MAX_DEPTH: usize = 8;
/// Signatures of certificates that are checked: ways through many certificates of one name.
const MAX_CHECKS: usize = 64;

/// Looks for a chain.
pub(super) fn check(
    signer: &Certificate,
    others: &[Certificate],
    purpose: Purpose,
    trust: &Trust,
    at: UnixTime,
) -> Result<(), SignatureError> {
    check_signer(signer, purpose)?;
    check_time(signer, at)?;
    let mut search = Search { others, purpose, trust, at, checks: 0, refusal: None };
    if search.leads_to_trust(signer, 0) {
        return Ok(());
    }
    let what = match search.checks {
        0 => "no certificate of its issuer is there, and it is not among the trusted ones itself",
        _ => "no chain of certificates leads to a trusted one",
    };
    Err(search.refusal.unwrap_or_else(|| SignatureError::Untrusted { subject: name(signer), what }))
}

struct Search<'a> {
    others: &'a [Certificate],
    purpose: Purpose,
    trust: &'a Trust,
    at: UnixTime,
    checks: usize,
    /// Why a chain that there is does not count.
    refusal: Option<SignatureError>,
}

impl Search<'_> {
    fn leads_to_trust(&mut self, certificate: &Certificate, depth: usize) -> bool {
        if self.trust.anchors(self.purpose).any(|anchor| anchor == certificate) {
            return true;
        }
        if depth >= MAX_DEPTH {
            return false;
        }
        let (trust, others) = (self.trust, self.others);
        for issuer in trust.anchors(self.purpose).chain(others) {
            if issuer.tbs_certificate.subject != certificate.tbs_certificate.issuer || issuer == certificate {
                continue;
            }
            self.checks += 1;
            if self.checks > MAX_CHECKS {
                return false;
            }
            if !is_signed_by(certificate, issuer) {
                continue;
            }
            let usable = check_issuer(issuer, self.purpose, depth).and_then(|()| check_time(issuer, self.at));
            match usable {
                Ok(()) if self.leads_to_trust(issuer, depth + 1) => return true,
                Ok(()) => {}
                Err(error) => self.refusal = Some(error),
            }
        }
        false
    }
}

fn name(certificate: &Certificate) -> String {
    subject(&certificate.tbs_certificate.subject)
}

fn is_signed_by(certificate: &Certificate, issuer: &Certificate) -> bool {
    let kind = &certificate.signature_algorithm.oid;
    if certificate.signature_algorithm != certificate.tbs_certificate.signature {
        return false;
    }
    let (Ok(algorithm), Ok(signed), Some(signature)) = (
        key::hash_of_certificate(kind),
        certificate.tbs_certificate.to_der(),
        certificate.signature.as_bytes(),
    ) else {
        return false;
    };
    let public = &issuer.tbs_certificate.subject_public_key_info;
    key::verify(public, kind, algorithm, &signed, signature).is_ok()
}

fn check_time(certificate: &Certificate, at: UnixTime) -> Result<(), SignatureError> {
    let validity = &certificate.tbs_certificate.validity;
    let (from, to) = (validity.not_before, validity.not_after);
    let what = if at < from.to_unix_duration().as_secs() {
        format!("is not valid before {from}")
    } else if at > to.to_unix_duration().as_secs() {
        format!("expired on {to}")
    } else {
        return Ok(());
    };
    Err(SignatureError::Expired { subject: name(certificate), what })
}

/// What holds for every certificate of a chain.
fn check_extensions(certificate: &Certificate, purpose: Purpose) -> Result<(), SignatureError> {
    let wrong = |what| SignatureError::Usage { subject: name(certificate), purpose, what };
    let own = &certificate.tbs_certificate;
    let mut seen = Vec::new();
    for extension in own.extensions.iter().flatten() {
        if seen.contains(&extension.extn_id) {
            return Err(wrong("it has an extension twice"));
        }
        seen.push(extension.extn_id);
        if extension.extn_id == NAME_CONSTRAINTS {
            return Err(wrong("it is limited to some names, which is not understood here"));
        }
        if extension.critical && !KNOWN.contains(&extension.extn_id.to_string().as_str()) {
            return Err(wrong("it has a critical extension that is not known here"));
        }
    }
    let unreadable = |_| wrong("an extension of it can't be read");
    if let Some((_, usages)) = own.get::<ExtendedKeyUsage>().map_err(unreadable)?
        && !usages.0.iter().any(|one| *one == purpose.usage() || *one == ANY_USAGE)
    {
        return Err(wrong("its extended key usage does not have it"));
    }
    Ok(())
}

pub(super) fn check_signer(certificate: &Certificate, purpose: Purpose) -> Result<(), SignatureError> {
    check_extensions(certificate, purpose)?;
    let wrong = |what| SignatureError::Usage { subject: name(certificate), purpose, what };
    let own = &certificate.tbs_certificate;
    let unreadable = |_| wrong("an extension of it can't be read");
    let usages = own.get::<ExtendedKeyUsage>().map_err(unreadable)?;
    let Some((critical, usages)) = usages.filter(|(_, usages)| usages.0.contains(&purpose.usage())) else {
        return Err(wrong("it has no extended key usage for it"));
    };
    // RFC 3161 2.3.
    if purpose == Purpose::Time && (usages.0.len() != 1 || !critical) {
        return Err(wrong("its extended key usage has to be critical, and no other"));
    }
    if let Some((_, usage)) = own.get::<KeyUsage>().map_err(unreadable)?
        && !usage.0.contains(KeyUsages::DigitalSignature)
        && !(purpose == Purpose::Time && usage.0.contains(KeyUsages::NonRepudiation))
    {
        return Err(wrong("its key usage does not have digital signatures"));
    }
    Ok(())
}

/// Whether a certificate may say who another one is; `below` others are between them.
pub(super) fn check_issuer(
    certificate: &Certificate,
    purpose: Purpose,
    below: usize,
) -> Result<(), SignatureError> {
    check_extensions(certificate, purpose)?;
    let wrong = |what| SignatureError::Usage { subject: name(certificate), purpose, what };
    let own = &certificate.tbs_certificate;
    let unreadable = |_| wrong("an extension of it can't be read");
    match own.get::<BasicConstraints>().map_err(unreadable)? {
        Some((_, BasicConstraints { ca: true, path_len_constraint })) => {
            if path_len_constraint.is_some_and(|most| below > usize::from(most)) {
                return Err(wrong("it may not stand so far from the signer"));
            }
        }
        _ => return Err(wrong("it is not one of a certificate authority, and another one is signed by it")),
    }
    if let Some((_, usage)) = own.get::<KeyUsage>().map_err(unreadable)?
        && !usage.0.contains(KeyUsages::KeyCertSign)
    {
        return Err(wrong("its key usage does not have signing certificates"));
    }
    Ok(())
}
