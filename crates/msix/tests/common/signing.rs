//! Certificates and signed packages for tests.

use super::Random;
use lowbox_msix::Publisher;
use lowbox_msix::package::Package;
use lowbox_msix::signature::{
    KeyKind, NewCertificate, Signer, SigningError, Trust, envelope, self_signed, sign,
};

/// When certificates begin.
pub const NOW: u64 = 1_795_000_000;
pub const YEAR: u64 = 365 * 86_400;

pub fn certificate(publisher: &str, kind: KeyKind, seed: u64) -> NewCertificate {
    let publisher = Publisher::new(publisher).unwrap();
    self_signed(&publisher, kind, [NOW, NOW + YEAR], &mut Random(seed)).unwrap()
}

pub fn signer(certificate: &NewCertificate) -> Signer {
    Signer::from_pem(certificate.certificate.as_bytes(), certificate.key.as_bytes()).unwrap()
}

pub fn signed(unsigned: &[u8], by: &NewCertificate) -> Vec<u8> {
    let package = Package::open(unsigned).unwrap();
    let signer = signer(by);
    let make = |digests: &_, algorithm| Ok::<_, SigningError>(envelope(digests, algorithm, false, &signer)?);
    sign(unsigned, package.contents(), Vec::new(), make).unwrap()
}

pub fn trust(certificate: &NewCertificate) -> Trust {
    let mut trust = Trust::nobody();
    trust.add(certificate.certificate.as_bytes()).unwrap();
    trust
}
