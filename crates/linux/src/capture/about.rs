//! What an installer says of its program, in the keys by which Windows lists what can be removed; else what the program says of itself.

use std::collections::BTreeSet;

use lowbox_msix::registry::Key;
use lowbox_msix::{ProgramVersion, Publisher, Version};

/// Those keys.
pub(super) const UNINSTALL: [&str; 2] = [
    "Software\\Microsoft\\Windows\\CurrentVersion\\Uninstall",
    "Software\\WOW6432Node\\Microsoft\\Windows\\CurrentVersion\\Uninstall",
];

/// The longest that is taken of what it says.
const MAX_TEXT: usize = 256;

/// What is known.
#[derive(Clone, Debug, Default, PartialEq, Eq)]
pub(super) struct About {
    pub(super) name: Option<String>,
    pub(super) version: Option<String>,
    pub(super) publisher: Option<String>,
    /// Programs that take it away, as Windows names them, in lower case.
    pub(super) uninstallers: BTreeSet<String>,
}

impl About {
    /// Takes what stands in the key of all. What was known stays.
    pub(super) fn learn(&mut self, uninstall: &Key) {
        for (_, key) in uninstall.keys() {
            let text = |name: &str| {
                let text: String = key
                    .value(name)?
                    .as_text()?
                    .chars()
                    .filter(|letter| !letter.is_control())
                    .take(MAX_TEXT)
                    .collect();
                Some(text.trim().to_owned()).filter(|text| !text.is_empty())
            };
            for command in ["UninstallString", "QuietUninstallString"] {
                self.uninstallers.extend(text(command).map(|command| program(&command).to_ascii_lowercase()));
            }
            if self.name.is_none() && text("DisplayName").is_some() {
                self.name = text("DisplayName");
                self.version = text("DisplayVersion");
                self.publisher = text("Publisher");
            }
        }
    }

    /// What a program says of itself, where its installer says nothing.
    pub(super) fn learn_from(&mut self, program: ProgramVersion) {
        if self.name.is_none() {
            self.name = program.product;
        }
        self.version = self.version.take().or(program.version);
        self.publisher = self.publisher.take().or(program.company);
    }

    /// Its version with four parts, if it is one of numbers.
    pub(super) fn version(&self) -> Option<Version> {
        let text = self.version.as_deref()?;
        let mut parts = [0_u16; 4];
        for (part, piece) in parts.iter_mut().zip(text.split('.')) {
            let digits = piece.split(|letter: char| !letter.is_ascii_digit()).next().unwrap_or_default();
            *part = digits.parse().ok()?;
        }
        Some(Version(parts))
    }

    /// Who made it as the subject of a certificate.
    pub(super) fn subject(&self) -> Option<Publisher> {
        let name = self.publisher.as_deref()?;
        let plain = Publisher::new(&format!("CN={name}"));
        plain.or_else(|_| Publisher::new(&format!("CN=\"{}\"", name.replace('"', "")))).ok()
    }
}

/// The program of a command line: what is quoted, or what ends in `.exe`.
fn program(command: &str) -> &str {
    if let Some((program, _)) = command.strip_prefix('"').and_then(|rest| rest.split_once('"')) {
        return program;
    }
    match command.to_ascii_lowercase().find(".exe") {
        Some(at) => &command[..at + 4],
        None => command,
    }
}

/// A package's name from what people call a program.
pub(super) fn package_name(shown: &str) -> String {
    let parts = shown.split(|letter: char| !letter.is_ascii_alphanumeric()).filter(|part| !part.is_empty());
    let name: String = parts.collect::<Vec<_>>().join("-").chars().take(50).collect();
    let name = name.trim_end_matches('-');
    if name.len() < 3 { format!("{name}App") } else { name.to_owned() }
}

#[cfg(test)]
mod tests {
    use super::*;
    use lowbox_msix::registry::Value;

    #[test]
    fn what_an_installer_says_is_a_name_a_version_and_a_publisher() {
        let mut uninstall = Key::default();
        let key = uninstall.make("Contoso");
        for (name, text) in [
            ("DisplayName", "Contoso Notes\u{7}"),
            ("DisplayVersion", "3.1-beta.70"),
            ("Publisher", "Contoso, Ltd."),
            ("UninstallString", r#""C:\Program Files\Contoso\Away.exe" /S"#),
            ("QuietUninstallString", r"C:\Contoso\Other.exe /S"),
        ] {
            key.set(name, Value::text(text));
        }
        uninstall.make("Without a name");
        let mut about = About::default();
        about.learn(&uninstall);
        assert_eq!(about.name.as_deref(), Some("Contoso Notes"));
        assert_eq!(about.version(), Some(Version([3, 1, 70, 0])));
        assert_eq!(about.subject().unwrap().as_str(), "CN=\"Contoso, Ltd.\"");
        let uninstallers = [r"c:\contoso\other.exe", r"c:\program files\contoso\away.exe"];
        assert!(about.uninstallers.iter().eq(uninstallers.iter()));
        let version = |text: &str| About { version: Some(text.to_owned()), ..About::default() }.version();
        assert_eq!(version("1.2.3.4.5"), Some(Version([1, 2, 3, 4])));
        assert_eq!(version("70000"), None);
        assert_eq!(version("v1"), None);
    }

    #[test]
    fn any_name_makes_one_of_a_package() {
        for (shown, name) in [
            ("Contoso Notes 3.1 (64-bit)", "Contoso-Notes-3-1-64-bit"),
            ("\u{4e2d}\u{6587}", "App"),
            ("7z", "7zApp"),
        ] {
            assert_eq!(package_name(shown), name);
        }
        assert_eq!(package_name(&"ab ".repeat(60)).len(), 50);
    }
}
