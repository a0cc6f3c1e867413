//! What is remembered comes back.

use std::ffi::OsStr;
use std::os::unix::ffi::OsStrExt;
use std::os::unix::fs::{PermissionsExt, symlink};

use super::*;

#[test]
fn nothing_is_made_by_asking_and_what_is_made_is_its_owners_alone() {
    let place = Place::new();
    assert!(Store::open_existing(&place.data()).unwrap().is_none());
    assert!(!place.data().exists());
    drop(place.store());
    let mode = |path: &Path| fs::metadata(path).unwrap().permissions().mode() & 0o777;
    assert_eq!(mode(&place.data()), 0o700);
    for name in fs::read_dir(place.data()).unwrap() {
        assert_eq!(mode(&name.unwrap().path()), 0o600);
    }
    assert!(Store::open_existing(&place.data()).unwrap().is_some());
}

#[test]
fn any_path_and_any_identity_come_back_as_they_were() {
    let place = Place::new();
    let long = format!("/{}", "x/".repeat(2000));
    for path in [&b"/caf\xe9/\n\x1b[2J"[..], b"/", long.as_bytes()] {
        let path = Path::new(OsStr::from_bytes(path));
        let object = FileId { dev: u64::MAX, ino: 1 << 63, kind: NodeKind::BlockDevice };
        let mut store = place.store();
        let made = store.remember_file(&NewFileConsent { object, ..allow(path, "rx") }).unwrap();
        drop(store);
        let found = place.store().file_consents_at(None, path).unwrap();
        assert_eq!(found, [made]);
        assert_eq!((found[0].path.as_path(), found[0].object), (path, object));
        assert_eq!((found[0].used, found[0].how), (None, How::Prompt));
        let age = found[0].made.elapsed().unwrap_or_default();
        assert!(age.as_secs() < 60, "{age:?}");
    }
}

#[test]
fn answers_add_up_and_the_later_one_wins() {
    let place = Place::new();
    let (mut store, file) = (place.store(), place.file("a"));
    let at = |store: &Store| rights_at(store, &file);
    store.remember_file(&allow(&file, "r")).unwrap();
    store.remember_file(&allow(&file, "w")).unwrap();
    assert_eq!(at(&store), ("rw".into(), String::new()));
    store.remember_file(&deny(&file, "w".parse().unwrap())).unwrap();
    assert_eq!(at(&store), ("r".into(), "w".into()));
    store.replace_file(&allow(&file, "rwx")).unwrap();
    assert_eq!(at(&store), ("rwx".into(), String::new()));
    store.remember_file(&deny(&file, GrantRights::READ)).unwrap();
    assert_eq!(at(&store), ("w".into(), "r".into()), "x is nothing without r");
    store.replace_file(&allow(&file, "r")).unwrap();
    assert_eq!(at(&store), ("r".into(), String::new()), "what the user sets is all there is");
}

#[test]
fn read_only_is_kept_until_writing_is_allowed() {
    let place = Place::new();
    let (mut store, file) = (place.store(), place.file("a"));
    let made = store.remember_file(&NewFileConsent { read_only: true, ..allow(&file, "r") }).unwrap();
    assert!(made.read_only);
    assert!(!store.remember_file(&allow(&file, "rw")).unwrap().read_only);
}

#[test]
fn rights_for_an_object_that_was_there_before_are_not_added_to_those_for_another() {
    let place = Place::new();
    let (mut store, file) = (place.store(), place.file("folder/x"));
    let folder = file.parent().unwrap();
    store.remember_file(&allow(folder, "rwx")).unwrap();
    fs::rename(folder, folder.with_extension("old")).unwrap();
    fs::create_dir(folder).unwrap();
    store.remember_file(&allow(folder, "r")).unwrap();
    assert_eq!(rights_at(&store, folder).0, "r");
    // The next folder may well get the number of the one that is removed.
    fs::remove_dir(folder).unwrap();
    fs::create_dir(folder).unwrap();
    assert_eq!(store.covering(PACKAGE, folder).unwrap()[0].1, Standing::OtherObject);
    store.remember_file(&allow(folder, "w")).unwrap();
    assert_eq!(rights_at(&store, folder).0, "w");
}

#[test]
fn a_broker_finds_what_is_at_a_path_and_above_it_of_its_own_package() {
    let place = Place::new();
    let (mut store, file) = (place.store(), place.file("a/b/c"));
    let (b, a) = (file.parent().unwrap(), file.ancestors().nth(2).unwrap());
    store.remember_file(&allow(a, "r")).unwrap();
    store.remember_file(&deny(&file, GrantRights::READ)).unwrap();
    store.remember_file(&NewFileConsent { package: "other_8wekyb3d8bbwe", ..allow(b, "r") }).unwrap();
    let found = store.covering(PACKAGE, &file).unwrap();
    let paths: Vec<&Path> = found.iter().map(|(one, _)| one.path.as_path()).collect();
    assert_eq!(paths, [file.as_path(), a]);
    assert!(found.iter().all(|(_, standing)| *standing == Standing::Same));
}

