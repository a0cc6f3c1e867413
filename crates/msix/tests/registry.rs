//! The registry of packages: hives are read as they were written, damaged ones are refused, and Wine's own text and `reg import`'s say what
//! they should.

use lowbox_msix::registry::{
    Key, Kind, PackageRegistry, RegistryError, Tokens, Value, hive, import_text, read_wine,
};
use proptest::prelude::*;

fn sample() -> Key {
    let mut root = Key::default();
    let key = root.make_at("REGISTRY\\MACHINE\\Software\\Contoso");
    key.set("", Value::text("the unnamed one"));
    key.set("Path", Value::text("[{ProgramFilesX64}]\\Contoso\\app.exe"));
    key.set("Number", Value::number(287));
    key.set("Names", Value { kind: Kind::TEXTS, data: b"a\0b\0\0\0".to_vec() });
    key.set("Nothing", Value { kind: Kind(0), data: Vec::new() });
    key.set("Large", Value { kind: Kind(3), data: (0..70_000_u32).map(|at| at as u8).collect() });
    key.set("\u{4e2d}\u{6587}", Value::text("\u{1f600} other letters \u{e4}"));
    let many = root.make("Many");
    for number in 0..1200 {
        many.make(&format!("Key {number}"));
    }
    root.make_at("\u{dc}mlaut\\\u{4e2d}\\empty");
    root
}

#[test]
fn a_hive_says_what_was_written() {
    let bytes = hive::write(&sample()).unwrap();
    assert_eq!(hive::read(&bytes).unwrap(), sample());
    assert_eq!(hive::write(&sample()).unwrap(), bytes, "the same keys, the same file");
    assert_eq!(bytes.len() % 4096, 0);
}

#[test]
fn names_are_the_same_in_upper_and_lower_case() {
    let mut key = Key::default();
    key.make("Software").set("A", Value::number(1));
    key.make("SOFTWARE").set("a", Value::number(2));
    assert_eq!(key.keys().len(), 1);
    assert_eq!(key.at("software").unwrap().value("A"), Some(&Value::number(2)));
}

/// Changes four bytes behind the header, or in it; then the checksum is right again.
fn changed(file: &[u8], at: usize, word: u32) -> Vec<u8> {
    let mut file = file.to_vec();
    file[at..at + 4].copy_from_slice(&word.to_le_bytes());
    let sum = file[..508]
        .chunks(4)
        .fold(0, |sum, word| sum ^ u32::from_le_bytes([word[0], word[1], word[2], word[3]]));
    file[508..512].copy_from_slice(&sum.to_le_bytes());
    file
}

#[test]
fn a_key_that_is_its_own_subkey_is_refused() {
    let mut root = Key::default();
    root.make("below").make("further");
    let file = hive::write(&root).unwrap();
    let word = |at: usize| u32::from_le_bytes(file[at..at + 4].try_into().unwrap());
    let cell = |offset: u32| 4096 + offset as usize + 4;
    let root = cell(word(36));
    let list = cell(word(root + 28));
    // The root's only subkey is the root.
    let circle = changed(&file, list + 4, word(36));
    assert_eq!(hive::read(&circle), Err(RegistryError::Wrong("a key is in it twice")));
    // The subkey's list is the root's.
    let below = cell(word(list + 4));
    let circle = changed(&file, below + 28, word(root + 28));
    assert_eq!(hive::read(&circle), Err(RegistryError::Wrong("a key is in it twice")));
}

#[test]
fn one_large_piece_of_data_in_many_values_is_refused() {
    let mut root = Key::default();
    for number in 0..200 {
        root.set(&format!("{number}"), Value { kind: Kind(3), data: vec![0; 16_000] });
    }
    let file = hive::write(&root).unwrap();
    let word = |file: &[u8], at: usize| u32::from_le_bytes(file[at..at + 4].try_into().unwrap());
    let list = 4096 + word(&file, 4096 + word(&file, 36) as usize + 4 + 40) as usize + 4;
    // A million values of which each is the first one.
    let mut bomb = file.clone();
    let first = word(&file, list);
    let many = 1_000_000_u32;
    let at = bomb.len();
    bomb.extend((-(many as i32 * 4 + 8)).to_le_bytes());
    for _ in 0..=many {
        bomb.extend(first.to_le_bytes());
    }
    let length = (bomb.len() - 4096) as u32;
    let root = 4096 + word(&file, 36) as usize + 4;
    bomb[root + 36..root + 40].copy_from_slice(&many.to_le_bytes());
    bomb[root + 40..root + 44].copy_from_slice(&((at - 4096) as u32).to_le_bytes());
    let bomb = changed(&bomb, 40, length);
    assert_eq!(hive::read(&bomb), Err(RegistryError::TooMuch("names and data")));
}

