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

/// What `(#octets)` behind the SID is read as, after printing and reading, and packing and unpacking, gave the same.
fn octets_read_as(kind: &str, octets: &str) -> AceData {
    let text = format!("D:({kind};;;;;WD;(#{octets}))");
    let descriptor = sd(&text);
    assert_eq!(sd(&descriptor.to_sddl()), descriptor, "{text}");
    let bytes = descriptor.to_bytes().unwrap();
    assert_eq!(SecurityDescriptor::from_bytes(&bytes).as_ref(), Ok(&descriptor), "{text}");
    // Header 20, ACL header 8, ACE header and mask 8, SID 12.
    let packed: String = bytes[48..].iter().map(|byte| format!("{byte:02x}")).collect();
    let padding = packed.strip_prefix(octets).unwrap_or_else(|| panic!("{text} became {packed}"));
    assert!(padding.len() < 8 && padding.bytes().all(|digit| digit == b'0'), "{text} became {packed}");
    descriptor.dacl.aces()[0].data.clone()
}

#[test]
fn octets_that_only_padding_completes_read_as_what_they_print_as() {
    // Found by the fuzz target `sddl`: the last byte of an attribute's header was missing.
    assert!(matches!(octets_read_as("RA", "000000000100000000000000000000"), AceData::Raw(_)));
    assert!(matches!(octets_read_as("RA", "1000000001000000000000000000000000"), AceData::Attribute(_)));
    // `artx` and @User.A, the second byte of its name missing.
    assert!(matches!(octets_read_as("XA", "61727478f90200000041"), AceData::Condition(_)));
}

#[test]
fn an_attribute_in_another_layout_stays_the_octets_it_was() {
    let header = |name: &str, rest: &str| format!("{name}0100000000000000{rest}");
    let value = "ffffffffffffffff";
    let read = [
        // The name "a" behind the offset, then the value -1, as this crate writes them; twice the same value.
        (true, header("14000000", &format!("010000001800000061000000{value}"))),
        (true, header("18000000", &format!("020000001c0000002400000061000000{value}{value}"))),
        // The same value for both offsets; value before name; a gap; reserved bytes; something behind the end.
        (false, header("18000000", &format!("020000001c0000001c00000061000000{value}"))),
        (false, header("1c000000", &format!("0100000014000000{value}61000000"))),
        (false, header("18000000", &format!("010000001c0000000000000061000000{value}"))),
        (false, format!("140000000100010000000000010000001800000061000000{value}")),
        (false, header("14000000", &format!("010000001800000061000000{value}00000000"))),
        // Padding that is not zero; a quotation mark in the name; half of a character; the name in the header.
        (false, header("10000000", "0000000000000100")),
        (false, header("10000000", "0000000022000000")),
        (false, header("10000000", "0000000000d80000")),
        (false, header("0c000000", "00000000")),
        // A boolean of two; more values than there are bytes.
        (false, "140000000600000000000000010000001800000000000000".to_owned() + "0200000000000000"),
        (false, header("10000000", "ffffffff")),
    ];
    for (parsed, octets) in read {
        let data = octets_read_as("RA", &octets);
        assert_eq!(matches!(data, AceData::Attribute(_)), parsed, "{octets} {data:?}");
    }
}

#[test]
fn a_condition_in_other_tokens_stays_the_octets_it_was() {
    let read = [
        // `artx`, the local attribute `a`, the number -1 in 64 bits, ==.
        (true, "f802000000610004ffffffffffffffff020280"),
        // The number in the token of 8 bits, without its sign, with a sign that contradicts it; a base that doesn't exist.
        (false, "f802000000610001ffffffffffffffff020280"),
        (false, "f802000000610004ffffffffffffffff030280"),
        (false, "f8020000006100040100000000000000020280"),
        (false, "f802000000610004ffffffffffffffff020480"),
        // A name of no characters; a text with a quotation mark; a SID with a byte behind it.
        (false, "f900000000"),
        (false, "f8020000006100100200000022008000"),
        (true, "510c0000000101000000000001000000008900"),
        (false, "510d000000010100000000000100000000008900"),
        // More padding than any; padding that is not zero; a second root.
        (false, "f9020000006100000000000000"),
        (false, "f902000000610000000001"),
        (false, "f9020000006100f9020000006100"),
    ];
    for (parsed, tokens) in read {
        let data = octets_read_as("XA", &format!("61727478{tokens}"));
        assert_eq!(matches!(data, AceData::Condition(_)), parsed, "{tokens} {data:?}");
    }
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
