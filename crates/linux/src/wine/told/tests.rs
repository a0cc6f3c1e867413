//! A library made here, as small as one can be, gets another table of exports and keeps what it had.

use super::exports::Export;
use super::image::EXPORTS;
use super::*;

const ALIGNMENT: u32 = 0x1000;
const CODE: u32 = 0x1000;
const TABLE: u32 = 0x2000;

/// Code, a table of exports with an own function, one without a name and a forwarder, and what a debugger reads.
fn library() -> Vec<u8> {
    let mut bytes = vec![0; 0x800];
    let mut put = |at: usize, value: &[u8]| bytes[at..at + value.len()].copy_from_slice(value);
    put(0, b"MZ");
    put(0x3c, &0x80_u32.to_le_bytes());
    put(0x40, b"Wine builtin DLL");
    put(0x80, b"PE\0\0\x64\x86\x03\0");
    put(0x80 + 12, &[0x11; 8]);
    put(0x80 + 20, &240_u16.to_le_bytes());
    let optional = 0x98;
    put(optional, &0x20b_u16.to_le_bytes());
    put(optional + 32, &ALIGNMENT.to_le_bytes());
    put(optional + 36, &0x200_u32.to_le_bytes());
    put(optional + 108, &16_u32.to_le_bytes());
    put(optional + 112, &TABLE.to_le_bytes());
    put(optional + 116, &0x100_u32.to_le_bytes());
    let table = optional + 240;
    let sections = [
        (b".text\0\0\0", CODE, 0x20, 0x200),
        (b".edata\0\0", TABLE, 0x40, 0x400),
        (b"/4\0\0\0\0\0\0", 0x3000, 0x4200_0040, 0x600),
    ];
    for (at, (name, address, flags, place)) in sections.into_iter().enumerate() {
        let at = table + at * 40;
        put(at, name);
        for (offset, number) in [(8, 0x200), (12, address), (16, 0x200_u32), (20, place), (36, flags)] {
            put(at + offset, &number.to_le_bytes());
        }
    }
    let exports = Exports {
        library: b"sample.dll".to_vec(),
        base: 7,
        functions: vec![
            Export::At(CODE + 8),
            Export::At(CODE + 16),
            Export::Forward(b"other.Named".to_vec()),
        ],
        names: [(b"Own".to_vec(), 0), (b"Zed".to_vec(), 2)].into(),
    };
    let laid_out = exports.laid_out(TABLE).unwrap();
    put(0x400, &laid_out);
    put(optional + 116, &(laid_out.len() as u32).to_le_bytes());
    bytes
}

#[test]
fn a_changed_library_forwards_what_is_answered_and_keeps_the_rest() {
    let bytes = library();
    let before = Exports::read(&Image::parse(&bytes).unwrap()).unwrap();
    let out = changed(&bytes, &["Own", "Added"]).unwrap();
    let image = Image::parse(&out).unwrap();
    let after = Exports::read(&image).unwrap();
    let forward = |to: &str| Export::Forward(to.as_bytes().to_vec());
    assert_eq!(
        after.functions,
        [
            forward("lowbox.Own"),
            before.functions[1].clone(),
            forward("other.Named"),
            before.functions[0].clone(),
            forward("lowbox.Added")
        ]
    );
    let names: Vec<(&str, u16)> =
        after.names.iter().map(|(name, place)| (std::str::from_utf8(name).unwrap(), *place)).collect();
    assert_eq!(names, [("Added", 4), ("Own", 0), ("Zed", 2), ("lowbox_was_Own", 3)]);
    assert_eq!((after.base, &after.library), (7, &b"sample.dll".to_vec()));
    // Code stays as it is and where it is; what only debuggers read has made room.
    assert_eq!(out[0x200..0x400], bytes[0x200..0x400]);
    assert_eq!(image.directory(EXPORTS).unwrap().0, 0x3000);
    assert!(out[0x40..0x60].iter().all(|byte| *byte == 0), "Wine would take its own file");
    // Now nothing can make room any more.
    assert_eq!(changed(&out, &["Other"]), Err("its headers have no room for another section"));
}