#[test]
fn what_is_no_hive_or_a_changed_one_is_refused() {
    let file = hive::write(&sample()).unwrap();
    assert_eq!(hive::read(b""), Err(RegistryError::Unknown));
    assert_eq!(hive::read(&[0; 8192]), Err(RegistryError::Unknown));
    let mut other = file.clone();
    other[40] ^= 1;
    assert_eq!(hive::read(&other), Err(RegistryError::Wrong("its header's checksum is another")));
    assert_eq!(hive::read(&file[..5000]), Err(RegistryError::CutOff("its first bin")));
    for wrong in ["a\\b", "", &"x".repeat(256)] {
        let mut root = Key::default();
        root.make(wrong);
        assert!(hive::write(&root).is_err(), "{wrong}");
    }
}

fn names() -> impl Strategy<Value = String> {
    prop_oneof!["[A-Za-z0-9 _.{}-]{1,12}", "[a-z\u{e0}-\u{ff}\u{4e00}-\u{4e10}\u{1f600}]{1,4}"]
}

fn values() -> impl Strategy<Value = Value> {
    let data = prop_oneof![
        9 => prop::collection::vec(any::<u8>(), 0..40),
        1 => (16_300_usize..40_000).prop_map(|length| vec![7; length])
    ];
    (0_u32..12, data).prop_map(|(kind, data)| Value { kind: Kind(kind), data })
}

fn keys() -> impl Strategy<Value = Key> {
    let leaf = prop::collection::vec((names(), values()), 0..6).prop_map(|values| {
        let mut key = Key::default();
        values.into_iter().for_each(|(name, value)| key.set(&name, value));
        key
    });
    leaf.prop_recursive(4, 40, 5, |inner| {
        (prop::collection::vec((names(), inner), 0..5), prop::collection::vec((names(), values()), 0..3))
            .prop_map(|(keys, values)| {
                let mut key = Key::default();
                keys.into_iter().for_each(|(name, below)| key.make(&name).merge(below));
                values.into_iter().for_each(|(name, value)| key.set(&name, value));
                key
            })
    })
}

proptest! {
    #[test]
    fn any_keys_come_back_from_a_hive(key in keys()) {
        let bytes = hive::write(&key).unwrap();
        prop_assert_eq!(hive::read(&bytes).unwrap(), key);
    }

    #[test]
    fn a_damaged_hive_is_refused_or_read_and_never_more(
        key in keys(),
        changes in prop::collection::vec((0_usize..20_000, any::<u32>()), 1..6),
        cut in 0_usize..30_000,
    ) {
        let mut bytes = hive::write(&key).unwrap();
        bytes.truncate(bytes.len().saturating_sub(cut).max(4096));
        for (at, word) in changes {
            let at = 4096 + at % (bytes.len() - 4095).max(1);
            if at + 4 <= bytes.len() {
                bytes[at..at + 4].copy_from_slice(&word.to_le_bytes());
            }
        }
        if let Ok(read) = hive::read(&bytes) {
            // What can be read can be written, if its names are those of keys.
            if let Ok(again) = hive::write(&read) {
                prop_assert_eq!(hive::read(&again).unwrap(), read);
            }
        }
    }

    #[test]
    fn any_text_is_read_or_refused(text in "(\\[[^\\n]{0,20}\\][ 0-9]{0,4}\\n|\"[^\\n]{0,8}\"=[^\\n]{0,20}\\n|.{0,20}\\n){0,20}") {
        let _ = read_wine(format!("WINE REGISTRY Version 2\n{text}").as_bytes());
    }

    #[test]
    fn what_changed_is_all_that_is_imported(old in keys(), new in keys()) {
        let changed = new.since(&old);
        let mut merged = old.clone();
        merged.merge(changed);
        let mut both = old.clone();
        both.merge(new.clone());
        prop_assert_eq!(merged, both);
        prop_assert!(new.since(&new).is_empty());
    }
}

