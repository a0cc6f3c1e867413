//! SDDL: forms, aliases, refusals.

use lowbox_security::*;

fn sd(text: &str) -> SecurityDescriptor {
    text.parse().unwrap_or_else(|error| panic!("{text}: {error}"))
}

fn first(text: &str) -> Ace {
    sd(text).dacl.aces()[0].clone()
}

#[test]
fn canonical_text_survives_reading_and_printing() {
    let texts = [
        "",
        "O:BAG:SYD:PAI(A;;FA;;;SY)(D;OICI;GW;;;AC)S:ARAI(ML;;NWNR;;;LW)",
        "D:NO_ACCESS_CONTROL",
        "D:PNO_ACCESS_CONTROL",
        "S:PARAINO_ACCESS_CONTROL",
        "D:",
        "D:S:",
        "O:S-1-5-21-1-2-3-1000G:S-1-5-21-1-2-3-513D:ARAI(A;OICINPIOID;0x1200a9;;;S-1-15-2-2)",
        "D:(OA;;0x1;bf967aba-0de6-11d0-a285-00aa003049e2;;AU)(OD;;0x2;;bf967aba-0de6-11d0-a285-00aa003049e2;WD)",
        "S:(AU;SAFA;FA;;;WD)(OU;FA;GR;;;BU)(AL;;GW;;;BA)(OL;;GX;;;BA)",
        "S:(SP;;;;;S-1-17-1)(TL;;0x1f;;;S-1-19-512-4096)(FL;TP;0x1;;;WD;(Exists @User.a))",
        "D:(XA;;FX;;;WD;(@User.Title == \"PM\" && (@User.Division == \"Finance\" || @User.Division == \"Sales\")))",
        "D:(XD;;FR;;;WD;(!(Member_of {SID(BA), SID(BO)})))(ZA;;FR;;;WD;(Exists level))",
        "S:(XU;SAFA;FA;;;WD;(@Resource.x Any_of {1, -2, +0x3, 017, #aabb, \"t\", SID(BA)}))",
        "S:(RA;CI;;;;WD;(\"Project\",TS,0x10001,\"Windows\",\"SQL; (x)\"))(RA;;;;;WD;(\"n\",TI,0x0,-1,2))",
        "S:(RA;;;;;WD;(\"n\",TD,0x0,SID(BA)))(RA;;;;;WD;(\"n\",TU,0x0,3))(RA;;;;;WD;(\"n\",TB,0x0,1))(RA;;;;;WD;(\"n\",TX,0x0,#00ff))",
        "D:(0x2a;OICI;#00112233)(XA;;FR;;;WD;(#01020304))",
    ];
    for text in texts {
        let descriptor = sd(text);
        assert_eq!(descriptor.to_sddl(), text);
        let bytes = descriptor.to_bytes().unwrap();
        assert_eq!(SecurityDescriptor::from_bytes(&bytes), Ok(descriptor), "{text}");
    }
}

#[test]
fn absent_null_and_empty_dacls_are_three_things() {
    assert_eq!(sd("O:BA").dacl, Dacl::Absent);
    assert_eq!(sd("D:NO_ACCESS_CONTROL").dacl, Dacl::Null);
    assert_eq!(sd("D:").dacl, Dacl::Present(Acl::default()));
}

#[test]
fn the_same_letters_mean_another_thing_in_another_field() {
    let audit = sd("S:(AU;FA;FA;;;AU)").sacl.unwrap().aces.remove(0);
    assert_eq!((audit.kind, audit.flags), (AceKind::Audit, AceFlags::FAILED_ACCESS));
    assert_eq!((audit.mask, audit.sid), (AccessMask::FILE_ALL, Sid::authenticated_users()));
    let everyone = first("D:(A;CR;WDRCCR;;;WD)");
    assert_eq!((everyone.flags, everyone.mask.0), (AceFlags::CRITICAL, 0x6_0100));
    assert_eq!(everyone.sid, Sid::everyone());
    assert_eq!(first("D:(A;;RC;;;RC)").sid.to_string(), "S-1-5-12");
}

