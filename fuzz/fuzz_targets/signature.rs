#![no_main]
//! Signatures: refused, or such that all that is said of them can be said.

use libfuzzer_sys::fuzz_target;
use lowbox_msix::signature::{Signature, Trust};

fuzz_target!(|bytes: &[u8]| {
    let mut trust = Trust::nobody();
    let _ = trust.add(bytes);
    let Ok(signature) = Signature::parse(bytes) else { return };
    let _ = signature.subject();
    let _ = signature.check_trust(&trust, 1_795_000_000);
    assert!(!signature.digests.to_bytes().is_empty());
});
