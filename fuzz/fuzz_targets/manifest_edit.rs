#![no_main]
//! Adding capabilities to a manifest: refused, or the manifest with just those added; twice is once.

use libfuzzer_sys::fuzz_target;
use lowbox_msix::manifest::edit::{NewCapability, add_capabilities};
use lowbox_msix::{CapabilityElement, Manifest};

fn new(name: &str, element: CapabilityElement, uri: &str, prefix: Option<&str>) -> NewCapability {
    NewCapability {
        name: name.to_owned(),
        element,
        namespace_uri: uri.to_owned(),
        prefix: prefix.map(str::to_owned),
        comment: (name == "webcam").then(|| "privacy-sensitive".to_owned()),
        commented_out: name == "isolatedWin32-promptForAccess",
    }
}

fuzz_target!(|bytes: &[u8]| {
    const FOUNDATION: &str = "http://schemas.microsoft.com/appx/manifest/foundation/windows10";
    const RESCAP: &str =
        "http://schemas.microsoft.com/appx/manifest/foundation/windows10/restrictedcapabilities";
    const UAP: &str = "http://schemas.microsoft.com/appx/manifest/uap/windows10";
    let Ok(before) = Manifest::parse(bytes) else { return };
    let wanted = [
        new("internetClient", CapabilityElement::Capability, FOUNDATION, None),
        new("documentsLibrary", CapabilityElement::Capability, UAP, Some("uap")),
        new("isolatedWin32-promptForAccess", CapabilityElement::Capability, RESCAP, Some("rescap")),
        new("webcam", CapabilityElement::DeviceCapability, FOUNDATION, None),
    ];
    let Ok(edited) = add_capabilities(bytes, &wanted) else { return };
    let after = Manifest::parse(&edited.bytes).expect("what is given back can be read");
    for one in &before.capabilities {
        assert!(after.capabilities.contains(one));
    }
    assert_eq!((&after.identity, &after.applications), (&before.identity, &before.applications));
    assert!(edited.bytes.len() >= bytes.len());
    let again = add_capabilities(&edited.bytes, &wanted).expect("what was added to can be added to");
    assert_eq!(again.bytes, edited.bytes);
});
