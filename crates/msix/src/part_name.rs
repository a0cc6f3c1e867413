//! Names of parts: paths within a package.

use std::fmt;

/// The longest, in characters: with the folder of a package before it, Windows' paths end at 260 (MAX_PATH); the public tools
/// refuse none below.
pub const MAX_LENGTH: usize = 1024;

/// The most folders in one another.
pub const MAX_DEPTH: usize = 128;

/// The longest between two slashes, in bytes: Linux' NAME_MAX. NTFS has 255 UTF-16 units, which is never less.
pub const MAX_SEGMENT: usize = 255;

/// `[Content_Types].xml`, the one name that is not percent-encoded.
pub const CONTENT_TYPES: &str = "[Content_Types].xml";
/// The block map.
pub const BLOCK_MAP: &str = "AppxBlockMap.xml";
/// The application manifest.
pub const MANIFEST: &str = "AppxManifest.xml";
/// The signature.
pub const SIGNATURE: &str = "AppxSignature.p7x";
/// The catalog of code integrity, which signing adds.
pub const CODE_INTEGRITY: &str = "AppxMetadata/CodeIntegrity.cat";
/// The bundle's manifest.
pub const BUNDLE_MANIFEST: &str = "AppxMetadata/AppxBundleManifest.xml";

/// Folders whose parts are about the package and not of it.
const RESERVED_FOLDERS: [&str; 2] = ["appxmetadata", "microsoft.system.package.metadata"];

/// Names of devices, which Windows finds in every folder, with any extension.
const DEVICES: [&str; 22] = [
    "con", "prn", "aux", "nul", "com1", "com2", "com3", "com4", "com5", "com6", "com7", "com8", "com9",
    "lpt1", "lpt2", "lpt3", "lpt4", "lpt5", "lpt6", "lpt7", "lpt8", "lpt9",
];

/// A part's name: segments with `/` between them, none of which leads out of the package or means something else on Windows.
#[derive(Clone, Debug, PartialEq, Eq, Hash, PartialOrd, Ord)]
pub struct PartName(String);

/// Why a name is none.
#[derive(Clone, Copy, Debug, PartialEq, Eq, thiserror::Error)]
pub enum PartNameError {
    /// Bytes that are not allowed there.
    #[error("the name is not ASCII; other characters have to be percent-encoded")]
    NotAscii,
    /// A percent sign without two hexadecimal digits.
    #[error("a percent sign in the name is not followed by two hexadecimal digits")]
    BadEscape,
    /// A slash that some readers take for one and others for a part of a name.
    #[error("the name has a percent-encoded slash")]
    EncodedSlash,
    /// What it decodes to is no text.
    #[error("the name is not UTF-8 once it is decoded")]
    NotText,
    /// The name is absolute.
    #[error("the name is absolute")]
    Absolute,
    /// A segment without characters.
    #[error("the name has an empty segment")]
    EmptySegment,
    /// `.` or `..`.
    #[error("the name has the segment . or .., which leads elsewhere")]
    Dots,
    /// A character that Windows has no place for.
    #[error("the name has a control character or one of \\ : * ? \" < > |")]
    BadCharacter,
    /// Windows leaves these away.
    #[error("a segment of the name ends in a dot or a space, which Windows leaves away")]
    TrailingDot,
    /// A device's.
    #[error("a segment of the name is that of a device on Windows")]
    Device,
    /// Reserved for names of hosts.
    #[error("a segment of the name begins with xn--")]
    Punycode,
    /// Too long.
    #[error("the name is too long")]
    TooLong,
}

impl PartName {
    /// Checks a name that is not encoded.
    ///
    /// # Errors
    /// When it is none.
    pub fn new(name: &str) -> Result<PartName, PartNameError> {
        if name.starts_with('/') {
            return Err(PartNameError::Absolute);
        }
        if name.chars().count() > MAX_LENGTH || name.matches('/').count() >= MAX_DEPTH {
            return Err(PartNameError::TooLong);
        }
        name.split('/').try_for_each(check_segment)?;
        Ok(PartName(name.to_owned()))
    }

    /// Decodes a name as a container has it.
    ///
    /// # Errors
    /// When it is none.
    pub fn decode(raw: &[u8]) -> Result<PartName, PartNameError> {
        if raw == CONTENT_TYPES.as_bytes() {
            return PartName::new(CONTENT_TYPES);
        }
        if !raw.is_ascii() {
            return Err(PartNameError::NotAscii);
        }
        let mut decoded = Vec::with_capacity(raw.len());
        let mut rest = raw;
        while let Some((&byte, after)) = rest.split_first() {
            if byte != b'%' {
                decoded.push(byte);
                rest = after;
                continue;
            }
            let digits = after.get(..2).and_then(|digits| std::str::from_utf8(digits).ok());
            let digits = digits.filter(|digits| digits.bytes().all(|digit| digit.is_ascii_hexdigit()));
            let value = digits.and_then(|digits| u8::from_str_radix(digits, 16).ok());
            match value.ok_or(PartNameError::BadEscape)? {
                b'/' => return Err(PartNameError::EncodedSlash),
                byte => decoded.push(byte),
            }
            rest = &after[2..];
        }
        let text = String::from_utf8(decoded).map_err(|_| PartNameError::NotText)?;
        PartName::new(&text)
    }