#[test]
fn wines_own_text_is_read_as_wine_means_it() {
    let text = "WINE REGISTRY Version 2\n;; All keys relative to REGISTRY\\\\Machine\n\n#arch=win64\n\n\
        [Software\\\\Contoso\\\\A \\[b\\]] 1795945598\n#time=1dd7fe6879fc974\n\
        @=\"unnamed\"\n\"Quote\\\"d\\\\name\"=\"a \\\"text\\\" with \\\\ and \\x4e2d\\xd83d\\xde00\\n\"\n\
        \"number\"=dword:0000011f\n\"bytes\"=hex:01,02,\\\n  03,04\n\"kind\"=hex(b):01,00\n\
        \"expanded\"=str(2):\"%PATH%\"\n\"several\"=str(7):\"a\\0b\\0\"\nnonsense\n\"cut\"=\"no end\n\n\
        [Software\\\\Link] 1\n#link\n\"SymbolicLinkValue\"=hex(6):41,00\n\n\
        [Software\\\\Contoso\\\\a \\[B\\]] 1795945598\n\"number\"=dword:00000002\n";
    let root = read_wine(text.as_bytes()).unwrap();
    let key = root.at("Software\\Contoso\\A [b]").unwrap();
    let value = |name: &str| key.value(name).unwrap().clone();
    assert_eq!(value(""), Value::text("unnamed"));
    assert_eq!(value("Quote\"d\\name"), Value::text("a \"text\" with \\ and \u{4e2d}\u{1f600}\n"));
    assert_eq!(value("number"), Value::number(2), "what stands last counts");
    assert_eq!(value("bytes"), Value { kind: Kind(3), data: vec![1, 2, 3, 4] });
    assert_eq!(value("kind"), Value { kind: Kind(11), data: vec![1, 0] });
    assert_eq!(value("expanded").as_text().as_deref(), Some("%PATH%"));
    assert_eq!(value("several").whole_text().as_deref(), Some("a\0b\0\0"));
    assert_eq!(key.values().len(), 7);
    assert!(root.at("Software\\Link").unwrap().is_empty());
    for other in ["", "REGEDIT4\n", "WINE REGISTRY Version 3\n"] {
        assert_eq!(read_wine(other.as_bytes()), Err(RegistryError::Unknown));
    }
    let deep = format!("WINE REGISTRY Version 2\n[{}] 1\n", ["a"; 600].join("\\\\"));
    assert_eq!(read_wine(deep.as_bytes()), Err(RegistryError::TooMuch("keys in one another")));
}

fn text(old: &PackageRegistry, new: &PackageRegistry) -> Option<String> {
    let bytes = import_text(old, new)?;
    let units: Vec<u16> = bytes.chunks(2).map(|pair| u16::from_le_bytes([pair[0], pair[1]])).collect();
    Some(String::from_utf16(&units).unwrap())
}

#[test]
fn only_the_difference_of_two_versions_is_imported_and_what_is_gone_is_deleted() {
    let mut old = PackageRegistry::default();
    let key = old.machine.make_at("Software\\Contoso");
    key.set("kept", Value::number(1));
    key.set("changed", Value::number(1));
    key.set("gone", Value::number(1));
    old.user.make_at("Software\\Gone").set("x", Value::number(1));
    let mut new = PackageRegistry::default();
    let key = new.machine.make_at("SOFTWARE\\CONTOSO");
    key.set("kept", Value::number(1));
    key.set("Changed", Value::number(2));
    key.set("new \"\\", Value::text("a"));
    key.make("Empty");
    let said = text(&old, &new).unwrap();
    assert_eq!(
        said,
        "\u{feff}Windows Registry Editor Version 5.00\r\n\
         \r\n[HKEY_LOCAL_MACHINE\\SOFTWARE\\CONTOSO]\r\n\"Changed\"=hex(4):02,00,00,00\r\n\
         \"new \\\"\\\\\"=hex(1):61,00,00,00\r\n\"gone\"=-\r\n\
         \r\n[HKEY_LOCAL_MACHINE\\SOFTWARE\\CONTOSO\\Empty]\r\n\
         \r\n[HKEY_CURRENT_USER\\Software\\Gone]\r\n\"x\"=-\r\n"
    );
    assert_eq!(text(&new, &new), None);
    assert_eq!(text(&PackageRegistry::default(), &PackageRegistry::default()), None);
}

