//! The system's root certificates, which say which server is which.

use std::io::Read;
use std::path::{Path, PathBuf};

use ureq::tls::{Certificate, PemItem, parse_pem};

use super::FetchError;
use crate::host::open_regular;

/// Where distributions have them in one file: Debian, Arch and Gentoo; Fedora; openSUSE; Alpine.
const FILES: [&str; 4] = [
    "/etc/ssl/certs/ca-certificates.crt",
    "/etc/pki/tls/certs/ca-bundle.crt",
    "/etc/ssl/ca-bundle.pem",
    "/etc/ssl/cert.pem",
];

/// Largest file that is read, in bytes.
const MAX_BYTES: u64 = 16 << 20;

/// All of them; those of SSL_CERT_FILE where it is set, as for OpenSSL's programs.
pub(super) fn roots() -> Result<Vec<Certificate<'static>>, FetchError> {
    let named = std::env::var_os("SSL_CERT_FILE").filter(|name| !name.is_empty()).map(PathBuf::from);
    let found = match &named {
        Some(path) => in_file(path),
        None => FILES
            .iter()
            .map(|path| in_file(Path::new(path)))
            .find(|found| !found.is_empty())
            .unwrap_or_default(),
    };
    if found.is_empty() { Err(FetchError::NoRoots) } else { Ok(found) }
}

fn in_file(path: &Path) -> Vec<Certificate<'static>> {
    let mut bytes = Vec::new();
    // What can't be read is as good as missing.
    let _ = open_regular(path).and_then(|file| file.take(MAX_BYTES).read_to_end(&mut bytes));
    let certificates = parse_pem(&bytes).filter_map(|item| match item {
        Ok(PemItem::Certificate(certificate)) => Some(certificate.to_owned()),
        _ => None,
    });
    certificates.collect()
}