    /// As a container has it.
    #[must_use]
    pub fn encode(&self) -> String {
        if self.0 == CONTENT_TYPES {
            return self.0.clone();
        }
        let mut encoded = String::with_capacity(self.0.len());
        for byte in self.0.bytes() {
            match byte {
                b' '
                | b'!'
                | b'#'..=b')'
                | b'+'
                | b','
                | b';'
                | b'='
                | b'@'
                | b'['
                | b']'
                | b'^'
                | b'`'
                | b'{'
                | b'}'
                | 0x80.. => encoded.push_str(&format!("%{byte:02X}")),
                _ => encoded.push(char::from(byte)),
            }
        }
        encoded
    }

    /// The name, with `/`.
    #[must_use]
    pub fn as_str(&self) -> &str {
        &self.0
    }

    /// As the block map has it, with `\`.
    #[must_use]
    pub fn with_backslashes(&self) -> String {
        self.0.replace('/', "\\")
    }

    /// The extension, in lower case.
    #[must_use]
    pub fn extension(&self) -> Option<String> {
        let name = self.0.rsplit('/').next()?;
        let (_, extension) = name.rsplit_once('.')?;
        (!extension.is_empty()).then(|| extension.to_lowercase())
    }

    /// Whether it is part of what a package says of itself: signature, block map and the like, and all that is in the folders
    /// reserved for such.
    #[must_use]
    pub fn is_footprint(&self) -> bool {
        let whole = [CONTENT_TYPES, BLOCK_MAP, MANIFEST, SIGNATURE];
        whole.iter().any(|name| self.0.eq_ignore_ascii_case(name)) || self.is_in_reserved_folder()
    }

    /// Whether it is the name of a package, by its extension.
    #[must_use]
    pub fn is_package(&self) -> bool {
        matches!(self.extension().as_deref(), Some("msix" | "appx"))
    }

    /// Whether it lies in a folder reserved for footprint files.
    #[must_use]
    pub fn is_in_reserved_folder(&self) -> bool {
        let first = self.0.split('/').next().unwrap_or_default().to_lowercase();
        RESERVED_FOLDERS.iter().any(|folder| first.starts_with(folder)) && self.0.contains('/')
    }
}

impl fmt::Display for PartName {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str(&self.0)
    }
}

fn check_segment(segment: &str) -> Result<(), PartNameError> {
    let is_bad = |c: char| c.is_control() || matches!(c, '"' | '*' | ':' | '<' | '>' | '?' | '|' | '\\');
    if segment.is_empty() {
        return Err(PartNameError::EmptySegment);
    }
    if segment == "." || segment == ".." {
        return Err(PartNameError::Dots);
    }
    if segment.len() > MAX_SEGMENT {
        return Err(PartNameError::TooLong);
    }
    if segment.chars().any(is_bad) {
        return Err(PartNameError::BadCharacter);
    }
    if segment.ends_with(['.', ' ']) {
        return Err(PartNameError::TrailingDot);
    }
    let lower = segment.to_lowercase();
    if lower.starts_with("xn--") {
        return Err(PartNameError::Punycode);
    }
    // A device's name counts with spaces before the extension too.
    let stem = lower.split('.').next().unwrap_or_default().trim_end();
    // Windows takes the three superscript digits for digits here.
    let stem = stem.replace('\u{b9}', "1").replace('\u{b2}', "2").replace('\u{b3}', "3");
    if DEVICES.contains(&stem.as_str()) {
        return Err(PartNameError::Device);
    }
    Ok(())
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn names_that_lead_elsewhere_or_mean_something_else_on_windows_are_refused() {
        use PartNameError::*;
        for (raw, error) in [
            ("../x", Dots),
            ("a/../../x", Dots),
            ("a/%2e%2e/x", Dots),
            ("a%2F..%2Fx", EncodedSlash),
            ("/etc/x", Absolute),
            ("a//b", EmptySegment),
            ("a/", EmptySegment),
            ("", EmptySegment),
            ("c:x", BadCharacter),
            ("a\\b", BadCharacter),
            ("a%5Cb", BadCharacter),
            ("a%00b", BadCharacter),
            ("a%1Bb", BadCharacter),
            ("a.", TrailingDot),
            ("a%20/b", TrailingDot),
            ("con", Device),
            ("a/NUL.txt", Device),
            ("com%C2%B9.x", Device),
            ("xn--a/b", Punycode),
            ("a%zz", BadEscape),
            ("a%2", BadEscape),
            ("a%+1b", BadEscape),
            ("%FF", NotText),
            ("\u{e4}", NotAscii),
        ] {
            assert_eq!(PartName::decode(raw.as_bytes()), Err(error), "{raw}");
        }
        let long = "a".repeat(256);
        assert_eq!(PartName::new(&long), Err(TooLong));
        assert_eq!(PartName::new(&"a/".repeat(MAX_DEPTH)), Err(TooLong));
        assert!(PartName::new(&format!("{}a", "a/".repeat(MAX_DEPTH - 1))).is_ok());
        for raw in ["a", "a/b.c", "%5BContent_Types%5D.xml", "console.txt", "a..b/.c", "lpt10"] {
            assert!(PartName::decode(raw.as_bytes()).is_ok(), "{raw}");
        }
    }

    #[test]
    fn what_a_package_says_of_itself_is_told_apart() {
        let name = |text| PartName::new(text).unwrap();
        for footprint in ["AppxManifest.xml", "appxblockmap.xml", "AppxMetadata/x", "[Content_Types].xml"] {
            assert!(name(footprint).is_footprint(), "{footprint}");
        }
        for payload in ["AppxManifest.xml.bak", "a/AppxManifest.xml", "AppxMetadata"] {
            assert!(!name(payload).is_footprint(), "{payload}");
        }
    }
}
