//! Desktop entries (Desktop Entry Specification 1.5) of an installed package's applications.

use std::ffi::OsStr;
use std::os::unix::ffi::OsStrExt;
use std::path::Path;

use lowbox_msix::package::Contents;

/// An entry's text.
pub(super) struct Entry<'a> {
    /// What people are shown.
    pub(super) name: &'a str,
    /// A line about it.
    pub(super) comment: Option<&'a str>,
    /// The lowbox that starts it.
    pub(super) lowbox: &'a Path,
    /// The application: family name, `!`, its id.
    pub(super) application: &'a str,
    /// Its picture.
    pub(super) icon: Option<&'a Path>,
    /// It wants a terminal.
    pub(super) is_console: bool,
    /// It is shown in menus.
    pub(super) is_listed: bool,
    /// Types of files and of addresses (`x-scheme-handler/…`) that it opens.
    pub(super) media_types: &'a [String],
    /// Some of them are addresses.
    pub(super) opens_addresses: bool,
}

impl Entry<'_> {
    pub(super) fn text(&self) -> Vec<u8> {
        let mut text = b"[Desktop Entry]\nType=Application\nVersion=1.5\n".to_vec();
        let mut line = |key: &str, value: &[u8]| {
            text.extend(key.as_bytes());
            text.push(b'=');
            text.extend(escaped(value));
            text.push(b'\n');
        };
        line("Name", plain(self.name).as_bytes());
        if let Some(comment) = self.comment {
            line("Comment", plain(comment).as_bytes());
        }
        let mut command = argument(self.lowbox.as_os_str());
        command.extend(b" open ");
        command.extend(argument(self.application.as_ref()));
        command.extend(if self.opens_addresses { b" %U" } else { b" %F" });
        line("Exec", &command);
        if let Some(icon) = self.icon {
            line("Icon", icon.as_os_str().as_bytes());
        }
        line("Terminal", if self.is_console { b"true" } else { b"false" });
        line("NoDisplay", if self.is_listed { b"false" } else { b"true" });
        line("X-Lowbox-Application", self.application.as_bytes());
        if !self.media_types.is_empty() {
            let list: String = self.media_types.iter().map(|one| format!("{one};")).collect();
            line("MimeType", list.as_bytes());
        }
        text
    }
}

/// A package's text without what would change how the text around it is shown.
pub(super) fn plain(text: &str) -> String {
    let changes_direction = |c: char| matches!(c, '\u{61c}' | '\u{200e}' | '\u{200f}' | '\u{202a}'..='\u{202e}' | '\u{2066}'..='\u{2069}');
    let breaks = |c: char| c.is_control() || matches!(c, '\u{2028}' | '\u{2029}');
    let text = text.chars().filter(|c| !changes_direction(*c));
    text.map(|c| if breaks(c) { ' ' } else { c }).collect::<String>().trim().to_owned()
}

/// A value as the file has it.
fn escaped(value: &[u8]) -> Vec<u8> {
    let mut escaped = Vec::with_capacity(value.len());
    for (at, &byte) in value.iter().enumerate() {
        match byte {
            b'\\' => escaped.extend(b"\\\\"),
            b'\n' => escaped.extend(b"\\n"),
            b'\r' => escaped.extend(b"\\r"),
            b'\t' => escaped.extend(b"\\t"),
            b' ' if at == 0 => escaped.extend(b"\\s"),
            byte => escaped.push(byte),
        }
    }
    escaped
}

/// A word of Exec.
fn argument(word: &OsStr) -> Vec<u8> {
    let mut quoted = b"\"".to_vec();
    for &byte in word.as_bytes() {
        match byte {
            b'"' | b'`' | b'$' | b'\\' => quoted.extend([b'\\', byte]),
            b'%' => quoted.extend(b"%%"),
            byte => quoted.push(byte),
        }
    }
    quoted.push(b'"');
    quoted
}

/// The file that stands for a picture: itself, or the largest one that its name is made of, `Logo.scale-200.png`.
pub(super) fn picture(contents: &Contents, named: &str) -> Option<String> {
    let named = named.replace('\\', "/");
    if let Some(file) = contents.file(&named) {
        return Some(file.name.as_str().to_owned());
    }
    let (stem, extension) = named.rsplit_once('.')?;
    let qualified = |name: &str| -> Option<u32> {
        let rest = name.get(..stem.len()).filter(|start| start.eq_ignore_ascii_case(stem));
        let rest = rest.map(|_| &name[stem.len()..])?.strip_prefix('.')?;
        let (qualifiers, end) = rest.rsplit_once('.')?;
        if !end.eq_ignore_ascii_case(extension) || qualifiers.contains(['/', '.']) {
            return None;
        }
        let number = |prefix: &str| {
            qualifiers.split('_').find_map(|one| one.to_ascii_lowercase().strip_prefix(prefix)?.parse().ok())
        };
        // A scale of 100 is one of 44 or 150 pixels.
        Some(number("scale-").or_else(|| number("targetsize-")).unwrap_or(1))
    };
    let names = contents.files().map(|(file, _)| file.name.as_str());
    names.filter_map(|name| Some((qualified(name)?, name))).max().map(|(_, name)| name.to_owned())
}

#[cfg(test)]
mod tests {
    use super::*;

    fn entry(name: &str) -> Entry<'_> {
        Entry {
            name,
            comment: None,
            lowbox: Path::new("/opt/low box/$x%\\\"lowbox"),
            application: "Contoso.App_0123456789abc!App",
            icon: None,
            is_console: false,
            is_listed: true,
            media_types: &[],
            opens_addresses: false,
        }
    }

    #[test]
    fn a_hostile_name_stays_one_line() {
        let text = String::from_utf8(entry(" a\nExec=/bin/sh\u{202e}\\ b").text()).unwrap();
        assert!(text.contains("\nName=a Exec=/bin/sh\\\\ b\n"), "{text}");
        assert_eq!(text.matches("\nExec=").count(), 1);
    }

    #[test]
    fn the_path_of_lowbox_is_quoted_twice() {
        let text = String::from_utf8(entry("x").text()).unwrap();
        let exec = text.lines().find(|line| line.starts_with("Exec=")).unwrap();
        let wanted = r#"Exec="/opt/low box/\\$x%%\\\\\\"lowbox" open "Contoso.App_0123456789abc!App" %F"#;
        assert_eq!(exec, wanted);
    }
}
