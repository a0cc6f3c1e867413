#![no_main]
//! AppxManifest.xml: any bytes are read or refused, and what is read keeps its promises.

use libfuzzer_sys::fuzz_target;
use lowbox_msix::Manifest;

fuzz_target!(|bytes: &[u8]| {
    let manifest = match Manifest::parse(bytes) {
        Ok(manifest) => manifest,
        Err(error) => {
            assert!(!error.to_string().is_empty());
            return;
        }
    };
    let plain = |text: &str| text.bytes().all(|b| b.is_ascii_alphanumeric() || matches!(b, b'.' | b'-' | b'_'));
    assert!(plain(&manifest.identity.full_name()));
    assert!(manifest.capabilities.iter().all(|one| plain(&one.name)));
    assert!(manifest.capabilities.is_sorted_by_key(|one| one.element));
    for one in &manifest.applications {
        assert!(plain(&one.id));
        let inside = |path: &String| path.split(['/', '\\']).all(|part| !part.is_empty() && part != "..");
        assert!(one.executable.as_ref().is_none_or(inside));
    }
});
