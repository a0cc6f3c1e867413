//! SIDs as text and as bytes.

use lowbox_security::*;

#[test]
fn text_and_bytes_say_the_same() {
    let texts = [
        "S-1-0-0",
        "S-1-5-18",
        "S-1-5-32-544",
        "S-1-15-2-1",
        "S-1-4294967295-1",
        "S-1-0x100000000000-4294967295",
    ];
    for text in texts {
        let sid: Sid = text.parse().unwrap();
        assert_eq!(sid.to_string(), text);
        let bytes = sid.to_bytes();
        assert_eq!(Sid::from_bytes(&bytes), Ok((sid, bytes.len())));
    }
    let administrators = [1, 2, 0, 0, 0, 0, 0, 5, 32, 0, 0, 0, 32, 2, 0, 0];
    assert_eq!(Sid::administrators().to_bytes(), administrators);
}

#[test]
fn what_is_no_sid_is_refused() {
    let wrong = [
        "",
        "S-1",
        "S-1-",
        "S-2-5-18",
        "S-1-5-",
        "S-1-5--18",
        "S-1-5-+18",
        "S-1-5-4294967296",
        "S-1-0x1000000000000-1",
        "S-1-0x-1",
        "S-1-5-18 ",
        "S-1-5-1-2-3-4-5-6-7-8-9-10-11-12-13-14-15-16",
    ];
    for text in wrong {
        assert!(text.parse::<Sid>().is_err(), "{text}");
    }
    assert_eq!(Sid::new(1 << 48, &[]), Err(SidError::Authority(1 << 48)));
    assert_eq!(Sid::new(5, &[0; 16]), Err(SidError::TooManySubs(16)));
}

#[test]
fn cut_off_bytes_are_refused_at_every_length() {
    let bytes = Sid::administrators().to_bytes();
    for length in 0..bytes.len() {
        assert!(matches!(Sid::from_bytes(&bytes[..length]), Err(SidError::Truncated { .. })), "{length}");
    }
    assert_eq!(Sid::from_bytes(&[2, 0, 0, 0, 0, 0, 0, 5]), Err(SidError::Revision(2)));
    assert_eq!(Sid::from_bytes(&[1, 16, 0, 0, 0, 0, 0, 5]), Err(SidError::TooManySubs(16)));
}

#[test]
fn the_groups_of_all_packages_are_no_package() {
    assert!(!Sid::all_application_packages().is_package());
    assert!(!Sid::all_restricted_application_packages().is_package());
    assert!(!"S-1-15-3".parse::<Sid>().unwrap().is_capability());
}

#[test]
fn integrity_levels_and_label_sids_go_both_ways() {
    for (name, rid) in [
        ("untrusted", 0),
        ("low", 4096),
        ("medium", 8192),
        ("medium-plus", 8448),
        ("high", 12288),
        ("system", 16384),
    ] {
        let level: Integrity = name.parse().unwrap();
        assert_eq!((level.rid(), level.to_string()), (rid, name.to_owned()));
        assert_eq!(Integrity::from_rid(level.sid().label_rid().unwrap()), level);
    }
    assert_eq!(Integrity::from_rid(8191), Integrity::Low);
    assert!("lower".parse::<Integrity>().is_err());
}
