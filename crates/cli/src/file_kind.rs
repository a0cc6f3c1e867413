//! What a file is that was given in the place of another one, so that a message can say what to do with it instead.

use std::io::Read;
use std::path::Path;

use lowbox_linux::host::open_regular;

/// As much of a file as tells its kind.
const HEAD: u64 = 4096;

/// A kind of file.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum FileKind {
    /// A folder.
    Folder,
    /// A ZIP file, as packages and bundles are.
    Zip,
    /// A certificate in PEM.
    Certificate,
    /// A private key in PEM.
    Key,
    /// DER: a certificate or key, or both in PKCS #12.
    Der,
    /// A manifest.
    Manifest,
    /// An `.appinstaller`.
    AppInstaller,
    /// A page of the web.
    Page,
}

impl FileKind {
    /// The kind of the file at a path; `None` where it can't be read or is of no kind that is known.
    pub fn of(path: &Path) -> Option<FileKind> {
        if path.is_dir() {
            return Some(FileKind::Folder);
        }
        let mut head = Vec::new();
        open_regular(path).ok()?.take(HEAD).read_to_end(&mut head).ok()?;
        FileKind::of_bytes(&head)
    }

    /// The kind of a file that begins so.
    pub fn of_bytes(head: &[u8]) -> Option<FileKind> {
        if head.starts_with(b"PK\x03\x04") {
            return Some(FileKind::Zip);
        }
        // A sequence with its length in two bytes, as certificates, keys and PKCS #12 have it.
        if head.starts_with(b"\x30\x82") {
            return Some(FileKind::Der);
        }
        let head = &head[..head.len().min(HEAD as usize)];
        let plain: Vec<u8> = head.iter().copied().filter(|byte| *byte != 0).collect();
        let text = String::from_utf8_lossy(&plain).to_ascii_lowercase();
        let has = |words: &str| text.contains(words);
        Some(match () {
            () if has("-----begin") && has("private key-----") && !has("-----begin certificate-----") => {
                FileKind::Key
            }
            () if has("-----begin certificate-----") => FileKind::Certificate,
            () if has("<!doctype html") || has("<html") => FileKind::Page,
            () if has("<appinstaller") => FileKind::AppInstaller,
            () if has("<package") && has("/appx/") => FileKind::Manifest,
            () => return None,
        })
    }

    /// What to do with it where a package is wanted; nothing for what may be one.
    pub fn in_place_of_package(self) -> Option<&'static str> {
        Some(match self {
            FileKind::Zip => return None,
            FileKind::Folder => "it is a folder: make a package of it first (lowbox pack)",
            FileKind::Certificate => {
                "it is a certificate and no package: lowbox cert trust trusts it, --trust does for one package"
            }
            FileKind::Key => "it is a private key and no package: keep it to yourself",
            FileKind::Der => {
                "it is a certificate or a key and no package: lowbox cert trust trusts a certificate"
            }
            FileKind::Manifest => {
                "it is a manifest and no package: make a package of its folder first (lowbox pack), or run it as it is (lowbox run --manifest)"
            }
            FileKind::AppInstaller => {
                "it is an .appinstaller of another name: rename it, so that its name ends in .appinstaller"
            }
            FileKind::Page => "it is a page of the web and no package: download the package itself",
        })
    }
}

#[cfg(test)]
mod tests {
    use super::FileKind;

    #[test]
    fn files_are_told_apart_by_how_they_begin() {
        for (text, kind) in [
            ("PK\u{3}\u{4}", Some(FileKind::Zip)),
            ("-----BEGIN CERTIFICATE-----\n", Some(FileKind::Certificate)),
            ("-----BEGIN EC PRIVATE KEY-----\n", Some(FileKind::Key)),
            ("-----BEGIN PRIVATE KEY-----\nx\n-----BEGIN CERTIFICATE-----\n", Some(FileKind::Certificate)),
            ("<?xml version='1.0'?><Package xmlns='http://x/appx/y'>", Some(FileKind::Manifest)),
            ("<AppInstaller xmlns='http://x/appx/y'>", Some(FileKind::AppInstaller)),
            ("<!DOCTYPE html>", Some(FileKind::Page)),
            ("text", None),
            ("", None),
        ] {
            assert_eq!(FileKind::of_bytes(text.as_bytes()), kind, "{text}");
        }
        assert_eq!(FileKind::of_bytes(b"\x30\x82\x01\x02"), Some(FileKind::Der));
    }
}
