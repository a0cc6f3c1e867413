//! What can't be believed is refused, and says why.

use std::os::unix::fs::{PermissionsExt, chown, symlink};

use super::*;

#[track_caller]
fn is_refused(place: &Place, because: &str) {
    for error in [
        Store::open_existing(&place.data()).map(drop).unwrap_err(),
        Store::open_or_create(&place.data()).map(drop).unwrap_err(),
    ] {
        assert!(error.to_string().contains(because), "{because}: {error}");
    }
}

fn database(place: &Place) -> PathBuf {
    drop(place.store());
    place.data().join(FILE_NAME)
}

#[test]
fn a_database_that_is_a_link_or_has_a_second_name_or_can_be_written_by_others_is_refused() {
    let place = Place::new();
    let path = database(&place);
    fs::hard_link(&path, place.folder.path().join("second")).unwrap();
    is_refused(&place, "hard link");
    fs::remove_file(&path).unwrap();
    symlink("../second", &path).unwrap();
    is_refused(&place, "no regular file");

    let place = Place::new();
    let path = database(&place);
    fs::set_permissions(&path, fs::Permissions::from_mode(0o620)).unwrap();
    is_refused(&place, "can be written by others");
    fs::set_permissions(&path, fs::Permissions::from_mode(0o600)).unwrap();
    fs::set_permissions(place.data(), fs::Permissions::from_mode(0o777)).unwrap();
    is_refused(&place, "in a folder that others can write to");
}

#[test]
fn a_database_of_somebody_else_is_refused() {
    let place = Place::new();
    let path = database(&place);
    match chown(&path, Some(12345), None) {
        Ok(()) => {
            is_refused(&place, "belongs to uid 12345");
            chown(&path, Some(0), None).unwrap();
            chown(place.data(), Some(12345), None).unwrap();
            is_refused(&place, "in a folder of uid 12345");
        }
        // Only root can give a file away; what root gave away an ordinary user can't take.
        Err(error) => assert_eq!(error.kind(), std::io::ErrorKind::PermissionDenied),
    }
}

#[test]
fn a_data_folder_behind_the_users_own_link_is_taken() {
    let place = Place::new();
    fs::create_dir(place.folder.path().join("disk")).unwrap();
    fs::set_permissions(place.folder.path().join("disk"), fs::Permissions::from_mode(0o700)).unwrap();
    symlink("disk", place.data()).unwrap();
    drop(place.store());
    assert!(place.folder.path().join("disk").join(FILE_NAME).exists());
}

#[test]
fn what_is_damaged_newer_or_of_another_program_is_refused() {
    let place = Place::new();
    let path = database(&place);
    let good = fs::read(&path).unwrap();
    fs::write(&path, b"this is no database, and was one never".repeat(100)).unwrap();
    is_refused(&place, "it is damaged");
    fs::write(&path, &good).unwrap();
    let change = |sql: &str| Connection::open(&path).unwrap().execute_batch(sql).unwrap();
    change("PRAGMA user_version = 4711");
    is_refused(&place, "newer lowbox (version 4711");
    change("PRAGMA user_version = 1; PRAGMA application_id = 7");
    is_refused(&place, "database of another program");
    fs::remove_file(&path).unwrap();
    change("CREATE TABLE other (x)");
    fs::set_permissions(&path, fs::Permissions::from_mode(0o600)).unwrap();
    is_refused(&place, "database of another program");
}

#[test]
fn a_database_that_was_only_begun_is_finished() {
    let place = Place::new();
    let path = database(&place);
    fs::write(&path, "").unwrap();
    let store = Store::open_existing(&place.data()).unwrap().unwrap();
    assert_eq!(store.file_consents(None).unwrap(), []);
}

#[test]
fn a_trigger_that_somebody_left_in_it_does_not_run() {
    let place = Place::new();
    let path = database(&place);
    Connection::open(&path)
        .unwrap()
        .execute_batch(
            "CREATE TRIGGER t AFTER INSERT ON file_consent BEGIN UPDATE file_consent SET rights = 7; END",
        )
        .unwrap();
    let (mut store, file) = (place.store(), place.file("a"));
    store.remember_file(&allow(&file, "r")).unwrap();
    assert_eq!(rights_at(&store, &file).0, "r");
}
