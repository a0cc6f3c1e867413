//! Self-relative descriptors: layout and hostile input.

use lowbox_security::*;

fn sd(text: &str) -> SecurityDescriptor {
    text.parse().unwrap_or_else(|error| panic!("{text}: {error}"))
}

fn utf16(text: &str) -> Vec<u8> {
    text.encode_utf16().flat_map(u16::to_le_bytes).collect()
}

/// O:BAD:P(A;OICI;FA;;;SY), written by hand after MS-DTYP 2.4.6.
fn sample() -> Vec<u8> {
    let mut bytes = vec![1, 0, 0x04, 0x90];
    for offset in [20u32, 0, 0, 36] {
        bytes.extend(offset.to_le_bytes());
    }
    bytes.extend([1, 2, 0, 0, 0, 0, 0, 5, 32, 0, 0, 0, 0x20, 2, 0, 0]);
    bytes.extend([2, 0, 28, 0, 1, 0, 0, 0]);
    bytes.extend([0, 3, 20, 0, 0xFF, 0x01, 0x1F, 0x00, 1, 1, 0, 0, 0, 0, 0, 5, 18, 0, 0, 0]);
    bytes
}

#[test]
fn a_descriptor_has_the_published_layout() {
    let descriptor = sd("O:BAD:P(A;OICI;FA;;;SY)");
    assert_eq!(descriptor.to_bytes(), Ok(sample()));
    assert_eq!(SecurityDescriptor::from_bytes(&sample()), Ok(descriptor));
}

#[test]
fn a_descriptor_cut_off_anywhere_is_refused() {
    let bytes = sd(
        "O:BAG:SYD:(OA;;0x1;bf967aba-0de6-11d0-a285-00aa003049e2;;AU)(XA;;FR;;;WD;(Exists a))S:(ML;;NW;;;LW)",
    )
    .to_bytes()
    .unwrap();
    for length in 0..bytes.len() {
        assert!(SecurityDescriptor::from_bytes(&bytes[..length]).is_err(), "{length}");
    }
}

#[test]
fn impossible_fields_are_refused() {
    let with = |at: usize, byte: u8| {
        let mut bytes = sample();
        bytes[at] = byte;
        SecurityDescriptor::from_bytes(&bytes)
    };
    assert!(matches!(with(0, 2), Err(BinaryError::Revision { part: "descriptor", revision: 2 })));
    assert_eq!(with(3, 0x10), Err(BinaryError::NotSelfRelative));
    assert!(matches!(with(4, 19), Err(BinaryError::Offset { part: "owner", offset: 19 })));
    assert!(matches!(with(4, 200), Err(BinaryError::Truncated { part: "owner", offset: 200 })));
    assert!(matches!(with(36, 1), Err(BinaryError::Revision { part: "ACL", revision: 1 })));
    assert!(matches!(with(38, 7), Err(BinaryError::Size { part: "ACL", .. })));
    assert!(matches!(with(38, 29), Err(BinaryError::Truncated { part: "ACL", .. })));
    assert!(matches!(with(40, 2), Err(BinaryError::Truncated { part: "ACE", offset: 28 })));
    assert!(matches!(with(41, 0xFF), Err(BinaryError::TooManyAces(_))));
    assert!(matches!(with(46, 22), Err(BinaryError::Size { part: "ACE", .. })));
    assert!(matches!(with(46, 0), Err(BinaryError::Size { part: "ACE", .. })));
    assert!(matches!(with(46, 24), Err(BinaryError::Truncated { part: "ACE", .. })));
    assert!(matches!(with(53, 2), Err(BinaryError::Sid { part: "ACE's SID", .. })));
    assert_eq!(
        SecurityDescriptor::from_bytes(&vec![1; limits::MAX_DESCRIPTOR_BYTES + 1]),
        Err(BinaryError::TooLong(limits::MAX_DESCRIPTOR_BYTES + 1))
    );
}

#[test]
fn data_behind_a_plain_ace_is_not_dropped_in_silence() {
    let mut bytes = sample();
    bytes[38] += 4;
    bytes[46] += 4;
    bytes.extend([0, 0, 0, 0]);
    assert_eq!(SecurityDescriptor::from_bytes(&bytes), Ok(sd("O:BAD:P(A;OICI;FA;;;SY)")));
    *bytes.last_mut().unwrap() = 1;
    assert_eq!(SecurityDescriptor::from_bytes(&bytes), Err(BinaryError::TrailingData(8)));
}

