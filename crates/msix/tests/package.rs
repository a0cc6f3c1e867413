//! What is packed is what is unpacked.

mod common;

use common::{SIMPLE, pack, read_all, simple_files};
use lowbox_msix::part_name::PartName;
use lowbox_msix::writer::{DosTime, Options};
use lowbox_msix::{HashAlgorithm, part_name::MANIFEST};
use proptest::prelude::*;

#[test]
fn a_package_is_read_as_it_was_written_with_each_kind_of_digest() {
    for algorithm in HashAlgorithm::ALL {
        let bytes = pack(&simple_files(), SIMPLE, Options { algorithm, ..Options::default() }).unwrap();
        let all = read_all(&bytes).unwrap();
        assert_eq!(all[..2], simple_files());
        assert_eq!(all[2], (MANIFEST.to_owned(), SIMPLE.as_bytes().to_vec()));
    }
}

#[test]
fn the_same_files_at_the_same_time_make_the_same_bytes() {
    let at = |seconds| Options { time: DosTime::from_unix(seconds), ..Options::default() };
    let make = |options| pack(&simple_files(), SIMPLE, options).unwrap();
    assert_eq!(make(at(1_700_000_000)), make(at(1_700_000_000)));
    assert_ne!(make(at(1_700_000_000)), make(at(1_800_000_000)));
}

#[test]
fn a_changed_bit_anywhere_is_seen() {
    let bytes = pack(&simple_files(), SIMPLE, Options::default()).unwrap();
    let original = read_all(&bytes).unwrap();
    // Where nothing depends on a bit, but the signature: times, attributes, who made it.
    let mut unseen = 0;
    for at in (0..bytes.len()).step_by(97) {
        let mut changed = bytes.clone();
        changed[at] ^= 1 << (at % 8);
        match read_all(&changed) {
            Err(_) => {}
            Ok(all) => {
                assert_eq!(all, original, "byte {at}");
                unseen += 1;
            }
        }
    }
    assert!(unseen < 12, "{unseen}");
}

#[test]
fn names_that_windows_takes_for_one_and_those_of_the_format_are_not_packed() {
    let with = |name: &str| {
        let mut files = simple_files();
        files.push((name.to_owned(), b"x".to_vec()));
        pack(&files, SIMPLE, Options::default()).map(|_| ()).unwrap_err().to_string()
    };
    assert!(with("APP.EXE").contains("one name"));
    for reserved in ["AppxBlockMap.xml", "appxsignature.p7x", "[Content_Types].xml", "AppxMetadata/x.txt"] {
        assert!(with(reserved).contains("made by packing"), "{reserved}");
    }
}

fn name() -> impl Strategy<Value = String> {
    let segment = "[a-zA-Z0-9 _.#%&+;=@^`{}()\\[\\]!$',~\u{e4}\u{20ac}\u{1f600}-]{1,12}";
    prop::collection::vec(segment, 1..4).prop_map(|segments| segments.join("/"))
}

proptest! {
    #![proptest_config(ProptestConfig::with_cases(64))]

    #[test]
    fn files_of_any_name_and_size_come_back(
        files in prop::collection::btree_map(name(), prop::collection::vec(0_u8..4, 0..200_000), 0..6),
    ) {
        let mut all = simple_files();
        for (name, data) in files {
            let folded = name.to_lowercase();
            let clashes = all.iter().any(|(other, _)| {
                let other = other.to_lowercase();
                other == folded || other.starts_with(&format!("{folded}/")) || folded.starts_with(&format!("{other}/"))
            });
            if PartName::new(&name).is_ok_and(|name| !name.is_footprint()) && !clashes {
                all.push((name, data));
            }
        }
        let bytes = pack(&all, SIMPLE, Options::default()).unwrap();
        let read = read_all(&bytes).unwrap();
        prop_assert_eq!(&read[..read.len() - 1], &all[..]);
    }

    #[test]
    fn a_name_survives_encoding(name in "\\PC{1,40}") {
        if let Ok(name) = PartName::new(&name) {
            prop_assert_eq!(PartName::decode(name.encode().as_bytes()), Ok(name));
        }
    }

    #[test]
    fn any_bytes_get_an_answer(bytes in prop::collection::vec(any::<u8>(), 0..300)) {
        prop_assert!(read_all(&bytes).is_err());
    }
}
