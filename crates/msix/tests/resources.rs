//! `resources.pri`: what is in it is found by language, scale and size; what is damaged is refused.

mod common;
mod corpus;

use corpus::pri::{
    ALTERNATE_FORM, CONTRAST, Item, LANGUAGE, SCALE, Section, TARGET_SIZE, Value, file, sections,
};
use lowbox_msix::resources::{Resources, ResourcesError, Wanted};
use proptest::prelude::*;

fn language(tag: &'static str, fallback: u16) -> (u16, &'static str, u16, u16) {
    (LANGUAGE, tag, 700, fallback)
}

fn sample() -> Vec<Item> {
    vec![
        Item {
            path: "Resources/AppName",
            candidates: vec![
                (vec![language("EN-US", 1000)], Value::Text("Sample")),
                (vec![language("DE-DE", 0)], Value::Text("Beispiel")),
                (vec![language("FR", 0)], Value::WideText("Échantillon")),
            ],
        },
        Item { path: "Other/Deep/Er", candidates: vec![(Vec::new(), Value::Text("deep"))] },
        Item {
            path: "Files/Assets/Logo.png",
            candidates: vec![
                (vec![(SCALE, "200", 200, 1000)], Value::Path("Assets\\Logo.scale-200.png")),
                (vec![(SCALE, "400", 200, 500)], Value::Path("Assets\\Logo.scale-400.png")),
                (
                    vec![(SCALE, "200", 200, 0), (CONTRAST, "black", 600, 0)],
                    Value::Path("Assets\\Logo.scale-200_contrast-black.png"),
                ),
            ],
        },
        Item {
            path: "Files/Assets/Icon.png",
            candidates: vec![
                (vec![(TARGET_SIZE, "16", 300, 500)], Value::Path("Assets\\Icon.targetsize-16.png")),
                (vec![(TARGET_SIZE, "48", 300, 500)], Value::Path("Assets\\Icon.targetsize-48.png")),
                (
                    vec![(TARGET_SIZE, "48", 300, 500), (ALTERNATE_FORM, "UNPLATED", 100, 0)],
                    Value::Path("Assets\\Icon.targetsize-48_altform-unplated.png"),
                ),
                (Vec::new(), Value::Path("Assets\\Icon.png")),
            ],
        },
        Item {
            path: "Files/\u{4e2d}\u{6587}.xbf",
            candidates: vec![(Vec::new(), Value::Data(vec![0xFF; 100]))],
        },
    ]
}

fn wanted(languages: &[&str], scale: u16, target_size: Option<u16>) -> Wanted {
    Wanted { languages: languages.iter().map(|&one| one.to_owned()).collect(), scale, target_size }
}

#[test]
fn a_text_is_in_the_language_that_fits_best() {
    let resources = Resources::parse(&file(&sections(&sample(), false))).unwrap();
    for (languages, text) in [
        (&["de-DE"][..], "Beispiel"),
        (&["de-AT", "en-US"], "Beispiel"),
        (&["fr-CA"], "\u{c9}chantillon"),
        (&["it", "fr"], "\u{c9}chantillon"),
        (&["en-GB"], "Sample"),
        (&["ja"], "Sample"),
        (&[], "Sample"),
    ] {
        let found = resources.text("ms-resource:appname", &wanted(languages, 100, None));
        assert_eq!(found, Some(text), "{languages:?}");
    }
}

#[test]
fn a_reference_means_a_name_in_resources_or_one_from_the_top() {
    let resources = Resources::parse(&file(&sections(&sample(), false))).unwrap();
    let wanted = wanted(&["en"], 100, None);
    for (reference, text) in [
        ("ms-resource:AppName", Some("Sample")),
        ("MS-RESOURCE:appname", Some("Sample")),
        ("ms-resource:Resources/AppName", Some("Sample")),
        ("ms-resource:/Resources/AppName", Some("Sample")),
        ("ms-resource:///Resources/AppName", Some("Sample")),
        ("ms-resource://Sample/Resources/AppName", Some("Sample")),
        ("ms-resource://Another/Resources/AppName", None),
        ("ms-resource:Other/Deep/Er", Some("deep")),
        ("ms-resource:Nothing", None),
        ("ms-resource:", None),
        ("AppName", None),
        ("", None),
        ("ms-resource:/Files/Assets/Logo.png", None),
    ] {
        assert_eq!(resources.text(reference, &wanted), text, "{reference}");
    }
}

