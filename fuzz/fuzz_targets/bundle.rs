#![no_main]
//! Bundles: refused, or opened, and each member can be read where it lies; their manifests the same again once they are written and read.

use libfuzzer_sys::fuzz_target;
use lowbox_msix::bundle::{Bundle, BundleManifest, Machine, choose};
use lowbox_msix::{Architecture, app_installer::AppInstaller};

fuzz_target!(|bytes: &[u8]| {
    let _ = AppInstaller::parse(bytes);
    if let Ok(mut manifest) = BundleManifest::parse(bytes) {
        check(&manifest);
        // What is not written.
        manifest.optional.clear();
        let is_plain = |one: &lowbox_msix::bundle::BundledPackage| !one.is_stub && !one.is_default;
        if manifest.packages.iter().all(is_plain) {
            assert_eq!(BundleManifest::parse(manifest.to_xml().as_bytes()).as_ref(), Ok(&manifest));
        }
    }
    let Ok(bundle) = Bundle::open(bytes) else { return };
    check(bundle.manifest());
    for listed in &bundle.manifest().packages {
        let Ok(Some((slice, package))) = bundle.member(bytes, listed) else { continue };
        for (file, _) in package.contents().files() {
            let mut reader = package.contents().reader(&slice, file);
            while let Ok(Some(_)) = reader.next_block() {}
        }
    }
});

fn check(manifest: &BundleManifest) {
    let machine = Machine {
        architectures: vec![Architecture::X64, Architecture::X86, Architecture::Neutral],
        languages: vec!["de-DE".to_owned(), "en".to_owned()],
        scale: 150,
    };
    if let Ok(choice) = choose(manifest, &machine) {
        assert!(choice.application < manifest.packages.len());
        assert!(choice.resources.iter().all(|at| *at < manifest.packages.len()));
    }
}
