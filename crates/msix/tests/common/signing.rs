//! Certificates and signed packages for tests.

use lowbox_msix::Publisher;
use lowbox_msix::package::Package;
use lowbox_msix::signature::{
    KeyKind, NewCertificate, Signer, SigningError, Trust, envelope, self_signed, sign,
};
use rsa::rand_core::{CryptoRng, RngCore};

/// Numbers without a pattern, the same each time.
pub struct Random(pub u64);

impl RngCore for Random {
    fn next_u32(&mut self) -> u32 {
        self.next_u64() as u32
    }

    fn next_u64(&mut self) -> u64 {
        // SplitMix64.
        self.0 = self.0.wrapping_add(0x9E37_79B9_7F4A_7C15);
        let mut mixed = self.0;
        mixed = (mixed ^ mixed >> 30).wrapping_mul(0xBF58_476D_1CE4_E5B9);
        mixed = (mixed ^ mixed >> 27).wrapping_mul(0x94D0_49BB_1331_11EB);
        mixed ^ mixed >> 31
    }

    fn fill_bytes(&mut self, bytes: &mut [u8]) {
        bytes.fill_with(|| self.next_u32() as u8);
    }

    fn try_fill_bytes(&mut self, bytes: &mut [u8]) -> Result<(), rsa::rand_core::Error> {
        self.fill_bytes(bytes);
        Ok(())
    }
}

impl CryptoRng for Random {}

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
