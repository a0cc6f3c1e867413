#![no_main]
//! AppxManifest.xml: any bytes are read or refused, and what is read keeps its promises.

use libfuzzer_sys::fuzz_target;
use lowbox_msix::Manifest;
use lowbox_msix::manifest::MAX_ENTRIES;

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
    let network = &manifest.network;
    assert!(network.hosts.len() <= MAX_ENTRIES && network.loopback_ports.len() <= MAX_ENTRIES);
    assert!(network.loopback_ports.iter().all(|port| *port > 0));
    for host in &network.hosts {
        assert!(host.port != Some(0) && (1..=253).contains(&host.name.len()));
        assert!(host.name.bytes().all(|byte| plain(&char::from(byte).to_string()) || byte == b':'));
    }
    assert!(manifest.capabilities.is_sorted_by_key(|one| one.element));
    for one in &manifest.applications {
        assert!(plain(&one.id));
        let inside = |path: &String| path.split(['/', '\\']).all(|part| !part.is_empty() && part != "..");
        assert!(one.executable.as_ref().is_none_or(inside));
    }
});
