//! Rights, ACE types and ACE flags in letters (MS-DTYP 2.5.1.1). The same letters mean different things by field.

use crate::ace::{AceFlags, AceKind};
use crate::mask::AccessMask;

const RIGHTS: &[(&str, u32)] = &[
    ("GA", 0x1000_0000),
    ("GX", 0x2000_0000),
    ("GW", 0x4000_0000),
    ("GR", 0x8000_0000),
    ("RC", 0x2_0000),
    ("SD", 0x1_0000),
    ("WD", 0x4_0000),
    ("WO", 0x8_0000),
    ("FA", 0x1F_01FF),
    ("FR", 0x12_0089),
    ("FW", 0x12_0116),
    ("FX", 0x12_00A0),
    ("KA", 0xF_003F),
    ("KR", 0x2_0019),
    ("KW", 0x2_0006),
    ("KX", 0x2_0019),
    ("CC", 0x1),
    ("DC", 0x2),
    ("LC", 0x4),
    ("SW", 0x8),
    ("RP", 0x10),
    ("WP", 0x20),
    ("DT", 0x40),
    ("LO", 0x80),
    ("CR", 0x100),
];

/// The policy bits of a mandatory label.
const LABEL_RIGHTS: &[(&str, u32)] = &[("NW", 1), ("NR", 2), ("NX", 4)];

/// Masks that are printed in letters when they match as a whole.
const PRINTED: &[&str] = &["GA", "GX", "GW", "GR", "FA", "FR", "FW", "FX"];

const KINDS: &[(&str, AceKind)] = &[
    ("A", AceKind::Allow),
    ("D", AceKind::Deny),
    ("AU", AceKind::Audit),
    ("AL", AceKind::Alarm),
    ("OA", AceKind::AllowObject),
    ("OD", AceKind::DenyObject),
    ("OU", AceKind::AuditObject),
    ("OL", AceKind::AlarmObject),
    ("XA", AceKind::AllowCallback),
    ("XD", AceKind::DenyCallback),
    ("XU", AceKind::AuditCallback),
    ("ZA", AceKind::AllowCallbackObject),
    ("ML", AceKind::MandatoryLabel),
    ("RA", AceKind::ResourceAttribute),
    ("SP", AceKind::ScopedPolicy),
    ("TL", AceKind::TrustLabel),
    ("FL", AceKind::AccessFilter),
];

/// Flags in printing order. `SA` and `TP` share a bit: which is printed depends on the kind.
const FLAGS: &[(&str, u8)] = &[
    ("OI", 0x01),
    ("CI", 0x02),
    ("NP", 0x04),
    ("IO", 0x08),
    ("ID", 0x10),
    ("CR", 0x20),
    ("SA", 0x40),
    ("FA", 0x80),
];

/// Rights in letters or as a number. Numbers with a leading zero are refused: Windows reads them as octal.
pub(super) fn parse_rights(text: &str, kind: AceKind) -> Option<AccessMask> {
    if text.is_empty() {
        return Some(AccessMask::NONE);
    }
    if text.starts_with(|c: char| c.is_ascii_digit()) {
        return parse_number(text).map(AccessMask);
    }
    let table = if kind == AceKind::MandatoryLabel { LABEL_RIGHTS } else { RIGHTS };
    let mut mask = 0;
    for letters in pairs(text)? {
        mask |= table.iter().find(|(name, _)| name.eq_ignore_ascii_case(letters))?.1;
    }
    Some(AccessMask(mask))
}

fn parse_number(text: &str) -> Option<u32> {
    if let Some(hex) = text.strip_prefix("0x").or_else(|| text.strip_prefix("0X")) {
        let valid = !hex.is_empty() && hex.bytes().all(|b| b.is_ascii_hexdigit());
        return valid.then(|| u32::from_str_radix(hex, 16).ok()).flatten();
    }
    let octal = text.len() > 1 && text.starts_with('0');
    (!octal && text.bytes().all(|b| b.is_ascii_digit())).then(|| text.parse().ok()).flatten()
}

pub(super) fn print_rights(mask: AccessMask, kind: AceKind) -> String {
    if kind == AceKind::MandatoryLabel && mask.0 != 0 && mask.0 & !7 == 0 {
        return LABEL_RIGHTS.iter().filter(|(_, bit)| mask.0 & bit != 0).map(|(name, _)| *name).collect();
    }
    let whole = RIGHTS.iter().find(|(name, bits)| *bits == mask.0 && PRINTED.contains(name));
    if let Some((name, _)) = whole.filter(|_| kind != AceKind::MandatoryLabel) {
        return (*name).to_owned();
    }
    if mask.is_empty() { String::new() } else { format!("{:#x}", mask.0) }
}

pub(super) fn parse_kind(text: &str) -> Option<AceKind> {
    KINDS.iter().find(|(name, _)| name.eq_ignore_ascii_case(text)).map(|(_, kind)| *kind)
}

/// The letters of a kind, or its number in the form that only this crate knows.
pub(super) fn print_kind(kind: AceKind) -> String {
    match KINDS.iter().find(|(_, known)| *known == kind) {
        Some((name, _)) => (*name).to_owned(),
        None => format!("{:#04x}", kind.number()),
    }
}

/// A kind without letters, by number.
pub(super) fn parse_numbered_kind(text: &str) -> Option<AceKind> {
    let number = parse_number(text).and_then(|n| u8::try_from(n).ok())?;
    Some(AceKind::from_number(number))
}

pub(super) fn parse_flags(text: &str) -> Option<AceFlags> {
    let mut flags = 0;
    for letters in pairs(text)? {
        flags |= match FLAGS.iter().find(|(name, _)| name.eq_ignore_ascii_case(letters)) {
            Some((_, bit)) => *bit,
            None if letters.eq_ignore_ascii_case("TP") => 0x40,
            None => return None,
        };
    }
    Some(AceFlags(flags))
}

pub(super) fn print_flags(flags: AceFlags, kind: AceKind) -> String {
    let names = FLAGS
        .iter()
        .filter(|(_, bit)| flags.0 & bit != 0)
        .map(|(name, _)| if *name == "SA" && kind == AceKind::AccessFilter { "TP" } else { name });
    names.collect()
}

/// The text in pieces of two letters.
fn pairs(text: &str) -> Option<impl Iterator<Item = &str>> {
    let valid = text.len().is_multiple_of(2) && text.bytes().all(|b| b.is_ascii_alphabetic());
    valid.then(|| (0..text.len() / 2).filter_map(move |i| text.get(i * 2..i * 2 + 2)))
}
