#![no_main]
//! `resources.pri`: refused, or read, and asked for what is in it and what is not.

use libfuzzer_sys::fuzz_target;
use lowbox_msix::resources::{Resources, Wanted};

fuzz_target!(|bytes: &[u8]| {
    let Ok(mut resources) = Resources::parse(bytes) else { return };
    let wanted =
        Wanted { languages: vec!["de-DE".to_owned(), "fr".to_owned()], scale: 150, target_size: Some(24) };
    for name in ["ms-resource:AppName", "ms-resource://Sample/Other/Deep/Er", "ms-resource:x/y"] {
        assert!(resources.text(name, &wanted).is_none_or(|text| text.len() <= bytes.len() * 2));
    }
    let _ = resources.file("Assets\\Logo.png", &wanted);
    if let Ok(other) = Resources::parse(bytes) {
        let _ = resources.add(other);
    }
});