#[test]
fn rights_are_letters_hexadecimal_or_decimal() {
    let vectors = [
        ("GAGRGWGX", 0xF000_0000),
        ("RCSDWDWO", 0xF_0000),
        ("FR", 0x12_0089),
        ("FW", 0x12_0116),
        ("FX", 0x12_00A0),
        ("FA", 0x1F_01FF),
        ("KA", 0xF_003F),
        ("KR", 0x2_0019),
        ("KW", 0x2_0006),
        ("CCDCLCSWRPWPDTLOCR", 0x1FF),
        ("0x1F01ff", 0x1F_01FF),
        ("2032127", 0x1F_01FF),
        ("", 0),
    ];
    for (text, bits) in vectors {
        assert_eq!(first(&format!("D:(A;;{text};;;WD)")).mask.0, bits, "{text}");
    }
    let label = sd("S:(ML;;NWNRNX;;;HI)");
    assert_eq!(label.label().unwrap().mask.0, 7);
    // A leading zero is octal on Windows; NW is a right of labels alone.
    for text in ["010", "0x", "0x100000000", "FAx", "ZZ", "NW", "4294967296", "-1"] {
        assert!(matches!(
            SecurityDescriptor::from_sddl(&format!("D:(A;;{text};;;WD)")),
            Err(SddlError::Rights { .. })
        ));
    }
    assert!(SecurityDescriptor::from_sddl("S:(ML;;FA;;;HI)").is_err());
}

#[test]
fn white_space_may_stand_between_and_lower_case_within() {
    let tidy = sd("O:BAG:SYD:(A;OI;FA;;;SY)(D;;0x1;;;WD)");
    assert_eq!(sd(" O:BA G:SY D: (a; oi ;fa;;; sy )\n\t(D;;0x1;;;WD) "), tidy);
    assert_eq!(sd("O:S-1-5-32-544 G:S-1-5-18 D:(A;OI;FA;;;SY)(D;;0x1;;;WD)"), tidy);
}

#[test]
fn an_owner_sid_ends_where_the_dacl_begins_although_d_is_a_digit() {
    assert_eq!(sd("O:S-1-5-18D:"), sd("O:SYD:"));
    assert_eq!(sd("G:S-1-5-18D:NO_ACCESS_CONTROL"), sd("G:SYD:NO_ACCESS_CONTROL"));
}

#[test]
fn aliases_of_a_domain_need_the_domain() {
    let error = SecurityDescriptor::from_sddl("D:(A;;FA;;;DA)").unwrap_err();
    assert_eq!(error, SddlError::DomainAlias { at: 11, alias: "DA".into(), rid: 512 });
    assert!(error.to_string().contains("from_sddl_in_domain"));
    let domain = "S-1-5-21-7-8-9".parse().unwrap();
    let read = SecurityDescriptor::from_sddl_in_domain("O:LAD:(A;;FA;;;DA)", &domain).unwrap();
    assert_eq!(read.to_sddl(), "O:S-1-5-21-7-8-9-500D:(A;;FA;;;S-1-5-21-7-8-9-512)");
}

#[test]
fn every_well_known_alias_is_read_and_printed() {
    let aliases = "AA AC AN AO AS AU BA BG BO BU CD CG CO CY ED ER ES HA HI IS IU LS LU LW ME MP MS MU NO NS NU OW PO \
                   PS PU RA RC RD RE RM RU SI SO SS SU SY UD WD WR";
    for alias in aliases.split_whitespace() {
        let text = format!("O:{alias}D:(A;;FA;;;{alias})");
        assert_eq!(sd(&text).to_sddl(), text);
    }
}