#[test]
fn an_unknown_ace_keeps_its_bytes() {
    let mut bytes = sample();
    bytes[44] = 0x77;
    let descriptor = SecurityDescriptor::from_bytes(&bytes).unwrap();
    assert_eq!(descriptor.dacl.aces()[0].kind, AceKind::Unknown(0x77));
    assert_eq!(descriptor.to_bytes(), Ok(bytes.clone()));
    assert_eq!(sd(&descriptor.to_sddl()).to_bytes(), Ok(bytes));
}

#[test]
fn a_condition_is_compiled_to_the_published_tokens() {
    // MS-DTYP 2.4.4.17.4 to .8: attributes 0xf9 (user), strings 0x10, == 0x80, || 0xa1, && 0xa0.
    let mut expected = b"artx".to_vec();
    let push = |out: &mut Vec<u8>, token: u8, text: &str| {
        out.push(token);
        out.extend((text.len() as u32 * 2).to_le_bytes());
        out.extend(utf16(text));
    };
    for (name, value) in [("Title", "PM"), ("Division", "Finance"), ("Division", "Sales")] {
        push(&mut expected, 0xf9, name);
        push(&mut expected, 0x10, value);
        expected.push(0x80);
    }
    expected.extend([0xa1, 0xa0]);
    expected.resize(expected.len().next_multiple_of(4), 0);
    let text = "D:(XA;;FX;;;WD;(@User.Title==\"PM\" && (@User.Division==\"Finance\" || @User.Division ==\"Sales\")))";
    let bytes = sd(text).to_bytes().unwrap();
    // Header 20, ACL header 8, ACE header and mask 8, SID 12.
    assert_eq!(&bytes[48..], expected);
    assert_eq!(SecurityDescriptor::from_bytes(&bytes), Ok(sd(text)));
}

#[test]
fn numbers_and_sids_in_conditions_have_the_published_form() {
    let bytes = sd("D:(XA;;FX;;;WD;(level >= -0x10 && Member_of {SID(BA)}))").to_bytes().unwrap();
    let mut expected = b"artx\xf8\x0a\0\0\0".to_vec();
    expected.extend(utf16("level"));
    expected.push(0x04);
    expected.extend((-16i64).to_le_bytes());
    expected.extend([2, 3, 0x85, 0x50, 21, 0, 0, 0, 0x51, 16, 0, 0, 0]);
    expected.extend(Sid::administrators().to_bytes());
    expected.extend([0x89, 0xa0]);
    expected.resize(expected.len().next_multiple_of(4), 0);
    assert_eq!(&bytes[48..], expected);
}

#[test]
fn a_condition_that_is_not_understood_is_kept_and_never_met() {
    // `artx`, a literal alone: no condition.
    let raw = sd("D:(XA;;FA;;;WD;(#617274781002000000410000))(A;;0x1;;;WD)");
    assert!(matches!(raw.dacl.aces()[0].data, AceData::Raw(_)));
    let bytes = raw.to_bytes().unwrap();
    assert_eq!(SecurityDescriptor::from_bytes(&bytes).as_ref(), Ok(&raw));
    let token = Token::ordinary(Sid::everyone(), Vec::new());
    let request = Request {
        desired: AccessMask::MAXIMUM_ALLOWED,
        mapping: GenericMapping::FILE,
        user_half: UserHalf::Descriptor,
        parent: None,
    };
    assert_eq!(access_check(&raw, &token, &request).access, AccessMask(1));
}

#[test]
fn a_resource_attribute_has_the_published_layout() {
    // MS-DTYP 2.4.10.1: name offset, type, reserved, flags, count, value offsets; then name and value.
    let bytes = sd("S:(RA;;;;;WD;(\"ab\",TI,0x2,-1))").to_bytes().unwrap();
    let mut expected = Vec::new();
    expected.extend(20u32.to_le_bytes());
    expected.extend([1, 0, 0, 0, 2, 0, 0, 0, 1, 0, 0, 0]);
    expected.extend(28u32.to_le_bytes());
    expected.extend(utf16("ab\0"));
    expected.extend([0, 0]);
    expected.extend((-1i64).to_le_bytes());
    assert_eq!(&bytes[48..], expected);
}
