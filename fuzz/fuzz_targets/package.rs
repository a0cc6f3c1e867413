#![no_main]
//! Packages: refused, or opened and read; what is read has the digests and sizes that the block map says.

use libfuzzer_sys::fuzz_target;
use lowbox_msix::package::Package;

fuzz_target!(|bytes: &[u8]| {
    let Ok(package) = Package::open(bytes) else { return };
    for (file, part) in package.contents().files() {
        assert!(part.entry.end <= bytes.len() as u64);
        let mut size = 0;
        let mut reader = package.contents().reader(bytes, file);
        while let Ok(Some(block)) = reader.next_block() {
            size += block.len() as u64;
        }
        assert!(size <= file.size);
    }
});