#[test]
fn a_name_can_not_become_a_line_of_its_own() {
    let mut new = PackageRegistry::default();
    new.machine.make_at("Software").make("a]\r\n[-HKEY_LOCAL_MACHINE\\Software".replace('\\', "/").as_str());
    new.machine.make("Software").set("a\"=-\r\n[-HKEY_CURRENT_USER]\r\n\"", Value::number(1));
    new.machine.make("Software").set("text", Value::text("\r\n[-HKEY_CURRENT_USER]\r\n"));
    let said = text(&PackageRegistry::default(), &new).unwrap();
    assert!(!said.contains("[-") && said.lines().count() == 4, "{said:?}");
}

#[test]
fn the_hives_of_packages_have_their_keys_at_their_places() {
    let mut registry = PackageRegistry::default();
    let mut machine = Key::default();
    machine.make_at("REGISTRY\\MACHINE\\SOFTWARE\\Contoso").set("where", Value::text("machine"));
    machine.make_at("REGISTRY\\USER\\.DEFAULT\\Software").set("x", Value::number(1));
    let left_out = registry.add("Registry.dat", &hive::write(&machine).unwrap()).unwrap();
    assert_eq!(left_out, ["REGISTRY\\USER\\.DEFAULT"]);
    let mut user = Key::default();
    user.make_at("REGISTRY\\USER\\[{AppVCurrentUserSID}]\\Software\\Contoso")
        .set("where", Value::text("user"));
    user.make_at("REGISTRY\\USER\\[{AppVCurrentUserSID}]_Classes\\.con").set("", Value::text("contoso"));
    registry.add("User.dat", &hive::write(&user).unwrap()).unwrap();
    let mut plain = Key::default();
    plain.make_at("Software\\Contoso").set("plain", Value::number(1));
    registry.add("user.DAT", &hive::write(&plain).unwrap()).unwrap();
    let value = |key: &Key, path: &str, name: &str| key.at(path).and_then(|key| key.value(name)?.as_text());
    assert_eq!(value(&registry.machine, "Software\\Contoso", "where").as_deref(), Some("machine"));
    assert_eq!(value(&registry.user, "Software\\Contoso", "where").as_deref(), Some("user"));
    assert_eq!(value(&registry.user, "Software\\Classes\\.con", "").as_deref(), Some("contoso"));
    assert!(registry.user.at("Software\\Contoso").unwrap().value("plain").is_some());
    // What is made of it is read the same.
    let mut again = PackageRegistry::default();
    again.add("Registry.dat", &registry.machine_hive().unwrap().unwrap()).unwrap();
    again.add("User.dat", &registry.user_hive().unwrap().unwrap()).unwrap();
    assert_eq!(again, registry);
    assert_eq!(PackageRegistry::from_hive(&registry.to_hive().unwrap()).unwrap(), registry);
}

#[test]
fn tokens_stand_for_folders_and_folders_for_tokens() {
    let folder = |token: &str, folder: &str| (token.to_owned(), folder.to_owned());
    let tokens = Tokens::new(vec![
        folder("Windows", r"C:\windows"),
        folder("SystemX64", r"C:\windows\system32"),
        folder("System", r"C:\windows\system32"),
        folder("ProgramFilesX64", r"C:\Program Files"),
        folder("ProgramFilesX86", r"C:\Program Files (x86)"),
    ]);
    for (short, long) in [
        (r"[{ProgramFilesX64}]\Contoso\app.exe", r"C:\Program Files\Contoso\app.exe"),
        (r#""[{ProgramFilesX86}]\x.exe" "%1""#, r#""C:\Program Files (x86)\x.exe" "%1""#),
        (r"[{Windows}];[{SystemX64}]", r"C:\windows;C:\windows\system32"),
        (r"C:\windowsold and [{Nothing}] [{", r"C:\windowsold and [{Nothing}] [{"),
    ] {
        let mut key = Key::default();
        key.make("below").set(short, Value::text(short));
        let expanded = tokens.expand(&key);
        assert_eq!(expanded.at("below").unwrap().value(long), Some(&Value::text(long)));
        assert_eq!(tokens.contract(&expanded), key);
    }
    let mut key = Key::default();
    key.set("", Value::text(r"c:\PROGRAM files\x"));
    assert_eq!(tokens.contract(&key).value(""), Some(&Value::text(r"[{ProgramFilesX64}]\x")));
    // What is no text stays.
    let bytes = Value { kind: Kind(3), data: b"[{Windows}]".to_vec() };
    key.set("", bytes.clone());
    assert_eq!(tokens.expand(&key).value(""), Some(&bytes));
}
