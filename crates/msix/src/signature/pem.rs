//! Certificates and keys in files of PEM, which may hold several things.

use der::{Decode, DecodePem};
use x509_cert::Certificate;

/// The blocks whose label ends so, each with its first and last line.
pub(super) fn blocks<'a>(text: &'a str, label: &'a str) -> impl Iterator<Item = &'a str> {
    let starts = text.match_indices("-----BEGIN ").map(|(at, _)| &text[at..]);
    starts.filter_map(move |text| {
        let (first, _) = text.split_once('\n')?;
        if !first.trim_end().ends_with(&format!("{label}-----")) {
            return None;
        }
        let end = text.find("-----END ")?;
        let length = text[end..].find('\n').unwrap_or(text.len() - end);
        text.get(..end + length)
    })
}

/// The certificates in some bytes: one in DER, or several in PEM.
pub(super) fn certificates(bytes: &[u8]) -> Option<Vec<Certificate>> {
    match std::str::from_utf8(bytes) {
        Ok(text) if text.contains("-----BEGIN ") => {
            let found = blocks(text, "CERTIFICATE").map(|block| Certificate::from_pem(block.trim_end()).ok());
            found.collect::<Option<Vec<_>>>().filter(|all| !all.is_empty())
        }
        _ => Certificate::from_der(bytes).ok().map(|one| vec![one]),
    }
}