#[test]
fn what_is_no_sddl_is_refused_with_its_place() {
    let wrong = [
        "X:BA",
        "D:(A;;FA;;;WD",
        "D:(A;;FA;;WD)",
        "D:(A;;FA;;;WD))",
        "D:(Q;;FA;;;WD)",
        "D:(A;QQ;FA;;;WD)",
        "D:(A;OIC;FA;;;WD)",
        "D:(A;;FA;;;)",
        "D:(A;;FA;;;ZZ)",
        "D:(A;;FA;x;;WD)",
        "D:(A;;FA;bf967aba-0de6-11d0-a285-00aa003049e2;;WD)",
        "D:(A;;FA;;;WD;(Exists a))",
        "D:(XA;;FA;;;WD;())",
        "D:(XA;;FA;;;WD;(1))",
        "D:(XA;;FA;;;WD;(@User.a == ))",
        "D:(XA;;FA;;;WD;(@User.a == \"b))",
        "D:(XA;;FA;;;WD;(Member_of {1}))",
        "D:(XA;;FA;;;WD;(a b))",
        "D:(0x2a;;#001122)",
        "D:D:",
        "O:BAO:BA",
        "D:NO_ACCESS_CONTROL(A;;FA;;;WD)",
        "S:(RA;;;;;WD;(\"n\",TQ,0x0,1))",
        "S:(RA;;;;;WD;(\"n\",TB,0x0,2))",
        "D:(A;;FA;;;é)",
    ];
    for text in wrong {
        let error = SecurityDescriptor::from_sddl(text).expect_err(text);
        assert!(error.to_string().contains("SDDL at byte"), "{error}");
    }
}

#[test]
fn size_count_and_nesting_are_bounded() {
    assert!(matches!(SecurityDescriptor::from_sddl(&" ".repeat(2_000_000)), Err(SddlError::TooLong(_))));
    let many = format!("D:{}", "(A;;FA;;;WD)".repeat(limits::MAX_ACES + 1));
    assert_eq!(SecurityDescriptor::from_sddl(&many), Err(SddlError::TooManyAces));
    for (open, close) in [("(", ")"), ("!", ""), ("(a && ", ")")] {
        let condition =
            |depth: usize| format!("D:(XA;;FA;;;WD;({}a{}))", open.repeat(depth), close.repeat(depth));
        assert!(SecurityDescriptor::from_sddl(&condition(10)).is_ok(), "{open}");
        assert!(SecurityDescriptor::from_sddl(&condition(100_000)).is_err(), "{open}");
    }
    let chain = |length: usize| format!("D:(XA;;FA;;;WD;(a{}))", " || a".repeat(length));
    assert!(SecurityDescriptor::from_sddl(&chain(20)).is_ok());
    assert!(SecurityDescriptor::from_sddl(&chain(50_000)).is_err());
}

#[test]
fn a_list_too_long_for_its_size_field_has_no_binary_form() {
    let long = sd(&format!("D:{}", "(A;;FA;;;WD)".repeat(4000)));
    assert_eq!(long.to_bytes(), Err(BinaryError::DoesNotFit("ACL")));
}

#[test]
fn the_deepest_condition_still_survives_its_own_printing() {
    for deepest in ["!".repeat(31) + "a", format!("{}a{}", "(b && !(".repeat(15), "))".repeat(15))] {
        let descriptor = sd(&format!("D:(XA;;FX;;;WD;({deepest}))"));
        assert_eq!(sd(&descriptor.to_sddl()), descriptor);
        assert_eq!(SecurityDescriptor::from_bytes(&descriptor.to_bytes().unwrap()), Ok(descriptor));
    }
}

#[test]
fn attributes_in_other_scripts_survive_the_binary_form() {
    let descriptor = sd(&format!("S:(RA;;;;;WD;(\"\",TS,0x0,\"{}\"))", "죈".repeat(200)));
    assert_eq!(SecurityDescriptor::from_bytes(&descriptor.to_bytes().unwrap()), Ok(descriptor));
}

#[test]
fn a_condition_is_as_long_in_text_as_it_may_be_in_bytes() {
    // `artx`, attribute `a`, the token of a text and its length, ==: 17 bytes and two for each letter.
    let condition = |letters: usize| format!("D:(XA;;FA;;;WD;(a == \"{}\"))", "x".repeat(letters));
    let longest = (limits::MAX_CONDITION_BYTES - 17) / 2;
    let descriptor = sd(&condition(longest));
    assert_eq!(SecurityDescriptor::from_bytes(&descriptor.to_bytes().unwrap()), Ok(descriptor));
    let error = SecurityDescriptor::from_sddl(&condition(longest + 1)).unwrap_err();
    assert!(error.to_string().contains("bytes"), "{error}");
}
