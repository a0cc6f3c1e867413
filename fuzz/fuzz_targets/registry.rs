#![no_main]
//! Registry files of packages, Wine's own text and shortcuts: refused, or read, and what was read comes back when it is written.

use libfuzzer_sys::fuzz_target;
use lowbox_msix::registry::{Key, PackageRegistry, hive, import_text, read_wine};
use lowbox_msix::{Shortcut, registry};

/// The input as a whole file: few inputs have the header and its checksum right.
fn as_hive(bytes: &[u8]) -> Vec<u8> {
    let mut file = hive::write(&Key::default()).expect("an empty one");
    file.truncate(4096);
    file.extend(b"hbin");
    file.resize(4096 + 32, 0);
    file.extend(bytes);
    file.resize(file.len().next_multiple_of(8), 0);
    file[36..40].copy_from_slice(&32_u32.to_le_bytes());
    let length = (file.len() - 4096) as u32;
    file[40..44].copy_from_slice(&length.to_le_bytes());
    let words = file[..508].chunks(4);
    let sum = words.fold(0, |sum, word| sum ^ u32::from_le_bytes([word[0], word[1], word[2], word[3]]));
    file[508..512].copy_from_slice(&sum.to_le_bytes());
    file
}

fn check(key: &Key) {
    // Names that can be read and not written are those with zeros in them.
    if let Ok(bytes) = hive::write(key) {
        assert_eq!(&hive::read(&bytes).expect("what was written"), key);
    }
    let new = PackageRegistry { machine: key.clone(), user: Key::default() };
    let _ = import_text(&PackageRegistry::default(), &new);
    let _ = import_text(&new, &PackageRegistry::default());
}

fuzz_target!(|bytes: &[u8]| {
    for file in [bytes.to_vec(), as_hive(bytes)] {
        if let Ok(key) = hive::read(&file) {
            check(&key);
        }
        let _ = PackageRegistry::default().add(registry::HIVES[2], &file);
    }
    let text = [b"WINE REGISTRY Version 2\n", bytes].concat();
    if let Ok(key) = read_wine(&text) {
        check(&key);
    }
    let _ = Shortcut::parse(bytes);
});