#[test]
fn a_saved_file_stays_consented_and_what_else_was_replaced_does_not() {
    let place = Place::new();
    let mut store = place.store();
    let now = |store: &Store, path: &Path| store.covering(PACKAGE, path).unwrap()[0].1;
    let file = place.file("saved");
    let made = store.remember_file(&allow(&file, "rw")).unwrap();
    fs::rename(place.file("saved.new"), &file).unwrap();
    let Standing::Replaced(id) = now(&store, &file) else { panic!("{:?}", now(&store, &file)) };
    store.follow_replaced(made.id, id).unwrap();
    assert_eq!(now(&store, &file), Standing::Same);
    fs::remove_file(&file).unwrap();
    assert_eq!(now(&store, &file), Standing::Missing);
    assert!(!now(&store, &file).is_void());
    fs::create_dir(&file).unwrap();
    assert_eq!(now(&store, &file), Standing::OtherKind(NodeKind::Dir));
    fs::remove_dir(&file).unwrap();
    symlink(place.file("secret"), &file).unwrap();
    assert_eq!(now(&store, &file), Standing::Link);

    fs::remove_file(&file).unwrap();
    fs::hard_link(place.file("secret"), &file).unwrap();
    assert_eq!(now(&store, &file), Standing::OtherObject, "nobody saves a file by giving it a second name");

    let inner = place.file("way/folder/x");
    let (folder, way) = (inner.parent().unwrap(), inner.ancestors().nth(2).unwrap());
    store.remember_file(&allow(folder, "r")).unwrap();
    fs::rename(folder, way.join("moved")).unwrap();
    fs::create_dir(folder).unwrap();
    assert_eq!(now(&store, folder), Standing::OtherObject);
    fs::remove_dir(folder).unwrap();
    fs::rename(way.join("moved"), folder).unwrap();
    assert_eq!(now(&store, folder), Standing::Same, "put back");
    fs::rename(way, way.with_extension("real")).unwrap();
    symlink("way.real", way).unwrap();
    assert_eq!(now(&store, folder), Standing::Link, "a component became a link");
    assert!(now(&store, folder).is_void());
}

#[test]
fn a_device_that_has_another_number_after_a_restart_is_the_same_and_another_file_system_is_not() {
    let place = Place::new();
    let (mut store, file) = (place.store(), place.file("folder/x"));
    let folder = file.parent().unwrap();
    let made = store.remember_file(&allow(folder, "r")).unwrap();
    let now = |store: &Store| store.covering(PACKAGE, folder).unwrap()[0].1;
    store.connection.execute("UPDATE file_consent SET device = device + 1", []).unwrap();
    if made.traits.file_system == 0 {
        assert_eq!(now(&store), Standing::OtherObject, "only the device tells");
        return;
    }
    assert_eq!(now(&store), Standing::Replaced(made.object));
    store.follow_replaced(made.id, made.object).unwrap();
    assert_eq!(now(&store), Standing::Same);
    store.connection.execute("UPDATE file_consent SET file_system = file_system + 1", []).unwrap();
    assert_eq!(now(&store), Standing::OtherObject, "another disk is mounted there");
}

#[test]
fn a_package_that_does_not_ask_starts_with_what_the_command_gave_it() {
    let place = Place::new();
    let (mut store, asked, given) = (place.store(), place.file("asked"), place.file("given"));
    store.remember_file(&allow(&asked, "r")).unwrap();
    store.replace_file(&NewFileConsent { how: How::Command, ..allow(&given, "r") }).unwrap();
    let paths = |asking| -> Vec<PathBuf> {
        store.at_start(PACKAGE, asking).unwrap().into_iter().map(|(one, _)| one.path).collect()
    };
    assert_eq!(paths(false), std::slice::from_ref(&given));
    assert_eq!(paths(true), [asked, given]);
}

#[test]
fn capabilities_are_remembered_whatever_the_case_of_their_letters() {
    let place = Place::new();
    let mut store = place.store();
    store.remember_capability(PACKAGE, "webcam", Decision::Allow, How::Prompt).unwrap();
    store.remember_capability(PACKAGE, "WebCam", Decision::Deny, How::Command).unwrap();
    let found = store.capability_consents(None).unwrap();
    assert_eq!(found.len(), 1);
    assert_eq!((found[0].decision, found[0].how), (Decision::Deny, How::Command));
    assert_eq!(store.capability_consent(PACKAGE, "WEBCAM").unwrap().as_ref(), Some(&found[0]));
    assert_eq!(store.capability_consent("other_8wekyb3d8bbwe", "webcam").unwrap(), None);
}
