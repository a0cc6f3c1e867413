#![no_main]
//! Block maps and content types: refused, or the same again once they are written and read.

use libfuzzer_sys::fuzz_target;
use lowbox_msix::block_map::BlockMap;
use lowbox_msix::content_types::ContentTypes;

fuzz_target!(|bytes: &[u8]| {
    if let Ok(mut map) = BlockMap::parse(bytes) {
        map.files.iter_mut().for_each(|file| file.file_hash = None);
        assert_eq!(BlockMap::parse(map.to_xml().as_bytes()).as_ref(), Ok(&map));
    }
    if let Ok(types) = ContentTypes::parse(bytes) {
        assert_eq!(ContentTypes::parse(types.to_xml().as_bytes()).as_ref(), Ok(&types));
    }
});
