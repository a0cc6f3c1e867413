//! A certificate's subject as Windows writes it (CertNameToStr, CERT_X500_NAME_STR with CERT_NAME_STR_REVERSE_FLAG): the last part first,
//! which is how a manifest's Publisher has to be written.

use der::asn1::ObjectIdentifier;
use der::{Tag, Tagged};
use x509_cert::attr::AttributeTypeAndValue;
use x509_cert::name::Name;

/// Types of attributes by their names in Windows.
pub(super) const TYPES: [(&str, &str); 20] = [
    ("2.5.4.3", "CN"),
    ("2.5.4.7", "L"),
    ("2.5.4.10", "O"),
    ("2.5.4.11", "OU"),
    ("1.2.840.113549.1.9.1", "E"),
    ("2.5.4.6", "C"),
    ("2.5.4.8", "S"),
    ("2.5.4.9", "STREET"),
    ("2.5.4.12", "T"),
    ("2.5.4.42", "G"),
    ("2.5.4.43", "I"),
    ("2.5.4.4", "SN"),
    ("0.9.2342.19200300.100.1.25", "DC"),
    ("2.5.4.5", "SERIALNUMBER"),
    ("2.5.4.13", "Description"),
    ("2.5.4.17", "PostalCode"),
    ("2.5.4.18", "POBox"),
    ("2.5.4.20", "Phone"),
    ("2.5.4.24", "X21Address"),
    ("2.5.4.46", "dnQualifier"),
];

/// The name as text. What can't be text is written as `#` and hexadecimal digits.
#[must_use]
pub fn subject(name: &Name) -> String {
    let parts = name.0.iter().rev().map(|part| {
        let attributes: Vec<String> = part.0.iter().map(attribute).collect();
        attributes.join(" + ")
    });
    parts.collect::<Vec<_>>().join(", ")
}

fn attribute(one: &AttributeTypeAndValue) -> String {
    let name = TYPES.iter().find(|(oid, _)| ObjectIdentifier::new(oid).ok() == Some(one.oid));
    let name = name.map_or_else(|| format!("OID.{}", one.oid), |(_, name)| (*name).to_owned());
    format!("{name}={}", value(one))
}

fn value(one: &AttributeTypeAndValue) -> String {
    let bytes = one.value.value();
    let text = match one.value.tag() {
        Tag::Utf8String | Tag::PrintableString | Tag::Ia5String => String::from_utf8(bytes.to_vec()).ok(),
        // Latin-1, as everybody reads it.
        Tag::TeletexString => Some(bytes.iter().map(|&byte| char::from(byte)).collect()),
        Tag::BmpString if bytes.len().is_multiple_of(2) => {
            let units: Vec<u16> =
                bytes.chunks(2).map(|pair| u16::from_be_bytes([pair[0], pair[1]])).collect();
            String::from_utf16(&units).ok()
        }
        _ => None,
    };
    match text {
        None => bytes.iter().fold("#".to_owned(), |text, byte| text + &format!("{byte:02X}")),
        Some(text) => quoted(text),
    }
}

fn quoted(text: String) -> String {
    let special = |c: char| matches!(c, ',' | '+' | '=' | '"' | '\n' | '<' | '>' | '#' | ';');
    let blank =
        text.starts_with(char::is_whitespace) || text.ends_with(char::is_whitespace) || text.is_empty();
    if blank || text.contains(special) { format!("\"{}\"", text.replace('"', "\"\"")) } else { text }
}
