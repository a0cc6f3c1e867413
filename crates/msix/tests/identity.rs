//! Names that derive from an identity, and what may go into one.

use lowbox_msix::{Architecture, Identity, Publisher, Version};
use proptest::prelude::*;

const MICROSOFT: &str = "CN=Microsoft Corporation, O=Microsoft Corporation, L=Redmond, S=Washington, C=US";

fn identity(name: &str, resource_id: Option<&str>) -> Result<Identity, lowbox_msix::IdentityError> {
    let publisher = Publisher::new(MICROSOFT).unwrap();
    Identity::new(name, publisher, Version([1, 2, 3, 4]), Architecture::X64, resource_id)
}

#[test]
fn publisher_ids_are_the_published_ones() {
    for (publisher, id) in [
        (MICROSOFT, "8wekyb3d8bbwe"),
        ("CN=Microsoft Windows, O=Microsoft Corporation, L=Redmond, S=Washington, C=US", "cw5n1h2txyewy"),
        ("CN=Lowbox Test Publisher, O=Lowbox Fixtures, C=DE", "12xz202t9gcxc"),
    ] {
        assert_eq!(Publisher::new(publisher).unwrap().id(), id);
    }
}

#[test]
fn names_are_put_together_as_windows_does() {
    let plain = identity("Microsoft.MicrosoftEdge", None).unwrap();
    assert_eq!(plain.family_name(), "Microsoft.MicrosoftEdge_8wekyb3d8bbwe");
    assert_eq!(plain.full_name(), "Microsoft.MicrosoftEdge_1.2.3.4_x64__8wekyb3d8bbwe");
    assert_eq!(plain.aumid("App"), "Microsoft.MicrosoftEdge_8wekyb3d8bbwe!App");
    assert_eq!(identity("Abc", Some("")).unwrap(), identity("Abc", None).unwrap());
    assert_eq!(identity("Abc", Some("de")).unwrap().full_name(), "Abc_1.2.3.4_x64_de_8wekyb3d8bbwe");
}

#[test]
fn names_that_windows_refuses_are_refused() {
    for name in ["abc", "A-1.b", &"x".repeat(50), "console", "com", "com10.x", ".abc"] {
        identity(name, None).unwrap_or_else(|error| panic!("{name}: {error}"));
    }
    let long = "x".repeat(51);
    for name in [
        "", "ab", &long, "a b", "a_b", "äöü", "abc.", "con", "CON.x", "nul.exe", "com1.a", "xn--abc",
        "a.xn--b", "a/b",
    ] {
        identity(name, None).expect_err(name);
    }
    for id in ["x".repeat(31).as_str(), "a_b", "~", "lpt9"] {
        identity("abc", Some(id)).expect_err(id);
    }
}

#[test]
fn publishers_are_x500_names_of_the_schemas_form() {
    for good in [
        "CN=a",
        "CN=Contoso Ltd., O=\"Contoso, Inc.\", C=US",
        "CN=\"say \"\"hi\"\"\", OU=x",
        "CN=x, OID.2.25.311729368913984317654407730594956997722=1",
        "E=a@b.c, SERIALNUMBER=12 34, dnQualifier=q, PostalCode=1",
        "CN=Jörg",
    ] {
        Publisher::new(good).unwrap_or_else(|error| panic!("{good}: {error}"));
    }
    for bad in [
        "",
        "Contoso",
        "CN",
        "CN=",
        "=x",
        "cn=x",
        "XX=x",
        "CN=a,O=b",
        "CN=a,  O=b",
        "CN=a, ",
        "CN=a; O=b",
        "CN=a+O=b",
        "CN=\"a",
        "CN=\"a\"b",
        "CN= a",
        "CN=a ",
        "OID.1=x",
        "OID.01.2=x",
        "CN=a#",
        "CN=a\u{1b}b",
    ] {
        let error = Publisher::new(bad).expect_err(bad).to_string();
        assert!(!error.is_empty());
    }
}

#[test]
fn versions_are_four_numbers_and_compare_by_their_parts() {
    assert!("1.10.0.0".parse::<Version>().unwrap() > "1.9.65535.65535".parse::<Version>().unwrap());
    for bad in [
        "",
        "1",
        "1.2.3",
        "1.2.3.4.5",
        "01.2.3.4",
        "1.2.3.65536",
        "1.2.3.-4",
        "1.2.3.+4",
        "1..3.4",
        " 1.2.3.4",
    ] {
        bad.parse::<Version>().expect_err(bad);
    }
}

#[test]
fn a_command_has_the_same_identity_every_time_and_another_than_other_commands() {
    assert_eq!(Identity::unpackaged(b"python3").name(), "python3");
    assert_eq!(Identity::unpackaged(b"python3").publisher().as_str(), "CN=lowbox-unpackaged");
    let odd: [&[u8]; 12] = [
        b"",
        b"a",
        b"[",
        b"g++",
        b"g--",
        b"g@@",
        b"con",
        b"xn--a",
        b"\xff\xfe",
        b"x.",
        &[b'x'; 51],
        &[b'x'; 400],
    ];
    let mut seen = std::collections::HashSet::new();
    for command in odd {
        let identity = Identity::unpackaged(command);
        assert_eq!(identity, Identity::unpackaged(command));
        assert!(seen.insert(identity.family_name().to_lowercase()), "{command:?}");
    }
}

proptest! {
    #[test]
    fn any_bytes_make_an_identity(command in proptest::collection::vec(any::<u8>(), 0..80)) {
        prop_assert!(Identity::unpackaged(&command).name().len() <= 50);
    }

    #[test]
    fn any_version_survives_being_written(parts: [u16; 4]) {
        prop_assert_eq!(Version(parts).to_string().parse::<Version>().unwrap(), Version(parts));
    }

    #[test]
    fn any_accepted_identity_makes_safe_names(name in ".{0,60}|[-.A-Za-z0-9]{1,55}", id in proptest::option::of(".{0,9}|[-.a-z0-9]{0,31}")) {
        if let Ok(identity) = identity(&name, id.as_deref()) {
            let full = identity.full_name();
            prop_assert!(full.bytes().all(|b| b.is_ascii_alphanumeric() || matches!(b, b'.' | b'-' | b'_')));
            prop_assert!(full.len() <= 50 + 30 + 23 + 7 + 13 + 4);
            prop_assert!(identity.family_name().ends_with("_8wekyb3d8bbwe"));
        }
    }

    #[test]
    fn any_text_is_a_publisher_or_an_error(text in "((CN|O|XX|OID\\.1\\.2)=[\"a ,+]{0,6}(, )?){0,4}|.{0,40}") {
        if let Ok(publisher) = Publisher::new(&text) {
            prop_assert_eq!(publisher.as_str(), text.as_str());
            let id = publisher.id();
            prop_assert_eq!(id.len(), 13);
            prop_assert!(id.bytes().all(|b| b"0123456789abcdefghjkmnpqrstvwxyz".contains(&b)));
        }
    }
}
