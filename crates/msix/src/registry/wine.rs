//! Wine's registry files (`system.reg`, `user.reg`): text, written by its server. `[Key\\Sub] time`, then lines of values; what begins with
//! `#` is about the key, and no content of it.

use super::key::units_to_bytes;
use super::{Budget, Key, Kind, MAX_BYTES, MAX_DEPTH, MAX_KEY_NAME, MAX_VALUE_NAME, RegistryError, Value};

const HEAD: &str = "WINE REGISTRY Version 2";

/// Reads one. Keys that are links to others are left out, and so are lines that say nothing; what stands twice counts as it stands last.
///
/// # Errors
/// [`RegistryError`] for another file, one that is too large, and one that has more than anybody needs.
pub fn read_wine(bytes: &[u8]) -> Result<Key, RegistryError> {
    if bytes.len() > MAX_BYTES {
        return Err(RegistryError::TooMuch("more than 64 MiB"));
    }
    let text = std::str::from_utf8(bytes).map_err(|_| RegistryError::Wrong("it is no text"))?;
    let mut lines = text.lines();
    if lines.next() != Some(HEAD) {
        return Err(RegistryError::Unknown);
    }
    let (mut root, mut budget) = (Key::default(), Budget::default());
    let mut path: Option<Vec<String>> = None;
    // Values of the key at `path`: the way to it is gone once, however many there are.
    let mut values: Vec<(String, Value)> = Vec::new();
    while let Some(line) = lines.next() {
        if let Some(name) = line.strip_prefix('[') {
            set(&mut root, path.as_deref(), &mut values);
            path = key_path(name)?;
            if let Some(path) = &path {
                budget.take(path.iter().map(String::len).sum())?;
                make(&mut root, path);
            }
        } else if line.starts_with("#link") {
            values.clear();
            path = None;
        } else if line.starts_with(['@', '"']) {
            let whole = with_continuation(line, &mut lines, &mut budget)?;
            let (Some(_), Some((name, value))) = (&path, value(&whole)) else { continue };
            if name.encode_utf16().count() > MAX_VALUE_NAME {
                continue;
            }
            budget.take(name.len() + value.data.len())?;
            values.push((name, value));
        }
    }
    set(&mut root, path.as_deref(), &mut values);
    Ok(root)
}

/// Gives a key its values, of which nothing is left then.
fn set(root: &mut Key, path: Option<&[String]>, values: &mut Vec<(String, Value)>) {
    if let Some(path) = path.filter(|_| !values.is_empty()) {
        let key = make(root, path);
        values.drain(..).for_each(|(name, value)| key.set(&name, value));
    }
    values.clear();
}

fn make<'a>(root: &'a mut Key, path: &[String]) -> &'a mut Key {
    path.iter().fold(root, |key, name| key.make(name))
}

/// The names of a key's path; `None` for one that can't be.
fn key_path(line: &str) -> Result<Option<Vec<String>>, RegistryError> {
    let Some((path, _)) = quoted(line, ']') else { return Ok(None) };
    let names: Vec<String> = path.split('\\').map(str::to_owned).collect();
    if names.len() > MAX_DEPTH {
        return Err(RegistryError::TooMuch("keys in one another"));
    }
    let is_name = |name: &String| {
        !name.is_empty() && name.encode_utf16().count() <= MAX_KEY_NAME && !name.contains(char::is_control)
    };
    Ok(names.iter().all(is_name).then_some(names))
}

/// A value's lines as one: bytes go on behind a `\` at the end of a line.
fn with_continuation<'a>(
    first: &'a str,
    lines: &mut impl Iterator<Item = &'a str>,
    budget: &mut Budget,
) -> Result<String, RegistryError> {
    let mut whole = first.to_owned();
    while whole.ends_with(",\\") {
        whole.pop();
        let Some(next) = lines.next() else { break };
        budget.take(0)?;
        whole.push_str(next.trim_start());
    }
    Ok(whole)
}

fn value(line: &str) -> Option<(String, Value)> {
    let (name, rest) = match line.strip_prefix('"') {
        Some(rest) => quoted(rest, '"')?,
        None => (String::new(), line.strip_prefix('@')?),
    };
    let data = rest.strip_prefix('=')?;
    let value = if let Some(text) = data.strip_prefix('"') {
        text_value(Kind::TEXT, text)?
    } else if let Some(number) = data.strip_prefix("dword:") {
        Value::number(u32::from_str_radix(number, 16).ok()?)
    } else if let Some(rest) = data.strip_prefix("str(") {
        let (kind, text) = rest.split_once("):\"")?;
        text_value(Kind(u32::from_str_radix(kind, 16).ok()?), text)?
    } else if let Some(rest) = data.strip_prefix("hex(") {
        let (kind, bytes) = rest.split_once("):")?;
        Value { kind: Kind(u32::from_str_radix(kind, 16).ok()?), data: hex(bytes)? }
    } else {
        Value { kind: Kind(3), data: hex(data.strip_prefix("hex:")?)? }
    };
    Some((name, value))
}

/// Its last zero is not written down.
fn text_value(kind: Kind, text: &str) -> Option<Value> {
    let (text, _) = quoted(text, '"')?;
    Some(Value { kind, data: units_to_bytes(text.encode_utf16().chain([0])) })
}

fn hex(text: &str) -> Option<Vec<u8>> {
    let text = text.trim_end_matches(',');
    if text.is_empty() {
        return Some(Vec::new());
    }
    text.split(',').map(|byte| u8::from_str_radix(byte.trim(), 16).ok()).collect()
}

/// Text up to its end mark, and what follows. `\` makes a mark of the next character a letter, or is a character by its number.
fn quoted(text: &str, end: char) -> Option<(String, &str)> {
    let mut units: Vec<u16> = Vec::new();
    let mut buffer = [0; 2];
    let mut letters = text.char_indices();
    loop {
        let (_, letter) = letters.next()?;
        if letter == end {
            let text = char::decode_utf16(units).map(|unit| unit.unwrap_or(char::REPLACEMENT_CHARACTER));
            return Some((text.collect(), letters.as_str()));
        }
        if letter != '\\' {
            units.extend_from_slice(letter.encode_utf16(&mut buffer));
            continue;
        }
        let (_, letter) = letters.next()?;
        let mut number = |first: Option<char>, radix: u32, most: usize| {
            let mut value = first.and_then(|first| first.to_digit(radix)).unwrap_or_default();
            for _ in 0..most {
                let Some(digit) = letters.clone().next().and_then(|(_, letter)| letter.to_digit(radix))
                else {
                    break;
                };
                value = value * radix + digit;
                letters.next();
            }
            value as u16
        };
        let unit = match letter {
            'x' => number(None, 16, 4),
            '0'..='7' => number(Some(letter), 8, 2),
            'a' => 7,
            'b' => 8,
            't' => 9,
            'n' => 10,
            'v' => 11,
            'f' => 12,
            'r' => 13,
            'e' => 27,
            other => {
                units.extend_from_slice(other.encode_utf16(&mut buffer));
                continue;
            }
        };
        units.push(unit);
    }
}