#[test]
fn what_is_no_library_or_is_cut_off_is_refused_and_nothing_panics() {
    let whole = library();
    for length in 0..whole.len() {
        // What was cut off behind the sections was not needed.
        assert_eq!(changed(&whole[..length], &["Own"]).is_ok(), length >= 0x600, "{length}");
    }
    let mut elf = whole.clone();
    elf[..4].copy_from_slice(b"\x7fELF");
    assert!(changed(&elf, &["Own"]).is_err());
}

proptest::proptest! {
    #[test]
    fn any_bytes_in_the_headers_are_refused_or_make_a_file_that_can_be_read(at in 0_usize..0x600, value: [u8; 4]) {
        let mut bytes = library();
        bytes[at..at + 4].copy_from_slice(&value);
        if let Ok(out) = changed(&bytes, &["Own", "Added"]) {
            proptest::prop_assert!(Image::parse(&out).is_ok());
        }
    }
}

#[test]
fn the_add_on_is_put_in_as_a_whole_or_not_at_all_and_taken_out_again() {
    let place = tempfile::tempdir().unwrap();
    let (originals, system32) = (place.path().join("wine"), place.path().join("system32"));
    fs::create_dir(&originals).unwrap();
    fs::create_dir(&system32).unwrap();
    for (name, _) in ANSWERED {
        let original = originals.join(format!("{name}.dll"));
        fs::write(&original, library()).unwrap();
        std::os::unix::fs::symlink(&original, system32.join(format!("{name}.dll"))).unwrap();
    }
    let names = || {
        let mut names: Vec<_> = fs::read_dir(&system32).unwrap().map(|entry| entry.unwrap().path()).collect();
        names.sort();
        names
    };
    let linked = names();
    let is_link = |path: &Path| fs::symlink_metadata(path).unwrap().is_symlink();
    let put = || put_into(&system32, &originals, &|_| Ok(()));
    if LIBRARY.is_none() {
        assert_eq!(put(), Err(NOT_BUILT.to_owned()));
        assert!(linked.iter().all(|path| is_link(path)));
        return;
    }
    put().unwrap();
    assert_eq!(names().len(), ANSWERED.len() + 1);
    assert!(names().iter().all(|path| !is_link(path)));
    assert_eq!(fs::read(originals.join("userenv.dll")).unwrap(), library(), "Wine's own is as it was");
    take_out(&system32, &originals, &|_| Ok(())).unwrap();
    assert!(names() == linked && linked.iter().all(|path| is_link(path)));
    // One that can't be changed, or can't be written.
    assert!(put_into(&system32, &originals, &|_| Err(io::Error::other("not yours"))).is_err());
    fs::write(originals.join("userenv.dll"), "of another kind").unwrap();
    let why = put().unwrap_err();
    assert!(why.ends_with("userenv.dll: the file is cut off"), "{why}");
    assert!(names() == linked && linked.iter().all(|path| is_link(path)));
}

#[test]
fn answers_are_told_apart_by_number_and_length() {
    let container = lowbox_security::AppContainer {
        package: lowbox_security::derive::package_sid("a_b"),
        capabilities: vec![lowbox_security::derive::capability_sid("internetClient")],
        less_privileged: false,
    };
    let bytes = answers(&container, None, None, Some("C:"), Asks::Nothing);
    assert_eq!(bytes[..4], [1, 0, 40, 0]);
    assert_eq!(bytes[44..44 + 4 + 16], [2, 0, 16, 0, 1, 2, 0, 0, 0, 0, 0, 15, 3, 0, 0, 0, 1, 0, 0, 0]);
    assert_eq!(bytes[64..], [7, 0, 4, 0, b'C', 0, b':', 0]);
}