#[test]
fn a_file_is_of_the_scale_or_size_that_is_nearest_and_enough() {
    let resources = Resources::parse(&file(&sections(&sample(), false))).unwrap();
    for (path, scale, size, found) in [
        ("Assets\\Logo.png", 100, None, Some("Assets\\Logo.scale-200.png")),
        ("assets/logo.PNG", 200, None, Some("Assets\\Logo.scale-200.png")),
        ("Assets\\Logo.png", 250, None, Some("Assets\\Logo.scale-400.png")),
        ("Assets\\Logo.png", 900, None, Some("Assets\\Logo.scale-400.png")),
        ("Assets\\Icon.png", 100, Some(16), Some("Assets\\Icon.targetsize-16.png")),
        ("Assets\\Icon.png", 100, Some(32), Some("Assets\\Icon.targetsize-48.png")),
        ("Assets\\Icon.png", 100, Some(256), Some("Assets\\Icon.targetsize-48.png")),
        ("Assets\\Icon.png", 100, None, Some("Assets\\Icon.png")),
        ("Assets\\None.png", 100, None, None),
        ("\u{4e2d}\u{6587}.xbf", 100, None, None),
    ] {
        assert_eq!(resources.file(path, &wanted(&["en"], scale, size)), found, "{path} {scale} {size:?}");
    }
}

#[test]
fn a_resource_packages_file_adds_to_the_main_ones() {
    let mut resources = Resources::parse(&file(&sections(&sample(), false))).unwrap();
    let mut more = sample();
    more[0].candidates = vec![(vec![language("IT", 0)], Value::Text("Esempio"))];
    more.iter_mut().skip(1).for_each(|item| item.candidates.clear());
    let italian = Resources::parse(&file(&sections(&more, true))).unwrap();
    let name = |resources: &Resources, tag| {
        resources.text("ms-resource:AppName", &wanted(&[tag], 100, None)).unwrap().to_owned()
    };
    assert_eq!(name(&resources, "it-IT"), "Sample");
    resources.add(italian).unwrap();
    assert_eq!(name(&resources, "it-IT"), "Esempio");
    assert_eq!(name(&resources, "de"), "Beispiel");
    more.pop();
    let another = Resources::parse(&file(&sections(&more, true))).unwrap();
    assert_eq!(resources.add(another), Err(ResourcesError::OfAnother));
    let own = Resources::parse(&file(&sections(&sample(), false))).unwrap();
    assert_eq!(resources.add(own), Err(ResourcesError::OfAnother));
}

