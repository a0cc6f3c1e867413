//! Manifests damaged at random: never a panic, and what is accepted keeps its promises.

use lowbox_msix::Manifest;
use proptest::prelude::*;

const SEEDS: [&str; 4] = [
    include_str!("data/valid/caps-all-groups.xml"),
    include_str!("data/valid/silo-uap18-documented.xml"),
    include_str!("data/valid/ms-full-trust-extensions.xml"),
    include_str!("data/valid/ms-universal-bom.xml"),
];

/// Every name that later becomes part of a path, a SID or a message is of the form its type promises.
fn check(manifest: &Manifest) {
    let plain =
        |text: &str| text.bytes().all(|b| b.is_ascii_alphanumeric() || matches!(b, b'.' | b'-' | b'_'));
    assert!(plain(&manifest.identity.full_name()));
    assert!(!manifest.target_device_families.is_empty());
    let mut names = std::collections::HashSet::new();
    for one in &manifest.capabilities {
        assert!(plain(&one.name) && one.name.len() <= 255);
        assert!(one.namespace_uri.starts_with("http://schemas.microsoft.com/appx/manifest/"));
        assert!(names.insert((one.element, one.name.to_ascii_uppercase())));
    }
    assert!(manifest.capabilities.is_sorted_by_key(|one| one.element));
    for one in &manifest.applications {
        assert!(plain(&one.id) && one.id.len() <= 64);
        if let Some(path) = &one.executable {
            assert!(path.split(['/', '\\']).all(|part| !part.is_empty() && part != ".."), "{path}");
        }
    }
    assert!(manifest.warnings.len() <= 65);
}

proptest! {
    #![proptest_config(ProptestConfig::with_cases(2000))]

    #[test]
    fn damaged_bytes_never_panic(
        seed in 0..SEEDS.len(),
        damage in proptest::collection::vec((any::<prop::sample::Index>(), any::<u8>()), 1..6),
    ) {
        let mut bytes = SEEDS[seed].as_bytes().to_vec();
        for (at, byte) in damage {
            let at = at.index(bytes.len());
            bytes[at] = byte;
        }
        if let Ok(manifest) = Manifest::parse(&bytes) {
            check(&manifest);
        }
    }

    #[test]
    fn spliced_texts_never_panic(
        seed in 0..SEEDS.len(),
        from in any::<prop::sample::Index>(),
        length in 0usize..400,
        to in any::<prop::sample::Index>(),
    ) {
        let bytes = SEEDS[seed].as_bytes();
        let from = from.index(bytes.len());
        let piece = &bytes[from..bytes.len().min(from + length)];
        let to = to.index(bytes.len());
        let spliced = [&bytes[..to], piece, &bytes[to..]].concat();
        if let Ok(manifest) = Manifest::parse(&spliced) {
            check(&manifest);
        }
    }

    #[test]
    fn arbitrary_bytes_never_panic(bytes in proptest::collection::vec(any::<u8>(), 0..200)) {
        if let Ok(manifest) = Manifest::parse(&bytes) {
            check(&manifest);
        }
    }

    #[test]
    fn xml_like_text_never_panics(text in "(<[?!/]?[a-z:]{0,3}( [a-z:]{1,5}=['\"][<>a]?['\"]?)?/?>|<!--|-->|<!\\[CDATA\\[|\\]\\]>|&#?[a-z0-9]{0,3};|[a ]){0,40}") {
        Manifest::parse(text.as_bytes()).unwrap_err();
    }
}
