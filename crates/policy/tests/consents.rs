//! Consents at run time: a mount must hold exactly what the access check grants.

mod common;

use std::path::PathBuf;

use common::*;
use lowbox_policy::frontier::{ConsentRefused, consent_binds, consent_object};
use lowbox_policy::{GrantRights, Object, PlanOptions};
use lowbox_security::AccessMask;

fn consent(denied: AccessMask, letters: &str) -> Result<usize, ConsentRefused> {
    let mut tree = FakeTree::new();
    tree.file("/home/me/out/a");
    let rights: GrantRights = letters.parse().expect("letters");
    let denials: Vec<Object> = match denied {
        AccessMask::NONE => Vec::new(),
        denied => vec![object("/home/me/out", deny(denied))],
    };
    let asked = consent_object(PathBuf::from("/home/me/out"), &package(), rights);
    consent_binds(&token(), &denials, &asked, rights, &tree, &PlanOptions::default()).map(|binds| binds.len())
}

#[test]
fn whole_rights_are_one_mount() {
    for letters in ["r", "rx", "rw", "rwx"] {
        assert_eq!(consent(AccessMask::NONE, letters), Ok(1), "{letters}");
    }
}

#[test]
fn what_an_entry_denies_of_a_consent_refuses_it_whole() {
    for denied in [
        AccessMask::READ_DATA,
        AccessMask::WRITE_DATA,
        AccessMask::APPEND_DATA,
        AccessMask::READ_EA,
        AccessMask::WRITE_EA,
        AccessMask::READ_ATTRIBUTES,
        AccessMask::WRITE_ATTRIBUTES,
        AccessMask::DELETE,
    ] {
        assert!(consent(denied, "rw").is_err(), "{denied}");
    }
    assert!(consent(AccessMask::EXECUTE, "rx").is_err());
    assert_eq!(consent(AccessMask::DELETE, "r"), Ok(1), "nobody asked to remove");
}