type Edit = Box<dyn Fn(&mut Vec<Section>)>;
type Fault = (&'static str, Edit);

fn faults() -> Vec<Fault> {
    // Writes a number of 16 bits into a section.
    let put = |section: usize, at: usize, value: u16| -> Edit {
        Box::new(move |sections| sections[section].1[at..at + 2].copy_from_slice(&value.to_le_bytes()))
    };
    vec![
        ("no description", Box::new(|sections| sections[1].0 = b"[mrm_something]\0")),
        ("a map that is none", put(1, 12, 4)),
        ("a map that is not there", put(1, 12, 99)),
        ("names that are decisions", put(3, 4, 0)),
        ("names that are not there", put(3, 4, 77)),
        ("decisions that are names", put(3, 8, 2)),
        ("more kinds of values than there are", put(3, 10, 0xFFFF)),
        ("more items than there are", put(3, 16, 0xFFFF)),
        ("more candidates than there are", put(3, 20, 0xFFFF)),
        ("a group that is nowhere", put(3, 90, 0x7FFF)),
        ("a group of more than there is", put(3, 92, 0x7FFF)),
        ("a group that begins elsewhere", put(3, 94, 0x7FFF)),
        ("a decision that is not there", put(3, 96, 0x7FFF)),
        ("a candidate that is not there", put(3, 98, 0x7FFF)),
        (
            "candidates that belong to two items",
            Box::new(|sections| {
                let map = &mut sections[3].1;
                let first = [map[96], map[97]];
                (1..5).for_each(|item| map[96 + item * 4..98 + item * 4].copy_from_slice(&first));
            }),
        ),
        ("a value of a kind that is not known", put(3, 36, 99)),
        ("a value in a section without data", put(3, 122, 0)),
        ("a value in a section that is not there", put(3, 122, 999)),
        ("a value beyond the values", put(3, 120, 999)),
        ("a value outside of the data", put(4, 14, 0xFFFF)),
        ("a text without an end", put(4, 14, 6)),
        ("a text that is none", Box::new(|sections| sections[4].1[12 + 4 * 12] = 0xFF)),
        ("more values than there are", put(4, 4, 0xFFFF)),
        ("more decisions than there are", put(0, 6, 0xFFFF)),
        ("more sets than there are", put(0, 4, 0xFFFF)),
        ("more qualifiers than there are", put(0, 2, 0xFFFF)),
        ("a decision outside of the table", put(0, 12, 0xFFF0)),
        ("a decision of more sets than there are", put(0, 14, 0xFFF0)),
        ("names of a kind that is not known", Box::new(|sections| sections[2].1[10] = b'x')),
        ("more names than there are", put(2, 44 + 2 * (18 + 7) + 6, 0xFFFF)),
        (
            "a name of another length",
            Box::new(|sections| {
                let at = names_table(&sections[2].1) + 12 + 6;
                sections[2].1[at] += 1;
            }),
        ),
        (
            "a name outside of the names",
            Box::new(|sections| {
                let at = names_table(&sections[2].1) + 12 + 8;
                sections[2].1[at + 1] = 0x7F;
            }),
        ),
        (
            "scopes in a circle",
            Box::new(|sections| {
                let at = names_table(&sections[2].1) + 12;
                sections[2].1[at] = 1;
            }),
        ),
        (
            "a name in an item",
            Box::new(|sections| {
                let end = names_table(&sections[2].1);
                let names = sections[2].1[end - 24] as usize;
                sections[2].1[end + 12 * (names - 1)] = names as u8 - 2;
            }),
        ),
        (
            "a name beneath nothing",
            Box::new(|sections| {
                let end = names_table(&sections[2].1);
                let names = sections[2].1[end - 24] as usize;
                sections[2].1[end + 12 * (names - 1)] = 0xFF;
            }),
        ),
    ]
}

/// Where the table of names begins: after the counts, of which there are six.
fn names_table(data: &[u8]) -> usize {
    let units = usize::from(u16::from_le_bytes([data[2], data[3]]) + u16::from_le_bytes([data[4], data[5]]));
    44 + 2 * units + 6 + 24
}

#[test]
fn each_of_more_than_thirty_faults_is_refused() {
    let all = faults();
    assert!(all.len() >= 30, "{}", all.len());
    let mut accepted = Vec::new();
    for (name, edit) in &all {
        let mut sections = sections(&sample(), false);
        edit(&mut sections);
        if Resources::parse(&file(&sections)).is_ok() {
            accepted.push(*name);
        }
    }
    assert!(accepted.is_empty(), "{accepted:?}");
}

#[test]
fn a_file_that_is_not_what_it_says_is_refused() {
    let good = file(&sections(&sample(), false));
    Resources::parse(&good).unwrap();
    for (what, at) in [
        ("its kind", 0),
        ("its size", 12),
        ("its table", 16),
        ("its first section", 20),
        ("its sections", 24),
        ("the kind of a section in the table", 32),
        ("the place of a section", 32 + 24),
        ("the size of a section", 32 + 28),
        ("the kind of a section in its header", 32 + 5 * 32),
        ("the size of a section in its header", 32 + 5 * 32 + 24),
        ("its end", good.len() - 16),
        ("its size at the end", good.len() - 12),
        ("its kind at the end", good.len() - 1),
    ] {
        let mut bad = good.clone();
        bad[at] ^= 0x41;
        assert!(Resources::parse(&bad).is_err(), "{what}");
    }
    for length in 0..good.len() {
        assert!(Resources::parse(&good[..length]).is_err(), "{length}");
    }
    assert!(Resources::parse(&[&good[..], b"x"].concat()).is_err());
    assert!(matches!(Resources::parse(&vec![0; 33 << 20]), Err(ResourcesError::TooMuch(_))));
}

proptest! {
    #![proptest_config(ProptestConfig::with_cases(1024))]

    #[test]
    fn whatever_bytes_are_changed_there_is_an_answer_and_it_is_bounded(
        changes in prop::collection::vec((any::<prop::sample::Index>(), any::<u8>()), 1..8),
        of_another in any::<bool>(),
    ) {
        let mut bytes = file(&sections(&sample(), of_another));
        for (at, byte) in changes {
            let at = at.index(bytes.len());
            bytes[at] = byte;
        }
        if let Ok(resources) = Resources::parse(&bytes) {
            let wanted = wanted(&["de"], 150, Some(24));
            for name in ["ms-resource:AppName", "ms-resource:/Other/Deep/Er"] {
                prop_assert!(resources.text(name, &wanted).is_none_or(|text| text.len() < bytes.len()));
            }
            let _ = resources.file("Assets/Icon.png", &wanted);
        }
    }
}
