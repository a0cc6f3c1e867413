//! Certificates and keys in files of PEM, which may hold several things.

use x509_cert::Certificate;

use super::shape;

/// Certificates that a file may hold. The largest stores of systems have some 200.
const MAX_CERTIFICATES: usize = 1024;

/// The blocks whose label ends so, each with its first and last line. A block without an end is the last one.
pub(super) fn blocks<'a>(text: &'a str, label: &'a str) -> impl Iterator<Item = &'a str> {
    let mut rest = text;
    let next = move || {
        let block = &rest[rest.find("-----BEGIN ")?..];
        let end = block.find("-----END ")?;
        let length = block[end..].find('\n').map_or(block.len(), |line| end + line);
        let (block, behind) = block.split_at(length);
        rest = behind;
        Some(block)
    };
    std::iter::from_fn(next).filter(move |block| {
        let first = block.lines().next().unwrap_or_default().trim_end();
        first.strip_suffix("-----").is_some_and(|first| first.ends_with(label))
    })
}

/// The certificates in some bytes: one in DER, or several in PEM.
pub(super) fn certificates(bytes: &[u8]) -> Option<Vec<Certificate>> {
    match std::str::from_utf8(bytes) {
        Ok(text) if text.contains("-----BEGIN ") => {
            let found = blocks(text, "CERTIFICATE").take(MAX_CERTIFICATES + 1).map(certificate);
            found.collect::<Option<Vec<_>>>().filter(|all| !all.is_empty() && all.len() <= MAX_CERTIFICATES)
        }
        _ => shape::decode(bytes).ok().map(|one| vec![one]),
    }
}

/// One certificate. Its base64 is decoded as a whole, not while it is read: `der` 0.7 does not come to an end then if it ends early.
fn certificate(block: &str) -> Option<Certificate> {
    let (label, der) = der::pem::decode_vec(block.trim_end().as_bytes()).ok()?;
    // The label of trusted certificates of OpenSSL's ends so too.
    if label != "CERTIFICATE" {
        return None;
    }
    shape::decode(&der).ok()
}
