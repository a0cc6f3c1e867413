#![no_main]
//! Signatures, time stamps, answers of authorities and files of PKCS #12: refused, or such that all that is said of them can be said.

use libfuzzer_sys::fuzz_target;
use lowbox_msix::HashAlgorithm;
use lowbox_msix::signature::{Described, Request, Signature, Signer, SignerCertificates, Stamp, TimeStamp, Trust};

const NOW: u64 = 1_800_000_000;

fuzz_target!(|bytes: &[u8]| {
    let mut trust = Trust::nobody();
    let _ = trust.add(bytes);
    for described in Described::read(bytes).unwrap_or_default() {
        assert_eq!(described.thumbprint.len(), 64);
    }
    let _ = SignerCertificates::read(bytes);
    // What the seeds are of (crates/msix/tests/data/signatures).
    let signature = b"a signature";
    if let Ok(stamp) = TimeStamp::parse(bytes, signature) {
        let _ = (stamp.authority(), stamp.check_trust(&trust, NOW));
    }
    let request = Request::new(signature, HashAlgorithm::Sha256, [0x11; 8]).unwrap();
    let _ = request.token(bytes);
    let _ = Signer::from_pkcs12(bytes, "a secret");
    let Ok(signature) = Signature::parse(bytes) else { return };
    let _ = signature.subject();
    let _ = signature.check_trust(&trust, NOW);
    if let Stamp::Token(stamp) = &signature.time_stamp {
        let _ = stamp.authority();
    }
    assert!(!signature.digests.to_bytes().is_empty());
});
