//! What is revoked is told to those who have it.

use std::time::Instant;

use super::*;

/// As [`Watch::changed`], for a change that was made just now.
fn changes(watch: &mut Watch) -> bool {
    let end = Instant::now() + Duration::from_secs(5);
    while Instant::now() < end {
        if watch.changed() {
            return true;
        }
        std::thread::sleep(Duration::from_millis(1));
    }
    false
}

#[test]
fn a_running_container_hears_of_a_revocation_through_another_connection() {
    let place = Place::new();
    let (mut broker, mut command, file) = (place.store(), place.store(), place.file("a"));
    let made = broker.remember_file(&allow(&file, "rw")).unwrap();
    let run = broker.register_run(PACKAGE, Path::new("/usr/bin/app")).unwrap();
    assert!(broker.hold(run, &made).unwrap());
    let mut watch = Watch::new(&mut broker).unwrap();
    assert!(!watch.changed());

    let revoked = command.revoke(None, RevokedWhat::File(&file), Effect::Detach).unwrap();
    assert_eq!(revoked.files.iter().map(|one| one.id).collect::<Vec<_>>(), [made.id]);
    assert_eq!(revoked.told.len(), 1);
    let told = &revoked.told[0];
    assert_eq!((told.run.id, told.run.pid), (run, std::process::id()));
    assert_eq!((&told.run.program, &told.what), (&PathBuf::from("/usr/bin/app"), &Held::File(file.clone())));

    assert!(changes(&mut watch));
    let pending = broker.revocations(run).unwrap();
    assert_eq!(pending, [Revocation { id: told.id, what: Held::File(file.clone()), effect: Effect::Detach }]);
    assert_eq!(command.outcome(told.id).unwrap(), None);
    broker.answer(told.id, Outcome::Detached).unwrap();
    assert_eq!(command.outcome(told.id).unwrap(), Some(Outcome::Detached));
    assert_eq!(broker.revocations(run).unwrap(), []);

    // What was detached may still be open: whoever revokes again can end it.
    let again = command.revoke(None, RevokedWhat::File(&file), Effect::End).unwrap();
    assert_eq!((again.files.len(), again.told.len()), (0, 1));
    broker.unregister_run(run).unwrap();
    assert!(!command.is_running(run).unwrap());
    assert_eq!(command.runs(None).unwrap(), []);
}

#[test]
fn what_was_revoked_before_it_is_attached_is_not_attached() {
    let place = Place::new();
    let (mut broker, file) = (place.store(), place.file("a"));
    let made = broker.remember_file(&allow(&file, "r")).unwrap();
    let run = broker.register_run(PACKAGE, Path::new("app")).unwrap();
    place.store().revoke(Some(PACKAGE), RevokedWhat::File(&file), Effect::End).unwrap();
    assert!(!broker.hold(run, &made).unwrap());
    // Given again it is another consent.
    broker.remember_file(&allow(&file, "r")).unwrap();
    assert!(!broker.hold(run, &made).unwrap());
}

#[test]
fn a_start_learns_what_was_revoked_while_it_was_launched_and_notes_what_it_uses() {
    let place = Place::new();
    let (mut store, kept, lost) = (place.store(), place.file("kept"), place.file("lost"));
    for file in [&kept, &lost] {
        store.remember_file(&allow(file, "r")).unwrap();
    }
    store.remember_capability(PACKAGE, "webcam", Decision::Allow, How::Prompt).unwrap();
    fs::rename(place.file("kept.new"), &kept).unwrap();
    let files = store.at_start(PACKAGE, true).unwrap();
    store.revoke(None, RevokedWhat::File(&lost), Effect::End).unwrap();
    store.remember_capability(PACKAGE, "webcam", Decision::Deny, How::Command).unwrap();
    let capabilities = ["webcam".to_owned()];
    let (run, gone) = store.register_started(PACKAGE, Path::new("app"), &files, &capabilities).unwrap();
    assert_eq!(gone, [Held::File(lost.clone()), Held::Capability("webcam".to_owned())]);
    let now = store.covering(PACKAGE, &kept).unwrap();
    assert_eq!(now[0].1, Standing::Same, "the saved file's new identity is remembered");
    assert!(now[0].0.used.is_some());
    let runs = store.runs(Some(PACKAGE)).unwrap();
    assert_eq!(runs[0].0.id, run);
    assert_eq!(runs[0].1.len(), 3);
}

#[test]
fn revoking_is_for_one_package_and_one_object_and_reset_for_all_of_a_kind() {
    let place = Place::new();
    let (mut store, file, other) = (place.store(), place.file("a/b"), place.file("c"));
    let folder = file.parent().unwrap();
    for package in [PACKAGE, "other_8wekyb3d8bbwe"] {
        for path in [folder, &file, &other] {
            store.remember_file(&NewFileConsent { package, ..allow(path, "r") }).unwrap();
        }
        store.remember_capability(package, "webcam", Decision::Allow, How::Prompt).unwrap();
    }
    let left = |store: &Store, package| {
        (store.file_consents(package).unwrap().len(), store.capability_consents(package).unwrap().len())
    };
    store.revoke(Some(PACKAGE), RevokedWhat::File(folder), Effect::End).unwrap();
    assert_eq!(left(&store, Some(PACKAGE)), (2, 1), "what lies in the folder has entries of its own");
    store.revoke(None, RevokedWhat::Capability("WEBCAM"), Effect::End).unwrap();
    assert_eq!(left(&store, None), (5, 0));
    let reset = store.revoke(Some(PACKAGE), RevokedWhat::Files, Effect::End).unwrap();
    assert_eq!((reset.files.len(), left(&store, None)), (2, (3, 0)));
}

#[test]
fn a_run_whose_lowbox_was_killed_is_not_told_and_is_forgotten() {
    let place = Place::new();
    let (mut store, file) = (place.store(), place.file("a"));
    let made = store.remember_file(&allow(&file, "r")).unwrap();
    let run = store.register_run(PACKAGE, Path::new("app")).unwrap();
    assert!(store.hold(run, &made).unwrap());
    store.connection.execute("UPDATE run SET start_time = start_time + 1", []).unwrap();
    assert!(!store.is_running(run).unwrap());
    assert_eq!(store.runs(None).unwrap(), []);
    assert_eq!(store.revoke(None, RevokedWhat::File(&file), Effect::End).unwrap().told, []);
    let rows = |table: &str| -> i64 {
        store.connection.query_row(&format!("SELECT count(*) FROM {table}"), [], |row| row.get(0)).unwrap()
    };
    assert_eq!((rows("run"), rows("held"), rows("revocation")), (0, 0, 0));
}
