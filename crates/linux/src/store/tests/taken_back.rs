//! An answer that could not be carried out leaves the store as it was.

use super::*;

#[test]
fn an_answer_that_is_taken_back_leaves_nothing_or_what_was_there_before() {
    let place = Place::new();
    let (mut store, file) = (place.store(), place.file("a"));
    let first = store.remember_tentatively(&allow(&file, "r")).unwrap();
    assert_eq!(rights_at(&store, &file), ("r".to_owned(), String::new()));
    assert!(store.take_back(&first).unwrap());
    assert_eq!(store.file_consents(None).unwrap(), []);

    // An earlier consent, and an earlier denial of what is allowed now.
    store.remember_file(&allow(&file, "r")).unwrap();
    store.remember_file(&deny(&file, GrantRights { write: true, ..GrantRights::default() })).unwrap();
    let before = store.file_consents(None).unwrap();
    let wider = store.remember_tentatively(&allow(&file, "rw")).unwrap();
    assert_eq!(rights_at(&store, &file), ("rw".to_owned(), String::new()));
    // As it is noted before the mount is attached.
    let run = store.register_run(PACKAGE, Path::new("app")).unwrap();
    assert!(store.hold(run, &wider.consent).unwrap());
    assert!(store.take_back(&wider).unwrap());
    assert_eq!(store.file_consents(None).unwrap(), before);
    store.let_go(run, &file).unwrap();
    assert_eq!(store.runs(None).unwrap()[0].1, []);
}

#[test]
fn what_another_lowbox_said_meanwhile_stays() {
    let place = Place::new();
    let (mut store, mut other, file) = (place.store(), place.store(), place.file("a"));
    let first = store.remember_tentatively(&allow(&file, "r")).unwrap();
    other.remember_file(&allow(&file, "rw")).unwrap();
    assert!(!store.take_back(&first).unwrap());
    assert_eq!(rights_at(&store, &file), ("rw".to_owned(), String::new()));

    let second = store.remember_tentatively(&allow(&file, "rwx")).unwrap();
    other.revoke(None, RevokedWhat::File(&file), Effect::End).unwrap();
    assert!(!store.take_back(&second).unwrap());
    assert_eq!(store.file_consents(None).unwrap(), [], "a revoked entry does not come back");
}
