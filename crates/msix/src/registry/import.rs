//! The text that `reg import` takes: what is to be set, and what is to go.

use super::key::units_to_bytes;
use super::{Key, Kind, PackageRegistry, Value};

/// What makes `new` of `old`, as a file of `reg import` ("Windows Registry Editor Version 5.00", UTF-16). Values that both have alike are not in
/// it, so they stay as a program set them meanwhile. Keys that are gone lose their values and stay, because others may have values in
/// them. `None` if there is nothing to do.
///
/// Links to other keys, and names with control characters, for which the text has no words, are left out.
#[must_use]
pub fn import_text(old: &PackageRegistry, new: &PackageRegistry) -> Option<Vec<u8>> {
    let mut text = String::new();
    for (root, old, new) in
        [("HKEY_LOCAL_MACHINE", &old.machine, &new.machine), ("HKEY_CURRENT_USER", &old.user, &new.user)]
    {
        add(&mut text, root, Some(old), Some(new));
    }
    let whole = format!("\u{feff}Windows Registry Editor Version 5.00\r\n{text}");
    (!text.is_empty()).then(|| units_to_bytes(whole.encode_utf16()))
}

fn add(text: &mut String, path: &str, old: Option<&Key>, new: Option<&Key>) {
    let none = Key::default();
    let (was, is) = (old.unwrap_or(&none), new.unwrap_or(&none));
    let mut lines = String::new();
    for (name, value) in is.values() {
        if value.kind != Kind::LINK && has_words(name) && was.value(name) != Some(value) {
            lines.push_str(&format!("{}={}\r\n", quoted(name), data(value)));
        }
    }
    for (name, _) in was.values() {
        if has_words(name) && is.value(name).is_none() {
            lines.push_str(&format!("{}=-\r\n", quoted(name)));
        }
    }
    // A key without values is one too.
    if !lines.is_empty() || (old.is_none() && is.is_empty()) {
        text.push_str(&format!("\r\n[{path}]\r\n{lines}"));
    }
    for (name, below) in is.keys().filter(|(name, _)| has_words(name)) {
        add(text, &format!("{path}\\{name}"), was.key(name), Some(below));
    }
    for (name, below) in was.keys().filter(|(name, _)| has_words(name)) {
        if is.key(name).is_none() {
            add(text, &format!("{path}\\{name}"), Some(below), None);
        }
    }
}

fn has_words(name: &str) -> bool {
    !name.contains(char::is_control)
}

fn quoted(name: &str) -> String {
    match name {
        "" => "@".to_owned(),
        name => format!("\"{}\"", name.replace('\\', "\\\\").replace('"', "\\\"")),
    }
}

/// Bytes, whatever they are: there is nothing in them that could end a line.
fn data(value: &Value) -> String {
    let bytes: Vec<String> = value.data.iter().map(|byte| format!("{byte:02x}")).collect();
    format!("hex({:x}):{}", value.kind.0, bytes.join(","))
}
